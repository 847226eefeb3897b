package io.weft.dataplane;

import io.weft.encap.FrameParser;
import io.weft.encap.Ipv4;
import io.weft.encap.MssClamp;
import io.weft.encap.ParsedFrame;
import io.weft.encap.Tcp;
import io.weft.flowcache.FloodList;

/**
 * Lowers the segment size of TCP connections on their way into and out of tunnels of networks that ask for it
 * ({@code mss-clamp: on}), for machines that hear no ICMP.
 *
 * <p>Owned by the worker.
 */
final class SynClamp {
    private static final int NO_LIMIT = Integer.MAX_VALUE;

    private final ForwardingTables tables;
    private final ParsedFrame parsed = new ParsedFrame();

    SynClamp(final ForwardingTables tables) {
        this.tables = tables;
    }

    /** Looks at every frame of a burst of which it is known where it goes. */
    void lower(final Burst burst) {
        for (int i = 0; i < burst.size; i++) {
            if (burst.ingress[i] != Pipeline.GONE
                    && tables.networks[burst.network[i]].spec().mssClamp()) {
                lower(burst, i);
            }
        }
    }

    /** Returns bytes of the packets that a connection was lowered to, or 0 where the frame is as it was. */
    int lower(final Burst burst, final int i) {
        final long head = burst.head[i];
        final int available = burst.headLength[i];
        if (!FrameParser.parse(head, available, burst.length[i], parsed) || !isSyn(head)) {
            return 0;
        }
        // Asked last: the kernel's sockets have to be asked for it now and then.
        final int mtu = mtu(burst, i);
        if (mtu == NO_LIMIT) {
            return 0;
        }
        final boolean isSummed = (burst.vnetFlags[i] & Burst.NEEDS_CSUM) == 0;
        return MssClamp.lower(head, available, parsed, mtu, isSummed) ? mtu : 0;
    }

    private boolean isSyn(final long head) {
        return parsed.protocol == Ipv4.PROTOCOL_TCP && parsed.l4 >= 0 && (Tcp.flags(head + parsed.l4) & Tcp.SYN) != 0;
    }

    /** What fits the tunnels on the frame's way; a frame that is flooded goes by all of them. */
    private int mtu(final Burst burst, final int i) {
        if (Egress.isTunnel(burst.ingress[i])) {
            return tables.mtu(Egress.id(burst.ingress[i]));
        }
        if (Egress.isTunnel(burst.egress[i])) {
            return tables.mtu(Egress.id(burst.egress[i]));
        }
        int least = NO_LIMIT;
        if (burst.egress[i] == Egress.FLOOD) {
            final FloodList list = tables.floods[burst.network[i]];
            for (int k = 0; k < list.tunnelCount(); k++) {
                least = Math.min(least, tables.mtu(list.tunnel(k)));
            }
        }
        return least;
    }
}
