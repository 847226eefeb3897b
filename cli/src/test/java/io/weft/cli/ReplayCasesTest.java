package io.weft.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.weft.control.config.ConfigReader;
import io.weft.control.config.Host;
import io.weft.dataplane.port.CaptureReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Each folder of test-pcaps is a replay: a configuration, captures that go in, and what must come out to the byte. */
class ReplayCasesTest {
    private static final Path CASES = Path.of("..", "test-pcaps");

    @TempDir
    private Path folder;

    @BeforeAll
    static void needsLibpcap() {
        assumeTrue(CaptureReader.isSupported(), "libpcap is not installed");
    }

    @TestFactory
    Stream<DynamicTest> shouldGiveExpectedBytes() throws IOException {
        final List<Path> cases = files(CASES, path -> Files.exists(path.resolve("weft.yaml")));
        assertTrue(!cases.isEmpty(), "no case in " + CASES);
        return cases.stream()
                .map(path -> DynamicTest.dynamicTest(path.getFileName().toString(), () -> replay(path)));
    }

    private void replay(final Path path) throws IOException {
        final SortedMap<String, Path> expected = named(path, "expect-");
        assumeTrue(!expected.isEmpty(), path + " has no expected output");
        final ConfigReader.Reading reading = ConfigReader.readFile(path.resolve("weft.yaml"), Host.replay());
        assertEquals(List.of(), reading.complaints());
        final Path out = folder.resolve(path.getFileName());
        final Map<String, Path> inputs = new TreeMap<>();
        named(path, "in-").forEach((name, file) -> inputs.put(name.replace(".pcap", ""), file));
        ReplayCommand.replay(reading.config(), inputs, out);
        assertEquals(expected.keySet(), new TreeMap<>(named(out, "")).keySet());
        for (final Map.Entry<String, Path> file : expected.entrySet()) {
            final Path actual = out.resolve(file.getKey());
            if (file.getKey().equals(ReplayCommand.COUNTS)) {
                assertEquals(Files.readString(file.getValue()), Files.readString(actual));
            } else {
                assertArrayEquals(Files.readAllBytes(file.getValue()), Files.readAllBytes(actual), file.getKey());
            }
        }
    }

    private static SortedMap<String, Path> named(final Path folder, final String prefix) throws IOException {
        final SortedMap<String, Path> named = new TreeMap<>();
        for (final Path file :
                files(folder, path -> path.getFileName().toString().startsWith(prefix))) {
            named.put(file.getFileName().toString().substring(prefix.length()), file);
        }
        return named;
    }

    private static List<Path> files(final Path folder, final Predicate<Path> which) throws IOException {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(which).sorted().toList();
        }
    }
}
