package io.weft.dataplane.sys;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * Sockets, as the C library offers them, with the constants of {@code <sys/socket.h>}, {@code <netinet/in.h>} and
 * {@code <linux/udp.h>} for x86-64 and aarch64.
 *
 * <p>Results are what the function returns, or the negated {@code errno} where it fails. Nothing is allocated per call.
 * Usable by any thread.
 */
public final class Sockets {
    public static final int AF_UNIX = 1;
    public static final int AF_INET = 2;
    public static final int AF_INET6 = 10;
    public static final int SOCK_STREAM = 1;
    public static final int SOCK_DGRAM = 2;
    public static final int SOCK_RAW = 3;
    public static final int SOCK_NONBLOCK = 0x800;
    public static final int SOCK_CLOEXEC = 0x80000;

    public static final int MSG_CTRUNC = 0x8;
    public static final int MSG_TRUNC = 0x20;
    public static final int MSG_DONTWAIT = 0x40;
    public static final int MSG_NOSIGNAL = 0x4000;
    public static final int MSG_CMSG_CLOEXEC = 0x40000000;
    public static final int SCM_RIGHTS = 1;

    public static final int SOL_SOCKET = 1;
    public static final int SO_REUSEADDR = 2;
    public static final int SO_ERROR = 4;
    public static final int SO_SNDBUF = 7;
    public static final int SO_RCVBUF = 8;
    public static final int SO_NO_CHECK = 11;
    public static final int SO_REUSEPORT = 15;
    public static final int SO_BINDTODEVICE = 25;
    public static final int SO_ATTACH_FILTER = 26;
    public static final int SO_SNDBUFFORCE = 32;
    public static final int SO_RCVBUFFORCE = 33;
    public static final int SO_BUSY_POLL = 46;
    public static final int SO_PREFER_BUSY_POLL = 69;
    public static final int SO_BUSY_POLL_BUDGET = 70;

    public static final int IPPROTO_IP = 0;
    public static final int IP_TOS = 1;
    public static final int IP_PKTINFO = 8;
    public static final int IP_MTU_DISCOVER = 10;
    public static final int IP_RECVTOS = 13;
    public static final int IP_MTU = 14;
    public static final int IP_MULTICAST_IF = 32;
    public static final int IP_MULTICAST_TTL = 33;
    public static final int IP_MULTICAST_LOOP = 34;
    public static final int IP_ADD_MEMBERSHIP = 35;
    public static final int IP_DROP_MEMBERSHIP = 36;
    public static final int IP_MULTICAST_ALL = 49;
    public static final int IP_PMTUDISC_DO = 2;

    public static final int IPPROTO_GRE = 47;
    public static final int IPPROTO_IPV6 = 41;
    public static final int IPV6_MULTICAST_IF = 17;
    public static final int IPV6_MULTICAST_HOPS = 18;
    public static final int IPV6_MULTICAST_LOOP = 19;
    public static final int IPV6_JOIN_GROUP = 20;
    public static final int IPV6_LEAVE_GROUP = 21;
    public static final int IPV6_MTU_DISCOVER = 23;
    public static final int IPV6_MTU = 24;
    public static final int IPV6_V6ONLY = 26;
    public static final int IPV6_MULTICAST_ALL = 29;
    public static final int IPV6_DONTFRAG = 62;
    public static final int IPV6_RECVTCLASS = 66;
    public static final int IPV6_TCLASS = 67;

    public static final int SOL_UDP = 17;
    public static final int UDP_NO_CHECK6_TX = 101;
    public static final int UDP_NO_CHECK6_RX = 102;
    public static final int UDP_SEGMENT = 103;
    public static final int UDP_GRO = 104;

    private static final MethodHandle SOCKET = Native.handle("socket", 3);
    private static final MethodHandle SOCKETPAIR = Native.handle("socketpair", 4);
    private static final MethodHandle BIND = Native.handle("bind", 3);
    private static final MethodHandle CONNECT = Native.handle("connect", 3);
    private static final MethodHandle LISTEN = Native.handle("listen", 2);
    private static final MethodHandle ACCEPT4 = Native.handle("accept4", 4);
    private static final MethodHandle SHUTDOWN = Native.handle("shutdown", 2);
    private static final MethodHandle SETSOCKOPT = Native.handle("setsockopt", 5);
    private static final MethodHandle GETSOCKOPT = Native.handle("getsockopt", 5);
    private static final MethodHandle GETSOCKNAME = Native.handle("getsockname", 3);
    private static final MethodHandle SENDTO = Native.handle("sendto", 6);
    private static final MethodHandle RECVFROM = Native.handle("recvfrom", 6);
    private static final MethodHandle SENDMSG = Native.handle("sendmsg", 3);
    private static final MethodHandle RECVMSG = Native.handle("recvmsg", 3);
    private static final MethodHandle SENDMMSG = Native.handle("sendmmsg", 4);
    private static final MethodHandle RECVMMSG = Native.handle("recvmmsg", 5);

