package io.weft.encap;

/**
 * The GRE header of NVGRE (RFC 7637, section 3.2): C and S are 0, K is 1, and the key is VSID and FlowID.
 *
 * <pre>
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |0| |1|0|    Reserved0    | Ver |     Protocol type 0x6558      |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |           Virtual subnet ID (VSID)            |    FlowID     |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * </pre>
 */
public final class Nvgre {
    public static final int KEY = Gre.KEY;
    public static final int HEADER_LENGTH = 8;
    public static final int FIRST_WORD = 0x2000_6558;

    /** Bits 6 to 12 of GRE's Reserved0, which a receiver must ignore (RFC 2784, section 2.3); bits 1 to 5 must be 0. */
    private static final int IGNORED = 0x03f8_0000;

    /** The least VSID that a tenant may have; those below are reserved. */
    public static final int VSID_MIN = 0x1000;

    /** The greatest VSID that a tenant may have; the next, all ones, is for a vendor's own use between endpoints. */
    public static final int VSID_MAX = 0xff_fffe;

    private Nvgre() {}

    /** Says whether a GRE header's first word is NVGRE's; any other word is some other use of GRE, or of its successor. */
    public static boolean isNvgre(final int firstWord) {
        return (firstWord & ~IGNORED) == FIRST_WORD;
    }

    public static boolean isTenantVsid(final int vsid) {
        return vsid >= VSID_MIN && vsid <= VSID_MAX;
    }

    public static int vsid(final long header) {
        return Mem.getInt(header + KEY) >>> 8;
    }

    /** Returns the sender's flow number, 0 when it makes none; it has no part in forwarding. */
    public static int flowId(final long header) {
        return Mem.getByte(header + KEY + 3);
    }

    /** Returns the eight bytes to send for a VSID of 24 bits and a FlowID of 8. */
    public static long header(final int vsid, final int flowId) {
        return (long) FIRST_WORD << 32 | (long) vsid << 8 | flowId;
    }
}
