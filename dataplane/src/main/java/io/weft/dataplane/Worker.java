package io.weft.dataplane;

import io.weft.dataplane.PollSet.Kind;
import io.weft.dataplane.PollSet.Source;
import io.weft.dataplane.api.SwitchException;
import io.weft.dataplane.port.PortSender;
import io.weft.dataplane.port.RxQueue;
import io.weft.dataplane.sys.Affinity;
import io.weft.dataplane.sys.ErrnoException;
import io.weft.dataplane.underlay.UnderlayTx;
import io.weft.encap.IpAddress;
import io.weft.flowcache.FlowCache;
import io.weft.flowcache.MacTable;
import java.nio.ByteBuffer;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.OneToOneConcurrentArrayQueue;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.ringbuffer.OneToOneRingBuffer;
import org.agrona.concurrent.ringbuffer.RingBufferDescriptor;

/**
 * Polls its queues and sends what they bring through the pipeline; takes orders between bursts; sleeps when there is
 * nothing to do. {@link #doWork} is the whole of it.
 *
 * <p>Owned by its thread; the conductor reaches it through {@link WorkerProxy} alone.
 */
final class Worker implements Agent {
    static final int ORDERS = 1024;
    private static final int ORDERS_AT_ONCE = 128;
    private static final int FACTS = 1 << 18;
    /** Loops between two looks at what is parked, while there is work; and no longer than that, for loops may be long. */
    private static final int LOOK_EVERY = 64;

    private static final long LOOK_NANOS = 50_000;
    /** A sleeping worker looks after its tables this often. */
    private static final int MAX_SLEEP_MS = 250;

    private static final long HOUSEKEEPING_NANOS = 1_000_000;
    /** A learned tunnel is given up at most this often, as it means a walk through the MAC table. */
    private static final long RECLAIM_NANOS = 10_000_000;

    /** Slots of the MAC table aged per millisecond: a table of 131,072 addresses in two seconds. */
    private static final int SWEEP_PER_MS = 128;

    private final int id;
    private final int cpu;
    private final boolean adaptive;
    private final boolean pumped;
    private final boolean acceptAny;
    private final LongSupplier nanoClock;
    private final long startNanos;
    final OneToOneConcurrentArrayQueue<Order> orders = new OneToOneConcurrentArrayQueue<>(ORDERS);
    final OneToOneRingBuffer facts = new OneToOneRingBuffer(
            new UnsafeBuffer(ByteBuffer.allocateDirect(FACTS + RingBufferDescriptor.TRAILER_LENGTH)));
    final WorkerCounters counters;
    final ForwardingTables tables;
    final PollSet polls = new PollSet();
    private final TrafficCounters underlayTraffic;
    private final Learning learning;
    private final Transmitter transmitter;
    private final Pipeline pipeline;
    private final Burst burst = new Burst();
    private final Announcement announcement = new Announcement();
    private final Tunnel[] waitingFor = new Tunnel[Burst.CAPACITY];
    /** Done when the worker's thread runs, or could not. */
    final CompletableFuture<Void> started = new CompletableFuture<>();
    /** Set while asleep, so that whoever gives an order rings. */
    volatile boolean asleep;
    /** Set when memory was not there, and to the last fault that was a defect; the conductor looks and clears. */
    volatile boolean memoryFault;

    volatile Throwable fault;

    private int nowMs;
    private int loopsToLook = LOOK_EVERY;
    private long loopEnd;
    private long lookedNanos;
    private long housekeptNanos;
    private long reclaimedNanos;

    Worker(
            final SwitchContext context,
            final int id,
            final UnderlayTx underlay,
            final Counters counters,
            final TrafficCounters underlayTraffic) {
        this.id = id;
        this.underlayTraffic = underlayTraffic;
        this.counters = new WorkerCounters(counters, id);
        cpu = context.cpus().isEmpty() ? -1 : context.cpus().get(id);
        adaptive = context.adaptive();
        pumped = context.pumped();
        acceptAny = context.underlay().acceptAny();
        nanoClock = context.nanoClock();
        startNanos = nanoClock.getAsLong();
        housekeptNanos = startNanos;
        tables = new ForwardingTables(context, underlay);
        learning = new Learning(facts, this.counters, context.workers() > 1);
        final Flows flows = new Flows(tables.seed);
        transmitter = new Transmitter(tables, this.counters, underlayTraffic, flows, new TooBig(nanoClock));
        pipeline = new Pipeline(tables, this.counters, transmitter, learning, flows, acceptAny);
    }

