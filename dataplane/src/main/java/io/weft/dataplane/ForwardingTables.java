package io.weft.dataplane;

import io.weft.dataplane.port.PortSender;
import io.weft.dataplane.sys.Region;
import io.weft.dataplane.underlay.UnderlayTx;
import io.weft.encap.IpAddress;
import io.weft.encap.Mem;
import io.weft.flowcache.EndpointIndex;
import io.weft.flowcache.FloodList;
import io.weft.flowcache.FlowCache;
import io.weft.flowcache.MacTable;
import io.weft.flowcache.NetworkIndex;
import java.util.Arrays;
import org.agrona.collections.IntArrayList;

/**
 * What a worker knows: networks, ports, tunnels and the tables over them. The pipeline reads it and learns into it; orders
 * change it between bursts.
 *
 * <p>Owned by the worker; {@link #macs}, the flow caches and {@link #drops} may be listed by the conductor.
 */
final class ForwardingTables {
    private static final int RECLAIM_LOOKS = 256;

    final MacTable macs;
    final NetworkIndex networkIndex;
    final DropTable drops = new DropTable();
    final UnderlayTx underlay;
    final long seed;

    private final EndpointIndex endpoints;
    private final int maxTunnels;

    Network[] networks = new Network[16];
    FloodList[] floods = new FloodList[16];
    FlowCache[] caches = new FlowCache[16];
    PortBinding[] bindings = new PortBinding[16];
    PortSender[] queues = new PortSender[16];
    TxQueue[] txQueues = new TxQueue[16];
    TrafficCounters[] traffic = new TrafficCounters[16];
    Tunnel[] tunnels = new Tunnel[16];
    /** Networks that ask for {@link SynClamp}. */
    int clamps;

    private int tunnelCount;
    private int reclaimHand;
    private final IntArrayList freeTunnels = new IntArrayList();

    ForwardingTables(final SwitchContext context, final UnderlayTx underlay) {
        this.underlay = underlay;
        seed = context.seed();
        maxTunnels = context.maxTunnels();
        macs = new MacTable(
                Region.inHugePages(MacTable.bytesFor(context.macCapacity())).address(),
                context.macCapacity(),
                context.maxNetworks(),
                seed);
        networkIndex = new NetworkIndex(
                Mem.allocate(NetworkIndex.bytesFor(context.maxNetworks()), 64), context.maxNetworks(), seed);
        endpoints = new EndpointIndex(Mem.allocate(EndpointIndex.bytesFor(maxTunnels), 64), maxTunnels, seed);
    }

    // Tenants.

    /** @param cache whose memory the conductor owns */
    void putTenant(final int id, final FlowCache cache) {
        if (id >= caches.length) {
            caches = Arrays.copyOf(caches, 2 * id);
        }
        caches[id] = cache;
    }

    void removeTenant(final int id) {
        caches[id] = null;
    }

    // Networks.

    void putNetwork(final Network network) {
        final int id = network.id();
        if (id >= networks.length) {
            networks = Arrays.copyOf(networks, 2 * id);
            floods = Arrays.copyOf(floods, 2 * id);
        }
        final Network old = networks[id];
        if (old != null) {
            networkIndex.remove(
                    old.spec().encap().ordinal(), old.spec().port(), old.spec().vni());
            caches[old.tenantId()].invalidate();
            networks[id] = network;
            prepareTunnelsAgain(network);
        } else {
            floods[id] = FloodList.EMPTY;
        }
        networks[id] = network;
        clamps +=
                (network.spec().mssClamp() ? 1 : 0) - (old != null && old.spec().mssClamp() ? 1 : 0);
        networkIndex.put(
                network.spec().encap().ordinal(),
                network.spec().port(),
                network.spec().vni(),
                id);
        macs.setLimit(id, network.spec().macLimit());
        macs.setAge(id, (int) Math.min(network.spec().macAgeMs(), MacTable.MAX_AGE_MS));
    }

    void removeNetwork(final int id) {
        final Network old = networks[id];
        // One walk through the MAC table for all of its tunnels: a walk for each would hold up everybody's frames.
        macs.clear(id);
        for (int t = 0; t < tunnelCount; t++) {
            if (tunnels[t] != null && tunnels[t].network.id() == id) {
                freeTunnel(tunnels[t]);
            }
        }
        networkIndex.remove(
                old.spec().encap().ordinal(), old.spec().port(), old.spec().vni());
        caches[old.tenantId()].invalidate();
        drops.forgetNetwork(id);
        networks[id] = null;
        floods[id] = null;
        clamps -= old.spec().mssClamp() ? 1 : 0;
    }

