package io.weft.encap;

/**
 * Explicit congestion notification through a tunnel (RFC 6040, normal mode), and where the field stands in an IP
 * header (RFC 3168, section 5). Codepoints are 0..3; an inner frame without IP has {@link #NOT_IP}.
 */
public final class Ecn {
    public static final int NOT_ECT = 0;
    public static final int ECT_1 = 1;
    public static final int ECT_0 = 2;
    public static final int CE = 3;

    /** In place of an inner codepoint: the frame has no IP header. */
    public static final int NOT_IP = -1;

    /** From {@link #decapsulate}: the frame must be dropped. */
    public static final int DROP = -2;

    /*
     * RFC 6040, figure 4. Four bits for each pair, at 4 * (inner * 4 + outer): the outgoing codepoint, 0xe for a drop.
     *
     *              outer:  Not-ECT   ECT(1)      ECT(0)      CE
     * inner Not-ECT        Not-ECT   Not-ECT !!! Not-ECT !!! drop !!!
     * inner ECT(1)         ECT(1)    ECT(1)      ECT(1)   !  CE
     * inner ECT(0)         ECT(0)    ECT(1)      ECT(0)      CE
     * inner CE             CE        CE      !!! CE          CE
     */
    private static final long EGRESS = 0x3333_3212_3111_e000L;
    private static final int ALARM = 0b0010_0000_0100_1110;

    private Ecn() {}

    /** Returns the outer codepoint to send: the inner one, and Not-ECT around what is not IP (RFC 6040, section 4.1). */
    public static int encapsulate(final int inner) {
        return inner & ~(inner >> 31);
    }

    /**
     * Returns the codepoint that the inner header leaves with, or {@link #DROP} (RFC 6040, section 4.2). What is not IP
     * ({@link #NOT_IP}) is returned as it is: a result that equals {@code inner} has nothing to be written.
     */
    public static int decapsulate(final int inner, final int outer) {
        if (inner < 0) {
            return inner;
        }
        final int outgoing = (int) (EGRESS >>> ((inner << 2 | outer) << 2)) & 0xf;
        return outgoing == 0xe ? DROP : outgoing;
    }

    /** Says whether the pair is one that no well-behaved tunnel makes, to be reported at a limited rate. */
    public static boolean isSuspicious(final int inner, final int outer) {
        return inner >= 0 && (ALARM >>> (inner << 2 | outer) & 1) != 0;
    }

    /** Returns the codepoint of an IPv4 or IPv6 header. */
    public static int get(final long ipHeader, final int version) {
        return version == 4 ? Ipv4.ecn(ipHeader) : Ipv6.ecn(ipHeader);
    }

    /**
     * Writes a codepoint into an IPv4 header, whose checksum is kept as right or as wrong as it was, or an IPv6 header.
     *
     * @param version 4 or 6
     */
    public static void set(final long ipHeader, final int version, final int ecn) {
        if (version == 4) {
            final int before = Mem.getShort(ipHeader);
            final int after = (before & ~3) | ecn;
            Mem.putShort(ipHeader, after);
            Ipv4.checksum(ipHeader, Checksum.update(Ipv4.checksum(ipHeader), before, after));
        } else {
            Mem.putByte(ipHeader + 1, (Mem.getByte(ipHeader + 1) & ~0x30) | ecn << 4);
        }
    }
}
