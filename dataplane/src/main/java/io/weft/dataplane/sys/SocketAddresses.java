package io.weft.dataplane.sys;

import io.weft.encap.Mem;
import java.net.InetAddress;
import java.net.UnknownHostException;

/**
 * {@code struct sockaddr_in} and {@code sockaddr_in6} in memory.
 *
 * <p>An address is a family ({@link Sockets#AF_INET} or {@link Sockets#AF_INET6}) and two longs: an IPv6 address's first
 * and last eight bytes in network order; an IPv4 address is the lower half of {@code lo}, and {@code hi} is ignored.
 */
public final class SocketAddresses {
    /** Room for either family. */
    public static final int SIZE = 28;

    public static final int SIZE_V4 = 16;
    public static final int SIZE_V6 = 28;
    private static final int PORT = 2;
    private static final int ADDRESS_V4 = 4;
    private static final int ADDRESS_V6 = 8;
    private static final int SCOPE_V6 = 24;

    private SocketAddresses() {}

    /** Writes the address in its family's form and returns the length of the structure; {@code at} has {@link #SIZE}. */
    public static int write(final long at, final int family, final long hi, final long lo, final int port) {
        return write(at, family, hi, lo, port, 0);
    }

    /** The same with an interface index, which link-local IPv6 addresses and groups need. */
    public static int write(
            final long at, final int family, final long hi, final long lo, final int port, final int scope) {
        Mem.fill(at, SIZE, 0);
        Mem.putShortNative(at, family);
        Mem.putShort(at + PORT, port);
        if (family == Sockets.AF_INET) {
            Mem.putInt(at + ADDRESS_V4, (int) lo);
            return SIZE_V4;
        }
        Mem.putLong(at + ADDRESS_V6, hi);
        Mem.putLong(at + ADDRESS_V6 + Long.BYTES, lo);
        Mem.putIntNative(at + SCOPE_V6, scope);
        return SIZE_V6;
    }

    public static int family(final long at) {
        return Mem.getShortNative(at);
    }

    public static int port(final long at) {
        return Mem.getShort(at + PORT);
    }

    public static long hi(final long at) {
        return family(at) == Sockets.AF_INET ? 0 : Mem.getLong(at + ADDRESS_V6);
    }

    public static long lo(final long at) {
        return family(at) == Sockets.AF_INET
                ? Mem.getInt(at + ADDRESS_V4) & 0xffffffffL
                : Mem.getLong(at + ADDRESS_V6 + Long.BYTES);
    }

    /** The address, for messages and configuration; allocates. */
    public static InetAddress inet(final int family, final long hi, final long lo) {
        final byte[] bytes = new byte[family == Sockets.AF_INET ? 4 : 16];
        for (int i = 0; i < bytes.length; i++) {
            final int fromEnd = bytes.length - 1 - i;
            bytes[i] = (byte) (fromEnd < 8 ? lo >>> (8 * fromEnd) : hi >>> (8 * (fromEnd - 8)));
        }
        try {
            return InetAddress.getByAddress(bytes);
        } catch (final UnknownHostException impossible) {
            throw new AssertionError(impossible);
        }
    }

    /** The address as text, for messages; allocates. */
    public static String text(final int family, final long hi, final long lo) {
        return inet(family, hi, lo).getHostAddress();
    }
}
