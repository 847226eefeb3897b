package io.weft.dataplane.underlay;

import io.weft.dataplane.QueueWiring;
import io.weft.dataplane.Tunnel;
import io.weft.dataplane.api.PortSpec;
import io.weft.dataplane.api.Rows;
import io.weft.dataplane.api.SwitchException;
import io.weft.dataplane.api.UnderlaySpec;
import io.weft.dataplane.port.FrameRing;
import io.weft.dataplane.port.NicPort;
import io.weft.dataplane.port.Port;
import io.weft.dataplane.port.RxQueue;
import io.weft.dataplane.underlay.Resolver.Hop;
import io.weft.encap.Encapsulation;
import io.weft.encap.IpAddress;
import io.weft.encap.MacAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Tunnels over a layer-2 port: the switch makes and checks Ethernet, IP and UDP itself. {@link Resolver} finds the way to
 * tunnels' endpoints.
 *
 * <p>Owned by the conductor; {@link Accepted} is how it tells the workers what to take.
 */
public final class LayerTwoUnderlay implements Underlay {
    private static final int HEARD_AT_ONCE = 64;
    private static final long LOOK_NANOS = 100_000_000L;

    private final UnderlaySpec spec;
    private final Port port;
    private final Neighbors neighbors;
    private final Resolver resolver;
    /** Null on a port that is not the switch's alone. */
    private final OwnStack stack;

    private final Endpoints endpoints;
    private final Set<IpAddress> changed = new HashSet<>();
    private final QueueWiring wiring;
    /** By queue. */
    private final LayerTwoRx[] rx;
    /** By worker. */
    private final LayerTwoTx[] tx;

    private final int mtu;
    private final Map<Integer, Encapsulation> listeners = new TreeMap<>();
    /** Groups joined, each by what joined it: several networks may share one. */
    private final Map<IpAddress, Set<Integer>> groups = new LinkedHashMap<>();

    /** By queue, from {@link #start} on where there is a stack. */
    private final List<PuntRing> punts = new ArrayList<>();

    private UnderlayHost host;
    private long linkLookedAt;
    private String linkState = "";
    private volatile Accepted accepted;

    /** An underlay that asks nobody: {@code neighbors} knows all that there is to know. */
    public LayerTwoUnderlay(final UnderlaySpec spec, final Port port, final int workers, final Neighbors neighbors) {
        this(spec, port, workers, neighbors, null, new Endpoints());
    }

    /** An underlay on a port that is the switch's alone: it is a host on that link, with its own ARP, ND and ICMP. */
    public static LayerTwoUnderlay owned(final UnderlaySpec spec, final Port port, final int workers) {
        final Endpoints endpoints = new Endpoints();
        return new LayerTwoUnderlay(
                spec, port, workers, Neighbors.fixed(spec), new OwnStack(spec, endpoints), endpoints);
    }

    /**
     * @param port is closed with the underlay
     * @param workers those that have no queue of the port hand over to one that has
     * @param neighbors fixed ones, which win
     * @param resolver for all others, closed with the underlay; null: there are no others
     */
    public LayerTwoUnderlay(
            final UnderlaySpec spec,
            final Port port,
            final int workers,
            final Neighbors neighbors,
            final Resolver resolver) {
        this(spec, port, workers, neighbors, resolver, new Endpoints());
    }

    private LayerTwoUnderlay(
            final UnderlaySpec spec,
            final Port port,
            final int workers,
            final Neighbors neighbors,
            final Resolver resolver,
            final Endpoints endpoints) {
        this.spec = spec;
        this.endpoints = endpoints;
        stack = resolver instanceof final OwnStack own ? own : null;
        this.port = port;
        this.neighbors = neighbors;
        this.resolver = resolver;
        mtu = spec.mtu() == 0 ? port.mtu() : spec.mtu();
        wiring = new QueueWiring(port, workers, 0);
        rx = new LayerTwoRx[port.queues()];
        for (int q = 0; q < rx.length; q++) {
            rx[q] = new LayerTwoRx(this, port.queue(q), spec);
        }
        tx = new LayerTwoTx[workers];
        for (int w = 0; w < workers; w++) {
            tx[w] = new LayerTwoTx(this, wiring.sender(w), mtu, spec.vlan());
        }
        publish();
    }

