package io.weft.dataplane;

import io.weft.dataplane.Registry.PortEntry;
import io.weft.dataplane.port.Port;
import io.weft.dataplane.port.PortQueue;
import io.weft.dataplane.port.RxQueue;
import java.util.ArrayList;
import java.util.List;

/**
 * Which worker polls which queue of a port and where each worker sends. With a queue for each worker everybody uses its
 * own; with fewer, a worker without one hands its frames to one that has.
 *
 * <p>Owned by the conductor.
 */
final class PortWiring {
    private final Counters counters;
    private final int workers;

    PortWiring(final Counters counters, final int workers) {
        this.counters = counters;
        this.workers = workers;
    }

    void wire(final PortEntry entry) {
        final Port port = entry.port;
        entry.tx = new PortQueue[workers];
        final List<List<RxQueue>> rx = lists();
        final List<List<RxQueue>> inbound = lists();
        for (int q = 0; q < port.queues(); q++) {
            final int worker = workerOf(entry.id, q);
            rx.get(worker).add(port.queue(q));
            if (entry.tx[worker] == null) {
                entry.tx[worker] = port.queue(q);
            }
        }
        for (int w = 0; w < workers; w++) {
            entry.traffic.add(new TrafficCounters(counters, entry.spec.name(), w));
            if (entry.tx[w] == null) {
                entry.tx[w] = handoff(entry, workerOf(entry.id, w % port.queues()), inbound);
            }
        }
        if (port.queues() > 1) {
            spread(entry, inbound);
        }
        entry.rx = arrays(rx);
        entry.inbound = arrays(inbound);
    }

    /** Lets a port that wants it choose the pair by flow: each worker reaches every pair, its own or by its worker. */
    private void spread(final PortEntry entry, final List<List<RxQueue>> inbound) {
        for (int w = 0; w < workers; w++) {
            final PortQueue[] pairs = new PortQueue[entry.port.queues()];
            final PortQueue[] byOwner = new PortQueue[workers];
            for (int q = 0; q < pairs.length; q++) {
                final int owner = workerOf(entry.id, q);
                if (owner == w) {
                    pairs[q] = entry.port.queue(q);
                } else {
                    if (byOwner[owner] == null) {
                        byOwner[owner] = handoff(entry, owner, inbound);
                    }
                    pairs[q] = byOwner[owner];
                }
            }
            final PortQueue sender = entry.port.spread(pairs);
            if (sender == null) {
                return;
            }
            entry.tx[w] = sender;
        }
    }

    private static HandoffQueue handoff(final PortEntry entry, final int owner, final List<List<RxQueue>> inbound) {
        final HandoffQueue handoff = new HandoffQueue(entry.port.queue(0), true);
        entry.handoffs.add(handoff);
        inbound.get(owner).add(handoff.drain());
        return handoff;
    }

    /** The worker that polls a queue of a port. */
    int workerOf(final int port, final int queue) {
        // Ports with few queues begin at different workers, so that the load is spread.
        return (port + queue) % workers;
    }

    /** Frees what {@link #wire} took; the workers no longer touch it. */
    void unwire(final PortEntry entry) {
        entry.handoffs.forEach(HandoffQueue::close);
        entry.traffic.forEach(traffic -> traffic.free(counters));
    }

    private List<List<RxQueue>> lists() {
        final List<List<RxQueue>> lists = new ArrayList<>();
        for (int w = 0; w < workers; w++) {
            lists.add(new ArrayList<>());
        }
        return lists;
    }

    private static RxQueue[][] arrays(final List<List<RxQueue>> lists) {
        return lists.stream().map(list -> list.toArray(RxQueue[]::new)).toArray(RxQueue[][]::new);
    }
}
