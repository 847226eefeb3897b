package io.weft.encap;

import java.util.HexFormat;

/** Bytes for tests: from hexadecimal text with any white space, and into memory of their own. */
final class Bytes {
    private Bytes() {}

    static byte[] hex(final String... text) {
        return HexFormat.of().parseHex(String.join("", text).replaceAll("\\s", ""));
    }

    static String text(final long address, final int length) {
        return HexFormat.of().formatHex(Mem.bytes(address, length));
    }

    /** Returns the address of a copy with room on both sides. */
    static long copy(final byte[] bytes) {
        final long address = Mem.allocate(bytes.length + 256, 64) + 128;
        Mem.copy(bytes, 0, address, bytes.length);
        return address;
    }

    static long copy(final String... text) {
        return copy(hex(text));
    }

    static byte[] concat(final byte[]... parts) {
        int length = 0;
        for (final byte[] part : parts) {
            length += part.length;
        }
        final byte[] whole = new byte[length];
        int at = 0;
        for (final byte[] part : parts) {
            System.arraycopy(part, 0, whole, at, part.length);
            at += part.length;
        }
        return whole;
    }
}
