package io.weft.control.config;

import java.util.Collection;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Writes maps, lists, strings, numbers and booleans as YAML: blocks down to networks and ports, which stand on a line
 * each. Booleans are written {@code on} and {@code off}.
 */
final class YamlText {
    /** What no version of YAML takes for anything but a string, also within brackets. */
    private static final Pattern PLAIN =
            Pattern.compile("[A-Za-z/][A-Za-z0-9_./@-]*|[0-9]{1,3}(\\.[0-9]{1,3}){3}|[0-9]+(ms|[smhd])");

    /** A key that is a number stands for its text. */
    private static final Pattern NUMBER = Pattern.compile("0|[1-9][0-9]*");

    private static final Set<String> WORDS =
            Set.of("y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf");

    private YamlText() {}

    static String of(final Map<?, ?> tree) {
        if (tree.isEmpty()) {
            return "{}\n";
        }
        final StringBuilder out = new StringBuilder(1024);
        block(out, tree, "");
        return out.toString();
    }

    private static void block(final StringBuilder out, final Map<?, ?> tree, final String indent) {
        tree.forEach((key, value) -> {
            out.append(indent).append(key(key)).append(':');
            if (value instanceof Map<?, ?> map && isBlock(map)) {
                out.append('\n');
                block(out, map, indent + "  ");
            } else {
                out.append(' ').append(flow(value)).append('\n');
            }
        });
    }

    /** A mapping stands on one line where it is a leaf (a network, a port) or empty. */
    private static boolean isBlock(final Map<?, ?> map) {
        return map.containsKey("address")
                || map.containsKey("flow-cache")
                || map.containsKey("networks")
                || (!map.isEmpty() && map.values().stream().allMatch(value -> value instanceof Map<?, ?>));
    }

    private static String flow(final Object value) {
        return switch (value) {
            case null -> "null";
            case Map<?, ?> map ->
                map.entrySet().stream()
                        .map(entry -> key(entry.getKey()) + ": " + flow(entry.getValue()))
                        .collect(Collectors.joining(", ", "{", "}"));
            case Collection<?> list -> list.stream().map(YamlText::flow).collect(Collectors.joining(", ", "[", "]"));
            default -> scalar(value);
        };
    }

    private static String key(final Object key) {
        final String text = String.valueOf(key);
        return NUMBER.matcher(text).matches() ? text : scalar(text);
    }

    private static String scalar(final Object value) {
        if (value instanceof Boolean on) {
            return on ? "on" : "off";
        }
        if (value instanceof Number number) {
            return number.toString();
        }
        final String text = String.valueOf(value);
        final boolean plain = PLAIN.matcher(text).matches() && !WORDS.contains(text.toLowerCase(Locale.ROOT));
        return plain ? text : quoted(text);
    }

    private static String quoted(final String text) {
        final StringBuilder out = new StringBuilder(text.length() + 8).append('"');
        text.chars().forEach(c -> {
            if (c == '"' || c == '\\') {
                out.append('\\').append((char) c);
            } else if (c < 0x20 || c >= 0x7f) {
                out.append(String.format(Locale.ROOT, "\\u%04x", c));
            } else {
                out.append((char) c);
            }
        });
        return out.append('"').toString();
    }
}
