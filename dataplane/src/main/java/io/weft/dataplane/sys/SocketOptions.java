package io.weft.dataplane.sys;

import io.weft.encap.Mem;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Options of a socket by descriptor. None of this is on a frame's way. */
final class SocketOptions {
    /** {@code struct sock_filter}: code u16, jt u8, jf u8, k u32. {@code BPF_RET | BPF_K} with 0: keep nothing. */
    private static final int BPF_RET_K = 0x06;

    /** {@code struct ip_mreq} and {@code ipv6_mreq}. */
    private static final int MREQ = 8;

    private static final int MREQ_V6 = 20;

    private SocketOptions() {}

    static int set(final int fd, final int level, final int name, final int value) {
        try (Arena arena = Arena.ofConfined()) {
            final long at = arena.allocate(Integer.BYTES, Integer.BYTES).address();
            Mem.putIntNative(at, value);
            return Sockets.setsockopt(fd, level, name, at, Integer.BYTES);
        }
    }

    static int get(final int fd, final int level, final int name) {
        try (Arena arena = Arena.ofConfined()) {
            final long at = arena.allocate(2 * Integer.BYTES, Integer.BYTES).address();
            Mem.putIntNative(at + Integer.BYTES, Integer.BYTES);
            final int failed = Sockets.getsockopt(fd, level, name, at, at + Integer.BYTES);
            return failed < 0 ? failed : Mem.getIntNative(at);
        }
    }

    /** Buffers of this many bytes, beyond the system's limit where the process may. */
    static void buffers(final int fd, final int receive, final int send) {
        if (set(fd, Sockets.SOL_SOCKET, Sockets.SO_RCVBUFFORCE, receive) < 0) {
            set(fd, Sockets.SOL_SOCKET, Sockets.SO_RCVBUF, receive);
        }
        if (set(fd, Sockets.SOL_SOCKET, Sockets.SO_SNDBUFFORCE, send) < 0) {
            set(fd, Sockets.SOL_SOCKET, Sockets.SO_SNDBUF, send);
        }
    }

    /** Outer packets are never fragmented here: DF is set, and one that does not fit fails with EMSGSIZE. */
    static int doNotFragment(final int fd, final int family) {
        if (family == Sockets.AF_INET) {
            return set(fd, Sockets.IPPROTO_IP, Sockets.IP_MTU_DISCOVER, Sockets.IP_PMTUDISC_DO);
        }
        final int discover = set(fd, Sockets.IPPROTO_IPV6, Sockets.IPV6_MTU_DISCOVER, Sockets.IP_PMTUDISC_DO);
        return discover < 0 ? discover : set(fd, Sockets.IPPROTO_IPV6, Sockets.IPV6_DONTFRAG, 1);
    }

    /** Received messages say their TOS or traffic class. */
    static int receiveTos(final int fd, final int family) {
        return family == Sockets.AF_INET
                ? set(fd, Sockets.IPPROTO_IP, Sockets.IP_RECVTOS, 1)
                : set(fd, Sockets.IPPROTO_IPV6, Sockets.IPV6_RECVTCLASS, 1);
    }

    /** Nothing that arrives is queued: for sockets that only send. */
    static int dropAll(final int fd) {
        try (Arena arena = Arena.ofConfined()) {
            final MemorySegment filter = arena.allocate(8, 8);
            Mem.putShortNative(filter.address(), BPF_RET_K);
            final long program = arena.allocate(16, 8).address();
            Mem.putShortNative(program, 1);
            Mem.putLongNative(program + 8, filter.address());
            return Sockets.setsockopt(fd, Sockets.SOL_SOCKET, Sockets.SO_ATTACH_FILTER, program, 16);
        }
    }

    /** Groups are sent to through this interface, and not looped back; returns 0 or {@code -errno}. */
    static int multicastFrom(final int fd, final int family, final long address4, final int index, final int hops) {
        final int level = family == Sockets.AF_INET ? Sockets.IPPROTO_IP : Sockets.IPPROTO_IPV6;
        final int from = family == Sockets.AF_INET
                ? set(fd, level, Sockets.IP_MULTICAST_IF, Integer.reverseBytes((int) address4))
                : set(fd, level, Sockets.IPV6_MULTICAST_IF, index);
        final int far = set(
                fd, level, family == Sockets.AF_INET ? Sockets.IP_MULTICAST_TTL : Sockets.IPV6_MULTICAST_HOPS, hops);
        final int looped =
                set(fd, level, family == Sockets.AF_INET ? Sockets.IP_MULTICAST_LOOP : Sockets.IPV6_MULTICAST_LOOP, 0);
        return Math.min(from, Math.min(far, looped));
    }

    /** Joins or leaves an IPv4 group on the interface that holds {@code local}. */
    static int membership4(final int fd, final boolean join, final long group, final long local) {
        try (Arena arena = Arena.ofConfined()) {
            final long request = arena.allocate(MREQ, 4).address();
            Mem.putInt(request, (int) group);
            Mem.putInt(request + 4, (int) local);
            final int name = join ? Sockets.IP_ADD_MEMBERSHIP : Sockets.IP_DROP_MEMBERSHIP;
            return Sockets.setsockopt(fd, Sockets.IPPROTO_IP, name, request, MREQ);
        }
    }

    /** Joins or leaves an IPv6 group on an interface. */
    static int membership6(final int fd, final boolean join, final long hi, final long lo, final int index) {
        try (Arena arena = Arena.ofConfined()) {
            final long request = arena.allocate(MREQ_V6, 4).address();
            Mem.putLong(request, hi);
            Mem.putLong(request + 8, lo);
            Mem.putIntNative(request + 16, index);
            final int name = join ? Sockets.IPV6_JOIN_GROUP : Sockets.IPV6_LEAVE_GROUP;
            return Sockets.setsockopt(fd, Sockets.IPPROTO_IPV6, name, request, MREQ_V6);
        }
    }
}
