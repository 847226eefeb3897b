package io.weft.bench;

import io.weft.bench.FlowPort.Pattern;
import io.weft.dataplane.Switch;
import io.weft.dataplane.SwitchContext;
import io.weft.dataplane.api.NetworkSpec;
import io.weft.dataplane.api.NetworkSpec.UdpChecksum;
import io.weft.dataplane.api.PortSpec;
import io.weft.dataplane.api.Rows;
import io.weft.dataplane.api.SwitchControl;
import io.weft.dataplane.api.TenantSpec;
import io.weft.dataplane.api.UnderlaySpec;
import io.weft.dataplane.underlay.LayerTwoUnderlay;
import io.weft.dataplane.underlay.Neighbors;
import io.weft.encap.Encapsulation;
import io.weft.encap.IpAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;

/** A switch with threads of its own between memory ports, and the rate at which frames leave it. */
final class Bed implements AutoCloseable {
    /** What the switch's only peer is called. */
    static final String PEER = "10.77.0.2";

    private static final String HERE = "10.77.0.1";
    private static final int MTU = 1600;
    private static final int MACS = 1 << 21;
    private static final int AT_ONCE = 256;
    private static final long PATIENCE_NANOS = 120_000_000_000L;

    private final Switch weft;
    private final Map<String, FlowPort> ports = new HashMap<>();
    private final List<CompletableFuture<Void>> asked = new ArrayList<>();
    final FlowPort wire;
    final SwitchControl control;

    /** @param cpus of the workers, one each */
    Bed(final List<Integer> cpus, final int flowCache) {
        wire = new FlowPort(false, cpus.size());
        weft = Switch.launch(new SwitchContext()
                .cpus(cpus)
                .adaptive(false)
                .seed(1)
                .macCapacity(MACS)
                .underlay(underlay())
                .portFactory((spec, workers, mtu) -> ports.get(spec.name()))
                .underlayFactory(
                        (spec, workers) -> new LayerTwoUnderlay(spec, wire, workers, Neighbors.derived(spec))));
        control = weft.control();
        control.putTenant(new TenantSpec("t", flowCache)).join();
    }

    private static UnderlaySpec underlay() {
        return new UnderlaySpec(
                List.of(IpAddress.parse(HERE)), false, UnderlaySpec.Device.MEMORY, 0, List.of(), 24, Map.of(), MTU);
    }

    /** Adds {@code t/n<number>} with VNI {@code number + 1}. */
    void network(final int number, final boolean hasPeer) {
        final NetworkSpec spec = new NetworkSpec(
                "t",
                "n" + number,
                number + 1,
                Encapsulation.VXLAN,
                Encapsulation.VXLAN.defaultPort(),
                true,
                false,
                UdpChecksum.AUTO,
                MACS,
                300_000,
                null);
        ask(control.putNetwork(spec));
        if (hasPeer) {
            ask(control.addPeer(spec.key(), IpAddress.parse(PEER)));
        }
    }

    /** Adds a port in {@code t/n0}. */
    FlowPort port(final String name, final boolean sleeps) {
        return put(new PortSpec(name, PortSpec.Kind.MEMORY, name, "t/n0", Map.of(), 0, 0, 0), sleeps);
    }

    /** Adds a trunk. */
    FlowPort trunk(final String name, final Map<Integer, String> networks) {
        return put(new PortSpec(name, PortSpec.Kind.MEMORY, name, null, networks, 0, 0, 0), false);
    }

    private FlowPort put(final PortSpec spec, final boolean sleeps) {
        final FlowPort port = new FlowPort(sleeps, 1);
        settle();
        ports.put(spec.name(), port);
        control.putPort(spec).join();
        return port;
    }

    /** Notes a change that was asked for; a few hundred may be under way. */
    void ask(final CompletableFuture<Void> change) {
        asked.add(change);
        if (asked.size() >= AT_ONCE) {
            settle();
        }
    }

    /** Waits for every change that was asked for. */
    void settle() {
        asked.forEach(CompletableFuture::join);
        asked.clear();
    }

    /** Has a port say frames from {@code macs} addresses, once, and waits until all workers know them. */
    void teach(final FlowPort port, final long first, final int macs, final long other, final long known) {
        port.give(new Pattern(first, macs, other, 1, 0, 16, true));
        await("addresses", () -> port.isTaught() && macs() >= known);
        port.give(null);
        // What another worker learned is told it by the conductor.
        pause(300_000_000L);
    }

    private long macs() {
        return control.status().join().networks().stream()
                .mapToLong(Rows.NetworkRow::macs)
                .sum();
    }

    /**
     * Millions of frames a second that leave, as {@code sent} counts them.
     *
     * @param first frames before that: until the caches hold what they can
     */
    double rate(final double seconds, final long first, final LongSupplier sent) {
        // Until the compilers have seen it.
        pause((long) (seconds * 1e9));
        await("first frames", () -> sent.getAsLong() >= first);
        final Rows.Books before = control.status().join().books();
        final long began = System.nanoTime();
        final long already = sent.getAsLong();
        pause((long) (seconds * 1e9));
        final long frames = sent.getAsLong() - already;
        final long nanos = System.nanoTime() - began;
        final Rows.Books after = control.status().join().books();
        if (frames == 0 || after.copies() - before.copies() > frames / 50) {
            throw new IllegalStateException("not what was to be measured: " + frames + " frames, " + after);
        }
        return frames * 1e3 / nanos;
    }

    private static void await(final String what, final BooleanSupplier condition) {
        final long end = System.nanoTime() + PATIENCE_NANOS;
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                throw new IllegalStateException("not in time: " + what);
            }
            pause(20_000_000L);
        }
    }

    private static void pause(final long nanos) {
        final long end = System.nanoTime() + nanos;
        for (long left = nanos; left > 0; left = end - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }

    @Override
    public void close() {
        weft.close();
    }
}
