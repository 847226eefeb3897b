package io.weft.dataplane;

import io.weft.dataplane.Registry.NetworkEntry;
import io.weft.dataplane.Registry.PortEntry;
import io.weft.dataplane.Registry.TenantEntry;
import io.weft.dataplane.api.NetworkSpec;
import io.weft.dataplane.api.PortSpec;
import io.weft.dataplane.api.SwitchControl.EventListener;
import io.weft.dataplane.api.SwitchException;
import io.weft.dataplane.api.TenantSpec;
import io.weft.dataplane.sys.Region;
import io.weft.dataplane.underlay.Underlay;
import io.weft.encap.IpAddress;
import io.weft.encap.MacAddress;
import io.weft.flowcache.FlowCache;
import io.weft.flowcache.MacTable;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;

/**
 * Makes changes: opens and closes what has to be opened, gives orders to every worker and waits until they have taken
 * them. One change at a time; one that cannot be made leaves things as they were.
 *
 * <p>Owned by the conductor's thread.
 */
final class Conductor implements AutoCloseable {
    private static final int DEFAULT_MTU = 1500;
    private static final int MIN_MTU = 68;

    private final Underlay underlay;
    private final List<WorkerProxy> workers = new ArrayList<>();
    private final Registry registry;
    private final Listeners listeners;
    private final PortWiring wiring;
    private final Facts facts;
    private final Listing listing;
    private final SwitchContext context;

    Conductor(
            final SwitchContext context,
            final Underlay underlay,
            final Counters counters,
            final List<Worker> of,
            final List<TrafficCounters> underlayTraffic) {
        this.context = context;
        this.underlay = underlay;
        for (final Worker worker : of) {
            workers.add(new WorkerProxy(worker, context.pumped()));
        }
        registry = new Registry(context.maxNetworks());
        listeners = new Listeners(underlay, workers);
        wiring = new PortWiring(counters, workers.size());
        facts = new Facts(registry, workers);
        listing = new Listing(registry, workers, underlay, underlayTraffic);
    }

    /** Called first, when the workers run. */
    void start() {
        listeners.start();
    }

    /** Relays what workers learned. */
    int doWork() {
        return facts.relay();
    }

    Listing listing() {
        return listing;
    }

    void onEvent(final EventListener listener) {
        facts.listen(listener);
    }

    // Tenants.

    void putTenant(final TenantSpec spec) {
        final TenantEntry known = registry.tenants.get(spec.name());
        final TenantEntry entry = known == null ? new TenantEntry(registry.tenantIds.take(), spec) : known;
        if (known == null || known.spec.flowCache() != spec.flowCache()) {
            try {
                giveCaches(entry, spec.flowCache());
            } catch (final OutOfMemoryError e) {
                if (known == null) {
                    registry.tenantIds.giveBack(entry.id);
                }
                throw e;
            }
        }
        entry.spec = spec;
        registry.tenants.put(spec.name(), entry);
        facts.tell(known == null ? "tenant.added" : "tenant.changed", spec.name(), "");
    }

    /** Gives each worker a cache of the tenant's; then nobody looks at those that they had. */
    private void giveCaches(final TenantEntry entry, final int quota) {
        final List<Region> memory = new ArrayList<>();
        final List<FlowCache> caches = new ArrayList<>();
        for (int w = 0; w < workers.size(); w++) {
            memory.add(new Region(FlowCache.bytesFor(quota)));
            caches.add(new FlowCache(memory.get(w).address(), quota, context.seed()));
        }
        eachWorker((worker, w) -> worker.onPutTenant(entry.id, caches.get(w)));
        entry.memory.forEach(Region::close);
        entry.memory = memory;
    }

    void removeTenant(final String name) {
        final TenantEntry entry = registry.tenant(name);
        for (final NetworkEntry network : registry.networks.values()) {
            if (network.spec.tenant().equals(name)) {
                throw new SwitchException(
                        "tenant " + name + " still has network " + network.spec.key() + ": remove its networks first");
            }
        }
        everyWorker(worker -> {
            worker.onRemoveTenant(entry.id);
            return true;
        });
        entry.memory.forEach(Region::close);
        registry.tenants.remove(name);
        registry.tenantIds.giveBack(entry.id);
        facts.tell("tenant.removed", name, "");
    }

