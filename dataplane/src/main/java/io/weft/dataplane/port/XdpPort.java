package io.weft.dataplane.port;

import io.weft.dataplane.api.NicMode;
import io.weft.dataplane.api.SwitchException;
import io.weft.dataplane.bpf.XdpFilter;
import io.weft.dataplane.sys.ErrnoException;
import io.weft.dataplane.sys.PacketSocket;
import io.weft.encap.IpAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A NIC by AF_XDP: a program before the kernel's stack gives packets to a socket of each receive queue. A device that goes
 * away and comes back under the same name is opened again.
 *
 * <p>Packets that another end on this machine sends over a veth pair come without the checksums that a NIC would have
 * filled in, and nothing says so: switch them on there (`ethtool -K PEER tx off`).
 *
 * <p>Owned by the conductor.
 */
public final class XdpPort implements NicPort {
    private final NicDevice device;
    private final XdpNic nic;
    private final XdpFilter filter;
    private final boolean shared;
    private final boolean promiscuous;
    private final int mtu;
    private final HeldSockets held = new HeldSockets();
    private final List<XdpQueue> queues = new ArrayList<>();
    private PacketSocket listener;
    private String fault = "";
    private long droppedBefore;
    /** Device that came back and runs the program, 0: none; and how many of its queues have their sockets. */
    private int reopenedIndex;

    private int reopened;

    private XdpPort(
            final NicDevice device,
            final XdpNic nic,
            final XdpFilter filter,
            final boolean shared,
            final boolean promiscuous) {
        this.device = device;
        this.nic = nic;
        this.filter = filter;
        this.shared = shared;
        this.promiscuous = promiscuous;
        mtu = device.mtu();
    }

    /**
     * @param shared whether the kernel uses the NIC too; else it is brought up
     * @param vlan outer tag of tunnels' packets on a shared NIC, or {@link XdpFilter#VLAN_NONE}
     * @param promiscuous whether frames for other MACs than the NIC's are wanted
     * @throws SwitchException with a line that says what to do
     */
    public static XdpPort open(
            final String name, final NicMode mode, final boolean shared, final int vlan, final boolean promiscuous) {
        try {
            final NicDevice device = NicDevice.open(name, shared);
            final XdpNic nic = new XdpNic(name, mode, device.mtu());
            final XdpPort port = new XdpPort(device, nic, filter(device, shared, vlan), shared, promiscuous);
            try {
                port.openQueues();
                return port;
            } catch (final ErrnoException failed) {
                port.close();
                throw failed;
            }
        } catch (final ErrnoException failed) {
            throw new SwitchException(failed.getMessage(), failed);
        }
    }

    private static XdpFilter filter(final NicDevice device, final boolean shared, final int vlan)
            throws ErrnoException {
        final boolean fragments = XdpNic.needsSeveralFrames(device.mtu());
        try {
            return shared
                    ? XdpFilter.tunnels(device.queues(), vlan, fragments)
                    : XdpFilter.all(device.queues(), fragments);
        } catch (final ErrnoException failed) {
            device.close();
            throw failed;
        }
    }

    private void openQueues() throws ErrnoException {
        nic.attach(filter, device.index());
        listen();
        for (int q = 0; q < device.queues(); q++) {
            final XdpChannel channel = nic.open(device.index(), q);
            queues.add(new XdpQueue(channel));
            filter.socket(q, channel.socket.fd());
        }
    }

    /** What the NIC itself would keep back; goes with the socket. */
    private void listen() throws ErrnoException {
        if (shared) {
            return;
        }
        if (listener != null) {
            listener.close();
        }
        listener = PacketSocket.sender();
        listener.listenToAll(device.index(), false);
        if (promiscuous || device.hasOtherMac()) {
            listener.listenToAll(device.index(), true);
        }
    }

    @Override
    public void start(final PortHost host) {
        device.start(host, () -> lost(host), () -> found(host), () -> {});
    }

    private void lost(final PortHost host) {
        reopenedIndex = 0;
        queues.forEach(XdpQueue::unwatch);
        filter.detach();
        host.event("port.down", "device " + device.name() + " is gone");
        host.log("device " + device.name() + " is gone: waiting for it");
    }

    /** Opens the device that came back; what is still missing is told, and tried again when the device changes. */
    private boolean found(final PortHost host) {
        try {
            // What was done before something failed stays: it would be found in use, by ourselves.
            if (reopenedIndex != device.index()) {
                nic.attach(filter, device.index());
                reopenedIndex = device.index();
                reopened = 0;
            }
            listen();
            for (; reopened < queues.size(); reopened++) {
                reopen(host, queues.get(reopened), reopened);
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

    private void reopen(final PortHost host, final XdpQueue queue, final int index) throws ErrnoException {
        final XdpChannel next = nic.open(device.index(), index);
        try {
            filter.socket(index, next.socket.fd());
        } catch (final ErrnoException failed) {
            next.close();
            throw failed;
        }
        final XdpChannel old = queue.channel();
        droppedBefore += old.socket.dropped();
        host.onWorker(index, () -> queue.use(next));
        queue.watch();
        old.close();
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
        final boolean zeroCopy = queues.getFirst().channel().socket.isZeroCopy();
        return "AF_XDP " + device.name() + ", " + (nic.isNative() ? "native" : "skb")
                + (zeroCopy ? ", zero-copy" : ", copy") + ", " + queues.size()
                + (queues.size() == 1 ? " queue" : " queues") + (shared ? ", shared with the kernel" : ", ours alone");
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
        if (!filter.take(udpPorts, gre, destinations)) {
            throw new SwitchException("no room for so many addresses and groups in the XDP program's map");
        }
    }

    @Override
    public Map<String, Long> dropsBefore() {
        final Map<String, Long> drops = new LinkedHashMap<>();
        long dropped = droppedBefore;
        for (final XdpQueue queue : queues) {
            dropped += queue.channel().socket.dropped();
        }
        put(drops, "AF_XDP receive ring full: the switch did not keep up", dropped);
        put(drops, "fragments of tunnel packets, left to the kernel", filter.fragments());
        return drops;
    }

    private static void put(final Map<String, Long> drops, final String reason, final long count) {
        if (count > 0) {
            drops.put(reason, count);
        }
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
        filter.close();
        held.close();
        if (listener != null) {
            listener.close();
        }
        queues.forEach(XdpQueue::close);
    }
}
