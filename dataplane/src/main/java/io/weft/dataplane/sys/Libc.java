package io.weft.dataplane.sys;

import io.weft.encap.Mem;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * Files, memory and the process, as the C library offers them.
 *
 * <p>Addresses are raw; results are what the function returns, or the negated {@code errno} where it fails
 * ({@link Errno}). Paths and names are C strings by address where no overload takes a {@link String}. Nothing is
 * allocated per call except where a {@link String} is taken. Usable by any thread.
 */
public final class Libc {
    public static final int O_RDONLY = 0;
    public static final int O_RDWR = 2;
    public static final int O_CREAT = 0x40;
    public static final int O_EXCL = 0x80;
    public static final int O_NONBLOCK = 0x800;
    public static final int O_CLOEXEC = 0x80000;

    public static final int PROT_READ = 1;
    public static final int PROT_WRITE = 2;
    public static final int MAP_SHARED = 1;
    public static final int MAP_PRIVATE = 2;
    public static final int MAP_ANONYMOUS = 0x20;
    public static final int MAP_NORESERVE = 0x4000;

    public static final int MADV_HUGEPAGE = 14;
    public static final int MAP_POPULATE = 0x8000;

    public static final int MFD_CLOEXEC = 1;
    public static final int MFD_ALLOW_SEALING = 2;
    public static final int F_GETFL = 3;
    public static final int F_SETFL = 4;
    public static final int F_DUPFD_CLOEXEC = 1030;
    public static final int F_ADD_SEALS = 1033;
    public static final int F_GET_SEALS = 1034;
    public static final int F_SEAL_SHRINK = 2;

    /** {@link #preadv2}: -EAGAIN instead of waiting, whatever mode the file is in. */
    public static final int RWF_NOWAIT = 8;

    public static final int LOCK_EX = 2;
    public static final int LOCK_NB = 4;
    public static final int LOCK_UN = 8;

    /** {@code st_size} within {@code struct stat}: the same on x86-64 and aarch64. */
    private static final int STAT_SIZE = 144;

    private static final int ST_SIZE = 48;

    private static final MethodHandle OPEN = Native.variadic("open", 3, 2);
    private static final MethodHandle CLOSE = Native.handle("close", 1);
    private static final MethodHandle DUP3 = Native.handle("dup3", 3);
    private static final MethodHandle READ = Native.handle("read", 3);
    private static final MethodHandle WRITE = Native.handle("write", 3);
    private static final MethodHandle READV = Native.handle("readv", 3);
    private static final MethodHandle PREADV2 = Native.handle("preadv2", 5);
    private static final MethodHandle WRITEV = Native.handle("writev", 3);
    private static final MethodHandle IOCTL = Native.variadic("ioctl", 3, 2);
    private static final MethodHandle FCNTL = Native.variadic("fcntl", 3, 2);
    private static final MethodHandle FTRUNCATE = Native.handle("ftruncate", 2);
    private static final MethodHandle FSTAT = Native.handle("fstat", 2);
    private static final MethodHandle FLOCK = Native.handle("flock", 2);
    private static final MethodHandle CHMOD = Native.handle("chmod", 2);
    private static final MethodHandle CHOWN = Native.handle("chown", 3);
    private static final MethodHandle MEMFD_CREATE = Native.handle("memfd_create", 2);
    private static final MethodHandle MMAP = Native.handle("mmap", 6);
    private static final MethodHandle MUNMAP = Native.handle("munmap", 2);
    private static final MethodHandle MSYNC = Native.handle("msync", 3);
    private static final MethodHandle MADVISE = Native.handle("madvise", 3);
    private static final MethodHandle GETPID = Native.handle("getpid", 0);
    private static final MethodHandle GETTID = Native.handle("gettid", 0);

    private Libc() {}

