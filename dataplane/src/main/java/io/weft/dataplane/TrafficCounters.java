package io.weft.dataplane;

import io.weft.dataplane.api.Rows;
import io.weft.dataplane.api.SwitchException;
import io.weft.encap.Mem;

/**
 * One worker's counters of one port, or of the underlay; published once a burst.
 *
 * <p>Written by the worker; allocated and freed by the conductor.
 */
final class TrafficCounters {
    private static final String[] LABELS = {"rx-frames", "rx-bytes", "tx-frames", "tx-bytes", "rx-dropped", "tx-dropped"
    };

    /** Counters of one port at one worker. */
    static final int COUNT = LABELS.length;

    private final int[] ids = new int[LABELS.length];
    private final long[] addresses = new long[LABELS.length];

    TrafficCounters(final Counters counters, final String port, final int worker) {
        for (int i = 0; i < LABELS.length; i++) {
            try {
                ids[i] = counters.allocate("port=" + port + " worker=" + worker + " " + LABELS[i]);
            } catch (final SwitchException full) {
                for (int k = 0; k < i; k++) {
                    counters.free(ids[k]);
                }
                throw full;
            }
            addresses[i] = counters.address(ids[i]);
        }
    }

    void received(final long frames, final long bytes) {
        Counters.add(addresses[0], frames);
        Counters.add(addresses[1], bytes);
    }

    void sent(final long frames, final long bytes) {
        Counters.add(addresses[2], frames);
        Counters.add(addresses[3], bytes);
    }

    void rxDropped(final long frames) {
        Counters.add(addresses[4], frames);
    }

    void txDropped(final long frames) {
        Counters.add(addresses[5], frames);
    }

    Rows.Traffic plus(final Rows.Traffic t) {
        return new Rows.Traffic(
                t.rxFrames() + read(0),
                t.rxBytes() + read(1),
                t.txFrames() + read(2),
                t.txBytes() + read(3),
                t.rxDropped() + read(4),
                t.txDropped() + read(5));
    }

    void free(final Counters counters) {
        for (final int id : ids) {
            counters.free(id);
        }
    }

    private long read(final int i) {
        return Mem.getLongAcquire(addresses[i]);
    }
}
