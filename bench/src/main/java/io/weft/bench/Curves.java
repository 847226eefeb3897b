package io.weft.bench;

import io.weft.bench.FlowPort.Pattern;
import io.weft.bench.Plot.Line;
import io.weft.bench.Plot.Point;
import io.weft.dataplane.Burst;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntToDoubleFunction;

/**
 * How the pipeline fares as what it holds grows: frames of 60 bytes between memory ports, one copy each, by a worker with a
 * thread of its own. Writes each curve as numbers and as a plot; {@code bench/curves} runs it.
 */
public final class Curves {
    private static final int CACHE = 1 << 16;
    private static final int LARGE_CACHE = 1 << 21;
    private static final int[] TO_A_MILLION = {1, 10, 100, 1_000, 10_000, 30_000, 100_000, 300_000, 1_000_000};
    private static final int[] TO_NETWORKS = {1, 10, 100, 1_000, 4_000, 16_000};
    private static final int[] TO_PORTS = {2, 10, 30, 100, 300, 1_000};
    private static final int TRUNKS = 4;

    private final double seconds;
    private final Path folder;
    private final int cpu;
    private final int otherCpu;

    private Curves(final double seconds, final Path folder, final int cpu, final int otherCpu) {
        this.seconds = seconds;
        this.folder = folder;
        this.cpu = cpu;
        this.otherCpu = otherCpu;
    }

    /** Arguments: seconds a point, folder, CPU of the worker, CPU of a second one, names of curves. */
    public static void main(final String[] args) throws IOException {
        final Curves curves = new Curves(
                Double.parseDouble(args[0]), Path.of(args[1]), Integer.parseInt(args[2]), Integer.parseInt(args[3]));
        Files.createDirectories(curves.folder);
        for (int i = 4; i < args.length; i++) {
            curves.draw(args[i]);
        }
    }

    private void draw(final String curve) throws IOException {
        switch (curve) {
            case "macs" ->
                write(
                        curve,
                        "Destination addresses, each looked up in turn",
                        "addresses",
                        line("flow cache of 65,536 entries", TO_A_MILLION, n -> macs(n, CACHE)),
                        line("flow cache of 2,097,152", TO_A_MILLION, n -> macs(n, LARGE_CACHE)));
            case "flows" ->
                write(
                        curve,
                        "UDP flows between 1,001 machines",
                        "flows",
                        line("port to port", TO_A_MILLION, this::flows),
                        line("into a VXLAN tunnel", TO_A_MILLION, this::tunnelledFlows));
            case "networks" ->
                write(
                        curve,
                        "Networks, each frame in another: VLAN of a trunk to VXLAN tunnel",
                        "networks",
                        line("trunk to tunnel", TO_NETWORKS, this::networks));
            case "ports" ->
                write(
                        curve,
                        "Ports on one worker",
                        "ports",
                        line("two busy, all others idle", TO_PORTS, this::idlePorts),
                        line("all busy, 32 frames at a time", TO_PORTS, n -> busyPorts(n, Burst.CAPACITY)),
                        line("all busy, a frame at a time", TO_PORTS, n -> busyPorts(n, 1)));
            case "workers" ->
                write(
                        curve,
                        "Workers, four ports",
                        "workers",
                        line("each frame stays on its worker", new int[] {1, 2}, n -> workers(n, false)),
                        line("each frame is handed over", new int[] {1, 2}, n -> workers(n, true)));
            default -> throw new IllegalArgumentException("no curve " + curve);
        }
    }

    /** One port to another, behind which are {@code n} machines. */
    private double macs(final int n, final int cache) {
        try (Bed bed = new Bed(List.of(cpu), cache)) {
            bed.network(0, false);
            return pair(bed, n, 1);
        }
    }

    private double flows(final int n) {
        try (Bed bed = new Bed(List.of(cpu), CACHE)) {
            bed.network(0, false);
            return pair(bed, 1_000, n);
        }
    }

    private double pair(final Bed bed, final int macs, final int flows) {
        final FlowPort from = bed.port("from", false);
        final FlowPort to = bed.port("to", false);
        bed.teach(to, Frames.destination(0), macs, Frames.SOURCE, macs);
        from.give(new Pattern(Frames.destination(0), macs, Frames.SOURCE, flows, 0, Burst.CAPACITY, false));
        return bed.rate(seconds, 2L * Math.max(macs, flows), to::sent);
    }

    private double tunnelledFlows(final int n) {
        try (Bed bed = new Bed(List.of(cpu), CACHE)) {
            bed.network(0, true);
            final FlowPort from = bed.port("from", false);
            for (int i = 0; i < 1_000; i++) {
                bed.ask(bed.control.addMac("t/n0", -1, Frames.destination(i), Bed.PEER));
            }
            bed.settle();
            from.give(new Pattern(Frames.destination(0), 1_000, Frames.SOURCE, n, 0, Burst.CAPACITY, false));
            return bed.rate(seconds, 2L * n, bed.wire::sent);
        }
    }