    @Override
    public void onStart() {
        try {
            if (cpu >= 0) {
                Affinity.pin(cpu);
            }
            started.complete(null);
        } catch (final ErrnoException e) {
            final SwitchException failure = new SwitchException(roleName() + ": " + e.getMessage(), e);
            started.completeExceptionally(failure);
            throw failure;
        }
    }

    @Override
    public int doWork() {
        try {
            return loop();
        } catch (final InternalError late) {
            // Of memory that was not there; compiled code tells of it when it comes to it, even after the burst.
            settle(late);
            transmitter.forget();
            return 1;
        }
    }

    private int loop() {
        // The end of a busy loop is the begin of the next: one look at the clock for both, where loops follow at once.
        final long now = loopEnd != 0 && !pumped ? loopEnd : nanoClock.getAsLong();
        loopEnd = 0;
        nowMs = (int) ((now - startNanos) / 1_000_000);
        int work = takeOrders();
        if (polls.parkedCount() > 0 && (--loopsToLook <= 0 || now - lookedNanos > LOOK_NANOS)) {
            loopsToLook = LOOK_EVERY;
            lookedNanos = now;
            look(0);
        }
        final int frames = poll();
        work += frames;
        if (now - housekeptNanos >= HOUSEKEEPING_NANOS) {
            housekeep(now);
        }
        counters.add(WorkerCounters.LOOPS, 1);
        if (frames > 0) {
            loopEnd = nanoClock.getAsLong();
            counters.add(WorkerCounters.BUSY_NANOS, loopEnd - now);
        }
        counters.publish();
        if (work == 0 && adaptive && polls.isQuiet()) {
            sleep();
        }
        return work;
    }

    private int takeOrders() {
        int taken = 0;
        Order order = orders.poll();
        while (order != null) {
            order.apply(this);
            // Facts of other workers are orders too, and may come as fast as they are taken: frames have their turn.
            order = ++taken < ORDERS_AT_ONCE ? orders.poll() : null;
        }
        if (taken > 0) {
            counters.add(WorkerCounters.ORDERS, taken);
            counters.publish();
        }
        return taken;
    }

    private int poll() {
        int frames = 0;
        for (int i = 0; i < polls.activeCount(); i++) {
            final Source source = polls.active(i);
            burst.clear();
            final int n = receive(source);
            if (n > 0) {
                source.busy();
                frames += n;
                handle(source);
            } else if (isParked(i)) {
                i--;
            }
        }
        return frames;
    }

    // Whatever a source does may touch memory that is not there any more: others must have their turn all the same.

    private int receive(final Source source) {
        try {
            return source.queue.rxBurst(burst);
        } catch (final RuntimeException | InternalError e) {
            settle(e);
            return 0;
        }
    }

    private void handle(final Source source) {
        try {
            dispatch(source);
        } catch (final RuntimeException | InternalError e) {
            settle(e);
        } finally {
            // Nothing is left here, unless something went wrong: then it must not leave with the next burst.
            transmitter.forget();
            release(source.queue);
        }
    }

    private void release(final RxQueue queue) {
        try {
            queue.rxRelease();
        } catch (final RuntimeException | InternalError e) {
            settle(e);
        }
    }

    private boolean isParked(final int i) {
        try {
            return polls.quiet(i);
        } catch (final InternalError e) {
            settle(e);
            return false;
        }
    }

    private void look(final int timeoutMillis) {
        try {
            polls.await(timeoutMillis);
        } catch (final InternalError e) {
            settle(e);
        }
    }

    /**
     * Something went wrong in the middle of a burst: what has not left of it is lost and said to be. A guest's memory that
     * its frontend truncated shows itself so, perhaps in another port's turn; the conductor finds out whose it was.
     */
    private void settle(final Throwable e) {
        final long missing = counters.imbalance();
        if (missing >= 0) {
            counters.add(WorkerCounters.DROPPED, missing);
            tables.drops.add(DropReason.SWITCH_FAULT.ordinal(), DropTable.UNDERLAY, DropTable.NONE, missing);
        } else {
            counters.add(WorkerCounters.COPIES, -missing);
        }
        if (e instanceof InternalError) {
            memoryFault = true;
        } else {
            fault = e;
        }
    }

