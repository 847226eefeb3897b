package io.weft.system;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Waits for the world outside: polls a condition, bounded in time. */
final class Until {
    private static final long POLL_NANOS = 20_000_000;

    private Until() {}

    /** Returns as soon as the condition holds; fails the test when it does not within the limit. */
    static void holds(final String what, final Duration limit, final BooleanSupplier condition) {
        if (!within(limit, condition)) {
            throw new AssertionError("not within " + limit.toMillis() + " ms: " + what);
        }
    }

    static boolean within(final Duration limit, final BooleanSupplier condition) {
        final long deadline = System.nanoTime() + limit.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - deadline > 0) {
                return false;
            }
            LockSupport.parkNanos(POLL_NANOS);
        }
        return true;
    }
}
