package io.weft.dataplane.vhost.frontend;

import io.weft.encap.Mem;
import java.lang.invoke.VarHandle;

/** A packed ring's driver (virtio 1.2, section 2.8). Owned by one thread. */
public final class PackedDriver extends DriverRing {
    public static final int AVAIL = 1 << 7;
    public static final int USED = 1 << 15;

    private static final int EVENT_ENABLE = 0;
    private static final int EVENT_DISABLE = 1;
    private static final int EVENT_DESCRIPTOR = 2;
    private static final int WRAP = 1 << 15;
    private static final int FLAGS = 14;

    private final int[] ids;
    private int freeIds;
    private int freeSlots;
    /** Ids in the order in which their chains were made available; with room for all. */
    private final int[] order;

    private int orderHead;
    private int orderTail;

    private int slot;
    private boolean wrap;
    /** First slot of what was added and not yet published, and its flags; -1: none. */
    private int heldSlot = -1;

    private int heldFlags;
    private int added;
    private int usedSlot;
    private boolean usedWrap;

    /** @param start slot and wrap counter (bit 15) at which both sides begin */
    public PackedDriver(final GuestRam ram, final int size, final long features, final int start) {
        super(ram, size, features, (long) size * DESCRIPTOR, 4, 4);
        ids = new int[size];
        order = new int[size];
        for (int i = 0; i < size; i++) {
            ids[i] = size - 1 - i;
        }
        freeIds = size;
        freeSlots = size;
        slot = start & ~WRAP;
        wrap = (start & WRAP) != 0;
        usedSlot = slot;
        usedWrap = wrap;
        for (int i = 0; i < size; i++) {
            // As the laps before would have left them.
            flags(i, i < slot == wrap ? AVAIL | USED : 0);
        }
    }

    @Override
    boolean append(final long mark, final int direct, final int inTable) {
        final int slots = inTable > 0 ? 1 : direct;
        if (slots == 0 || freeIds == 0 || (inTable > 0 && direct > 0)) {
            return false;
        }
        final int id = ids[--freeIds];
        for (int i = 0; i < slots; i++) {
            final boolean last = i + 1 == slots;
            final int flags =
                    (last ? 0 : NEXT) | (inTable > 0 ? INDIRECT : writable[i] ? WRITE : 0) | (wrap ? AVAIL : USED);
            final long guest = inTable > 0 ? writeTable(id, 0, inTable, false) : address[i];
            final long at = ring + (long) slot * DESCRIPTOR;
            Mem.putLongNative(at, guest);
            Mem.putIntNative(at + 8, inTable > 0 ? inTable * DESCRIPTOR : bytes[i]);
            // Only the last one's counts (section 2.8.6); others may hold anything.
            Mem.putShortNative(at + 12, last ? id : 0xdead);
            publishOrHold(flags);
            advance();
        }
        freeSlots -= slots;
        give(id, mark, slots);
        order[orderTail] = id;
        orderTail = orderTail + 1 == size ? 0 : orderTail + 1;
        return true;
    }

    private void publishOrHold(final int flags) {
        if (heldSlot < 0) {
            heldSlot = slot;
            heldFlags = flags;
        } else {
            flags(slot, flags);
        }
    }

    private void advance() {
        added++;
        if (++slot == size) {
            slot = 0;
            wrap = !wrap;
        }
    }

    @Override
    public boolean publish() {
        if (heldSlot < 0) {
            return false;
        }
        VarHandle.releaseFence();
        flags(heldSlot, heldFlags);
        heldSlot = -1;
        final int passed = added;
        added = 0;
        fence();
        final int how = Mem.getShortNative(deviceArea + 2);
        return switch (how) {
            case EVENT_ENABLE -> true;
            case EVENT_DESCRIPTOR -> crossed(Mem.getShortNative(deviceArea), passed);
            default -> false;
        };
    }

    /** Whether the last {@code passed} slots made available include the one at which the device wants to hear of it. */
    private boolean crossed(final int offWrap, final int passed) {
        final int offset = offWrap & ~WRAP;
        final int event = (offWrap & WRAP) != 0 == wrap ? offset : offset - size;
        return SplitDriver.crossed(event, slot, slot - passed);
    }