    public static int open(final long path, final int flags, final int mode) {
        final MemorySegment state = Native.state();
        try {
            return Native.result((long) OPEN.invokeExact(state, path, (long) flags, (long) mode), state);
        } catch (final Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }

    public static int close(final int fd) {
        final MemorySegment state = Native.state();
        try {
            return Native.result((long) CLOSE.invokeExact(state, (long) fd), state);
        } catch (final Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }

    public static int dup3(final int from, final int to, final int flags) {
        final MemorySegment state = Native.state();
        try {
            return Native.result((long) DUP3.invokeExact(state, (long) from, (long) to, (long) flags), state);
        } catch (final Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }

    public static int read(final int fd, final long address, final long length) {
        final MemorySegment state = Native.state();
        try {
            return Native.result((long) READ.invokeExact(state, (long) fd, address, length), state);
        } catch (final Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }

    public static int write(final int fd, final long address, final long length) {
        final MemorySegment state = Native.state();
        try {
            return Native.result((long) WRITE.invokeExact(state, (long) fd, address, length), state);
        } catch (final Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }

    public static int readv(final int fd, final long iovecs, final int count) {
        final MemorySegment state = Native.state();
        try {
            return Native.result((long) READV.invokeExact(state, (long) fd, iovecs, (long) count), state);
        } catch (final Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }

    /** {@code offset} -1: as {@link #readv}, but with flags. */
    public static int preadv2(final int fd, final long iovecs, final int count, final long offset, final int flags) {
        final MemorySegment state = Native.state();
        try {
            return Native.result(
                    (long) PREADV2.invokeExact(state, (long) fd, iovecs, (long) count, offset, (long) flags), state);
        } catch (final Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }

    public static int writev(final int fd, final long iovecs, final int count) {
        final MemorySegment state = Native.state();
        try {
            return Native.result((long) WRITEV.invokeExact(state, (long) fd, iovecs, (long) count), state);
        } catch (final Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }

    public static int ioctl(final int fd, final long request, final long argument) {
        final MemorySegment state = Native.state();
        try {
            return Native.result((long) IOCTL.invokeExact(state, (long) fd, request, argument), state);
        } catch (final Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }

    public static int fcntl(final int fd, final int command, final long argument) {
        final MemorySegment state = Native.state();
        try {
            return Native.result((long) FCNTL.invokeExact(state, (long) fd, (long) command, argument), state);
        } catch (final Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }

    public static int ftruncate(final int fd, final long length) {
        final MemorySegment state = Native.state();
        try {
            return Native.result((long) FTRUNCATE.invokeExact(state, (long) fd, length), state);
        } catch (final Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }

    public static int fstat(final int fd, final long stat) {
        final MemorySegment state = Native.state();
        try {
            return Native.result((long) FSTAT.invokeExact(state, (long) fd, stat), state);
        } catch (final Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }

    public static int flock(final int fd, final int operation) {
        final MemorySegment state = Native.state();
        try {
            return Native.result((long) FLOCK.invokeExact(state, (long) fd, (long) operation), state);
        } catch (final Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }

    public static int chmod(final long path, final int mode) {
        final MemorySegment state = Native.state();
        try {
            return Native.result((long) CHMOD.invokeExact(state, path, (long) mode), state);
        } catch (final Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }

    public static int chown(final long path, final int user, final int group) {
        final MemorySegment state = Native.state();
        try {
            return Native.result((long) CHOWN.invokeExact(state, path, (long) user, (long) group), state);
        } catch (final Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }

    public static int memfdCreate(final long name, final int flags) {
        final MemorySegment state = Native.state();
        try {
            return Native.result((long) MEMFD_CREATE.invokeExact(state, name, (long) flags), state);
        } catch (final Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }

    /** Returns the address, or the negated {@code errno}; addresses are never negative. */
    public static long mmap(
            final long hint,
            final long length,
            final int protection,
            final int flags,
            final int fd,
            final long offset) {
        final MemorySegment state = Native.state();
        try {
            return Native.address(
                    (long) MMAP.invokeExact(state, hint, length, (long) protection, (long) flags, (long) fd, offset),
                    state);
        } catch (final Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }

    public static int munmap(final long address, final long length) {
        final MemorySegment state = Native.state();
        try {
            return Native.result((long) MUNMAP.invokeExact(state, address, length), state);
        } catch (final Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }

    public static int msync(final long address, final long length, final int flags) {
        final MemorySegment state = Native.state();
        try {
            return Native.result((long) MSYNC.invokeExact(state, address, length, (long) flags), state);
        } catch (final Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }

    public static int madvise(final long address, final long length, final int advice) {
        final MemorySegment state = Native.state();
        try {
            return Native.result((long) MADVISE.invokeExact(state, address, length, (long) advice), state);
        } catch (final Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }

    public static int getpid() {
        final MemorySegment state = Native.state();
        try {
            return Native.result((long) GETPID.invokeExact(state), state);
        } catch (final Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }

    public static int gettid() {
        final MemorySegment state = Native.state();
        try {
            return Native.result((long) GETTID.invokeExact(state), state);
        } catch (final Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }

    public static int open(final String path, final int flags, final int mode) {
        try (Arena arena = Arena.ofConfined()) {
            return open(arena.allocateFrom(path).address(), flags, mode);
        }
    }

    /** A file in memory of {@code length} bytes that can be sealed; returns its descriptor. */
    public static int memfd(final String name, final long length) {
        try (Arena arena = Arena.ofConfined()) {
            final int fd = memfdCreate(arena.allocateFrom(name).address(), MFD_CLOEXEC | MFD_ALLOW_SEALING);
            final int truncated = fd < 0 ? fd : ftruncate(fd, length);
            if (fd >= 0 && truncated < 0) {
                close(fd);
            }
            return truncated < 0 ? truncated : fd;
        }
    }

    public static int chmod(final String path, final int mode) {
        try (Arena arena = Arena.ofConfined()) {
            return chmod(arena.allocateFrom(path).address(), mode);
        }
    }

    /** Changes owner and group; -1 leaves one as it is. */
    public static int chown(final String path, final int user, final int group) {
        try (Arena arena = Arena.ofConfined()) {
            return chown(arena.allocateFrom(path).address(), user, group);
        }
    }

    /** The file's size in bytes, or the negated {@code errno}. */
    public static long size(final int fd) {
        try (Arena arena = Arena.ofConfined()) {
            final MemorySegment stat = arena.allocate(STAT_SIZE, Long.BYTES);
            final int failed = fstat(fd, stat.address());
            return failed < 0 ? failed : Mem.getLongNative(stat.address() + ST_SIZE);
        }
    }
}