    @Override
    public void start(final UnderlayHost underlayHost) {
        host = underlayHost;
        if (stack != null) {
            for (int q = 0; q < rx.length; q++) {
                final PuntRing punt = new PuntRing(underlayHost::nanoTime);
                punts.add(punt);
                rx[q].punt(punt);
                underlayHost.reactor().watch(punt.wake().wakeFd(), () -> {});
                punt.wake().arm();
            }
        }
        if (resolver != null) {
            resolver.start(underlayHost, this::moved);
        }
        port.start(underlayHost);
    }

    private void moved(final IpAddress endpoint) {
        if (endpoints.answer(endpoint, resolver.hop(endpoint))) {
            changed.add(endpoint);
        }
    }

    @Override
    public int doWork() {
        if (resolver == null) {
            return 0;
        }
        int work = stack == null ? 0 : hear();
        if (endpoints.isChanged()) {
            endpoints.update(resolver);
        }
        if (!changed.isEmpty()) {
            final Set<IpAddress> of = Set.copyOf(changed);
            changed.clear();
            host.prepareAgain(of);
            work += of.size();
        }
        return work;
    }

    /** Takes what the workers put by for the switch itself, so much of it at most in one turn. */
    private int hear() {
        look();
        int heard = 0;
        for (final PuntRing punt : punts) {
            punt.wake().disarm();
            int left = HEARD_AT_ONCE;
            long frame = left > 0 ? punt.ring().next() : 0;
            while (frame != 0) {
                stack.receive(frame, FrameRing.length(frame));
                heard++;
                frame = --left > 0 ? punt.ring().next() : 0;
            }
            punt.ring().release();
            punt.wake().arm();
        }
        return heard;
    }

    /** Whether the link is there is asked of the port now and then. */
    private void look() {
        final long now = host.nanoTime();
        if (linkState.isEmpty() || now - linkLookedAt >= LOOK_NANOS) {
            linkLookedAt = now;
            linkState = port.state();
            stack.link("up".equals(linkState));
        }
    }

    @Override
    public String state() {
        final String state = port.state();
        final String fault = resolver == null ? "" : endpoints.fault(resolver);
        final String trouble = stack == null ? fault : stack.trouble();
        return trouble.isEmpty() || !"up".equals(state) ? state : trouble;
    }

    @Override
    public String mode() {
        return port instanceof final NicPort nic ? nic.mode() : "";
    }

    @Override
    public Map<String, Long> dropsBefore() {
        return port instanceof final NicPort nic ? nic.dropsBefore() : Map.of();
    }

    @Override
    public Rows.LinkRow row() {
        final PortSpec device = spec.port();
        return new Rows.LinkRow(
                device == null ? "memory" : device.kind().label() + " " + device.device(),
                state(),
                mtu,
                spec.mac() == 0 ? "" : MacAddress.format(spec.mac()),
                neighbors(),
                stack == null ? List.of() : stack.counters().rows(stack.cache(), stack.sender()));
    }

    private List<Rows.NeighborRow> neighbors() {
        final List<Rows.NeighborRow> rows = new ArrayList<>();
        spec.neighbors()
                .forEach((address, mac) ->
                        rows.add(new Rows.NeighborRow(address.toString(), MacAddress.format(mac), "fixed", 0, -1)));
        if (stack != null) {
            stack.cache().all().forEach(neighbor -> rows.add(row(neighbor)));
        }
        rows.sort(Comparator.comparing(Rows.NeighborRow::address));
        return rows;
    }

    private Rows.NeighborRow row(final Neighbor neighbor) {
        return new Rows.NeighborRow(
                neighbor.address.toString(),
                neighbor.mac == Neighbors.UNKNOWN ? "" : MacAddress.format(neighbor.mac),
                neighbor.state.name().toLowerCase(Locale.ROOT),
                neighbor.users,
                neighbor.heard == 0 ? -1 : (host.nanoTime() - neighbor.heard) / 1_000_000);
    }

    @Override
    public void checkMemory() {
        port.checkMemory();
    }

    private void publish() {
        final List<IpAddress> destinations = new ArrayList<>(spec.addresses());
        destinations.addAll(groups.keySet());
        if (port instanceof final NicPort nic) {
            final List<Integer> udpPorts =
                    listeners.keySet().stream().filter(udp -> udp != 0).toList();
            nic.take(udpPorts, listeners.containsKey(0), destinations);
        }
        accepted = new Accepted(listeners, destinations);
    }

