package io.weft.dataplane;

import io.weft.dataplane.port.PortSender;
import io.weft.encap.Checksum;
import io.weft.encap.Ethernet;
import io.weft.encap.FrameParser;
import io.weft.encap.Ipv4;
import io.weft.encap.Ipv6;
import io.weft.encap.Mem;
import io.weft.encap.Tcp;
import io.weft.encap.Udp;
import io.weft.encap.Vlan;

/**
 * One frame looked at for merging: its headers, and whether it continues another. Everything is decided on the head; a
 * frame whose headers are not all there, or contradict its length, is none to be merged.
 *
 * <p>Owned by the worker.
 */
final class MergeCandidate {
    /** What {@link #look} says: of no flow of which frames are merged. */
    static final int OTHER = 0;
    /** Perhaps of such a flow, and nobody says of which: a fragment, or behind options. */
    static final int UNKNOWN = 1;
    /** Of the flow that {@link #place} stands for, and to go as it is. */
    static final int ALONE = 2;

    static final int MERGEABLE = 3;
    /** Values of {@link #place}, from 0. Two flows in one place only end each other's runs. */
    static final int PLACES = 64;

    private static final int MAX_TAGS = 2;
    /** Linux's TCP_MIN_GSO_SIZE, as {@link Segmenter} has it. */
    private static final int MIN_TCP_SIZE = 8;

    private static final int PLAIN_IPV4 = 0x45;
    /** Of an IPv4 header's first eight bytes: all but length and identification. */
    private static final long IPV4_SAME = 0xffff_0000_0000_ffffL;
    /** Of its next eight: all but the checksum. */
    private static final long IPV4_SAME_NEXT = 0xffff_0000_ffff_ffffL;
    /** Of an IPv6 header's first eight bytes: all but the length. */
    private static final long IPV6_SAME = 0xffff_ffff_0000_ffffL;

    private static final int MORE_OR_OFFSET = Ipv4.MORE_FRAGMENTS | Ipv4.OFFSET_MASK;
    /** Flags that a segment may have beside ACK: the last is not cut off from those before it by the rest. */
    private static final int FLAGS_ALLOWED = Tcp.PSH | Tcp.FIN | Tcp.ECE;

    private static final int ENDS = Tcp.PSH | Tcp.FIN;
    /** In a checksum's field the same as 0, which is what a segmenter writes: no sum with a pseudo header gives it. */
    private static final int ALL_ONES = 0xffff;

    private static final int PLACE_SHIFT = 58;
    /** The golden ratio, as a fraction of 2^64. */
    private static final long SPREAD = 0x9e37_79b9_7f4a_7c15L;

    boolean tcp;
    boolean v4;
    /** Offsets from the head. */
    int l3;

    int l4;
    int headers;
    /** Bytes of payload. */
    int payload;
    /** Whether nothing may follow: PSH or FIN stays the last segment's. */
    boolean ends;
    /** Stands for addresses and ports. */
    int place;

    /** Looks at a frame for an egress with these offloads. */
    int look(final Burst burst, final int i, final int offloads) {
        final long head = burst.head[i];
        final int available = burst.headLength[i];
        int at = Ethernet.HEADER_LENGTH;
        int type = available < at ? 0 : Mem.getShort(head + at - 2);
        for (int tags = 0; Vlan.isTpid(type) && tags < MAX_TAGS; tags++) {
            at += Vlan.TAG_LENGTH;
            type = available < at ? 0 : Mem.getShort(head + at - 2);
        }
        l3 = at;
        if (type == Ethernet.TYPE_IPV4) {
            v4 = true;
            return available - at < Ipv4.MIN_HEADER_LENGTH ? UNKNOWN : ipv4(burst, i, offloads);
        }
        if (type == Ethernet.TYPE_IPV6) {
            v4 = false;
            return available - at < Ipv6.HEADER_LENGTH ? UNKNOWN : ipv6(burst, i, offloads);
        }
        return OTHER;
    }

