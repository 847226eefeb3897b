package io.weft.encap;

/**
 * The ICMP message that tells a sender which packet fits: "fragmentation needed and DF set" (RFC 792, with the next-hop
 * MTU of RFC 1191, section 4), or ICMPv6 "packet too big" (RFC 4443, section 3.2). It goes back to where the packet came
 * from, in the name of the packet's own destination: a switch has no address of its own there.
 *
 * <pre>
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * | Type 3; v6: 2 | Code 4; v6: 0 |           Checksum            |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |           0, in v6 a part of the MTU          |      MTU      |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |  as much of the packet as leaves this one 576, in v6 1280     |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * </pre>
 */
public final class TooBigMessage {
    /** Bytes that {@link #quoted} and {@link #headersLength} can add up to. */
    public static final int MAX_LENGTH = Ethernet.HEADER_LENGTH + FrameParser.MAX_TAGS * Vlan.TAG_LENGTH + Ipv6.MIN_MTU;

    private static final int MTU = 4;
    private static final int V4_TYPE = 3;
    private static final int V4_CODE = 4;
    private static final int V6_TYPE = 2;
    /** RFC 1812, section 4.3.2.3. */
    private static final int V4_MAX_PACKET = 576;
    /** RFC 791, section 3.2: every link carries that much. */
    private static final int V4_MIN_MTU = 68;
    /** RFC 1812, section 4.3.2.5: the precedence of an ICMP error is Internetwork Control. */
    private static final int V4_TOS = 0xc0;

    private static final int MACS = 12;
    /** What makes of a packet one that says too little, or the wrong thing, to whom it is. */
    private static final int UNANSWERED = ParsedFrame.LATER_FRAGMENT
            | ParsedFrame.MALFORMED
            | ParsedFrame.TRUNCATED
            | ParsedFrame.BIG_TCP
            | ParsedFrame.EXTENSIONS_CUT
            | ParsedFrame.RUNT;

    private TooBigMessage() {}

    /**
     * Says whether a packet that does not fit may be answered: IPv6, or IPv4 with DF; between hosts' own addresses; no
     * ICMP error; no later fragment (RFC 1122, section 3.2.2; RFC 4443, section 2.4 e).
     *
     * @param frame as it was parsed
     * @param mtu what would be told; a size that IP cannot live with is not
     */
    public static boolean isDue(final long frame, final ParsedFrame parsed, final int mtu) {
        if (!parsed.isIp()
                || (parsed.flags & UNANSWERED) != 0
                || parsed.ipEnd - parsed.l3 <= mtu
                || Ethernet.isMulticast(parsed.destination)) {
            return false;
        }
        final long ip = frame + parsed.l3;
        return parsed.ipVersion == 4 ? isDueV4(ip, parsed, frame, mtu) : isDueV6(ip, parsed, frame, mtu);
    }

    private static boolean isDueV4(final long ip, final ParsedFrame parsed, final long frame, final int mtu) {
        return mtu >= V4_MIN_MTU
                && (Ipv4.fragment(ip) & Ipv4.DONT_FRAGMENT) != 0
                && isHostV4(Ipv4.source(ip))
                && isHostV4(Ipv4.destination(ip))
                && (parsed.protocol != Ipv4.PROTOCOL_ICMP
                        || (parsed.l4 >= 0 && !Icmp.isErrorV4(Icmp.type(frame + parsed.l4))));
    }

    private static boolean isDueV6(final long ip, final ParsedFrame parsed, final long frame, final int mtu) {
        return mtu >= Ipv6.MIN_MTU
                && isHostV6(Ipv6.sourceHigh(ip), Ipv6.sourceLow(ip))
                && isHostV6(Ipv6.destinationHigh(ip), Ipv6.destinationLow(ip))
                && (parsed.protocol != Ipv6.NEXT_ICMP
                        || (parsed.l4 >= 0 && !Icmp.isErrorV6(Icmp.type(frame + parsed.l4))));
    }

    /** One host's, and not the one that everybody calls its own: no 0/8, 127/8, group, reserved or broadcast address. */
    private static boolean isHostV4(final int address) {
        final int first = address >>> 24;
        return first != 0 && first != 127 && first < 224;
    }

