package io.weft.cli;

import java.util.Locale;

/** Numbers as people read them. */
final class Words {
    private static final String[] PREFIXES = {"", "k", "M", "G", "T", "P"};

    private Words() {}

    /** {@code 1,234,567}. */
    static String count(final long count) {
        return String.format(Locale.ROOT, "%,d", count);
    }

    /** Three digits and a decimal prefix: {@code 14.2 M}. */
    static String scaled(final double value) {
        double rest = Math.max(0, value);
        int step = 0;
        while (rest >= 999.5 && step < PREFIXES.length - 1) {
            rest /= 1000;
            step++;
        }
        if (step == 0) {
            return rest == 0 || rest >= 9.95 ? String.format(Locale.ROOT, "%.0f", rest) : decimals(rest, 1);
        }
        return decimals(rest, rest >= 99.95 ? 0 : rest >= 9.995 ? 1 : 2) + " " + PREFIXES[step];
    }

    /** {@code 14.2 MB}. */
    static String bytes(final double value) {
        final String scaled = scaled(value);
        return scaled.indexOf(' ') < 0 ? scaled + " B" : scaled + "B";
    }

    /** {@code 3 h 5 min}: the two largest units; under a second in milliseconds. */
    static String duration(final long millis) {
        if (millis < 1_000) {
            return Math.max(0, millis) + " ms";
        }
        final long seconds = millis / 1_000;
        if (seconds < 60) {
            return seconds + " s";
        } else if (seconds < 3_600) {
            return two(seconds / 60, "min", seconds % 60, "s");
        } else if (seconds < 86_400) {
            return two(seconds / 3_600, "h", seconds % 3_600 / 60, "min");
        }
        return two(seconds / 86_400, "d", seconds % 86_400 / 3_600, "h");
    }

    /** {@code 42 %}. */
    static String percent(final double share) {
        return String.format(Locale.ROOT, "%.0f %%", 100 * share);
    }

    private static String two(final long major, final String unit, final long minor, final String minorUnit) {
        return minor == 0 ? major + " " + unit : major + " " + unit + " " + minor + " " + minorUnit;
    }

    private static String decimals(final double value, final int digits) {
        return String.format(Locale.ROOT, "%." + digits + "f", value);
    }
}
