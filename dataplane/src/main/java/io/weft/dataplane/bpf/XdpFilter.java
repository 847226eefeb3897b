package io.weft.dataplane.bpf;

import io.weft.dataplane.sys.Bpf;
import io.weft.dataplane.sys.Errno;
import io.weft.dataplane.sys.ErrnoException;
import io.weft.dataplane.sys.Libc;
import io.weft.encap.IpAddress;
import java.util.Collection;
import java.util.HashSet;
import java.util.Set;

/**
 * The program on a NIC that gives the switch its packets, and what it lets through. It goes with the process, however
 * that ends: the kernel takes it off the NIC when the link's descriptor is closed.
 *
 * <p>Owned by the conductor.
 */
public final class XdpFilter implements AutoCloseable {
    /** No outer tag. */
    public static final int VLAN_NONE = XdpProgram.VLAN_NONE;

    private final XdpMaps maps;
    private final int program;
    private int link = -1;
    private final Set<Integer> ports = new HashSet<>();
    private final Set<IpAddress> addresses = new HashSet<>();

    private XdpFilter(final XdpMaps maps, final int program) {
        this.maps = maps;
        this.program = program;
    }

    /**
     * For a NIC that the kernel uses too: only what {@link #take} says.
     *
     * @param queues receive queues of the NIC
     * @param vlan outer tag, or {@link #VLAN_NONE}
     * @param fragments whether packets may lie in several buffers
     */
    public static XdpFilter tunnels(final int queues, final int vlan, final boolean fragments) throws ErrnoException {
        return tunnels(queues, vlan, fragments, Bpf.XDP_PASS);
    }

    static XdpFilter tunnels(final int queues, final int vlan, final boolean fragments, final int fallback)
            throws ErrnoException {
        final XdpMaps maps = new XdpMaps(queues);
        return load(maps, XdpProgram.tunnels(maps, vlan, fallback), fragments);
    }

    /** For a NIC that is the switch's alone. */
    public static XdpFilter all(final int queues, final boolean fragments) throws ErrnoException {
        final XdpMaps maps = new XdpMaps(queues);
        return load(maps, XdpProgram.all(maps, Bpf.XDP_DROP), fragments);
    }

    private static XdpFilter load(final XdpMaps maps, final long[] code, final boolean fragments)
            throws ErrnoException {
        try {
            return new XdpFilter(maps, Bpf.loadXdp("weft", code, fragments));
        } catch (final ErrnoException failed) {
            maps.close();
            throw failed;
        }
    }

    /** Begins to run; {@code flags} as {@link Bpf#attachXdp} has them. Returns 0 or {@code -errno}. */
    public int attach(final int ifindex, final int flags) {
        final int attached = Bpf.attachXdp(program, ifindex, flags);
        if (attached < 0) {
            return attached;
        }
        detach();
        link = attached;
        return 0;
    }

    /** Ends running; {@link #attach} may follow, on another device. */
    public void detach() {
        if (link >= 0) {
            Libc.close(link);
            link = -1;
        }
    }

    /** Gives packets of a receive queue to an AF_XDP socket. */
    public void socket(final int queue, final int fd) throws ErrnoException {
        final int result = maps.socket(queue, fd);
        if (result < 0) {
            throw new ErrnoException(Errno.message("XSKMAP entry of queue " + queue, result), result);
        }
    }

    /**
     * From now on takes exactly this; what was taken before and still is does not stop for a moment.
     *
     * @param udpPorts tunnels' destination ports
     * @param gre whether GRE that carries Ethernet is taken
     * @param destinations own addresses and joined groups
     * @return false where there are more addresses than there is room for
     */
    public boolean take(
            final Collection<Integer> udpPorts, final boolean gre, final Collection<IpAddress> destinations) {
        final Set<Integer> wanted = new HashSet<>(udpPorts);
        if (gre) {
            wanted.add(XdpMaps.GRE);
        }
        wanted.stream().filter(port -> !ports.contains(port)).forEach(port -> maps.port(port, true));
        ports.stream().filter(port -> !wanted.contains(port)).forEach(port -> maps.port(port, false));
        ports.clear();
        ports.addAll(wanted);
        addresses.stream().filter(address -> !destinations.contains(address)).forEach(a -> maps.address(a, false));
        addresses.retainAll(destinations);
        for (final IpAddress address : destinations) {
            if (addresses.contains(address)) {
                continue;
            }
            if (maps.address(address, true) < 0) {
                return false;
            }
            addresses.add(address);
        }
        return true;
    }

    /** Fragments of packets for us that the kernel was left, since the start. */
    public long fragments() {
        return maps.counter(XdpMaps.FRAGMENTS);
    }

    /** What the program says to a packet: an XDP action, or {@code -errno}. */
    int verdict(final byte[] packet) {
        return Bpf.run(program, packet);
    }

    @Override
    public void close() {
        detach();
        Libc.close(program);
        maps.close();
    }
}
