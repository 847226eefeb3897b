package io.weft.cli.verify;

import io.weft.cli.verify.TestRun.Result;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/** Joins items, tests that name them, and how those ended. */
final class Conformance {
    private static final Pattern ITEM = Pattern.compile("[VNGEUHT]\\d+");

    private final List<Item> items;
    private final List<TaggedTest> tests;
    private final List<TestRun> runs;

    Conformance(final List<Item> items, final List<TaggedTest> tests, final List<TestRun> runs) {
        this.items = items;
        this.tests = tests;
        this.runs = runs;
    }

    /**
     * An item with its tests.
     *
     * @param lines one for each test, with how it ended
     * @param complaint why the item fails, or null
     */
    record Row(Item item, List<String> lines, String complaint) {}

    /** @param leftOut tags of tests that were left out on purpose: these are excused */
    List<Row> rows(final Set<String> leftOut) {
        return items.stream().map(item -> row(item, leftOut)).toList();
    }

    /** Tags that look like items but stand in no table. */
    Set<String> unknownTags() {
        final Set<String> unknown = new TreeSet<>();
        tests.forEach(test -> test.tags().stream()
                .filter(tag -> ITEM.matcher(tag).matches())
                .filter(tag -> items.stream().noneMatch(item -> item.key().equals(tag)))
                .forEach(unknown::add));
        return unknown;
    }

    private Row row(final Item item, final Set<String> leftOut) {
        final List<String> lines = new ArrayList<>();
        String complaint = null;
        for (final TaggedTest test : tests) {
            if (!test.tags().contains(item.key())) {
                continue;
            }
            final String ended = ended(test, leftOut);
            lines.add(simple(test.type()) + "#" + test.method() + (ended.equals("passed") ? "" : " " + ended));
            if (ended.startsWith("FAILED") || ended.startsWith("NOT RUN")) {
                complaint = "a test failed or did not run";
            }
        }
        lines.sort(null);
        if (lines.isEmpty() && item.wantsTest()) {
            complaint = "no test names it";
        }
        return new Row(item, lines, complaint);
    }

    private String ended(final TaggedTest test, final Set<String> leftOut) {
        int passed = 0;
        String skipped = null;
        for (final TestRun run : runs) {
            if (run.isRunOf(test)) {
                if (run.result() == Result.FAILED) {
                    return "FAILED";
                } else if (run.result() == Result.SKIPPED) {
                    skipped = "(skipped: " + run.reason() + ")";
                } else {
                    passed++;
                }
            }
        }
        if (passed > 0) {
            return "passed";
        } else if (skipped != null) {
            return skipped;
        }
        return test.tags().stream().anyMatch(leftOut::contains) ? "(left out: needs root)" : "NOT RUN";
    }

    private static String simple(final String type) {
        return type.substring(type.lastIndexOf('.') + 1);
    }
}
