package io.weft.dataplane;

import io.weft.encap.Mem;

/**
 * What one burst sends through one egress. Entry {@code i}: {@code prefixLength} bytes at {@code prefix}, then the frame
 * without its first {@code skip} bytes. A frame may stand in several queues and several times in one.
 *
 * <p>An egress tries every entry, in order, and sets {@link #refused} of those that it could not send.
 *
 * <p>Owned by the worker.
 */
public final class TxQueue {
    /** Entries; a flood to many peers fills and flushes it repeatedly. */
    public static final int CAPACITY = Burst.MOST;
    /** Bytes of {@link #scratch} for each entry. */
    public static final int SCRATCH = Burst.HEADROOM;

    public int size;
    /** Index in the burst. */
    public final int[] frame = new int[CAPACITY];

    public final long[] prefix = new long[CAPACITY];
    public final int[] prefixLength = new int[CAPACITY];
    public final int[] skip = new int[CAPACITY];
    /** Underlay only: id in the worker's {@link TunnelTable}. */
    public final int[] tunnel = new int[CAPACITY];
    /** Whether the frame is also sent elsewhere, so that its headroom is not this entry's to write. */
    public final boolean[] shared = new boolean[CAPACITY];
    /** In {@link #refused}: the frame was copied for another worker, which will send it. */
    public static final int HELD = -1;

    /** In {@link #refused}, of an underlay: the frame was copied and waits until its tunnel can send. */
    public static final int WAITING = -2;

    /** Set by the egress: 0 sent, {@link #HELD}, {@link #WAITING}, else the ordinal of a {@link DropReason}. */
    public final int[] refused = new int[CAPACITY];

    private final long scratch = Mem.allocate((long) CAPACITY * SCRATCH, 64);

    /** Memory for entry {@code i}'s prefix where the frame's headroom cannot be used. */
    public long scratch(final int i) {
        return scratch + (long) i * SCRATCH;
    }

    /** Adds an entry without prefix; the queue must not be full. Returns its index. */
    public int add(final int frameIndex, final int tunnelId, final boolean isShared) {
        final int i = size++;
        frame[i] = frameIndex;
        prefixLength[i] = 0;
        skip[i] = 0;
        tunnel[i] = tunnelId;
        shared[i] = isShared;
        refused[i] = 0;
        return i;
    }

    public boolean isFull() {
        return size == CAPACITY;
    }

    public void clear() {
        size = 0;
    }
}
