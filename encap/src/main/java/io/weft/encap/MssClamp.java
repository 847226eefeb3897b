package io.weft.encap;

/**
 * Lowers the maximum segment size that a TCP connection is opened with (RFC 9293, section 3.7.1), so that neither end
 * sends what does not fit the way between them. It is never raised, and not put in where it is missing.
 */
public final class MssClamp {
    private static final int END = 0;
    private static final int NO_OPERATION = 1;
    private static final int MSS = 2;
    private static final int MSS_LENGTH = 4;

    private MssClamp() {}

    /**
     * Lowers the size in a SYN; anything else is left as it is.
     *
     * @param frame of which {@code available} bytes may be read and written
     * @param parsed what {@link FrameParser} found in it
     * @param mtu bytes of the largest IP packet that fits; headers without options are what comes off (RFC 6691)
     * @param isSummed whether the checksum covers the option; false where it is filled in later
     * @return whether it was lowered
     */
    public static boolean lower(
            final long frame, final int available, final ParsedFrame parsed, final int mtu, final boolean isSummed) {
        if (parsed.protocol != Ipv4.PROTOCOL_TCP || parsed.l4 < 0) {
            return false;
        }
        final long tcp = frame + parsed.l4;
        if ((Tcp.flags(tcp) & Tcp.SYN) == 0) {
            return false;
        }
        final int limit =
                mtu - Tcp.MIN_HEADER_LENGTH - (parsed.ipVersion == 4 ? Ipv4.MIN_HEADER_LENGTH : Ipv6.HEADER_LENGTH);
        final int there = Math.min(available, parsed.ipEnd) - parsed.l4;
        final int option = find(tcp, Math.min(Tcp.headerLength(tcp), there));
        if (option < 0 || limit <= 0) {
            return false;
        }
        final int value = option + 2;
        final int old = Mem.getShort(tcp + value);
        if (old <= limit) {
            return false;
        }
        Mem.putShort(tcp + value, limit);
        if (isSummed) {
            final int sum = Tcp.checksum(tcp);
            // At an odd offset the two bytes belong to two words: the same as one word with its bytes swapped.
            final boolean even = (value & 1) == 0;
            Tcp.checksum(
                    tcp,
                    even
                            ? Checksum.update(sum, old, limit)
                            : Checksum.update(sum, Checksum.swap(old), Checksum.swap(limit)));
        }
        return true;
    }

    /** Returns the offset of the option in a header of which {@code end} bytes are there, or -1. */
    private static int find(final long tcp, final int end) {
        int at = Tcp.MIN_HEADER_LENGTH;
        while (at < end) {
            final int kind = Mem.getByte(tcp + at);
            if (kind == END) {
                return -1;
            }
            if (kind == NO_OPERATION) {
                at++;
                continue;
            }
            final int length = at + 1 < end ? Mem.getByte(tcp + at + 1) : 0;
            if (length < 2 || length > end - at) {
                return -1;
            }
            if (kind == MSS) {
                return length == MSS_LENGTH ? at : -1;
            }
            at += length;
        }
        return -1;
    }
}
