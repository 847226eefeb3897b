package io.weft.encap;

/**
 * The UDP header (RFC 768).
 *
 * <pre>
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |          Source port          |       Destination port        |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |            Length             |           Checksum            |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * </pre>
 */
public final class Udp {
    public static final int SOURCE_PORT = 0;
    public static final int DESTINATION_PORT = 2;
    public static final int LENGTH = 4;
    public static final int CHECKSUM = 6;
    public static final int HEADER_LENGTH = 8;

    private Udp() {}

    public static int sourcePort(final long address) {
        return Mem.getShort(address + SOURCE_PORT);
    }

    public static int destinationPort(final long address) {
        return Mem.getShort(address + DESTINATION_PORT);
    }

    /** Returns the length of header and payload in bytes, 8..65535 when well formed. */
    public static int length(final long address) {
        return Mem.getShort(address + LENGTH);
    }

    /** Returns the checksum; 0 says that the sender computed none. */
    public static int checksum(final long address) {
        return Mem.getShort(address + CHECKSUM);
    }

    public static void checksum(final long address, final int checksum) {
        Mem.putShort(address + CHECKSUM, checksum);
    }
}
