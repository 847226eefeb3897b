package io.weft.dataplane.sys;

import io.weft.encap.Mem;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;

/**
 * Stream sockets of AF_UNIX, which neither block nor survive an exec. Results are what the system call returns, or the
 * negated {@code errno}. Usable by any thread.
 */
public final class UnixSocket {
    private static final int PATH = 2;
    private static final int SOCKADDR = 110;
    private static final int POLLFD = 8;
    private static final int POLLFD_EVENTS = 4;
    private static final int POLLFD_REVENTS = 6;
    private static final int GONE = Events.EPOLLRDHUP | Events.POLLHUP | Events.POLLERR;

    private UnixSocket() {}

    /** A path as {@code struct sockaddr_un}, made once for any number of calls. */
    public static final class Address {
        /** Bytes of the longest path. */
        public static final int MAX_PATH = SOCKADDR - PATH - 1;

        private final MemorySegment memory;
        private final int length;

        /** @throws ErrnoException ENAMETOOLONG: longer than {@link #MAX_PATH} bytes */
        public Address(final String path) throws ErrnoException {
            final byte[] bytes = path.getBytes(StandardCharsets.UTF_8);
            if (bytes.length > MAX_PATH || bytes.length == 0) {
                throw new ErrnoException(
                        "socket path of " + bytes.length + " bytes, it may have 1 to " + MAX_PATH + ": " + path,
                        Errno.ENAMETOOLONG);
            }
            memory = Arena.ofAuto().allocate(SOCKADDR, Long.BYTES);
            Mem.putShortNative(memory.address(), Sockets.AF_UNIX);
            Mem.copy(bytes, 0, memory.address() + PATH, bytes.length);
            length = PATH + bytes.length + 1;
        }
    }

    public static int open() {
        return Sockets.socket(Sockets.AF_UNIX, flags(), 0);
    }

    /** Two sockets that are connected with each other. */
    public static int[] pair() throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            final long fds = arena.allocate(2 * Integer.BYTES, Integer.BYTES).address();
            ErrnoException.check("socketpair", Sockets.socketpair(Sockets.AF_UNIX, flags(), 0, fds));
            return new int[] {Mem.getIntNative(fds), Mem.getIntNative(fds + Integer.BYTES)};
        }
    }

    /**
     * Returns 0, or {@code -ENOENT}: no such file; {@code -ECONNREFUSED}: nobody listens; {@code -EAGAIN}: too many are
     * waiting. A socket that failed may be used again.
     */
    public static int connect(final int fd, final Address address) {
        return Sockets.connect(fd, address.memory.address(), address.length);
    }

    /** Makes the socket's file, which nobody can connect to before {@link #listen}; {@code -EADDRINUSE}: it exists. */
    public static int bind(final int fd, final Address address) {
        return Sockets.bind(fd, address.memory.address(), address.length);
    }

    public static int listen(final int fd, final int backlog) {
        return Sockets.listen(fd, backlog);
    }

    public static int accept(final int fd) {
        return Sockets.accept(fd, 0, 0, Sockets.SOCK_NONBLOCK | Sockets.SOCK_CLOEXEC);
    }

    /** Whether the other end was closed, though what it sent before may not be read yet. */
    public static boolean isHungUp(final int fd) {
        try (Arena arena = Arena.ofConfined()) {
            final long poll = arena.allocate(POLLFD, Integer.BYTES).address();
            Mem.putIntNative(poll, fd);
            Mem.putShortNative(poll + POLLFD_EVENTS, Events.EPOLLRDHUP);
            return Events.poll(poll, 1, 0) > 0 && (Mem.getShortNative(poll + POLLFD_REVENTS) & GONE) != 0;
        }
    }

    private static int flags() {
        return Sockets.SOCK_STREAM | Sockets.SOCK_NONBLOCK | Sockets.SOCK_CLOEXEC;
    }
}