    private void dispatch(final Source source) {
        switch (source.kind) {
            case PORT -> pipeline.fromPort(burst, source.binding, source.traffic, nowMs);
            case UNDERLAY -> pipeline.fromUnderlay(burst, underlayTraffic, nowMs);
            case HANDOFF -> transmitter.deliver(burst, source.binding.id);
            case UNDERLAY_HANDOFF -> transmitter.deliverToUnderlay(burst, true);
            case UNDERLAY_MADE -> transmitter.deliverToUnderlay(burst, false);
        }
    }

    private void housekeep(final long now) {
        final long millis = (now - housekeptNanos) / 1_000_000;
        housekeptNanos += millis * 1_000_000;
        if (now - reclaimedNanos >= RECLAIM_NANOS) {
            reclaimedNanos = now;
            tables.reclaimTunnel(nowMs);
        }
        sendWaiting();
        learning.sweep(tables, nowMs, (int) Math.min(tables.macs.slots(), millis * SWEEP_PER_MS));
    }

    /** Sleeps until a frame or an order comes. An order given before {@link #asleep} was seen is found by the check. */
    private void sleep() {
        asleep = true;
        if (orders.isEmpty()) {
            look(MAX_SLEEP_MS);
        }
        asleep = false;
    }

    @Override
    public void onClose() {
        polls.close();
    }

    @Override
    public String roleName() {
        return "weft-worker-" + id;
    }

    int cpu() {
        return cpu;
    }

    /** The worker's clock, as its tables' times are told in. */
    int clockMs() {
        return (int) ((nanoClock.getAsLong() - startNanos) / 1_000_000);
    }

    // Orders, taken between bursts.

    void onPutTenant(final int tenant, final FlowCache cache) {
        tables.putTenant(tenant, cache);
    }

    void onRemoveTenant(final int tenant) {
        tables.removeTenant(tenant);
    }

    void onPutNetwork(final Network network) {
        tables.putNetwork(network);
    }

    void onRemoveNetwork(final int network) {
        tables.removeNetwork(network);
    }

    /**
     * Takes a port.
     *
     * @param tx where this worker sends: the port's own queue, or a hand-off
     * @param rx queues that this worker polls, possibly none
     * @param inbound what other workers hand over for it, possibly none
     */
    void onAddPort(
            final PortBinding binding,
            final PortSender tx,
            final RxQueue[] rx,
            final RxQueue[] inbound,
            final TrafficCounters traffic) {
        tables.putPort(binding, tx, traffic);
        for (final RxQueue queue : rx) {
            polls.add(new Source(queue, Kind.PORT, binding, traffic));
        }
        for (final RxQueue queue : inbound) {
            polls.add(new Source(queue, Kind.HANDOFF, binding, traffic));
        }
    }

    /** The port goes on with other networks or another address. */
    void onChangePort(final PortBinding binding, final RxQueue[] rx, final RxQueue[] inbound) {
        tables.changePort(binding);
        for (final RxQueue queue : rx) {
            polls.find(queue).binding = binding;
        }
        for (final RxQueue queue : inbound) {
            polls.find(queue).binding = binding;
        }
    }

    /** Stops receiving from the port and sending to it. */
    void onRemovePort(final int port, final RxQueue[] rx) {
        for (final RxQueue queue : rx) {
            removeSource(queue);
        }
        tables.removePort(port);
    }

    /** No worker hands over for the port any more: what still waits finds it gone, and is counted. */
    void onRemoveHandoffs(final int port, final RxQueue[] inbound) {
        onEmptyHandoffs(port, inbound);
        for (final RxQueue queue : inbound) {
            removeSource(queue);
        }
        tables.drops.forgetPort(port);
    }

    /** Delivers what other workers handed over before they took the last change. */
    void onEmptyHandoffs(final int port, final RxQueue[] inbound) {
        for (final RxQueue queue : inbound) {
            burst.clear();
            while (queue.rxBurst(burst) > 0) {
                try {
                    transmitter.deliver(burst, port);
                } catch (final RuntimeException | InternalError e) {
                    settle(e);
                } finally {
                    transmitter.forget();
                    release(queue);
                }
                burst.clear();
            }
        }
    }

    /** Sends a RARP request with the machine's address to every network of the port, as if the port had sent it. */
    void onAnnounce(final PortBinding binding, final long mac) {
        for (final int network : binding.networks) {
            burst.clear();
            announcement.put(burst, mac, binding.isTrunk() ? binding.vlanOf(network) : MacTable.NO_VLAN);
            try {
                pipeline.announce(burst, binding, nowMs);
            } catch (final RuntimeException | InternalError e) {
                // Memory of a port that hears it, not of the one in whose name it is sent.
                settle(e);
            } finally {
                transmitter.forget();
            }
        }
    }

