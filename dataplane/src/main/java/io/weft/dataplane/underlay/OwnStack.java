package io.weft.dataplane.underlay;

import io.weft.dataplane.api.UnderlaySpec;
import io.weft.dataplane.underlay.Neighbor.State;
import io.weft.encap.Arp;
import io.weft.encap.Ethernet;
import io.weft.encap.IpAddress;
import io.weft.encap.MacAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * What a host's kernel would do on the underlay's link, on a port that the switch has to itself: finds neighbours and is
 * found by them (ARP, neighbour discovery), answers echoes, says which groups it listens to, hears of paths that carry
 * less. {@link OwnReceiver} reads what comes in and calls here.
 *
 * <p>Owned by the conductor.
 */
final class OwnStack implements Resolver {
    private static final long MILLI = 1_000_000L;
    private static final long TICK = 50 * MILLI;
    /** An address announced is announced twice (RFC 5227, section 2.3), so far apart. */
    private static final long ANNOUNCE_AGAIN = 1_000 * MILLI;

    private static final long CONFLICT_EVERY = 10_000 * MILLI;
    private static final IpAddress ALL_NODES = IpAddress.v6(0xff02_0000_0000_0000L, 1);

    private final UnderlaySpec spec;
    private final OwnAddresses own;
    private final OwnSender sender = new OwnSender();
    private final OwnPackets packets;
    private final NeighborCache cache;
    private final GroupReports groups;
    private final PathMtus paths;
    private final Map<IpAddress, Neighbor> hops = new HashMap<>();
    private final Map<Neighbor, List<IpAddress>> behind = new HashMap<>();
    private final OwnCounters counters = new OwnCounters();
    private final OwnReceiver receiver;
    private UnderlayHost host;
    private Consumer<IpAddress> listener;
    private boolean closed;
    private boolean up;
    private long announceAt;
    private int announcements;
    private long conflictAt = Long.MIN_VALUE;
    private String conflict = "";

    OwnStack(final UnderlaySpec spec, final Endpoints endpoints) {
        this.spec = spec;
        own = OwnAddresses.of(spec);
        packets = new OwnPackets(own.mac(), spec.vlan(), sender);
        cache = new NeighborCache(this::ask);
        groups = new GroupReports(own, packets);
        paths = new PathMtus(spec, own, endpoints, counters);
        receiver = new OwnReceiver(own, this, packets, groups, paths, counters);
    }

    private void ask(final IpAddress address, final long mac) {
        counters.asked++;
        final IpAddress source = own.sourceFor(address);
        if (source != null) {
            packets.solicit(source, address, mac);
        }
    }

    // What the underlay calls.

    @Override
    public void start(final UnderlayHost underlayHost, final Consumer<IpAddress> changed) {
        host = underlayHost;
        listener = changed;
        tick();
    }

    private void tick() {
        if (!closed) {
            run(host.nanoTime());
            host.reactor().after(TICK, this::tick);
        }
    }

    private void run(final long now) {
        cache.run(now);
        cache.tell(this::tell);
        paths.run(now).forEach(listener);
        if (up) {
            groups.run(now);
        }
        if (announcements > 0 && now - announceAt >= 0) {
            announcements--;
            announceAt = now + ANNOUNCE_AGAIN;
            announce();
        }
    }

    /** The link is there, or no longer. */
    void link(final boolean isUp) {
        if (isUp == up) {
            return;
        }
        up = isUp;
        host.event(up ? "underlay.up" : "underlay.down", "");
        if (up) {
            final long now = host.nanoTime();
            announcements = 2;
            announceAt = now;
            cache.again(now);
            groups.again(now);
            run(now);
        }
    }

    /** Tells neighbours where our addresses are: gratuitous ARP (RFC 5227), unsolicited advertisements (RFC 4861, 7.2.6). */
    private void announce() {
        for (final IpAddress address : own.all()) {
            if (address.isIpv4()) {
                packets.arp(Arp.REQUEST, Ethernet.BROADCAST, address, 0, address);
            } else {
                packets.neighbor(
                        OwnPackets.NEIGHBOR_ADVERTISEMENT,
                        Neighbors.groupMac(ALL_NODES),
                        address,
                        ALL_NODES,
                        OwnPackets.OVERRIDE,
                        address,
                        OwnPackets.TARGET_OPTION);
            }
        }
    }

