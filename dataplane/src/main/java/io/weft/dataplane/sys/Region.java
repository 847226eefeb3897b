package io.weft.dataplane.sys;

/**
 * Zeroed memory of this process that is given back when closed. Pages that were never written take no room, so it may be
 * as large as the worst case. Owned by whoever closes it.
 */
public final class Region implements AutoCloseable {
    private final long address;
    private final long size;

    /** {@code size} bytes from a page's start. */
    public Region(final long size) {
        this.size = size;
        address = Libc.mmap(
                0,
                size,
                Libc.PROT_READ | Libc.PROT_WRITE,
                Libc.MAP_PRIVATE | Libc.MAP_ANONYMOUS | Libc.MAP_NORESERVE,
                -1,
                0);
        if (address < 0) {
            throw new OutOfMemoryError(Errno.message("map " + size + " bytes", (int) address));
        }
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
