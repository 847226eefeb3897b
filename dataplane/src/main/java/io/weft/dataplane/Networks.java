package io.weft.dataplane;

import io.weft.dataplane.Registry.NetworkEntry;
import io.weft.dataplane.Registry.TenantEntry;
import io.weft.dataplane.api.NetworkSpec;
import io.weft.dataplane.api.SwitchException;
import io.weft.dataplane.underlay.Underlay;
import io.weft.encap.IpAddress;
import java.util.Objects;

/**
 * Changes of networks, their groups and their peers.
 *
 * <p>Owned by the conductor.
 */
final class Networks {
    private final SwitchContext context;
    private final Underlay underlay;
    private final Registry registry;
    private final Listeners listeners;
    private final AllWorkers workers;
    private final Facts facts;

    Networks(
            final SwitchContext context,
            final Underlay underlay,
            final Registry registry,
            final Listeners listeners,
            final AllWorkers workers,
            final Facts facts) {
        this.context = context;
        this.underlay = underlay;
        this.registry = registry;
        this.listeners = listeners;
        this.workers = workers;
        this.facts = facts;
    }

    void put(final NetworkSpec spec) {
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
        workers.every(worker -> {
            worker.onPutNetwork(network);
            return true;
        });
        entry.spec = spec;
        registry.add(entry);
        if (regrouped) {
            floodPeers(entry);
            try {
                enterGroup(entry);
            } catch (final SwitchException e) {
                if (known == null) {
                    remove(spec.key());
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

    void remove(final String key) {
        final NetworkEntry entry = registry.network(key);
        if (entry.ports > 0) {
            throw new SwitchException("network " + key + " still has ports: remove them first");
        }
        leaveGroup(entry);
        workers.every(worker -> {
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

    /** BUM frames go to the peers one by one, or to the group instead. */
    private void floodPeers(final NetworkEntry entry) {
        final boolean flooded = entry.spec.group() == null;
        for (final IpAddress peer : entry.peers) {
            workers.every(worker -> {
                worker.tables.setFlooded(entry.id, peer, flooded);
                return true;
            });
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
        workers.every(worker -> {
            worker.onRemoveTunnel(entry.id, group);
            return true;
        });
    }

    /** A port comes into the network; with the first, its group is joined. */
    void enter(final NetworkEntry network) {
        if (network.ports == 0 && network.spec.group() != null) {
            listeners.join(network.spec);
        }
        network.ports++;
    }

    /** A port leaves the network; with the last, its group is left. */
    void leave(final NetworkEntry network) {
        if (--network.ports == 0 && network.spec.group() != null) {
            listeners.leave(network.spec);
        }
    }

    void addPeer(final String key, final IpAddress endpoint) {
        final NetworkEntry entry = registry.network(key);
        addTunnel(entry, endpoint, entry.spec.group() == null);
        if (entry.peers.add(endpoint)) {
            facts.tell("peer.added", key, endpoint.toString());
        }
    }

    private void addTunnel(final NetworkEntry entry, final IpAddress endpoint, final boolean flooded) {
        checkReach(entry.spec, endpoint);
        final boolean made = workers.every(worker -> worker.onAddTunnel(entry.id, endpoint, flooded));
        if (!made) {
            // Some of the workers may have had room.
            workers.every(worker -> {
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
        workers.every(worker -> {
            worker.onRemoveTunnel(entry.id, endpoint);
            return true;
        });
        facts.tell("peer.removed", key, endpoint.toString());
    }
}
