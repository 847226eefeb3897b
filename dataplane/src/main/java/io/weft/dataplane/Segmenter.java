package io.weft.dataplane;

import io.weft.encap.Checksum;
import io.weft.encap.FrameParser;
import io.weft.encap.Ipv4;
import io.weft.encap.Ipv6;
import io.weft.encap.Mem;
import io.weft.encap.ParsedFrame;
import io.weft.encap.Tcp;
import io.weft.encap.Udp;

/**
 * Cuts a TCP or UDP frame into segments as Linux does: headers are copied and changed, payloads stay where they are. IPv4
 * identifications count up, PSH and FIN are the last segment's, CWR the first's; lengths and checksums are complete.
 *
 * <p>The frame may come from a hostile guest: {@link #begin} refuses what contradicts itself, and what would cost more
 * than it is worth (a 64 KiB frame in pieces of one byte).
 *
 * <p>Owned by the worker.
 */
final class Segmenter {
    /** Bytes of headers that are copied for each segment: Ethernet, tags, IP with options or extensions, TCP. */
    private static final int MAX_HEADERS = 384;
    /** Linux's TCP_MIN_GSO_SIZE: the least MSS, 48, without options. */
    private static final int MIN_TCP_SIZE = 8;
    /** Linux's UDP_MAX_SEGMENTS. */
    private static final int MAX_UDP_SEGMENTS = 128;

    private static final int SLOT = Burst.HEADROOM + MAX_HEADERS + 64;
    private static final int FLAGS_OF_LAST = Tcp.FIN | Tcp.PSH;

    private final long slots = Mem.allocate((long) Burst.MOST * SLOT, 64);
    /** The headers, with 0 wherever segments differ. */
    private final long template = Mem.allocate(MAX_HEADERS, 64);

    private final ParsedFrame parsed = new ParsedFrame();

    private Burst from;
    private int frame;
    private boolean tcp;
    private int headers;
    private int size;
    private int payload;
    private int done;
    private int number;
    private int segment;
    private int segmentOffset;

    // What the segments' headers have in common.
    private int firstId;
    private int firstSequence;
    private int flags;
    private int ipSum;
    private int transportSum;

    /** As {@link #begin(Burst, int, int)}, whatever its size. */
    DropReason begin(final Burst burst, final int i) {
        return begin(burst, i, Integer.MAX_VALUE);
    }

    /**
     * Looks at a frame; anything but {@link DropReason#NONE} says that it cannot be cut. TCP is a stream of bytes, so its
     * segments are made smaller than was asked for where only smaller ones fit; a datagram of UDP is what its sender made.
     *
     * @param maxFrame bytes of the largest segment, headers with it
     * @return {@link DropReason#TOO_BIG_FOR_TUNNEL} where the frame can be cut, but not so small
     */
    DropReason begin(final Burst burst, final int i, final int maxFrame) {
        from = burst;
        frame = i;
        done = 0;
        number = 0;
        segment = -1;
        segmentOffset = 0;
        if (!isSound()) {
            return DropReason.BAD_OFFLOAD;
        }
        if (headers + Math.min(size, payload) > maxFrame) {
            if (!tcp || maxFrame - headers < MIN_TCP_SIZE) {
                return DropReason.TOO_BIG_FOR_TUNNEL;
            }
            size = maxFrame - headers;
        }
        prepare();
        return DropReason.NONE;
    }

    private boolean isSound() {
        final int length = from.length[frame];
        if (from.segmentCount[frame] >= Burst.SEGMENTS
                || !FrameParser.parse(from.head[frame], from.headLength[frame], length, parsed)
                || parsed.flags != 0
                || parsed.l3 < 0
                || parsed.l4 < 0
                || parsed.ipEnd != length
                || !isOfType(from.gsoType[frame])) {
            return false;
        }
        final int l4 = parsed.l4;
        final int transport = tcp ? Tcp.headerLength(from.head[frame] + l4) : Udp.HEADER_LENGTH;
        headers = l4 + transport;
        if (transport < (tcp ? Tcp.MIN_HEADER_LENGTH : Udp.HEADER_LENGTH)
                || headers > from.headLength[frame]
                || headers > MAX_HEADERS) {
            return false;
        }
        size = from.gsoSize[frame];
        payload = length - headers;
        return isChecksumThere(l4) && isWorthIt();
    }

    private boolean isOfType(final int gsoType) {
        final int protocol = parsed.protocol;
        tcp = protocol == Ipv4.PROTOCOL_TCP;
        return switch (gsoType) {
            case Burst.GSO_TCPV4, Burst.GSO_TCPV4 | Burst.GSO_ECN -> tcp && parsed.ipVersion == 4;
            case Burst.GSO_TCPV6, Burst.GSO_TCPV6 | Burst.GSO_ECN -> tcp && parsed.ipVersion == 6;
            case Burst.GSO_UDP_L4 -> protocol == Ipv4.PROTOCOL_UDP;
            default -> false;
        };
    }

    /** virtio 1.2, 5.1.6.2: segmentation comes only with a checksum to fill in, here that of the transport header. */
    private boolean isChecksumThere(final int l4) {
        return (from.vnetFlags[frame] & Burst.NEEDS_CSUM) != 0
                && from.csumStart[frame] == l4
                && from.csumOffset[frame] == (tcp ? Tcp.CHECKSUM : Udp.CHECKSUM);
    }

    private boolean isWorthIt() {
        return tcp ? size >= MIN_TCP_SIZE : size > 0 && payload <= MAX_UDP_SEGMENTS * (long) size;
    }

