package io.weft.dataplane.vhost.frontend;

import io.weft.encap.Mem;
import java.lang.invoke.VarHandle;

/** A split ring's driver (virtio 1.2, section 2.7). Owned by one thread. */
public final class SplitDriver extends DriverRing {
    private static final int NO_INTERRUPT = 1;
    private static final int NO_NOTIFY = 1;
    private static final int IDX = 2;
    private static final int ENTRIES = 4;

    /** Free descriptors: a stack; with IN_ORDER unused, as they are taken round and round. */
    private final int[] stack;

    private int free;
    private int nextInOrder;
    /** Descriptors of the chains that the device has, behind each other by head. */
    private final int[] next;
    /** Heads in the order in which they were made available. */
    private final int[] order;

    private int filled;
    private int available;
    private int used;

    /** @param start index at which both sides begin */
    public SplitDriver(final GuestRam ram, final int size, final long features, final int start) {
        super(ram, size, features, (long) size * DESCRIPTOR, ENTRIES + 2L * size + 2, ENTRIES + 8L * size + 2);
        stack = new int[size];
        next = new int[size];
        order = new int[size];
        for (int i = 0; i < size; i++) {
            stack[i] = size - 1 - i;
        }
        free = size;
        filled = start & 0xffff;
        available = filled;
        used = filled;
        Mem.putShortNative(driverArea + IDX, filled);
        Mem.putShortNative(deviceArea + IDX, filled);
        Mem.putShortNative(driverArea + ENTRIES + 2L * size, filled);
    }

    /** Takes free descriptors in another order from now on. */
    public void shuffle(final java.util.Random random) {
        for (int i = free - 1; i > 0; i--) {
            final int j = random.nextInt(i + 1);
            final int swapped = stack[i];
            stack[i] = stack[j];
            stack[j] = swapped;
        }
    }

    @Override
    boolean append(final long mark, final int direct, final int inTable) {
        final int slots = direct + (inTable > 0 ? 1 : 0);
        if (slots == 0) {
            return false;
        }
        final int head = descriptorAt(0);
        int at = head;
        for (int i = 0; i < slots; i++) {
            final boolean last = i + 1 == slots;
            final int following = last ? 0 : descriptorAt(i + 1);
            final int chained = last ? 0 : NEXT;
            if (i < direct) {
                descriptor(at, address[i], bytes[i], chained | (writable[i] ? WRITE : 0), following);
            } else {
                descriptor(at, writeTable(head, direct, inTable, true), inTable * DESCRIPTOR, INDIRECT, 0);
            }
            next[at] = following;
            at = following;
        }
        free -= slots;
        nextInOrder = nextInOrder + slots & size - 1;
        give(head, mark, slots);
        order[filled & size - 1] = head;
        available(filled, head);
        filled = filled + 1 & 0xffff;
        return true;
    }

    private int descriptorAt(final int n) {
        return inOrder ? nextInOrder + n & size - 1 : stack[free - 1 - n];
    }

    @Override
    public boolean publish() {
        final int old = available;
        available = filled;
        VarHandle.releaseFence();
        Mem.putShortNative(driverArea + IDX, filled);
        fence();
        return eventIdx
                ? crossed(Mem.getShortNative(deviceArea + ENTRIES + 8L * size), filled, old)
                : (Mem.getShortNative(deviceArea) & NO_NOTIFY) == 0 && old != filled;
    }

    /** Whether moving from {@code old} to {@code now} passes the index at which the other side wants to hear of it. */
    static boolean crossed(final int event, final int now, final int old) {
        return (now - event - 1 & 0xffff) < (now - old & 0xffff);
    }

    @Override
    public int collect(final int max) {
        final int end = Mem.getShortNative(deviceArea + IDX);
        VarHandle.acquireFence();
        if ((end - used & 0xffff) > (available - used & 0xffff)) {
            throw new IllegalStateException("device's used index " + end + " is beyond " + available);
        }
        int n = 0;
        while (n < max && used != end) {
            final long entry = deviceArea + ENTRIES + 8L * (used & size - 1);
            final int id = Mem.getIntNative(entry);
            n = inOrder ? batch(id, Mem.getIntNative(entry + 4), n) : one(id, Mem.getIntNative(entry + 4), n);
        }
        return n;
    }

    private int one(final int id, final int written, final int n) {
        release(id, take(id, written, n));
        used = used + 1 & 0xffff;
        return n + 1;
    }

    /** With IN_ORDER an entry may stand for those before it, too (section 2.7.9). */
    private int batch(final int id, final int written, final int from) {
        int n = from;
        while (used != available) {
            final int head = order[used & size - 1];
            final boolean last = head == id;
            n = one(head, last ? written : (int) room[head], n);
            if (last) {
                return n;
            }
        }
        throw new IllegalStateException("device used chain " + id + ", which it does not have");
    }

    private void release(final int head, final int slots) {
        int at = head;
        for (int i = 0; i < slots; i++) {
            if (!inOrder) {
                stack[free] = at;
            }
            free++;
            at = next[at];
        }
    }

    @Override
    public boolean hasUsed() {
        return Mem.getShortNative(deviceArea + IDX) != used;
    }

    @Override
    public boolean wantCalls(final boolean wanted) {
        if (eventIdx) {
            // Unwanted: as far away as can be.
            Mem.putShortNative(driverArea + ENTRIES + 2L * size, wanted ? used : used - 1 & 0xffff);
        } else {
            Mem.putShortNative(driverArea, wanted ? 0 : NO_INTERRUPT);
        }
        fence();
        return !hasUsed();
    }

    @Override
    public boolean wantsKick() {
        return eventIdx
                ? Mem.getShortNative(deviceArea + ENTRIES + 8L * size) == available
                : (Mem.getShortNative(deviceArea) & NO_NOTIFY) == 0;
    }

    @Override
    public int free() {
        return free;
    }

    @Override
    public int base() {
        return used;
    }

    /** Index up to which chains were made available. */
    public int available() {
        return available;
    }

    /** The device's used index as it stands in memory. */
    public int usedInMemory() {
        return Mem.getShortNative(deviceArea + IDX);
    }

    // To do what no driver may.

    /** Writes a descriptor of the table. */
    public void descriptor(final int index, final long guest, final int length, final int flags, final int following) {
        descriptor(ring + (long) index * DESCRIPTOR, guest, length, flags, following);
    }

    /** Writes an entry of the available ring. */
    public void available(final int position, final int head) {
        Mem.putShortNative(driverArea + ENTRIES + 2L * (position & size - 1), head);
    }

    /** Sets the available index, whatever was made available. */
    public void jump(final int index) {
        VarHandle.releaseFence();
        Mem.putShortNative(driverArea + IDX, index);
        filled = index & 0xffff;
        available = filled;
    }

    /** Sets the available index and makes a chain of descriptors written by hand the driver's own. */
    public void offer(final int head, final int slots, final long writableRoom, final long mark) {
        cookies[head] = mark;
        room[head] = writableRoom;
        taken[head] = slots;
        order[filled & size - 1] = head;
        available(filled, head);
        filled = filled + 1 & 0xffff;
    }
}
