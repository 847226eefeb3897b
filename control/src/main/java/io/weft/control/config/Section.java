package io.weft.control.config;

import io.weft.encap.IpAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;

/**
 * A mapping of a YAML document while it is read: hands out values by key, complains about those of the wrong kind, and
 * in the end about keys that nobody asked for. A wrong value reads as the fallback, so that reading goes on and finds
 * the next mistake. Owned by the thread that reads.
 */
final class Section {
    private final Complaints complaints;
    private final Places places;
    private final String path;
    private final Map<String, Node> values = new LinkedHashMap<>();
    private final Map<String, Node> keyNodes = new LinkedHashMap<>();
    private final Set<String> known = new LinkedHashSet<>();
    private final boolean broken;

    Section(final Complaints complaints, final Places places, final String path, final Node node) {
        this.complaints = complaints;
        this.places = places;
        this.path = path;
        this.broken = !(node instanceof MappingNode) && !isNull(node);
        if (node instanceof MappingNode mapping) {
            mapping.getValue().forEach(this::take);
        } else if (!isNull(node)) {
            complaints.errorAt(
                    path, place(node), "must be a mapping (key: value)" + (path.isEmpty() ? "" : found(node)));
        }
    }

    private void take(final NodeTuple tuple) {
        if (!(tuple.getKeyNode() instanceof ScalarNode scalar)) {
            complaints.errorAt(path, place(tuple.getKeyNode()), "a key must be one word, not a list or a mapping");
            return;
        }
        final String key = scalar.getValue();
        if (values.containsKey(key)) {
            final int first = place(keyNodes.get(key)).line();
            complaints.errorAt(
                    sub(key),
                    place(scalar),
                    "is given twice" + (first > 0 ? ", first on line " + first : "") + "; remove one");
            return;
        }
        values.put(key, tuple.getValueNode());
        keyNodes.put(key, scalar);
        places.put(sub(key), place(scalar));
    }

    /** Whether it is no mapping at all; complaints about what it lacks are then of no use and are not taken. */
    boolean isBroken() {
        return broken;
    }

    String sub(final String key) {
        return path.isEmpty() ? key : path + "." + key;
    }

    boolean has(final String key) {
        known.add(key);
        return values.containsKey(key);
    }

    /** Keys of a mapping whose keys are names; asking makes all of them known. */
    List<String> names() {
        known.addAll(values.keySet());
        return List.copyOf(values.keySet());
    }

    void error(final String key, final String message) {
        if (!broken) {
            complaints.error(key.isEmpty() ? path : sub(key), message);
        }
    }

    /** Complains about every key that was not asked for. */
    void end() {
        values.keySet().stream().filter(key -> !known.contains(key)).forEach(key -> {
            complaints.error(sub(key), "unknown key; " + Words.hint(key, known, "known keys"));
        });
    }

    Section section(final String key) {
        return new Section(complaints, places, sub(key), has(key) ? values.get(key) : null);
    }

    boolean isMapping(final String key) {
        return has(key) && values.get(key) instanceof MappingNode;
    }

    /** The scalar's text, or the fallback where there is none or something else. */
    String text(final String key, final String fallback) {
        if (!has(key)) {
            return fallback;
        }
        final String text = scalar(sub(key), values.get(key));
        return text == null ? fallback : text;
    }

    /** A whole number, decimal or 0x, within the bounds. */
    int integer(final String key, final int fallback, final int min, final int max) {
        final String text = text(key, null);
        if (text == null) {
            return fallback;
        }
        final Long number = number(text);
        if (number == null || number < min || number > max) {
            error(key, Words.quoted(text) + " is not a number from " + min + " to " + max);
            return fallback;
        }
        return number.intValue();
    }

    /** A count that takes units, within the bounds. */
    int size(final String key, final int fallback, final int min, final int max) {
        final String text = text(key, null);
        if (text == null) {
            return fallback;
        }
        final long size = Units.size(text);
        if (size < min || size > max) {
            error(key, Words.quoted(text) + " is not a number from " + min + " to " + max + " (units: k, M)");
            return fallback;
        }
        return (int) size;
    }

    long duration(final String key, final long fallback, final long minMs, final long maxMs) {
        final String text = text(key, null);
        if (text == null) {
            return fallback;
        }
        final long ms = Units.duration(text);
        if (ms < minMs || ms > maxMs) {
            error(
                    key,
                    Words.quoted(text) + " is not a duration from " + Units.formatDuration(minMs) + " to "
                            + Units.formatDuration(maxMs) + " (units: ms, s, m, h, d)");
            return fallback;
        }
        return ms;
    }