    private Sockets() {}

    public static int socket(final int family, final int type, final int protocol) {
        final MemorySegment state = Native.state();
        try {
            return Native.result((long) SOCKET.invokeExact(state, (long) family, (long) type, (long) protocol), state);
        } catch (final Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }

    public static int socketpair(final int family, final int type, final int protocol, final long fds) {
        final MemorySegment state = Native.state();
        try {
            return Native.result(
                    (long) SOCKETPAIR.invokeExact(state, (long) family, (long) type, (long) protocol, fds), state);
        } catch (final Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }

    public static int bind(final int fd, final long address, final int length) {
        final MemorySegment state = Native.state();
        try {
            return Native.result((long) BIND.invokeExact(state, (long) fd, address, (long) length), state);
        } catch (final Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }

    public static int connect(final int fd, final long address, final int length) {
        final MemorySegment state = Native.state();
        try {
            return Native.result((long) CONNECT.invokeExact(state, (long) fd, address, (long) length), state);
        } catch (final Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }

    public static int listen(final int fd, final int backlog) {
        final MemorySegment state = Native.state();
        try {
            return Native.result((long) LISTEN.invokeExact(state, (long) fd, (long) backlog), state);
        } catch (final Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }

    public static int accept(final int fd, final long address, final long length, final int flags) {
        final MemorySegment state = Native.state();
        try {
            return Native.result((long) ACCEPT4.invokeExact(state, (long) fd, address, length, (long) flags), state);
        } catch (final Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }

    public static int shutdown(final int fd, final int how) {
        final MemorySegment state = Native.state();
        try {
            return Native.result((long) SHUTDOWN.invokeExact(state, (long) fd, (long) how), state);
        } catch (final Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }

    public static int setsockopt(final int fd, final int level, final int name, final long value, final int length) {
        final MemorySegment state = Native.state();
        try {
            return Native.result(
                    (long) SETSOCKOPT.invokeExact(state, (long) fd, (long) level, (long) name, value, (long) length),
                    state);
        } catch (final Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }

    public static int getsockopt(final int fd, final int level, final int name, final long value, final long length) {
        final MemorySegment state = Native.state();
        try {
            return Native.result(
                    (long) GETSOCKOPT.invokeExact(state, (long) fd, (long) level, (long) name, value, length), state);
        } catch (final Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }

    public static int getsockname(final int fd, final long address, final long length) {
        final MemorySegment state = Native.state();
        try {
            return Native.result((long) GETSOCKNAME.invokeExact(state, (long) fd, address, length), state);
        } catch (final Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }

    public static int sendmsg(final int fd, final long message, final int flags) {
        final MemorySegment state = Native.state();
        try {
            return Native.result((long) SENDMSG.invokeExact(state, (long) fd, message, (long) flags), state);
        } catch (final Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }

    public static int recvmsg(final int fd, final long message, final int flags) {
        final MemorySegment state = Native.state();
        try {
            return Native.result((long) RECVMSG.invokeExact(state, (long) fd, message, (long) flags), state);
        } catch (final Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }

    /** Returns how many messages were sent; those after the first that failed are not tried. */
    public static int sendmmsg(final int fd, final long messages, final int count, final int flags) {
        final MemorySegment state = Native.state();
        try {
            return Native.result(
                    (long) SENDMMSG.invokeExact(state, (long) fd, messages, (long) count, (long) flags), state);
        } catch (final Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }

    public static int sendto(
            final int fd,
            final long data,
            final int length,
            final int flags,
            final long address,
            final int addressLength) {
        final MemorySegment state = Native.state();
        try {
            return Native.result(
                    (long) SENDTO.invokeExact(
                            state, (long) fd, data, (long) length, (long) flags, address, (long) addressLength),
                    state);
        } catch (final Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }

    /** Without the sender's address. */
    public static int recv(final int fd, final long data, final int length, final int flags) {
        final MemorySegment state = Native.state();
        try {
            return Native.result(
                    (long) RECVFROM.invokeExact(state, (long) fd, data, (long) length, (long) flags, 0L, 0L), state);
        } catch (final Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }

    /** Returns how many messages were received. */
    public static int recvmmsg(
            final int fd, final long messages, final int count, final int flags, final long timeout) {
        final MemorySegment state = Native.state();
        try {
            return Native.result(
                    (long) RECVMMSG.invokeExact(state, (long) fd, messages, (long) count, (long) flags, timeout),
                    state);
        } catch (final Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }
}
