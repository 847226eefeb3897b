package io.weft.cli.verify;

import io.weft.cli.verify.TestRun.Result;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Reads what the tests left behind and says whether all is well: {@code [--system] [--partial] --build CODE ROOT}. */
public final class Report {
    private static final List<String> MODULES = List.of("encap", "flowcache", "dataplane", "control", "cli", "bench");

    private final PrintStream out;
    private final Path root;
    private final List<TestRun> runs = new ArrayList<>();
    private final List<Path> classes = new ArrayList<>();

    Report(final PrintStream out, final Path root) throws IOException {
        this.out = out;
        this.root = root;
        for (final String module : MODULES) {
            runs.addAll(TestRun.read(module, root.resolve(module).resolve("target/surefire-reports")));
            final Path folder = root.resolve(module).resolve("target/test-classes");
            if (Files.isDirectory(folder)) {
                classes.add(folder);
            }
        }
    }

    public static void main(final String[] args) throws IOException {
        final List<String> list = List.of(args);
        final String build = list.get(list.indexOf("--build") + 1);
        final Report report = new Report(System.out, Path.of(list.getLast()));
        final boolean well = report.print(list.contains("--system"), list.contains("--partial"), build.equals("0"));
        System.exit(well ? 0 : 1);
    }

    /**
     * @param system whether system tests were to run
     * @param partial only some tests were asked for: the conformance table is left out
     * @param built whether the build itself ended well: compiler, formatter, module layers, time
     */
    boolean print(final boolean system, final boolean partial, final boolean built) throws IOException {
        durations();
        reasons("Skipped", Result.SKIPPED);
        reasons("FAILED", Result.FAILED);
        final boolean conforms = partial || conformance(system);
        if (!built) {
            out.println("\nThe BUILD FAILED (compiler, formatter or module layers): see [ERROR] in target/verify.log");
        }
        final long passed = count(Result.PASSED);
        final long failed = count(Result.FAILED);
        out.printf(Locale.ROOT, "%n%d passed, %d failed, %d skipped%n", passed, failed, count(Result.SKIPPED));
        return built && conforms && failed == 0 && passed > 0;
    }

    private long count(final Result result) {
        return runs.stream().filter(run -> run.result() == result).count();
    }

    private void durations() {
        out.println("\nDurations of test classes, seconds (those under half a second as one line per module):");
        final Map<String, Double> seconds =
                new TreeMap<>(Comparator.comparingInt(Report::moduleOf).thenComparing(Comparator.naturalOrder()));
        final Map<String, Double> byClass = runs.stream()
                .collect(Collectors.groupingBy(
                        run -> run.module() + " " + run.type(), Collectors.summingDouble(TestRun::seconds)));
        byClass.forEach((key, time) ->
                seconds.merge(time < 0.5 ? key.substring(0, key.indexOf(' ')) + " (others)" : key, time, Double::sum));
        seconds.forEach((key, time) -> out.printf(Locale.ROOT, "%8.1f  %s%n", time, key));
    }

    private static int moduleOf(final String key) {
        return MODULES.indexOf(key.substring(0, key.indexOf(' ')));
    }

    /** One line for each test; runs of one with other arguments only where something else is said of them. */
    private void reasons(final String heading, final Result result) {
        final Map<String, Integer> lines = new LinkedHashMap<>();
        runs.stream().filter(run -> run.result() == result).forEach(run -> {
            final String method = run.name().replaceFirst("[^\\w$].*", "");
            final String test = run.type() + (method.isEmpty() ? "" : "#" + method);
            lines.merge(test + ": " + run.reason(), 1, Integer::sum);
        });
        if (!lines.isEmpty()) {
            out.println("\n" + heading + ":");
            lines.forEach((line, times) -> out.println("  " + line + (times > 1 ? " (" + times + " times)" : "")));
        }
    }

    private boolean conformance(final boolean system) throws IOException {
        final Conformance conformance =
                new Conformance(Item.read(root.resolve("docs/conformance.md")), TaggedTest.scan(classes), runs);
        out.println("\nConformance (docs/conformance.md):");
        final List<String> complaints = new ArrayList<>();
        for (final Conformance.Row row : conformance.rows(system ? Set.of() : Set.of("system"))) {
            final Item item = row.item();
            out.printf("  %-4s %s [%s]%n", item.key(), item.meaning(), item.inWords());
            row.lines().forEach(line -> out.println("         " + line));
            if (row.complaint() != null) {
                out.println("         " + row.complaint().toUpperCase(Locale.ROOT));
                complaints.add(item.key() + " (" + row.complaint() + ")");
            }
        }
        conformance.unknownTags().forEach(tag -> complaints.add(tag + " (named by a test, not in the table)"));
        if (!complaints.isEmpty()) {
            out.println("\nConformance items not shown: " + String.join(", ", complaints));
        }
        return complaints.isEmpty();
    }
}
