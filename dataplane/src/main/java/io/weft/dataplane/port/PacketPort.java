package io.weft.dataplane.port;

import io.weft.dataplane.api.SwitchException;
import io.weft.dataplane.bpf.PacketFilter;
import io.weft.dataplane.bpf.XdpFilter;
import io.weft.dataplane.sys.Errno;
import io.weft.dataplane.sys.ErrnoException;
import io.weft.dataplane.sys.PacketSocket;
import io.weft.encap.IpAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A NIC by packet sockets (AF_PACKET), which every driver has: one for each worker, among which the kernel shares flows.
 * The kernel's stack gets a copy of every frame too; {@link HeldSockets} keeps it from answering.
 *
 * <p>Receiving: a ring of single frames (TPACKET_V2). Time of the receiving thread a frame of 64 bytes, on a veth pair and
 * a machine with other work, so to be compared alone: 225 ns; {@code recvmmsg} 2,770; TPACKET_V3 56, but it holds frames
 * back in blocks for up to a millisecond, which is ten times what the first frame after idleness may take. Sending: one
 * {@code sendmmsg} a burst past the queueing discipline.
 *
 * <p>Owned by the conductor.
 */
public final class PacketPort implements NicPort {
    private static final int SMALL = 2048;
    private static final int LARGE = 16_384;
    /** Bytes of a ring. */
    private static final int RING = 4 << 20;
    /** Before a packet in its frame: the ring's header, and tags and a virtio-net header. */
    private static final int BEFORE = 128;

    private static final int NO_GROUP = -1;

    private final NicDevice device;
    private final boolean shared;
    private final int vlan;
    private final boolean promiscuous;
    private final int mtu;
    private final HeldSockets held = new HeldSockets();
    private final List<PacketQueue> queues = new ArrayList<>();
    private long[] filter = PacketFilter.tunnels(XdpFilter.VLAN_NONE, List.of(), false, List.of());
    private String fault = "";
    private long dropped;

    private PacketPort(final NicDevice device, final boolean shared, final int vlan, final boolean promiscuous) {
        this.device = device;
        this.shared = shared;
        this.vlan = vlan;
        this.promiscuous = promiscuous;
        mtu = device.mtu();
    }

    /**
     * @param queues one for each worker
     * @param shared whether the kernel uses the NIC too; else it is brought up
     * @param vlan outer tag of tunnels' packets on a shared NIC, or {@link XdpFilter#VLAN_NONE}
     * @param promiscuous whether frames for other MACs than the NIC's are wanted
     * @throws SwitchException with a line that says what to do
     */
    public static PacketPort open(
            final String name, final int queues, final boolean shared, final int vlan, final boolean promiscuous) {
        try {
            final PacketPort port = new PacketPort(NicDevice.open(name, shared), shared, vlan, promiscuous);
            try {
                port.openQueues(queues);
                return port;
            } catch (final ErrnoException failed) {
                port.close();
                throw failed;
            }
        } catch (final ErrnoException failed) {
            throw new SwitchException(failed.getMessage(), failed);
        }
    }

    private void openQueues(final int count) throws ErrnoException {
        int group = NO_GROUP;
        for (int q = 0; q < count; q++) {
            final PacketRx rx = new PacketRx(receiver());
            try {
                group = join(rx.socket(), group, count);
                queues.add(new PacketQueue(rx, sender()));
            } catch (final ErrnoException failed) {
                rx.socket().close();
                throw failed;
            }
        }
    }

    private PacketSocket receiver() throws ErrnoException {
        final int frame = mtu + BEFORE > SMALL ? LARGE : SMALL;
        final PacketSocket socket = PacketSocket.receiver(RING / frame, frame);
        if (shared) {
            socket.filter(filter);
        }
        bind(socket);
        if (!shared) {
            socket.listenToAll(device.index(), false);
        }
        if (!shared && (promiscuous || device.hasOtherMac())) {
            socket.listenToAll(device.index(), true);
        }
        return socket;
    }

    private PacketTx sender() throws ErrnoException {
        final PacketSocket socket = PacketSocket.sender();
        bind(socket);
        return new PacketTx(socket, mtu);
    }

