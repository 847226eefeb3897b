package io.weft.dataplane.port;

import io.weft.dataplane.Burst;
import io.weft.dataplane.TxQueue;
import io.weft.dataplane.sys.Region;
import io.weft.encap.Mem;

/**
 * A bounded ring of frames from one thread to one other, in memory that frames are used from where they lie: each has
 * {@link Burst#HEADROOM} writable bytes before it and its offload words beside it. A byte ring would have to be copied
 * out of to gain the headroom.
 *
 * <pre>
 *  record, aligned to 64 bytes:
 *   0  record length in bytes (negative: nothing here, go on at the ring's start)
 *   4  frame length      8  vnetFlags    12  gsoType    16  gsoSize    20  csumStart    24  csumOffset    28  refused    32  hash
 *  64  headroom
 * 192  frame
 * </pre>
 *
 * <p>The first half of the fields is owned by the producing thread, the second by the consuming one; only the two
 * positions are read across, each written by one side.
 */
public final class FrameRing implements AutoCloseable {
    private static final int ALIGNMENT = 64;
    private static final int FRAME_LENGTH = 4;
    private static final int WORDS = 8;
    private static final int REFUSED = 28;
    private static final int HASH = 32;
    private static final int FRAME = ALIGNMENT + Burst.HEADROOM;

    private final Region region;
    private final long base;
    private final int capacity;
    private final int maxFrames;
    /** Address of the producer's position; the consumer's stands 128 bytes on, each on a line of its own. */
    private final long tail;

    private final long head;

    // Owned by the producer.
    private long produced;
    private long producedFrames;
    private long consumedSeen;
    private long consumedFramesSeen;

    // Owned by the consumer.
    private long consumed;
    private long consumedFrames;
    private long producedSeen;

    /**
     * @param bytes of the ring, a power of two
     * @param maxFrames that may wait, whatever their size
     */
    public FrameRing(final int bytes, final int maxFrames) {
        if (Integer.bitCount(bytes) != 1 || bytes < 4096) {
            throw new IllegalArgumentException("ring of " + bytes + " bytes: use a power of two from 4096");
        }
        this.capacity = bytes;
        this.maxFrames = maxFrames;
        region = new Region(bytes + 4L * ALIGNMENT);
        base = region.address();
        tail = base + bytes;
        head = tail + 2 * ALIGNMENT;
    }

    /** Gives the memory back; neither side may touch it any more. */
    @Override
    public void close() {
        region.close();
    }

    /** Bytes of the largest frame that a ring of this size takes. */
    public int maxFrame() {
        return capacity / 2 - FRAME;
    }

    // The producer's side.

    /** Returns where to put a frame of that many bytes, or 0 when it has no room now. Offload words are cleared. */
    public long claim(final int bytes) {
        if (bytes < 0 || bytes > maxFrame()) {
            return 0;
        }
        final int record = (FRAME + bytes + ALIGNMENT - 1) & -ALIGNMENT;
        final int at = (int) produced & (capacity - 1);
        final int untilEnd = capacity - at;
        final int needed = record <= untilEnd ? record : untilEnd + record;
        if (!hasRoom(needed)) {
            return 0;
        }
        long address = base + at;
        if (record > untilEnd) {
            Mem.putIntNative(address, -untilEnd);
            produced += untilEnd;
            address = base;
        }
        Mem.putIntNative(address, record);
        Mem.putIntNative(address + FRAME_LENGTH, bytes);
        Mem.fill(address + WORDS, ALIGNMENT - WORDS, 0);
        return address + FRAME;
    }

    private boolean hasRoom(final int needed) {
        if (produced + needed - consumedSeen <= capacity && producedFrames - consumedFramesSeen < maxFrames) {
            return true;
        }
        consumedFramesSeen = Mem.getLongAcquire(head + 8);
        consumedSeen = Mem.getLongAcquire(head);
        return produced + needed - consumedSeen <= capacity && producedFrames - consumedFramesSeen < maxFrames;
    }

    /** Gives the frame just claimed its offload words. */
    public static void words(
            final long frame,
            final int vnetFlags,
            final int gsoType,
            final int gsoSize,
            final int csumStart,
            final int csumOffset) {
        final long words = frame - FRAME + WORDS;
        Mem.putIntNative(words, vnetFlags);
        Mem.putIntNative(words + 4, gsoType);
        Mem.putIntNative(words + 8, gsoSize);
        Mem.putIntNative(words + 12, csumStart);
        Mem.putIntNative(words + 16, csumOffset);
    }