    FlowCache cacheOf(final int network) {
        return caches[networks[network].tenantId()];
    }

    /** Learns where an address is, and has the flow cache forget what that makes wrong. Returns what the table says. */
    int learn(final int network, final int vlan, final long mac, final int egress, final int nowMs) {
        final int result = macs.learn(network, vlan, mac, egress, nowMs);
        if (result == MacTable.MOVED) {
            // Every flow to the address was decided on where it used to be.
            cacheOf(network).invalidate();
        } else if (result == MacTable.LEARNED) {
            // What was for it went to everybody.
            cacheOf(network).invalidateTentative();
        }
        return result;
    }

    // Ports.

    void putPort(final PortBinding binding, final PortSender queue, final TrafficCounters counters) {
        final int id = binding.id;
        if (id >= bindings.length) {
            bindings = Arrays.copyOf(bindings, 2 * id);
            queues = Arrays.copyOf(queues, 2 * id);
            txQueues = Arrays.copyOf(txQueues, 2 * id);
            traffic = Arrays.copyOf(traffic, 2 * id);
        }
        bindings[id] = binding;
        queues[id] = queue;
        traffic[id] = counters;
        if (txQueues[id] == null) {
            txQueues[id] = new TxQueue();
        }
        for (final int network : binding.networks) {
            floods[network] = floods[network].withPort(id);
        }
    }

    /** The port keeps its queue and its counters; what was learned of it is learned again. */
    void changePort(final PortBinding binding) {
        leaveNetworks(binding.id);
        bindings[binding.id] = binding;
        for (final int network : binding.networks) {
            floods[network] = floods[network].withPort(binding.id);
            // What it may send may have changed, and cached decisions are not asked again.
            cacheOf(network).invalidate();
        }
    }

    private void leaveNetworks(final int id) {
        for (final int network : bindings[id].networks) {
            floods[network] = floods[network].withoutPort(id);
            cacheOf(network).invalidate();
        }
        macs.flushEgress(Egress.port(id));
    }

    void removePort(final int id) {
        leaveNetworks(id);
        drops.forgetPort(id);
        bindings[id] = null;
        queues[id] = null;
        traffic[id] = null;
    }

    /** Whether frames of the network may go to the port. Asked of every frame: tables are never trusted to say so. */
    boolean isInNetwork(final int port, final int network) {
        final PortBinding binding = port < bindings.length ? bindings[port] : null;
        return binding != null && binding.isIn(network);
    }

    // Tunnels.

    /** As {@link #isInNetwork}: a frame never leaves with another network's VNI, whatever a table says. */
    boolean isOfNetwork(final int tunnel, final int network) {
        final Tunnel found = tunnels[tunnel];
        return found != null && found.network.id() == network;
    }

    /** Bytes of the largest frame that the tunnel takes, as far as it is known. */
    int maxFrame(final int tunnel) {
        final Tunnel found = tunnels[tunnel];
        return underlay.mtu(found) - Overhead.outer(found.network.spec().encap(), found.endpoint.family());
    }

    /** Bytes of the largest layer-3 packet of a tenant that the tunnel takes. */
    int mtu(final int tunnel) {
        return mtu(tunnels[tunnel]);
    }

    int mtu(final Tunnel tunnel) {
        return underlay.mtu(tunnel) - Overhead.bytes(tunnel.network.spec(), tunnel.endpoint.family());
    }

    /** Returns the tunnel's id, or -1. Addresses as {@link IpAddress} holds them. */
    int tunnelTo(final int network, final int family, final long hi, final long lo) {
        return endpoints.lookup(network, hi, endpointLow(family, lo));
    }

