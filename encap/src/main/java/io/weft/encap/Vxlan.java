package io.weft.encap;

/**
 * The VXLAN header (RFC 7348, section 5).
 *
 * <pre>
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |R|R|R|R|I|R|R|R|                   Reserved                    |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |          VXLAN network identifier (VNI)       |   Reserved    |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * </pre>
 */
public final class Vxlan {
    public static final int FLAGS = 0;
    public static final int VNI = 4;
    public static final int HEADER_LENGTH = 8;
    public static final int PORT = 4789;
    public static final int VNI_MAX = 0xff_ffff;

    /** The I flag: the VNI is valid. */
    public static final int FLAG_VNI = 0x08;

    private Vxlan() {}

    /** Says whether the I flag is set; the other flags and reserved fields are ignored, as section 5 demands. */
    public static boolean hasVni(final long header) {
        return (Mem.getByte(header + FLAGS) & FLAG_VNI) != 0;
    }

    public static int vni(final long header) {
        return Mem.getInt(header + VNI) >>> 8;
    }

    /** Returns the eight bytes to send for a VNI of 0..{@link #VNI_MAX}, all that is reserved being 0. */
    public static long header(final int vni) {
        return (long) FLAG_VNI << 56 | (long) vni << 8;
    }
}