    /** What is taken from the wire; by any thread. */
    Accepted accepted() {
        return accepted;
    }

    /** A tunnel of a worker goes there; by that worker. */
    void acquire(final Tunnel tunnel) {
        if (resolver != null && !tunnel.endpoint.isMulticast()) {
            endpoints.acquire(tunnel);
        }
    }

    /** Ends {@link #acquire}. */
    void release(final Tunnel tunnel) {
        if (resolver != null && !tunnel.endpoint.isMulticast()) {
            endpoints.release(tunnel);
        }
    }

    /** The way to an endpoint or group, as far as it is known; by any thread. */
    Hop hop(final IpAddress endpoint) {
        if (endpoint.isMulticast()) {
            return Hop.of(Neighbors.groupMac(endpoint));
        }
        final Hop found = resolver == null ? Hop.UNKNOWN : endpoints.hop(endpoint);
        final long fixed = neighbors.mac(Neighbors.nextHop(spec, endpoint));
        return fixed == Neighbors.UNKNOWN ? found : new Hop(fixed, found.source(), found.mtu());
    }

    /** MAC of this end: the configured one, else the port's, else one made from the address. */
    long sourceMac(final IpAddress source) {
        if (spec.mac() != 0) {
            return spec.mac();
        }
        return port.mac() != 0 ? port.mac() : Neighbors.derivedMac(source);
    }

    @Override
    public UnderlayTx tx(final int worker) {
        return tx[worker];
    }

    /**
     * The port's queues, which bring every encapsulation and are polled as long as the underlay is open; {@link #listen}
     * and {@link #join} make no others.
     */
    @Override
    public List<Listener> queues() {
        final List<Listener> queues = new ArrayList<>();
        for (int q = 0; q < rx.length; q++) {
            queues.add(new Listener(wiring.workerOf(q), rx[q]));
        }
        return queues;
    }

    @Override
    public List<Listener> inbound() {
        final List<Listener> queues = new ArrayList<>();
        for (int w = 0; w < tx.length; w++) {
            for (final RxQueue queue : wiring.inbound(w)) {
                queues.add(new Listener(w, queue));
            }
        }
        return queues;
    }

    @Override
    public List<Listener> made() {
        return stack == null
                ? List.of()
                : List.of(new Listener(wiring.workerOf(0), stack.sender().drain()));
    }

    @Override
    public List<Listener> listen(final Encapsulation encapsulation, final int udpPort, final boolean zeroChecksum6) {
        final Encapsulation other = listeners.get(udpPort);
        if (other != null && other != encapsulation) {
            throw new SwitchException("UDP port " + udpPort + " carries " + other.label() + "; use another port for "
                    + encapsulation.label());
        }
        listeners.put(udpPort, encapsulation);
        try {
            publish();
        } catch (final SwitchException e) {
            listeners.remove(udpPort);
            throw e;
        }
        return List.of();
    }

    @Override
    public void unlisten(final Encapsulation encapsulation, final int udpPort) {
        listeners.remove(udpPort, encapsulation);
        publish();
    }

    @Override
    public List<Listener> join(final Encapsulation encapsulation, final int udpPort, final IpAddress group) {
        if (groups.computeIfAbsent(group, key -> new HashSet<>()).add(udpPort) && stack != null) {
            stack.join(group);
        }
        try {
            publish();
        } catch (final SwitchException e) {
            part(udpPort, group);
            throw e;
        }
        return List.of();
    }

    @Override
    public void leave(final Encapsulation encapsulation, final int udpPort, final IpAddress group) {
        part(udpPort, group);
        publish();
    }

    private void part(final int udpPort, final IpAddress group) {
        final Set<Integer> by = groups.get(group);
        if (by != null && by.remove(udpPort) && by.isEmpty()) {
            groups.remove(group);
            if (stack != null) {
                stack.leave(group);
            }
        }
    }

    @Override
    public int mtu() {
        return mtu;
    }

    @Override
    public IpAddress address(final int family) {
        for (final IpAddress address : spec.addresses()) {
            if (address.family() == family) {
                return address;
            }
        }
        return null;
    }

    @Override
    public void close() {
        if (resolver != null) {
            resolver.close();
        }
        port.close();
        wiring.close();
        for (final PuntRing punt : punts) {
            host.reactor().unwatch(punt.wake().wakeFd());
            punt.close();
        }
        for (final LayerTwoTx sender : tx) {
            sender.close();
        }
    }
}