    private int ipv4(final Burst burst, final int i, final int offloads) {
        final long ip = burst.head[i] + l3;
        final long first = Mem.getLong(ip);
        if (first >>> 56 != PLAIN_IPV4 || (first & MORE_OR_OFFSET) != 0) {
            return UNKNOWN;
        }
        final long addresses = Mem.getLongNative(ip + Ipv4.SOURCE);
        final boolean whole = (first >>> 32 & 0xffff) == burst.length[i] - l3;
        return transport(burst, i, offloads, Mem.getByte(ip + Ipv4.PROTOCOL), Ipv4.MIN_HEADER_LENGTH, addresses, whole);
    }

    private int ipv6(final Burst burst, final int i, final int offloads) {
        final long ip = burst.head[i] + l3;
        final long first = Mem.getLong(ip);
        final int next = (int) (first >>> 8) & 0xff;
        if (first >>> 60 != 6 || FrameParser.isExtension(next)) {
            return UNKNOWN;
        }
        final long addresses = Mem.getLongNative(ip + Ipv6.SOURCE + 8) + Mem.getLongNative(ip + Ipv6.DESTINATION + 8);
        final boolean whole = (first >>> 16 & 0xffff) == burst.length[i] - l3 - Ipv6.HEADER_LENGTH;
        return transport(burst, i, offloads, next, Ipv6.HEADER_LENGTH, addresses, whole);
    }

    /** @param whole whether the IP packet is as long as the frame */
    private int transport(
            final Burst burst,
            final int i,
            final int offloads,
            final int protocol,
            final int ipLength,
            final long addresses,
            final boolean whole) {
        tcp = protocol == Ipv4.PROTOCOL_TCP;
        if (!tcp && protocol != Ipv4.PROTOCOL_UDP) {
            return OTHER;
        }
        l4 = l3 + ipLength;
        final int available = burst.headLength[i] - l4;
        if (available < Udp.HEADER_LENGTH) {
            return UNKNOWN;
        }
        final long header = burst.head[i] + l4;
        final long ports = Mem.getIntNative(header) & 0xffff_ffffL;
        place = (int) (((addresses ^ ports) * SPREAD) >>> PLACE_SHIFT);
        final int wanted = !tcp ? PortSender.USO : v4 ? PortSender.TSO4 : PortSender.TSO6;
        return whole
                        && (offloads & wanted) != 0
                        && burst.gsoType[i] == Burst.GSO_NONE
                        && (tcp ? isTcpData(header, available, burst.length[i]) : isUdpData(header, burst.length[i]))
                ? MERGEABLE
                : ALONE;
    }

    private boolean isTcpData(final long header, final int available, final int length) {
        if (available < Tcp.MIN_HEADER_LENGTH) {
            return false;
        }
        final int bytes = Tcp.headerLength(header);
        final int flags = Tcp.flags(header);
        headers = l4 + bytes;
        payload = length - headers;
        ends = (flags & ENDS) != 0;
        return bytes >= Tcp.MIN_HEADER_LENGTH
                && bytes <= available
                && payload > 0
                && (flags & ~FLAGS_ALLOWED) == Tcp.ACK;
    }

    private boolean isUdpData(final long header, final int length) {
        headers = l4 + Udp.HEADER_LENGTH;
        payload = length - headers;
        ends = false;
        return payload > 0 && Udp.length(header) == length - l4 && Udp.checksum(header) != 0;
    }

    /** Whether a run can begin with the frame looked at. */
    boolean canBegin() {
        return !ends && (!tcp || payload >= MIN_TCP_SIZE);
    }

    /**
     * Whether the frame looked at has the headers of one that follows another after {@code count} frames and {@code done}
     * bytes of payload.
     *
     * @param first head of the run's first frame, which has the same {@link #l3}, {@link #l4} and {@link #headers}
     */
    boolean follows(final long first, final long head, final int count, final int done) {
        if (Mem.getLongNative(first) != Mem.getLongNative(head) || !isSame(first, head, Long.BYTES, l3)) {
            return false;
        }
        return (v4 ? followsIpv4(first + l3, head + l3, count) : followsIpv6(first + l3, head + l3))
                && (tcp
                        ? followsTcp(first + l4, head + l4, done)
                        : Mem.getIntNative(first + l4) == Mem.getIntNative(head + l4));
    }