    private static boolean isHostV6(final long high, final long low) {
        return high >>> 56 != 0xff && (high != 0 || low >>> 1 != 0);
    }

    /** Returns how many bytes of the packet are quoted. */
    public static int quoted(final ParsedFrame parsed) {
        final int packet = parsed.ipEnd - parsed.l3;
        return Math.min(packet, maxPacket(parsed) - ipHeader(parsed) - Icmp.HEADER_LENGTH);
    }

    /** Returns the length of what stands before the quote: Ethernet, the packet's tags, IP and ICMP headers. */
    public static int headersLength(final ParsedFrame parsed) {
        return parsed.l3 + ipHeader(parsed) + Icmp.HEADER_LENGTH;
    }

    /**
     * Writes the headers before a quote that is there already.
     *
     * @param to {@link #headersLength} bytes, then the quote
     * @param frame the frame that is answered, as it was parsed
     * @param mtu bytes of the largest packet that fits
     * @param quoted bytes that stand behind the headers
     */
    public static void write(
            final long to, final long frame, final ParsedFrame parsed, final int mtu, final int quoted) {
        Mem.copy(frame + MACS / 2, to, MACS / 2);
        Mem.copy(frame, to + MACS / 2, MACS / 2);
        // Tags, if any, and the type.
        Mem.copy(frame + MACS, to + MACS, parsed.l3 - MACS);
        final long ip = to + parsed.l3;
        final long icmp = ip + ipHeader(parsed);
        final int length = Icmp.HEADER_LENGTH + quoted;
        final boolean v4 = parsed.ipVersion == 4;
        Mem.putByte(icmp + Icmp.TYPE, v4 ? V4_TYPE : V6_TYPE);
        Mem.putByte(icmp + Icmp.CODE, v4 ? V4_CODE : 0);
        Icmp.checksum(icmp, 0);
        Mem.putInt(icmp + MTU, mtu);
        int sum = Checksum.sum(icmp, length);
        if (v4) {
            headerV4(ip, frame + parsed.l3, length);
        } else {
            headerV6(ip, frame + parsed.l3, length);
            sum = Checksum.add(sum, Checksum.pseudoIpv6(ip, Ipv6.NEXT_ICMP, length));
        }
        Icmp.checksum(icmp, Checksum.finish(sum));
    }

    /** DF is set, with no identification (RFC 6864, section 4.1): 576 bytes go everywhere. */
    private static void headerV4(final long ip, final long packet, final int length) {
        Mem.putShort(ip, 0x4500 | V4_TOS);
        Mem.putShort(ip + Ipv4.TOTAL_LENGTH, Ipv4.MIN_HEADER_LENGTH + length);
        Mem.putInt(ip + Ipv4.IDENTIFICATION, Ipv4.DONT_FRAGMENT);
        Mem.putShort(ip + Ipv4.TTL, OuterHeader.TTL << 8 | Ipv4.PROTOCOL_ICMP);
        Mem.putShort(ip + Ipv4.CHECKSUM, 0);
        Mem.putInt(ip + Ipv4.SOURCE, Ipv4.destination(packet));
        Mem.putInt(ip + Ipv4.DESTINATION, Ipv4.source(packet));
        Ipv4.checksum(ip, Checksum.ipv4Header(ip, Ipv4.MIN_HEADER_LENGTH));
    }

    private static void headerV6(final long ip, final long packet, final int length) {
        Mem.putInt(ip, 6 << 28);
        Mem.putShort(ip + Ipv6.PAYLOAD_LENGTH, length);
        Mem.putShort(ip + Ipv6.NEXT_HEADER, Ipv6.NEXT_ICMP << 8 | OuterHeader.TTL);
        Mem.copy(packet + Ipv6.DESTINATION, ip + Ipv6.SOURCE, 16);
        Mem.copy(packet + Ipv6.SOURCE, ip + Ipv6.DESTINATION, 16);
    }

    private static int maxPacket(final ParsedFrame parsed) {
        return parsed.ipVersion == 4 ? V4_MAX_PACKET : Ipv6.MIN_MTU;
    }

    private static int ipHeader(final ParsedFrame parsed) {
        return parsed.ipVersion == 4 ? Ipv4.MIN_HEADER_LENGTH : Ipv6.HEADER_LENGTH;
    }
}
