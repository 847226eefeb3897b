package io.weft.dataplane;

import io.weft.dataplane.api.PortSpec;
import io.weft.dataplane.api.Rows;
import io.weft.dataplane.api.SwitchControl;
import io.weft.dataplane.api.SwitchException;
import io.weft.dataplane.api.UnderlaySpec;
import io.weft.dataplane.port.CaptureReader;
import io.weft.dataplane.port.PcapPort;
import io.weft.dataplane.port.Port;
import io.weft.dataplane.underlay.LayerTwoUnderlay;
import io.weft.dataplane.underlay.Neighbors;
import io.weft.dataplane.underlay.Underlay;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A switch whose ports are captures: the same pipeline, on one thread, and the captures' times for its clock, so that the
 * same captures give the same bytes each time. Frames of all captures go in by time; at the same time by port name, and
 * those of one port in their order. A capture whose times go back keeps its order: the clock then stands still.
 *
 * <p>Made, configured through {@link #control}, then {@link #run} once. Owned by the thread that made it.
 */
public final class Replay implements AutoCloseable {
    /** The port that stands for the underlay. */
    public static final String UNDERLAY = "underlay";

    private static final long SEED = 0x57454654L;
    private static final int ANY_SIZE = 65_535;
    private static final String FILE_NAME = "[A-Za-z0-9_][A-Za-z0-9_.-]*";

    private final Map<String, Path> inputs;
    private final Path out;
    private final SortedMap<String, PcapPort> ports = new TreeMap<>();
    private final Switch weft;
    private long now;
    private long start = PcapPort.NEVER;

    /**
     * @param underlay an MTU of 0 limits nothing; without fixed neighbours MACs are made of addresses ({@link
     *     Neighbors#derived})
     * @param inputs captures by port; {@link #UNDERLAY} for the underlay's
     * @param out folder for the captures of what ports send; made where it is not there, captures of these ports in it
     *     are removed
     * @throws SwitchException in one line
     */
    public Replay(final UnderlaySpec underlay, final Map<String, Path> inputs, final Path out) {
        this.inputs = Map.copyOf(inputs);
        this.out = out;
        try {
            Files.createDirectories(out);
        } catch (final IOException e) {
            throw new SwitchException(out + ": cannot be made a folder: " + e.getMessage(), e);
        }
        weft = Switch.launch(new SwitchContext()
                .pumped(true)
                .seed(SEED)
                .nanoClock(() -> now - Math.min(start, now))
                .underlay(underlay)
                .portFactory(this::openPort)
                .underlayFactory(this::openUnderlay));
    }

    private Port openPort(final PortSpec spec, final int workers, final int mtu) {
        if (spec.name().equals(UNDERLAY)) {
            throw new SwitchException("port " + UNDERLAY + ": in a replay that name is the underlay's");
        }
        return open(spec.name(), mtu);
    }

    private Underlay openUnderlay(final UnderlaySpec spec, final int workers) {
        return new LayerTwoUnderlay(spec, open(UNDERLAY, ANY_SIZE), workers, Neighbors.derived(spec));
    }

    private PcapPort open(final String name, final int mtu) {
        if (!name.matches(FILE_NAME)) {
            throw new SwitchException("port " + name + ": the name makes no file name");
        }
        final Path to = out.resolve(name + ".pcap");
        final Path from = inputs.get(name);
        try {
            refuseOverwriting(to);
            Files.deleteIfExists(to);
        } catch (final IOException e) {
            throw new SwitchException(to + ": cannot be replaced: " + e.getMessage(), e);
        }
        final PcapPort port = new PcapPort(from == null ? null : new CaptureReader(from), to, mtu, () -> now);
        ports.put(name, port);
        return port;
    }

    private void refuseOverwriting(final Path to) throws IOException {
        for (final Path from : inputs.values()) {
            if (Files.exists(to) && Files.exists(from) && Files.isSameFile(from, to)) {
                throw new SwitchException(to + ": is read and would be written over; use another --out");
            }
        }
    }

    /** Takes tenants, networks, peers, addresses and ports; all changes are made at once. */
    public SwitchControl control() {
        return weft.control();
    }

    /**
     * Lets all frames through.
     *
     * @throws SwitchException in one line, when a capture is of no port, or damaged
     */
    public Result run() {
        for (final String name : inputs.keySet()) {
            if (!ports.containsKey(name)) {
                throw new SwitchException("there is no port " + name + " to put " + inputs.get(name)
                        + " into; there are " + String.join(", ", ports.keySet()));
            }
        }
        for (PcapPort port = first(); port != null; port = first()) {
            advance(port.nextNanos());
            port.due();
            settle();
        }
        return result();
    }

    private PcapPort first() {
        PcapPort first = null;
        for (final PcapPort port : ports.values()) {
            final long next = port.nextNanos();
            if (next != PcapPort.NEVER && (first == null || next < first.nextNanos())) {
                first = port;
            }
        }
        return first;
    }

    /** What becomes old by that time does so before the frame is looked at. */
    private void advance(final long nanos) {
        if (start == PcapPort.NEVER) {
            start = nanos;
            now = nanos;
        } else {
            now = Math.max(now, nanos);
        }
        settle();
    }

    private void settle() {
        boolean busy = weft.pump();
        while (busy) {
            busy = weft.pump();
        }
    }

    private Result result() {
        final SortedMap<String, Long> sent = new TreeMap<>();
        ports.forEach((name, port) -> {
            if (port.sent() != 0) {
                sent.put(name, port.sent());
            }
        });
        final List<Rows.DropRow> drops = new ArrayList<>(weft.control().drops().join());
        drops.sort((a, b) -> {
            final int port = a.port().compareTo(b.port());
            final int reason = port != 0 ? port : a.reason().compareTo(b.reason());
            return reason != 0 ? reason : String.valueOf(a.network()).compareTo(String.valueOf(b.network()));
        });
        return new Result(weft.control().status().join().books(), sent, drops);
    }

    @Override
    public void close() {
        weft.close();
    }

    /**
     * What came of it.
     *
     * @param books they balance
     * @param sent frames in each port's capture, of those that sent any
     * @param drops sorted by port, reason and network
     */
    public record Result(Rows.Books books, SortedMap<String, Long> sent, List<Rows.DropRow> drops) {}
}
