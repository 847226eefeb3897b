package io.weft.dataplane;

import io.weft.dataplane.port.Port;
import io.weft.dataplane.port.PortQueue;
import io.weft.dataplane.port.PortSender;
import io.weft.dataplane.port.RxQueue;
import java.util.ArrayList;
import java.util.List;

/**
 * Which worker polls which queue of a port, and where each worker sends. With a queue for each worker everybody uses its
 * own; with fewer, a worker without one hands its frames to one that has.
 *
 * <p>Owned by the conductor.
 */
public final class QueueWiring implements AutoCloseable {
    private final Port port;
    private final int workers;
    private final int first;
    private final PortSender[] senders;
    private final List<List<RxQueue>> inbound = new ArrayList<>();
    private final List<HandoffQueue> handoffs = new ArrayList<>();

    /** @param first worker of the port's first queue: ports with few queues begin at different ones, which spreads them */
    public QueueWiring(final Port port, final int workers, final int first) {
        this.port = port;
        this.workers = workers;
        this.first = first;
        senders = new PortSender[workers];
        for (int w = 0; w < workers; w++) {
            inbound.add(new ArrayList<>());
        }
        for (int w = 0; w < workers; w++) {
            senders[w] = port.isSteered() ? port.spread(reach(w)) : nearest(w);
        }
    }

    /** The worker that polls a queue of a port whose first one is polled by {@code first}. */
    static int workerOf(final int queue, final int first, final int workers) {
        return (first + queue) % workers;
    }

    /** The worker that polls a queue. */
    public int workerOf(final int queue) {
        return workerOf(queue, first, workers);
    }

    /** Where a worker puts frames for the port. */
    public PortSender sender(final int worker) {
        return senders[worker];
    }

    /** The port's queues that a worker polls, possibly none. */
    public List<PortQueue> polledBy(final int worker) {
        final List<PortQueue> queues = new ArrayList<>();
        for (int q = 0; q < port.queues(); q++) {
            if (workerOf(q) == worker) {
                queues.add(port.queue(q));
            }
        }
        return queues;
    }

    /** What other workers hand to a worker for the port, possibly none. */
    public List<RxQueue> inbound(final int worker) {
        return List.copyOf(inbound.get(worker));
    }

    /** The worker's first queue of the port, or where it hands over to one that has a queue. */
    private PortSender nearest(final int worker) {
        final int queues = port.queues();
        for (int q = 0; q < queues; q++) {
            if (workerOf(q) == worker) {
                return port.queue(q);
            }
        }
        return handoff(workerOf(worker % queues));
    }

    /** For each queue pair, where the worker puts frames for it: the pair itself, or its worker's hand-off. */
    private PortSender[] reach(final int worker) {
        final PortSender[] pairs = new PortSender[port.queues()];
        final PortSender[] byOwner = new PortSender[workers];
        for (int q = 0; q < pairs.length; q++) {
            final int owner = workerOf(q);
            if (owner == worker) {
                pairs[q] = port.queue(q);
            } else {
                if (byOwner[owner] == null) {
                    byOwner[owner] = handoff(owner);
                }
                pairs[q] = byOwner[owner];
            }
        }
        return pairs;
    }

    private HandoffQueue handoff(final int owner) {
        final HandoffQueue handoff = new HandoffQueue(port.queue(0), true);
        handoffs.add(handoff);
        inbound.get(owner).add(handoff.drain());
        return handoff;
    }

    /** Frees the hand-offs; the workers no longer touch them. */
    @Override
    public void close() {
        handoffs.forEach(HandoffQueue::close);
        handoffs.clear();
    }
}