    boolean onOff(final String key, final boolean fallback) {
        return choice(key, fallback ? Switched.ON : Switched.OFF, Switched.class) == Switched.ON;
    }

    private enum Switched {
        ON,
        OFF
    }

    <E extends Enum<E>> E choice(final String key, final E fallback, final Class<E> type) {
        String text = text(key, null);
        if (text == null) {
            return fallback;
        }
        if (type == Switched.class) {
            text = "true".equals(text) || "yes".equals(text)
                    ? "on"
                    : "false".equals(text) || "no".equals(text) ? "off" : text;
        }
        final List<String> words = new ArrayList<>();
        for (final E value : type.getEnumConstants()) {
            words.add(Words.word(value));
            if (Words.word(value).equals(text)) {
                return value;
            }
        }
        error(key, Words.quoted(text) + " is none of " + String.join(", ", words));
        return fallback;
    }

    long mac(final String key, final long fallback) {
        final String text = text(key, null);
        if (text == null) {
            return fallback;
        }
        final long mac = Macs.parse(text);
        if (mac < 0) {
            error(key, Words.quoted(text) + " is not a MAC address such as 02:00:00:00:00:01");
            return fallback;
        }
        return mac;
    }

    IpAddress address(final String key) {
        final String text = text(key, null);
        return text == null ? null : address(sub(key), text);
    }

    /** One address or a list of them; each complaint names its place in the list. */
    List<IpAddress> addresses(final String key) {
        final List<IpAddress> addresses = new ArrayList<>();
        items(key).forEach((itemPath, text) -> {
            final IpAddress address = address(itemPath, text);
            if (address != null) {
                addresses.add(address);
            }
        });
        return addresses;
    }

    /** Whole numbers of a list within the bounds. */
    List<Integer> integers(final String key, final int min, final int max) {
        final List<Integer> numbers = new ArrayList<>();
        items(key).forEach((itemPath, text) -> {
            final Long number = number(text);
            if (number == null || number < min || number > max) {
                complaints.error(itemPath, Words.quoted(text) + " is not a number from " + min + " to " + max);
            } else {
                numbers.add(number.intValue());
            }
        });
        return numbers;
    }

    private Map<String, String> items(final String key) {
        final Map<String, String> items = new LinkedHashMap<>();
        if (!has(key)) {
            return items;
        }
        if (values.get(key) instanceof SequenceNode sequence) {
            int i = 0;
            for (final Node node : sequence.getValue()) {
                final String itemPath = sub(key) + "[" + i++ + "]";
                places.put(itemPath, place(node));
                final String text = scalar(itemPath, node);
                if (text != null) {
                    items.put(itemPath, text);
                }
            }
        } else {
            final String text = scalar(sub(key), values.get(key));
            if (text != null) {
                items.put(sub(key), text);
            }
        }
        return items;
    }

    IpAddress address(final String itemPath, final String text) {
        try {
            return IpAddress.parse(text);
        } catch (final IllegalArgumentException _) {
            complaints.error(itemPath, Words.quoted(text) + " is not an IP address");
            return null;
        }
    }

    private String scalar(final String itemPath, final Node node) {
        if (isNull(node)) {
            complaints.error(itemPath, "has no value; give one or remove the key");
            return null;
        }
        if (!(node instanceof ScalarNode scalar)) {
            complaints.error(itemPath, "must be one value" + found(node));
            return null;
        }
        return scalar.getValue();
    }

    static Long number(final String text) {
        if (text.length() > 12 || !text.matches("-?[0-9]+|0x[0-9a-fA-F]+")) {
            return null;
        }
        return text.startsWith("0x") ? Long.valueOf(text.substring(2), 16) : Long.valueOf(text);
    }

    private static String found(final Node node) {
        return node instanceof SequenceNode
                ? ", not a list"
                : node instanceof MappingNode ? ", not a mapping" : ", not a single value";
    }

    private static boolean isNull(final Node node) {
        return node == null || Tag.NULL.equals(node.getTag());
    }

    static Places.Place place(final Node node) {
        return place(node.getStartMark());
    }

    static Places.Place place(final Mark mark) {
        return mark == null ? new Places.Place(0, 0) : new Places.Place(mark.getLine() + 1, mark.getColumn() + 1);
    }
}
