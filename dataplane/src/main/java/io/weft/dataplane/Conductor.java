package io.weft.dataplane;

import io.weft.dataplane.api.SwitchControl.EventListener;
import io.weft.dataplane.underlay.Underlay;
import java.util.List;

/**
 * Makes changes: opens and closes what has to be opened, gives orders to every worker and waits until they have taken
 * them. One change at a time; one that cannot be made leaves things as they were. {@link #tenants}, {@link #networks},
 * {@link #ports} and {@link #addresses} are what can be changed, {@link #listing} what can be asked.
 *
 * <p>Owned by the conductor's thread.
 */
final class Conductor implements AutoCloseable {
    final Tenants tenants;
    final Networks networks;
    final Ports ports;
    final Addresses addresses;
    final Listing listing;
    final Captures captures;
    final Traces traces;
    private final EventLoop loop;
    private final Listeners listeners;
    private final Underlay underlay;
    private final HostedUnderlay host;
    private final Facts facts;
    private final Registry registry;
    private final List<Worker> watched;

    Conductor(
            final SwitchContext context,
            final Underlay underlay,
            final Counters counters,
            final List<Worker> of,
            final List<TrafficCounters> underlayTraffic) {
        final AllWorkers workers = new AllWorkers(of, context.pumped());
        registry = new Registry(context.maxNetworks());
        watched = of;
        this.underlay = underlay;
        listeners = new Listeners(underlay, workers.proxies());
        facts = new Facts(registry, workers.proxies());
        listing = new Listing(registry, workers.proxies(), underlay, underlayTraffic);
        tenants = new Tenants(context, registry, workers, facts);
        networks = new Networks(context, underlay, registry, listeners, workers, facts);
        final PortWiring wiring = new PortWiring(counters, workers.size());
        loop = new EventLoop(context.nanoClock());
        host = new HostedUnderlay(underlay, workers, loop, facts, context.maxTunnels(), context.nanoClock());
        ports = new Ports(context, underlay, registry, networks, wiring, workers, loop, facts, listing);
        addresses = new Addresses(registry, workers, facts);
        traces = new Traces(registry, workers, underlay, context.underlay().acceptAny());
        captures = new Captures(registry, workers, underlay, context.nanoClock(), context.captureRing());
    }

    /** Called first, when the workers run. */
    void start() {
        underlay.start(host);
        listeners.start();
    }

    /** Does what sockets and times ask for, waiting for it so long at most; relays what workers learned. */
    int doWork(final int timeoutMillis) {
        final int done = loop.run(timeoutMillis);
        lookAfterWorkers();
        return done + underlay.doWork() + facts.relay() + captures.doWork();
    }

    /** Ends a wait of {@link #doWork}; by any thread. */
    void ring() {
        loop.ring();
    }

    private void lookAfterWorkers() {
        boolean memoryFault = false;
        for (final Worker worker : watched) {
            if (worker.memoryFault) {
                worker.memoryFault = false;
                memoryFault = true;
            }
            final Throwable fault = worker.fault;
            if (fault != null) {
                worker.fault = null;
                System.err.println("weft: " + worker.roleName() + " lost a burst; this is a defect:");
                fault.printStackTrace();
            }
        }
        if (memoryFault) {
            ports.checkMemory();
            underlay.checkMemory();
        }
    }

    void removePort(final String name) {
        final Registry.PortEntry entry = registry.ports.get(name);
        ports.remove(name);
        if (entry != null) {
            captures.portGone(name, entry.id);
        }
    }

    void onEvent(final EventListener listener) {
        facts.listen(listener);
    }

    /** Closes what is open; the workers have ended. */
    @Override
    public void close() {
        captures.close();
        ports.close();
        tenants.close();
        listeners.close();
        host.detach();
        underlay.close();
        loop.close();
    }
}