    @Override
    public int collect(final int max) {
        int n = 0;
        while (n < max && hasUsed()) {
            VarHandle.acquireFence();
            final long at = ring + (long) usedSlot * DESCRIPTOR;
            final int id = Mem.getShortNative(at + 12);
            final int flags = Mem.getShortNative(at + FLAGS);
            // Only the WRITE flag says that the length is valid (section 2.8.1).
            final int written = (flags & WRITE) != 0 ? Mem.getIntNative(at + 8) : 0;
            n = inOrder ? batch(id, written, n) : one(id, written, n);
        }
        return n;
    }

    private int one(final int id, final int written, final int n) {
        final int slots = take(id, written, n);
        ids[freeIds++] = id;
        freeSlots += slots;
        usedSlot += slots;
        if (usedSlot >= size) {
            usedSlot -= size;
            usedWrap = !usedWrap;
        }
        return n + 1;
    }

    private int batch(final int id, final int written, final int from) {
        int n = from;
        while (orderHead != orderTail || freeIds == 0) {
            final int oldest = order[orderHead];
            orderHead = orderHead + 1 == size ? 0 : orderHead + 1;
            final boolean last = oldest == id;
            n = one(oldest, last ? written : (int) room[oldest], n);
            if (last) {
                return n;
            }
        }
        throw new IllegalStateException("device used chain " + id + ", which it does not have");
    }

    @Override
    public boolean hasUsed() {
        final int flags = Mem.getShortNative(ring + (long) usedSlot * DESCRIPTOR + FLAGS);
        return (flags & AVAIL) != 0 == usedWrap && (flags & USED) != 0 == usedWrap && freeSlots < size;
    }

    @Override
    public boolean wantCalls(final boolean wanted) {
        if (wanted && eventIdx) {
            Mem.putShortNative(driverArea, usedSlot | (usedWrap ? WRAP : 0));
            VarHandle.releaseFence();
        }
        Mem.putShortNative(driverArea + 2, !wanted ? EVENT_DISABLE : eventIdx ? EVENT_DESCRIPTOR : EVENT_ENABLE);
        fence();
        return !hasUsed();
    }

    @Override
    public boolean wantsKick() {
        return switch (Mem.getShortNative(deviceArea + 2)) {
            case EVENT_ENABLE -> true;
            case EVENT_DESCRIPTOR -> Mem.getShortNative(deviceArea) == (slot | (wrap ? WRAP : 0));
            default -> false;
        };
    }

    @Override
    public int free() {
        return Math.min(freeSlots, freeIds);
    }

    /** Both halves: where the device's next available and next used descriptor are. */
    @Override
    public int base() {
        final int at = usedSlot | (usedWrap ? WRAP : 0);
        return at << 16 | at;
    }

    /** Slot and wrap counter (bit 15) of the next descriptor to be made available. */
    public int position() {
        return slot | (wrap ? WRAP : 0);
    }

    // To do what no driver may.

    /** Writes a descriptor; the flags last. */
    public void descriptor(final int index, final long guest, final int length, final int id, final int flags) {
        final long at = ring + (long) index * DESCRIPTOR;
        Mem.putLongNative(at, guest);
        Mem.putIntNative(at + 8, length);
        Mem.putShortNative(at + 12, id);
        VarHandle.releaseFence();
        flags(index, flags);
    }

    /** AVAIL and USED of a descriptor that is made available now. */
    public int availableFlags() {
        return wrap ? AVAIL : USED;
    }

    /** Makes a chain of descriptors written by hand, from the next slot on, the driver's own. */
    public void offer(final int id, final int slots, final long writableRoom, final long mark) {
        cookies[id] = mark;
        room[id] = writableRoom;
        taken[id] = slots;
        for (int i = 0; i < freeIds; i++) {
            if (ids[i] == id) {
                ids[i] = ids[--freeIds];
                break;
            }
        }
        freeSlots -= slots;
        order[orderTail] = id;
        orderTail = orderTail + 1 == size ? 0 : orderTail + 1;
        for (int i = 0; i < slots; i++) {
            advance();
        }
        added = 0;
    }

    private void flags(final int index, final int flags) {
        Mem.putShortNative(ring + (long) index * DESCRIPTOR + FLAGS, flags);
    }
}
