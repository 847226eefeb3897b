package io.weft.dataplane.sys;

/**
 * Makes UDP sockets: receivers that share a tunnel's port, and senders that each stand for one source port.
 *
 * <p>UDP_SEGMENT fails with EINVAL on a socket with SO_NO_CHECK: batches need a sender with checksums.
 */
public final class UdpSocket {
    private UdpSocket() {}

    /**
     * A worker's receiver on an own address and port, coalescing (UDP_GRO).
     *
     * @param first whether it is the first of the workers': it takes the port for itself, so that another program, or a
     *     second switch, is found out; the others then share it
     */
    public static UnderlaySocket receiver(
            final int family, final long hi, final long lo, final int port, final boolean first) throws ErrnoException {
        final int fd = receiverSocket(family);
        return bound(fd, family, hi, lo, port, 0, first);
    }

    /**
     * A receiver of a multicast group, to be joined by {@link UnderlaySocket#join}; every such socket is given a copy.
     *
     * @param scope index of the interface it is joined on
     */
    public static UnderlaySocket groupReceiver(
            final int family, final long hi, final long lo, final int port, final int scope) throws ErrnoException {
        final int fd = receiverSocket(family);
        option(fd, Sockets.SOL_SOCKET, Sockets.SO_REUSEADDR, 1);
        return bound(fd, family, hi, lo, port, scope, true);
    }

    /**
     * A sender from one source port; what arrives there is dropped.
     *
     * @param port 0 for any
     * @param first whether it takes the port for itself; another of this process then shares it
     * @param checksum whether datagrams carry a checksum; where not, they cannot be sent as segments
     */
    public static UnderlaySocket sender(
            final int family, final long hi, final long lo, final int port, final boolean first, final boolean checksum)
            throws ErrnoException {
        final int fd = socket(family);
        if (!checksum) {
            final int result = family == Sockets.AF_INET
                    ? option(fd, Sockets.SOL_SOCKET, Sockets.SO_NO_CHECK, 1)
                    : option(fd, Sockets.SOL_UDP, Sockets.UDP_NO_CHECK6_TX, 1);
            require("SO_NO_CHECK", fd, result);
        }
        require("SO_ATTACH_FILTER", fd, SocketOptions.dropAll(fd));
        SocketOptions.buffers(fd, 0, UnderlaySocket.SEND_BUFFER);
        return bound(fd, family, hi, lo, port, 0, first);
    }

    private static int receiverSocket(final int family) throws ErrnoException {
        final int fd = socket(family);
        option(fd, Sockets.SOL_UDP, Sockets.UDP_GRO, 1);
        SocketOptions.buffers(fd, UnderlaySocket.RECEIVE_BUFFER, UnderlaySocket.SEND_BUFFER);
        return fd;
    }

    private static UnderlaySocket bound(
            final int fd,
            final int family,
            final long hi,
            final long lo,
            final int port,
            final int scope,
            final boolean first)
            throws ErrnoException {
        try {
            UnderlaySocket.prepare(fd, family);
            if (!first) {
                option(fd, Sockets.SOL_SOCKET, Sockets.SO_REUSEPORT, 1);
            }
            bind(fd, family, hi, lo, port, scope);
            if (first) {
                // From now on others that ask for it too may share the port.
                option(fd, Sockets.SOL_SOCKET, Sockets.SO_REUSEPORT, 1);
            }
            return new UnderlaySocket(fd, family, port == 0 ? UnderlaySocket.boundPort(fd) : port);
        } catch (final ErrnoException failed) {
            Libc.close(fd);
            throw failed;
        }
    }

    private static int socket(final int family) throws ErrnoException {
        final int type = Sockets.SOCK_DGRAM | Sockets.SOCK_NONBLOCK | Sockets.SOCK_CLOEXEC;
        final int fd = ErrnoException.check("UDP socket", Sockets.socket(family, type, 0));
        if (family == Sockets.AF_INET6) {
            option(fd, Sockets.IPPROTO_IPV6, Sockets.IPV6_V6ONLY, 1);
        }
        return fd;
    }

    private static void require(final String option, final int fd, final int result) throws ErrnoException {
        if (result < 0) {
            Libc.close(fd);
        }
        ErrnoException.check(option, result);
    }

    private static int option(final int fd, final int level, final int name, final int value) {
        return SocketOptions.set(fd, level, name, value);
    }

    private static void bind(
            final int fd, final int family, final long hi, final long lo, final int port, final int scope)
            throws ErrnoException {
        final int result = UnderlaySocket.bind(fd, family, hi, lo, port, scope);
        if (result >= 0) {
            return;
        }
        final String address = SocketAddresses.text(family, hi, lo);
        final String message =
                switch (-result) {
                    case Errno.EADDRINUSE ->
                        "UDP port " + port + " on " + address
                                + " is in use by another program: stop it (`ss -ulpn sport = :" + port
                                + "` names it) or choose another port";
                    case Errno.EADDRNOTAVAIL -> "underlay address " + address + " is not an address of this host";
                    case Errno.EACCES, Errno.EPERM ->
                        "UDP port " + port + " on " + address
                                + " is not permitted: run as root or give the process CAP_NET_BIND_SERVICE";
                    default -> Errno.message("UDP port " + port + " on " + address, result);
                };
        throw new ErrnoException(message, result);
    }
}
