package io.weft.dataplane.port;

import io.weft.dataplane.api.SwitchException;
import io.weft.dataplane.sys.Errno;
import io.weft.dataplane.sys.ErrnoException;
import io.weft.dataplane.sys.Interface;
import io.weft.dataplane.sys.Tun;

/**
 * A TAP device as a port: what the host, or whoever the device is given to, sends into it. Made if it is not there, and
 * then gone with the process; a persistent one is attached to and left as it was made.
 *
 * <p>Partial checksums and TCP frames to be segmented are taken both ways; UDP frames to be segmented where the kernel
 * knows them (6.2 and later). Owned by the conductor.
 */
public final class TapPort implements Port {
    private static final int TCP = Tun.TUN_F_CSUM | Tun.TUN_F_TSO4 | Tun.TUN_F_TSO6;
    private static final int UDP = Tun.TUN_F_USO4 | Tun.TUN_F_USO6;

    private final Tun tun;
    private final TapQueue[] queues;
    private int lastMtu;
    private long lastMac;

    private TapPort(final Tun tun, final int offloads, final int mtu, final long mac) {
        this.tun = tun;
        queues = new TapQueue[tun.queues()];
        for (int i = 0; i < queues.length; i++) {
            queues[i] = new TapQueue(tun.fd(i), offloads);
        }
        lastMtu = mtu;
        lastMac = mac;
    }

    /**
     * Opens the device and brings it up.
     *
     * @param queues queue pairs, at least 1
     * @param mtu bytes of the largest layer-3 packet, or 0 to leave it
     * @param mac address that the device is to have, or 0 to leave it
     * @throws SwitchException with a line that says what to do
     */
    public static TapPort open(final String device, final int queues, final int mtu, final long mac) {
        return open(device, queues, mtu, mac, true);
    }

    /** As {@link #open}, without offloads: every frame is complete, both ways. */
    public static TapPort openPlain(final String device, final int queues, final int mtu, final long mac) {
        return open(device, queues, mtu, mac, false);
    }

    private static TapPort open(
            final String device, final int queues, final int mtu, final long mac, final boolean offloads) {
        try {
            final Tun tun = Tun.open(device, queues);
            try {
                return open(tun, mtu, mac, offloads);
            } catch (final ErrnoException failed) {
                tun.close();
                throw failed;
            }
        } catch (final ErrnoException failed) {
            throw new SwitchException(failed.getMessage(), failed);
        }
    }

    @Override
    public int queues() {
        return queues.length;
    }

    @Override
    public PortQueue queue(final int index) {
        return queues[index];
    }

    @Override
    public String state() {
        for (final TapQueue queue : queues) {
            if (queue.fault() == -Errno.EBADFD) {
                return "device " + tun.name() + " was deleted: remove the port and add it again";
            }
        }
        // A device that was given to another network namespace is not to be seen from here, and works.
        if (tun.device().mtu() > 0 && !tun.device().isUp()) {
            return "device is down: `ip link set " + tun.name() + " up`";
        }
        return "up";
    }

    @Override
    public int mtu() {
        final int mtu = tun.device().mtu();
        lastMtu = mtu > 0 ? mtu : lastMtu;
        return lastMtu;
    }

    @Override
    public long mac() {
        final long mac = tun.device().mac();
        lastMac = mac > 0 ? mac : lastMac;
        return lastMac;
    }

    @Override
    public void close() {
        tun.close();
        for (final TapQueue queue : queues) {
            queue.close();
        }
    }

    private static TapPort open(final Tun tun, final int mtu, final long mac, final boolean offloaded)
            throws ErrnoException {
        int offloads = PortQueue.CSUM | PortQueue.TSO4 | PortQueue.TSO6;
        if (!offloaded) {
            tun.setOffload(0);
            offloads = 0;
        } else if (tun.setOffload(TCP | UDP) >= 0) {
            offloads |= PortQueue.USO;
        } else if (tun.setOffload(TCP) < 0) {
            offloads = 0;
        }
        final Interface device = tun.device();
        if (mac != 0 && device.mac() != mac) {
            device.setMac(mac);
        }
        if (mtu != 0 && device.mtu() != mtu) {
            device.setMtu(mtu);
        }
        device.setUp(true);
        return new TapPort(tun, offloads, device.mtu(), device.mac());
    }
}
