package io.weft.control.config;

import java.util.Locale;

/** Ethernet addresses as text and as the low 48 bits of a long. */
public final class Macs {
    private Macs() {}

    /** Returns the address, or -1 if the text is none: six bytes in hexadecimal, between colons or dashes. */
    public static long parse(final String text) {
        final String[] parts = text.split("[:-]", -1);
        if (parts.length != 6) {
            return -1;
        }
        long mac = 0;
        for (final String part : parts) {
            if (part.length() != 2 || Character.digit(part.charAt(0), 16) < 0 || Character.digit(part.charAt(1), 16) < 0) {
                return -1;
            }
            mac = mac << 8 | Integer.parseInt(part, 16);
        }
        return mac;
    }

    public static String format(final long mac) {
        return String.format(
                Locale.ROOT,
                "%02x:%02x:%02x:%02x:%02x:%02x",
                mac >> 40 & 0xff,
                mac >> 32 & 0xff,
                mac >> 24 & 0xff,
                mac >> 16 & 0xff,
                mac >> 8 & 0xff,
                mac & 0xff);
    }

    /** Whether the address can be a station's: neither zero nor a group's (I/G bit, IEEE 802, section 8.2). */
    public static boolean isUnicast(final long mac) {
        return mac != 0 && (mac >> 40 & 1) == 0;
    }
}
