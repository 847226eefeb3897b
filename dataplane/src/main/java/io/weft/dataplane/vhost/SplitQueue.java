package io.weft.dataplane.vhost;

import io.weft.encap.Mem;
import java.lang.invoke.VarHandle;

/**
 * A split virtqueue (virtio 1.2, section 2.7).
 *
 * <pre>
 *   descriptors  16 bytes each: address 8, length 4, flags 2, next 2
 *   driver       flags 2, index 2, heads 2 each, used_event 2
 *   device       flags 2, index 2, elements 8 each (id 4, length 4), avail_event 2
 * </pre>
 *
 * <p>It stands where used->idx says, in guest memory: what a process that was killed had taken and not completed is
 * taken again, and nothing else.
 *
 * <p>Owned by the worker.
 */
final class SplitQueue extends Virtqueue {
    private static final int NO_INTERRUPT = 1;
    private static final int NO_NOTIFY = 1;
    private static final int INDEX = 2;
    private static final int ENTRIES = 4;
    private static final int AHEAD = 32;
    private static final int DESCRIPTORS_A_LINE = 4;

    private final int num;
    private final int mask;
    private final long descriptors;
    private final long driver;
    private final long device;
    private final long usedEvent;
    private final long availEvent;
    private final boolean eventIdx;
    private final int[] heads = new int[CHAINS];
    /** First descriptors of the chains that are being taken. */
    private final long[] address = new long[CHAINS];

    private final long[] rest = new long[CHAINS];
    private final SplitInflight inflight;

    /** Available index of the next chain to take, and of the first that is not there as far as was seen. */
    private int next;

    private int seen;
    private int used;
    /** Keeps the compiler from leaving out the reads of {@link #lookAhead}. */
    long ahead;

    SplitQueue(final RingSetup setup) {
        super(setup);
        num = setup.size();
        mask = num - 1;
        descriptors = setup.descriptors();
        driver = setup.driver();
        device = setup.device();
        usedEvent = driver + ENTRIES + 2L * num;
        availEvent = device + ENTRIES + 8L * num;
        eventIdx = setup.has(VirtioFeatures.EVENT_IDX);
        used = Mem.getShortAcquire(device + INDEX);
        next = used;
        seen = used;
        inflight = setup.inflight() == 0 ? null : new SplitInflight(setup.inflight(), num, used);
        suppressKicks();
    }

    @Override
    public int fill(final int max) {
        final int most = Math.min(max, CHAINS - size);
        int waiting = seen - next & 0xffff;
        if (waiting < most) {
            seen = Mem.getShortAcquire(driver + INDEX);
            waiting = seen - next & 0xffff;
            if (waiting > num) {
                if (inflight != null && inflight.isAhead(next, used)) {
                    // Chains of a predecessor that took them out of order come first.
                    waiting = inflight.waiting(next, used);
                } else {
                    seen = next;
                    breakRing("available index jumped from " + next + " by " + waiting + ", the ring has " + num);
                }
            }
        }
        return isBroken() ? 0 : take(Math.min(most, waiting));
    }

    /** In loops, so that what one chain waits for from memory overlaps with the others': heads, descriptors, checks. */
    private int take(final int most) {
        final int before = size;
        int there = 0;
        while (there < most) {
            final int head = headAt(next + there & 0xffff);
            if (head >= num) {
                breakRing("available ring names descriptor " + head + " of " + num);
                break;
            }
            heads[before + there] = head;
            there++;
        }
        // Each word once: what is checked is what is used, whatever the driver writes meanwhile.
        for (int i = 0; i < there; i++) {
            final long at = descriptors + 16L * heads[before + i];
            address[i] = Mem.getLongOpaque(at);
            rest[i] = Mem.getLongOpaque(at + 8);
        }
        for (int i = 0; i < there; i++) {
            if (!takePlain(before + i, address[i], rest[i] & 0xffffffffL, (int) (rest[i] >>> 32))
                    && !takeChain(before + i, address[i], rest[i])) {
                break;
            }
            if (inflight != null) {
                inflight.take(heads[before + i]);
            }
            size = before + i + 1;
            next = next + 1 & 0xffff;
        }
        return size - before;
    }

    /** Returns false where the chain has to wait, as there is no room for it. */
    private boolean takeChain(final int k, final long firstAddress, final long firstRest) {
        final int mark = segments;
        beginChain(k);
        final int result = walk(firstAddress, firstRest);
        if (result == NO_ROOM && k > 0) {
            segments = mark;
            return false;
        }
        endChain(k, mark, result);
        return true;
    }

    private int headAt(final int index) {
        final int resubmitted = inflight == null ? -1 : inflight.resubmitted(index);
        return resubmitted >= 0 ? resubmitted : Mem.getShortAcquire(driver + ENTRIES + 2L * (index & mask));
    }

    private int walk(final long firstAddress, final long firstRest) {
        long guest = firstAddress;
        long words = firstRest;
        int flags = (int) (words >>> 32) & 0xffff;
        for (int steps = 0; steps < num; steps++) {
            if ((flags & INDIRECT) != 0) {
                // The last of a chain may refer to a table; one that goes on after it is none (2.7.5.3.1).
                return (flags & NEXT) != 0 ? BAD_INDIRECT : walkTable(guest, words & 0xffffffffL);
            }
            final int result = addSegment(guest, words & 0xffffffffL, flags);
            if (result != OK || (flags & NEXT) == 0) {
                return result;
            }
            final int to = (int) (words >>> 48);
            if (to >= num) {
                return OUTSIDE;
            }
            final long at = descriptors + 16L * to;
            guest = Mem.getLongOpaque(at);
            words = Mem.getLongOpaque(at + 8);
            flags = (int) (words >>> 32) & 0xffff;
        }
        return TOO_LONG;
    }

