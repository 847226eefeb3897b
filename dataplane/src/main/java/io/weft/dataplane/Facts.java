package io.weft.dataplane;

import io.weft.dataplane.Registry.NetworkEntry;
import io.weft.dataplane.Registry.PortEntry;
import io.weft.dataplane.api.SwitchControl.EventListener;
import io.weft.encap.IpAddress;
import io.weft.encap.MacAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.MessageHandler;
import org.agrona.concurrent.ringbuffer.RingBuffer;

/**
 * What the workers learned, told to the other workers and to those who follow events.
 *
 * <p>Owned by the conductor; {@link #listen} by any thread.
 */
final class Facts {
    /** Facts of one worker taken in a row, so that a storm of them does not keep changes waiting. */
    private static final int BATCH = 256;

    private final Registry registry;
    private final List<WorkerProxy> workers;
    private final List<MessageHandler> handlers = new ArrayList<>();
    private final List<EventListener> listeners = new CopyOnWriteArrayList<>();

    Facts(final Registry registry, final List<WorkerProxy> workers) {
        this.registry = registry;
        this.workers = workers;
        for (int w = 0; w < workers.size(); w++) {
            final int from = w;
            handlers.add((type, buffer, at, length) -> onFact(from, type, buffer, at));
        }
    }

    void listen(final EventListener listener) {
        listeners.add(listener);
    }

    void tell(final String type, final String subject, final String detail) {
        final long now = System.currentTimeMillis();
        for (final EventListener listener : listeners) {
            try {
                listener.onEvent(now, type, subject, detail);
            } catch (final RuntimeException e) {
                // A follower that is ending is no reason for a change to fail that has been made.
                System.err.println("weft: event " + type + ": " + e);
            }
        }
    }

    /**
     * Relays all that there is now: before a number is given back, so that no fact about its old holder meets the new one.
     * What workers learn meanwhile is not waited for: it may be more than can be relayed.
     */
    void drain() {
        for (int w = 0; w < workers.size(); w++) {
            final RingBuffer facts = workers.get(w).worker().facts;
            final long until = facts.producerPosition();
            while (facts.consumerPosition() - until < 0) {
                facts.read(handlers.get(w), BATCH);
            }
        }
    }

    int relay() {
        int taken = 0;
        for (int w = 0; w < workers.size(); w++) {
            taken += workers.get(w).worker().facts.read(handlers.get(w), BATCH);
        }
        return taken;
    }

    private void onFact(final int from, final int type, final MutableDirectBuffer buffer, final int at) {
        final int network = buffer.getInt(at + Learning.NETWORK);
        final int vlan = buffer.getInt(at + Learning.VLAN);
        final int egress = buffer.getInt(at + Learning.EGRESS);
        final long mac = buffer.getLong(at + Learning.MAC);
        final int family = buffer.getInt(at + Learning.FAMILY);
        final IpAddress endpoint = family == 0
                ? null
                : new IpAddress(family, buffer.getLong(at + Learning.HI), buffer.getLong(at + Learning.LO));
        final int port = endpoint == null ? Egress.id(egress) : -1;
        if (type != Learning.AGED) {
            for (int w = 0; w < workers.size(); w++) {
                if (w != from) {
                    workers.get(w).order(worker -> {
                        worker.onLearned(network, vlan, mac, port, endpoint);
                        return true;
                    });
                }
            }
        }
        if (type != Learning.REFRESHED && !listeners.isEmpty()) {
            tellFact(type, network, mac, port, endpoint);
        }
    }

    private void tellFact(final int type, final int network, final long mac, final int port, final IpAddress endpoint) {
        final NetworkEntry entry = registry.networkById(network);
        final PortEntry at = endpoint == null ? registry.portById(port) : null;
        if (entry == null || (endpoint == null && at == null)) {
            return;
        }
        final String word =
                switch (type) {
                    case Learning.LEARNED -> "mac.learned";
                    case Learning.MOVED -> "mac.moved";
                    default -> "mac.aged";
                };
        tell(word, entry.spec.key(), MacAddress.format(mac) + " at " + (at == null ? endpoint : at.spec.name()));
    }
}
