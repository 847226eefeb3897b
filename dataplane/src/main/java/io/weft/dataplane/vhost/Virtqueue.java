package io.weft.dataplane.vhost;

import io.weft.dataplane.sys.EventFd;

/**
 * A started ring, seen from the device's side (virtio 1.2, sections 2.6 to 2.8). {@link #fill} takes chains that the
 * driver made available, in order, checked and translated; {@link #rewind} gives the last ones of them back untaken;
 * {@link #complete} returns the others to the driver, all at once, in order. Between bursts nothing is taken.
 *
 * <p>Chain {@code k} of those taken: {@link #segmentCount}[k] segments from {@link #firstSegment}[k], {@link #bytes}[k]
 * in all; before {@link #complete} its taker sets {@link #written}[k], which is 0 otherwise. {@link #fault}[k] says that
 * there is something wrong with it: it has no segments, and is to be completed as it is.
 *
 * <p>Owned by the worker that polls the queue pair; made by the thread that runs the device.
 */
public abstract class Virtqueue {
    /** Chains taken at a time. */
    public static final int CHAINS = 1024;
    /** Segments of all chains taken at a time. */
    public static final int SEGMENTS = 2048;
    /** Bytes of a chain that is no nonsense: a driver that merges nothing gives 64 KiB and a header. */
    static final long MAX_CHAIN = 1L << 24;
    /** Bytes of a chain that needs no further look. */
    private static final long MAX_PLAIN = 1L << 17;
    /** Segments of one chain; a 64 KiB frame in pages has 18. */
    static final int MAX_SEGMENTS = 512;

    // Values of {@link #fault}.
    public static final int OK = 0;
    /** A buffer or indirect table outside the guest's memory. */
    public static final int OUTSIDE = 1;
    /** Length 0, or more than {@link #MAX_CHAIN} in all. */
    public static final int BAD_LENGTH = 2;
    /** Loops, or longer than the ring or than {@link #MAX_SEGMENTS}. */
    public static final int TOO_LONG = 3;
    /** Nested indirect table, one of a size that is none, or one that was not negotiated. */
    public static final int BAD_INDIRECT = 4;
    /** To be written where it should be read, or the other way round. */
    public static final int WRONG_DIRECTION = 5;

    public final int[] firstSegment = new int[CHAINS];
    public final int[] segmentCount = new int[CHAINS];
    public final long[] bytes = new long[CHAINS];
    public final int[] fault = new int[CHAINS];
    /** Bytes that were written into the chain's buffers, from their start, without a gap. */
    public final int[] written = new int[CHAINS];
    /** Chains taken. */
    public int size;

    /** Address in this process, guest-physical address, and length. */
    public final long[] segmentAddress = new long[SEGMENTS];

    public final long[] segmentGuest = new long[SEGMENTS];
    public final int[] segmentLength = new int[SEGMENTS];
    /** Segments in use. */
    public int segments;

    /** Within this package: no room for the chain's segments beside those already taken. */
    static final int NO_ROOM = -1;

    static final int NEXT = 1;
    static final int WRITE = 2;
    static final int INDIRECT = 4;

    final RingSetup setup;
    private final GuestMemory memory;
    /** Flags that a descriptor of the right direction has of {@link #WRITE}. */
    private final int direction;
    // The region of the last descriptor: the next is most often in the same.
    private long regionGuest;
    private long regionSize;
    private long regionHost;
    private long chainBytes;
    private int chainSegments;
    private DirtyLog log;
    long usedLog = -1;
    int callFd = -1;
    private int kickFd = -1;
    private volatile boolean broken;
    private String why = "";
    private long faults;

    Virtqueue(final RingSetup setup) {
        this.setup = setup;
        memory = setup.memory();
        direction = setup.isReceive() ? WRITE : 0;
    }

    /** Opens a ring at its position. */
    public static Virtqueue open(final RingSetup setup) {
        return setup.has(VirtioFeatures.RING_PACKED) ? new PackedQueue(setup) : new SplitQueue(setup);
    }

    /** Takes chains until {@code max} are taken or no more are there; returns how many it took. */
    public abstract int fill(int max);

    /** Gives back, untaken, chain {@code k} and all after it. */
    public abstract void rewind(int k);

    /** Completes every chain taken, with {@link #written} bytes, and notifies the driver where it asked for that. */
    public abstract void complete();

    /** Whether nothing is waiting; one look into the ring. */
    public abstract boolean isEmpty();

    /** Asks the driver to kick. Returns false when something is waiting already; then it is not asked. */
    public abstract boolean requestKicks();

    /** Asks the driver not to kick. */
    public abstract void suppressKicks();

    /** Where the ring stands, as GET_VRING_BASE wants it. */
    public abstract int base();

    /** Descriptors. */
    public final int size() {
        return setup.size();
    }

    /** What was wrong with the ring, or "" while it is served. By any thread. */
    public final String broken() {
        return broken ? why : "";
    }

    public final boolean isBroken() {
        return broken;
    }

    /** Chains with a {@link #fault}. */
    public final long faults() {
        return faults;
    }

