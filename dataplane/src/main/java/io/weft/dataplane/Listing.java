package io.weft.dataplane;

import io.weft.dataplane.Registry.NetworkEntry;
import io.weft.dataplane.Registry.PortEntry;
import io.weft.dataplane.Registry.TenantEntry;
import io.weft.dataplane.api.PortSpec;
import io.weft.dataplane.api.Rows;
import io.weft.dataplane.sys.OpenFiles;
import io.weft.dataplane.underlay.Underlay;
import io.weft.encap.IpAddress;
import io.weft.encap.MacAddress;
import io.weft.flowcache.FlowCache;
import io.weft.flowcache.MacTable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * Answers what operators ask, by reading the workers' tables and counters while they work.
 *
 * <p>Owned by the conductor.
 */
final class Listing {
    private static final String UNDERLAY = "underlay";
    /** What the virtual machine, the underlay and the API have open. */
    private static final int FILES_OF_A_PROCESS = 512;
    /** Its socket, regions of memory, dirty log. */
    private static final int FILES_OF_A_GUEST = 12;

    private static final Rows.Traffic NO_TRAFFIC = new Rows.Traffic(0, 0, 0, 0, 0, 0);

    private final Registry registry;
    private final List<WorkerProxy> workers;
    private final Underlay underlay;
    private final List<TrafficCounters> underlayTraffic;
    private final BusyShare busy;

    Listing(
            final Registry registry,
            final List<WorkerProxy> workers,
            final Underlay underlay,
            final List<TrafficCounters> underlayTraffic) {
        this.registry = registry;
        this.workers = workers;
        this.underlay = underlay;
        this.underlayTraffic = underlayTraffic;
        busy = new BusyShare(workers.size());
    }

    /** Bytes of the largest layer-3 packet that fits every tunnel of the network. */
    int effectiveMtu(final NetworkEntry network) {
        boolean six = network.spec.group() != null && network.spec.group().family() == 6;
        for (final IpAddress peer : network.peers) {
            six |= peer.family() == 6;
        }
        if (network.peers.isEmpty() && network.spec.group() == null) {
            six = underlay.address(6) != null;
        }
        return underlay.mtu() - Overhead.bytes(network.spec, six ? 6 : 4);
    }

    /** By network's id: the same for the narrowest of its tunnels as they are now; a path may carry less than the device. */
    private Map<Integer, Integer> narrowest() {
        final Map<Integer, Integer> least = new HashMap<>();
        for (final WorkerProxy proxy : workers) {
            final ForwardingTables tables = proxy.worker().tables;
            for (final Tunnel tunnel : tables.tunnels) {
                if (tunnel != null) {
                    least.merge(tunnel.network.id(), tables.mtu(tunnel), Math::min);
                }
            }
        }
        for (final NetworkEntry network : registry.networks.values()) {
            least.putIfAbsent(network.id, effectiveMtu(network));
        }
        return least;
    }

    Rows.Status status() {
        final Map<Integer, Integer> mtus = narrowest();
        final List<String> problems = new ArrayList<>();
        final List<Rows.PortRow> ports = new ArrayList<>();
        for (final PortEntry entry : registry.ports.values()) {
            ports.add(port(entry, mtus, problems));
        }
        final int files = filesNeeded();
        if (files > OpenFiles.limit()) {
            problems.add("this process may open " + OpenFiles.limit() + " files, and its ports may need " + files
                    + ": raise the limit (LimitNOFILE= in the service's unit, or ulimit -Hn)");
        }
        tellOf(
                problems,
                WorkerCounters.ECN_SUSPICIOUS,
                "packets came through tunnels with an ECN mark that no honest path makes of what was sent (RFC 6040):"
                        + " look for a router that rewrites the TOS field");
        tellOf(
                problems,
                WorkerCounters.TUNNELS_REFUSED,
                "packets came from endpoints that there was no room to learn: with accept: any, anybody can fill it");
        return new Rows.Status(
                workers(),
                tenants(),
                networks(mtus, problems),
                ports,
                tunnels(),
                underlay(),
                carrier(problems),
                link(problems),
                books(),
                problems);
    }

    private Rows.Carrier carrier(final List<String> problems) {
        final String state = underlay.state();
        if (!"up".equals(state)) {
            problems.add("underlay: " + state);
        }
        return new Rows.Carrier(underlay.mode(), state);
    }

    /** A guest brings three descriptors a ring, its socket and its memory; a hand-off has its doorbell. */
    private int filesNeeded() {
        int files = FILES_OF_A_PROCESS;
        for (final PortEntry entry : registry.ports.values()) {
            final int pairs = entry.port.queues();
            final boolean guest = entry.spec.kind() == PortSpec.Kind.VHOST_USER;
            files += (guest ? FILES_OF_A_GUEST + 6 * pairs : pairs) + Math.max(0, workers.size() - pairs);
        }
        return files;
    }

