package io.weft.dataplane.port;

import io.weft.dataplane.Burst;
import io.weft.dataplane.TxQueue;

/**
 * How one worker sends to a guest of several queue pairs: each frame to the pair from which the guest last sent its flow
 * ({@link Steering}).
 *
 * <p>Owned by the worker.
 */
final class VhostSpread implements PortSender {
    private final VhostState state;
    private final PortSender[] pairs;
    /** By pair: the entries for it, and which of the whole they are. */
    private final TxQueue[] parts;

    private final int[][] origins;

    VhostSpread(final VhostState state, final PortSender[] pairs) {
        this.state = state;
        this.pairs = pairs.clone();
        parts = new TxQueue[pairs.length];
        origins = new int[pairs.length][TxQueue.CAPACITY];
        for (int p = 0; p < parts.length; p++) {
            parts[p] = new TxQueue();
        }
    }

    @Override
    public void txBurst(final Burst burst, final TxQueue tx) {
        final int active = Math.min(state.activePairs(), pairs.length);
        if (active == 1) {
            pairs[0].txBurst(burst, tx);
            return;
        }
        for (final TxQueue part : parts) {
            // Something is left there when memory was not there in the middle of a burst: it is not of this one.
            part.clear();
        }
        final Steering steering = state.steering();
        for (int e = 0; e < tx.size; e++) {
            final int frame = tx.frame[e];
            final int pair = steering.pairOf(burst.hash[frame], active);
            final TxQueue part = parts[pair];
            final int to = part.add(frame, tx.tunnel[e], tx.shared[e]);
            part.prefix[to] = tx.prefix[e];
            part.prefixLength[to] = tx.prefixLength[e];
            part.skip[to] = tx.skip[e];
            origins[pair][to] = e;
        }
        for (int p = 0; p < active; p++) {
            if (parts[p].size > 0) {
                flush(burst, tx, p);
            }
        }
    }

    private void flush(final Burst burst, final TxQueue tx, final int pair) {
        final TxQueue part = parts[pair];
        pairs[pair].txBurst(burst, part);
        for (int e = 0; e < part.size; e++) {
            tx.refused[origins[pair][e]] = part.refused[e];
        }
    }

    @Override
    public boolean needsHash() {
        return true;
    }

    @Override
    public int offloads() {
        return state.offloads();
    }
}