    private void bind(final PacketSocket socket) throws ErrnoException {
        final int result = socket.bind(device.index());
        if (result < 0) {
            socket.close();
            throw new ErrnoException(Errno.message("packet socket on " + device.name(), result), result);
        }
    }

    /** One of several that share the device's frames; returns the group of them. */
    private int join(final PacketSocket socket, final int group, final int count) throws ErrnoException {
        if (count == 1) {
            return NO_GROUP;
        }
        final int joined = socket.fanOut(group);
        if (joined < 0) {
            throw new ErrnoException(Errno.message("PACKET_FANOUT on " + device.name(), joined), joined);
        }
        return group == NO_GROUP ? joined : group;
    }

    @Override
    public void start(final PortHost host) {
        device.start(host, () -> lost(host), () -> found(host), this::clearErrors);
    }

    /** A device that goes down leaves an error with its sockets, which would wake workers for ever. */
    private void clearErrors() {
        queues.forEach(queue -> queue.rx().socket().clearError());
    }

    private void lost(final PortHost host) {
        queues.forEach(PacketQueue::unwatch);
        host.event("port.down", "device " + device.name() + " is gone");
        host.log("device " + device.name() + " is gone: waiting for it");
    }

    private boolean found(final PortHost host) {
        try {
            int group = NO_GROUP;
            for (int q = 0; q < queues.size(); q++) {
                group = reopen(host, q, group);
            }
            fault = "";
            host.event("port.up", "device " + device.name() + " is there again");
            host.log("device " + device.name() + " is there again");
            return true;
        } catch (final ErrnoException failed) {
            fault = failed.getMessage();
            return false;
        }
    }

    private int reopen(final PortHost host, final int index, final int group) throws ErrnoException {
        final PacketQueue queue = queues.get(index);
        final PacketRx rx = new PacketRx(receiver());
        final int joined;
        final PacketTx tx;
        try {
            joined = join(rx.socket(), group, queues.size());
            tx = sender();
        } catch (final ErrnoException failed) {
            rx.socket().close();
            throw failed;
        }
        final PacketRx oldRx = queue.rx();
        final PacketTx oldTx = queue.tx();
        host.onWorker(index, () -> queue.use(rx, tx));
        queue.watch();
        PacketQueue.close(oldRx, oldTx);
        return joined;
    }

    @Override
    public int queues() {
        return queues.size();
    }

    @Override
    public PortQueue queue(final int index) {
        return queues.get(index);
    }

    @Override
    public String state() {
        return fault.isEmpty() ? device.state() : fault;
    }

    @Override
    public String mode() {
        return "AF_PACKET " + device.name() + ", " + queues.size() + (queues.size() == 1 ? " queue" : " queues")
                + (shared ? ", shared with the kernel" : ", ours alone");
    }

    @Override
    public boolean isShared() {
        return shared;
    }

    @Override
    public void take(final Collection<Integer> udpPorts, final boolean gre, final Collection<IpAddress> destinations) {
        if (!shared) {
            return;
        }
        held.hold(udpPorts, gre, destinations);
        filter = PacketFilter.tunnels(vlan, udpPorts, gre, destinations);
        for (final PacketQueue queue : queues) {
            if (queue.rx().socket().filter(filter) < 0) {
                throw new SwitchException(
                        "the filter of a packet socket has no room for so many UDP ports and addresses");
            }
        }
    }

    @Override
    public Map<String, Long> dropsBefore() {
        for (final PacketQueue queue : queues) {
            dropped += queue.rx().socket().dropped();
        }
        final Map<String, Long> drops = new LinkedHashMap<>();
        if (dropped > 0) {
            drops.put("AF_PACKET ring full: the switch did not keep up", dropped);
        }
        return drops;
    }

    @Override
    public int mtu() {
        return mtu;
    }

    @Override
    public long mac() {
        return device.mac();
    }

    @Override
    public void close() {
        device.close();
        held.close();
        queues.forEach(PacketQueue::close);
    }
}
