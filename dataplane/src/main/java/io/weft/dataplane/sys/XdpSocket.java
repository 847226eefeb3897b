package io.weft.dataplane.sys;

import io.weft.encap.Mem;
import java.lang.foreign.Arena;

/**
 * An AF_XDP socket on one queue of a NIC, with packet memory (UMEM) and four rings of its own, mapped. What is in the
 * rings is its user's business.
 *
 * <p>Half of the memory's frames are for receiving: at most as many as the rings have entries. Owned by the conductor
 * until a worker takes it.
 */
public final class XdpSocket implements AutoCloseable {
    /** Flags of a descriptor: the packet goes on in the next one. */
    public static final int PKT_CONTD = 1;
    /** Flag of a ring: the kernel sleeps until it is called. */
    public static final int NEED_WAKEUP = 1;
    /** Bytes before a received packet, in each frame. */
    public static final int HEADROOM = 256;

    /** Flags of {@link #bind}. */
    public static final int COPY = 1 << 1;

    public static final int ZEROCOPY = 1 << 2;
    public static final int USE_NEED_WAKEUP = 1 << 3;
    /** Packets may lie in several frames (Linux 6.6). */
    public static final int USE_SG = 1 << 4;

    private static final int AF_XDP = 44;
    private static final int SOL_XDP = 283;
    private static final int MMAP_OFFSETS = 1;
    private static final int RX_RING = 2;
    private static final int TX_RING = 3;
    private static final int UMEM_REG = 4;
    private static final int FILL_RING = 5;
    private static final int COMPLETION_RING = 6;
    private static final int STATISTICS = 7;
    private static final int OPTIONS = 8;
    private static final int OPTIONS_ZEROCOPY = 1;

    private static final long[] PAGE_OFFSETS = {0, 0x8000_0000L, 0x1_0000_0000L, 0x1_8000_0000L};
    private static final int RX = 0;
    private static final int TX = 1;
    private static final int FILL = 2;
    private static final int COMPLETION = 3;
    private static final int DESCRIPTOR = 16;
    private static final int OFFSETS = 32;
    private static final int STATISTICS_BYTES = 48;
    private static final int SOCKADDR = 16;
    private static final int MADV_HUGEPAGE = 14;

    private final int fd;
    private final int entries;
    private final int frameBytes;
    private final Region umem;
    private final Ring[] rings = new Ring[4];

    /**
     * @param entries of each ring, a power of two; the memory has twice as many frames
     * @param frameBytes 2048 or 4096
     */
    public XdpSocket(final int entries, final int frameBytes) throws ErrnoException {
        this.entries = entries;
        this.frameBytes = frameBytes;
        final int socket = Sockets.socket(AF_XDP, Sockets.SOCK_RAW | Sockets.SOCK_CLOEXEC, 0);
        if (socket == -Errno.EAFNOSUPPORT) {
            throw new ErrnoException("this kernel has no AF_XDP (CONFIG_XDP_SOCKETS): use {af-packet: ..}", socket);
        }
        if (socket == -Errno.EPERM) {
            throw new ErrnoException("AF_XDP is not permitted: needs CAP_NET_RAW and CAP_BPF, or root", socket);
        }
        fd = ErrnoException.check("AF_XDP socket", socket);
        umem = new Region(2L * entries * frameBytes);
        Libc.madvise(umem.address(), umem.size(), MADV_HUGEPAGE);
        try {
            register();
            map();
        } catch (final ErrnoException failed) {
            close();
            throw failed;
        }
    }

