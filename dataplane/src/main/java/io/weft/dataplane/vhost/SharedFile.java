package io.weft.dataplane.vhost;

import io.weft.dataplane.sys.Errno;
import io.weft.dataplane.sys.ErrnoException;
import io.weft.dataplane.sys.FileStat;
import io.weft.dataplane.sys.Libc;

/**
 * A part of a file that the frontend shares, mapped for reading and writing. The descriptor stays open as long as the
 * mapping, so that the file's size can be asked for: a page that is cut off raises SIGBUS when it is touched.
 *
 * <p>Owned by the thread that runs the device.
 */
final class SharedFile {
    private static final long PAGE = 4096;
    private static final long MAX_BLOCK = 1L << 30;

    private final int fd;
    private final FileStat stat;
    private final long end;
    private final long address;
    private final long mapping;
    private final long mapped;
    private final boolean sealed;
    private boolean closed;

    private SharedFile(
            final int fd,
            final FileStat stat,
            final long end,
            final long address,
            final long mapping,
            final long mapped,
            final boolean sealed) {
        this.fd = fd;
        this.stat = stat;
        this.end = end;
        this.address = address;
        this.mapping = mapping;
        this.mapped = mapped;
        this.sealed = sealed;
    }

    /**
     * Maps {@code size} bytes from {@code offset}. The descriptor is the mapping's where this returns, else the caller's.
     *
     * @param what is mapped, for the refusal's text
     */
    static SharedFile map(final int fd, final long offset, final long size, final String what) throws Refusal {
        final FileStat stat = stat(fd, what);
        final long end = offset + size;
        if (size <= 0 || offset < 0 || end < 0) {
            throw Refusal.of(what + ": " + Long.toUnsignedString(size) + " bytes at offset "
                    + Long.toUnsignedString(offset) + " of a file");
        }
        if (end > stat.size()) {
            throw Refusal.of(what + ": " + size + " bytes at offset " + offset + ", but the file has " + stat.size());
        }
        // In hugetlbfs, offset and length of a mapping must be whole huge pages; elsewhere it does no harm.
        final long unit = unit(stat.block());
        final long start = offset & -unit;
        final long length = (end - start + unit - 1) & -unit;
        final int protection = Libc.PROT_READ | Libc.PROT_WRITE;
        final long at = Libc.mmap(0, length, protection, Libc.MAP_SHARED | Libc.MAP_NORESERVE, fd, start);
        if (at < 0) {
            throw Refusal.of(what + ": " + Errno.message("map " + size + " bytes", (int) at));
        }
        return new SharedFile(fd, stat, end, at + offset - start, at, length, FileStat.isSealed(fd));
    }

    private static FileStat stat(final int fd, final String what) throws Refusal {
        try {
            return FileStat.of(fd);
        } catch (final ErrnoException failed) {
            throw Refusal.of(what + ": " + failed.getMessage());
        }
    }

    private static long unit(final long block) {
        return block > PAGE && block <= MAX_BLOCK && Long.bitCount(block) == 1 ? block : PAGE;
    }

    int fd() {
        return fd;
    }

    /** Where the first byte asked for is. */
    long address() {
        return address;
    }

    long mapping() {
        return mapping;
    }

    long mapped() {
        return mapped;
    }

    long device() {
        return stat.device();
    }

    long inode() {
        return stat.inode();
    }

    /** Whether the frontend cannot cut it off. */
    boolean isSealed() {
        return sealed;
    }

    /** Whether it was cut off. */
    boolean isShort() {
        try {
            return !sealed && FileStat.of(fd).size() < end;
        } catch (final ErrnoException failed) {
            return true;
        }
    }

    /** Unmaps and closes, once. */
    void close() {
        if (!closed) {
            closed = true;
            Libc.munmap(mapping, mapped);
            Libc.close(fd);
        }
    }
}
