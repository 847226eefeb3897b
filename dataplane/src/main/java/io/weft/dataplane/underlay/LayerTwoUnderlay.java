package io.weft.dataplane.underlay;

import io.weft.dataplane.QueueWiring;
import io.weft.dataplane.api.SwitchException;
import io.weft.dataplane.api.UnderlaySpec;
import io.weft.dataplane.port.NicPort;
import io.weft.dataplane.port.Port;
import io.weft.dataplane.port.RxQueue;
import io.weft.dataplane.underlay.Resolver.Hop;
import io.weft.encap.Encapsulation;
import io.weft.encap.IpAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
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
    private final UnderlaySpec spec;
    private final Port port;
    private final Neighbors neighbors;
    private final Resolver resolver;
    private final Endpoints endpoints = new Endpoints();
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

    private UnderlayHost host;
    private volatile Accepted accepted;

    /** An underlay that asks nobody: {@code neighbors} knows all that there is to know. */
    public LayerTwoUnderlay(final UnderlaySpec spec, final Port port, final int workers, final Neighbors neighbors) {
        this(spec, port, workers, neighbors, null);
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
        this.spec = spec;
        this.port = port;
        this.neighbors = neighbors;
        this.resolver = resolver;
        mtu = spec.mtu() == 0 ? port.mtu() : spec.mtu();
        wiring = new QueueWiring(port, workers, 0);
        rx = new LayerTwoRx[port.queues()];
        for (int q = 0; q < rx.length; q++) {
            rx[q] = new LayerTwoRx(this, port.queue(q), spec.mac());
        }
        tx = new LayerTwoTx[workers];
        for (int w = 0; w < workers; w++) {
            tx[w] = new LayerTwoTx(this, wiring.sender(w), mtu);
        }
        publish();
    }

    @Override
    public void start(final UnderlayHost underlayHost) {
        host = underlayHost;
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
        if (endpoints.isChanged()) {
            endpoints.update(resolver);
        }
        if (changed.isEmpty()) {
            return 0;
        }
        final Set<IpAddress> of = Set.copyOf(changed);
        changed.clear();
        host.prepareAgain(of);
        return of.size();
    }

    @Override
    public String state() {
        final String state = port.state();
        final String fault = resolver == null ? "" : endpoints.fault(resolver);
        return fault.isEmpty() || !"up".equals(state) ? state : fault;
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
    void acquire(final IpAddress endpoint) {
        if (resolver != null && !endpoint.isMulticast()) {
            endpoints.acquire(endpoint);
        }
    }

    /** Ends {@link #acquire}. */
    void release(final IpAddress endpoint) {
        if (resolver != null && !endpoint.isMulticast()) {
            endpoints.release(endpoint);
        }
    }

    /** The way to an endpoint or group, as far as it is known; by any thread. */
    Hop hop(final IpAddress endpoint) {
        if (endpoint.isMulticast()) {
            return Hop.of(Neighbors.groupMac(endpoint));
        }
        final Hop found = endpoints.hop(endpoint);
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
        groups.computeIfAbsent(group, key -> new HashSet<>()).add(udpPort);
        publish();
        return List.of();
    }

    @Override
    public void leave(final Encapsulation encapsulation, final int udpPort, final IpAddress group) {
        final Set<Integer> by = groups.get(group);
        if (by != null && by.remove(udpPort) && by.isEmpty()) {
            groups.remove(group);
        }
        publish();
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
    }
}
