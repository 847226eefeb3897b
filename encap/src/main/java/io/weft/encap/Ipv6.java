package io.weft.encap;

/**
 * The IPv6 header (RFC 8200, section 3) and the common shape of its extension headers (section 4).
 *
 * <pre>
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |Version| Traffic class |              Flow label               |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |        Payload length         |  Next header  |   Hop limit   |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                   Source address (16 bytes)                   |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                Destination address (16 bytes)                 |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * </pre>
 */
public final class Ipv6 {
    public static final int VERSION_CLASS_LABEL = 0;
    public static final int PAYLOAD_LENGTH = 4;
    public static final int NEXT_HEADER = 6;
    public static final int HOP_LIMIT = 7;
    public static final int SOURCE = 8;
    public static final int DESTINATION = 24;
    public static final int HEADER_LENGTH = 40;

    /** Bytes that every link carries in one packet (section 5). */
    public static final int MIN_MTU = 1280;

    /** In an extension header: what follows it. */
    public static final int EXTENSION_NEXT = 0;

    /** In an extension header: its length in units of eight bytes beyond the first eight (AH: of four, minus two). */
    public static final int EXTENSION_LENGTH = 1;

    /** In a routing header: how many nodes are still to be visited (section 4.4). */
    public static final int ROUTING_SEGMENTS_LEFT = 3;

    /** In a fragment header: offset in units of eight bytes in the upper 13 bits, M in the lowest (section 4.5). */
    public static final int FRAGMENT_OFFSET = 2;

    public static final int MORE_FRAGMENTS = 1;
    public static final int FRAGMENT_OFFSET_MASK = 0xfff8;
    public static final int FRAGMENT_HEADER_LENGTH = 8;

    public static final int NEXT_HOP_BY_HOP = 0;
    public static final int NEXT_ROUTING = 43;
    public static final int NEXT_FRAGMENT = 44;
    public static final int NEXT_AUTHENTICATION = 51;
    public static final int NEXT_ICMP = 58;
    public static final int NEXT_NONE = 59;
    public static final int NEXT_DESTINATION = 60;

    private Ipv6() {}

    public static int version(final long address) {
        return Mem.getByte(address) >>> 4;
    }

    public static int trafficClass(final long address) {
        return Mem.getShort(address) >>> 4 & 0xff;
    }

    public static int ecn(final long address) {
        return Mem.getByte(address + 1) >>> 4 & 3;
    }

    public static int flowLabel(final long address) {
        return Mem.getInt(address) & 0xfffff;
    }

    public static int payloadLength(final long address) {
        return Mem.getShort(address + PAYLOAD_LENGTH);
    }

    public static int nextHeader(final long address) {
        return Mem.getByte(address + NEXT_HEADER);
    }

    public static int hopLimit(final long address) {
        return Mem.getByte(address + HOP_LIMIT);
    }

    public static long sourceHigh(final long address) {
        return Mem.getLong(address + SOURCE);
    }

    public static long sourceLow(final long address) {
        return Mem.getLong(address + SOURCE + 8);
    }

    public static long destinationHigh(final long address) {
        return Mem.getLong(address + DESTINATION);
    }

    public static long destinationLow(final long address) {
        return Mem.getLong(address + DESTINATION + 8);
    }
}
