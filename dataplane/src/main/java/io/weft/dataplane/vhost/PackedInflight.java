package io.weft.dataplane.vhost;

import io.weft.encap.Mem;

/**
 * A packed ring's part of the inflight region (vhost-user, "Inflight I/O tracking"). As chains are completed in order and
 * none is left between bursts, only the position is kept: the region never holds a descriptor in flight.
 *
 * <pre>
 *   0 features 8    8 version 2   10 desc_num 2   12 free_head 2   14 old_free_head 2
 *  16 used_idx 2   18 old_used_idx 2   20 used_wrap_counter 1   21 old_used_wrap_counter 1   22 padding
 *  32 for each descriptor 32 bytes
 * </pre>
 *
 * <p>Owned by the worker.
 */
final class PackedInflight {
    private static final int VERSION = 8;
    private static final int DESC_NUM = 10;
    private static final int USED_IDX = 16;
    private static final int OLD_USED_IDX = 18;
    private static final int USED_WRAP = 20;
    private static final int OLD_USED_WRAP = 21;
    private static final int HEADER = 32;
    private static final int WRAP = 1 << 15;

    private final long address;
    private final boolean used;

    PackedInflight(final long address, final int num) {
        this.address = address;
        used = Mem.getShortNative(address + VERSION) == 1 && Mem.getShortNative(address + DESC_NUM) == num;
        if (!used) {
            Mem.putShortNative(address + VERSION, 1);
            Mem.putShortNative(address + DESC_NUM, num);
        }
    }

    static long bytes(final int num) {
        return HEADER + 32L * num;
    }

    /** Whether a process before us left a position. */
    boolean isUsed() {
        return used;
    }

    int position() {
        return Mem.getShortNative(address + OLD_USED_IDX) | (Mem.getByte(address + OLD_USED_WRAP) != 0 ? WRAP : 0);
    }

    void commit(final int next) {
        Mem.putShortNative(address + USED_IDX, next & WRAP - 1);
        Mem.putByte(address + USED_WRAP, next >>> 15 & 1);
    }

    void written() {
        Mem.putShortNative(address + OLD_USED_IDX, Mem.getShortNative(address + USED_IDX));
        Mem.putByte(address + OLD_USED_WRAP, Mem.getByte(address + USED_WRAP));
    }
}
