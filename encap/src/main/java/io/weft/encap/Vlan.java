package io.weft.encap;

/**
 * The VLAN tag of IEEE 802.1Q, clause 9, which stands between the source address and the type; an 802.1ad service tag
 * differs in its TPID. Accessors take the address of the tag, which is where its TPID stands.
 *
 * <pre>
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |             TPID              | PCP |D|          VID          |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * </pre>
 */
public final class Vlan {
    public static final int TPID = 0;
    public static final int TCI = 2;
    public static final int TAG_LENGTH = 4;

    /** TPID of a customer tag. */
    public static final int TPID_CUSTOMER = Ethernet.TYPE_VLAN;

    /** TPID of a service tag. */
    public static final int TPID_SERVICE = Ethernet.TYPE_SERVICE_VLAN;

    /** The VID of a priority tag: it carries a priority and names no VLAN. */
    public static final int VID_PRIORITY = 0;

    /** The greatest VID that may be used; 4095 is reserved. */
    public static final int VID_MAX = 4094;

    private Vlan() {}

    public static boolean isTpid(final int type) {
        return type == TPID_CUSTOMER || type == TPID_SERVICE;
    }

    public static int tpid(final long tag) {
        return Mem.getShort(tag + TPID);
    }

    public static int tci(final long tag) {
        return Mem.getShort(tag + TCI);
    }

    public static void tci(final long tag, final int tci) {
        Mem.putShort(tag + TCI, tci);
    }

    /** Returns the VLAN identifier of a TCI, 0..4095. */
    public static int vid(final int tci) {
        return tci & 0xfff;
    }

    /** Returns the priority code point of a TCI, 0..7. */
    public static int pcp(final int tci) {
        return tci >>> 13 & 7;
    }

    /** Puts a tag before all others. The frame then starts at {@code frame - 4}, which must be the caller's memory. */
    public static void push(final long frame, final int tpid, final int tci) {
        final long first = Mem.getLongNative(frame);
        final int last = Mem.getIntNative(frame + 8);
        Mem.putLongNative(frame - 4, first);
        Mem.putIntNative(frame + 4, last);
        Mem.putShort(frame + 8, tpid);
        Mem.putShort(frame + 10, tci);
    }

    /** Takes the first tag off a frame of at least 18 bytes. The frame then starts at {@code frame + 4}. */
    public static void strip(final long frame) {
        final long first = Mem.getLongNative(frame);
        final int last = Mem.getIntNative(frame + 8);
        Mem.putLongNative(frame + 4, first);
        Mem.putIntNative(frame + 12, last);
    }
}
