package io.weft.control.config;

import java.util.HashMap;
import java.util.Map;

/** Where each key of a file stands, by its dotted path. Owned by the thread that reads. */
public final class Places {
    private static final Place NOWHERE = new Place(0, 0);

    private final String file;
    private final Map<String, Place> byKey = new HashMap<>();

    /** @param file the file's name, or null */
    public Places(final String file) {
        this.file = file;
    }

    /** Places of a configuration that did not come from a file. */
    public static Places none() {
        return new Places(null);
    }

    String file() {
        return file;
    }

    void put(final String key, final Place place) {
        byKey.put(key, place);
    }

    boolean has(final String key) {
        return byKey.containsKey(key);
    }

    /** The place of the key, or else of what it is in. */
    Place of(final String key) {
        String path = key;
        while (!path.isEmpty()) {
            final Place place = byKey.get(path);
            if (place != null) {
                return place;
            }
            final int cut = Math.max(path.lastIndexOf('.'), path.lastIndexOf('['));
            path = cut < 0 ? "" : path.substring(0, cut);
        }
        return byKey.getOrDefault("", NOWHERE);
    }

    /** The same complaint with its place in this file. */
    public Complaint put(final Complaint complaint) {
        final Place place = of(complaint.key());
        return new Complaint(
                complaint.warning(), file, place.line(), place.column(), complaint.key(), complaint.message());
    }

    /** Counted from 1. */
    record Place(int line, int column) implements Comparable<Place> {
        @Override
        public int compareTo(final Place other) {
            return line != other.line ? Integer.compare(line, other.line) : Integer.compare(column, other.column);
        }
    }
}
