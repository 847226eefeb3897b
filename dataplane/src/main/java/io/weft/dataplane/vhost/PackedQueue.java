package io.weft.dataplane.vhost;

import io.weft.encap.Mem;
import java.lang.invoke.VarHandle;

/**
 * A packed virtqueue (virtio 1.2, section 2.8).
 *
 * <pre>
 *   descriptors     16 bytes each: address 8, length 4, id 2, flags 2
 *   driver, device  event areas: offset and wrap counter 2, flags 2
 * </pre>
 *
 * <p>Positions are an index with the wrap counter in bit 15. As chains are completed in order, a chain's used descriptor
 * stands where the chain began. A burst's used descriptors are written from the last to the first, so that the driver
 * sees all of them at once (5.1.6.4 wants that of merged buffers).
 *
 * <p>Owned by the worker.
 */
final class PackedQueue extends Virtqueue {
    private static final int AVAIL = 1 << 7;
    private static final int USED = 1 << 15;
    private static final int EVENT_FLAGS = 2;
    private static final int ENABLE = 0;
    private static final int DISABLE = 1;
    private static final int DESC = 2;
    private static final int WRAP = 1 << 15;
    /** Offset that nobody reads but we, after a restart: a driver that starts anew has zeroed the area. */
    private static final int MARK = 0x5746;
    /** Of a chain: it has no end, and the ring is broken. */
    private static final int ENDLESS = -2;

    private static final int AHEAD = 32;
    private static final int DESCRIPTORS_A_LINE = 4;

    private final int num;
    private final long descriptors;
    private final long driver;
    private final long device;
    private final boolean eventIdx;
    private final RingJournal journal;
    private final PackedInflight inflight;
    /** Keeps the compiler from leaving out the reads of {@link #lookAhead}. */
    long ahead;

    private final int[] at = new int[CHAINS];
    private final int[] id = new int[CHAINS];
    private final int[] heldBefore = new int[CHAINS];
    /** Where the next chain is. */
    private int next;

    /** Position after the chain that is being walked, and its descriptors so far. */
    private int end;

    private int steps;
    /** Descriptors of the chains taken; a driver has no more in flight than the ring has. */
    private int held;

    PackedQueue(final RingSetup setup) {
        super(setup);
        num = setup.size();
        descriptors = setup.descriptors();
        driver = setup.driver();
        device = setup.device();
        eventIdx = setup.has(VirtioFeatures.EVENT_IDX);
        journal = setup.journal();
        inflight = setup.inflight() == 0 ? null : new PackedInflight(setup.inflight(), num);
        next = begin();
        if ((next & WRAP - 1) >= num) {
            breakRing("ring of " + num + " descriptors is to go on at descriptor " + (next & WRAP - 1));
        }
        journal.run(next);
        suppressKicks();
    }

    private int begin() {
        final boolean served = Mem.getIntNative(device) != 0;
        if (setup.resumed() && served && (journal.position() & WRAP - 1) < num) {
            return recover();
        }
        if (inflight != null && inflight.isUsed() && served) {
            return inflight.position();
        }
        return setup.base() & 0xffff;
    }

    /** Writes what the process before us had decided to write, where it did not come to it. Returns the position. */
    private int recover() {
        final int count = journal.count();
        for (int k = count - 1; k >= 0; k--) {
            final int position = journal.at(k);
            if ((position & WRAP - 1) < num && isAvailable(position)) {
                writeUsed(position, journal.id(k), journal.length(k), journal.flags(k));
            }
        }
        return count > 0 ? journal.next() & 0xffff : journal.position() & 0xffff;
    }

    @Override
    public int fill(final int max) {
        if (isBroken()) {
            return 0;
        }
        final int before = size;
        final int most = Math.min(size + max, CHAINS);
        while (size < most && held < num) {
            final long first = descriptor(next);
            // Flags with the rest of their half, once: what says that the chain is there is what is checked.
            final long rest = Mem.getLongAcquire(first + 8);
            if (!isAvailable(next, (int) (rest >>> 48))) {
                break;
            }
            final int k = size;
            at[k] = next;
            heldBefore[k] = held;
            if (takePlain(k, Mem.getLongOpaque(first), rest & 0xffffffffL, (int) (rest >>> 48))) {
                id[k] = (int) (rest >>> 32) & 0xffff;
                size = k + 1;
                next = after(next);
                held++;
                continue;
            }
            final int mark = segments;
            beginChain(k);
            final int result = walk(k);
            if (result == ENDLESS || (result == NO_ROOM && k > 0)) {
                segments = mark;
                break;
            }
            endChain(k, mark, result);
            // Only here, as the walk may end in an error of memory that is not there.
            size = k + 1;
            next = end;
            held += steps;
        }
        return size - before;
    }

    private boolean isAvailable(final int position) {
        return isAvailable(position, Mem.getShortAcquire(descriptor(position) + 14));
    }

    private static boolean isAvailable(final int position, final int flags) {
        final boolean wrap = (position & WRAP) != 0;
        return (flags & AVAIL) != 0 == wrap && (flags & USED) != 0 != wrap;
    }

    /** Walks the chain at {@link #next} to its end whatever is wrong with it, so that the position after it is known. */
    private int walk(final int k) {
        int result = OK;
        end = next;
        for (steps = 0; steps < num; ) {
            final long d = descriptor(end);
            final long address = Mem.getLongOpaque(d);
            final long rest = Mem.getLongOpaque(d + 8);
            final int flags = (int) (rest >>> 48);
            end = after(end);
            steps++;
            if (result == OK) {
                if ((flags & INDIRECT) == 0) {
                    result = addSegment(address, rest & 0xffffffffL, flags);
                } else {
                    // A list may not be both (2.8.7): a table alone is the whole of its buffer.
                    result = steps > 1 || (flags & NEXT) != 0 ? BAD_INDIRECT : walkTable(address, rest & 0xffffffffL);
                }
            }
            if ((flags & NEXT) == 0) {
                id[k] = (int) (rest >>> 32) & 0xffff;
                return result;
            }
        }
        breakRing("chain of more descriptors than the ring has: " + num);
        return ENDLESS;
    }