    private static boolean followsIpv4(final long a, final long b, final int count) {
        final long wordA = Mem.getLong(a);
        final long wordB = Mem.getLong(b);
        return ((wordA ^ wordB) & IPV4_SAME) == 0
                && ((Mem.getLong(a + 8) ^ Mem.getLong(b + 8)) & IPV4_SAME_NEXT) == 0
                && Mem.getIntNative(a + Ipv4.DESTINATION) == Mem.getIntNative(b + Ipv4.DESTINATION)
                // A segmenter counts up, whatever DF says.
                && (((wordB >>> 16) - (wordA >>> 16) - count) & 0xffff) == 0;
    }

    private static boolean followsIpv6(final long a, final long b) {
        return ((Mem.getLong(a) ^ Mem.getLong(b)) & IPV6_SAME) == 0
                && Mem.getLongNative(a + 8) == Mem.getLongNative(b + 8)
                && Mem.getLongNative(a + 16) == Mem.getLongNative(b + 16)
                && Mem.getLongNative(a + 24) == Mem.getLongNative(b + 24)
                && Mem.getLongNative(a + 32) == Mem.getLongNative(b + 32);
    }

    private boolean followsTcp(final long a, final long b, final int done) {
        return Mem.getIntNative(a) == Mem.getIntNative(b)
                && Tcp.sequence(b) - Tcp.sequence(a) == done
                && Tcp.acknowledgment(a) == Tcp.acknowledgment(b)
                && Mem.getByte(a + Tcp.DATA_OFFSET) == Mem.getByte(b + Tcp.DATA_OFFSET)
                && ((Tcp.flags(a) ^ Tcp.flags(b)) & ~ENDS) == 0
                && Tcp.window(a) == Tcp.window(b)
                && Mem.getShortNative(a + Tcp.URGENT) == Mem.getShortNative(b + Tcp.URGENT)
                && isSame(a, b, Tcp.MIN_HEADER_LENGTH, headers - l4);
    }

    /** Compares whole words of two and four bytes: all that lie there are even. */
    private static boolean isSame(final long a, final long b, final int from, final int to) {
        int at = from;
        for (; at + 4 <= to; at += 4) {
            if (Mem.getIntNative(a + at) != Mem.getIntNative(b + at)) {
                return false;
            }
        }
        return at == to || Mem.getShortNative(a + at) == Mem.getShortNative(b + at);
    }

    /**
     * Whether a segmenter would give a frame the checksums that it has, with headers where those of the frame looked at
     * are. Reads all of the payload.
     */
    boolean isVerified(final Burst burst, final int i) {
        final long ip = burst.head[i] + l3;
        if (v4 && (Ipv4.checksum(ip) == ALL_ONES || !Checksum.isIpv4HeaderRight(ip, Ipv4.MIN_HEADER_LENGTH))) {
            return false;
        }
        final int length = burst.length[i] - l4;
        final int protocol = tcp ? Ipv4.PROTOCOL_TCP : Ipv4.PROTOCOL_UDP;
        final int pseudo = Checksum.pseudo(ip, v4 ? 4 : 6, protocol, length);
        final int field = tcp ? Tcp.CHECKSUM : Udp.CHECKSUM;
        if ((burst.vnetFlags[i] & Burst.NEEDS_CSUM) != 0) {
            return burst.csumStart[i] == l4
                    && burst.csumOffset[i] == field
                    && Mem.getShort(burst.head[i] + l4 + field) == pseudo;
        }
        return !(tcp && Mem.getShort(burst.head[i] + l4 + field) == ALL_ONES)
                && Checksum.isRight(Checksum.add(pseudo, Offload.sum(burst, i, l4, length)));
    }
}
