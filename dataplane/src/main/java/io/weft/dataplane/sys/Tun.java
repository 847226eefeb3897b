package io.weft.dataplane.sys;

import io.weft.encap.Mem;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A TAP device: one descriptor a queue, each frame preceded by a 12-byte virtio-net header in native byte order.
 *
 * <p>A device that was not there lives as long as the descriptors, so a killed process leaves nothing behind; a persistent
 * one is attached to and stays. Owned by the thread that opens it; each descriptor may be used by one other thread.
 */
public final class Tun implements AutoCloseable {
    /** Bytes of the virtio-net header before each frame. */
    public static final int VNET_HEADER = 12;

    /** Bits of {@link #setOffload}: partial checksums, and TCP and UDP frames to be segmented. */
    public static final int TUN_F_CSUM = 1;

    public static final int TUN_F_TSO4 = 2;
    public static final int TUN_F_TSO6 = 4;
    public static final int TUN_F_TSO_ECN = 8;
    public static final int TUN_F_USO4 = 0x20;
    public static final int TUN_F_USO6 = 0x40;

    private static final String CLONE = "/dev/net/tun";
    private static final int NAME_MAX = 15;
    private static final int TUNSETIFF = 0x400454ca;
    private static final int TUNSETOFFLOAD = 0x400454d0;
    private static final int TUNSETVNETHDRSZ = 0x400454d8;
    private static final int TUNGETIFF = 0x800454d2;
    private static final int IFF_TAP = 0x0002;
    private static final int IFF_MULTI_QUEUE = 0x0100;
    private static final int IFF_PERSIST = 0x0800;
    private static final int IFF_NO_PI = 0x1000;
    private static final int IFF_VNET_HDR = 0x4000;

    private final String name;
    private final int[] fds;
    private final Interface device;

    private Tun(final String name, final int[] fds, final Interface device) {
        this.name = name;
        this.fds = fds;
        this.device = device;
    }

    /** Makes or attaches to the device, with {@code queues} queues; the device is not brought up yet. */
    public static Tun open(final String name, final int queues) throws ErrnoException {
        if (name.isEmpty() || name.length() > NAME_MAX || name.indexOf('/') >= 0 || name.indexOf('%') >= 0) {
            throw new ErrnoException(
                    "tap " + name + ": not a device name: 1 to 15 characters without / and %", Errno.EINVAL);
        }
        final int[] fds = new int[queues];
        int open = 0;
        final boolean wasThere = NetDevices.index(name) != 0;
        try {
            while (open < queues) {
                fds[open] = openQueue(name, queues);
                open++;
                if (wasThere && !isPersistent(fds[0])) {
                    // It would be one queue more of somebody's, and each would get a part of the frames.
                    throw new ErrnoException(
                            "tap " + name + ": another program holds it: stop that program, or choose another name",
                            Errno.EBUSY);
                }
            }
            return new Tun(name, fds, new Interface(name));
        } catch (final ErrnoException failed) {
            for (int i = 0; i < open; i++) {
                Libc.close(fds[i]);
            }
            throw failed;
        }
    }

    public String name() {
        return name;
    }

    public int queues() {
        return fds.length;
    }

    /** The descriptor of a queue, non-blocking. */
    public int fd(final int queue) {
        return fds[queue];
    }

    /** MTU, address and state. */
    public Interface device() {
        return device;
    }

    /** Says which of {@code TUN_F_*} frames that the kernel hands over may ask for; returns 0 or {@code -errno}. */
    public int setOffload(final int flags) {
        return Libc.ioctl(fds[0], TUNSETOFFLOAD, flags);
    }

    /**
     * Puts something that is never ready in place of a queue whose device was deleted: its own descriptor would be ready
     * for ever, and wake who waits for it. Reads and writes fail from then on.
     */
    public static void silence(final int fd) {
        final int quiet = Events.epollCreate(Events.EPOLL_CLOEXEC);
        if (quiet >= 0) {
            Libc.dup3(quiet, fd, Libc.O_CLOEXEC);
            Libc.close(quiet);
        }
    }

    @Override
    public void close() {
        for (final int fd : fds) {
            Libc.close(fd);
        }
        device.close();
    }

    private static int openQueue(final String name, final int queues) throws ErrnoException {
        final int fd = Libc.open(CLONE, Libc.O_RDWR | Libc.O_NONBLOCK | Libc.O_CLOEXEC, 0);
        if (fd < 0) {
            throw openFailed(name, fd);
        }
        int result = attach(fd, name, IFF_MULTI_QUEUE);
        if (result == -Errno.EINVAL && queues == 1) {
            // A persistent device that was made without queues refuses to be given some.
            result = attach(fd, name, 0);
        }
        if (result >= 0) {
            result = headerSize(fd);
        }
        if (result < 0) {
            Libc.close(fd);
            throw attachFailed(name, result);
        }
        return fd;
    }

    private static int attach(final int fd, final String name, final int flags) {
        try (Arena arena = Arena.ofConfined()) {
            final long request = Interface.request(arena, name);
            Mem.putShortNative(request + Interface.UNION, IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | flags);
            return Libc.ioctl(fd, TUNSETIFF, request);
        }
    }

    private static boolean isPersistent(final int fd) {
        try (Arena arena = Arena.ofConfined()) {
            final long request = Interface.request(arena, "");
            return Libc.ioctl(fd, TUNGETIFF, request) >= 0
                    && (Mem.getShortNative(request + Interface.UNION) & IFF_PERSIST) != 0;
        }
    }

    private static int headerSize(final int fd) {
        try (Arena arena = Arena.ofConfined()) {
            final long size = arena.allocate(Integer.BYTES, Integer.BYTES).address();
            Mem.putIntNative(size, VNET_HEADER);
            return Libc.ioctl(fd, TUNSETVNETHDRSZ, size);
        }
    }

    private static ErrnoException openFailed(final String name, final int errno) {
        final String why =
                switch (-errno) {
                    case Errno.ENOENT, Errno.ENODEV ->
                        CLONE + " is missing: load the driver (`modprobe tun`), or give the container the device";
                    case Errno.EACCES, Errno.EPERM ->
                        CLONE + " cannot be opened: run as root or give the user access to it";
                    default -> Errno.message("open " + CLONE, errno);
                };
        return new ErrnoException("tap " + name + ": " + why, errno);
    }

    private static ErrnoException attachFailed(final String name, final int errno) {
        final boolean exists = Files.exists(Path.of("/sys/class/net", name));
        final boolean tap = Files.exists(Path.of("/sys/class/net", name, "tun_flags"));
        final String why =
                switch (-errno) {
                    case Errno.EPERM, Errno.EACCES ->
                        exists
                                ? "not permitted to attach to it: run as its owner or root, or give CAP_NET_ADMIN"
                                : "not permitted to create it: run as root or give the process CAP_NET_ADMIN";
                    case Errno.EBUSY -> "in use by another program: stop that one or choose another name";
                    case Errno.EINVAL ->
                        exists && !tap
                                ? "a device of this name is there and is not a TAP: choose another name"
                                : "the device that is there does not fit: it must be a TAP with queues (`ip tuntap add "
                                        + name + " mode tap multi_queue`)";
                    default -> Errno.message("TUNSETIFF", errno);
                };
        return new ErrnoException("tap " + name + ": " + why, errno);
    }
}
