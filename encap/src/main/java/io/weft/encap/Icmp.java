package io.weft.encap;

/**
 * The common start of ICMP (RFC 792) and ICMPv6 (RFC 4443, section 2.1) messages, with the identifier and sequence
 * number that echoes carry.
 *
 * <pre>
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |     Type      |     Code      |           Checksum            |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |          Identifier           |        Sequence number        |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * </pre>
 */
public final class Icmp {
    public static final int TYPE = 0;
    public static final int CODE = 1;
    public static final int CHECKSUM = 2;
    public static final int IDENTIFIER = 4;
    public static final int SEQUENCE = 6;
    public static final int HEADER_LENGTH = 8;

    private Icmp() {}

    public static int type(final long address) {
        return Mem.getByte(address + TYPE);
    }

    public static int code(final long address) {
        return Mem.getByte(address + CODE);
    }

    public static int checksum(final long address) {
        return Mem.getShort(address + CHECKSUM);
    }

    public static void checksum(final long address, final int checksum) {
        Mem.putShort(address + CHECKSUM, checksum);
    }

    public static int identifier(final long address) {
        return Mem.getShort(address + IDENTIFIER);
    }

    public static int sequence(final long address) {
        return Mem.getShort(address + SEQUENCE);
    }

    /** Says whether a message tells of an error, to which no error may answer (RFC 1122, section 3.2.2). */
    public static boolean isErrorV4(final int type) {
        // Unreachable, source quench, redirect, time exceeded, parameter problem.
        return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
    }

    /** The same for ICMPv6: errors are below 128, and to a redirect none may answer either (RFC 4443, section 2.4 e). */
    public static boolean isErrorV6(final int type) {
        return type < 128 || type == 137;
    }
}
