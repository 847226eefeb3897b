package io.weft.control.config;

import java.util.Collection;
import java.util.Locale;

/** Words of the configuration: how enumerations are written, and which known word somebody may have meant. */
public final class Words {
    private Words() {}

    /** {@code AF_XDP} as files write it: {@code af-xdp}. */
    public static String word(final Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** The text between quotes, on one line and not too long: what somebody wrote, shown back. */
    public static String quoted(final String text) {
        return '"' + printable(text.length() > 60 ? text.substring(0, 60) + "..." : text) + '"';
    }

    /** The text without what could move a terminal's cursor or end a line of a log. */
    static String printable(final String text) {
        return text.replaceAll("[\\p{Cc}\u2028\u2029]", "?");
    }

    /** Returns the known word nearest to the one given, or null if none is near. */
    public static String nearest(final String word, final Collection<String> known) {
        String best = null;
        int bestDistance = Math.max(2, word.length() / 3) + 1;
        for (final String candidate : known) {
            final int distance = distance(word.toLowerCase(Locale.ROOT), candidate.toLowerCase(Locale.ROOT));
            if (distance < bestDistance && distance < candidate.length()) {
                best = candidate;
                bestDistance = distance;
            }
        }
        return best;
    }

    /** {@code did you mean "web"?}, or what there is. */
    public static String hint(final String word, final Collection<String> known, final String plural) {
        final String near = nearest(word, known);
        if (near != null) {
            return "did you mean \"" + near + "\"?";
        }
        return known.isEmpty() ? "there are no " + plural : plural + " are " + String.join(", ", known);
    }

    /** Levenshtein's distance, a swap of neighbours counting one. */
    static int distance(final String a, final String b) {
        final int[][] d = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            for (int j = 0; j <= b.length(); j++) {
                if (i == 0 || j == 0) {
                    d[i][j] = i + j;
                    continue;
                }
                final boolean same = a.charAt(i - 1) == b.charAt(j - 1);
                d[i][j] = Math.min(Math.min(d[i - 1][j], d[i][j - 1]) + 1, d[i - 1][j - 1] + (same ? 0 : 1));
                if (i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1)) {
                    d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
                }
            }
        }
        return d[a.length()][b.length()];
    }
}