    /**
     * Makes a tunnel, or confirms one that frames had made.
     *
     * @param configured a peer or group of the configuration
     * @param flooded whether BUM frames go there
     * @return its id, or -1 when there is no room for another or the underlay cannot reach it
     */
    int putTunnel(final int network, final IpAddress endpoint, final boolean configured, final boolean flooded) {
        final int known = tunnelTo(network, endpoint.family(), endpoint.hi(), endpoint.lo());
        if (known >= 0) {
            tunnels[known].configured |= configured;
            if (flooded) {
                floods[network] = floods[network].withTunnel(known);
            }
            return known;
        }
        int id = takeTunnel();
        if (id < 0 && configured && giveUpLearned()) {
            id = takeTunnel();
        }
        if (id < 0) {
            return -1;
        }
        final Tunnel tunnel = new Tunnel(id, networks[network], endpoint, configured);
        if (!underlay.prepare(tunnel)) {
            freeTunnels.addInt(id);
            return -1;
        }
        if (!endpoints.put(network, endpoint.hi(), endpointLow(endpoint.family(), endpoint.lo()), id)) {
            underlay.forget(tunnel);
            freeTunnels.addInt(id);
            return -1;
        }
        tunnels[id] = tunnel;
        if (flooded) {
            floods[network] = floods[network].withTunnel(id);
        }
        return id;
    }

    /** A tunnel carries BUM frames from now on, or no longer. */
    void setFlooded(final int network, final IpAddress endpoint, final boolean flooded) {
        final int tunnel = tunnelTo(network, endpoint.family(), endpoint.hi(), endpoint.lo());
        if (tunnel >= 0) {
            floods[network] = flooded ? floods[network].withTunnel(tunnel) : floods[network].withoutTunnel(tunnel);
        }
    }

    /** The network has changed, and with it perhaps what the headers of its tunnels hold. */
    private void prepareTunnelsAgain(final Network network) {
        for (int t = 0; t < tunnelCount; t++) {
            final Tunnel old = tunnels[t];
            if (old != null && old.network.id() == network.id()) {
                final Tunnel fresh = new Tunnel(t, network, old.endpoint, old.configured);
                fresh.rxFrames = old.rxFrames;
                fresh.txFrames = old.txFrames;
                fresh.lastHeardMs = old.lastHeardMs;
                underlay.forget(old);
                underlay.prepare(fresh);
                tunnels[t] = fresh;
            }
        }
    }

    void removeTunnel(final int id) {
        final Tunnel tunnel = tunnels[id];
        final int network = tunnel.network.id();
        floods[network] = floods[network].withoutTunnel(id);
        macs.flushEgress(Egress.tunnel(id));
        cacheOf(network).invalidate();
        freeTunnel(tunnel);
    }

    /** Gives back the id of a tunnel that no table speaks of any more. */
    private void freeTunnel(final Tunnel tunnel) {
        final IpAddress endpoint = tunnel.endpoint;
        endpoints.remove(tunnel.network.id(), endpoint.hi(), endpointLow(endpoint.family(), endpoint.lo()));
        underlay.forget(tunnel);
        tunnels[tunnel.id] = null;
        freeTunnels.addInt(tunnel.id);
    }

    /**
     * Gives up one tunnel that frames had made and that has been silent for its network's MAC age, if the next few looked
     * at have one: walking the MAC table for it takes a while, so this is called now and then.
     */
    void reclaimTunnel(final int nowMs) {
        for (int i = 0; i < RECLAIM_LOOKS && i < tunnelCount; i++) {
            reclaimHand = reclaimHand + 1 >= tunnelCount ? 0 : reclaimHand + 1;
            final Tunnel tunnel = tunnels[reclaimHand];
            if (tunnel != null
                    && !tunnel.configured
                    && nowMs - tunnel.lastHeardMs > tunnel.network.spec().macAgeMs()) {
                removeTunnel(reclaimHand);
                return;
            }
        }
    }

    /** Who fills the table with made-up endpoints must not keep the configuration's own ends out. */
    private boolean giveUpLearned() {
        for (int i = 0; i < tunnelCount; i++) {
            reclaimHand = reclaimHand + 1 >= tunnelCount ? 0 : reclaimHand + 1;
            if (tunnels[reclaimHand] != null && !tunnels[reclaimHand].configured) {
                removeTunnel(reclaimHand);
                return true;
            }
        }
        return false;
    }

    private int takeTunnel() {
        if (!freeTunnels.isEmpty()) {
            return freeTunnels.popInt();
        }
        if (tunnelCount == maxTunnels) {
            return -1;
        }
        if (tunnelCount == tunnels.length) {
            tunnels = Arrays.copyOf(tunnels, 2 * tunnelCount);
        }
        return tunnelCount++;
    }

    /** IPv4 endpoints are kept as IPv4-mapped IPv6 addresses, so that the families do not meet. */
    private static long endpointLow(final int family, final long lo) {
        return family == 4 ? lo | 0xffff_0000_0000L : lo;
    }
}
