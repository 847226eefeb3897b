package io.weft.dataplane.model;

import io.weft.dataplane.Switch;
import io.weft.dataplane.SwitchContext;
import io.weft.dataplane.TestSwitch;
import io.weft.dataplane.api.Rows;
import io.weft.dataplane.api.SwitchControl;
import io.weft.dataplane.api.TenantSpec;
import io.weft.dataplane.api.UnderlaySpec;
import io.weft.dataplane.port.MemoryPort;
import io.weft.dataplane.port.MemoryQueue;
import io.weft.dataplane.underlay.LayerTwoUnderlay;
import io.weft.dataplane.underlay.Neighbors;
import io.weft.encap.IpAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The real switch, pumped by hand between memory ports, its underlay over one of them. */
final class Rig implements AutoCloseable {
    /** So large that no decision is pushed out of it: what is remembered and what not would be chance. */
    private static final int FLOWS = 1 << 18;

    private static final int MTU = 1500;
    /** More loops than pass between two looks of a worker at what is parked. */
    private static final int QUIET_PUMPS = 66;

    final SwitchControl control;
    private final Switch weft;
    private final MemoryPort wire;
    private final Map<String, MemoryPort> ports = new HashMap<>();
    private final int workers;
    private long nanos;

    Rig(final int workers, final boolean acceptAny) {
        this.workers = workers;
        wire = new MemoryPort(workers, Wire.MTU, 0, 4096, false);
        final UnderlaySpec spec = new UnderlaySpec(
                List.of(IpAddress.parse("10.1.0.1"), IpAddress.parse("fd00:1::1")),
                acceptAny,
                UnderlaySpec.Device.MEMORY,
                Wire.OWN_MAC,
                List.of(),
                8,
                Map.of(IpAddress.parse("10.2.0.2"), Wire.FIXED_MAC),
                Wire.MTU);
        weft = Switch.launch(new SwitchContext()
                .pumped(true)
                .workers(workers)
                .seed(1)
                .nanoClock(() -> nanos)
                .underlay(spec)
                .macCapacity(1 << 12)
                .maxNetworks(64)
                .portFactory((port, n, mtu) -> port(port.name()))
                .underlayFactory((u, n) -> new LayerTwoUnderlay(u, wire, n, Neighbors.derived(u))));
        control = weft.control();
        for (final String tenant : Universe.TENANTS) {
            TestSwitch.get(control.putTenant(new TenantSpec(tenant, FLOWS)));
        }
    }

    /** A port's other end; it outlives the port, and comes back with the next of that name. */
    private MemoryPort port(final String name) {
        return ports.computeIfAbsent(name, key -> {
            final MemoryPort made = new MemoryPort(workers > 1 && Universe.isWide(key) ? 2 : 1, MTU, 0, 1024, false);
            made.setOffloads(Universe.offloads(key));
            made.splitAt(Universe.split(key));
            return made;
        });
    }

    void inject(final String source, final int queue, final Frame frame) {
        final MemoryPort port = source.equals(Universe.WIRE) ? wire : ports.get(source);
        final MemoryQueue to = port.queue(queue % port.queues());
        if (!to.inject(frame.bytes(), frame.flags(), frame.gso(), frame.size(), frame.start(), frame.offset())) {
            throw new IllegalStateException(source + " takes no frame of " + frame.bytes().length + " bytes");
        }
    }

    /** With several workers a quiet hand-off is looked at now and then only, so silence must last. */
    void pump() {
        int quiet = 0;
        while (quiet < (workers == 1 ? 1 : QUIET_PUMPS)) {
            quiet = weft.pump() ? 0 : quiet + 1;
        }
    }

    /** Lets time pass in pieces, each of which is enough to look at every address's age. */
    void advance(final long millis) {
        for (final long part : new long[] {millis - 200, 100, 100}) {
            nanos += part * 1_000_000;
            pump();
        }
    }

    List<Frame> sent(final String port) {
        return all(ports.get(port));
    }

    List<Frame> sentWire() {
        return all(wire);
    }

    Iterable<String> portNames() {
        return ports.keySet();
    }

    private static List<Frame> all(final MemoryPort port) {
        final List<Frame> frames = new ArrayList<>();
        for (MemoryQueue.Sent sent = port.pollSent(); sent != null; sent = port.pollSent()) {
            frames.add(Frame.of(sent));
        }
        return frames;
    }

    /** Drops so far, by {@code reason port network}. */
    Map<String, Long> drops() {
        final Map<String, Long> drops = new HashMap<>();
        for (final Rows.DropRow row : TestSwitch.get(control.drops())) {
            drops.merge(row.reason() + " " + row.port() + " " + row.network(), row.count(), Long::sum);
        }
        return drops;
    }

    Rows.Books books() {
        return TestSwitch.get(control.status()).books();
    }

    @Override
    public void close() {
        weft.close();
    }
}
