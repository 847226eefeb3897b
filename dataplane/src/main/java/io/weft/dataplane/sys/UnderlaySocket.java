package io.weft.dataplane.sys;

import io.weft.encap.Mem;
import java.lang.foreign.Arena;

/**
 * A socket of the underlay: datagrams of UDP or packets of GRE, non-blocking, never fragmented.
 *
 * <p>Made by {@link UdpSocket} and {@link RawSocket}. Made and closed by the conductor, used by one worker.
 */
public final class UnderlaySocket implements AutoCloseable {
    /** Bytes of a receive buffer: some thousand frames while a worker is busy elsewhere. */
    static final int RECEIVE_BUFFER = 8 << 20;

    static final int SEND_BUFFER = 2 << 20;
    /** Groups may lie behind multicast routers (RFC 7348, section 4.2). */
    private static final int MULTICAST_HOPS = 64;

    private final int fd;
    private final int family;
    private final int port;

    UnderlaySocket(final int fd, final int family, final int port) {
        this.fd = fd;
        this.family = family;
        this.port = port;
    }

    public int fd() {
        return fd;
    }

    /** {@link Sockets#AF_INET} or {@link Sockets#AF_INET6}. */
    public int family() {
        return family;
    }

    /** The local UDP port; 0 for GRE. */
    public int port() {
        return port;
    }

    /** Whether UDP datagrams over IPv6 without a checksum are taken (RFC 6935); no matter for other sockets. */
    public void allowZeroChecksum6(final boolean allowed) {
        if (family == Sockets.AF_INET6 && port != 0) {
            SocketOptions.set(fd, Sockets.SOL_UDP, Sockets.UDP_NO_CHECK6_RX, allowed ? 1 : 0);
        }
    }

    /**
     * Sends to groups through the interface that holds the local address.
     *
     * @param index that interface's
     */
    public void sendGroupsFrom(final long localLo, final int index) throws ErrnoException {
        final int result = SocketOptions.multicastFrom(fd, family, localLo, index, MULTICAST_HOPS);
        ErrnoException.check("multicast from interface " + index, result);
    }

    /** Joins a group on the interface that holds the local address. */
    public void join(final long groupHi, final long groupLo, final long localHi, final long localLo)
            throws ErrnoException {
        final int result = membership(true, groupHi, groupLo, localHi, localLo);
        if (result < 0) {
            throw new ErrnoException(
                    "group " + SocketAddresses.text(family, groupHi, groupLo) + " cannot be joined on the interface of "
                            + SocketAddresses.text(family, localHi, localLo) + ": " + Errno.text(result),
                    result);
        }
    }

    /** Leaves a group; returns 0 or {@code -errno}. */
    public int leave(final long groupHi, final long groupLo, final long localHi, final long localLo) {
        return membership(false, groupHi, groupLo, localHi, localLo);
    }

    /** An integer option, for tests and diagnosis; returns its value or {@code -errno}. */
    public int option(final int level, final int name) {
        return SocketOptions.get(fd, level, name);
    }

    @Override
    public void close() {
        Libc.close(fd);
    }

    /** What both kinds need after {@code socket}: no fragments, ECN visible, no groups that others joined. */
    static void prepare(final int fd, final int family) throws ErrnoException {
        ErrnoException.check("IP_MTU_DISCOVER", SocketOptions.doNotFragment(fd, family));
        ErrnoException.check("IP_RECVTOS", SocketOptions.receiveTos(fd, family));
        SocketOptions.set(
                fd,
                family == Sockets.AF_INET ? Sockets.IPPROTO_IP : Sockets.IPPROTO_IPV6,
                family == Sockets.AF_INET ? Sockets.IP_MULTICAST_ALL : Sockets.IPV6_MULTICAST_ALL,
                0);
    }

    static int bind(final int fd, final int family, final long hi, final long lo, final int port, final int scope) {
        try (Arena arena = Arena.ofConfined()) {
            final long name = arena.allocate(SocketAddresses.SIZE, 8).address();
            return Sockets.bind(fd, name, SocketAddresses.write(name, family, hi, lo, port, scope));
        }
    }

    /** The port that {@code bind} chose for port 0. */
    static int boundPort(final int fd) {
        try (Arena arena = Arena.ofConfined()) {
            final long name = arena.allocate(SocketAddresses.SIZE + 4, 8).address();
            Mem.putIntNative(name + SocketAddresses.SIZE, SocketAddresses.SIZE);
            final int failed = Sockets.getsockname(fd, name, name + SocketAddresses.SIZE);
            return failed < 0 ? 0 : SocketAddresses.port(name);
        }
    }

    private int membership(
            final boolean join, final long groupHi, final long groupLo, final long localHi, final long localLo) {
        return family == Sockets.AF_INET
                ? SocketOptions.membership4(fd, join, groupLo, localLo)
                : SocketOptions.membership6(fd, join, groupHi, groupLo, NetDevices.indexOf(family, localHi, localLo));
    }
}
