package io.weft.dataplane;

import io.weft.dataplane.api.SwitchException;
import io.weft.dataplane.sys.Epoll;
import io.weft.dataplane.sys.ErrnoException;
import io.weft.dataplane.sys.EventFd;
import io.weft.dataplane.sys.Events;
import io.weft.dataplane.vhost.Reactor;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.PriorityQueue;
import java.util.function.LongSupplier;
import org.agrona.collections.Int2ObjectHashMap;

/**
 * What the conductor waits in: sockets, times, and a doorbell that others ring when they have something for it.
 *
 * <p>Owned by the conductor; {@link #ring} may be called by any thread.
 */
final class EventLoop implements Reactor, AutoCloseable {
    private static final int EVENTS = 256;
    private static final int DOORBELL = -1;

    private final LongSupplier nanoClock;
    private final Epoll epoll;
    private final EventFd doorbell;
    private final Int2ObjectHashMap<Runnable> watched = new Int2ObjectHashMap<>();
    private final PriorityQueue<Timer> timers = new PriorityQueue<>(Comparator.comparingLong(Timer::at));
    private final Deque<Timer> due = new ArrayDeque<>();
    private volatile boolean closed;

    EventLoop(final LongSupplier nanoClock) {
        this.nanoClock = nanoClock;
        try {
            epoll = new Epoll(EVENTS);
            doorbell = new EventFd();
        } catch (final ErrnoException e) {
            throw new SwitchException("conductor: " + e.getMessage(), e);
        }
        epoll.add(doorbell.fd(), Events.EPOLLIN, DOORBELL);
    }

    @Override
    public void watch(final int fd, final Runnable onReadable) {
        watched.put(fd, onReadable);
        epoll.add(fd, Events.EPOLLIN, fd);
    }

    @Override
    public void unwatch(final int fd) {
        if (watched.remove(fd) != null) {
            epoll.remove(fd);
        }
    }

    @Override
    public void after(final long nanos, final Runnable action) {
        timers.add(new Timer(nanoClock.getAsLong() + nanos, action));
    }

    /** Waits so long at most, then does what is ready and due. Returns how much that was. */
    int run(final int timeoutMillis) {
        final int ready = epoll.await(timeout(timeoutMillis));
        int done = 0;
        for (int i = 0; i < ready; i++) {
            final int token = epoll.token(i);
            if (token == DOORBELL) {
                doorbell.drain();
                continue;
            }
            // What an earlier one closed, and perhaps opened anew under its number, is looked at in vain once.
            final Runnable action = watched.get(token);
            if (action != null) {
                action.run();
                done++;
            }
        }
        return done + expire();
    }

    private int timeout(final int timeoutMillis) {
        final Timer first = timers.peek();
        if (first == null) {
            return timeoutMillis;
        }
        final long millis = (first.at() - nanoClock.getAsLong() + 999_999) / 1_000_000;
        return Math.clamp(millis, 0, timeoutMillis);
    }

    private int expire() {
        final long now = nanoClock.getAsLong();
        while (!timers.isEmpty() && timers.peek().at() - now <= 0) {
            due.add(timers.poll());
        }
        int done = 0;
        // One by one: what is left when an action fails has its turn the next time, and no action has two.
        while (!due.isEmpty()) {
            due.remove().action().run();
            done++;
        }
        return done;
    }

    /** Ends a wait, or the next one. */
    void ring() {
        if (!closed) {
            doorbell.signal();
        }
    }

    @Override
    public void close() {
        closed = true;
        epoll.close();
        doorbell.close();
    }

    private record Timer(long at, Runnable action) {}
}
