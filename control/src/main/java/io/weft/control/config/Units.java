package io.weft.control.config;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Durations and sizes as people write them. */
public final class Units {
    private static final Pattern NUMBER = Pattern.compile("([0-9]{1,15})\\s*([a-zA-Z]*)");

    private Units() {}

    /** Returns milliseconds, or -1 if the text is no duration: {@code 300s}, {@code 5m}, {@code 1h}, {@code 250ms}. */
    public static long duration(final String text) {
        final Matcher matcher = NUMBER.matcher(text);
        if (!matcher.matches()) {
            return -1;
        }
        final long unit =
                switch (matcher.group(2)) {
                    case "ms" -> 1;
                    case "s" -> 1_000;
                    case "m", "min" -> 60_000;
                    case "h" -> 3_600_000;
                    case "d" -> 86_400_000;
                    default -> -1;
                };
        return unit < 0 ? -1 : multiply(Long.parseLong(matcher.group(1)), unit);
    }

    /** Writes milliseconds in the largest unit that needs no fraction, seconds up to ten minutes. */
    public static String formatDuration(final long ms) {
        if (ms % 1_000 != 0) {
            return ms + "ms";
        }
        final long seconds = ms / 1_000;
        if (seconds <= 600 || seconds % 60 != 0) {
            return seconds + "s";
        }
        if (seconds % 86_400 == 0) {
            return seconds / 86_400 + "d";
        }
        return seconds % 3_600 == 0 ? seconds / 3_600 + "h" : seconds / 60 + "m";
    }

    /**
     * Returns a count, or -1 if the text is none: {@code 8192}, {@code 64k} and {@code 64Ki} are 65,536, {@code 1M} and
     * {@code 1MiB} are 1,048,576, as tables and memory are counted.
     */
    public static long size(final String text) {
        final Matcher matcher = NUMBER.matcher(text);
        if (!matcher.matches()) {
            return -1;
        }
        final long unit =
                switch (matcher.group(2).toLowerCase(Locale.ROOT)) {
                    case "", "b" -> 1;
                    case "k", "ki", "kb", "kib" -> 1L << 10;
                    case "m", "mi", "mb", "mib" -> 1L << 20;
                    case "g", "gi", "gb", "gib" -> 1L << 30;
                    default -> -1;
                };
        return unit < 0 ? -1 : multiply(Long.parseLong(matcher.group(1)), unit);
    }

    private static long multiply(final long number, final long unit) {
        final long high = Math.multiplyHigh(number, unit);
        return high == 0 && number * unit >= 0 ? number * unit : -1;
    }
}