    @Override
    public void want(final IpAddress endpoint) {
        final IpAddress hop = Neighbors.nextHop(spec, endpoint);
        if (spec.neighbors().containsKey(hop) || own.sourceFor(hop) == null) {
            listener.accept(endpoint);
            return;
        }
        final Neighbor neighbor = cache.acquire(hop, host.nanoTime());
        if (neighbor != null) {
            hops.put(endpoint, neighbor);
            behind.computeIfAbsent(neighbor, key -> new ArrayList<>()).add(endpoint);
            cache.run(host.nanoTime());
        }
        listener.accept(endpoint);
    }

    @Override
    public void forget(final IpAddress endpoint) {
        paths.forget(endpoint);
        final Neighbor neighbor = hops.remove(endpoint);
        if (neighbor != null) {
            final List<IpAddress> endpoints = behind.get(neighbor);
            endpoints.remove(endpoint);
            if (endpoints.isEmpty()) {
                behind.remove(neighbor);
            }
            cache.release(neighbor);
        }
    }

    @Override
    public Hop hop(final IpAddress endpoint) {
        final Neighbor neighbor = hops.get(endpoint);
        long mac = Neighbors.UNKNOWN;
        if (neighbor != null) {
            mac = neighbor.state == State.RESOLVING ? Neighbors.PENDING : neighbor.mac;
        }
        return new Hop(mac, null, paths.mtu(endpoint));
    }

    /** A frame that a worker found to be for the switch itself. */
    void receive(final long frame, final int length) {
        receiver.receive(frame, length);
        cache.tell(this::tell);
    }

    private void tell(final Neighbor neighbor) {
        for (final IpAddress endpoint : List.copyOf(behind.getOrDefault(neighbor, List.of()))) {
            listener.accept(endpoint);
        }
        if (neighbor.state == State.FAILED && neighbor.failures == 1) {
            host.event("neighbor.lost", neighbor.address.toString());
        }
    }

    /** Frames of groups, and of asking routers: what is joined is reported. */
    void join(final IpAddress group) {
        groups.join(group, host == null ? 0 : host.nanoTime());
    }

    void leave(final IpAddress group) {
        groups.leave(group, up);
    }

    // What the receiver calls.

    /** Somebody on the link says where an address is; {@code asked}: as an answer to a question. */
    void heard(final IpAddress address, final long mac, final boolean asked) {
        final Neighbor neighbor = cache.find(address);
        if (neighbor == null) {
            return;
        }
        final long now = host.nanoTime();
        final boolean open =
                neighbor.asked > 0 && (neighbor.state == State.RESOLVING || neighbor.state == State.PROBED);
        if (asked && open) {
            cache.answered(neighbor, mac, now);
        } else {
            counters.unsolicited += asked ? 1 : 0;
            cache.claimed(neighbor, mac, now);
            cache.run(now);
        }
    }

    /** Somebody else says that one of our addresses is its own. */
    void conflict(final IpAddress address, final long mac) {
        counters.conflicts++;
        conflict = address + " is used by " + MacAddress.format(mac) + " as well";
        final long now = host.nanoTime();
        if (conflictAt == Long.MIN_VALUE || now - conflictAt >= CONFLICT_EVERY) {
            conflictAt = now;
            host.event("underlay.conflict", conflict);
            host.log(conflict + ": give one of them another address");
            // Defended once in a while (RFC 5227, section 2.4 b).
            announcements = Math.max(announcements, 1);
            announceAt = now;
        }
    }

    long nanoTime() {
        return host.nanoTime();
    }

    // What is asked.

    /** What is wrong on the link, in words, or empty. */
    String trouble() {
        final boolean recent = !conflict.isEmpty() && host.nanoTime() - conflictAt < 6 * CONFLICT_EVERY;
        return recent ? conflict : "";
    }

    NeighborCache cache() {
        return cache;
    }

    PathMtus paths() {
        return paths;
    }

    OwnCounters counters() {
        return counters;
    }

    OwnSender sender() {
        return sender;
    }

    OwnAddresses own() {
        return own;
    }

    @Override
    public void close() {
        closed = true;
        sender.close();
    }
}
