package io.weft.dataplane.underlay;

import io.weft.dataplane.api.SwitchException;
import io.weft.dataplane.api.UnderlaySpec;
import io.weft.dataplane.port.Port;
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
 * Tunnels over a layer-2 port that the switch owns alone: it makes and checks Ethernet, IP and UDP itself. Every worker
 * has a queue of the port.
 *
 * <p>Owned by the conductor; {@link Accepted} is how it tells the workers what to take.
 */
public final class LayerTwoUnderlay implements Underlay {
    private final UnderlaySpec spec;
    private final Port port;
    private final Neighbors neighbors;
    private final LayerTwoRx[] rx;
    private final LayerTwoTx[] tx;
    private final int mtu;
    private final Map<Integer, Encapsulation> listeners = new TreeMap<>();
    /** Groups joined, each by what joined it: several networks may share one. */
    private final Map<IpAddress, Set<Integer>> groups = new LinkedHashMap<>();

    private volatile Accepted accepted;

    /**
     * @param port is closed with the underlay
     * @param workers each needs a queue
     */
    public LayerTwoUnderlay(final UnderlaySpec spec, final Port port, final int workers, final Neighbors neighbors) {
        if (port.queues() < workers) {
            throw new SwitchException("underlay has " + port.queues() + " queues and " + workers
                    + " workers need one each; use fewer workers");
        }
        this.spec = spec;
        this.port = port;
        this.neighbors = neighbors;
        mtu = spec.mtu() == 0 ? port.mtu() : spec.mtu();
        rx = new LayerTwoRx[workers];
        tx = new LayerTwoTx[workers];
        for (int i = 0; i < workers; i++) {
            rx[i] = new LayerTwoRx(this, port.queue(i), spec.mac());
            tx[i] = new LayerTwoTx(this, port.queue(i), mtu);
        }
        publish();
    }

    private void publish() {
        final List<IpAddress> destinations = new ArrayList<>(spec.addresses());
        destinations.addAll(groups.keySet());
        accepted = new Accepted(listeners, destinations);
    }

    /** What is taken from the wire; by any thread. */
    Accepted accepted() {
        return accepted;
    }

    /** MAC that packets for an endpoint or group go to, or {@link Neighbors#UNKNOWN}; by any thread. */
    long destinationMac(final IpAddress endpoint) {
        return endpoint.isMulticast() ? Neighbors.groupMac(endpoint) : neighbors.mac(Neighbors.nextHop(spec, endpoint));
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
        for (int i = 0; i < rx.length; i++) {
            queues.add(new Listener(i, rx[i]));
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
        publish();
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
        port.close();
    }
}
