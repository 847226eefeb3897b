package io.weft.dataplane.sys;

import io.weft.encap.Mem;
import java.lang.foreign.Arena;
import java.util.function.LongConsumer;

/**
 * A socket of the kernel's routing tables (rtnetlink): links, addresses, routes and neighbours, as messages with
 * attributes ({@link NetlinkMessage}). Owned by the conductor.
 */
public final class Netlink implements AutoCloseable {
    /** Groups of notifications, as bits. */
    public static final int GROUP_LINK = 1;

    public static final int GROUP_NEIGH = 1 << 2;
    public static final int GROUP_IPV4_IFADDR = 1 << 4;
    public static final int GROUP_IPV4_ROUTE = 1 << 6;
    public static final int GROUP_IPV6_IFADDR = 1 << 8;
    public static final int GROUP_IPV6_ROUTE = 1 << 10;

    static final int HEADER = 16;
    private static final int TYPE = 4;
    private static final int SEQUENCE = 8;
    private static final int NLMSG_ERROR = 2;
    private static final int NLMSG_DONE = 3;

    private static final int AF_NETLINK = 16;
    private static final int NETLINK_ROUTE = 0;
    private static final int SOCKADDR = 12;
    private static final int BUFFER = 64 << 10;
    private static final int RECEIVE_BUFFER = 1 << 20;
    private static final int ANSWERS = 1000;

    private final int fd;
    private final Region region = new Region(BUFFER);
    private int sequence;

    /** @param groups of notifications that are wanted; 0: only answers */
    public Netlink(final int groups) throws ErrnoException {
        fd = ErrnoException.check(
                "rtnetlink",
                Sockets.socket(
                        AF_NETLINK, Sockets.SOCK_RAW | Sockets.SOCK_CLOEXEC | Sockets.SOCK_NONBLOCK, NETLINK_ROUTE));
        SocketOptions.buffers(fd, RECEIVE_BUFFER, BUFFER);
        try (Arena arena = Arena.ofConfined()) {
            final long address = arena.allocate(SOCKADDR, Integer.BYTES).address();
            Mem.putShortNative(address, AF_NETLINK);
            Mem.putIntNative(address + 8, groups);
            final int bound = Sockets.bind(fd, address, SOCKADDR);
            if (bound < 0) {
                Libc.close(fd);
                region.close();
                throw new ErrnoException(Errno.message("rtnetlink", bound), bound);
            }
        }
    }

    public int fd() {
        return fd;
    }

    /**
     * Gives every waiting message to {@code each}, by address. Returns false when the kernel had to drop some: what is
     * known must be asked for again.
     */
    public boolean read(final LongConsumer each) {
        boolean complete = true;
        while (true) {
            final int length = Sockets.recv(fd, region.address(), BUFFER, Sockets.MSG_DONTWAIT);
            if (length == -Errno.ENOBUFS) {
                complete = false;
            } else if (length <= 0 && length != -Errno.EINTR) {
                return complete;
            } else {
                split(length, each);
            }
        }
    }

    /** Reads what waits without looking at it. */
    public void drain() {
        read(message -> {});
    }

    /**
     * Sends a request and gives its answers to {@code each}. The kernel answers before the call returns, so that nothing
     * is waited for.
     *
     * @return 0, or {@code -errno} that the kernel answered
     */
    public int ask(final NetlinkMessage request, final LongConsumer each) {
        final int own = ++sequence;
        request.finish(own);
        final int sent = Sockets.sendto(fd, request.address(), request.length(), 0, 0, 0);
        if (sent < 0) {
            return sent;
        }
        final int[] result = {1};
        for (int i = 0; i < ANSWERS && result[0] > 0; i++) {
            final int length = Sockets.recv(fd, region.address(), BUFFER, Sockets.MSG_DONTWAIT);
            if (length < 0 && length != -Errno.EINTR) {
                return length == -Errno.EAGAIN ? 0 : length;
            }
            split(length, message -> {
                if (Mem.getIntNative(message + SEQUENCE) == own) {
                    result[0] = answer(message, each);
                }
            });
        }
        return Math.min(result[0], 0);
    }

    /** Returns 1 where more may come. */
    private static int answer(final long message, final LongConsumer each) {
        final int type = Mem.getShortNative(message + TYPE);
        if (type == NLMSG_ERROR) {
            return Mem.getIntNative(message + HEADER);
        }
        if (type == NLMSG_DONE) {
            return 0;
        }
        each.accept(message);
        return 1;
    }

    private void split(final int bytes, final LongConsumer each) {
        int at = 0;
        while (bytes - at >= HEADER) {
            final long message = region.address() + at;
            final int length = Mem.getIntNative(message);
            if (length < HEADER || length > bytes - at) {
                return;
            }
            each.accept(message);
            at += (length + 3) & -4;
        }
    }

    @Override
    public void close() {
        Libc.close(fd);
        region.close();
    }
}