    /** Lets captures look in; null: none is left. */
    void onTap(final CaptureTap tap) {
        transmitter.forget();
        pipeline.tap = tap;
        transmitter.tap = tap;
    }

    void onAddListener(final RxQueue queue) {
        polls.add(new Source(queue, Kind.UNDERLAY, null, underlayTraffic));
    }

    /** What others want sent through the underlay's queue that this worker polls: workers, or the underlay itself. */
    void onAddUnderlayDrain(final RxQueue queue, final boolean handedOver) {
        polls.add(new Source(queue, handedOver ? Kind.UNDERLAY_HANDOFF : Kind.UNDERLAY_MADE, null, underlayTraffic));
    }

    /** The way to these endpoints has changed: prepares tunnels {@code from} to {@code to}, excluded, that go there. */
    void onPrepareAgain(final Set<IpAddress> endpoints, final int from, final int to) {
        for (int t = from; t < Math.min(to, tables.tunnels.length); t++) {
            final Tunnel tunnel = tables.tunnels[t];
            if (tunnel != null && endpoints.contains(tunnel.endpoint)) {
                tables.underlay.prepareAgain(tunnel);
            }
        }
        sendWaiting();
    }

    /** Sends what waited for its next hop to be found, or drops what waited in vain. */
    private void sendWaiting() {
        burst.clear();
        while (tables.underlay.takeWaiting(burst, waitingFor) > 0) {
            try {
                transmitter.sendWaiting(burst, waitingFor);
            } catch (final RuntimeException | InternalError e) {
                settle(e);
            } finally {
                transmitter.forget();
            }
            burst.clear();
        }
    }

    void removeSource(final RxQueue queue) {
        final Source source = polls.find(queue);
        if (source != null) {
            polls.remove(source);
        }
    }

    /** @param flooded whether BUM frames go there; returns whether the tunnel could be made */
    boolean onAddTunnel(final int network, final IpAddress endpoint, final boolean flooded) {
        return tables.putTunnel(network, endpoint, true, flooded) >= 0;
    }

    void onRemoveTunnel(final int network, final IpAddress endpoint) {
        final int tunnel = tables.tunnelTo(network, endpoint.family(), endpoint.hi(), endpoint.lo());
        if (tunnel >= 0) {
            tables.removeTunnel(tunnel);
        }
    }

    /** Fixes an address to a port, or to a tunnel where {@code endpoint} is not null. Returns whether there was room. */
    boolean onAddMac(final int network, final int vlan, final long mac, final int port, final IpAddress endpoint) {
        final int egress = egressOf(network, port, endpoint);
        if (egress < 0) {
            return false;
        }
        tables.cacheOf(network).invalidate();
        return tables.macs.putStatic(network, vlan, mac, egress);
    }

    boolean onRemoveMac(final int network, final int vlan, final long mac) {
        tables.cacheOf(network).invalidate();
        return tables.macs.removeStatic(network, vlan, mac) || tables.macs.remove(network, vlan, mac);
    }

    void onFlushMacs(final int network) {
        tables.macs.flush(network);
        tables.cacheOf(network).invalidate();
    }

    void onFlushFlows(final int tenant) {
        tables.caches[tenant].invalidate();
    }

    /** What another worker learned. */
    void onLearned(final int network, final int vlan, final long mac, final int port, final IpAddress endpoint) {
        if (tables.networks[network] == null) {
            return;
        }
        final int egress = egressOf(network, port, endpoint);
        if (egress >= 0) {
            tables.learn(network, vlan, mac, egress, nowMs);
        }
    }

    private int egressOf(final int network, final int port, final IpAddress endpoint) {
        if (endpoint == null) {
            return tables.isInNetwork(port, network) ? Egress.port(port) : -1;
        }
        // Only frames make tunnels to whom nobody configured: what another worker learned may be from before a peer
        // left.
        final int tunnel = acceptAny
                ? tables.putTunnel(network, endpoint, false, false)
                : tables.tunnelTo(network, endpoint.family(), endpoint.hi(), endpoint.lo());
        if (tunnel < 0) {
            return -1;
        }
        tables.tunnels[tunnel].lastHeardMs = nowMs;
        return Egress.tunnel(tunnel);
    }

    /** A change to what the worker knows, taken between bursts. */
    @FunctionalInterface
    interface Order {
        void apply(Worker worker);
    }
}
