package io.weft.encap;

/**
 * The Ethernet header (IEEE 802.3, clause 3). Addresses are 48 bits in the low part of a {@code long}.
 *
 * <pre>
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                      Destination address                      |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |     Destination address       |        Source address         |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                        Source address                         |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |        Length / Type          |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * </pre>
 */
public final class Ethernet {
    public static final int DST = 0;
    public static final int SRC = 6;
    public static final int TYPE = 12;
    public static final int HEADER_LENGTH = 14;

    /** The shortest frame on a wire without its FCS; shorter frames are padded to it. */
    public static final int MIN_FRAME_LENGTH = 60;

    public static final long BROADCAST = 0xffff_ffff_ffffL;

    /** The least value of the type field that is an EtherType; a smaller one is an IEEE 802.3 length. */
    public static final int MIN_TYPE = 0x0600;

    public static final int TYPE_IPV4 = 0x0800;
    public static final int TYPE_ARP = 0x0806;
    public static final int TYPE_TRANSPARENT_BRIDGING = 0x6558;
    public static final int TYPE_RARP = 0x8035;
    public static final int TYPE_VLAN = 0x8100;
    public static final int TYPE_IPV6 = 0x86dd;
    public static final int TYPE_SERVICE_VLAN = 0x88a8;

    private static final long GROUP_BIT = 1L << 40;

    private Ethernet() {}

    public static long destination(final long address) {
        return Mem.getLong(address + DST) >>> 16;
    }

    public static void destination(final long address, final long mac) {
        putMac(address + DST, mac);
    }

    public static long source(final long address) {
        // Eight bytes that end with the source, so that a frame of 14 bytes is not overrun.
        return Mem.getLong(address + SRC - 2) & BROADCAST;
    }

    public static void source(final long address, final long mac) {
        putMac(address + SRC, mac);
    }

    public static int type(final long address) {
        return Mem.getShort(address + TYPE);
    }

    public static void type(final long address, final int type) {
        Mem.putShort(address + TYPE, type);
    }

    /** Says whether the address names a group; the broadcast address does. */
    public static boolean isMulticast(final long mac) {
        return (mac & GROUP_BIT) != 0;
    }

    /** Writes the six bytes of an address anywhere, as in ARP. */
    public static void putMac(final long address, final long mac) {
        Mem.putShort(address, (int) (mac >>> 32));
        Mem.putInt(address + 2, (int) mac);
    }

    /** Reads the six bytes of an address anywhere, touching no others. */
    public static long getMac(final long address) {
        return (long) Mem.getShort(address) << 32 | (Mem.getInt(address + 2) & 0xffff_ffffL);
    }
}
