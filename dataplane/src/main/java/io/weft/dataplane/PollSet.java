package io.weft.dataplane;

import io.weft.dataplane.api.SwitchException;
import io.weft.dataplane.port.RxQueue;
import io.weft.dataplane.sys.Epoll;
import io.weft.dataplane.sys.ErrnoException;
import io.weft.dataplane.sys.EventFd;
import io.weft.dataplane.sys.Events;
import java.util.ArrayList;
import java.util.List;

/**
 * What a worker polls. A source that was empty for {@link RxQueue#quietPolls} polls in a row is parked: it leaves the poll set
 * and is watched by epoll, one shot, until a frame comes. So idle sources cost nothing, and when all are parked the
 * worker can sleep.
 *
 * <p>Owned by the worker; {@link #ring} may be called by any thread.
 */
final class PollSet implements AutoCloseable {
    /** The most that a queue asks for. */
    static final int QUIET_POLLS = RxQueue.QUIET_POLLS;

    private static final int DOORBELL = -1;
    private static final int EVENTS = 64;

    private final Epoll epoll;
    private final EventFd doorbell;
    private final List<Source> sources = new ArrayList<>();
    private Source[] active = new Source[16];
    private int activeCount;
    private int parkedCount;
    private int unparkable;
    private volatile boolean closed;

    PollSet() {
        try {
            epoll = new Epoll(EVENTS);
            doorbell = new EventFd();
        } catch (final ErrnoException e) {
            throw new SwitchException("worker: " + e.getMessage(), e);
        }
        epoll.add(doorbell.fd(), Events.EPOLLIN, DOORBELL);
    }

    void add(final Source source) {
        int token = sources.indexOf(null);
        if (token < 0) {
            token = sources.size();
            sources.add(null);
        }
        sources.set(token, source);
        source.token = token;
        if (source.queue.wakeFd() >= 0) {
            // What epoll has no room for is polled for ever.
            source.watched = epoll.add(source.queue.wakeFd(), Events.EPOLLONESHOT, token) >= 0;
        } else {
            unparkable++;
        }
        activate(source);
    }

    void remove(final Source source) {
        if (source.queue.wakeFd() >= 0) {
            epoll.remove(source.queue.wakeFd());
        } else {
            unparkable--;
        }
        sources.set(source.token, null);
        if (source.parked) {
            parkedCount--;
            return;
        }
        for (int i = 0; i < activeCount; i++) {
            if (active[i] == source) {
                active[i] = active[--activeCount];
                active[activeCount] = null;
                return;
            }
        }
    }

    Source find(final RxQueue queue) {
        for (final Source source : sources) {
            if (source != null && source.queue.equals(queue)) {
                return source;
            }
        }
        return null;
    }

    int activeCount() {
        return activeCount;
    }

    int parkedCount() {
        return parkedCount;
    }

    Source active(final int i) {
        return active[i];
    }

    /** Notes an empty poll of the {@code i}-th active source; parks it when it has been quiet. Returns whether it did. */
    boolean quiet(final int i) {
        final Source source = active[i];
        if (++source.emptyPolls < source.queue.quietPolls() || source.queue.wakeFd() < 0) {
            return false;
        }
        source.emptyPolls = 0;
        if (!source.watched || !source.queue.arm()) {
            return false;
        }
        source.parked = true;
        parkedCount++;
        active[i] = active[--activeCount];
        active[activeCount] = null;
        // Level-triggered and one shot: a frame that came since the last poll fires at once.
        epoll.modify(source.queue.wakeFd(), Events.EPOLLIN | Events.EPOLLONESHOT, source.token);
        return true;
    }

    /** Polls a queue again that may be parked: what it can be woken by has changed, so that nothing may ever wake it. */
    void wake(final RxQueue queue) {
        final Source source = find(queue);
        if (source != null && source.parked) {
            try {
                wake(source);
            } catch (final InternalError gone) {
                // It is polled, which shows what became of the guest's memory; whoever changed something need not care.
                source.emptyPolls = 0;
            }
        }
    }

    private void wake(final Source source) {
        source.parked = false;
        parkedCount--;
        activate(source);
        source.queue.disarm();
    }

    /** Whether everything is parked, so that the worker may sleep. */
    boolean isQuiet() {
        return activeCount == 0 && unparkable == 0;
    }

    /** Activates what is ready: looks, and with a timeout sleeps that long at most. */
    int await(final int timeoutMillis) {
        try {
            return look(timeoutMillis);
        } catch (final InternalError e) {
            // What fired does so once only, and may not have been seen: everything is polled until it is quiet again.
            for (final Source source : sources) {
                if (source != null && source.parked) {
                    source.parked = false;
                    activate(source);
                }
            }
            parkedCount = 0;
            throw e;
        }
    }

    private int look(final int timeoutMillis) {
        final int ready = epoll.await(timeoutMillis);
        for (int i = 0; i < ready; i++) {
            final int token = epoll.token(i);
            if (token == DOORBELL) {
                doorbell.drain();
                continue;
            }
            final Source source = token < sources.size() ? sources.get(token) : null;
            if (source != null && source.parked) {
                wake(source);
            }
        }
        return Math.max(0, ready);
    }

    /** Wakes a sleeping worker. */
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

    private void activate(final Source source) {
        if (activeCount == active.length) {
            active = java.util.Arrays.copyOf(active, 2 * activeCount);
        }
        source.emptyPolls = 0;
        active[activeCount++] = source;
    }

    /** A queue that is polled, and what its frames are. */
    static final class Source {
        final RxQueue queue;
        final Kind kind;
        /** Port that the frames came from, or for a hand-off go to; null for the underlay. */
        PortBinding binding;

        final TrafficCounters traffic;
        private int token;
        private int emptyPolls;
        private boolean parked;
        private boolean watched;

        Source(final RxQueue queue, final Kind kind, final PortBinding binding, final TrafficCounters traffic) {
            this.queue = queue;
            this.kind = kind;
            this.binding = binding;
            this.traffic = traffic;
        }

        void busy() {
            emptyPolls = 0;
        }
    }

    /** What a source's frames are. */
    enum Kind {
        PORT,
        UNDERLAY,
        /** Frames that another worker sends through a port of this one. */
        HANDOFF,
        /** Packets that another worker sends through the underlay's queue of this one. */
        UNDERLAY_HANDOFF,
        /** Packets that the underlay itself makes. */
        UNDERLAY_MADE
    }
}
