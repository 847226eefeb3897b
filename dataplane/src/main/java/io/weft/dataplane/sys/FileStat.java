package io.weft.dataplane.sys;

import io.weft.encap.Mem;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * What fstat(2) says of an open file. The fields read lie at the same places on x86-64 and aarch64.
 *
 * @param device of the file system
 * @param inode within it
 * @param size in bytes
 * @param block bytes of a block: of a huge page, where the file lies in hugetlbfs
 */
public record FileStat(long device, long inode, long size, long block) {
    private static final int BYTES = 144;
    private static final int DEVICE = 0;
    private static final int INODE = 8;
    private static final int SIZE = 48;
    private static final int BLOCK = 56;

    public static FileStat of(final int fd) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            final MemorySegment stat = arena.allocate(BYTES, Long.BYTES);
            ErrnoException.check("fstat", Libc.fstat(fd, stat.address()));
            final long at = stat.address();
            return new FileStat(
                    Mem.getLongNative(at + DEVICE),
                    Mem.getLongNative(at + INODE),
                    Mem.getLongNative(at + SIZE),
                    Mem.getIntNative(at + BLOCK));
        }
    }

    /** Whether the file can never become smaller (F_SEAL_SHRINK). */
    public static boolean isSealed(final int fd) {
        final int seals = Libc.fcntl(fd, Libc.F_GET_SEALS, 0);
        return seals > 0 && (seals & Libc.F_SEAL_SHRINK) != 0;
    }
}