    private void tellOf(final List<String> problems, final int counter, final String words) {
        final long count = sum(counter);
        if (count > 0) {
            problems.add(count + " " + words);
        }
    }

    private List<Rows.WorkerRow> workers() {
        final List<Rows.WorkerRow> rows = new ArrayList<>();
        for (int w = 0; w < workers.size(); w++) {
            final Worker worker = workers.get(w).worker();
            final long busyNanos = worker.counters.read(WorkerCounters.BUSY_NANOS);
            rows.add(new Rows.WorkerRow(
                    w,
                    worker.cpu(),
                    busy.of(w, busyNanos),
                    busyNanos,
                    worker.asleep,
                    worker.counters.read(WorkerCounters.LOOPS),
                    worker.counters.read(WorkerCounters.ORDERS),
                    worker.polls.activeCount(),
                    worker.polls.parkedCount()));
        }
        return rows;
    }

    private List<Rows.TenantRow> tenants() {
        final List<Rows.TenantRow> rows = new ArrayList<>();
        for (final TenantEntry tenant : registry.tenants.values()) {
            int flows = 0;
            for (final WorkerProxy proxy : workers) {
                final FlowCache cache = proxy.worker().tables.caches[tenant.id];
                flows += cache == null ? 0 : cache.size();
            }
            final long networks = registry.networks.values().stream()
                    .filter(n -> n.spec.tenant().equals(tenant.spec.name()))
                    .count();
            rows.add(new Rows.TenantRow(tenant.spec.name(), tenant.spec.flowCache(), flows, (int) networks));
        }
        return rows;
    }

    private List<Rows.NetworkRow> networks(final Map<Integer, Integer> mtus, final List<String> problems) {
        final List<Rows.NetworkRow> rows = new ArrayList<>();
        for (final NetworkEntry network : registry.networks.values()) {
            final int macs = workers.get(0).worker().tables.macs.count(network.id);
            if (macs >= network.spec.macLimit()) {
                problems.add("network " + network.spec.key() + " has learned as many addresses as it may ("
                        + network.spec.macLimit() + "): others are flooded; raise mac-limit");
            }
            rows.add(new Rows.NetworkRow(
                    network.spec.key(),
                    network.spec.vni(),
                    network.spec.encap().label(),
                    network.spec.port(),
                    macs,
                    network.spec.macLimit(),
                    network.ports,
                    network.peers.stream().map(IpAddress::toString).toList(),
                    network.spec.group() == null ? null : network.spec.group().toString(),
                    mtus.get(network.id)));
        }
        return rows;
    }

    private Rows.PortRow port(final PortEntry entry, final Map<Integer, Integer> mtus, final List<String> problems) {
        Rows.Traffic traffic = NO_TRAFFIC;
        for (final TrafficCounters counters : entry.traffic) {
            traffic = counters.plus(traffic);
        }
        final String state = entry.port.state();
        if (!"up".equals(state) && !state.startsWith(Rows.WAITING)) {
            problems.add("port " + entry.spec.name() + ": " + state);
        }
        int fits = entry.port.mtu();
        for (final int id : entry.binding.networks) {
            fits = Math.min(fits, mtus.get(id));
        }
        final Rows.VhostRow vhost = hostMtu(entry.port.details(), fits);
        if (vhost != null) {
            guest(entry.spec.name(), vhost, problems);
        }
        final List<String> networks = new ArrayList<>();
        if (entry.spec.isTrunk()) {
            new TreeMap<>(entry.spec.trunk()).forEach((vlan, key) -> networks.add(vlan + ":" + key));
        } else {
            networks.add(entry.spec.network());
        }
        for (final int id : entry.binding.networks) {
            final NetworkEntry network = registry.networkById(id);
            final int mtu = mtus.get(id);
            if (entry.port.mtu() > mtu) {
                problems.add("port " + entry.spec.name() + ": mtu " + entry.port.mtu() + " is more than the " + mtu
                        + " that fits network " + network.spec.key()
                        + (mtu < effectiveMtu(network)
                                ? ": the path to a peer carries less than the underlay (`weft peer ls`): mend that or"
                                        + " lower the port's mtu"
                                : ": lower the port's mtu or raise underlay.mtu"));
            }
        }
        final long mac = entry.spec.mac() != 0 ? entry.spec.mac() : entry.port.mac();
        return new Rows.PortRow(
                entry.spec.name(),
                entry.spec.kind().name().toLowerCase(Locale.ROOT).replace('_', '-'),
                entry.spec.device(),
                networks,
                state,
                entry.port.queues(),
                entry.port.mtu(),
                mac == 0 ? "" : MacAddress.format(mac),
                traffic,
                vhost);
    }

