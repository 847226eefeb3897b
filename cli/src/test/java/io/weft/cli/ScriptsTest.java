package io.weft.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The launcher and its finding of JDK and Maven, in a tree of empty modules with a Maven that only notes its call. */
final class ScriptsTest {
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    private static final Path JAVA = Path.of(System.getProperty("java.home"));

    @TempDir
    private Path folder;

    private Path tree;

    private record Ended(int status, String out, String err) {}

    @BeforeEach
    void makeTree() throws IOException {
        tree = folder.resolve("a tree");
        copy("weft");
        copy("mvnw");
        copy("cli/src/main/sh/jdk.sh");
        copy(".mvn/wrapper/maven-wrapper.properties");
        Files.writeString(tree.resolve("pom.xml"), "<project/>");
        for (final String module : List.of("encap", "flowcache", "dataplane", "control")) {
            Files.createDirectories(tree.resolve(module).resolve("src"));
            Files.writeString(tree.resolve(module).resolve("src/A.java"), "class A {}");
        }
        // Its jar is this program's classes: a manifest that names them is enough.
        script(
                "bin/mvn",
                "echo \"$JAVA_HOME $*\" >>'%s/calls'".formatted(folder),
                "[ -z \"${BROKEN:-}\" ] || { echo '[ERROR] it is broken'; exit 1; }",
                "sleep 0.2; mkdir -p '%s/cli/target/lib' && cd '%s/cli/target'".formatted(tree, tree),
                "printf 'Class-Path: %s\\n' >m".formatted(wrap(classPath())),
                "'%s/bin/jar' -c -f weft.jar -m m -e io.weft.cli.Weft m".formatted(JAVA));
    }

    @Test
    void shouldBuildOnceWhenCalledTwice() throws IOException, InterruptedException {
        final Ended first = run(tree, "./weft", "--version");
        assertEquals(0, first.status, first.err);
        assertTrue(first.out.startsWith("weft "), first.out);
        assertEquals("building (first use)...\n", first.err);
        assertEquals(new Ended(0, first.out, ""), run(tree, "./weft", "--version"));
        assertEquals(1, calls().size());
    }

    @Test
    void shouldBuildOnceWhenCalledAtTheSameTime() throws IOException, InterruptedException {
        final Process one = start(tree, Map.of(), "./weft", "--version");
        final Process two = start(tree, Map.of(), "./weft", "--version");
        assertEquals(0, end(one).status);
        assertEquals(0, end(two).status);
        assertEquals(1, calls().size());
    }

    @Test
    void shouldBuildAgainWhenSourcesAreNewer() throws IOException, InterruptedException {
        run(tree, "./weft", "--version");
        final Path source = tree.resolve("encap/src/A.java");
        Files.setLastModifiedTime(source, FileTime.from(Instant.now().plusSeconds(5)));
        assertEquals("building (sources changed)...\n", run(tree, "./weft", "--version").err);
        assertEquals(2, calls().size());
    }

    @Test
    void shouldRunFromAnywhereThroughLinks() throws IOException, InterruptedException {
        Files.createDirectories(folder.resolve("links"));
        final Path link = folder.resolve("links/w");
        Files.createSymbolicLink(link, tree.resolve("weft"));
        final Ended ended = run(Path.of("/"), link.toString(), "--version");
        assertEquals(0, ended.status, ended.err);
    }

    @Test
    void shouldPassArgumentsAndStatusOn() throws IOException, InterruptedException {
        final Ended ended = run(tree, "./weft", "status", "--api", folder + "/a b.sock");
        assertEquals(1, ended.status);
        assertTrue(ended.err.contains("/a b.sock"), ended.err);
        assertEquals(2, run(tree, "./weft", "nonsense").status);
    }

    @Test
    void shouldShowWhyWhenTheBuildFails() throws IOException, InterruptedException {
        final Ended ended = end(start(tree, Map.of("BROKEN", "1"), "./weft", "--version"));
        assertEquals(1, ended.status);
        assertTrue(ended.err.contains("[ERROR] it is broken"), ended.err);
        assertTrue(ended.err.contains("target/build.log"), ended.err);
    }

    @Test
    void shouldSayInOneLineWhatToDoWhenTheTreeIsNotWritable() throws IOException, InterruptedException {
        // A file in the folder's place stops root too.
        Files.writeString(tree.resolve("target"), "");
        final Ended ended = run(tree, "./weft", "--version");
        assertEquals(1, ended.status);
        assertEquals(1, ended.err.lines().count(), ended.err);
        assertTrue(ended.err.contains("is not writable"), ended.err);
    }