    /** Copies the headers once and sums up what will be the same in every segment's checksums. */
    private void prepare() {
        Mem.copy(from.head[frame], template, headers);
        final long ip = template + parsed.l3;
        if (parsed.ipVersion == 4) {
            firstId = Ipv4.identification(ip);
            Mem.putShort(ip + Ipv4.TOTAL_LENGTH, 0);
            Mem.putShort(ip + Ipv4.IDENTIFICATION, 0);
            Ipv4.checksum(ip, 0);
            ipSum = Checksum.sum(ip, parsed.ipHeaderLength);
        }
        final long l4 = template + parsed.l4;
        if (tcp) {
            firstSequence = Tcp.sequence(l4);
            flags = Tcp.flags(l4);
            Tcp.sequence(l4, 0);
            Tcp.flags(l4, 0);
            Tcp.checksum(l4, 0);
        } else {
            Mem.putShort(l4 + Udp.LENGTH, 0);
            Udp.checksum(l4, 0);
        }
        transportSum = Checksum.add(
                Checksum.pseudo(ip, parsed.ipVersion, parsed.protocol, 0), Checksum.sum(l4, headers - parsed.l4));
    }

    /** Segments of the frame begun, at least 1. */
    int count() {
        return Math.max(1, (payload + size - 1) / size);
    }

    /** Adds segments to a burst until it or the frame has no more; false when there was none left. */
    boolean fill(final Burst out) {
        final boolean more = number == 0 || done < payload;
        while ((number == 0 || done < payload)
                && out.size < Burst.MOST
                && out.segments + from.segmentCount[frame] + 1 - Math.max(segment, 0) <= Burst.SEGMENTS) {
            cut(out);
        }
        return more;
    }

    private void cut(final Burst out) {
        final int k = out.size;
        final int bytes = Math.min(size, payload - done);
        final long to = slots + (long) k * SLOT + Burst.HEADROOM;
        Mem.copy(template, to, headers);
        out.add(to, headers);
        out.length[k] = headers + bytes;
        out.network[k] = from.network[frame];
        out.ingress[k] = from.ingress[frame];
        out.hash[k] = from.hash[frame];
        out.ecn[k] = from.ecn[frame];
        final int sum = refer(out, k, bytes);
        final boolean last = done + bytes == payload;
        lengths(to, bytes);
        if (tcp) {
            tcp(to, bytes, sum, last);
        } else {
            udp(to, bytes, sum);
        }
        done += bytes;
        number++;
    }

    /** Makes the segment's body of the next bytes of the frame's payload. Returns their sum. */
    private int refer(final Burst out, final int k, final int bytes) {
        out.firstSegment[k] = out.segments;
        int sum = 0;
        int at = 0;
        while (at < bytes) {
            final long address;
            final int there;
            if (segment < 0) {
                address = from.head[frame] + headers + segmentOffset;
                there = from.headLength[frame] - headers - segmentOffset;
            } else {
                final int s = from.firstSegment[frame] + segment;
                address = from.segmentAddress[s] + segmentOffset;
                there = from.segmentLength[s] - segmentOffset;
            }
            final int piece = Math.min(there, bytes - at);
            if (piece == there) {
                segment++;
                segmentOffset = 0;
            } else {
                segmentOffset += piece;
            }
            if (piece != 0) {
                sum = Checksum.addAt(sum, Checksum.sum(address, piece), at);
                out.segmentAddress[out.segments] = address;
                out.segmentLength[out.segments] = piece;
                out.segments++;
                at += piece;
            }
        }
        out.segmentCount[k] = out.segments - out.firstSegment[k];
        return sum;
    }

    private void lengths(final long to, final int bytes) {
        final long ip = to + parsed.l3;
        if (parsed.ipVersion == 4) {
            final int total = headers - parsed.l3 + bytes;
            final int id = (firstId + number) & 0xffff;
            Mem.putShort(ip + Ipv4.TOTAL_LENGTH, total);
            Mem.putShort(ip + Ipv4.IDENTIFICATION, id);
            Ipv4.checksum(ip, Checksum.finish(Checksum.fold((long) ipSum + total + id)));
        } else {
            Mem.putShort(ip + Ipv6.PAYLOAD_LENGTH, headers - parsed.l3 - Ipv6.HEADER_LENGTH + bytes);
        }
    }

    private void tcp(final long to, final int bytes, final int sum, final boolean last) {
        final long header = to + parsed.l4;
        final int sequence = firstSequence + done;
        int bits = last ? flags : flags & ~FLAGS_OF_LAST;
        if (number != 0) {
            bits &= ~Tcp.CWR;
        }
        Tcp.sequence(header, sequence);
        Tcp.flags(header, bits);
        final long words = (long) transportSum + (headers - parsed.l4 + bytes) + sum + bits;
        final int whole = Checksum.fold(words + (sequence >>> 16) + (sequence & 0xffff));
        // To Linux one segment is no segmentation but a checksum to fill in, which it never makes 0: see Offload.
        Tcp.checksum(header, last && number == 0 ? Checksum.finishUdp(whole) : Checksum.finish(whole));
    }

    private void udp(final long to, final int bytes, final int sum) {
        final long header = to + parsed.l4;
        final int length = Udp.HEADER_LENGTH + bytes;
        Mem.putShort(header + Udp.LENGTH, length);
        // The length stands in the pseudo header, too.
        Udp.checksum(header, Checksum.finishUdp(Checksum.fold((long) transportSum + 2L * length + sum)));
    }
}
