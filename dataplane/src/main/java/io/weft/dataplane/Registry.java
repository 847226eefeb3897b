package io.weft.dataplane;

import io.weft.dataplane.api.NetworkSpec;
import io.weft.dataplane.api.PortSpec;
import io.weft.dataplane.api.SwitchException;
import io.weft.dataplane.api.TenantSpec;
import io.weft.dataplane.port.Port;
import io.weft.dataplane.port.PortSender;
import io.weft.dataplane.port.RxQueue;
import io.weft.dataplane.sys.Region;
import io.weft.encap.IpAddress;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.agrona.collections.Int2ObjectHashMap;

/**
 * The names and numbers of what there is: tenants, networks, ports.
 *
 * <p>Owned by the conductor.
 */
final class Registry {
    final Map<String, TenantEntry> tenants = new LinkedHashMap<>();
    final Map<String, NetworkEntry> networks = new LinkedHashMap<>();
    final Map<String, PortEntry> ports = new LinkedHashMap<>();
    private final Int2ObjectHashMap<NetworkEntry> networksById = new Int2ObjectHashMap<>();
    private final Int2ObjectHashMap<PortEntry> portsById = new Int2ObjectHashMap<>();
    final Ids tenantIds;
    final Ids networkIds;
    final Ids portIds;

    Registry(final int maxNetworks) {
        tenantIds = new Ids(maxNetworks, "tenants");
        networkIds = new Ids(maxNetworks, "networks");
        portIds = new Ids(1 << 16, "ports");
    }

    TenantEntry tenant(final String name) {
        return known(tenants.get(name), "tenant", name);
    }

    NetworkEntry network(final String key) {
        return known(networks.get(key), "network", key);
    }

    PortEntry port(final String name) {
        return known(ports.get(name), "port", name);
    }

    void add(final NetworkEntry entry) {
        networks.put(entry.spec.key(), entry);
        networksById.put(entry.id, entry);
    }

    void remove(final NetworkEntry entry) {
        networks.remove(entry.spec.key());
        networksById.remove(entry.id);
        networkIds.giveBack(entry.id);
    }

    void add(final PortEntry entry) {
        ports.put(entry.spec.name(), entry);
        portsById.put(entry.id, entry);
    }

    void remove(final PortEntry entry) {
        ports.remove(entry.spec.name());
        portsById.remove(entry.id);
        portIds.giveBack(entry.id);
    }

    /** The network with a number, or null. */
    NetworkEntry networkById(final int id) {
        return networksById.get(id);
    }

    /** The port with a number, or null. */
    PortEntry portById(final int id) {
        return portsById.get(id);
    }

    private static <T> T known(final T found, final String what, final String name) {
        if (found == null) {
            throw new SwitchException("there is no " + what + " " + name);
        }
        return found;
    }

    static final class TenantEntry {
        final int id;
        TenantSpec spec;
        /** Memory of its flow caches, by worker. */
        List<Region> memory = List.of();

        TenantEntry(final int id, final TenantSpec spec) {
            this.id = id;
            this.spec = spec;
        }
    }

    static final class NetworkEntry {
        final int id;
        NetworkSpec spec;
        final Set<IpAddress> peers = new LinkedHashSet<>();
        /** Ports that are in it. */
        int ports;

        NetworkEntry(final int id, final NetworkSpec spec) {
            this.id = id;
            this.spec = spec;
        }
    }

    static final class PortEntry {
        final int id;
        PortSpec spec;
        Port port;
        PortBinding binding;
        HostedPort host;
        /** By worker. */
        final List<TrafficCounters> traffic = new ArrayList<>();
        /** By worker: where it sends, and what it polls. */
        PortSender[] tx;

        RxQueue[][] rx;
        RxQueue[][] inbound;
        QueueWiring wiring;

        PortEntry(final int id, final PortSpec spec) {
            this.id = id;
            this.spec = spec;
        }
    }

    /** Small numbers, the lowest free first. */
    static final class Ids {
        private final BitSet used = new BitSet();
        private final int limit;
        private final String what;

        Ids(final int limit, final String what) {
            this.limit = limit;
            this.what = what;
        }

        int take() {
            final int id = used.nextClearBit(0);
            if (id >= limit) {
                throw new SwitchException("no room for more " + what + ": there are " + limit);
            }
            used.set(id);
            return id;
        }

        void giveBack(final int id) {
            used.clear(id);
        }
    }
}
