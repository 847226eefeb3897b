package io.weft.dataplane;

import io.weft.dataplane.Registry.NetworkEntry;
import io.weft.dataplane.api.Capture;
import io.weft.dataplane.api.CaptureSpec;
import io.weft.dataplane.api.SwitchException;
import io.weft.dataplane.capture.CaptureRing;
import io.weft.dataplane.underlay.Underlay;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Captures, begun and ended: their memory is made here and handed to the workers by an order, and taken away by an order
 * when the reader leaves, its port goes, or it has not asked for so long that it must have died.
 *
 * <p>Owned by the conductor.
 */
final class Captures implements AutoCloseable {
    /** Captures at once. */
    static final int MAX = 8;

    /** Bytes of a ring, of which each capture has one for each worker. Pages that are never written take no room. */
    static final int RING = 4 << 20;

    private static final int MIN_SNAPLEN = 14;
    private static final long LOOK_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Registry registry;
    private final AllWorkers workers;
    private final Underlay underlay;
    private final LongSupplier clock;
    private final int ring;
    private final List<CaptureSession> open = new ArrayList<>();
    /** Networks by number, for readers; kept up while there are captures. */
    private final Map<Integer, String> names = new ConcurrentHashMap<>();

    private long looked;

    Captures(
            final Registry registry,
            final AllWorkers workers,
            final Underlay underlay,
            final LongSupplier clock,
            final int ring) {
        this.registry = registry;
        this.workers = workers;
        this.underlay = underlay;
        this.clock = clock;
        this.ring = ring;
    }

    /** @param detacher brings {@link #detach} to the conductor's thread and waits for it */
    Capture open(final CaptureSpec spec, final Detacher detacher) {
        final int port = portOf(spec.port());
        if (open.size() >= MAX) {
            throw new SwitchException(MAX + " captures are running already: end one of them");
        }
        if (spec.snaplen() < MIN_SNAPLEN || spec.snaplen() > Burst.MAX_FRAME) {
            throw new SwitchException(
                    "snaplen is " + MIN_SNAPLEN + " to " + Burst.MAX_FRAME + ", not " + spec.snaplen());
        }
        final CaptureRing[] rings = new CaptureRing[workers.size()];
        for (int w = 0; w < rings.length; w++) {
            rings[w] = new CaptureRing(ring);
        }
        learnNames();
        final Instant now = Instant.now();
        final long epoch = TimeUnit.SECONDS.toNanos(now.getEpochSecond()) + now.getNano();
        final CaptureSession session = new CaptureSession(
                port,
                spec,
                rings,
                new CaptureFrames(underlay.address(4), underlay.address(6)),
                new Host(detacher),
                description(spec.port()),
                epoch - clock.getAsLong());
        open.add(session);
        handOut();
        return session;
    }

    /** Takes a capture away from the workers; once is enough. */
    void detach(final CaptureSession session, final String why) {
        if (open.remove(session)) {
            handOut();
            session.detached(why);
        }
    }

    /** The port is gone, and its number may become another's. */
    void portGone(final String name, final int port) {
        for (final CaptureSession session : List.copyOf(open)) {
            if (session.port == port) {
                detach(session, "port " + name + " was removed");
            }
        }
    }

    /** Now and then: ends captures whose reader died, and learns new networks' names. */
    int doWork() {
        if (open.isEmpty() || System.nanoTime() - looked < LOOK_NANOS) {
            return 0;
        }
        looked = System.nanoTime();
        learnNames();
        for (final CaptureSession session : List.copyOf(open)) {
            if (session.isAbandoned()) {
                detach(session, "nobody read it for half a minute");
                session.free();
            }
        }
        return 0;
    }

    private int portOf(final String name) {
        return CaptureSpec.UNDERLAY.equals(name) && !registry.ports.containsKey(name)
                ? DropTable.UNDERLAY
                : registry.port(name).id;
    }

    private String description(final String name) {
        final Registry.PortEntry entry = registry.ports.get(name);
        if (entry == null) {
            return "tunnel packets; outer headers that the kernel keeps are made up";
        }
        return entry.spec.isTrunk() ? "trunk of " + entry.spec.trunk() : "access port of " + entry.spec.network();
    }

    private void learnNames() {
        for (final NetworkEntry entry : registry.networks.values()) {
            names.put(entry.id, entry.spec.key());
        }
    }

    private void handOut() {
        workers.each((worker, w) -> worker.onTap(tapOf(w)));
    }

    private CaptureTap tapOf(final int worker) {
        return open.isEmpty()
                ? null
                : new CaptureTap(
                        open.stream().map(session -> session.slot(worker)).toArray(CaptureSlot[]::new), clock);
    }

    /** Ends what is left; the workers have ended. */
    @Override
    public void close() {
        for (final CaptureSession session : open) {
            session.detached("the switch has ended");
            session.free();
        }
        open.clear();
    }

    /** Brings a session's end to the conductor's thread, and waits until it is done. */
    @FunctionalInterface
    interface Detacher {
        void detach(CaptureSession session);
    }

    private final class Host implements CaptureSession.Host {
        private final Detacher detacher;

        Host(final Detacher detacher) {
            this.detacher = detacher;
        }

        @Override
        public long nanos() {
            return clock.getAsLong();
        }

        @Override
        public String networkName(final int id) {
            return names.get(id);
        }

        @Override
        public void detach(final CaptureSession session) {
            detacher.detach(session);
        }
    }
}
