package io.weft.dataplane.vhost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Fuzzes {@link VhostFuzz} for a fixed time, or for {@code -Dweft.fuzz.seconds}: once with Jazzer, which looks at what
 * an input covers, in a process of its own; and once, shorter, with inputs that are merely random. What it has found
 * before, and inputs to begin with, are files of {@code src/test/resources/vhost-fuzz}.
 */
class VhostFuzzTest {
    private static final int SECONDS = Integer.getInteger("weft.fuzz.seconds", 20);
    private static final int RANDOM_INPUTS = 20_000;
    private static final String RESOURCES = "/vhost-fuzz/";

    @TempDir
    private Path folder;

    @Tag("H1")
    @Test
    void shouldSurviveWhatItDidNotSurviveOnce() throws IOException {
        final List<byte[]> inputs = known();
        assertTrue(inputs.size() > 5);
        inputs.forEach(VhostFuzz::fuzzerTestOneInput);
    }

    @Tag("H1")
    @Tag("H13")
    @Test
    void shouldSurviveRandomInputs() throws IOException {
        final long seed = System.nanoTime();
        System.out.println("seed " + seed);
        final Random random = new Random(seed);
        final List<byte[]> known = known();
        for (int i = 0; i < RANDOM_INPUTS; i++) {
            VhostFuzz.fuzzerTestOneInput(random.nextBoolean() ? random(random) : changed(random, known));
        }
    }

    private static byte[] random(final Random random) {
        final byte[] input = new byte[1 + random.nextInt(400)];
        random.nextBytes(input);
        return input;
    }

    private static byte[] changed(final Random random, final List<byte[]> known) {
        final byte[] input = known.get(random.nextInt(known.size())).clone();
        for (int n = 1 + random.nextInt(6); n > 0; n--) {
            final int at = random.nextInt(input.length);
            input[at] = (byte) (random.nextBoolean() ? random.nextInt() : input[at] ^ 1 << random.nextInt(8));
        }
        return input;
    }

    @Tag("H1")
    @Tag("H13")
    @Tag("T2")
    @Test
    void shouldSurviveWhatJazzerThinksOf() throws Exception {
        final Path corpus = Files.createDirectory(folder.resolve("corpus"));
        int n = 0;
        for (final byte[] input : known()) {
            Files.write(corpus.resolve("known-" + n++), input);
        }
        final Path log = folder.resolve("log");
        final Process jazzer = new ProcessBuilder(command(corpus))
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        final boolean ended = jazzer.waitFor(SECONDS + 300L, TimeUnit.SECONDS);
        if (!ended) {
            jazzer.destroyForcibly().waitFor();
        }
        final String said = Files.readString(log);
        said.lines()
                .filter(line -> line.startsWith("Done ") || line.contains("Base64:"))
                .forEach(System.out::println);
        assertTrue(ended, "did not end");
        assertEquals(0, jazzer.exitValue(), said);
        assertTrue(said.contains("cov: "), "nothing was covered: " + said);
    }

    private List<String> command(final Path corpus) {
        final List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(
                "--enable-native-access=ALL-UNNAMED",
                "--add-exports=java.base/jdk.internal.misc=ALL-UNNAMED",
                "-XX:+EnableDynamicAgentLoading",
                "-XX:+UseSerialGC",
                "-Xmx1g",
                "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"))
                        + File.pathSeparator,
                "com.code_intelligence.jazzer.Jazzer",
                "--target_class=" + VhostFuzz.class.getName(),
                "--instrumentation_includes=io.weft.dataplane.vhost.**",
                "--reproducer_path=" + folder,
                "-artifact_prefix=" + folder + File.separator,
                "-max_total_time=" + SECONDS,
                "-timeout=120",
                "-rss_limit_mb=0",
                "-max_len=2048",
                "-print_final_stats=1",
                corpus.toString()));
        return command;
    }

    private static List<byte[]> known() throws IOException {
        final List<byte[]> inputs = new ArrayList<>();
        try (InputStream index = VhostFuzzTest.class.getResourceAsStream(RESOURCES + "inputs.txt")) {
            assertTrue(index != null, "inputs.txt is not there");
            new String(index.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.isBlank() && line.charAt(0) != '#')
                    .forEach(line -> inputs.add(HexFormat.of().parseHex(line.strip())));
        }
        return inputs;
    }
}
