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
                final int owner = workerOf(entry.id, w % port.queues());
                final HandoffQueue handoff = new HandoffQueue(entry.tx[owner], true);
                entry.handoffs.add(handoff);
                entry.tx[w] = handoff;
                inbound.get(owner).add(handoff.drain());
            }
        }
        entry.rx = arrays(rx);
        entry.inbound = arrays(inbound);
    }

    /** Frees what {@link #wire} took; the workers no longer touch it. */
    void unwire(final PortEntry entry) {
        entry.handoffs.forEach(HandoffQueue::close);
        entry.traffic.forEach(traffic -> traffic.free(counters));
    }

    private int workerOf(final int port, final int queue) {
        // Ports with few queues begin at different workers, so that the load is spread.
        return (port + queue) % workers;
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
