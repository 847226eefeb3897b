package io.weft.cli;

import java.util.Iterator;
import java.util.List;

/** What the shell completes where a value is one of few; the switch itself checks it. */
final class Choices {
    private Choices() {}

    /** For {@code --mode}. */
    static final class Roles implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return List.of("client", "server").iterator();
        }
    }

    /** For {@code --direction}. */
    static final class Directions implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return List.of("in", "out", "drop").iterator();
        }
    }

    /** For {@code --encap}. */
    static final class Encapsulations implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return List.of("vxlan", "nvgre", "geneve").iterator();
        }
    }
}
