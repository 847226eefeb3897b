package io.weft.dataplane;

import io.weft.dataplane.api.PortSpec;
import io.weft.dataplane.api.UnderlaySpec;
import io.weft.dataplane.port.Port;
import io.weft.dataplane.underlay.Underlay;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.List;
import java.util.function.LongSupplier;

/** What a switch is started with. Setters return the context; {@link #conclude} fills in what was left out. */
public final class SwitchContext {
    /** Opens a port; throws {@link io.weft.dataplane.api.SwitchException} saying what to do. */
    @FunctionalInterface
    public interface PortFactory {
        Port open(PortSpec spec, int workers, int mtu);
    }

    /** Opens the underlay; throws {@link io.weft.dataplane.api.SwitchException} saying what to do. */
    @FunctionalInterface
    public interface UnderlayFactory {
        Underlay open(UnderlaySpec spec, int workers);
    }

    private List<Integer> cpus = List.of();
    private int workers;
    private boolean adaptive = true;
    private boolean pumped;
    private UnderlaySpec underlay;
    private Path countersFile;
    private Path portState;
    private long seed;
    private boolean seeded;
    private LongSupplier nanoClock = System::nanoTime;
    private PortFactory portFactory;
    private UnderlayFactory underlayFactory;
    private int macCapacity = 1 << 17;
    private int maxNetworks = 1 << 14;
    private int maxTunnels = 1 << 16;
    private int captureRing = Captures.RING;

    /** CPUs to pin workers to, one worker each; empty: one worker, not pinned. */
    public SwitchContext cpus(final List<Integer> value) {
        cpus = List.copyOf(value);
        return this;
    }

    /** Workers that are not pinned, where {@link #cpus} is empty. */
    public SwitchContext workers(final int value) {
        workers = value;
        return this;
    }

    /** Sleep when idle; false: poll always. */
    public SwitchContext adaptive(final boolean value) {
        adaptive = value;
        return this;
    }

    /** No threads: the caller pumps {@link Switch#pump}. For replay and tests. */
    public SwitchContext pumped(final boolean value) {
        pumped = value;
        return this;
    }

    public SwitchContext underlay(final UnderlaySpec value) {
        underlay = value;
        return this;
    }

    /** Where the counters are mapped; null: memory only. */
    public SwitchContext countersFile(final Path value) {
        countersFile = value;
        return this;
    }

    /** State folder; in its {@code vhost/} guests' ports keep what they need after a restart. Null: nothing is kept. */
    public SwitchContext portState(final Path value) {
        portState = value;
        return this;
    }

    /** Seed of every hash; drawn at random when not set. */
    public SwitchContext seed(final long value) {
        seed = value;
        seeded = true;
        return this;
    }

    public SwitchContext nanoClock(final LongSupplier value) {
        nanoClock = value;
        return this;
    }

    public SwitchContext portFactory(final PortFactory value) {
        portFactory = value;
        return this;
    }

    public SwitchContext underlayFactory(final UnderlayFactory value) {
        underlayFactory = value;
        return this;
    }

    /** Addresses that all networks together may hold. */
    public SwitchContext macCapacity(final int value) {
        macCapacity = value;
        return this;
    }

    public SwitchContext maxNetworks(final int value) {
        maxNetworks = value;
        return this;
    }

    /** Tunnels (network and endpoint) at most, learned ones included. */
    public SwitchContext maxTunnels(final int value) {
        maxTunnels = value;
        return this;
    }

    /** Bytes of the ring that each capture has with each worker; a power of two. */
    SwitchContext captureRing(final int value) {
        captureRing = value;
        return this;
    }

    int captureRing() {
        return captureRing;
    }

    SwitchContext conclude() {
        if (!cpus.isEmpty()) {
            workers = cpus.size();
        } else if (workers == 0) {
            workers = 1;
        }
        if (!seeded) {
            seed = new SecureRandom().nextLong();
        }
        if (portFactory == null) {
            portFactory = (spec, count, mtu) -> OpenPorts.open(spec, count, mtu, portState);
        }
        if (underlayFactory == null) {
            underlayFactory = (spec, count) -> OpenPorts.openUnderlay(spec, count, portState);
        }
        return this;
    }

    public List<Integer> cpus() {
        return cpus;
    }

    public int workers() {
        return workers;
    }

    public boolean adaptive() {
        return adaptive;
    }

    public boolean pumped() {
        return pumped;
    }

    public UnderlaySpec underlay() {
        return underlay;
    }

    public Path countersFile() {
        return countersFile;
    }

    public Path portState() {
        return portState;
    }

    public long seed() {
        return seed;
    }

    public LongSupplier nanoClock() {
        return nanoClock;
    }

    public PortFactory portFactory() {
        return portFactory;
    }

    public UnderlayFactory underlayFactory() {
        return underlayFactory;
    }

    public int macCapacity() {
        return macCapacity;
    }

    public int maxNetworks() {
        return maxNetworks;
    }

    public int maxTunnels() {
        return maxTunnels;
    }
}
