package io.weft.dataplane.vhost;

import io.weft.encap.Mem;
import java.util.Arrays;
import java.util.Comparator;

/**
 * A split ring's part of the inflight region (vhost-user, "Inflight I/O tracking"): which heads were taken and not
 * completed, kept by the frontend for whichever process serves the ring next.
 *
 * <pre>
 *   0 features 8    8 version 2   10 desc_num 2   12 last_batch_head 2   14 used_idx 2
 *  16 for each descriptor: inflight 1, padding 5, next 2, counter 8
 * </pre>
 *
 * <p>Owned by the worker.
 */
final class SplitInflight {
    private static final int VERSION = 8;
    private static final int DESC_NUM = 10;
    private static final int LAST_BATCH_HEAD = 12;
    private static final int USED_IDX = 14;
    private static final int ENTRIES = 16;
    private static final int NEXT = 6;
    private static final int COUNTER = 8;

    private final long address;
    private final int num;
    /** Used index from which on heads are taken from {@link #resubmit}. */
    private final int start;

    private final int[] resubmit;
    private long counter;

    SplitInflight(final long address, final int num, final int used) {
        this.address = address;
        this.num = num;
        start = used;
        if (Mem.getShortNative(address + DESC_NUM) != num || Mem.getShortNative(address + VERSION) != 1) {
            Mem.putShortNative(address + VERSION, 1);
            Mem.putShortNative(address + DESC_NUM, num);
            Mem.putShortNative(address + USED_IDX, used);
        }
        finishBatch(used);
        resubmit = taken();
    }

    static long bytes(final int num) {
        return ENTRIES + 16L * num;
    }

    /** A batch that is in the used ring but still marked: its marks go. */
    private void finishBatch(final int used) {
        int unfinished = used - Mem.getShortNative(address + USED_IDX) & 0xffff;
        int head = Mem.getShortNative(address + LAST_BATCH_HEAD);
        while (unfinished-- > 0 && head < num) {
            Mem.putByte(entry(head), 0);
            head = Mem.getShortNative(entry(head) + NEXT);
        }
        Mem.putShortNative(address + USED_IDX, used);
    }

    private int[] taken() {
        Integer[] heads = new Integer[num];
        int count = 0;
        for (int head = 0; head < num; head++) {
            if (Mem.getByte(entry(head)) != 0) {
                heads[count++] = head;
                counter = Math.max(counter, Mem.getLongNative(entry(head) + COUNTER));
            }
        }
        heads = Arrays.copyOf(heads, count);
        Arrays.sort(heads, Comparator.comparingLong(head -> Mem.getLongNative(entry(head) + COUNTER)));
        return Arrays.stream(heads).mapToInt(Integer::intValue).toArray();
    }

    /** Whether the chain at an available index is one to be taken again: its head, or -1. */
    int resubmitted(final int index) {
        final int n = index - start & 0xffff;
        return n < resubmit.length && !done ? resubmit[n] : -1;
    }

    private boolean done;

    /** Whether chains to be taken again are left. */
    boolean isAhead(final int next, final int used) {
        return waiting(next, used) > 0;
    }

    int waiting(final int next, final int used) {
        return done ? 0 : Math.max(0, resubmit.length - (next - start & 0xffff));
    }

    void take(final int head) {
        if (Mem.getByte(entry(head)) == 0) {
            Mem.putLongNative(entry(head) + COUNTER, ++counter);
            Mem.putByte(entry(head), 1);
        }
        // Else it is taken again, and keeps its place among those that still have to be.
    }

    void giveBack(final int head) {
        Mem.putByte(entry(head), 0);
    }

    /** Before the used index moves: which heads it will cover. */
    void batch(final int[] heads, final int count) {
        for (int k = 0; k < count; k++) {
            Mem.putShortNative(entry(heads[k]) + NEXT, Mem.getShortNative(address + LAST_BATCH_HEAD));
            Mem.putShortNative(address + LAST_BATCH_HEAD, heads[k]);
        }
    }

    /** After the used index moved. */
    void completed(final int[] heads, final int count, final int used) {
        for (int k = 0; k < count; k++) {
            Mem.putByte(entry(heads[k]), 0);
        }
        Mem.putShortRelease(address + USED_IDX, used);
        done |= (used - start & 0xffff) >= resubmit.length;
    }

    private long entry(final int head) {
        return address + ENTRIES + 16L * head;
    }
}
