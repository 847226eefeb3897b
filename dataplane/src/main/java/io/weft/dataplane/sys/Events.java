package io.weft.dataplane.sys;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * Waiting and waking: poll, epoll, eventfd and the scheduler's affinity, as the C library offers them.
 *
 * <p>Results are what the function returns, or the negated {@code errno} where it fails. Usable by any thread.
 */
public final class Events {
    public static final int POLLIN = 1;
    public static final int POLLOUT = 4;
    public static final int POLLERR = 8;
    public static final int POLLHUP = 0x10;

    public static final int EPOLLIN = 1;
    public static final int EPOLLOUT = 4;
    public static final int EPOLLERR = 8;
    public static final int EPOLLHUP = 0x10;
    public static final int EPOLLRDHUP = 0x2000;
    public static final int EPOLLEXCLUSIVE = 1 << 28;
    public static final int EPOLLONESHOT = 1 << 30;
    public static final int EPOLLET = 1 << 31;

    static final int EPOLL_CLOEXEC = 0x80000;
    static final int EPOLL_CTL_ADD = 1;
    static final int EPOLL_CTL_DEL = 2;
    static final int EPOLL_CTL_MOD = 3;
    static final int EFD_CLOEXEC = 0x80000;
    static final int EFD_NONBLOCK = 0x800;

    private static final MethodHandle POLL = Native.handle("poll", 3);
    private static final MethodHandle EPOLL_CREATE1 = Native.handle("epoll_create1", 1);
    private static final MethodHandle EPOLL_CTL = Native.handle("epoll_ctl", 4);
    private static final MethodHandle EPOLL_WAIT = Native.handle("epoll_wait", 4);
    private static final MethodHandle EVENTFD = Native.handle("eventfd", 2);
    private static final MethodHandle SCHED_SETAFFINITY = Native.handle("sched_setaffinity", 3);
    private static final MethodHandle SCHED_GETAFFINITY = Native.handle("sched_getaffinity", 3);

    private Events() {}

    public static int poll(final long pollfds, final int count, final int timeoutMillis) {
        final MemorySegment state = Native.state();
        try {
            return Native.result((long) POLL.invokeExact(state, pollfds, (long) count, (long) timeoutMillis), state);
        } catch (final Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }

    public static int epollCreate(final int flags) {
        final MemorySegment state = Native.state();
        try {
            return Native.result((long) EPOLL_CREATE1.invokeExact(state, (long) flags), state);
        } catch (final Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }

    public static int epollCtl(final int epoll, final int operation, final int fd, final long event) {
        final MemorySegment state = Native.state();
        try {
            return Native.result(
                    (long) EPOLL_CTL.invokeExact(state, (long) epoll, (long) operation, (long) fd, event), state);
        } catch (final Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }

    public static int epollWait(final int epoll, final long events, final int capacity, final int timeoutMillis) {
        final MemorySegment state = Native.state();
        try {
            return Native.result(
                    (long) EPOLL_WAIT.invokeExact(state, (long) epoll, events, (long) capacity, (long) timeoutMillis),
                    state);
        } catch (final Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }

    public static int eventfd(final int initial, final int flags) {
        final MemorySegment state = Native.state();
        try {
            return Native.result((long) EVENTFD.invokeExact(state, (long) initial, (long) flags), state);
        } catch (final Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }

    public static int schedSetAffinity(final int thread, final long length, final long mask) {
        final MemorySegment state = Native.state();
        try {
            return Native.result((long) SCHED_SETAFFINITY.invokeExact(state, (long) thread, length, mask), state);
        } catch (final Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }

    public static int schedGetAffinity(final int thread, final long length, final long mask) {
        final MemorySegment state = Native.state();
        try {
            return Native.result((long) SCHED_GETAFFINITY.invokeExact(state, (long) thread, length, mask), state);
        } catch (final Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }
}
