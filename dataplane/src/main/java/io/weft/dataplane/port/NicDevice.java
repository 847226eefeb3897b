package io.weft.dataplane.port;

import io.weft.dataplane.sys.Errno;
import io.weft.dataplane.sys.ErrnoException;
import io.weft.dataplane.sys.Interface;
import io.weft.dataplane.sys.NetDevices;
import io.weft.dataplane.sys.Netlink;
import java.util.concurrent.TimeUnit;

/**
 * A NIC by its name, and the watch over it: the kernel tells when links change, and a device of that name that has another
 * number is another device.
 *
 * <p>Owned by the conductor.
 */
final class NicDevice implements AutoCloseable {
    /** A new device is not always ready when its name is heard of. */
    private static final long AGAIN = TimeUnit.SECONDS.toNanos(1);

    private final Interface control;
    private final int queues;
    private int index;
    private int lastMtu;
    private volatile long lastMac;
    private final long firstMac;

    private PortHost host;
    private Netlink links;
    private Runnable lost;
    private Step found;
    private Runnable changed;
    private boolean isLost;
    private boolean isWaiting;
    private boolean isClosed;

    /** What may have to be tried again. */
    @FunctionalInterface
    interface Step {
        boolean run();
    }

    private NicDevice(final Interface control, final int index) {
        this.control = control;
        this.index = index;
        queues = control.receiveQueues();
        lastMtu = control.mtu();
        lastMac = control.mac();
        firstMac = lastMac;
    }

    /** @param shared whether the kernel uses it too: then it is left as it is; else it is brought up */
    static NicDevice open(final String name, final boolean shared) throws ErrnoException {
        final int index = NetDevices.index(name);
        if (index == 0) {
            throw new ErrnoException("no device " + name + ": `ip link` lists those that there are", Errno.ENODEV);
        }
        final Interface control = new Interface(name);
        try {
            if (!shared) {
                control.setUp(true);
            }
            return new NicDevice(control, index);
        } catch (final ErrnoException failed) {
            control.close();
            throw failed;
        }
    }

    /**
     * @param lostStep the device is gone
     * @param foundStep there is one again; false: not yet, to be called again
     * @param changedStep something about links changed
     */
    void start(final PortHost portHost, final Runnable lostStep, final Step foundStep, final Runnable changedStep) {
        host = portHost;
        changed = changedStep;
        lost = lostStep;
        found = foundStep;
        try {
            links = new Netlink(Netlink.GROUP_LINK);
            host.reactor().watch(links.fd(), this::linksChanged);
        } catch (final ErrnoException failed) {
            host.log("" + failed.getMessage() + ": a device that goes away will not be noticed");
        }
    }

    private void linksChanged() {
        links.drain();
        changed.run();
        look();
    }

    private void look() {
        final int now = NetDevices.index(control.name());
        if (now != index && !isLost) {
            isLost = true;
            lost.run();
        }
        if (!isLost || now == 0) {
            return;
        }
        index = now;
        if (found.run()) {
            isLost = false;
        } else if (!isWaiting) {
            isWaiting = true;
            host.reactor().after(AGAIN, () -> {
                isWaiting = false;
                if (!isClosed) {
                    look();
                }
            });
        }
    }

    String name() {
        return control.name();
    }

    int index() {
        return index;
    }

    /** Receive queues when it was opened. */
    int queues() {
        return queues;
    }

    int mtu() {
        final int mtu = control.mtu();
        lastMtu = mtu > 0 ? mtu : lastMtu;
        return lastMtu;
    }

    long mac() {
        final long mac = control.mac();
        lastMac = mac > 0 ? mac : lastMac;
        return lastMac;
    }

    /** Whether it has another MAC than when it was opened, by which the switch is still known. */
    boolean hasOtherMac() {
        return mac() != firstMac;
    }

    /** "up", or what is wrong in words. */
    String state() {
        if (isLost || control.mtu() < 0) {
            return "waiting for device " + control.name() + ", which is gone";
        }
        return control.isUp() ? "up" : "device is down: `ip link set " + control.name() + " up`, or its cable";
    }

    @Override
    public void close() {
        isClosed = true;
        if (links != null) {
            host.reactor().unwatch(links.fd());
            links.close();
        }
        control.close();
    }
}
