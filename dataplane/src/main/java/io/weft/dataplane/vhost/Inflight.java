package io.weft.dataplane.vhost;

import io.weft.dataplane.sys.Errno;
import io.weft.dataplane.sys.Libc;

/**
 * The region in which chains in flight are noted, kept by the frontend for whichever process serves the rings next
 * (vhost-user, "Inflight I/O tracking"). A part for each ring, one after the other.
 *
 * <p>Owned by the thread that runs the device; a ring's part is the ring's while it is started.
 *
 * @param rings parts
 * @param size descriptors that each has room for
 * @param stride bytes of a part
 */
record Inflight(SharedFile file, int rings, int size, long stride) {
    private static final long ALIGNMENT = 64;

    /** Bytes of a ring's part. */
    static long stride(final int size, final boolean packed) {
        final long bytes = packed ? PackedInflight.bytes(size) : SplitInflight.bytes(size);
        return (bytes + ALIGNMENT - 1) & -ALIGNMENT;
    }

    /** A new region, of zeros as nothing is in flight. Returns its descriptor. */
    static int create(final int rings, final int size, final boolean packed) throws Refusal {
        final int fd = Libc.memfd("weft-inflight", rings * stride(size, packed));
        if (fd < 0) {
            throw Refusal.of(Errno.message("inflight region", fd));
        }
        Libc.fcntl(fd, Libc.F_ADD_SEALS, Libc.F_SEAL_SHRINK);
        return fd;
    }

    /** The descriptor is the region's where this returns, else the caller's. */
    static Inflight map(
            final int fd, final long bytes, final long offset, final int rings, final int size, final boolean packed)
            throws Refusal {
        final long stride = stride(size, packed);
        if (bytes < rings * stride || (offset & (Long.BYTES - 1)) != 0) {
            throw Refusal.of("inflight region of " + Long.toUnsignedString(bytes) + " bytes at offset "
                    + Long.toUnsignedString(offset) + " for " + rings + " rings of " + size + " descriptors");
        }
        return new Inflight(SharedFile.map(fd, offset, bytes, "inflight region"), rings, size, stride);
    }

    /** Where a ring's part is, or 0. */
    long part(final int ring, final int descriptors) {
        return ring < rings && descriptors <= size ? file.address() + ring * stride : 0;
    }
}
