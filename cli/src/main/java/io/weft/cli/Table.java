package io.weft.cli;

import java.util.ArrayList;
import java.util.List;

/** Text in aligned columns. Owned by the command that fills it. */
final class Table {
    private final String[] headings;
    private final boolean[] right;
    private final List<String[]> rows = new ArrayList<>();

    /** @param headings one a column; {@code >} in front aligns to the right */
    Table(final String... headings) {
        this.headings = new String[headings.length];
        right = new boolean[headings.length];
        for (int i = 0; i < headings.length; i++) {
            right[i] = headings[i].startsWith(">");
            this.headings[i] = right[i] ? headings[i].substring(1) : headings[i];
        }
    }

    Table row(final String... cells) {
        if (cells.length != headings.length) {
            throw new IllegalArgumentException(cells.length + " cells in " + headings.length + " columns");
        }
        rows.add(cells);
        return this;
    }

    boolean isEmpty() {
        return rows.isEmpty();
    }

    /** Lines with the heading first, or only {@code empty} where there is no row; each line ends. */
    String render(final String indent, final String empty) {
        if (rows.isEmpty()) {
            return indent + empty + "\n";
        }
        final int[] widths = new int[headings.length];
        widen(widths, headings);
        rows.forEach(row -> widen(widths, row));
        final StringBuilder text = new StringBuilder();
        line(text, indent, widths, headings);
        rows.forEach(row -> line(text, indent, widths, row));
        return text.toString();
    }

    private static void widen(final int[] widths, final String[] cells) {
        for (int i = 0; i < cells.length; i++) {
            widths[i] = Math.max(widths[i], cells[i].length());
        }
    }

    private void line(final StringBuilder text, final String indent, final int[] widths, final String[] cells) {
        final int start = text.length();
        text.append(indent);
        for (int i = 0; i < cells.length; i++) {
            if (i > 0) {
                text.append("  ");
            }
            final String pad = " ".repeat(widths[i] - cells[i].length());
            text.append(right[i] ? pad : "").append(cells[i]).append(right[i] ? "" : pad);
        }
        while (text.length() > start && text.charAt(text.length() - 1) == ' ') {
            text.setLength(text.length() - 1);
        }
        text.append('\n');
    }
}