    private static Rows.VhostRow hostMtu(final Rows.VhostRow row, final int mtu) {
        return row == null
                ? null
                : new Rows.VhostRow(
                        row.role(),
                        row.path(),
                        row.features(),
                        row.pairsEnabled(),
                        row.pairsOffered(),
                        row.rings(),
                        row.unsealed(),
                        mtu,
                        row.refusedMtu());
    }

    private static void guest(final String port, final Rows.VhostRow vhost, final List<String> problems) {
        if (vhost.refusedMtu() != 0) {
            problems.add("port " + port + ": QEMU was given host_mtu=" + vhost.refusedMtu()
                    + ", which is more than the port carries, so the guest has no link: give it host_mtu="
                    + vhost.hostMtu() + ", or raise the port's mtu");
        }
        if (vhost.unsealed()) {
            problems.add("port " + port + ": memory not sealed against shrinking: with QEMU use"
                    + " memory-backend-memfd (seal=on is its default)");
        }
    }

    private List<Rows.TunnelRow> tunnels() {
        final Map<String, Rows.TunnelRow> rows = new TreeMap<>();
        for (final WorkerProxy proxy : workers) {
            final Worker worker = proxy.worker();
            final Tunnel[] tunnels = worker.tables.tunnels;
            for (final Tunnel tunnel : tunnels) {
                if (tunnel != null) {
                    final Rows.TunnelRow row = tunnel(tunnel, worker);
                    rows.merge(row.network() + " " + row.endpoint(), row, Listing::sum);
                }
            }
        }
        return List.copyOf(rows.values());
    }

    private static Rows.TunnelRow tunnel(final Tunnel tunnel, final Worker worker) {
        return new Rows.TunnelRow(
                tunnel.network.spec().key(),
                tunnel.endpoint.toString(),
                tunnel.network.spec().encap().label(),
                tunnel.network.spec().vni(),
                tunnel.configured,
                tunnel.rxFrames,
                tunnel.txFrames,
                tunnel.rxFrames == 0 ? -1 : worker.clockMs() - tunnel.lastHeardMs,
                worker.tables.mtu(tunnel));
    }

    private static Rows.TunnelRow sum(final Rows.TunnelRow a, final Rows.TunnelRow b) {
        final long idle = a.idleMs() < 0 ? b.idleMs() : b.idleMs() < 0 ? a.idleMs() : Math.min(a.idleMs(), b.idleMs());
        return new Rows.TunnelRow(
                a.network(),
                a.endpoint(),
                a.encap(),
                a.vni(),
                a.configured() || b.configured(),
                a.rxFrames() + b.rxFrames(),
                a.txFrames() + b.txFrames(),
                idle,
                Math.min(a.mtu(), b.mtu()));
    }

    private Rows.Traffic underlay() {
        Rows.Traffic traffic = NO_TRAFFIC;
        for (final TrafficCounters counters : underlayTraffic) {
            traffic = counters.plus(traffic);
        }
        return traffic;
    }

    private Rows.LinkRow link(final List<String> problems) {
        final Rows.LinkRow row = underlay.row();
        for (final Rows.NeighborRow neighbor : row.neighbors()) {
            if ("failed".equals(neighbor.state())) {
                problems.add("underlay: next hop " + neighbor.address() + " does not answer; tunnel ends behind it: "
                        + neighbor.endpoints());
            }
        }
        return row;
    }

    private Rows.Books books() {
        return new Rows.Books(
                sum(WorkerCounters.RECEIVED),
                sum(WorkerCounters.GENERATED),
                sum(WorkerCounters.COPIES),
                sum(WorkerCounters.SEGMENTS),
                sum(WorkerCounters.SENT),
                sum(WorkerCounters.DROPPED),
                sum(WorkerCounters.HELD),
                sum(WorkerCounters.MERGED),
                sum(WorkerCounters.TAKEN));
    }

    private long sum(final int counter) {
        long sum = 0;
        for (final WorkerProxy proxy : workers) {
            sum += proxy.worker().counters.read(counter);
        }
        return sum;
    }

