package io.weft.dataplane;

import java.util.Arrays;

/**
 * How many answers a worker may make: a few at once, then so many a second, for each port and for all together (RFC 1812,
 * section 4.3.2.8; RFC 4443, section 2.4 f). A token bucket told by one number: when it will be full again.
 *
 * <p>Owned by the worker.
 */
final class AnswerLimit {
    /** Answers to one port: a hundred connections that begin together each need one. */
    private static final long PORT_INTERVAL_NANOS = 1_000_000;

    private static final int PORT_BURST = 128;
    /** For all ports: 20,000 a second cost a worker about a hundredth of its time. */
    private static final long ALL_INTERVAL_NANOS = 50_000;

    private static final int ALL_BURST = 1024;

    private long[] fullAt = new long[16];
    private long allFullAt;
    private boolean begun;

    /** Takes an answer to a port off what it may have; false when there is none left. */
    boolean take(final int port, final long nowNanos) {
        if (!begun) {
            begun = true;
            allFullAt = nowNanos;
            Arrays.fill(fullAt, nowNanos);
        }
        if (port >= fullAt.length) {
            final int known = fullAt.length;
            fullAt = Arrays.copyOf(fullAt, Math.max(port + 1, 2 * known));
            Arrays.fill(fullAt, known, fullAt.length, nowNanos);
        }
        final long ofPort = full(fullAt[port], nowNanos, PORT_INTERVAL_NANOS);
        final long ofAll = full(allFullAt, nowNanos, ALL_INTERVAL_NANOS);
        if (ofPort - nowNanos > PORT_BURST * PORT_INTERVAL_NANOS || ofAll - nowNanos > ALL_BURST * ALL_INTERVAL_NANOS) {
            return false;
        }
        fullAt[port] = ofPort;
        allFullAt = ofAll;
        return true;
    }

    /** When a bucket is full again that was to be full then, after one more was taken; clocks may start anywhere. */
    private static long full(final long then, final long now, final long interval) {
        return (then - now > 0 ? then : now) + interval;
    }
}
