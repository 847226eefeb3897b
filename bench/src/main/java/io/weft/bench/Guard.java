package io.weft.bench;

import io.weft.dataplane.Burst;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * Warns when the pipeline has become a lot slower than it was: nanoseconds a frame of {@link PipelineBenchmark}, divided
 * by those of a fixed loop on the same machine in the same run, beside the recorded quotient. The quotient is told apart
 * from a machine's clock rate, not from its caches or its neighbours: hence the margin.
 *
 * <p>Arguments: the file of recorded figures, and {@code --record} to write it. Ends 0, or 1 where a figure is beyond the
 * margin or missing.
 */
public final class Guard {
    private static final double MARGIN = 2;
    /** The compiler has seen it all by then, unless the machine has no time for it. */
    private static final int WARM_BURSTS = 300_000;

    private static final long MAX_WARM_NANOS = 15_000_000_000L;
    private static final int ROUNDS = 1_000;
    /** A round is some quarter of a millisecond: short enough that some are not disturbed on a busy machine. */
    private static final int BURSTS = 256;

    private static final List<String> SCENARIOS = List.of("l2", "encap", "decap");

    private static final int WORDS = 4096;
    private static final long[] MEMORY = new long[WORDS];

    /** Keeps the loop from being left out. */
    static volatile long sink;

    private Guard() {}

    public static void main(final String[] arguments) throws IOException {
        final Path file = Path.of(arguments[0]);
        final boolean record = arguments.length > 1 && "--record".equals(arguments[1]);
        final Map<String, Double> recorded = read(file);
        final List<String> lines = new ArrayList<>();
        boolean slow = false;
        for (final String scenario : SCENARIOS) {
            final double before = unit();
            final double nanos = pipeline(scenario);
            final double unit = Math.min(before, unit());
            final double quotient = nanos / unit;
            lines.add(String.format(Locale.ROOT, "%s %.1f", scenario, quotient));
            final Double known = recorded.get(scenario);
            final boolean beyond = !record && (known == null || quotient > MARGIN * known);
            slow |= beyond;
            System.out.printf(
                    Locale.ROOT,
                    "guard: %-5s %6.1f ns a frame, %5.1f units of %.2f ns; recorded %s%s%n",
                    scenario,
                    nanos,
                    quotient,
                    unit,
                    known == null ? "nothing" : String.format(Locale.ROOT, "%.1f", known),
                    beyond ? "  <-- SLOWER than " + MARGIN + " times that" : "");
        }
        if (record) {
            Files.write(file, lines);
        }
        System.exit(slow ? 1 : 0);
    }

    private static Map<String, Double> read(final Path file) throws IOException {
        final Map<String, Double> recorded = new TreeMap<>();
        if (Files.exists(file)) {
            for (final String line : Files.readAllLines(file)) {
                final String[] words = line.split(" ", 2);
                recorded.put(words[0], Double.valueOf(words[1]));
            }
        }
        return recorded;
    }

    /** The best of several rounds: what disturbs makes a round longer, never shorter. */
    private static double pipeline(final String scenario) {
        final PipelineBenchmark benchmark = new PipelineBenchmark();
        benchmark.scenario = scenario;
        benchmark.encap = "vxlan";
        benchmark.size = 64;
        benchmark.flows = 1000;
        benchmark.macs = 100;
        benchmark.setUp();
        final long warm = System.nanoTime();
        for (int i = 0; i < WARM_BURSTS && System.nanoTime() - warm < MAX_WARM_NANOS; i++) {
            sink = benchmark.burst();
        }
        double best = Double.MAX_VALUE;
        for (int round = 0; round < ROUNDS; round++) {
            final long start = System.nanoTime();
            for (int i = 0; i < BURSTS; i++) {
                sink = benchmark.burst();
            }
            best = Math.min(best, (double) (System.nanoTime() - start) / (BURSTS * Burst.CAPACITY));
        }
        benchmark.check();
        return best;
    }

    /** Nanoseconds of a step that multiplies, reads and writes: the machine's measure. */
    private static double unit() {
        double best = Double.MAX_VALUE;
        long x = 1;
        for (int round = 0; round < 60; round++) {
            final long start = System.nanoTime();
            x = steps(x);
            best = Math.min(best, (double) (System.nanoTime() - start) / (64 * WORDS));
        }
        sink = x;
        return best;
    }

    private static long steps(final long from) {
        long x = from;
        for (int i = 0; i < 64 * WORDS; i++) {
            x = (x ^ MEMORY[(int) x & (WORDS - 1)]) * 0x9e3779b97f4a7c15L + i;
            MEMORY[(int) (x >>> 40) & (WORDS - 1)] = x;
        }
        return x;
    }
}
