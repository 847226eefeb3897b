package io.weft.dataplane.vhost;

import io.weft.encap.Mem;

/**
 * The frontend's bitmap of written pages: bit {@code n} is page {@code n} of 4 KiB of guest-physical memory (vhost-user,
 * "Migration"). Bits are set atomically, as frontend and other rings set and clear them at the same time; pages beyond
 * its end are not marked.
 *
 * <p>Usable by any thread while it is mapped, which is until no {@link Virtqueue} has it.
 */
public final class DirtyLog {
    private static final int PAGE_SHIFT = 12;
    private static final int BITS_SHIFT = 6;

    private final long address;
    private final long pages;

    /**
     * @param address where the bitmap is mapped, aligned to 8 bytes
     * @param bytes of the bitmap
     */
    public DirtyLog(final long address, final long bytes) {
        this.address = address;
        pages = (bytes & -Long.BYTES) * Byte.SIZE;
    }

    /** Marks the pages of {@code length} bytes that were written. */
    public void mark(final long guest, final long length) {
        if (length <= 0) {
            return;
        }
        final long last = Math.min((guest + length - 1) >>> PAGE_SHIFT, pages - 1);
        for (long page = guest >>> PAGE_SHIFT; page <= last; page++) {
            Mem.orLong(address + (page >>> BITS_SHIFT << 3), 1L << (page & Long.SIZE - 1));
        }
    }
}
