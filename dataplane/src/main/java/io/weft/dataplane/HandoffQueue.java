package io.weft.dataplane;

import io.weft.dataplane.port.FrameRing;
import io.weft.dataplane.port.PortSender;
import io.weft.dataplane.port.RingRx;
import io.weft.dataplane.port.RxQueue;

/**
 * How one worker sends on a port that another worker polls: a bounded ring into which frames are copied as they would
 * have been sent, offload words with them, and which the other worker drains into the port.
 *
 * <p>Owned by the sending worker; what {@link #drain} returns, by the port's own.
 */
public final class HandoffQueue implements PortSender, AutoCloseable {
    private static final int RING = 1 << 20;
    private static final int FRAMES = 1024;

    private final FrameRing ring = new FrameRing(RING, FRAMES);
    private final RingRx drain;
    private final PortSender target;

    /**
     * @param target the port; only its {@link PortSender#offloads} are asked for here
     * @param wakes whether the port's worker can sleep on what {@link #drain} returns
     */
    public HandoffQueue(final PortSender target, final boolean wakes) {
        this.target = target;
        drain = new RingRx(ring, wakes);
    }

    /** What the port's own worker polls; every frame goes to the port as it is. */
    public RxQueue drain() {
        return drain;
    }

    @Override
    public void txBurst(final Burst burst, final TxQueue tx) {
        for (int i = 0; i < tx.size; i++) {
            tx.refused[i] = ring.offer(burst, tx, i) ? TxQueue.HELD : DropReason.HANDOFF_FULL.ordinal();
        }
        drain.publish();
    }

    @Override
    public boolean needsHash() {
        return true;
    }

    @Override
    public int offloads() {
        return target.offloads();
    }

    @Override
    public void close() {
        drain.close();
        ring.close();
    }
}
