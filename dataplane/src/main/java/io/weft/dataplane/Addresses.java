package io.weft.dataplane;

import io.weft.dataplane.Registry.NetworkEntry;
import io.weft.dataplane.Registry.PortEntry;
import io.weft.dataplane.api.SwitchException;
import io.weft.encap.IpAddress;
import io.weft.encap.MacAddress;
import io.weft.flowcache.MacTable;
import java.util.List;

/**
 * Changes of addresses: fixed, removed, forgotten.
 *
 * <p>Owned by the conductor.
 */
final class Addresses {
    private final Registry registry;
    private final AllWorkers workers;
    private final Facts facts;

    Addresses(final Registry registry, final AllWorkers workers, final Facts facts) {
        this.registry = registry;
        this.workers = workers;
        this.facts = facts;
    }

    void add(final String key, final int vlan, final long mac, final String location) {
        final NetworkEntry network = registry.network(key);
        final PortEntry port = registry.ports.get(location);
        final IpAddress endpoint = port == null ? endpointOf(network, location) : null;
        if (port != null && !port.binding.isIn(network.id)) {
            throw new SwitchException("port " + location + " is not in network " + key);
        }
        final int portId = port == null ? -1 : port.id;
        if (!workers.every(worker -> worker.onAddMac(network.id, macVlan(vlan), mac, portId, endpoint))) {
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

    void remove(final String key, final int vlan, final long mac) {
        final NetworkEntry network = registry.network(key);
        if (!workers.any(worker -> worker.onRemoveMac(network.id, macVlan(vlan), mac))) {
            throw new SwitchException("network " + key + " does not know " + MacAddress.format(mac));
        }
        facts.tell("mac.removed", key, MacAddress.format(mac));
    }

    void flush(final String key) {
        final List<NetworkEntry> wanted =
                key == null ? List.copyOf(registry.networks.values()) : List.of(registry.network(key));
        for (final NetworkEntry network : wanted) {
            workers.every(worker -> {
                worker.onFlushMacs(network.id);
                return true;
            });
        }
    }

    private static int macVlan(final int vlan) {
        return vlan <= 0 ? MacTable.NO_VLAN : vlan;
    }
}
