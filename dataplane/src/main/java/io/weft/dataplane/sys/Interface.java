package io.weft.dataplane.sys;

import io.weft.encap.Mem;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;

/**
 * A network interface's MTU, address and state, by {@code struct ifreq} of 40 bytes. For configuration, never on a
 * frame's way. Owned by the conductor.
 */
public final class Interface implements AutoCloseable {
    /** Offset of the union behind the name in {@code struct ifreq}. */
    static final int UNION = 16;

    private static final int REQUEST = 40;
    private static final int SIOCGIFFLAGS = 0x8913;
    private static final int SIOCSIFFLAGS = 0x8914;
    private static final int SIOCGIFMTU = 0x8921;
    private static final int SIOCSIFMTU = 0x8922;
    private static final int SIOCSIFHWADDR = 0x8924;
    private static final int SIOCGIFHWADDR = 0x8927;
    private static final int SIOCETHTOOL = 0x8946;
    private static final int ETHTOOL_GCHANNELS = 0x3c;
    /** {@code struct ethtool_channels}: command, four limits, then counts: receive, send, other, combined. */
    private static final int CHANNELS = 36;

    private static final int RX_COUNT = 20;
    private static final int COMBINED_COUNT = 32;
    private static final int IFF_UP = 1;
    private static final int IFF_RUNNING = 0x40;
    private static final int ARPHRD_ETHER = 1;

    private final String name;
    private final int control;

    public Interface(final String name) throws ErrnoException {
        this.name = name;
        control = ErrnoException.check(
                "socket", Sockets.socket(Sockets.AF_INET, Sockets.SOCK_DGRAM | Sockets.SOCK_CLOEXEC, 0));
    }

    public String name() {
        return name;
    }

    public void setMtu(final int mtu) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            final long request = request(arena, name);
            Mem.putIntNative(request + UNION, mtu);
            check("MTU " + mtu + " cannot be set", Libc.ioctl(control, SIOCSIFMTU, request));
        }
    }

    /** Bytes of the largest layer-3 packet, or {@code -errno}. */
    public int mtu() {
        return get(SIOCGIFMTU);
    }

    public void setUp(final boolean up) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            final long request = request(arena, name);
            check("state cannot be read", Libc.ioctl(control, SIOCGIFFLAGS, request));
            final int flags = Mem.getShortNative(request + UNION);
            Mem.putShortNative(request + UNION, up ? flags | IFF_UP : flags & ~IFF_UP);
            check(up ? "cannot be brought up" : "cannot be taken down", Libc.ioctl(control, SIOCSIFFLAGS, request));
        }
    }

    /** Whether the interface is up and has carrier; false too where it is gone. */
    public boolean isUp() {
        final int flags = get(SIOCGIFFLAGS);
        return flags >= 0 && (flags & (IFF_UP | IFF_RUNNING)) == (IFF_UP | IFF_RUNNING);
    }

    /** Sets the address, given as the lower 48 bits. */
    public void setMac(final long mac) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            final long request = request(arena, name);
            Mem.putShortNative(request + UNION, ARPHRD_ETHER);
            Mem.putShort(request + UNION + 2, (int) (mac >>> 32));
            Mem.putInt(request + UNION + 4, (int) mac);
            check("MAC cannot be set", Libc.ioctl(control, SIOCSIFHWADDR, request));
        }
    }

    /** The address as the lower 48 bits, or {@code -errno}. */
    public long mac() {
        try (Arena arena = Arena.ofConfined()) {
            final long request = request(arena, name);
            final int failed = Libc.ioctl(control, SIOCGIFHWADDR, request);
            return failed < 0
                    ? failed
                    : (long) Mem.getShort(request + UNION + 2) << 32 | (Mem.getInt(request + UNION + 4) & 0xffffffffL);
        }
    }

    /** Receive queues that are in use; 1 where the driver does not say. */
    public int receiveQueues() {
        try (Arena arena = Arena.ofConfined()) {
            final long channels = arena.allocate(CHANNELS, Long.BYTES).address();
            Mem.putIntNative(channels, ETHTOOL_GCHANNELS);
            final long request = request(arena, name);
            Mem.putLongNative(request + UNION, channels);
            if (Libc.ioctl(control, SIOCETHTOOL, request) < 0) {
                return 1;
            }
            return Math.max(1, Mem.getIntNative(channels + RX_COUNT) + Mem.getIntNative(channels + COMBINED_COUNT));
        }
    }

    @Override
    public void close() {
        Libc.close(control);
    }

    /** A request with the name filled in, zero otherwise. */
    static long request(final Arena arena, final String name) {
        final long request = arena.allocate(REQUEST, Long.BYTES).address();
        final byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        Mem.copy(bytes, 0, request, Math.min(bytes.length, UNION - 1));
        return request;
    }

    private int get(final int what) {
        try (Arena arena = Arena.ofConfined()) {
            final long request = request(arena, name);
            final int failed = Libc.ioctl(control, what, request);
            return failed < 0
                    ? failed
                    : what == SIOCGIFFLAGS ? Mem.getShortNative(request + UNION) : Mem.getIntNative(request + UNION);
        }
    }

    private void check(final String what, final int result) throws ErrnoException {
        if (result == -Errno.EPERM) {
            throw new ErrnoException(
                    name + ": " + what + ": run as root or give the process CAP_NET_ADMIN", Errno.EPERM);
        }
        if (result < 0) {
            throw new ErrnoException(name + ": " + what + ": " + Errno.text(result), result);
        }
    }
}
