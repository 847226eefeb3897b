package io.weft.dataplane;

/**
 * Share of the time since it was last asked, at least a second ago, that each worker was busy.
 *
 * <p>Owned by the conductor.
 */
final class BusyShare {
    private static final long WINDOW_NANOS = 1_000_000_000L;

    private final long[] askedNanos;
    private final long[] busyNanos;
    private final double[] share;

    BusyShare(final int workers) {
        askedNanos = new long[workers];
        busyNanos = new long[workers];
        share = new double[workers];
        java.util.Arrays.fill(askedNanos, System.nanoTime());
    }

    double of(final int worker, final long busy) {
        final long now = System.nanoTime();
        final long window = now - askedNanos[worker];
        if (window >= WINDOW_NANOS || busyNanos[worker] == 0) {
            share[worker] = window == 0 ? 0 : Math.min(1.0, (double) (busy - busyNanos[worker]) / window);
        }
        if (window >= WINDOW_NANOS) {
            askedNanos[worker] = now;
            busyNanos[worker] = busy;
        }
        return share[worker];
    }
}
