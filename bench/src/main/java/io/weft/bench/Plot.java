package io.weft.bench;

import java.util.List;
import java.util.Locale;
import java.util.function.DoubleFunction;

/** Lines over a logarithmic x-axis, as an SVG that stands by itself. */
final class Plot {
    private static final int WIDTH = 720;
    private static final int HEIGHT = 400;
    private static final int LEFT = 60;
    private static final int RIGHT = 20;
    private static final int TOP = 40;
    private static final int BOTTOM = 50;
    private static final String[] COLOURS = {"#1f6feb", "#d1242f", "#1a7f37", "#9a6700", "#8250df"};

    /** One line: {@code y[i]} at {@code x[i]}, both ascending by x. */
    record Line(String name, List<Point> points) {}

    /** A measurement. */
    record Point(double x, double y) {}

    private final StringBuilder svg = new StringBuilder();
    private final double lowX;
    private final double highX;
    private final double highY;
    private final double stepY;

    private Plot(final List<Line> lines) {
        lowX = lines.stream()
                .flatMap(line -> line.points.stream())
                .mapToDouble(Point::x)
                .min()
                .orElse(1);
        highX = Math.max(
                lowX * 2,
                lines.stream()
                        .flatMap(line -> line.points.stream())
                        .mapToDouble(Point::x)
                        .max()
                        .orElse(2));
        final double most = lines.stream()
                .flatMap(line -> line.points.stream())
                .mapToDouble(Point::y)
                .max()
                .orElse(1);
        stepY = step(Math.max(most, 1e-9) / 5);
        highY = Math.ceil(most / stepY) * stepY;
    }

    static String svg(final String title, final String x, final String y, final List<Line> lines) {
        final Plot plot = new Plot(lines);
        plot.frame(title, x, y);
        for (int i = 0; i < lines.size(); i++) {
            plot.line(lines.get(i), COLOURS[i % COLOURS.length], i);
        }
        return plot.svg.append("</svg>\n").toString();
    }

    /** The next of 1, 2, 5, 10, 20 ... */
    private static double step(final double atLeast) {
        final double power = Math.pow(10, Math.floor(Math.log10(atLeast)));
        for (final int factor : new int[] {1, 2, 5}) {
            if (factor * power >= atLeast) {
                return factor * power;
            }
        }
        return 10 * power;
    }

    private double px(final double x) {
        return LEFT + (WIDTH - LEFT - RIGHT) * Math.log(x / lowX) / Math.log(highX / lowX);
    }

    private double py(final double y) {
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * y / highY;
    }

    private void frame(final String title, final String x, final String y) {
        put(String.format(
                Locale.ROOT,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"12\">",
                WIDTH,
                HEIGHT));
        put(String.format(Locale.ROOT, "<rect width=\"%d\" height=\"%d\" fill=\"#ffffff\"/>", WIDTH, HEIGHT));
        text(WIDTH / 2.0, 20, "middle", "#000000", title);
        text(WIDTH / 2.0, HEIGHT - 10, "middle", "#000000", x);
        put(String.format(
                Locale.ROOT,
                "<text x=\"15\" y=\"%d\" text-anchor=\"middle\" transform=\"rotate(-90 15 %d)\">%s</text>",
                HEIGHT / 2,
                HEIGHT / 2,
                escape(y)));
        for (double value = 0; value <= highY * 1.0001; value += stepY) {
            rule(LEFT, py(value), WIDTH - RIGHT, py(value));
            text(LEFT - 6, py(value) + 4, "end", "#57606a", short_(value));
        }
        ticks(value -> {
            rule(px(value), TOP, px(value), HEIGHT - BOTTOM);
            text(px(value), HEIGHT - BOTTOM + 16, "middle", "#57606a", short_(value));
            return null;
        });
    }

    /** At powers of ten, or of two where there is less than a hundred. */
    private void ticks(final DoubleFunction<Void> at) {
        final int factor = highX / lowX < 100 ? 2 : 10;
        for (double value = lowX; value <= highX * 1.0001; value *= factor) {
            at.apply(value);
        }
    }

    private void line(final Line line, final String colour, final int index) {
        final StringBuilder points = new StringBuilder();
        for (final Point point : line.points) {
            points.append(String.format(Locale.ROOT, "%.1f,%.1f ", px(point.x), py(point.y)));
        }
        put(String.format(
                Locale.ROOT,
                "<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"/>",
                points.toString().strip(),
                colour));
        for (final Point point : line.points) {
            put(String.format(
                    Locale.ROOT,
                    "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"/>",
                    px(point.x),
                    py(point.y),
                    colour));
        }
        text(WIDTH - RIGHT - 6, HEIGHT - BOTTOM - 10 - 16.0 * index, "end", colour, line.name);
    }

    private void rule(final double x1, final double y1, final double x2, final double y2) {
        put(String.format(
                Locale.ROOT,
                "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"#d0d7de\"/>",
                x1,
                y1,
                x2,
                y2));
    }

    private void text(final double x, final double y, final String anchor, final String colour, final String words) {
        put(String.format(
                Locale.ROOT,
                "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" fill=\"%s\">%s</text>",
                x,
                y,
                anchor,
                colour,
                escape(words)));
    }

    private void put(final String element) {
        svg.append(element).append('\n');
    }

    private static String escape(final String words) {
        return words.replace("&", "&amp;").replace("<", "&lt;");
    }

    private static String short_(final double value) {
        if (value >= 1e6) {
            return String.format(Locale.ROOT, "%.0fM", value / 1e6);
        }
        if (value >= 1e4) {
            return String.format(Locale.ROOT, "%.0fk", value / 1e3);
        }
        return value == Math.rint(value)
                ? String.format(Locale.ROOT, "%.0f", value)
                : String.format(Locale.ROOT, "%.1f", value);
    }
}