    // Networks.

    void putNetwork(final NetworkSpec spec) {
        final TenantEntry tenant = registry.tenant(spec.tenant());
        final NetworkEntry known = registry.networks.get(spec.key());
        for (final NetworkEntry other : registry.networks.values()) {
            if (other != known && other.spec.encap() == spec.encap() && other.spec.port() == spec.port()) {
                checkBeside(spec, other.spec);
            }
        }
        if (known != null && (known.spec.encap() != spec.encap() || known.spec.port() != spec.port())) {
            throw new SwitchException("network " + spec.key()
                    + ": encapsulation and port cannot change while it is there: remove it and add it again");
        }
        if (spec.group() != null) {
            checkReach(spec, spec.group());
        }
        final boolean zeroChecksum6 = spec.udpChecksum() == NetworkSpec.UdpChecksum.OFF;
        final NetworkEntry entry = known == null ? new NetworkEntry(registry.networkIds.take(), spec) : known;
        try {
            listeners.acquire(spec, zeroChecksum6, known == null);
        } catch (final RuntimeException | OutOfMemoryError e) {
            if (known == null) {
                registry.networkIds.giveBack(entry.id);
            }
            throw e;
        }
        final boolean regrouped = known == null || !Objects.equals(known.spec.group(), spec.group());
        if (known != null && regrouped) {
            leaveGroup(known);
        }
        final Network network = new Network(entry.id, tenant.id, spec);
        everyWorker(worker -> {
            worker.onPutNetwork(network);
            return true;
        });
        entry.spec = spec;
        registry.add(entry);
        if (regrouped) {
            try {
                enterGroup(entry);
            } catch (final SwitchException e) {
                if (known == null) {
                    removeNetwork(spec.key());
                }
                throw e;
            }
        }
        facts.tell(
                known == null ? "network.added" : "network.changed",
                spec.key(),
                spec.encap().label() + " " + spec.vni());
    }

    private void checkBeside(final NetworkSpec spec, final NetworkSpec other) {
        if (other.vni() == spec.vni()) {
            throw new SwitchException("network " + spec.key() + ": VNI " + spec.vni() + " is taken by network "
                    + other.key() + ": choose another");
        }
        if ((other.udpChecksum() == NetworkSpec.UdpChecksum.OFF) != (spec.udpChecksum() == NetworkSpec.UdpChecksum.OFF)
                && underlay.address(6) != null) {
            throw new SwitchException("network " + spec.key() + ": udp-checksum: off holds for a UDP port over IPv6,"
                    + " and network " + other.key() + " has the same port: set both alike, or give one another port");
        }
    }

    void removeNetwork(final String key) {
        final NetworkEntry entry = registry.network(key);
        if (entry.ports > 0) {
            throw new SwitchException("network " + key + " still has ports: remove them first");
        }
        leaveGroup(entry);
        everyWorker(worker -> {
            worker.onRemoveNetwork(entry.id);
            return true;
        });
        listeners.release(entry.spec);
        facts.drain();
        registry.remove(entry);
        facts.tell("network.removed", key, "");
    }

    /** A group's tunnel is there with the network; it is joined while the network has ports. */
    private void enterGroup(final NetworkEntry entry) {
        final IpAddress group = entry.spec.group();
        if (group != null) {
            addTunnel(entry, group, true);
            if (entry.ports > 0) {
                listeners.join(entry.spec);
            }
        }
    }

    private void leaveGroup(final NetworkEntry entry) {
        final IpAddress group = entry.spec.group();
        if (group == null) {
            return;
        }
        if (entry.ports > 0) {
            listeners.leave(entry.spec);
        }
        everyWorker(worker -> {
            worker.onRemoveTunnel(entry.id, group);
            return true;
        });
    }

    // Peers.

    void addPeer(final String key, final IpAddress endpoint) {
        final NetworkEntry entry = registry.network(key);
        addTunnel(entry, endpoint, entry.spec.group() == null);
        if (entry.peers.add(endpoint)) {
            facts.tell("peer.added", key, endpoint.toString());
        }
    }

