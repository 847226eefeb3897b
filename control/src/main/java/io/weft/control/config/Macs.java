package io.weft.control.config;

import io.weft.encap.MacAddress;

/** Ethernet addresses as text and as the low 48 bits of a long. */
public final class Macs {
    private Macs() {}

    /** Returns the address, or -1 if the text is none. */
    public static long parse(final String text) {
        try {
            return MacAddress.parse(text);
        } catch (final IllegalArgumentException _) {
            return -1;
        }
    }

    public static String format(final long mac) {
        return MacAddress.format(mac);
    }

    /** Whether the address can be a station's: neither zero nor a group's (I/G bit, IEEE 802, section 8.2). */
    public static boolean isUnicast(final long mac) {
        return mac != 0 && (mac >> 40 & 1) == 0;
    }
}