    /** What becomes readable when the driver kicks; -1: the ring has to be polled. The descriptor stays the caller's. */
    public final void kickFd(final int fd) {
        kickFd = fd;
    }

    public final int kickFd() {
        return kickFd;
    }

    /** Where to signal used buffers; -1: nowhere. The descriptor stays the caller's. */
    public final void callFd(final int fd) {
        callFd = fd;
        // Whoever served the ring before may have used buffers and not said so.
        signal();
    }

    /**
     * Marks pages from now on, or no longer.
     *
     * @param dirty null: no longer
     * @param usedLogAddress VHOST_VRING_F_LOG's guest-physical address of the used ring, or -1 without that flag
     */
    public final void log(final DirtyLog dirty, final long usedLogAddress) {
        log = dirty;
        usedLog = dirty == null ? -1 : usedLogAddress;
    }

    final void beginChain(final int k) {
        firstSegment[k] = segments;
        chainBytes = 0;
        chainSegments = 0;
    }

    /** @param mark segments before the chain */
    final void endChain(final int k, final int mark, final int result) {
        if (result == OK) {
            fault[k] = OK;
            segmentCount[k] = segments - mark;
            bytes[k] = chainBytes;
        } else {
            segments = mark;
            fault[k] = result == NO_ROOM ? TOO_LONG : result;
            segmentCount[k] = 0;
            bytes[k] = 0;
            faults++;
        }
        written[k] = 0;
    }

    /**
     * Takes the chain that most are: one descriptor, of the right direction, in the region of the one before. Returns false,
     * with nothing changed, for all others, good and bad.
     *
     * @param flags of the descriptor; {@link #NEXT}, {@link #WRITE} and {@link #INDIRECT} count
     */
    final boolean takePlain(final int k, final long guest, final long length, final int flags) {
        final long offset = guest - regionGuest;
        if ((flags & (NEXT | INDIRECT | WRITE)) != direction
                || length - 1 >= MAX_PLAIN
                || length == 0
                || Long.compareUnsigned(offset, regionSize) >= 0
                || length > regionSize - offset
                || segments == SEGMENTS) {
            return false;
        }
        final int s = segments;
        segments = s + 1;
        segmentAddress[s] = regionHost + offset;
        segmentGuest[s] = guest;
        segmentLength[s] = (int) length;
        firstSegment[k] = s;
        segmentCount[k] = 1;
        bytes[k] = length;
        fault[k] = OK;
        written[k] = 0;
        return true;
    }

    /** Adds what a descriptor describes to the chain: one segment, more where it goes on in the next region. */
    final int addSegment(final long guest, final long length, final int flags) {
        if ((flags & WRITE) != direction) {
            return WRONG_DIRECTION;
        }
        if (length == 0) {
            return BAD_LENGTH;
        }
        final long offset = guest - regionGuest;
        if (Long.compareUnsigned(offset, regionSize) < 0
                && length <= regionSize - offset
                && segments < SEGMENTS
                && chainSegments < MAX_SEGMENTS
                && length <= Integer.MAX_VALUE) {
            append(guest, regionHost + offset, (int) length);
            chainBytes += length;
            return chainBytes > MAX_CHAIN ? BAD_LENGTH : OK;
        }
        return addPieces(guest, length);
    }

    private int addPieces(final long guest, final long length) {
        if (length > MAX_CHAIN - chainBytes) {
            return BAD_LENGTH;
        }
        long at = guest;
        long left = length;
        while (left > 0) {
            final int r = memory.regionOf(at);
            if (r < 0) {
                return OUTSIDE;
            }
            if (chainSegments == MAX_SEGMENTS) {
                return TOO_LONG;
            }
            if (segments == SEGMENTS) {
                return NO_ROOM;
            }
            enter(r);
            final int piece = (int) Math.min(left, regionSize - (at - regionGuest));
            append(at, regionHost + at - regionGuest, piece);
            at += piece;
            left -= piece;
        }
        chainBytes += length;
        return OK;
    }

    private void append(final long guest, final long host, final int length) {
        final int s = segments++;
        segmentAddress[s] = host;
        segmentGuest[s] = guest;
        segmentLength[s] = length;
        chainSegments++;
    }

    private void enter(final int r) {
        regionGuest = memory.guest(r);
        regionSize = memory.size(r);
        regionHost = memory.host(r);
    }

    /** Where {@code length} bytes of guest memory lie if they lie in one region, else {@link GuestMemory#NONE}. */
    final long translate(final long guest, final long length) {
        final int r = memory.regionOf(guest);
        if (r < 0 || length > memory.size(r) - (guest - memory.guest(r))) {
            return GuestMemory.NONE;
        }
        return memory.host(r) + guest - memory.guest(r);
    }

    final void breakRing(final String reason) {
        why = reason;
        broken = true;
    }

    /** Where written pages are marked, or null: whoever writes into buffers marks them. */
    public final DirtyLog log() {
        return log;
    }

    final void signal() {
        if (callFd >= 0) {
            EventFd.signal(callFd);
        }
    }
}
