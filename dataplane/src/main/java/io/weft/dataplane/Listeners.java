package io.weft.dataplane;

import io.weft.dataplane.api.NetworkSpec;
import io.weft.dataplane.underlay.Underlay;
import io.weft.encap.Encapsulation;
import io.weft.encap.IpAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What the underlay listens on, counted by the networks that need it: an encapsulation on a UDP port, and multicast groups
 * on top.
 *
 * <p>Owned by the conductor.
 */
final class Listeners implements AutoCloseable {
    private final Underlay underlay;
    private final List<WorkerProxy> workers;
    private final Map<Key, Entry> entries = new HashMap<>();

    Listeners(final Underlay underlay, final List<WorkerProxy> workers) {
        this.underlay = underlay;
        this.workers = workers;
    }

    /** Has the workers poll what the underlay brings in any case. */
    void start() {
        poll(underlay.queues());
        drain(underlay.inbound(), true);
        drain(underlay.made(), false);
    }

    private void drain(final List<Underlay.Listener> queues, final boolean handedOver) {
        for (final Underlay.Listener of : queues) {
            workers.get(of.worker())
                    .order(worker -> {
                        worker.onAddUnderlayDrain(of.queue(), handedOver);
                        return true;
                    })
                    .await();
        }
    }

    /** @param isNew whether the network was not there before, and counts */
    void acquire(final NetworkSpec spec, final boolean zeroChecksum6, final boolean isNew) {
        final Key key = new Key(spec.encap(), spec.port(), null);
        final Entry entry = entries.get(key);
        if (entry == null) {
            entries.put(key, new Entry(poll(underlay.listen(spec.encap(), spec.port(), zeroChecksum6)), zeroChecksum6));
            return;
        }
        if (entry.zeroChecksum6 != zeroChecksum6) {
            underlay.listen(spec.encap(), spec.port(), zeroChecksum6);
            entry.zeroChecksum6 = zeroChecksum6;
        }
        if (isNew) {
            entry.users++;
        }
    }

    void release(final NetworkSpec spec) {
        final Key key = new Key(spec.encap(), spec.port(), null);
        if (--entries.get(key).users == 0) {
            unpoll(entries.remove(key));
            underlay.unlisten(spec.encap(), spec.port());
        }
    }

    void join(final NetworkSpec spec) {
        final Key key = new Key(spec.encap(), spec.port(), spec.group());
        final Entry entry = entries.get(key);
        if (entry == null) {
            entries.put(key, new Entry(poll(underlay.join(spec.encap(), spec.port(), spec.group())), false));
        } else {
            entry.users++;
        }
    }

    void leave(final NetworkSpec spec) {
        final Key key = new Key(spec.encap(), spec.port(), spec.group());
        if (--entries.get(key).users == 0) {
            unpoll(entries.remove(key));
            underlay.leave(spec.encap(), spec.port(), spec.group());
        }
    }

    private List<Underlay.Listener> poll(final List<Underlay.Listener> listeners) {
        final List<WorkerProxy.Answer<Boolean>> answers = new ArrayList<>();
        for (final Underlay.Listener listener : listeners) {
            answers.add(workers.get(listener.worker()).order(worker -> {
                worker.onAddListener(listener.queue());
                return true;
            }));
        }
        answers.forEach(WorkerProxy.Answer::await);
        return listeners;
    }

    private void unpoll(final Entry entry) {
        final List<WorkerProxy.Answer<Boolean>> answers = new ArrayList<>();
        for (final Underlay.Listener listener : entry.listeners) {
            answers.add(workers.get(listener.worker()).order(worker -> {
                worker.removeSource(listener.queue());
                return true;
            }));
        }
        answers.forEach(WorkerProxy.Answer::await);
    }

    /** The workers have ended. */
    @Override
    public void close() {
        for (final Key key : entries.keySet()) {
            if (key.group != null) {
                underlay.leave(key.encapsulation, key.port, key.group);
            }
        }
        for (final Key key : entries.keySet()) {
            if (key.group == null) {
                underlay.unlisten(key.encapsulation, key.port);
            }
        }
    }

    private record Key(Encapsulation encapsulation, int port, IpAddress group) {}

    private static final class Entry {
        private final List<Underlay.Listener> listeners;
        private boolean zeroChecksum6;
        private int users = 1;

        Entry(final List<Underlay.Listener> listeners, final boolean zeroChecksum6) {
            this.listeners = listeners;
            this.zeroChecksum6 = zeroChecksum6;
        }
    }
}
