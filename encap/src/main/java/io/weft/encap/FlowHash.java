package io.weft.encap;

/**
 * Hashes of flows and of table keys: seeded, so that nobody outside can choose what collides, and made of two rounds of
 * 64 by 64 bit multiplication folded to 64 bits.
 */
public final class FlowHash {
    /** The least UDP source port of a tunnel packet: the dynamic range that RFC 7348, section 5, recommends. */
    public static final int SOURCE_PORT_MIN = 49152;

    /** From {@link #ofPlain}: parse it. */
    public static final long NOT_PLAIN = -1;

    private static final int PLAIN_LENGTH = Ethernet.HEADER_LENGTH + Ipv4.MIN_HEADER_LENGTH + Udp.HEADER_LENGTH;

    // Odd, without structure: the fractional parts of the square roots of 2, 3 and 5.
    private static final long K0 = 0x6a09e667f3bcc909L;
    private static final long K1 = 0xbb67ae8584caa73bL;
    private static final long K2 = 0x3c6ef372fe94f82bL;

    private FlowHash() {}

    /**
     * Returns the same value for both directions of a flow: from addresses, protocol and ports; from addresses and
     * protocol alone in fragments, so that those of a datagram stay together; from MAC addresses and type without IP.
     *
     * @param address of the frame that {@code p} describes, of which as many bytes are available
     */
    public static int symmetric(final long address, final ParsedFrame p, final long seed) {
        long a = p.source;
        long b = p.destination;
        int kind = p.etherType;
        if (p.l3 >= 0) {
            final long ip = address + p.l3;
            final boolean fragment = (p.flags & ParsedFrame.FRAGMENT) != 0;
            final int sourcePort = fragment ? 0 : p.sourcePort;
            final int destinationPort = fragment ? 0 : p.destinationPort;
            if (p.ipVersion == 4) {
                final long addresses = Mem.getLong(ip + Ipv4.SOURCE);
                a = addresses >>> 32 << 16 | sourcePort;
                b = (addresses & 0xffff_ffffL) << 16 | destinationPort;
            } else {
                a = fold(Ipv6.sourceHigh(ip) ^ seed ^ K0, Ipv6.sourceLow(ip) ^ K1) + sourcePort * K2;
                b = fold(Ipv6.destinationHigh(ip) ^ seed ^ K0, Ipv6.destinationLow(ip) ^ K1) + destinationPort * K2;
            }
            kind = p.flowProtocol;
        }
        final long hash = mix(Math.min(a, b), Math.max(a, b), seed + kind * K2);
        return (int) (hash ^ hash >>> 32);
    }

    /**
     * The hash of the frame that most are, without parsing it first: Ethernet, IPv4 without options, whole, TCP or UDP.
     *
     * @param available bytes that can be read at {@code address}
     * @param length of the whole frame
     * @return the ECN codepoint in the upper half and in the lower what {@link #symmetric} says of the frame once parsed;
     *     {@link #NOT_PLAIN} for all other frames
     */
    public static long ofPlain(final long address, final int available, final int length, final long seed) {
        if (available < PLAIN_LENGTH || Ethernet.type(address) != Ethernet.TYPE_IPV4) {
            return NOT_PLAIN;
        }
        final long ip = address + Ethernet.HEADER_LENGTH;
        final long first = Mem.getLong(ip);
        final int protocol = Mem.getByte(ip + Ipv4.PROTOCOL);
        final int headers =
                Ipv4.MIN_HEADER_LENGTH + (protocol == Ipv4.PROTOCOL_TCP ? Tcp.MIN_HEADER_LENGTH : Udp.HEADER_LENGTH);
        final int total = (int) (first >>> 32) & 0xffff;
        if (first >>> 56 != 0x45
                || ((int) first & (Ipv4.MORE_FRAGMENTS | Ipv4.OFFSET_MASK)) != 0
                || (protocol != Ipv4.PROTOCOL_UDP && protocol != Ipv4.PROTOCOL_TCP)
                || total < headers
                || total > length - Ethernet.HEADER_LENGTH
                || available < Ethernet.HEADER_LENGTH + headers) {
            return NOT_PLAIN;
        }
        final long addresses = Mem.getLong(ip + Ipv4.SOURCE);
        final int ports = Mem.getInt(ip + Ipv4.MIN_HEADER_LENGTH);
        final long a = addresses >>> 32 << 16 | ports >>> 16;
        final long b = (addresses & 0xffff_ffffL) << 16 | (ports & 0xffff);
        final long hash = mix(Math.min(a, b), Math.max(a, b), seed + protocol * K2);
        return (first >>> 48 & 3) << 32 | ((hash ^ hash >>> 32) & 0xffff_ffffL);
    }

    /** Returns 64 well mixed bits of two words, for table keys. */
    public static long mix(final long a, final long b, final long seed) {
        final long x = a ^ seed ^ K0;
        final long y = b ^ Long.rotateLeft(seed, 32) ^ K1;
        return fold(x * y ^ K1, Math.unsignedMultiplyHigh(x, y) ^ seed ^ K2);
    }

    /** Returns the UDP source port of a flow's tunnel packets: the hash's upper 14 bits in 49152..65535. */
    public static int sourcePort(final int hash) {
        return SOURCE_PORT_MIN | hash >>> 18;
    }

    /** Returns the NVGRE FlowID of a flow's tunnel packets: the hash's upper 8 bits. */
    public static int flowId(final int hash) {
        return hash >>> 24;
    }

    private static long fold(final long x, final long y) {
        return x * y ^ Math.unsignedMultiplyHigh(x, y);
    }
}
