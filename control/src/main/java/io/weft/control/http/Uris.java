package io.weft.control.http;

import io.weft.control.config.Words;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Takes request targets apart (RFC 9112, section 3.2). What is malformed is a {@link Problem} 400. */
final class Uris {
    private Uris() {}

    /** The path before the query. */
    static String path(final String target) {
        final int query = target.indexOf('?');
        return query < 0 ? target : target.substring(0, query);
    }

    /** Decoded segments of a path; a slash at its end says nothing. */
    static List<String> segments(final String path) {
        final List<String> segments = new ArrayList<>();
        for (final String part : path.split("/", -1)) {
            segments.add(decode(part.replace("+", "%2B")));
        }
        segments.removeFirst();
        if (segments.size() > 1 && segments.getLast().isEmpty()) {
            segments.removeLast();
        }
        return segments;
    }

    /** The query by name; only names that are known, each once. */
    static Map<String, String> query(final String target, final Collection<String> known) {
        final int start = target.indexOf('?');
        final Map<String, String> query = new LinkedHashMap<>();
        if (start < 0 || start == target.length() - 1) {
            return query;
        }
        for (final String pair : target.substring(start + 1).split("&", -1)) {
            final int equals = pair.indexOf('=');
            final String name = decode(equals < 0 ? pair : pair.substring(0, equals));
            if (!known.contains(name)) {
                throw Problem.of(
                        400, "unknown parameter \"" + printable(name) + "\": " + Words.hint(name, known, "parameters"));
            }
            if (query.put(name, equals < 0 ? "" : decode(pair.substring(equals + 1))) != null) {
                throw Problem.of(400, "the parameter " + name + " is there twice");
            }
        }
        return query;
    }

    /** A text from outside for a line of ours: at most 200 characters, none that moves a cursor. */
    static String printable(final String text) {
        final StringBuilder line = new StringBuilder();
        text.codePoints()
                .limit(200)
                .forEach(c -> line.appendCodePoint(Character.isISOControl(c) || c == 0x2028 || c == 0x2029 ? '?' : c));
        return line.toString();
    }

    private static String decode(final String text) {
        try {
            return URLDecoder.decode(text, StandardCharsets.UTF_8);
        } catch (final IllegalArgumentException e) {
            throw Problem.of(400, "the request's target has a wrong % in \"" + printable(text) + "\"");
        }
    }
}
