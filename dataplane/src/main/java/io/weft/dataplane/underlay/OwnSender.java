package io.weft.dataplane.underlay;

import io.weft.dataplane.port.FrameRing;
import io.weft.dataplane.port.RingRx;
import io.weft.dataplane.port.RxQueue;
import io.weft.encap.Mem;

/**
 * How the conductor sends on the underlay: a bounded ring that a worker drains into the port's queue.
 *
 * <p>Owned by the conductor; what {@link #drain} returns, by the worker.
 */
final class OwnSender implements AutoCloseable {
    private static final int BYTES = 1 << 18;
    private static final int FRAMES = 512;

    private final FrameRing ring = new FrameRing(BYTES, FRAMES);
    private final RingRx drain = new RingRx(ring, true);
    private long sent;
    private long full;

    /** Sends a frame; false when there is no room, which is counted. */
    boolean send(final long frame, final int length) {
        final long to = ring.claim(length);
        if (to == 0) {
            full++;
            return false;
        }
        Mem.copy(frame, to, length);
        ring.commit();
        drain.publish();
        sent++;
        return true;
    }

    RxQueue drain() {
        return drain;
    }

    long sent() {
        return sent;
    }

    /** Frames that there was no room for. */
    long full() {
        return full;
    }

    @Override
    public void close() {
        drain.close();
        ring.close();
    }
}
