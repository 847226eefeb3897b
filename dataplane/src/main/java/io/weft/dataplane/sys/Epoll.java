package io.weft.dataplane.sys;

import io.weft.encap.Mem;

/**
 * An epoll instance whose events carry an {@code int} token instead of a descriptor.
 *
 * <p>{@code struct epoll_event} is packed to 12 bytes on x86-64 and 16 bytes elsewhere. Owned by the thread that waits.
 */
public final class Epoll implements AutoCloseable {
    private static final boolean PACKED = System.getProperty("os.arch").equals("amd64")
            || System.getProperty("os.arch").equals("x86_64");
    private static final int EVENT = PACKED ? 12 : 16;
    private static final int DATA = PACKED ? 4 : 8;

    private final int fd;
    private final int capacity;
    private final Region region;
    private final long events;
    private final long change;

    /** An instance that returns up to {@code capacity} events a wait. */
    public Epoll(final int capacity) throws ErrnoException {
        this.capacity = capacity;
        fd = ErrnoException.check("epoll_create1", Events.epollCreate(Events.EPOLL_CLOEXEC));
        region = new Region((capacity + 1L) * EVENT);
        events = region.address();
        change = events + (long) capacity * EVENT;
    }

    /** Watches {@code target}; {@code events} as in {@link Events}, with EPOLLONESHOT it fires once per {@link #modify}. */
    public int add(final int target, final int events, final int token) {
        return control(Events.EPOLL_CTL_ADD, target, events, token);
    }

    /** Changes what is watched, and arms a one-shot descriptor again; returns 0 or {@code -errno}. */
    public int modify(final int target, final int events, final int token) {
        return control(Events.EPOLL_CTL_MOD, target, events, token);
    }

    public int remove(final int target) {
        return control(Events.EPOLL_CTL_DEL, target, 0, 0);
    }

    /**
     * Waits up to {@code timeoutMillis} (0: not at all, -1: for ever) and returns how many events there are; a signal
     * ends the wait with none.
     */
    public int await(final int timeoutMillis) {
        final int count = Events.epollWait(fd, events, capacity, timeoutMillis);
        return Math.max(count, 0);
    }

    public int token(final int index) {
        return Mem.getIntNative(events + (long) index * EVENT + DATA);
    }

    public int events(final int index) {
        return Mem.getIntNative(events + (long) index * EVENT);
    }

    /** Readable while something that is watched is ready: an instance can be watched by another. */
    public int fd() {
        return fd;
    }

    @Override
    public void close() {
        Libc.close(fd);
        region.close();
    }

    private int control(final int operation, final int target, final int events, final int token) {
        Mem.putIntNative(change, events);
        Mem.putLongNative(change + DATA, token & 0xffffffffL);
        return Events.epollCtl(fd, operation, target, change);
    }
}
