package io.weft.dataplane;

import io.weft.dataplane.Registry.PortEntry;
import io.weft.dataplane.port.Port;
import io.weft.dataplane.port.PortSender;
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
        final List<List<RxQueue>> rx = lists();
        final List<List<RxQueue>> inbound = lists();
        for (int q = 0; q < port.queues(); q++) {
            rx.get(workerOf(entry.id, q)).add(port.queue(q));
        }
        entry.tx = new PortSender[workers];
        for (int w = 0; w < workers; w++) {
            entry.traffic.add(new TrafficCounters(counters, entry.spec.name(), w));
            entry.tx[w] = port.isSteered() ? port.spread(reach(entry, w, inbound)) : nearest(entry, w, inbound);
        }
        entry.rx = arrays(rx);
        entry.inbound = arrays(inbound);
    }

    /** The worker's first queue of the port, or where it hands over to one that has a queue. */
    private PortSender nearest(final PortEntry entry, final int worker, final List<List<RxQueue>> inbound) {
        final int queues = entry.port.queues();
        for (int q = 0; q < queues; q++) {
            if (workerOf(entry.id, q) == worker) {
                return entry.port.queue(q);
            }
        }
        return handoff(entry, workerOf(entry.id, worker % queues), inbound);
    }

    /** For each queue pair, where the worker puts frames for it: the pair itself, or its worker's hand-off. */
    private PortSender[] reach(final PortEntry entry, final int worker, final List<List<RxQueue>> inbound) {
        final PortSender[] pairs = new PortSender[entry.port.queues()];
        final PortSender[] byOwner = new PortSender[workers];
        for (int q = 0; q < pairs.length; q++) {
            final int owner = workerOf(entry.id, q);
            if (owner == worker) {
                pairs[q] = entry.port.queue(q);
            } else {
                if (byOwner[owner] == null) {
                    byOwner[owner] = handoff(entry, owner, inbound);
                }
                pairs[q] = byOwner[owner];
            }
        }
        return pairs;
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
