package io.weft.dataplane.vhost;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** What this process has open and mapped of what frontends share. */
final class OpenFds {
    private static final Path FDS = Path.of("/proc/self/fd");

    private OpenFds() {}

    /** Sockets, eventfds and files in memory, counted by kind. */
    static Map<String, Integer> count() {
        final Map<String, Integer> kinds = new TreeMap<>();
        try (Stream<Path> links = Files.list(FDS)) {
            links.map(OpenFds::target)
                    .filter(OpenFds::isShared)
                    .map(target -> target.replaceAll("\\[\\d+]", ""))
                    .forEach(target -> kinds.merge(target, 1, Integer::sum));
        } catch (final IOException failed) {
            throw new UncheckedIOException(failed);
        }
        return kinds;
    }

    /** Mappings of files whose name contains this. */
    static long mappings(final String name) {
        try (Stream<String> lines = Files.lines(Path.of("/proc/self/maps"))) {
            return lines.filter(line -> line.contains(name)).count();
        } catch (final IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    private static boolean isShared(final String target) {
        return target.startsWith("/memfd:") || target.startsWith("socket:") || target.contains("[eventfd]");
    }

    private static String target(final Path link) {
        try {
            return Files.readSymbolicLink(link).toString();
        } catch (final IOException closed) {
            return "";
        }
    }
}
