package io.weft.dataplane.sys;

import io.weft.encap.IpAddress;
import io.weft.encap.Mem;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * What network interfaces there are in the calling thread's network namespace: for configuration, never on a frame's way.
 *
 * <p>By {@code getifaddrs}: {@code java.net.NetworkInterface} reads IPv6 addresses of the main thread's namespace.
 */
public final class NetDevices {
    /** {@code struct ifaddrs}: next, name, flags, address. */
    private static final int NEXT = 0;

    private static final int NAME = 8;
    private static final int ADDRESS = 24;
    private static final int NAME_MAX = 16;
    private static final int LOOPBACK_NET = 127;

    private static final MethodHandle GETIFADDRS = Native.handle("getifaddrs", 1);
    private static final MethodHandle FREEIFADDRS = Native.handle("freeifaddrs", 1);
    private static final MethodHandle IF_NAMETOINDEX = Native.handle("if_nametoindex", 1);

    private NetDevices() {}

    /** An address on an interface. */
    public record Held(String device, IpAddress address) {}

    /** All addresses that are not link-local, each with its interface. */
    public static List<Held> addresses() {
        final List<Held> all = new ArrayList<>();
        try (Arena arena = Arena.ofConfined()) {
            final MemorySegment list = arena.allocate(Long.BYTES, Long.BYTES);
            final MemorySegment state = Native.state();
            if (Native.result((long) GETIFADDRS.invokeExact(state, list.address()), state) < 0) {
                return all;
            }
            final long first = Mem.getLongNative(list.address());
            for (long at = first; at != 0; at = Mem.getLongNative(at + NEXT)) {
                final IpAddress address = held(Mem.getLongNative(at + ADDRESS));
                if (address != null) {
                    all.add(new Held(name(Mem.getLongNative(at + NAME)), address));
                }
            }
            final long _ = (long) FREEIFADDRS.invokeExact(state, first);
            return all;
        } catch (final Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }

    private static IpAddress held(final long at) {
        final int family = at == 0 ? 0 : SocketAddresses.family(at);
        if (family == Sockets.AF_INET) {
            return new IpAddress(4, 0, SocketAddresses.lo(at));
        }
        final boolean linkLocal = family == Sockets.AF_INET6 && SocketAddresses.hi(at) >>> 54 == 0xfe80 >>> 6;
        return family != Sockets.AF_INET6 || linkLocal
                ? null
                : new IpAddress(6, SocketAddresses.hi(at), SocketAddresses.lo(at));
    }

    /** The name of the interface that holds the address, or an empty text; 127.0.0.0/8 is loopback's as a whole. */
    public static String nameOf(final int family, final long hi, final long lo) {
        try (Arena arena = Arena.ofConfined()) {
            final MemorySegment list = arena.allocate(Long.BYTES, Long.BYTES);
            final MemorySegment state = Native.state();
            if (Native.result((long) GETIFADDRS.invokeExact(state, list.address()), state) < 0) {
                return "";
            }
            final long first = Mem.getLongNative(list.address());
            final String found = find(first, family, hi, lo);
            final long _ = (long) FREEIFADDRS.invokeExact(state, first);
            return found;
        } catch (final Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }

    /** The index of the interface that holds the address, or 0 where no interface does. */
    public static int indexOf(final int family, final long hi, final long lo) {
        return index(nameOf(family, hi, lo));
    }

    /** The MTU of the interface that holds the address, or 0 where no interface does. */
    public static int mtuOf(final int family, final long hi, final long lo) {
        final String name = nameOf(family, hi, lo);
        if (name.isEmpty()) {
            return 0;
        }
        try (Interface device = new Interface(name)) {
            return Math.max(device.mtu(), 0);
        } catch (final ErrnoException noSocket) {
            return 0;
        }
    }

    /** The index of the interface of this name, or 0. */
    public static int index(final String name) {
        try (Arena arena = Arena.ofConfined()) {
            final MemorySegment state = Native.state();
            return (int) (long)
                    IF_NAMETOINDEX.invokeExact(state, arena.allocateFrom(name).address());
        } catch (final Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }

    private static String find(final long first, final int family, final long hi, final long lo) {
        for (long at = first; at != 0; at = Mem.getLongNative(at + NEXT)) {
            final long address = Mem.getLongNative(at + ADDRESS);
            if (address != 0 && SocketAddresses.family(address) == family && matches(address, family, hi, lo)) {
                return name(Mem.getLongNative(at + NAME));
            }
        }
        return "";
    }

    private static boolean matches(final long address, final int family, final long hi, final long lo) {
        final long held = SocketAddresses.lo(address);
        if (family == Sockets.AF_INET) {
            return held == lo || (held >>> 24 == LOOPBACK_NET && lo >>> 24 == LOOPBACK_NET);
        }
        return held == lo && SocketAddresses.hi(address) == hi;
    }

    private static String name(final long at) {
        int length = 0;
        while (length < NAME_MAX && Mem.getByte(at + length) != 0) {
            length++;
        }
        return new String(Mem.bytes(at, length), StandardCharsets.UTF_8);
    }
}
