package io.weft.dataplane;

import io.weft.dataplane.underlay.Underlay;
import io.weft.dataplane.underlay.UnderlayHost;
import io.weft.dataplane.vhost.Reactor;
import io.weft.encap.IpAddress;
import java.util.Set;
import java.util.function.LongSupplier;

/**
 * What the open underlay asks of the switch.
 *
 * <p>Owned by the conductor.
 */
final class HostedUnderlay implements UnderlayHost {
    private static final String NAME = "underlay";
    /** Tunnels looked through in one order, so that frames have their turn between. */
    private static final int AT_ONCE = 4096;

    private final Underlay underlay;
    private final AllWorkers workers;
    private final EventLoop loop;
    private final Facts facts;
    private final int maxTunnels;
    private final LongSupplier nanoClock;
    /** Set when the workers have ended. */
    private boolean detached;

    HostedUnderlay(
            final Underlay underlay,
            final AllWorkers workers,
            final EventLoop loop,
            final Facts facts,
            final int maxTunnels,
            final LongSupplier nanoClock) {
        this.underlay = underlay;
        this.workers = workers;
        this.loop = loop;
        this.facts = facts;
        this.maxTunnels = maxTunnels;
        this.nanoClock = nanoClock;
    }

    /** The workers have ended: what they would have done is done here from now on. */
    void detach() {
        detached = true;
    }

    @Override
    public void onWorker(final int queue, final Runnable action) {
        if (detached) {
            action.run();
            return;
        }
        final Underlay.Listener polled = underlay.queues().get(queue);
        workers.proxies()
                .get(polled.worker())
                .order(worker -> {
                    action.run();
                    worker.polls.wake(polled.queue());
                    return true;
                })
                .await();
    }

    @Override
    public void prepareAgain(final Set<IpAddress> endpoints) {
        if (detached) {
            return;
        }
        for (int from = 0; from < maxTunnels; from += AT_ONCE) {
            final int first = from;
            workers.each((worker, w) -> worker.onPrepareAgain(endpoints, first, first + AT_ONCE));
        }
    }

    @Override
    public long nanoTime() {
        return nanoClock.getAsLong();
    }

    @Override
    public Reactor reactor() {
        return loop;
    }

    /** Nobody is behind the underlay in whose name this host could speak. */
    @Override
    public void announce(final long mac) {}

    @Override
    public void event(final String type, final String detail) {
        facts.tell(type, NAME, detail);
    }

    @Override
    public void log(final String line) {
        System.err.println("weft: underlay: " + line);
    }
}
