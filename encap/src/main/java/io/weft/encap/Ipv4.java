package io.weft.encap;

/**
 * The IPv4 header (RFC 791, section 3.1; the traffic class as DSCP and ECN by RFC 3168, section 5).
 *
 * <pre>
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |Version|  IHL  |   DSCP    |ECN|         Total length          |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |        Identification         |0|D|M|    Fragment offset      |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * | Time to live  |   Protocol    |        Header checksum        |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                        Source address                         |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                      Destination address                      |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                        Options (if IHL &gt; 5)                    |
 * </pre>
 */
public final class Ipv4 {
    public static final int VERSION_IHL = 0;
    public static final int TOS = 1;
    public static final int TOTAL_LENGTH = 2;
    public static final int IDENTIFICATION = 4;
    public static final int FRAGMENT = 6;
    public static final int TTL = 8;
    public static final int PROTOCOL = 9;
    public static final int CHECKSUM = 10;
    public static final int SOURCE = 12;
    public static final int DESTINATION = 16;
    public static final int MIN_HEADER_LENGTH = 20;

    public static final int DONT_FRAGMENT = 0x4000;
    public static final int MORE_FRAGMENTS = 0x2000;
    public static final int OFFSET_MASK = 0x1fff;

    public static final int PROTOCOL_ICMP = 1;
    public static final int PROTOCOL_IGMP = 2;
    public static final int PROTOCOL_TCP = 6;
    public static final int PROTOCOL_UDP = 17;
    public static final int PROTOCOL_DCCP = 33;
    public static final int PROTOCOL_GRE = 47;
    public static final int PROTOCOL_SCTP = 132;
    public static final int PROTOCOL_UDPLITE = 136;

    private Ipv4() {}

    public static int version(final long address) {
        return Mem.getByte(address + VERSION_IHL) >>> 4;
    }

    /** Returns the header's length in bytes, options with it: 0..60, of which less than 20 is malformed. */
    public static int headerLength(final long address) {
        return (Mem.getByte(address + VERSION_IHL) & 0xf) << 2;
    }

    public static int tos(final long address) {
        return Mem.getByte(address + TOS);
    }

    public static int ecn(final long address) {
        return Mem.getByte(address + TOS) & 3;
    }

    public static int totalLength(final long address) {
        return Mem.getShort(address + TOTAL_LENGTH);
    }

    public static int identification(final long address) {
        return Mem.getShort(address + IDENTIFICATION);
    }

    /** Returns the three flags and the offset in units of eight bytes as they stand in their 16 bits. */
    public static int fragment(final long address) {
        return Mem.getShort(address + FRAGMENT);
    }

    public static int ttl(final long address) {
        return Mem.getByte(address + TTL);
    }

    public static int protocol(final long address) {
        return Mem.getByte(address + PROTOCOL);
    }

    public static int checksum(final long address) {
        return Mem.getShort(address + CHECKSUM);
    }

    public static void checksum(final long address, final int checksum) {
        Mem.putShort(address + CHECKSUM, checksum);
    }

    public static int source(final long address) {
        return Mem.getInt(address + SOURCE);
    }

    public static int destination(final long address) {
        return Mem.getInt(address + DESTINATION);
    }
}
