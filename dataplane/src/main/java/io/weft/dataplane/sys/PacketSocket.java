package io.weft.dataplane.sys;

import io.weft.encap.Mem;
import java.lang.foreign.Arena;

/**
 * A packet socket (AF_PACKET): frames of a device as they are on the wire. A receiver has a ring of frames that the kernel
 * writes (TPACKET_V2), with a virtio-net header before each; a sender sends.
 *
 * <p>Owned by the conductor until a worker takes it.
 */
public final class PacketSocket implements AutoCloseable {
    /** Bits of a frame's status, its first word; 0: the kernel's. */
    public static final int STATUS_USER = 1;

    public static final int STATUS_VLAN_VALID = 1 << 4;

    /** Offsets in a frame's header: lengths of the packet and of what of it is there, where that begins, tag. */
    public static final int LENGTH = 4;

    public static final int SNAP_LENGTH = 8;
    public static final int MAC = 12;
    public static final int VLAN_TCI = 24;

    /** Bytes of the virtio-net header that ends where the packet begins. */
    public static final int VNET = 10;

    private static final int AF_PACKET = 17;
    private static final int SOL_PACKET = 263;
    private static final int ADD_MEMBERSHIP = 1;
    private static final int RX_RING = 5;
    private static final int STATISTICS = 6;
    private static final int VERSION = 10;
    private static final int VNET_HDR = 15;
    private static final int FANOUT = 18;
    private static final int QDISC_BYPASS = 20;
    private static final int IGNORE_OUTGOING = 23;
    private static final int TPACKET_V2 = 1;
    private static final int FANOUT_HASH = 0;
    private static final int FANOUT_FLAG_UNIQUE_ID = 0x2000;
    private static final int MR_PROMISC = 1;
    private static final int MR_ALLMULTI = 2;
    private static final int MREQ = 16;
    private static final int SOCKADDR = 20;
    /** ETH_P_ALL in network order. */
    private static final int EVERYTHING = 0x0300;

    private static final int FILTER_BYTES = 8;
    private static final int SEND_BUFFER = 8 << 20;

    private final int fd;
    private final int frames;
    private final int frameBytes;
    private final long ring;

    private PacketSocket(final int fd, final int frames, final int frameBytes, final long ring) {
        this.fd = fd;
        this.frames = frames;
        this.frameBytes = frameBytes;
        this.ring = ring;
    }

    /**
     * A receiver that is not bound yet.
     *
     * @param frameBytes of each frame of the ring, a power of two from 2048 to 65536
     */
    public static PacketSocket receiver(final int frames, final int frameBytes) throws ErrnoException {
        final int fd = open();
        try {
            require("TPACKET_V2", set(fd, VERSION, TPACKET_V2));
            require("PACKET_VNET_HDR", set(fd, VNET_HDR, 1));
            set(fd, IGNORE_OUTGOING, 1);
            require("PACKET_RX_RING of " + frames * (long) frameBytes + " bytes", ring(fd, frames, frameBytes));
            final long at = Libc.mmap(
                    0,
                    (long) frames * frameBytes,
                    Libc.PROT_READ | Libc.PROT_WRITE,
                    Libc.MAP_SHARED | Libc.MAP_POPULATE,
                    fd,
                    0);
            require("map of a packet ring", at < 0 ? (int) at : 0);
            return new PacketSocket(fd, frames, frameBytes, at);
        } catch (final ErrnoException failed) {
            Libc.close(fd);
            throw failed;
        }
    }

    /** A socket that only sends: nothing is queued for it. */
    public static PacketSocket sender() throws ErrnoException {
        final int fd = open();
        set(fd, QDISC_BYPASS, 1);
        SocketOptions.buffers(fd, 1, SEND_BUFFER);
        return new PacketSocket(fd, 0, 0, 0);
    }

    private static int open() throws ErrnoException {
        final int fd = Sockets.socket(AF_PACKET, Sockets.SOCK_RAW | Sockets.SOCK_CLOEXEC | Sockets.SOCK_NONBLOCK, 0);
        if (fd == -Errno.EPERM) {
            throw new ErrnoException("AF_PACKET is not permitted: needs CAP_NET_RAW, or root", fd);
        }
        return ErrnoException.check("AF_PACKET socket", fd);
    }

