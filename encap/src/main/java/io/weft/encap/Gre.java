package io.weft.encap;

/**
 * The GRE header (RFC 2784, section 2) with the key of RFC 2890, section 2, which stands where the figure shows it only
 * when C is 0 and K is 1.
 *
 * <pre>
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |C| |K|S|    Reserved0    | Ver |         Protocol type         |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                              Key                              |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * </pre>
 */
public final class Gre {
    public static final int FLAGS_VERSION = 0;
    public static final int PROTOCOL_TYPE = 2;
    public static final int KEY = 4;
    public static final int MIN_HEADER_LENGTH = 4;

    public static final int CHECKSUM_PRESENT = 0x8000;
    public static final int KEY_PRESENT = 0x2000;
    public static final int SEQUENCE_PRESENT = 0x1000;
    public static final int VERSION_MASK = 0x0007;

    private Gre() {}

    public static int flagsAndVersion(final long address) {
        return Mem.getShort(address + FLAGS_VERSION);
    }

    public static int protocolType(final long address) {
        return Mem.getShort(address + PROTOCOL_TYPE);
    }

    /** Returns both of the above as they stand in their 32 bits. */
    public static int firstWord(final long address) {
        return Mem.getInt(address);
    }

    public static int key(final long address) {
        return Mem.getInt(address + KEY);
    }
}
