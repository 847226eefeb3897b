package io.weft.encap;

/** Text of addresses: dotted decimal, RFC 4291 section 2.2 to read, RFC 5952 to write. */
final class IpText {
    private static final int GROUPS = 8;
    private static final long MAPPED = 0xffffL;

    private IpText() {}

    static IpAddress parse(final String text) {
        if (text.indexOf(':') < 0) {
            final long address = ipv4(text, text);
            return IpAddress.v4((int) address);
        }
        return ipv6(text);
    }

    private static long ipv4(final String text, final String whole) {
        long address = 0;
        int at = 0;
        for (int octet = 0; octet < 4; octet++) {
            if (octet > 0) {
                if (at >= text.length() || text.charAt(at) != '.') {
                    throw invalid(whole);
                }
                at++;
            }
            final int start = at;
            int value = 0;
            while (at < text.length() && at - start < 3 && isDecimal(text.charAt(at))) {
                value = 10 * value + text.charAt(at) - '0';
                at++;
            }
            // A leading zero is octal to some readers: refused, so that nobody is misunderstood.
            if (at == start || value > 255 || (at - start > 1 && text.charAt(start) == '0')) {
                throw invalid(whole);
            }
            address = address << 8 | value;
        }
        if (at != text.length()) {
            throw invalid(whole);
        }
        return address;
    }

    private static IpAddress ipv6(final String text) {
        final int gap = text.indexOf("::");
        if (gap < 0) {
            final int[] groups = groups(text, text);
            if (groups.length != GROUPS) {
                throw invalid(text);
            }
            return join(groups);
        }
        final int[] before = groups(text.substring(0, gap), text);
        final int[] after = groups(text.substring(gap + 2), text);
        // An embedded IPv4 address may only be last, and "::" stands for one group at least.
        if (before.length + after.length >= GROUPS || text.lastIndexOf('.', gap) >= 0) {
            throw invalid(text);
        }
        final int[] groups = new int[GROUPS];
        System.arraycopy(before, 0, groups, 0, before.length);
        System.arraycopy(after, 0, groups, GROUPS - after.length, after.length);
        return join(groups);
    }

    /** Reads groups between colons, none for an empty text; an IPv4 address at the end makes two. */
    private static int[] groups(final String text, final String whole) {
        if (text.isEmpty()) {
            return new int[0];
        }
        final String[] words = text.split(":", -1);
        final boolean embedded = words[words.length - 1].indexOf('.') >= 0;
        final int[] groups = new int[words.length + (embedded ? 1 : 0)];
        final int plain = embedded ? words.length - 1 : words.length;
        for (int i = 0; i < plain; i++) {
            groups[i] = group(words[i], whole);
        }
        if (embedded) {
            final long address = ipv4(words[plain], whole);
            groups[plain] = (int) (address >>> 16);
            groups[plain + 1] = (int) (address & 0xffff);
        }
        return groups;
    }

    private static int group(final String word, final String whole) {
        if (word.isEmpty() || word.length() > 4) {
            throw invalid(whole);
        }
        int group = 0;
        for (int i = 0; i < word.length(); i++) {
            final char c = word.charAt(i);
            final int digit = c < 0x80 ? Character.digit(c, 16) : -1;
            if (digit < 0) {
                throw invalid(whole);
            }
            group = group << 4 | digit;
        }
        return group;
    }

    private static IpAddress join(final int[] groups) {
        long hi = 0;
        long lo = 0;
        for (int i = 0; i < 4; i++) {
            hi = hi << 16 | groups[i];
            lo = lo << 16 | groups[4 + i];
        }
        return IpAddress.v6(hi, lo);
    }

    static String format(final IpAddress address) {
        if (address.isIpv4()) {
            return dotted(address.lo());
        }
        if (address.hi() == 0 && address.lo() >>> 32 == MAPPED) {
            return "::ffff:" + dotted(address.lo());
        }
        final int[] groups = new int[GROUPS];
        for (int i = 0; i < GROUPS; i++) {
            groups[i] = (int) ((i < 4 ? address.hi() : address.lo()) >>> (48 - 16 * (i & 3)) & 0xffff);
        }
        return compressed(groups);
    }

    /** The longest run of at least two zero groups, the first of equals, becomes "::" (RFC 5952, section 4.2). */
    private static String compressed(final int[] groups) {
        int gapStart = -1;
        int gapLength = 1;
        for (int i = 0; i < GROUPS; i++) {
            int length = 0;
            while (i + length < GROUPS && groups[i + length] == 0) {
                length++;
            }
            if (length > gapLength) {
                gapStart = i;
                gapLength = length;
            }
        }
        final StringBuilder text = new StringBuilder(39);
        for (int i = 0; i < GROUPS; i++) {
            if (i == gapStart) {
                text.append("::");
                i += gapLength - 1;
            } else {
                if (!text.isEmpty() && text.charAt(text.length() - 1) != ':') {
                    text.append(':');
                }
                text.append(Integer.toHexString(groups[i]));
            }
        }
        return text.toString();
    }

    private static String dotted(final long address) {
        return (address >>> 24 & 0xff)
                + "."
                + (address >>> 16 & 0xff)
                + "."
                + (address >>> 8 & 0xff)
                + "."
                + (address & 0xff);
    }

    private static boolean isDecimal(final char c) {
        return c >= '0' && c <= '9';
    }

    private static IllegalArgumentException invalid(final String text) {
        return new IllegalArgumentException("'" + text
                + "' is not an IP address; write an IPv4 or IPv6 address, as 10.1.0.1 or fd00::1, not a name");
    }
}