    private int walkTable(final long table, final long length) {
        if (!setup.has(VirtioFeatures.INDIRECT_DESC) || length == 0 || (length & 15) != 0) {
            return BAD_INDIRECT;
        }
        final long entries = length >>> 4;
        if (entries > MAX_SEGMENTS) {
            return TOO_LONG;
        }
        for (long index = 0; index < entries; index++) {
            final long d = translate(table + 16 * index, 16);
            if (d == GuestMemory.NONE) {
                return OUTSIDE;
            }
            final long address = Mem.getLongOpaque(d);
            final long rest = Mem.getLongOpaque(d + 8);
            final int flags = (int) (rest >>> 48);
            if ((flags & INDIRECT) != 0) {
                return BAD_INDIRECT;
            }
            final int result = addSegment(address, rest & 0xffffffffL, flags);
            if (result != OK) {
                return result;
            }
        }
        return OK;
    }

    private int after(final int position) {
        final int index = (position & WRAP - 1) + 1;
        return index == num ? (position & WRAP) ^ WRAP : (position & WRAP) | index;
    }

    private long descriptor(final int position) {
        return descriptors + 16L * (position & WRAP - 1);
    }

    @Override
    public void rewind(final int k) {
        if (k < size) {
            next = at[k];
            held = heldBefore[k];
            segments = firstSegment[k];
            size = k;
        } else if (size == 0) {
            segments = 0;
        }
    }

    @Override
    public void complete() {
        final int count = size;
        if (count == 0) {
            return;
        }
        for (int k = 0; k < count; k++) {
            journal.note(k, at[k], id[k], written[k], usedFlags(at[k], written[k]));
        }
        journal.commit(count, next);
        // Nothing is taken any more, should what follows fail: what is decided must not be taken again.
        size = 0;
        segments = 0;
        held = 0;
        if (inflight != null) {
            inflight.commit(next);
        }
        final DirtyLog dirty = log();
        for (int k = count - 1; k >= 0; k--) {
            writeUsed(at[k], id[k], written[k], usedFlags(at[k], written[k]));
            written[k] = 0;
            if (dirty != null && usedLog != -1) {
                dirty.mark(setup.descriptorsGuest() + 16L * (at[k] & WRAP - 1), 16);
            }
        }
        journal.written();
        if (inflight != null) {
            inflight.written();
        }
        if (count >= AHEAD) {
            lookAhead();
        }
        if (callFd >= 0 && wantsCall(at[0])) {
            signal();
        }
    }

    /** Reads what is likely there for the next burst, while the fence below waits for what was written. */
    private void lookAhead() {
        long read = 0;
        int position = next & WRAP - 1;
        for (int i = 0; i < AHEAD; i += DESCRIPTORS_A_LINE) {
            read ^= Mem.getLongNative(descriptors + 16L * position);
            position += DESCRIPTORS_A_LINE;
            position = position < num ? position : 0;
        }
        ahead = read;
    }

    private static int usedFlags(final int position, final int length) {
        return ((position & WRAP) != 0 ? AVAIL | USED : 0) | (length > 0 ? WRITE : 0);
    }

    private void writeUsed(final int position, final int buffer, final int length, final int flags) {
        Mem.putLongRelease(descriptor(position) + 8, (length & 0xffffffffL) | (long) buffer << 32 | (long) flags << 48);
    }

    private boolean wantsCall(final int old) {
        // The driver writes its event area, then looks at the descriptors: one of us sees the other (2.8.21.3.1).
        VarHandle.fullFence();
        final int flags = Mem.getShortAcquire(driver + EVENT_FLAGS);
        if (flags != DESC || !eventIdx) {
            return flags != DISABLE;
        }
        final int event = Mem.getShortAcquire(driver);
        // Distances along the ring, from the old position, over at most one round.
        final int toEvent = distance(old, event);
        return toEvent < distance(old, next);
    }

    /** Steps from one position to another, at most one round ahead, in 0 to 2 * size - 1. */
    private int distance(final int from, final int to) {
        final int lap = ((from ^ to) & WRAP) != 0 ? num : 0;
        final int steps = (to & WRAP - 1) - (from & WRAP - 1) + lap;
        return steps < 0 ? steps + 2 * num : steps;
    }

    @Override
    public boolean isEmpty() {
        return isBroken() || !isAvailable(next);
    }

    @Override
    public boolean requestKicks() {
        if (eventIdx) {
            Mem.putShortNative(device, next);
            Mem.putShortRelease(device + EVENT_FLAGS, DESC);
        } else {
            Mem.putShortRelease(device + EVENT_FLAGS, ENABLE);
        }
        markDevice();
        // The driver makes available, then looks whether we want a kick; we do it the other way round (2.8.21.3.1).
        VarHandle.fullFence();
        if (isEmpty()) {
            return true;
        }
        suppressKicks();
        return false;
    }

    @Override
    public void suppressKicks() {
        Mem.putShortRelease(device + EVENT_FLAGS, DISABLE);
        Mem.putShortNative(device, MARK);
        markDevice();
    }

    private void markDevice() {
        if (log() != null && usedLog != -1) {
            log().mark(setup.deviceGuest(), 4);
        }
    }

    @Override
    public int base() {
        return next | next << 16;
    }
}
