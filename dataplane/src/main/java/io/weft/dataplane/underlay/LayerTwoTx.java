package io.weft.dataplane.underlay;

import io.weft.dataplane.Burst;
import io.weft.dataplane.DropReason;
import io.weft.dataplane.Tunnel;
import io.weft.dataplane.TxQueue;
import io.weft.dataplane.api.NetworkSpec;
import io.weft.dataplane.port.PortSender;
import io.weft.dataplane.underlay.Resolver.Hop;
import io.weft.encap.Checksum;
import io.weft.encap.Ecn;
import io.weft.encap.Encapsulation;
import io.weft.encap.IpAddress;
import io.weft.encap.Mem;
import io.weft.encap.OuterHeader;

/**
 * Builds the outer headers of one worker and sends through its queue of the port. Packets are never fragmented (RFC 7348,
 * section 4.3; RFC 7637, section 4): what does not fit the MTU is refused.
 *
 * <p>Owned by the worker.
 */
final class LayerTwoTx implements UnderlayTx {
    /** Prepared in place of a header. */
    private enum Missing {
        NEIGHBOR,
        /** Asked for: a few frames wait for the answer. */
        PENDING
    }

    private static final int UNTAGGED = -1;
    private static final int NO_TUNNEL = -1;

    private final LayerTwoUnderlay underlay;
    private final PortSender queue;
    private final int mtu;
    private final int tag;
    private final WaitingFrames waiting;
    /** What is left of a burst of which something was refused; {@link #origin}: entry in the whole. */
    private final TxQueue rest = new TxQueue();

    private final int[] origin = new int[TxQueue.CAPACITY];

    /** @param vlan identifier of the outer tag, or 0 */
    LayerTwoTx(final LayerTwoUnderlay underlay, final PortSender queue, final int mtu, final int vlan) {
        this.underlay = underlay;
        this.queue = queue;
        this.mtu = mtu;
        tag = vlan == 0 ? UNTAGGED : vlan;
        waiting = new WaitingFrames(mtu);
    }

    @Override
    public boolean prepare(final Tunnel tunnel) {
        final IpAddress endpoint = tunnel.endpoint;
        final IpAddress own = underlay.address(endpoint.family());
        if (own == null) {
            return false;
        }
        // Said before it is asked: whoever answers in between has the tunnel prepared again.
        underlay.acquire(tunnel);
        prepareAgain(tunnel);
        return true;
    }

    @Override
    public void prepareAgain(final Tunnel tunnel) {
        final IpAddress endpoint = tunnel.endpoint;
        final Hop hop = underlay.hop(endpoint);
        tunnel.mtu = hop.mtu() == 0 ? mtu : Math.min(mtu, hop.mtu());
        if (hop.mac() == Neighbors.UNKNOWN || hop.mac() == Neighbors.PENDING) {
            tunnel.prepared = hop.mac() == Neighbors.PENDING ? Missing.PENDING : Missing.NEIGHBOR;
            return;
        }
        final IpAddress source = hop.source() == null ? underlay.address(endpoint.family()) : hop.source();
        final NetworkSpec network = tunnel.network.spec();
        tunnel.prepared = new OuterHeader(new OuterHeader.Spec(
                network.encap(),
                network.vni(),
                network.port(),
                source,
                endpoint,
                underlay.sourceMac(source),
                hop.mac(),
                tag,
                hasChecksum(network, source),
                network.flowId()));
    }

    private static boolean hasChecksum(final NetworkSpec network, final IpAddress source) {
        return switch (network.udpChecksum()) {
            case ON -> true;
            case OFF -> false;
            case AUTO -> network.encap() != Encapsulation.VXLAN || !source.isIpv4();
        };
    }

    @Override
    public void forget(final Tunnel tunnel) {
        tunnel.prepared = null;
        underlay.release(tunnel);
    }

    @Override
    public void txBurst(final Burst burst, final TxQueue tx, final Tunnel[] tunnels) {
        int refused = 0;
        int last = NO_TUNNEL;
        OuterHeader plain = null;
        int most = 0;
        for (int i = 0; i < tx.size; i++) {
            if (tx.tunnel[i] != last) {
                last = tx.tunnel[i];
                plain = plainHeader(tunnels[last]);
                most = plain == null ? 0 : tunnels[last].mtu - plain.ipLength(0);
            }
            if (plain != null && !tx.shared[i] && tx.prefixLength[i] == 0) {
                final int frame = tx.frame[i];
                final int innerLength = burst.length[frame] - tx.skip[i];
                if (innerLength <= most) {
                    final int length = plain.length();
                    final long to = burst.head[frame] + tx.skip[i] - length;
                    plain.write(to, innerLength, burst.hash[frame], Ecn.encapsulate(burst.ecn[frame]));
                    tx.prefix[i] = to;
                    tx.prefixLength[i] = length;
                    continue;
                }
            }
            final DropReason reason = encapsulate(burst, tx, i, tunnels[last]);
            tx.refused[i] = reason.ordinal();
            refused += reason == DropReason.NONE ? 0 : 1;
        }
        if (refused == 0) {
            queue.txBurst(burst, tx);
        } else {
            hold(burst, tx, tunnels);
            sendRest(burst, tx);
        }
        for (int i = 0; i < tx.size; i++) {
            if (tx.refused[i] > 0) {
                tx.refused[i] = underlayReason(tx.refused[i]);
            }
        }
    }