    private void addTunnel(final NetworkEntry entry, final IpAddress endpoint, final boolean flooded) {
        checkReach(entry.spec, endpoint);
        final boolean made = everyWorker(worker -> worker.onAddTunnel(entry.id, endpoint, flooded));
        if (!made) {
            // Some of the workers may have had room.
            everyWorker(worker -> {
                worker.onRemoveTunnel(entry.id, endpoint);
                return true;
            });
            throw new SwitchException("network " + entry.spec.key() + ": no room for a tunnel to " + endpoint
                    + ": there are " + context.maxTunnels());
        }
    }

    private void checkReach(final NetworkSpec spec, final IpAddress endpoint) {
        if (underlay.address(endpoint.family()) == null) {
            throw new SwitchException("network " + spec.key() + ": cannot reach " + endpoint
                    + ": underlay.address has no IPv" + endpoint.family() + " address");
        }
    }

    void removePeer(final String key, final IpAddress endpoint) {
        final NetworkEntry entry = registry.network(key);
        if (!entry.peers.remove(endpoint)) {
            throw new SwitchException("network " + key + " has no peer " + endpoint);
        }
        everyWorker(worker -> {
            worker.onRemoveTunnel(entry.id, endpoint);
            return true;
        });
        facts.tell("peer.removed", key, endpoint.toString());
    }

    // Ports.

    void putPort(final PortSpec spec) {
        final PortEntry known = registry.ports.get(spec.name());
        if (known != null && known.spec.equals(spec)) {
            return;
        }
        final List<NetworkEntry> networks = networksOf(spec);
        final int mtu = mtuOf(spec, networks);
        if (known != null) {
            throw new SwitchException("port " + spec.name() + " is there already: remove it first");
        }
        final PortEntry entry = new PortEntry(registry.portIds.take(), spec);
        try {
            entry.port = context.portFactory().open(spec, workers.size(), mtu);
        } catch (final RuntimeException e) {
            registry.portIds.giveBack(entry.id);
            throw e;
        }
        entry.binding = bindingOf(entry.id, spec);
        final List<NetworkEntry> entered = new ArrayList<>();
        try {
            wiring.wire(entry);
            for (final NetworkEntry network : networks) {
                enter(network);
                entered.add(network);
            }
        } catch (final RuntimeException | OutOfMemoryError e) {
            entered.forEach(this::leave);
            wiring.unwire(entry);
            entry.port.close();
            registry.portIds.giveBack(entry.id);
            throw e;
        }
        eachWorker((worker, w) ->
                worker.onAddPort(entry.binding, entry.tx[w], entry.rx[w], entry.inbound[w], entry.traffic.get(w)));
        registry.add(entry);
        facts.tell(
                "port.added",
                spec.name(),
                String.join(", ", networks.stream().map(n -> n.spec.key()).toList()));
    }

    void removePort(final String name) {
        final PortEntry entry = registry.port(name);
        eachWorker((worker, w) -> worker.onRemovePort(entry.id, entry.rx[w]));
        eachWorker((worker, w) -> worker.onRemoveHandoffs(entry.id, entry.inbound[w]));
        networksOf(entry.spec).forEach(this::leave);
        wiring.unwire(entry);
        entry.port.close();
        facts.drain();
        registry.remove(entry);
        facts.tell("port.removed", name, "");
    }

    /** A port comes into the network; with the first, its group is joined. */
    private void enter(final NetworkEntry network) {
        if (network.ports == 0 && network.spec.group() != null) {
            listeners.join(network.spec);
        }
        network.ports++;
    }

