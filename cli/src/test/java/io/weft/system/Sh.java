package io.weft.system;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs programs, each bounded in time. */
final class Sh {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    private Sh() {}

    /** @param code exit status; {@code err} what the program said on standard error */
    record Result(int code, String out, String err) {
        boolean ok() {
            return code == 0;
        }
    }

    /** Runs a program and returns what it printed; fails the test where it does not end with 0. */
    static String run(final String... command) {
        return run(List.of(command));
    }

    static String run(final List<String> command) {
        final Result result = tryRun(LIMIT, command);
        if (!result.ok()) {
            throw new AssertionError(String.join(" ", command) + " ended with " + result.code + ": "
                    + result.err.strip() + result.out.strip());
        }
        return result.out;
    }

    static Result tryRun(final Duration limit, final List<String> command) {
        try {
            final Path out = Files.createTempFile("weft-sh", ".out");
            final Path err = Files.createTempFile("weft-sh", ".err");
            try {
                final Process process = new ProcessBuilder(command)
                        .redirectInput(ProcessBuilder.Redirect.from(
                                Path.of("/dev/null").toFile()))
                        .redirectOutput(out.toFile())
                        .redirectError(err.toFile())
                        .start();
                if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                    process.descendants().forEach(ProcessHandle::destroyForcibly);
                    process.destroyForcibly().waitFor();
                    throw new AssertionError(String.join(" ", command) + " took longer than " + limit + ": "
                            + Files.readString(out) + Files.readString(err));
                }
                return new Result(process.exitValue(), Files.readString(out), Files.readString(err));
            } finally {
                Files.deleteIfExists(out);
                Files.deleteIfExists(err);
            }
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while running " + String.join(" ", command), e);
        }
    }
}