    /** Trunks with {@code n} networks in all; the frames of each go to its own tunnel. */
    private double networks(final int n) {
        try (Bed bed = new Bed(List.of(cpu), CACHE)) {
            final List<Map<Integer, String>> trunks = new ArrayList<>();
            for (int i = 0; i < n; i++) {
                bed.network(i, true);
                if (i < TRUNKS) {
                    trunks.add(new HashMap<>());
                }
                trunks.get(i % TRUNKS).put(1 + i / TRUNKS, "t/n" + i);
            }
            bed.settle();
            for (int i = 0; i < n; i++) {
                bed.ask(bed.control.addMac("t/n" + i, -1, Frames.destination(0), Bed.PEER));
            }
            final List<FlowPort> ports = new ArrayList<>();
            for (int i = 0; i < trunks.size(); i++) {
                ports.add(bed.trunk("trunk" + i, trunks.get(i)));
            }
            for (int i = 0; i < trunks.size(); i++) {
                final int vlans = trunks.get(i).size();
                ports.get(i)
                        .give(new Pattern(
                                Frames.destination(0), 1, Frames.SOURCE + i, 1, vlans, Burst.CAPACITY, false));
            }
            return bed.rate(seconds, 2L * n, bed.wire::sent);
        }
    }

    private double idlePorts(final int n) {
        try (Bed bed = new Bed(List.of(cpu), CACHE)) {
            bed.network(0, false);
            for (int i = 2; i < n; i++) {
                bed.port("idle" + i, true);
            }
            return pair(bed, 1, 1);
        }
    }

    /** A ring of ports, each of which sends to the next. */
    private double busyPorts(final int n, final int burst) {
        try (Bed bed = new Bed(List.of(cpu), CACHE)) {
            bed.network(0, false);
            final List<FlowPort> ports = new ArrayList<>();
            for (int i = 0; i < n; i++) {
                ports.add(bed.port("p" + i, false));
            }
            for (int i = 0; i < n; i++) {
                bed.ask(bed.control.addMac("t/n0", -1, Frames.destination(i), "p" + i));
            }
            bed.settle();
            for (int i = 0; i < n; i++) {
                ports.get(i)
                        .give(new Pattern(
                                Frames.destination((i + 1) % n), 1, Frames.destination(i), 1, 0, burst, false));
            }
            return bed.rate(
                    seconds, n, () -> ports.stream().mapToLong(FlowPort::sent).sum());
        }
    }

    /** Ports 0 and 2 belong to the first worker, 1 and 3 to the second. */
    private double workers(final int n, final boolean handedOver) {
        try (Bed bed = new Bed(n == 1 ? List.of(cpu) : List.of(cpu, otherCpu), CACHE)) {
            bed.network(0, false);
            final FlowPort[] ports = new FlowPort[4];
            for (int i = 0; i < ports.length; i++) {
                ports[i] = bed.port("p" + i, false);
            }
            for (int i = 0; i < ports.length; i++) {
                bed.ask(bed.control.addMac("t/n0", -1, Frames.destination(i), "p" + i));
            }
            bed.settle();
            final int[] to = handedOver ? new int[] {1, 0, 0, 2} : new int[] {2, 3, 2, 3};
            final int second = handedOver ? 3 : 1;
            for (final int from : new int[] {0, second}) {
                ports[from].give(new Pattern(
                        Frames.destination(to[from]), 1, Frames.destination(from), 1, 0, Burst.CAPACITY, false));
            }
            return bed.rate(seconds, 1, () -> ports[0].sent() + ports[1].sent() + ports[2].sent() + ports[3].sent());
        }
    }

    private Line line(final String name, final int[] values, final IntToDoubleFunction measured) {
        final List<Point> points = new ArrayList<>();
        // The compilers' own time, mostly.
        System.out.printf(Locale.ROOT, "%-32s (uncounted: %.2f Mpps)%n", name, measured.applyAsDouble(values[0]));
        for (final int value : values) {
            final double mpps = measured.applyAsDouble(value);
            System.out.printf(Locale.ROOT, "%-32s %9d %8.2f Mpps %8.1f ns a frame%n", name, value, mpps, 1e3 / mpps);
            points.add(new Point(value, mpps));
        }
        return new Line(name, points);
    }

    private void write(final String curve, final String title, final String x, final Line... lines) throws IOException {
        final StringBuilder rows = new StringBuilder(x + "\tline\tmpps\tns\n");
        for (final Line line : lines) {
            for (final Point point : line.points()) {
                rows.append(String.format(
                        Locale.ROOT, "%.0f\t%s\t%.3f\t%.2f%n", point.x(), line.name(), point.y(), 1e3 / point.y()));
            }
        }
        Files.writeString(folder.resolve(curve + ".tsv"), rows);
        Files.writeString(
                folder.resolve(curve + ".svg"), Plot.svg(title, x, "million frames a second", List.of(lines)));
    }
}