    private static int ring(final int fd, final int frames, final int frameBytes) {
        try (Arena arena = Arena.ofConfined()) {
            final long request = arena.allocate(16, Integer.BYTES).address();
            final int block = Math.max(frameBytes, 1 << 16);
            Mem.putIntNative(request, block);
            Mem.putIntNative(request + 4, frames / (block / frameBytes));
            Mem.putIntNative(request + 8, frameBytes);
            Mem.putIntNative(request + 12, frames);
            return Sockets.setsockopt(fd, SOL_PACKET, RX_RING, request, 16);
        }
    }

    /** Binds to a device; from now on its frames come, where it is a receiver. Returns 0 or {@code -errno}. */
    public int bind(final int ifindex) {
        try (Arena arena = Arena.ofConfined()) {
            final long address = arena.allocate(SOCKADDR, Integer.BYTES).address();
            Mem.putShortNative(address, AF_PACKET);
            Mem.putShortNative(address + 2, frames == 0 ? 0 : EVERYTHING);
            Mem.putIntNative(address + 4, ifindex);
            return Sockets.bind(fd, address, SOCKADDR);
        }
    }

    /**
     * Shares a bound device's frames among several sockets, each flow's to one.
     *
     * @param group that another socket returned, or -1 for a new one
     * @return the group, or {@code -errno}
     */
    public int fanOut(final int group) {
        final int wanted = group < 0 ? FANOUT_FLAG_UNIQUE_ID << 16 : group;
        final int result = set(fd, FANOUT, wanted | FANOUT_HASH << 16);
        // What the kernel tells has the group in the lower half, type and flags above.
        return result < 0 || group >= 0 ? result : SocketOptions.get(fd, SOL_PACKET, FANOUT) & 0xffff;
    }

    /** The device gives every multicast frame, and every other too where {@code promiscuous}. */
    public int listenToAll(final int ifindex, final boolean promiscuous) {
        try (Arena arena = Arena.ofConfined()) {
            final long request = arena.allocate(MREQ, Integer.BYTES).address();
            Mem.putIntNative(request, ifindex);
            Mem.putShortNative(request + 4, promiscuous ? MR_PROMISC : MR_ALLMULTI);
            return Sockets.setsockopt(fd, SOL_PACKET, ADD_MEMBERSHIP, request, MREQ);
        }
    }

    /**
     * Takes only frames that a classic BPF program says bytes of.
     *
     * @param code instructions as {@code struct sock_filter} in native order, one long each
     */
    public int filter(final long[] code) {
        try (Arena arena = Arena.ofConfined()) {
            final long instructions = arena.allocate((long) code.length * FILTER_BYTES, Long.BYTES)
                    .address();
            for (int i = 0; i < code.length; i++) {
                Mem.putLongNative(instructions + (long) i * FILTER_BYTES, code[i]);
            }
            final long program = arena.allocate(16, Long.BYTES).address();
            Mem.putShortNative(program, code.length);
            Mem.putLongNative(program + 8, instructions);
            return Sockets.setsockopt(fd, Sockets.SOL_SOCKET, Sockets.SO_ATTACH_FILTER, program, 16);
        }
    }

    public int fd() {
        return fd;
    }

    /** Frames of the ring. */
    public int frames() {
        return frames;
    }

    public int frameBytes() {
        return frameBytes;
    }

    /** Where the ring begins. */
    public long ring() {
        return ring;
    }

    /** Takes the error that the device going down left, which would wake whoever sleeps for ever. */
    public int clearError() {
        return SocketOptions.get(fd, Sockets.SOL_SOCKET, Sockets.SO_ERROR);
    }

    /** Frames that the kernel dropped for want of room since this was last asked. */
    public long dropped() {
        try (Arena arena = Arena.ofConfined()) {
            final long at = arena.allocate(16, Long.BYTES).address();
            Mem.putIntNative(at + 8, 8);
            return Sockets.getsockopt(fd, SOL_PACKET, STATISTICS, at, at + 8) < 0
                    ? 0
                    : Mem.getIntNative(at + 4) & 0xffff_ffffL;
        }
    }

    @Override
    public void close() {
        if (ring != 0) {
            Libc.munmap(ring, (long) frames * frameBytes);
        }
        Libc.close(fd);
    }

    private static int set(final int fd, final int option, final int value) {
        return SocketOptions.set(fd, SOL_PACKET, option, value);
    }

    private static void require(final String what, final int result) throws ErrnoException {
        ErrnoException.check(what, result);
    }
}