    /** Marks the frame just claimed as refused by its source. */
    public static void refused(final long frame, final int reason) {
        Mem.putIntNative(frame - FRAME + REFUSED, reason);
    }

    /** Counts the frame just claimed in; it is not seen before {@link #publish}. */
    public void commit() {
        produced += Mem.getIntNative(base + ((int) produced & (capacity - 1)));
        producedFrames++;
    }

    public void publish() {
        Mem.putLongRelease(tail, produced);
    }

    /**
     * Claims, copies and commits entry {@code i}: prefix, head without what is skipped, body; with the frame's offload
     * words, {@code csumStart} moved by what was added and taken away.
     *
     * @return false when there is no room
     */
    public boolean offer(final Burst burst, final TxQueue tx, final int i) {
        final int frame = tx.frame[i];
        final int skip = tx.skip[i];
        final int prefix = tx.prefixLength[i];
        final long to = claim(prefix + burst.length[frame] - skip);
        if (to == 0) {
            return false;
        }
        if (prefix != 0) {
            Mem.copy(tx.prefix[i], to, prefix);
        }
        final int headBytes = burst.headLength[frame] - skip;
        Mem.copy(burst.head[frame] + skip, to + prefix, headBytes);
        long at = to + prefix + headBytes;
        final int first = burst.firstSegment[frame];
        for (int s = first; s < first + burst.segmentCount[frame]; s++) {
            Mem.copy(burst.segmentAddress[s], at, burst.segmentLength[s]);
            at += burst.segmentLength[s];
        }
        if ((burst.vnetFlags[frame] | burst.gsoType[frame]) != 0) {
            words(
                    to,
                    burst.vnetFlags[frame],
                    burst.gsoType[frame],
                    burst.gsoSize[frame],
                    burst.csumStart[frame] + prefix - skip,
                    burst.csumOffset[frame]);
        }
        Mem.putIntNative(to - FRAME + HASH, burst.hash[frame]);
        commit();
        return true;
    }

    // The consumer's side.

    /** Returns the next frame's address, or 0 when none waits. It stays valid until {@link #release}. */
    public long next() {
        while (consumed != producedSeen || consumed != (producedSeen = Mem.getLongAcquire(tail))) {
            final long address = base + ((int) consumed & (capacity - 1));
            final int record = Mem.getIntNative(address);
            if (record > 0) {
                consumed += record;
                consumedFrames++;
                return address + FRAME;
            }
            consumed -= record;
        }
        return 0;
    }

    public static int length(final long frame) {
        return Mem.getIntNative(frame - FRAME + FRAME_LENGTH);
    }

    /** Adds what waits to the burst, as far as it has room. Returns how many frames. */
    public int fill(final Burst burst) {
        int frames = 0;
        while (burst.size < Burst.CAPACITY) {
            final long frame = next();
            if (frame == 0) {
                break;
            }
            final int i = burst.size;
            burst.add(frame, length(frame));
            final long words = frame - FRAME + WORDS;
            burst.vnetFlags[i] = Mem.getIntNative(words);
            burst.gsoType[i] = Mem.getIntNative(words + 4);
            burst.gsoSize[i] = Mem.getIntNative(words + 8);
            burst.csumStart[i] = Mem.getIntNative(words + 12);
            burst.csumOffset[i] = Mem.getIntNative(words + 16);
            burst.refused[i] = Mem.getIntNative(frame - FRAME + REFUSED);
            burst.hash[i] = Mem.getIntNative(frame - FRAME + HASH);
            frames++;
        }
        return frames;
    }

    /** Copies the offload words of a frame: flags, type, size, start, offset. */
    public static void words(final long frame, final int[] into) {
        for (int i = 0; i < 5; i++) {
            into[i] = Mem.getIntNative(frame - FRAME + WORDS + 4L * i);
        }
    }

    /** Gives everything back that {@link #next} returned. */
    public void release() {
        Mem.putLongRelease(head, consumed);
        Mem.putLongRelease(head + 8, consumedFrames);
    }

    /** Says whether nothing waits; by the consumer. */
    public boolean isEmpty() {
        return consumed == Mem.getLongAcquire(tail);
    }
}
