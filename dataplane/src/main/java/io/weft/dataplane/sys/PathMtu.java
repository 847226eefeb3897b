package io.weft.dataplane.sys;

import java.lang.foreign.Arena;

/** What the kernel knows of a path's MTU: its device's, its route's, or what routers on the way said. */
public final class PathMtu {
    private PathMtu() {}

    /**
     * Bytes of the largest IP packet to an address, or 0 where the kernel knows no way there. Nothing is sent; takes a few
     * microseconds.
     *
     * @param scope index of the interface for link-local addresses and groups, or 0
     */
    public static int ask(final int family, final long hi, final long lo, final int scope) {
        final int type = Sockets.SOCK_DGRAM | Sockets.SOCK_NONBLOCK | Sockets.SOCK_CLOEXEC;
        final int fd = Sockets.socket(family, type, 0);
        if (fd < 0) {
            return 0;
        }
        try (Arena arena = Arena.ofConfined()) {
            final long name = arena.allocate(SocketAddresses.SIZE, Long.BYTES).address();
            final int length = SocketAddresses.write(name, family, hi, lo, 9, scope);
            if (Sockets.connect(fd, name, length) < 0) {
                return 0;
            }
            final int mtu = family == Sockets.AF_INET
                    ? SocketOptions.get(fd, Sockets.IPPROTO_IP, Sockets.IP_MTU)
                    : SocketOptions.get(fd, Sockets.IPPROTO_IPV6, Sockets.IPV6_MTU);
            return Math.max(mtu, 0);
        } finally {
            Libc.close(fd);
        }
    }
}
