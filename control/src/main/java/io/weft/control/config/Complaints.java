package io.weft.control.config;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * Gathers what is wrong, each with its place, so that all of it can be told at once. Owned by the thread that reads or
 * checks.
 */
public final class Complaints {
    private final List<Complaint> all = new ArrayList<>();
    private final Places places;

    public Complaints(final Places places) {
        this.places = places;
    }

    void error(final String key, final String message) {
        add(false, key, places.of(key), message);
    }

    void warn(final String key, final String message) {
        add(true, key, places.of(key), message);
    }

    /** An error whose key is not in the places: an unknown one, or no key at all. */
    void errorAt(final String key, final Places.Place place, final String message) {
        add(false, key, place, message);
    }

    /** Whether something is wrong with this key itself, so that nothing more need be said about it. */
    boolean has(final String key) {
        return all.stream().anyMatch(complaint -> complaint.key().equals(key));
    }

    /** Whether the file has the key. */
    boolean knows(final String key) {
        return places.has(key);
    }

    /** The keys in the order of the file, so that of two that cannot be together the later one is told. */
    List<String> inOrder(final Collection<String> keys, final UnaryOperator<String> path) {
        return keys.stream()
                .sorted(Comparator.comparing((String key) -> places.of(path.apply(key)))
                        .thenComparing(Comparator.naturalOrder()))
                .toList();
    }

    public boolean hasErrors() {
        return all.stream().anyMatch(complaint -> !complaint.warning());
    }

    /** All complaints, in the order of the file. */
    public List<Complaint> sorted() {
        return all.stream()
                .sorted(Comparator.comparingInt(Complaint::line).thenComparingInt(Complaint::column))
                .toList();
    }

    private void add(final boolean warning, final String key, final Places.Place place, final String message) {
        all.add(new Complaint(warning, places.file(), place.line(), place.column(), key, message));
    }
}
