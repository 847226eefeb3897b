package io.weft.encap;

/**
 * The Geneve header (RFC 8926, section 3.4) and its options (section 3.5).
 *
 * <pre>
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |Ver|  Opt len  |O|C|    Rsvd.  |         Protocol type         |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |       Virtual network identifier (VNI)        |   Reserved    |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |         Option class          |C|   Type      |R|R|R| Length  |  one option: 4 bytes and 4 * length
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * </pre>
 */
public final class Geneve {
    public static final int VERSION_LENGTH = 0;
    public static final int FLAGS = 1;
    public static final int PROTOCOL_TYPE = 2;
    public static final int VNI = 4;
    public static final int MIN_HEADER_LENGTH = 8;
    public static final int MAX_HEADER_LENGTH = 260;
    public static final int PORT = 6081;

    /** The O bit: a control packet, not to be forwarded. */
    public static final int FLAG_CONTROL = 0x80;

    /** The C bit: at least one option is critical. */
    public static final int FLAG_CRITICAL = 0x40;

    public static final int OPTION_TYPE = 2;
    public static final int OPTION_LENGTH = 3;
    public static final int OPTION_HEADER_LENGTH = 4;
    public static final int OPTION_CRITICAL = 0x80;

    /** {@link #check}: an Ethernet frame follows at {@link #headerLength}. */
    public static final int OK = 0;

    /** {@link #check}: fewer bytes than the header announces. */
    public static final int TRUNCATED = 1;

    /** {@link #check}: a version other than 0 (section 3.4: must be dropped). */
    public static final int UNKNOWN_VERSION = 2;

    /** {@link #check}: a control packet (section 3.4: must not be forwarded). */
    public static final int CONTROL = 3;

    /** {@link #check}: the options' lengths do not add up to the header's (section 3.5: must be dropped silently). */
    public static final int BAD_OPTIONS = 4;

    /** {@link #check}: an option that is critical and not known here (section 3.5: must be dropped). */
    public static final int UNKNOWN_CRITICAL_OPTION = 5;

    /** {@link #check}: the payload is not an Ethernet frame. */
    public static final int NOT_ETHERNET = 6;

    private static final String[] NAMES = {
        "ok",
        "geneve-truncated",
        "geneve-unknown-version",
        "geneve-control",
        "geneve-bad-options",
        "geneve-unknown-critical-option",
        "geneve-not-ethernet"
    };

    private Geneve() {}

    public static int version(final long header) {
        return Mem.getByte(header + VERSION_LENGTH) >>> 6;
    }

    /** Returns the length of header and options in bytes, 8..260. */
    public static int headerLength(final long header) {
        return MIN_HEADER_LENGTH + ((Mem.getByte(header + VERSION_LENGTH) & 0x3f) << 2);
    }

    public static int protocolType(final long header) {
        return Mem.getShort(header + PROTOCOL_TYPE);
    }

    public static int vni(final long header) {
        return Mem.getInt(header + VNI) >>> 8;
    }

    /** Returns the eight bytes to send for a VNI of 24 bits: no options, an Ethernet frame, all that is reserved 0. */
    public static long header(final int vni) {
        return (long) Ethernet.TYPE_TRANSPARENT_BRIDGING << 32 | (long) vni << 8;
    }

    /** Returns the words for a code of {@link #check}, as they are counted. */
    public static String name(final int code) {
        return NAMES[code];
    }

    /**
     * Says whether a received header may be taken off, of which {@code available} bytes can be read. Without the C bit
     * the options are passed over by their total length (section 3.4); with it each is looked at, and since none is
     * known here, a critical one refuses the packet. Bits that are reserved are ignored.
     */
    public static int check(final long header, final int available) {
        if (available < MIN_HEADER_LENGTH) {
            return TRUNCATED;
        }
        final int first = Mem.getInt(header);
        if (first == Ethernet.TYPE_TRANSPARENT_BRIDGING) {
            return OK; // no options, no flags: nearly every packet
        }
        if (first >>> 30 != 0) {
            return UNKNOWN_VERSION;
        }
        final int headerLength = MIN_HEADER_LENGTH + ((first >>> 24 & 0x3f) << 2);
        if (headerLength > available) {
            return TRUNCATED;
        }
        final int flags = first >>> 16 & 0xff;
        if ((flags & FLAG_CONTROL) != 0) {
            return CONTROL;
        }
        if ((flags & FLAG_CRITICAL) != 0) {
            final int code = checkOptions(header + MIN_HEADER_LENGTH, headerLength - MIN_HEADER_LENGTH);
            if (code != OK) {
                return code;
            }
        }
        return (first & 0xffff) == Ethernet.TYPE_TRANSPARENT_BRIDGING ? OK : NOT_ETHERNET;
    }

    /** At most 63 steps: the length has six bits of words, and an option is a word at least. */
    private static int checkOptions(final long options, final int length) {
        int offset = 0;
        int critical = 0;
        while (offset < length) {
            critical |= Mem.getByte(options + offset + OPTION_TYPE);
            offset += OPTION_HEADER_LENGTH + ((Mem.getByte(options + offset + OPTION_LENGTH) & 0x1f) << 2);
        }
        if (offset != length) {
            return BAD_OPTIONS;
        }
        return (critical & OPTION_CRITICAL) != 0 ? UNKNOWN_CRITICAL_OPTION : OK;
    }
}
