package io.weft.dataplane;

import io.weft.dataplane.api.Capture;
import io.weft.dataplane.api.CaptureSpec;
import io.weft.dataplane.capture.CaptureRing;
import io.weft.dataplane.capture.CapturedFrame;
import io.weft.encap.Mem;
import java.util.concurrent.TimeUnit;

/**
 * The reader's end of a capture: a ring from each worker, merged by time. With several workers a frame is held back for a
 * moment, as a worker publishes at the end of its burst and another may have an older one.
 *
 * <p>Made by the conductor, which tells it when no worker sees its rings any more. Its lock guards the rings' memory.
 */
final class CaptureSession implements Capture {
    private static final long HOLD_NANOS = 10_000_000;
    private static final long LEASE_NANOS = TimeUnit.SECONDS.toNanos(30);

    /** What the session needs of the switch. */
    interface Host {
        /** The clock of the records' times. */
        long nanos();

        /** The name of a network's number, or null. */
        String networkName(int id);

        /** Takes the capture away from the workers; returns when it is done. */
        void detach(CaptureSession session);
    }

    final int port;
    private final CaptureSpec spec;
    private final CaptureRing[] rings;
    private final CaptureSlot[] slots;
    private final CaptureFrames frames;
    private final Host host;
    private final String description;
    private final long toEpoch;
    private final CapturedFrame frame = new CapturedFrame();
    private boolean detached;
    private boolean closed;
    private long lost;
    private volatile String ended;
    private volatile long asked = System.nanoTime();

    /**
     * @param rings one for each worker; closed by this
     * @param toEpoch what to add to the workers' clock
     */
    CaptureSession(
            final int port,
            final CaptureSpec spec,
            final CaptureRing[] rings,
            final CaptureFrames frames,
            final Host host,
            final String description,
            final long toEpoch) {
        this.port = port;
        this.spec = spec;
        this.rings = rings;
        this.frames = frames;
        this.host = host;
        this.description = description;
        this.toEpoch = toEpoch;
        final int directions = (spec.in() ? CaptureRing.IN : 0)
                | (spec.out() ? CaptureRing.OUT : 0)
                | (spec.drops() ? CaptureRing.DROP : 0);
        slots = new CaptureSlot[rings.length];
        for (int w = 0; w < rings.length; w++) {
            slots[w] = new CaptureSlot(port, directions, spec.snaplen(), rings[w]);
        }
    }

    /** What a worker is to have of it. */
    CaptureSlot slot(final int worker) {
        return slots[worker];
    }

    @Override
    public synchronized int poll(final Sink sink, final int limit) {
        asked = System.nanoTime();
        int looked = 0;
        boolean more = !closed;
        final long until = detached || rings.length == 1 ? Long.MAX_VALUE : host.nanos() - HOLD_NANOS;
        while (more && looked < limit) {
            final CaptureRing ring = oldest(until);
            if (ring == null) {
                break;
            }
            more = give(ring.next(), sink);
            ring.release();
            looked++;
        }
        return looked;
    }

    private CaptureRing oldest(final long until) {
        CaptureRing oldest = null;
        long first = 0;
        for (final CaptureRing ring : rings) {
            final long record = ring.next();
            if (record != 0) {
                final long nanos = Mem.getLongNative(record + CaptureRing.NANOS);
                if ((until == Long.MAX_VALUE || nanos - until <= 0) && (oldest == null || nanos - first < 0)) {
                    oldest = ring;
                    first = nanos;
                }
            }
        }
        return oldest;
    }

    private boolean give(final long record, final Sink sink) {
        frames.fill(record, frame);
        if (spec.filter() != null && !spec.filter().matches(frame.bytes, frame.captured, frame.length)) {
            return true;
        }
        frame.epochNanos = Mem.getLongNative(record + CaptureRing.NANOS) + toEpoch;
        frame.network = host.networkName(Mem.getIntNative(record + CaptureRing.NETWORK));
        frame.explain();
        return sink.onFrame(frame);
    }

    @Override
    public synchronized long lost() {
        if (!closed) {
            lost = 0;
            for (final CaptureRing ring : rings) {
                lost += ring.lost();
            }
        }
        return lost;
    }

    @Override
    public String ended() {
        return ended;
    }

    @Override
    public String description() {
        return description;
    }

    @Override
    public void stop() {
        host.detach(this);
    }

    @Override
    public void close() {
        host.detach(this);
        free();
    }

    /** No worker touches the rings any more. */
    synchronized void detached(final String why) {
        detached = true;
        if (ended == null) {
            ended = why;
        }
    }

    boolean isAbandoned() {
        return System.nanoTime() - asked > LEASE_NANOS;
    }

    /** Gives the memory back, unless a worker that is stuck might still write to it. */
    synchronized void free() {
        if (detached && !closed) {
            lost();
            closed = true;
            for (final CaptureRing ring : rings) {
                ring.close();
            }
            frames.close();
        }
    }
}
