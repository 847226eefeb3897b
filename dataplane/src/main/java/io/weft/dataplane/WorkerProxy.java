package io.weft.dataplane;

import io.weft.dataplane.api.SwitchException;
import java.lang.invoke.VarHandle;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;

/**
 * The conductor's side of a worker: puts orders into its ring and waits until they are taken. A full ring is waited for
 * and counted, which the caller of the API feels.
 *
 * <p>Owned by the conductor.
 */
final class WorkerProxy {
    /** A worker takes orders between bursts; one that does not for this long is stuck. */
    private static final long TIMEOUT_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final Worker worker;
    private final boolean pumped;
    private long waited;

    WorkerProxy(final Worker worker, final boolean pumped) {
        this.worker = worker;
        this.pumped = pumped;
    }

    /** Gives the order and returns at once; {@link Answer#await} waits for what came of it. */
    <T> Answer<T> order(final Function<Worker, T> order) {
        final Answer<T> answer = new Answer<>(order);
        final long begun = System.nanoTime();
        while (!worker.orders.offer(answer)) {
            waited++;
            waitALittle(begun);
        }
        // The worker says that it sleeps, then looks for orders; we give one, then look whether it sleeps: one of us
        // sees it.
        VarHandle.fullFence();
        if (worker.asleep) {
            worker.polls.ring();
        }
        return answer;
    }

    /** Times that the ring was full. */
    long waited() {
        return waited;
    }

    Worker worker() {
        return worker;
    }

    private void waitALittle(final long begun) {
        if (System.nanoTime() - begun > TIMEOUT_NANOS) {
            throw new SwitchException(worker.roleName() + " has not taken an order for 10 s; it may be stuck");
        }
        if (pumped) {
            worker.doWork();
        } else {
            LockSupport.parkNanos(20_000);
        }
    }

    /** An order on its way, and its answer. */
    final class Answer<T> implements Worker.Order {
        private final Function<Worker, T> order;
        private T result;
        private Throwable failure;
        private volatile boolean done;

        private Answer(final Function<Worker, T> order) {
            this.order = order;
        }

        @Override
        public void apply(final Worker to) {
            try {
                result = order.apply(to);
            } catch (final RuntimeException | OutOfMemoryError | InternalError e) {
                // An order that fails is the orderer's to hear of; the worker goes on.
                failure = e;
            }
            done = true;
        }

        T await() {
            final long begun = System.nanoTime();
            while (!done) {
                waitALittle(begun);
            }
            if (failure != null) {
                throw new SwitchException(worker.roleName() + " could not take the change: " + failure, failure);
            }
            return result;
        }
    }
}
