package io.weft.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import picocli.CommandLine.Option;

/** A command that asks for the counts again and again. */
abstract class Sampling extends ApiCommand {
    @Option(
            names = "--interval",
            paramLabel = "SECONDS",
            defaultValue = "1",
            description = "time between two looks; default ${DEFAULT-VALUE}")
    private double interval = 1;

    /** Takes two answers of {@code /v1/stats}; returns whether to go on. */
    @FunctionalInterface
    interface Show {
        boolean show(JsonNode before, JsonNode now, double seconds);
    }

    final void sample(final Show show) {
        JsonNode before = get("/v1/stats");
        long start = System.nanoTime();
        boolean more = true;
        while (more && pause()) {
            final JsonNode now = get("/v1/stats");
            final long time = System.nanoTime();
            more = show.show(before, now, (time - start) / 1e9);
            before = now;
            start = time;
        }
    }

    /** Waits for the interval; false when interrupted. */
    final boolean pause() {
        try {
            Thread.sleep(Duration.ofMillis((long) (1000 * Math.clamp(interval, 0.01, 3600))));
            return true;
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
