package io.weft.dataplane;

import io.weft.dataplane.Registry.NetworkEntry;
import io.weft.dataplane.Registry.PortEntry;
import io.weft.dataplane.api.PortSpec;
import io.weft.dataplane.api.SwitchException;
import io.weft.dataplane.underlay.Underlay;
import java.util.ArrayList;
import java.util.List;

/**
 * Changes of ports: opened, wired to the workers, taken away again.
 *
 * <p>Owned by the conductor.
 */
final class Ports implements AutoCloseable {
    private static final int DEFAULT_MTU = 1500;
    private static final int MIN_MTU = 68;

    private final SwitchContext context;
    private final Underlay underlay;
    private final Registry registry;
    private final Networks networks;
    private final PortWiring wiring;
    private final AllWorkers workers;
    private final EventLoop loop;
    private final Facts facts;
    private final Listing listing;

    Ports(
            final SwitchContext context,
            final Underlay underlay,
            final Registry registry,
            final Networks networks,
            final PortWiring wiring,
            final AllWorkers workers,
            final EventLoop loop,
            final Facts facts,
            final Listing listing) {
        this.context = context;
        this.underlay = underlay;
        this.registry = registry;
        this.networks = networks;
        this.wiring = wiring;
        this.workers = workers;
        this.loop = loop;
        this.facts = facts;
        this.listing = listing;
    }

    void put(final PortSpec spec) {
        final PortEntry known = registry.ports.get(spec.name());
        if (known != null && known.spec.equals(spec)) {
            return;
        }
        final List<NetworkEntry> wanted = networksOf(spec);
        final int mtu = mtuOf(spec, wanted);
        if (known != null) {
            change(known, spec, wanted, mtu);
            return;
        }
        final PortEntry entry = new PortEntry(registry.portIds.take(), spec);
        try {
            entry.port = context.portFactory().open(spec, workers.size(), mtu);
        } catch (final RuntimeException e) {
            registry.portIds.giveBack(entry.id);
            throw e;
        }
        entry.binding = bindingOf(entry.id, spec);
        try {
            wiring.wire(entry);
            enterAll(wanted);
        } catch (final RuntimeException | OutOfMemoryError e) {
            wiring.unwire(entry);
            entry.port.close();
            registry.portIds.giveBack(entry.id);
            throw e;
        }
        workers.each((worker, w) ->
                worker.onAddPort(entry.binding, entry.tx[w], entry.rx[w], entry.inbound[w], entry.traffic.get(w)));
        registry.add(entry);
        entry.host = new HostedPort(entry, workers, wiring, loop, facts);
        try {
            entry.port.start(entry.host);
        } catch (final RuntimeException e) {
            takeAway(entry);
            throw e;
        }
        facts.tell("port.added", spec.name(), keys(wanted));
    }

    /** What needs no other socket or device is changed while frames flow. */
    private void change(final PortEntry entry, final PortSpec spec, final List<NetworkEntry> wanted, final int mtu) {
        if (!spec.opensLike(entry.spec)) {
            throw isThere(spec);
        }
        final List<NetworkEntry> before = networksOf(entry.spec);
        enterAll(wanted);
        if (!wanted.isEmpty() && !entry.port.mtu(mtu)) {
            wanted.forEach(networks::leave);
            throw isThere(spec);
        }
        final PortBinding binding = bindingOf(entry.id, spec);
        workers.each((worker, w) -> worker.onChangePort(binding, entry.rx[w], entry.inbound[w]));
        workers.each((worker, w) -> worker.onEmptyHandoffs(entry.id, entry.inbound[w]));
        facts.drain();
        before.forEach(networks::leave);
        entry.spec = spec;
        entry.binding = binding;
        facts.tell("port.changed", spec.name(), keys(wanted));
    }

    private static SwitchException isThere(final PortSpec spec) {
        return new SwitchException("port " + spec.name() + " is there already: remove it first");
    }

    /** All or none. */
    private void enterAll(final List<NetworkEntry> wanted) {
        final List<NetworkEntry> entered = new ArrayList<>();
        try {
            for (final NetworkEntry network : wanted) {
                networks.enter(network);
                entered.add(network);
            }
        } catch (final RuntimeException | OutOfMemoryError e) {
            entered.forEach(networks::leave);
            throw e;
        }
    }

    private static String keys(final List<NetworkEntry> of) {
        return String.join(", ", of.stream().map(n -> n.spec.key()).toList());
    }

    void remove(final String name) {
        takeAway(registry.port(name));
        facts.tell("port.removed", name, "");
    }

    private void takeAway(final PortEntry entry) {
        workers.each((worker, w) -> worker.onRemovePort(entry.id, entry.rx[w]));
        workers.each((worker, w) -> worker.onRemoveHandoffs(entry.id, entry.inbound[w]));
        networksOf(entry.spec).forEach(networks::leave);
        entry.host.detach();
        wiring.unwire(entry);
        entry.port.close();
        facts.drain();
        registry.remove(entry);
    }

    /** A guest's memory went away under a worker: each port looks at its own. */
    void checkMemory() {
        for (final PortEntry entry : List.copyOf(registry.ports.values())) {
            entry.port.checkMemory();
        }
    }

    private List<NetworkEntry> networksOf(final PortSpec spec) {
        final List<NetworkEntry> found = new ArrayList<>();
        if (!spec.isTrunk()) {
            found.add(registry.network(spec.network()));
            return found;
        }
        for (final String key : spec.trunk().values()) {
            final NetworkEntry entry = registry.network(key);
            if (found.contains(entry)) {
                throw new SwitchException("port " + spec.name() + ": network " + key
                        + " stands twice in its trunk: a network has one VLAN there");
            }
            found.add(entry);
        }
        return found;
    }

    private PortBinding bindingOf(final int id, final PortSpec spec) {
        if (!spec.isTrunk()) {
            return new PortBinding(id, spec.name(), spec.mac(), registry.network(spec.network()).id);
        }
        final int[] vlans =
                spec.trunk().keySet().stream().mapToInt(Integer::intValue).toArray();
        final int[] ids = new int[vlans.length];
        for (int i = 0; i < vlans.length; i++) {
            ids[i] = registry.network(spec.trunk().get(vlans[i])).id;
        }
        return new PortBinding(id, spec.name(), spec.mac(), vlans, ids);
    }

    /** The port's MTU: as wanted if that fits every tunnel, else what fits, at most 1,500. */
    private int mtuOf(final PortSpec spec, final List<NetworkEntry> of) {
        int fits = Integer.MAX_VALUE;
        for (final NetworkEntry network : of) {
            final int mtu = listing.effectiveMtu(network);
            if (spec.mtu() > mtu) {
                throw new SwitchException("port " + spec.name() + ": mtu " + spec.mtu() + " does not fit network "
                        + network.spec.key() + ": underlay mtu " + underlay.mtu() + " leaves " + mtu
                        + " for frames of a tenant; set mtu: " + mtu + " or underlay.mtu: "
                        + (underlay.mtu() + spec.mtu() - mtu));
            }
            fits = Math.min(fits, mtu);
        }
        if (fits < MIN_MTU) {
            throw new SwitchException("port " + spec.name() + ": underlay mtu " + underlay.mtu() + " leaves " + fits
                    + " for frames of a tenant: raise underlay.mtu");
        }
        return spec.mtu() > 0 ? spec.mtu() : Math.min(DEFAULT_MTU, fits);
    }

    /** Closes every port; the workers have ended. */
    @Override
    public void close() {
        for (final PortEntry entry : registry.ports.values()) {
            entry.host.detach();
            wiring.unwire(entry);
            entry.port.close();
        }
    }
}
