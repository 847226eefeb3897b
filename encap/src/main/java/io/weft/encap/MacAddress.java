package io.weft.encap;

/** Text of 48-bit addresses: six pairs of hexadecimal digits with colons, as {@code 02:00:00:00:00:01}. */
public final class MacAddress {
    private static final int LENGTH = 17;
    private static final char[] DIGITS = "0123456789abcdef".toCharArray();

    private MacAddress() {}

    /**
     * Returns the address in the low 48 bits; digits may be of either case, hyphens may stand for the colons.
     *
     * @throws IllegalArgumentException with a text for the operator
     */
    public static long parse(final String text) {
        if (text.length() != LENGTH) {
            throw invalid(text);
        }
        final char separator = text.charAt(2);
        if (separator != ':' && separator != '-') {
            throw invalid(text);
        }
        long mac = 0;
        for (int i = 0; i < LENGTH; i++) {
            final char c = text.charAt(i);
            if (i % 3 == 2) {
                if (c != separator) {
                    throw invalid(text);
                }
            } else {
                // Character.digit alone would take digits of other scripts.
                final int digit = c < 0x80 ? Character.digit(c, 16) : -1;
                if (digit < 0) {
                    throw invalid(text);
                }
                mac = mac << 4 | digit;
            }
        }
        return mac;
    }

    /** Returns the text of the low 48 bits, in lower case. */
    public static String format(final long mac) {
        final char[] text = new char[LENGTH];
        for (int i = 0; i < 6; i++) {
            final int octet = (int) (mac >>> (40 - 8 * i));
            text[3 * i] = DIGITS[octet >>> 4 & 0xf];
            text[3 * i + 1] = DIGITS[octet & 0xf];
            if (i < 5) {
                text[3 * i + 2] = ':';
            }
        }
        return new String(text);
    }

    private static IllegalArgumentException invalid(final String text) {
        return new IllegalArgumentException(
                "'" + text + "' is not a MAC address; write six pairs of hex digits, as 02:00:00:00:00:01");
    }
}
