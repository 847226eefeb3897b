package io.weft.dataplane.port;

import io.weft.dataplane.api.PortSpec;
import io.weft.dataplane.api.PortSpec.VhostSpec;
import io.weft.dataplane.api.Rows;
import io.weft.dataplane.api.SwitchException;
import io.weft.dataplane.sys.Accounts;
import io.weft.dataplane.sys.ErrnoException;
import io.weft.dataplane.vhost.DeviceRecord;
import io.weft.dataplane.vhost.VhostDevice;
import io.weft.dataplane.vhost.VhostHandler;
import io.weft.dataplane.vhost.VirtioFeatures;
import io.weft.dataplane.vhost.Virtqueue;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A guest's virtio-net device as a port: {@link VhostDevice} speaks with the guest's frontend, a {@link VhostQueue} for
 * each queue pair moves the frames.
 *
 * <p>Owned by the conductor; what it is told by {@link #onOwner} it does on the worker's thread while the conductor waits.
 */
public final class VhostPort implements Port, VhostHandler {
    private final PortSpec spec;
    private int mtu;
    /** What the frontend asked for in this session, or 0. */
    private int mtuAsked;
    /** What the frontend asked for and did not get, until it asks for less; else 0. */
    private int mtuRefused;

    private final long offered;
    private final VhostState state;
    private final VhostQueue[] queues;
    private final DeviceRecord record;
    private PortHost host;
    private VhostDevice device;
    private boolean up;
    private boolean upTold;
    private String lastEnd = "";

    private VhostPort(
            final PortSpec spec,
            final int pairs,
            final int mtu,
            final DeviceRecord record,
            final int head,
            final long offered)
            throws ErrnoException {
        this.spec = spec;
        this.mtu = mtu;
        this.offered = offered;
        this.record = record;
        state = new VhostState(pairs, mtu);
        queues = new VhostQueue[pairs];
        for (int i = 0; i < pairs; i++) {
            queues[i] = new VhostQueue(state, i, head);
        }
    }

    /**
     * Makes the port; {@link #start} opens its socket.
     *
     * @param workers queue pairs where the specification names none
     * @param folder where features and ring positions outlive the process; null: nowhere
     * @throws SwitchException with a line that says what to do
     */
    public static VhostPort open(final PortSpec spec, final int workers, final int mtu, final Path folder) {
        return open(
                spec,
                spec.queues() == 0 ? workers : spec.queues(),
                mtu,
                folder,
                VhostQueue.HEAD,
                VirtioFeatures.OFFERED);
    }

    /**
     * As {@link #open}, for a port that brings tunnels' packets: a frame's head has room for outer and inner headers, and
     * frames are complete both ways, since offload words would be of the outer packet.
     */
    public static VhostPort openUnderlay(final PortSpec spec, final int mtu, final Path folder) {
        return open(
                spec,
                Math.max(1, spec.queues()),
                mtu,
                folder,
                VhostQueue.OFFLOAD_HEAD,
                VirtioFeatures.OFFERED & ~VirtioFeatures.OFFLOADS);
    }

    private static VhostPort open(
            final PortSpec spec,
            final int pairs,
            final int mtu,
            final Path folder,
            final int head,
            final long offered) {
        final Path file = folder == null ? null : folder.resolve("vhost").resolve(spec.name() + ".ring");
        try {
            final DeviceRecord record = DeviceRecord.open(file, 2 * pairs, line -> log(spec.name(), line));
            try {
                return new VhostPort(spec, pairs, mtu, record, head, offered);
            } catch (final ErrnoException failed) {
                record.close();
                throw failed;
            }
        } catch (final IOException failed) {
            throw new SwitchException("port " + spec.name() + ": " + failed.getMessage(), failed);
        }
    }

    private static void log(final String port, final String line) {
        System.err.println("weft: port " + port + ": " + line);
    }

    @Override
    public void start(final PortHost portHost) {
        host = portHost;
        device = new VhostDevice(settings(), this, record, portHost.reactor());
        try {
            device.open();
        } catch (final IOException failed) {
            throw new SwitchException("port " + spec.name() + ": " + failed.getMessage(), failed);
        }
    }

    private VhostDevice.Settings settings() {
        final VhostSpec socket = spec.vhost();
        return new VhostDevice.Settings(
                socket.path(),
                socket.mode() == VhostSpec.Mode.CLIENT ? VhostDevice.Role.CLIENT : VhostDevice.Role.SERVER,
                socket.owner() == null ? -1 : known("user", socket.owner(), Accounts.user(socket.owner())),
                socket.group() == null ? -1 : known("group", socket.group(), Accounts.group(socket.group())),
                socket.fileMode(),
                queues.length,
                offered,
                mtu,
                spec.mac());
    }

    private int known(final String what, final String name, final int id) {
        if (id == Accounts.NONE) {
            throw new SwitchException("port " + spec.name() + ": there is no " + what + " " + name
                    + " on this host, who is to own its socket");
        }
        return id;
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
    public boolean isSteered() {
        return queues.length > 1;
    }

    @Override
    public PortSender spread(final PortSender[] pairs) {
        return new VhostSpread(state, pairs);
    }

    @Override
    public int mtu() {
        return mtu;
    }

    /** Holds for frames from now on; the guest is told when its frontend starts anew. */
    @Override
    public boolean mtu(final int bytes) {
        mtu = bytes;
        state.mtu(mtuAsked == 0 ? bytes : Math.min(bytes, mtuAsked));
        if (device != null) {
            device.mtu(bytes);
        }
        return true;
    }

    @Override
    public String state() {
        final VhostSpec socket = spec.vhost();
        if (up) {
            return broken().isEmpty() ? "up" : broken();
        }
        if (device != null && device.isConnected()) {
            return Rows.WAITING
                    + (mtuRefused == 0
                            ? " for the guest's driver"
                            : " for QEMU with host_mtu=" + mtu + " or less (it has " + mtuRefused + ")");
        }
        return Rows.WAITING
                + (socket.mode() == VhostSpec.Mode.CLIENT
                        ? " for QEMU to serve " + socket.path()
                        : " for QEMU to connect to " + socket.path())
                + (device == null || device.waitingFor().isEmpty() ? "" : ": " + device.waitingFor())
                + (lastEnd.isEmpty() ? "" : " (last session: " + lastEnd + ")");
    }

    private String broken() {
        for (final VhostDevice.RingState ring : device.rings()) {
            if (!ring.broken().isEmpty()) {
                return "ring " + ring.index() + " stopped until the guest restarts it: " + ring.broken();
            }
        }
        return "";
    }

    @Override
    public Rows.VhostRow details() {
        final List<Rows.RingRow> rows = new ArrayList<>();
        if (device != null) {
            for (final VhostDevice.RingState ring : device.rings()) {
                if (ring.started()) {
                    rows.add(new Rows.RingRow(ring.index(), ring.size(), ring.enabled(), ring.faults(), ring.broken()));
                }
            }
        }
        return new Rows.VhostRow(
                spec.vhost().mode() == VhostSpec.Mode.CLIENT ? "client" : "server",
                spec.vhost().path(),
                VirtioFeatures.names(device == null ? 0 : device.features()),
                up ? state.activePairs() : 0,
                queues.length,
                rows,
                device != null && device.isUnsealed(),
                mtu,
                mtuRefused);
    }

    @Override
    public void checkMemory() {
        if (device != null) {
            device.endIfMemoryShrank();
        }
    }

    @Override
    public void close() {
        if (device != null) {
            device.close();
        } else {
            record.close();
        }
        for (final VhostQueue queue : queues) {
            queue.close();
        }
    }

    // What the frontend does.

    @Override
    public void onOwner(final int ring, final Runnable action) {
        host.onWorker(ring >> 1, action);
        if (up != upTold) {
            upTold = up;
            host.event(
                    up ? "port.up" : "port.down",
                    up ? "queue pairs: " + state.activePairs() : "the guest stopped its receive ring");
        }
    }

    @Override
    public void ringChanged(final int ring, final Virtqueue queue) {
        queues[ring >> 1].attach(ring, queue);
        countPairs();
    }

    @Override
    public void ringEnabled(final int ring, final boolean value) {
        queues[ring >> 1].enable(ring, value);
        countPairs();
    }

    /** Looks at other workers' queues, too: nobody changes them but the conductor's orders, and it waits for this one. */
    private void countPairs() {
        int pairs = 0;
        while (pairs < queues.length && queues[pairs].receives()) {
            pairs++;
        }
        state.activePairs(pairs);
        up = pairs > 0;
    }

    @Override
    public void connected() {
        mtuAsked = 0;
        state.mtu(mtu);
    }

    @Override
    public void negotiated(final long features) {
        mtuRefused = 0;
        state.negotiated(features);
    }

    @Override
    public void disconnected(final String why) {
        lastEnd = why;
        mtuAsked = 0;
        state.mtu(mtu);
        host.event("port.disconnected", why);
    }

    @Override
    public String setMtu(final int wanted) {
        if (wanted > mtu) {
            mtuRefused = wanted;
            return "the frontend asks for an MTU of " + wanted + ", the port carries " + mtu + ": give QEMU host_mtu="
                    + mtu + ", or raise the port's mtu";
        }
        mtuRefused = 0;
        mtuAsked = wanted;
        state.mtu(wanted);
        return null;
    }

    @Override
    public void sendRarp(final long mac) {
        host.announce(mac);
    }

    @Override
    public void tell(final String line) {
        host.log(line);
    }
}
