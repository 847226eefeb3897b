package io.weft.cli.verify;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A line of docs/conformance.md.
 *
 * @param metBy "Weft", "kernel", both, or "n/a: reason"
 */
record Item(String key, String meaning, String metBy) {
    private static final Pattern ROW = Pattern.compile("\\|\\s*([A-Z]\\d+)\\s*\\|\\s*(.+?)\\s*\\|\\s*(.+?)\\s*\\|");

    /** Whether a test must name it. */
    boolean wantsTest() {
        return metBy.startsWith("Weft");
    }

    /** Who meets it, for the table. */
    String inWords() {
        return switch (metBy) {
            case "kernel" -> "the kernel meets it, for device: kernel";
            case "Weft, kernel" -> "Weft, and the kernel for device: kernel";
            default -> metBy;
        };
    }

    static List<Item> read(final Path table) throws IOException {
        final List<Item> items = new ArrayList<>();
        for (final String line : Files.readAllLines(table)) {
            final Matcher row = ROW.matcher(line.strip());
            if (row.matches()) {
                items.add(new Item(row.group(1), row.group(2), row.group(3)));
            }
        }
        return items;
    }
}