    List<Rows.MacRow> macs(final String key, final int limit) {
        final int wanted = key == null ? -1 : registry.network(key).id;
        final Map<String, Rows.MacRow> rows = new HashMap<>();
        for (final WorkerProxy proxy : workers) {
            final Worker worker = proxy.worker();
            final int now = worker.clockMs();
            worker.tables.macs.forEach((network, vlan, mac, egress, fixed, lastUsed) -> {
                if (wanted < 0 || wanted == network) {
                    final NetworkEntry entry = registry.networkById(network);
                    final String location = locationOf(worker, egress);
                    if (entry != null && rows.size() < limit) {
                        final Rows.MacRow row = new Rows.MacRow(
                                entry.spec.key(),
                                vlan == MacTable.NO_VLAN ? -1 : vlan,
                                MacAddress.format(mac),
                                location,
                                fixed,
                                fixed ? 0 : Math.max(0, now - lastUsed));
                        rows.merge(
                                row.network() + " " + row.vlan() + " " + row.mac(),
                                row,
                                (a, b) -> a.idleMs() < b.idleMs() ? a : b);
                    }
                }
            });
        }
        return rows.values().stream()
                .sorted(Comparator.comparing(Rows.MacRow::network)
                        .thenComparingInt(Rows.MacRow::vlan)
                        .thenComparing(Rows.MacRow::mac))
                .toList();
    }

    List<Rows.FlowRow> flows(final String name, final int limit) {
        final List<Rows.FlowRow> rows = new ArrayList<>();
        for (final TenantEntry tenant : registry.tenants.values()) {
            if (name != null && !name.equals(tenant.spec.name())) {
                continue;
            }
            for (int w = 0; w < workers.size(); w++) {
                final int number = w;
                final Worker worker = workers.get(w).worker();
                worker.tables.caches[tenant.id].forEach((k0, k1, k2, value, expiry, hits) -> {
                    if (rows.size() < limit && expiry - worker.clockMs() > 0) {
                        rows.add(flow(tenant, worker, number, k0, k1, k2, value, hits));
                    }
                });
            }
        }
        if (name != null) {
            registry.tenant(name);
        }
        return rows;
    }

    private Rows.FlowRow flow(
            final TenantEntry tenant,
            final Worker worker,
            final int number,
            final long k0,
            final long k1,
            final long k2,
            final int value,
            final long hits) {
        final NetworkEntry network = registry.networkById((int) k1 & 0xffff);
        final int vlan = (int) k0 & 0xffff;
        final String action;
        if (value == Egress.FLOOD) {
            action = "flood";
        } else if (Egress.isDrop(value)) {
            action = "drop: " + DropReason.of(Egress.id(value)).text();
        } else {
            action = "to " + locationOf(worker, value);
        }
        return new Rows.FlowRow(
                tenant.spec.name(),
                network == null ? "" : network.spec.key(),
                vlan == MacTable.NO_VLAN ? -1 : vlan,
                MacAddress.format(k1 >>> 16),
                MacAddress.format(k0 >>> 16),
                locationOf(worker, (int) k2),
                action,
                hits,
                number);
    }

    private String locationOf(final Worker worker, final int egress) {
        if (Egress.isTunnel(egress)) {
            final Tunnel[] tunnels = worker.tables.tunnels;
            final Tunnel tunnel = Egress.id(egress) < tunnels.length ? tunnels[Egress.id(egress)] : null;
            return tunnel == null ? "a tunnel that is gone" : tunnel.endpoint.toString();
        }
        final PortEntry port = registry.portById(Egress.id(egress));
        return port == null ? "a port that is gone" : port.spec.name();
    }

    List<Rows.DropRow> drops() {
        final Map<String, Rows.DropRow> rows = new TreeMap<>();
        for (final WorkerProxy proxy : workers) {
            proxy.worker().tables.drops.forEach((reason, port, network, count) -> {
                final DropReason why = DropReason.of(reason);
                final Rows.DropRow row =
                        new Rows.DropRow(why.key(), why.text(), portName(port), networkName(network), count);
                rows.merge(
                        row.reason() + "\0" + row.port() + "\0" + row.network(),
                        row,
                        (a, b) -> new Rows.DropRow(a.reason(), a.text(), a.port(), a.network(), a.count() + b.count()));
            });
        }
        final List<Rows.DropRow> all = new ArrayList<>(rows.values());
        underlay.dropsBefore()
                .forEach((reason, count) -> all.add(new Rows.DropRow(
                        "kernel-" + reason.toLowerCase(Locale.ROOT).replace(' ', '-'),
                        reason + ", dropped by the kernel (counted for all of this host's programs)",
                        "kernel",
                        "",
                        count)));
        return all;
    }

    private String portName(final int port) {
        if (port == DropTable.UNDERLAY) {
            return UNDERLAY;
        }
        final PortEntry entry = port == DropTable.NONE ? null : registry.portById(port);
        return entry == null ? "" : entry.spec.name();
    }

    private String networkName(final int network) {
        final NetworkEntry entry = network == DropTable.NONE ? null : registry.networkById(network);
        return entry == null ? "" : entry.spec.key();
    }
}
