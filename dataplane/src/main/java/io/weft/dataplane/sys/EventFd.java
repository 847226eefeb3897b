package io.weft.dataplane.sys;

import io.weft.encap.Mem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * An eventfd as a doorbell: any thread signals, the owner waits for it (in an {@link Epoll}) and drains it.
 *
 * <p>Signalling any number of times before a drain counts as once. Closed by its owner when no other thread signals.
 */
public final class EventFd implements AutoCloseable {
    /** Written by nobody after start: what every signal adds. */
    private static final long ONE = Mem.allocate(Long.BYTES, Long.BYTES);

    /** Where drained counts go; nobody reads it. */
    private static final long SINK = Mem.allocate(Long.BYTES, Long.BYTES);

    /** {@code struct iovec} of {@link #SINK}. */
    private static final long SINK_VECTOR = Mem.allocate(2 * Long.BYTES, Long.BYTES);

    static {
        Mem.putLongNative(ONE, 1);
        Mem.putLongNative(SINK_VECTOR, SINK);
        Mem.putLongNative(SINK_VECTOR + Long.BYTES, Long.BYTES);
    }

    private final int fd;

    public EventFd() throws ErrnoException {
        fd = ErrnoException.check("eventfd", Events.eventfd(0, Events.EFD_CLOEXEC | Events.EFD_NONBLOCK));
    }

    /** Rings an eventfd that another process made, such as a guest's call descriptor; returns 8 or {@code -errno}. */
    public static int signal(final int fd) {
        return Libc.write(fd, ONE, Long.BYTES);
    }

    /** Empties an eventfd; returns 8, or {@code -EAGAIN} where it was not signalled and does not block. */
    public static int drain(final int fd) {
        return Libc.read(fd, SINK, Long.BYTES);
    }

    /** The same for one that another process has too, and may make block at any time. */
    public static int drainWithoutWaiting(final int fd) {
        final int drained = Libc.preadv2(fd, SINK_VECTOR, 1, -1, Libc.RWF_NOWAIT);
        return drained == -Errno.EOPNOTSUPP ? drain(fd) : drained;
    }

    /** Whether a descriptor that came from elsewhere is an eventfd; where /proc does not tell, it is taken for one. */
    public static boolean isOne(final int fd) {
        try {
            return Files.readSymbolicLink(Path.of("/proc/self/fd/" + fd))
                    .toString()
                    .equals("anon_inode:[eventfd]");
        } catch (final IOException unknown) {
            return true;
        }
    }

    public int fd() {
        return fd;
    }

    public void signal() {
        signal(fd);
    }

    /** Returns whether it had been signalled. */
    public boolean drain() {
        return drain(fd) == Long.BYTES;
    }

    @Override
    public void close() {
        Libc.close(fd);
    }
}