    private void register() throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            final long registration = arena.allocate(32, Long.BYTES).address();
            Mem.putLongNative(registration, umem.address());
            Mem.putLongNative(registration + 8, umem.size());
            Mem.putIntNative(registration + 16, frameBytes);
            final int result = Sockets.setsockopt(fd, SOL_XDP, UMEM_REG, registration, 32);
            if (result == -Errno.ENOBUFS) {
                throw new ErrnoException(
                        "AF_XDP may not lock " + (umem.size() >> 20) + " MiB a queue: raise RLIMIT_MEMLOCK"
                                + " (systemd: LimitMEMLOCK=infinity) or give the process CAP_IPC_LOCK",
                        result);
            }
            ErrnoException.check("AF_XDP packet memory", result);
        }
        for (final int ring : new int[] {FILL_RING, COMPLETION_RING, RX_RING, TX_RING}) {
            ErrnoException.check("AF_XDP ring", SocketOptions.set(fd, SOL_XDP, ring, entries));
        }
    }

    private void map() throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            final long at = arena.allocate(4 * OFFSETS + Long.BYTES, Long.BYTES).address();
            Mem.putIntNative(at + 4 * OFFSETS, 4 * OFFSETS);
            ErrnoException.check("AF_XDP offsets", Sockets.getsockopt(fd, SOL_XDP, MMAP_OFFSETS, at, at + 4 * OFFSETS));
            for (int i = 0; i < rings.length; i++) {
                rings[i] = map(i, at + (long) i * OFFSETS);
            }
        }
    }

    private Ring map(final int ring, final long offsets) throws ErrnoException {
        final long entry = ring == RX || ring == TX ? DESCRIPTOR : Long.BYTES;
        final long bytes = Mem.getLongNative(offsets + 16) + entries * entry;
        final long at = Libc.mmap(
                0,
                bytes,
                Libc.PROT_READ | Libc.PROT_WRITE,
                Libc.MAP_SHARED | Libc.MAP_POPULATE,
                fd,
                PAGE_OFFSETS[ring]);
        ErrnoException.check("map of an AF_XDP ring", at < 0 ? (int) at : 0);
        return new Ring(
                at,
                bytes,
                at + Mem.getLongNative(offsets),
                at + Mem.getLongNative(offsets + 8),
                at + Mem.getLongNative(offsets + 16),
                at + Mem.getLongNative(offsets + 24));
    }

    /** Binds to a queue of a NIC; 0 or {@code -errno}, -EBUSY: another socket has it. */
    public int bind(final int ifindex, final int queue, final int flags) {
        try (Arena arena = Arena.ofConfined()) {
            final long address = arena.allocate(SOCKADDR, Long.BYTES).address();
            Mem.putShortNative(address, AF_XDP);
            Mem.putShortNative(address + 2, flags);
            Mem.putIntNative(address + 4, ifindex);
            Mem.putIntNative(address + 8, queue);
            return Sockets.bind(fd, address, SOCKADDR);
        }
    }

    public int fd() {
        return fd;
    }

    /** Entries of each ring. */
    public int entries() {
        return entries;
    }

    public int frameBytes() {
        return frameBytes;
    }

    /** Where the packet memory begins. */
    public long umem() {
        return umem.address();
    }

    public long umemBytes() {
        return umem.size();
    }

    public Ring rx() {
        return rings[RX];
    }

    public Ring tx() {
        return rings[TX];
    }

    public Ring fill() {
        return rings[FILL];
    }

    public Ring completion() {
        return rings[COMPLETION];
    }

    /** Has the kernel look at what was put into the transmit ring; 0 or {@code -errno}. */
    public int kick() {
        return Sockets.sendto(fd, 0, 0, Sockets.MSG_DONTWAIT, 0, 0);
    }

    /** Has the kernel look at what was put into the fill ring. */
    public int kickFill() {
        return Sockets.recv(fd, 0, 0, Sockets.MSG_DONTWAIT);
    }

    /** Has the driver's work done by who polls the socket; 0, or {@code -errno} where the kernel cannot. */
    public int busyPoll(final int micros, final int budget) {
        final int prefer = SocketOptions.set(fd, Sockets.SOL_SOCKET, Sockets.SO_PREFER_BUSY_POLL, 1);
        final int poll = SocketOptions.set(fd, Sockets.SOL_SOCKET, Sockets.SO_BUSY_POLL, micros);
        return Math.min(
                prefer, Math.min(poll, SocketOptions.set(fd, Sockets.SOL_SOCKET, Sockets.SO_BUSY_POLL_BUDGET, budget)));
    }

    /** Whether the NIC reads and writes the packet memory itself. */
    public boolean isZeroCopy() {
        try (Arena arena = Arena.ofConfined()) {
            final long at = arena.allocate(2 * Integer.BYTES, Integer.BYTES).address();
            Mem.putIntNative(at + 4, Integer.BYTES);
            return Sockets.getsockopt(fd, SOL_XDP, OPTIONS, at, at + 4) >= 0
                    && (Mem.getIntNative(at) & OPTIONS_ZEROCOPY) != 0;
        }
    }

    /** Packets that the kernel dropped for want of room, or of a frame to put them into. */
    public long dropped() {
        try (Arena arena = Arena.ofConfined()) {
            final long at =
                    arena.allocate(STATISTICS_BYTES + Long.BYTES, Long.BYTES).address();
            Mem.putIntNative(at + STATISTICS_BYTES, STATISTICS_BYTES);
            if (Sockets.getsockopt(fd, SOL_XDP, STATISTICS, at, at + STATISTICS_BYTES) < 0) {
                return 0;
            }
            // Dropped, ring full, fill ring empty; the words between are of descriptors that made no sense.
            return Mem.getLongNative(at) + Mem.getLongNative(at + 24) + Mem.getLongNative(at + 32);
        }
    }

    @Override
    public void close() {
        for (final Ring ring : rings) {
            if (ring != null) {
                Libc.munmap(ring.mapping, ring.bytes);
            }
        }
        Libc.close(fd);
        umem.close();
    }

    /**
     * Where a ring's parts are.
     *
     * @param producer entries ever put in, 32 bits
     * @param consumer entries ever taken out, 32 bits
     * @param entries 16 bytes each in the packets' rings, 8 in the frames'
     * @param flags 32 bits, {@link #NEED_WAKEUP}
     */
    public record Ring(long mapping, long bytes, long producer, long consumer, long entries, long flags) {}
}
