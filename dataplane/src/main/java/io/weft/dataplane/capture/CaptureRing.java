package io.weft.dataplane.capture;

import io.weft.dataplane.sys.Region;
import io.weft.encap.Mem;

/**
 * A bounded ring of captured frames from one worker to one reader. The worker claims records, fills them in and
 * publishes all of a burst at once, so that what becomes of a frame can still be written to the record that was made
 * when it came. What does not fit is counted; nobody waits.
 *
 * <pre>
 *  record, aligned to 8 bytes, native byte order:
 *   0  record length (negative: nothing here, go on at the ring's start)
 *   4  direction: {@link #IN}, {@link #OUT}; {@link #SKIP}: not wanted after all
 *   8  time: the worker's clock, nanoseconds
 *  16  bytes captured   20  bytes of the frame
 *  24  network id       28  drop reason's ordinal, 0: not dropped
 *  32  shape: {@link #ETHERNET}, {@link #TUNNEL_HEADER}, {@link #INNER}
 *  36  encapsulation    40  UDP port    44  VNI    48  outer ECN    52  flow's hash
 *  56  family, 64 and 72  high and low part of the other end's address
 *  80  vnetFlags   84  gsoType   88  gsoSize   92  csumStart   96  csumOffset
 * 104  the bytes
 * </pre>
 *
 * <p>{@link #claim} and {@link #publish} are the worker's; {@link #next} and {@link #release} the reader's; positions are
 * read across, each written by one side.
 */
public final class CaptureRing implements AutoCloseable {
    public static final int IN = 1;
    public static final int OUT = 2;
    /** With a direction: frames that were dropped. */
    public static final int DROP = 4;

    public static final int SKIP = 0;

    /** The bytes begin at an Ethernet header that was on the wire. */
    public static final int ETHERNET = 0;
    /** The bytes begin at a received tunnel header; the kernel took off what stood before. */
    public static final int TUNNEL_HEADER = 1;
    /** The bytes are a frame that goes into a tunnel; the kernel, or nobody, puts the outer headers on. */
    public static final int INNER = 2;

    public static final int DIRECTION = 4;
    public static final int NANOS = 8;
    public static final int CAPTURED = 16;
    public static final int LENGTH = 20;
    public static final int NETWORK = 24;
    public static final int REASON = 28;
    public static final int SHAPE = 32;
    public static final int ENCAPSULATION = 36;
    public static final int UDP_PORT = 40;
    public static final int VNI = 44;
    public static final int ECN = 48;
    public static final int HASH = 52;
    public static final int FAMILY = 56;
    public static final int HIGH = 64;
    public static final int LOW = 72;
    public static final int VNET_FLAGS = 80;
    public static final int GSO_TYPE = 84;
    public static final int GSO_SIZE = 88;
    public static final int CSUM_START = 92;
    public static final int CSUM_OFFSET = 96;
    public static final int BYTES = 104;

    private static final int LINE = 64;
    private static final int ALIGNMENT = 8;

    private final Region region;
    private final long base;
    private final int capacity;
    /** Addresses of the positions and of the count, each on a line of its own. */
    private final long tail;

    private final long lost;
    private final long head;

    // Owned by the worker.
    private long produced;
    private long published;
    private long consumedSeen;
    private long lostFrames;

    // Owned by the reader.
    private long consumed;
    private long producedSeen;

    /** @param bytes of the ring, a power of two from 4096 */
    public CaptureRing(final int bytes) {
        if (Integer.bitCount(bytes) != 1 || bytes < 4096) {
            throw new IllegalArgumentException("ring of " + bytes + " bytes: use a power of two from 4096");
        }
        capacity = bytes;
        region = new Region(bytes + 6L * LINE);
        base = region.address();
        tail = base + bytes;
        lost = tail + LINE;
        head = tail + 4L * LINE;
    }

    // The worker's side.

    /**
     * Returns the address of a record with room for that many bytes, or 0 when there is none now. The record is seen after
     * {@link #publish} and is not cleared.
     */
    public long claim(final int bytes) {
        final int record = (BYTES + bytes + ALIGNMENT - 1) & -ALIGNMENT;
        final int at = (int) produced & (capacity - 1);
        final int untilEnd = capacity - at;
        final int needed = record <= untilEnd ? record : untilEnd + record;
        if (bytes < 0 || needed > capacity || !hasRoom(needed)) {
            return 0;
        }
        long address = base + at;
        if (record > untilEnd) {
            Mem.putIntNative(address, -untilEnd);
            produced += untilEnd;
            address = base;
        }
        Mem.putIntNative(address, record);
        produced += record;
        return address;
    }

    private boolean hasRoom(final int needed) {
        if (produced + needed - consumedSeen <= capacity) {
            return true;
        }
        consumedSeen = Mem.getLongAcquire(head);
        return produced + needed - consumedSeen <= capacity;
    }

    /** Counts a wanted frame for which there was no record. */
    public void lose() {
        lostFrames++;
    }

    /** Takes back all that was claimed since the last {@link #publish}. */
    public void takeBack() {
        produced = published;
    }

    /** Shows the reader what was claimed, and how many frames were lost. */
    public void publish() {
        published = produced;
        Mem.putLongRelease(tail, produced);
        Mem.putLongRelease(lost, lostFrames);
    }

    // The reader's side.

    /** Returns the address of the oldest record, or 0 when none waits; the same until {@link #release}. */
    public long next() {
        while (consumed != producedSeen || consumed != (producedSeen = Mem.getLongAcquire(tail))) {
            final long address = base + ((int) consumed & (capacity - 1));
            final int record = Mem.getIntNative(address);
            if (record > 0 && Mem.getIntNative(address + DIRECTION) != SKIP) {
                return address;
            }
            consumed += Math.abs(record);
            Mem.putLongRelease(head, consumed);
        }
        return 0;
    }

    /** Gives the record back that {@link #next} returned. */
    public void release() {
        consumed += Mem.getIntNative(base + ((int) consumed & (capacity - 1)));
        Mem.putLongRelease(head, consumed);
    }

    /** Frames that did not fit; by any thread. */
    public long lost() {
        return Mem.getLongAcquire(lost);
    }

    /** Gives the memory back; neither side may touch it any more. */
    @Override
    public void close() {
        region.close();
    }
}
