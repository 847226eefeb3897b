package io.weft.dataplane.sys;

/**
 * Makes raw sockets for GRE, which NVGRE needs. Every raw socket on an address is given a copy of every GRE packet to it,
 * so one worker receives and the others only send.
 *
 * <p>A received IPv4 packet begins with its IP header, a received IPv6 packet begins with the GRE header; what is sent
 * begins with the GRE header.
 */
public final class RawSocket {
    private RawSocket() {}

    public static UnderlaySocket receiver(final int family, final long hi, final long lo, final int scope)
            throws ErrnoException {
        return open(family, hi, lo, scope, true);
    }

    /** A socket that only sends; what arrives is dropped. */
    public static UnderlaySocket sender(final int family, final long hi, final long lo) throws ErrnoException {
        return open(family, hi, lo, 0, false);
    }

    private static UnderlaySocket open(
            final int family, final long hi, final long lo, final int scope, final boolean receives)
            throws ErrnoException {
        final int type = Sockets.SOCK_RAW | Sockets.SOCK_NONBLOCK | Sockets.SOCK_CLOEXEC;
        final int fd = Sockets.socket(family, type, Sockets.IPPROTO_GRE);
        if (fd == -Errno.EPERM || fd == -Errno.EACCES) {
            throw new ErrnoException(
                    "NVGRE needs raw sockets: run as root or give the process CAP_NET_RAW", Errno.EPERM);
        }
        ErrnoException.check("raw socket for GRE", fd);
        try {
            if (!receives) {
                ErrnoException.check("SO_ATTACH_FILTER", SocketOptions.dropAll(fd));
            }
            UnderlaySocket.prepare(fd, family);
            SocketOptions.buffers(fd, receives ? UnderlaySocket.RECEIVE_BUFFER : 0, UnderlaySocket.SEND_BUFFER);
            final int bound = UnderlaySocket.bind(fd, family, hi, lo, 0, scope);
            if (bound < 0) {
                final String address = SocketAddresses.text(family, hi, lo);
                throw new ErrnoException(
                        bound == -Errno.EADDRNOTAVAIL
                                ? "underlay address " + address + " is not an address of this host"
                                : Errno.message("raw socket for GRE on " + address, bound),
                        bound);
            }
            return new UnderlaySocket(fd, family, 0);
        } catch (final ErrnoException failed) {
            Libc.close(fd);
            throw failed;
        }
    }
}