    /** What was refused for want of a neighbour waits where the neighbour is being asked. */
    private void hold(final Burst burst, final TxQueue tx, final Tunnel[] tunnels) {
        for (int i = 0; i < tx.size; i++) {
            final Tunnel tunnel = tunnels[tx.tunnel[i]];
            if (tx.refused[i] == DropReason.NO_NEIGHBOR.ordinal()
                    && tunnel.prepared == Missing.PENDING
                    && waiting.hold(burst, tx, i, tunnel)) {
                tx.refused[i] = TxQueue.WAITING;
            }
        }
    }

    @Override
    public int takeWaiting(final Burst burst, final Tunnel[] of) {
        return waiting.take(burst, of, Missing.PENDING);
    }

    void close() {
        waiting.close();
    }

    @Override
    public void deliver(final Burst burst, final TxQueue tx) {
        queue.txBurst(burst, tx);
        for (int i = 0; i < tx.size; i++) {
            if (tx.refused[i] > 0) {
                tx.refused[i] = underlayReason(tx.refused[i]);
            }
        }
    }

    /** The header of a tunnel for which nothing more is to be done than to write it, else null. */
    private static OuterHeader plainHeader(final Tunnel tunnel) {
        return tunnel.prepared instanceof final OuterHeader header && !header.needsChecksum() ? header : null;
    }

    private DropReason encapsulate(final Burst burst, final TxQueue tx, final int i, final Tunnel tunnel) {
        final int frame = tx.frame[i];
        final int innerPrefix = tx.prefixLength[i];
        final int innerLength = innerPrefix + burst.length[frame] - tx.skip[i];
        final DropReason refusal = refusal(tunnel, innerLength);
        if (refusal != DropReason.NONE) {
            return refusal;
        }
        final OuterHeader header = (OuterHeader) tunnel.prepared;
        final int length = header.length();
        final long to = tx.shared[i] || innerPrefix != 0 ? tx.scratch(i) : burst.head[frame] + tx.skip[i] - length;
        header.write(to, innerLength, burst.hash[frame], Ecn.encapsulate(burst.ecn[frame]));
        if (header.needsChecksum()) {
            header.writeChecksum(to, innerSum(burst, tx, i));
        }
        if (innerPrefix != 0) {
            Mem.copy(tx.prefix[i], to + length, innerPrefix);
        }
        tx.prefix[i] = to;
        tx.prefixLength[i] = length + innerPrefix;
        return DropReason.NONE;
    }

    @Override
    public DropReason refusal(final Tunnel tunnel, final int innerLength) {
        if (!(tunnel.prepared instanceof final OuterHeader header)) {
            return tunnel.prepared instanceof Missing ? DropReason.NO_NEIGHBOR : DropReason.UNDERLAY_UNREACHABLE;
        }
        return header.ipLength(innerLength) > tunnel.mtu ? DropReason.TOO_BIG_FOR_TUNNEL : DropReason.NONE;
    }

    @Override
    public int mtu() {
        return mtu;
    }

    @Override
    public int mtu(final Tunnel tunnel) {
        return tunnel.mtu;
    }

    private static int innerSum(final Burst burst, final TxQueue tx, final int i) {
        final int frame = tx.frame[i];
        final int skip = tx.skip[i];
        final int prefix = tx.prefixLength[i];
        int sum = prefix == 0 ? 0 : Checksum.sum(tx.prefix[i], prefix);
        int at = prefix;
        final int headBytes = burst.headLength[frame] - skip;
        sum = Checksum.addAt(sum, Checksum.sum(burst.head[frame] + skip, headBytes), at);
        at += headBytes;
        final int first = burst.firstSegment[frame];
        for (int s = first; s < first + burst.segmentCount[frame]; s++) {
            sum = Checksum.addAt(sum, Checksum.sum(burst.segmentAddress[s], burst.segmentLength[s]), at);
            at += burst.segmentLength[s];
        }
        return sum;
    }

    private void sendRest(final Burst burst, final TxQueue tx) {
        rest.clear();
        for (int i = 0; i < tx.size; i++) {
            if (tx.refused[i] == 0) {
                final int to = rest.add(tx.frame[i], tx.tunnel[i], tx.shared[i]);
                rest.prefix[to] = tx.prefix[i];
                rest.prefixLength[to] = tx.prefixLength[i];
                rest.skip[to] = tx.skip[i];
                origin[to] = i;
            }
        }
        queue.txBurst(burst, rest);
        for (int r = 0; r < rest.size; r++) {
            tx.refused[origin[r]] = rest.refused[r];
        }
    }

    /** The operator's word for what the port refused: it is the underlay that does not keep up. */
    private static int underlayReason(final int refused) {
        final DropReason reason =
                switch (DropReason.of(refused)) {
                    case PORT_FULL, HANDOFF_FULL -> DropReason.UNDERLAY_FULL;
                    case PORT_DOWN -> DropReason.UNDERLAY_UNREACHABLE;
                    case PORT_ERROR -> DropReason.UNDERLAY_ERROR;
                    default -> DropReason.of(refused);
                };
        return reason.ordinal();
    }

    @Override
    public int offloads() {
        return 0;
    }
}
