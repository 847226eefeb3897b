package io.weft.dataplane;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * Orders to all workers at once, and what came of them. Each returns when every worker has taken the order.
 *
 * <p>Owned by the conductor.
 */
final class AllWorkers {
    private final List<WorkerProxy> proxies = new ArrayList<>();

    AllWorkers(final List<Worker> workers, final boolean pumped) {
        for (final Worker worker : workers) {
            proxies.add(new WorkerProxy(worker, pumped));
        }
    }

    List<WorkerProxy> proxies() {
        return proxies;
    }

    int size() {
        return proxies.size();
    }

    /** Returns whether all said yes. */
    boolean every(final Function<Worker, Boolean> order) {
        boolean all = true;
        for (final WorkerProxy.Answer<Boolean> answer : giveAll(order)) {
            all &= answer.await();
        }
        return all;
    }

    /** Returns whether one said yes. */
    boolean any(final Function<Worker, Boolean> order) {
        boolean any = false;
        for (final WorkerProxy.Answer<Boolean> answer : giveAll(order)) {
            any |= answer.await();
        }
        return any;
    }

    /** An order that differs from worker to worker. */
    void each(final NumberedOrder order) {
        final List<WorkerProxy.Answer<Boolean>> answers = new ArrayList<>();
        for (int w = 0; w < proxies.size(); w++) {
            final int number = w;
            answers.add(proxies.get(w).order(worker -> {
                order.apply(worker, number);
                return true;
            }));
        }
        answers.forEach(WorkerProxy.Answer::await);
    }

    private List<WorkerProxy.Answer<Boolean>> giveAll(final Function<Worker, Boolean> order) {
        final List<WorkerProxy.Answer<Boolean>> answers = new ArrayList<>();
        for (final WorkerProxy worker : proxies) {
            answers.add(worker.order(order));
        }
        return answers;
    }

    /** An order that is told which worker takes it. */
    @FunctionalInterface
    interface NumberedOrder {
        void apply(Worker worker, int number);
    }
}
