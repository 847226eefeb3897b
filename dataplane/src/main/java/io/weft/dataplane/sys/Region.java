package io.weft.dataplane.sys;

/**
 * Zeroed memory of this process that is given back when closed. Pages that were never written take no room, so it may be
 * as large as the worst case. Owned by whoever closes it.
 */
public final class Region implements AutoCloseable {
    private static final long HUGE_PAGE = 1L << 21;

    private final long address;
    private final long size;

    /** {@code size} bytes from a page's start. */
    public Region(final long size) {
        this.size = size;
        address = map(size);
    }

    private Region(final long address, final long size) {
        this.address = address;
        this.size = size;
    }

    /**
     * As the constructor, in huge pages where the kernel has them: for tables that are read here and there, where each read
     * would else miss the TLB as well as the cache. What is written first in a huge page takes all of it.
     */
    public static Region inHugePages(final long size) {
        if (size < HUGE_PAGE) {
            return new Region(size);
        }
        final long whole = size + HUGE_PAGE - 1 & -HUGE_PAGE;
        final long raw = map(whole + HUGE_PAGE);
        final long start = raw + HUGE_PAGE - 1 & -HUGE_PAGE;
        if (start > raw) {
            Libc.munmap(raw, start - raw);
        }
        if (start < raw + HUGE_PAGE) {
            Libc.munmap(start + whole, raw + HUGE_PAGE - start);
        }
        // Refused where the kernel was built without: then the pages are small, and all else is the same.
        Libc.madvise(start, whole, Libc.MADV_HUGEPAGE);
        return new Region(start, whole);
    }

    private static long map(final long bytes) {
        final long address = Libc.mmap(
                0,
                bytes,
                Libc.PROT_READ | Libc.PROT_WRITE,
                Libc.MAP_PRIVATE | Libc.MAP_ANONYMOUS | Libc.MAP_NORESERVE,
                -1,
                0);
        if (address < 0) {
            throw new OutOfMemoryError(Errno.message("map " + bytes + " bytes", (int) address));
        }
        return address;
    }

    public long address() {
        return address;
    }

    public long size() {
        return size;
    }

    @Override
    public void close() {
        Libc.munmap(address, size);
    }
}
