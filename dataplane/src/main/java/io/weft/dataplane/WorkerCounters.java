package io.weft.dataplane;

import io.weft.encap.Mem;

/**
 * A worker's books and what else it counts of itself. The pipeline adds to the fields; {@link #publish} writes them out
 * once a loop.
 *
 * <p>Owned by the worker; {@link #read} by any thread.
 */
final class WorkerCounters {
    static final int RECEIVED = 0;
    static final int GENERATED = 1;
    static final int COPIES = 2;
    static final int SEGMENTS = 3;
    static final int SENT = 4;
    static final int DROPPED = 5;
    static final int HELD = 6;
    static final int MERGED = 7;
    static final int LOOPS = 8;
    static final int ORDERS = 9;
    static final int BUSY_NANOS = 10;
    static final int HITS = 11;
    static final int MISSES = 12;
    static final int LEARN_REFUSED = 13;
    static final int LEARN_UNTOLD = 14;
    static final int ECN_SUSPICIOUS = 15;
    static final int TUNNELS_REFUSED = 16;
    /** Frames that came for the switch itself. */
    static final int TAKEN = 17;

    private static final String[] LABELS = {
        "received",
        "generated",
        "copies",
        "segments",
        "sent",
        "dropped",
        "held",
        "merged",
        "loops",
        "orders",
        "busy-nanos",
        "flow-cache-hits",
        "flow-cache-misses",
        "mac-learn-refused",
        "mac-learn-untold",
        "ecn-suspicious",
        "tunnels-refused",
        "taken"
    };

    private final long[] values = new long[LABELS.length];
    private final long[] addresses = new long[LABELS.length];

    /** Counts for nobody: never published. */
    WorkerCounters() {}

    WorkerCounters(final Counters counters, final int worker) {
        for (int i = 0; i < LABELS.length; i++) {
            addresses[i] = counters.address(counters.allocate("worker=" + worker + " " + LABELS[i]));
        }
    }

    /** Frames that came in and have neither left nor been dropped; 0 between bursts (docs/design.md, "The books"). */
    long imbalance() {
        return values[RECEIVED]
                + values[GENERATED]
                + values[COPIES]
                + values[SEGMENTS]
                - values[SENT]
                - values[DROPPED]
                - values[HELD]
                - values[MERGED]
                - values[TAKEN];
    }

    void add(final int counter, final long n) {
        values[counter] += n;
    }

    void publish() {
        for (int i = 0; i < values.length; i++) {
            Mem.putLongRelease(addresses[i], values[i]);
        }
    }

    long read(final int counter) {
        return Mem.getLongAcquire(addresses[counter]);
    }
}
