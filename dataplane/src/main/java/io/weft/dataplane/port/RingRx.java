package io.weft.dataplane.port;

import io.weft.dataplane.Burst;
import io.weft.dataplane.sys.ErrnoException;
import io.weft.dataplane.sys.EventFd;
import java.lang.invoke.VarHandle;

/**
 * The polled end of a {@link FrameRing}, with a bell that the producer rings when the worker sleeps.
 *
 * <p>{@link #publish} is for the producing thread; all else is owned by the worker that polls.
 */
public final class RingRx implements RxQueue, AutoCloseable {
    private final FrameRing ring;
    private final EventFd bell;
    private volatile boolean armed;

    /** @param wakes whether the worker can sleep on it, for which the system's eventfd is needed */
    public RingRx(final FrameRing ring, final boolean wakes) {
        this.ring = ring;
        bell = wakes ? open() : null;
    }

    private static EventFd open() {
        try {
            return new EventFd();
        } catch (final ErrnoException e) {
            throw new IllegalStateException(e.getMessage(), e);
        }
    }

    /** By the producer: makes visible what it committed, and wakes the worker where it asked for it. */
    public void publish() {
        ring.publish();
        // The worker arms, then looks into the ring; we fill the ring, then look whether it is armed. One of us sees
        // it.
        VarHandle.fullFence();
        if (armed) {
            armed = false;
            bell.signal();
        }
    }

    @Override
    public int rxBurst(final Burst burst) {
        return ring.fill(burst);
    }

    @Override
    public void rxRelease() {
        ring.release();
    }

    @Override
    public int wakeFd() {
        return bell == null ? -1 : bell.fd();
    }

    @Override
    public boolean arm() {
        if (bell == null) {
            return false;
        }
        armed = true;
        VarHandle.fullFence();
        if (ring.isEmpty()) {
            return true;
        }
        armed = false;
        return false;
    }

    @Override
    public void disarm() {
        armed = false;
        if (bell != null) {
            bell.drain();
        }
    }

    @Override
    public void close() {
        // A program that goes on putting frames in must not ring what may be another file by then.
        armed = false;
        if (bell != null) {
            bell.close();
        }
    }
}