    @Test
    void shouldSayInOneLineWhatToInstallWhenThereIsNoJdk() throws IOException, InterruptedException {
        // Finds none: every home it looks at is said to be too old.
        final Path finder = tree.resolve("cli/src/main/sh/jdk.sh");
        Files.writeString(finder, Files.readString(finder).replace("weft_jdk_release=25", "weft_jdk_release=999"));
        final Ended ended = run(tree, "./weft", "--version");
        assertEquals(1, ended.status);
        assertEquals(1, ended.err.lines().count(), ended.err);
        assertTrue(ended.err.contains("no JDK 999 or newer found"), ended.err);
    }

    @Test
    void shouldPreferJavaHomeAndSkipWhatIsTooOld() throws IOException, InterruptedException {
        final Path old = folder.resolve("old");
        script("old/bin/java");
        script("old/bin/javac");
        Files.writeString(old.resolve("release"), "JAVA_VERSION=\"17.0.1\"\n");
        run(tree, "./weft", "--version");
        assertTrue(calls().getFirst().startsWith(JAVA + " "), calls().toString());
        final Ended ended = end(start(tree, Map.of("JAVA_HOME", old.toString()), "./weft", "--version"));
        assertEquals(0, ended.status, ended.err);
    }

    @Test
    void shouldSayInOneLineWhatToDoWhenThereIsNoMaven() throws IOException, InterruptedException {
        final Ended ended = end(start(
                tree,
                Map.of("PATH", toolsWithoutMaven().toString(), "MVNW_REPOURL", "", "MAVEN_USER_HOME", folder + "/m2"),
                "./mvnw",
                "-v"));
        assertEquals(1, ended.status, ended.out);
        assertEquals(1, ended.err.lines().count(), ended.err);
        assertTrue(ended.err.contains("MVNW_REPOURL"), ended.err);
    }

    @Test
    void shouldRefuseMavenWithOtherChecksum() throws IOException, InterruptedException {
        final Path repository = folder.resolve("repository");
        final String path = Files.readString(tree.resolve(".mvn/wrapper/maven-wrapper.properties"))
                .lines()
                .filter(line -> line.startsWith("distributionUrl="))
                .map(line -> line.substring(line.indexOf('}') + 1))
                .findFirst()
                .orElseThrow();
        final Path fake = Path.of(repository + path);
        Files.createDirectories(fake.getParent());
        Files.writeString(fake, "not Maven");
        final Ended ended = end(start(
                tree,
                Map.of("MVNW_REPOURL", repository.toUri().toString(), "MAVEN_USER_HOME", folder + "/m2"),
                "./mvnw",
                "-v"));
        assertEquals(1, ended.status, ended.out);
        assertTrue(ended.err.contains("SHA-256"), ended.err);
    }

    private List<String> calls() throws IOException {
        return Files.readAllLines(folder.resolve("calls"));
    }

    /** What the scripts call, without Maven. */
    private Path toolsWithoutMaven() throws IOException {
        for (final String tool : List.of("readlink", "dirname", "basename", "sed", "mktemp", "mkdir", "rm")) {
            final String bin = Files.exists(Path.of("/usr/bin", tool)) ? "/usr/bin/" : "/bin/";
            script("tools/" + tool, "exec " + bin + tool + " \"$@\"");
        }
        return folder.resolve("tools");
    }

    private void copy(final String file) throws IOException {
        final Path to = tree.resolve(file);
        Files.createDirectories(to.getParent());
        Files.copy(ROOT.resolve(file), to);
        assertTrue(to.toFile().setExecutable(true));
    }

    private void script(final String file, final String... lines) throws IOException {
        final Path to = folder.resolve(file);
        Files.createDirectories(to.getParent());
        Files.writeString(to, "#!/bin/sh\n" + String.join("\n", lines) + "\n");
        assertTrue(to.toFile().setExecutable(true));
    }

    private static String classPath() {
        final StringBuilder urls = new StringBuilder();
        for (final String entry : System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"))
                .split(File.pathSeparator, -1)) {
            urls.append(Path.of(entry).toUri()).append(' ');
        }
        return urls.toString().strip();
    }

    /** A manifest's lines have at most 72 bytes; the next begins with a blank. */
    private static String wrap(final String value) {
        return value.replaceAll("(.{55})", "$1\\\\n ").replace("%", "%%");
    }

    private Ended run(final Path from, final String... command) throws IOException, InterruptedException {
        return end(start(from, Map.of(), command));
    }

    private Process start(final Path from, final Map<String, String> environment, final String... command)
            throws IOException {
        final ProcessBuilder builder = new ProcessBuilder(command).directory(from.toFile());
        builder.environment().put("JAVA_HOME", JAVA.toString());
        builder.environment().put("PATH", folder.resolve("bin") + ":" + System.getenv("PATH"));
        builder.environment().remove("MVNW_REPOURL");
        builder.environment().putAll(environment);
        return builder.start();
    }

    private static Ended end(final Process process) throws IOException, InterruptedException {
        final String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        final String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(process.waitFor(60, TimeUnit.SECONDS));
        return new Ended(process.exitValue(), out, err);
    }
}