    private int walkTable(final long table, final long length) {
        if (!setup.has(VirtioFeatures.INDIRECT_DESC) || length == 0 || (length & 15) != 0) {
            return BAD_INDIRECT;
        }
        final long entries = length >>> 4;
        long index = 0;
        for (long steps = 0; steps < entries; steps++) {
            final long at = translate(table + 16 * index, 16);
            if (at == GuestMemory.NONE) {
                return OUTSIDE;
            }
            final long guest = Mem.getLongOpaque(at);
            final long words = Mem.getLongOpaque(at + 8);
            final int flags = (int) (words >>> 32) & 0xffff;
            if ((flags & INDIRECT) != 0) {
                return BAD_INDIRECT;
            }
            final int result = addSegment(guest, words & 0xffffffffL, flags);
            if (result != OK || (flags & NEXT) == 0) {
                return result;
            }
            index = words >>> 48;
            if (index >= entries) {
                return OUTSIDE;
            }
        }
        return TOO_LONG;
    }

    @Override
    public void rewind(final int k) {
        if (inflight != null) {
            for (int i = k; i < size; i++) {
                inflight.giveBack(heads[i]);
            }
        }
        next = next - (size - k) & 0xffff;
        segments = k == 0 ? 0 : k < size ? firstSegment[k] : segments;
        size = k;
    }

    @Override
    public void complete() {
        final int count = size;
        if (count == 0) {
            return;
        }
        final int old = used;
        for (int k = 0; k < count; k++) {
            final long element = device + ENTRIES + 8L * (old + k & mask);
            Mem.putLongNative(element, heads[k] | (long) written[k] << 32);
            written[k] = 0;
        }
        if (inflight != null) {
            inflight.batch(heads, count);
        }
        // Nothing is taken any more, should what follows fail: what is published must not be taken again.
        size = 0;
        segments = 0;
        used = old + count & 0xffff;
        Mem.putShortRelease(device + INDEX, used);
        if (inflight != null) {
            inflight.completed(heads, count, used);
        }
        if (log() != null) {
            markUsed(old, count);
        }
        lookAhead();
        if (callFd >= 0 && wantsCall(old)) {
            signal();
        }
    }

    /**
     * Reads descriptors that the next burst will take, and heads of the burst after it, all known to be there: they come
     * while the fence below waits for what was written, and not one wait after the other when they are needed.
     */
    private void lookAhead() {
        final int waiting = Math.min(AHEAD, seen - next & 0xffff);
        if (waiting == 0) {
            return;
        }
        final long heads = driver + ENTRIES;
        long read = Mem.getShortNative(heads + 2L * (next + AHEAD & mask))
                ^ Mem.getShortNative(heads + 2L * (next + 2 * AHEAD & mask));
        for (int i = 0; i < waiting; i += DESCRIPTORS_A_LINE) {
            final int head = Mem.getShortNative(heads + 2L * (next + i & mask)) & mask;
            read ^= Mem.getLongNative(descriptors + 16L * head);
        }
        ahead = read;
    }

    private void markUsed(final int old, final int count) {
        if (usedLog == -1) {
            return;
        }
        log().mark(usedLog, ENTRIES);
        final int first = old & mask;
        final int straight = Math.min(count, num - first);
        log().mark(usedLog + ENTRIES + 8L * first, 8L * straight);
        log().mark(usedLog + ENTRIES, 8L * (count - straight));
    }

    private boolean wantsCall(final int old) {
        // The driver publishes what it waits for, then looks at the used index: one of us sees the other (2.7.7.2).
        VarHandle.fullFence();
        if (!eventIdx) {
            return (Mem.getShortAcquire(driver) & NO_INTERRUPT) == 0;
        }
        final int event = Mem.getShortAcquire(usedEvent);
        return (used - event - 1 & 0xffff) < (used - old & 0xffff);
    }

    @Override
    public boolean isEmpty() {
        return isBroken()
                || (Mem.getShortAcquire(driver + INDEX) == next && (inflight == null || !inflight.isAhead(next, used)));
    }

    @Override
    public boolean requestKicks() {
        if (eventIdx) {
            Mem.putShortNative(availEvent, next);
            markDevice(availEvent, 2);
        } else {
            Mem.putShortNative(device, 0);
            markDevice(device, 2);
        }
        // The driver makes available, then looks whether we want a kick; we do it the other way round (2.7.13.4.1).
        VarHandle.fullFence();
        if (isEmpty()) {
            return true;
        }
        suppressKicks();
        return false;
    }

    @Override
    public void suppressKicks() {
        // With EVENT_IDX the event index is left where it is: it stays behind the available index.
        if (!eventIdx) {
            Mem.putShortNative(device, NO_NOTIFY);
            markDevice(device, 2);
        }
    }

    private void markDevice(final long address, final int length) {
        if (log() != null && usedLog != -1) {
            log().mark(usedLog + address - device, length);
        }
    }

    @Override
    public int base() {
        return next;
    }
}
