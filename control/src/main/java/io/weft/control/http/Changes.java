package io.weft.control.http;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Supplier;

/**
 * Makes changes one after the other, so that "is it there already?" and the change itself are one step. May be called by
 * any thread; changes are made on the executor's.
 */
final class Changes {
    private final Executor executor;
    private final int limit;
    private CompletableFuture<?> tail = CompletableFuture.completedFuture(null);
    private int pending;

    Changes(final Executor executor, final int limit) {
        this.executor = executor;
        this.limit = limit;
    }

    /** The future is the caller's own: what is done to it (a time limit) changes nothing for those who wait behind. */
    synchronized <T> CompletableFuture<T> run(final Supplier<CompletableFuture<T>> change) {
        if (pending >= limit) {
            throw Problem.of(503, "too many changes wait already: try again", "Retry-After", "1");
        }
        pending++;
        final CompletableFuture<T> made = tail.handle((result, failure) -> failure)
                .thenComposeAsync(ignored -> change.get(), executor)
                .whenComplete((result, failure) -> done());
        tail = made;
        return made.copy();
    }

    private synchronized void done() {
        pending--;
    }
}
