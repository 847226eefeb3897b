package io.weft.dataplane;

import io.weft.dataplane.Registry.PortEntry;
import io.weft.dataplane.port.PortSender;
import io.weft.dataplane.port.RxQueue;

/**
 * Gives each port its queues' workers ({@link QueueWiring}) and its counters.
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
        final QueueWiring queues = new QueueWiring(entry.port, workers, workerOf(entry.id, 0));
        entry.wiring = queues;
        entry.tx = new PortSender[workers];
        entry.rx = new RxQueue[workers][];
        entry.inbound = new RxQueue[workers][];
        for (int w = 0; w < workers; w++) {
            entry.traffic.add(new TrafficCounters(counters, entry.spec.name(), w));
            entry.tx[w] = queues.sender(w);
            entry.rx[w] = queues.polledBy(w).toArray(RxQueue[]::new);
            entry.inbound[w] = queues.inbound(w).toArray(RxQueue[]::new);
        }
    }

    /** The worker that polls a queue of a port. */
    int workerOf(final int port, final int queue) {
        return QueueWiring.workerOf(queue, port, workers);
    }

    /** Frees what {@link #wire} took; the workers no longer touch it. */
    void unwire(final PortEntry entry) {
        if (entry.wiring != null) {
            entry.wiring.close();
        }
        entry.traffic.forEach(traffic -> traffic.free(counters));
    }
}