    private void leave(final NetworkEntry network) {
        if (--network.ports == 0 && network.spec.group() != null) {
            listeners.leave(network.spec);
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
        final int[] networks = new int[vlans.length];
        for (int i = 0; i < vlans.length; i++) {
            networks[i] = registry.network(spec.trunk().get(vlans[i])).id;
        }
        return new PortBinding(id, spec.name(), spec.mac(), vlans, networks);
    }

    /** The port's MTU: as wanted if that fits every tunnel, else what fits, at most 1,500. */
    private int mtuOf(final PortSpec spec, final List<NetworkEntry> networks) {
        int fits = Integer.MAX_VALUE;
        for (final NetworkEntry network : networks) {
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

    // Addresses and flows.

    void addMac(final String key, final int vlan, final long mac, final String location) {
        final NetworkEntry network = registry.network(key);
        final PortEntry port = registry.ports.get(location);
        final IpAddress endpoint = port == null ? endpointOf(network, location) : null;
        if (port != null && !networksOf(port.spec).contains(network)) {
            throw new SwitchException("port " + location + " is not in network " + key);
        }
        final int portId = port == null ? -1 : port.id;
        if (!everyWorker(worker -> worker.onAddMac(network.id, macVlan(vlan), mac, portId, endpoint))) {
            throw new SwitchException("network " + key + ": no room for another address");
        }
        facts.tell("mac.added", key, MacAddress.format(mac) + " at " + location);
    }

    private static IpAddress endpointOf(final NetworkEntry network, final String location) {
        for (final IpAddress peer : network.peers) {
            if (peer.toString().equals(location)) {
                return peer;
            }
        }
        throw new SwitchException(
                "network " + network.spec.key() + " has neither a port nor a peer " + location + " to put it at");
    }

    void removeMac(final String key, final int vlan, final long mac) {
        final NetworkEntry network = registry.network(key);
        if (!anyWorker(worker -> worker.onRemoveMac(network.id, macVlan(vlan), mac))) {
            throw new SwitchException("network " + key + " does not know " + MacAddress.format(mac));
        }
        facts.tell("mac.removed", key, MacAddress.format(mac));
    }

    void flushMacs(final String key) {
        final List<NetworkEntry> wanted =
                key == null ? List.copyOf(registry.networks.values()) : List.of(registry.network(key));
        for (final NetworkEntry network : wanted) {
            everyWorker(worker -> {
                worker.onFlushMacs(network.id);
                return true;
            });
        }
    }

    void flushFlows(final String name) {
        final List<TenantEntry> wanted =
                name == null ? List.copyOf(registry.tenants.values()) : List.of(registry.tenant(name));
        for (final TenantEntry tenant : wanted) {
            everyWorker(worker -> {
                worker.onFlushFlows(tenant.id);
                return true;
            });
        }
    }

    static int macVlan(final int vlan) {
        return vlan <= 0 ? MacTable.NO_VLAN : vlan;
    }

    // Orders to all workers.

    private boolean everyWorker(final Function<Worker, Boolean> order) {
        boolean all = true;
        for (final WorkerProxy.Answer<Boolean> answer : giveAll(order)) {
            all &= answer.await();
        }
        return all;
    }

    private boolean anyWorker(final Function<Worker, Boolean> order) {
        boolean any = false;
        for (final WorkerProxy.Answer<Boolean> answer : giveAll(order)) {
            any |= answer.await();
        }
        return any;
    }

    private List<WorkerProxy.Answer<Boolean>> giveAll(final Function<Worker, Boolean> order) {
        final List<WorkerProxy.Answer<Boolean>> answers = new ArrayList<>();
        for (final WorkerProxy worker : workers) {
            answers.add(worker.order(order));
        }
        return answers;
    }

    private void eachWorker(final WorkerOrder order) {
        final List<WorkerProxy.Answer<Boolean>> answers = new ArrayList<>();
        for (int w = 0; w < workers.size(); w++) {
            final int number = w;
            answers.add(workers.get(w).order(worker -> {
                order.apply(worker, number);
                return true;
            }));
        }
        answers.forEach(WorkerProxy.Answer::await);
    }

    /** Closes every port; the workers have ended. */
    @Override
    public void close() {
        for (final PortEntry entry : registry.ports.values()) {
            wiring.unwire(entry);
            entry.port.close();
        }
        registry.tenants.values().forEach(tenant -> tenant.memory.forEach(Region::close));
        listeners.close();
    }

    /** An order that differs from worker to worker. */
    @FunctionalInterface
    private interface WorkerOrder {
        void apply(Worker worker, int number);
    }
}
