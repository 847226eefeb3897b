package io.weft.dataplane;

import io.weft.dataplane.Registry.PortEntry;
import io.weft.dataplane.port.PortHost;
import io.weft.dataplane.vhost.Reactor;

/**
 * What an open port asks of the switch.
 *
 * <p>Owned by the conductor.
 */
final class HostedPort implements PortHost {
    private final PortEntry entry;
    private final AllWorkers workers;
    private final PortWiring wiring;
    private final EventLoop loop;
    private final Facts facts;
    /** Set when no worker touches the port any more. */
    private boolean detached;

    HostedPort(
            final PortEntry entry,
            final AllWorkers workers,
            final PortWiring wiring,
            final EventLoop loop,
            final Facts facts) {
        this.entry = entry;
        this.workers = workers;
        this.wiring = wiring;
        this.loop = loop;
        this.facts = facts;
    }

    /** The workers have let go of the port, or ended: what they would have done is done here from now on. */
    void detach() {
        detached = true;
    }

    @Override
    public void onWorker(final int queue, final Runnable action) {
        if (detached) {
            action.run();
            return;
        }
        workers.proxies()
                .get(wiring.workerOf(entry.id, queue))
                .order(worker -> {
                    action.run();
                    worker.polls.wake(entry.port.queue(queue));
                    return true;
                })
                .await();
    }

    @Override
    public Reactor reactor() {
        return loop;
    }

    @Override
    public void announce(final long mac) {
        if (!detached) {
            workers.proxies()
                    .get(wiring.workerOf(entry.id, 0))
                    .order(worker -> {
                        worker.onAnnounce(entry.binding, mac);
                        return true;
                    })
                    .await();
        }
    }

    @Override
    public void event(final String type, final String detail) {
        facts.tell(type, entry.spec.name(), detail);
    }

    @Override
    public void log(final String line) {
        System.err.println("weft: port " + entry.spec.name() + ": " + line);
    }
}
