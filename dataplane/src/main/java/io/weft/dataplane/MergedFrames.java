package io.weft.dataplane;

import io.weft.encap.Checksum;
import io.weft.encap.Ipv4;
import io.weft.encap.Ipv6;
import io.weft.encap.Mem;
import io.weft.encap.Tcp;
import io.weft.encap.Udp;

/**
 * Makes one frame of each run: the first's headers, copied and changed to say the whole, and all payloads where they lie.
 * The checksum is left to be filled in, as virtio wants it of what is to be segmented (virtio 1.2, 5.1.6.2). The frames
 * stand in the burst behind all others, so that one queue refers to both.
 *
 * <p>Owned by the worker.
 */
final class MergedFrames {
    /** Headers of Ethernet with two tags, IPv6 and TCP with options, or less; a slot is not a power of two. */
    private static final int SLOT = 64 + 128;

    private final long slots = Mem.allocate((long) Burst.MERGED * SLOT, 64);
    private final TxQueue out = new TxQueue();

    private int made;
    private int segments;

    TxQueue make(final Burst burst, final TxQueue tx, final MergeRuns runs) {
        out.clear();
        made = 0;
        segments = burst.segments;
        for (int e = 0; e < tx.size; e++) {
            if (!runs.follows[e]) {
                final int frame = runs.count[e] == 1 ? tx.frame[e] : frame(burst, tx, runs, e);
                final int to = out.add(frame, tx.tunnel[e], tx.shared[e]);
                out.prefix[to] = tx.prefix[e];
                out.prefixLength[to] = tx.prefixLength[e];
                out.skip[to] = tx.skip[e];
            }
        }
        return out;
    }

    /** Returns the merged frame's index. */
    private int frame(final Burst burst, final TxQueue tx, final MergeRuns runs, final int first) {
        final int begin = tx.frame[first];
        final int k = Burst.MOST + made;
        final long to = slots + (long) made++ * SLOT;
        final int headers = runs.headers[first];
        Mem.copy(burst.head[begin], to, headers);
        burst.head[k] = to;
        burst.headLength[k] = headers;
        burst.length[k] = headers + runs.payload[first];
        burst.firstSegment[k] = segments;
        for (int e = first; e != MergeRuns.END; e = runs.next[e]) {
            refer(burst, tx.frame[e], headers);
        }
        burst.segmentCount[k] = segments - burst.firstSegment[k];
        burst.network[k] = burst.network[begin];
        burst.ingress[k] = burst.ingress[begin];
        burst.vlan[k] = burst.vlan[begin];
        burst.hash[k] = burst.hash[begin];
        burst.ecn[k] = burst.ecn[begin];
        burst.refused[k] = 0;
        network(to + runs.l3[first], runs, first);
        transport(burst, k, runs, first, burst.head[tx.frame[runs.last[first]]]);
        return k;
    }

    /** Adds a frame's payload to the body. */
    private void refer(final Burst burst, final int i, final int headers) {
        if (burst.headLength[i] > headers) {
            burst.segmentAddress[segments] = burst.head[i] + headers;
            burst.segmentLength[segments++] = burst.headLength[i] - headers;
        }
        final int end = burst.firstSegment[i] + burst.segmentCount[i];
        for (int s = burst.firstSegment[i]; s < end; s++) {
            burst.segmentAddress[segments] = burst.segmentAddress[s];
            burst.segmentLength[segments++] = burst.segmentLength[s];
        }
    }

    private static void network(final long ip, final MergeRuns runs, final int first) {
        final int length = runs.headers[first] - runs.l3[first] + runs.payload[first];
        if (runs.v4[first]) {
            Mem.putShort(ip + Ipv4.TOTAL_LENGTH, length);
            Ipv4.checksum(ip, Checksum.ipv4Header(ip, Ipv4.MIN_HEADER_LENGTH));
        } else {
            Mem.putShort(ip + Ipv6.PAYLOAD_LENGTH, length - Ipv6.HEADER_LENGTH);
        }
    }

    private static void transport(
            final Burst burst, final int k, final MergeRuns runs, final int first, final long lastHead) {
        final boolean tcp = runs.tcp[first];
        final boolean v4 = runs.v4[first];
        final int l4 = runs.l4[first];
        final long header = burst.head[k] + l4;
        final int length = burst.length[k] - l4;
        final int protocol = tcp ? Ipv4.PROTOCOL_TCP : Ipv4.PROTOCOL_UDP;
        final int pseudo = Checksum.pseudo(burst.head[k] + runs.l3[first], v4 ? 4 : 6, protocol, length);
        if (tcp) {
            Tcp.flags(header, Tcp.flags(lastHead + l4));
            Tcp.checksum(header, pseudo);
        } else {
            Mem.putShort(header + Udp.LENGTH, length);
            Udp.checksum(header, pseudo);
        }
        burst.vnetFlags[k] = Burst.NEEDS_CSUM;
        burst.gsoType[k] = tcp ? (v4 ? Burst.GSO_TCPV4 : Burst.GSO_TCPV6) : Burst.GSO_UDP_L4;
        burst.gsoSize[k] = runs.size[first];
        burst.csumStart[k] = l4;
        burst.csumOffset[k] = tcp ? Tcp.CHECKSUM : Udp.CHECKSUM;
    }
}
