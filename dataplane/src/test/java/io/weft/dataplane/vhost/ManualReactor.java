package io.weft.dataplane.vhost;

import io.weft.dataplane.sys.Epoll;
import io.weft.dataplane.sys.Events;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.function.BooleanSupplier;

/** A reactor that a test pumps; its clock is the test's. Owned by the test. */
final class ManualReactor implements Reactor, AutoCloseable {
    private record Timer(long due, long order, Runnable action) implements Comparable<Timer> {
        @Override
        public int compareTo(final Timer other) {
            return due != other.due ? Long.compare(due, other.due) : Long.compare(order, other.order);
        }
    }

    private final Epoll epoll;
    private final Map<Integer, Runnable> watched = new HashMap<>();
    private final PriorityQueue<Timer> timers = new PriorityQueue<>();
    private long now;
    private long order;

    ManualReactor() throws IOException {
        epoll = new Epoll(64);
    }

    @Override
    public void watch(final int fd, final Runnable onReadable) {
        if (watched.put(fd, onReadable) != null || epoll.add(fd, Events.EPOLLIN, fd) < 0) {
            throw new IllegalStateException("descriptor " + fd + " cannot be watched");
        }
    }

    @Override
    public void unwatch(final int fd) {
        if (watched.remove(fd) == null || epoll.remove(fd) < 0) {
            throw new IllegalStateException("descriptor " + fd + " is not watched");
        }
    }

    @Override
    public void after(final long nanos, final Runnable action) {
        timers.add(new Timer(now + nanos, order++, action));
    }

    /** Calls back until nothing is readable. */
    void pump() {
        int ready = epoll.await(0);
        while (ready > 0) {
            turn(ready);
            ready = epoll.await(0);
        }
    }

    /** Calls back once for each descriptor that is readable; returns how many. */
    int pumpOnce() {
        final int ready = epoll.await(0);
        turn(ready);
        return ready;
    }

    private void turn(final int ready) {
        final int[] fds = new int[ready];
        for (int i = 0; i < ready; i++) {
            fds[i] = epoll.token(i);
        }
        for (final int fd : fds) {
            final Runnable action = watched.get(fd);
            if (action != null) {
                action.run();
            }
        }
    }

    /** Lets time pass, and runs what is due in it. */
    void advance(final long nanos) {
        final long end = now + nanos;
        while (!timers.isEmpty() && timers.peek().due() <= end) {
            final Timer timer = timers.poll();
            now = Math.max(now, timer.due());
            timer.action().run();
        }
        now = end;
    }

    boolean pumpUntil(final BooleanSupplier done) {
        final long deadline = System.nanoTime() + 5_000_000_000L;
        while (!done.getAsBoolean() && System.nanoTime() - deadline < 0) {
            pump();
            Thread.onSpinWait();
        }
        return done.getAsBoolean();
    }

    int watching() {
        return watched.size();
    }

    @Override
    public void close() {
        epoll.close();
    }
}
