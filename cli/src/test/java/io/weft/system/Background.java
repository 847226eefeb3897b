package io.weft.system;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A program that runs beside the test, its output in files; ended by its own process id. */
final class Background implements AutoCloseable {
    private final List<String> command;
    private final Process process;
    private final Path out;
    private final Path err;

    private Background(final List<String> command, final Process process, final Path out, final Path err) {
        this.command = command;
        this.process = process;
        this.out = out;
        this.err = err;
    }

    /** @param prefix path without ending of the files for its output */
    static Background start(final Path prefix, final List<String> command) {
        final Path out = Path.of(prefix + ".out");
        final Path err = Path.of(prefix + ".err");
        try {
            final Process process = new ProcessBuilder(command)
                    .redirectInput(
                            ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                    .redirectOutput(out.toFile())
                    .redirectError(err.toFile())
                    .start();
            return new Background(List.copyOf(command), process, out, err);
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    long pid() {
        return process.pid();
    }

    /** What it has computed so far. */
    Duration cpu() {
        return process.info().totalCpuDuration().orElse(Duration.ZERO);
    }

    boolean isAlive() {
        return process.isAlive();
    }

    String out() {
        return read(out);
    }

    String err() {
        return read(err);
    }

    /** Waits until a text stands in its output or error output; fails when the program ends before or takes too long. */
    void awaitText(final String text, final Duration limit) {
        if (!Until.within(limit, () -> has(text) || !process.isAlive()) || !has(text)) {
            final String end = process.isAlive() ? "" : ", which ended with " + process.exitValue();
            throw new AssertionError(
                    "no \"" + text + "\" within " + limit.toSeconds() + " s from " + this + end + ": " + out() + err());
        }
    }

    private boolean has(final String text) {
        return out().contains(text) || err().contains(text);
    }

    /** Waits for its end and returns its exit status. */
    int await(final Duration limit) {
        try {
            if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new AssertionError(this + " still runs after " + limit.toSeconds() + " s: " + out() + err());
            }
            return process.exitValue();
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while waiting for " + this, e);
        }
    }

    /** SIGKILL, and wait. */
    void kill() {
        process.destroyForcibly();
        await(Duration.ofSeconds(10));
    }

    /** SIGTERM, and SIGKILL for what does not end in time. */
    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(5, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } catch (final InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }

    private static String read(final Path file) {
        try {
            return Files.exists(file) ? Files.readString(file) : "";
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public String toString() {
        final String line = String.join(" ", command);
        return line.length() > 200 ? line.substring(0, 200) + "..." : line;
    }
}
