package io.weft.flowcache;

import io.weft.encap.Mem;

/**
 * Open addressing over slots of 32 bytes, two to a cache line: two words, an info word that is zero exactly in a free
 * slot, and a version. At most half of the slots are ever used, an entry is never further than {@link #MAX_PROBE} slots
 * from its home, and deletion shifts the followers back, so that there are no tombstones and no probe gets longer with
 * time.
 *
 * <p>The version is odd while a slot is written, see {@link SlotReader}: another thread sees whole entries only. While
 * entries are shifted it may miss one or see it twice.
 *
 * <p>Owned by the worker; {@link #snapshot} may be called by any thread.
 */
abstract class SlotTable {
    static final int MAX_PROBE = 128;
    static final int MAX_CAPACITY = 1 << 24;

    static final int WORD0 = 0;
    static final int WORD1 = 8;
    static final int INFO = 16;
    private static final int VERSION = 24;
    private static final int SHIFT = 5;
    private static final int LINE = 64;

    final SeededHash hash;
    final int mask;
    private final long base;
    private final int capacity;
    private int size;

    SlotTable(final long address, final int capacity, final long seed) {
        if ((address & (LINE - 1)) != 0) {
            throw new IllegalArgumentException("the table's memory must be aligned to " + LINE + " bytes");
        }
        this.base = address;
        this.capacity = capacity;
        this.mask = slotsFor(capacity) - 1;
        this.hash = new SeededHash(seed);
    }

    static int slotsFor(final int capacity) {
        if (capacity < 1 || capacity > MAX_CAPACITY) {
            throw new IllegalArgumentException("capacity must be 1.." + MAX_CAPACITY + ", not " + capacity);
        }
        return Integer.highestOneBit(2 * capacity - 1) << 1;
    }

    static long bytes(final int capacity) {
        return (long) slotsFor(capacity) << SHIFT;
    }

    /** Returns the slot where the probe for this entry starts. */
    abstract int homeOf(long slot);

    /** Returns how many entries the table holds; another thread may see an older number. */
    public final int size() {
        return size;
    }

    /** Returns how many entries the table can hold. */
    public final int capacity() {
        return capacity;
    }

    final long slot(final int index) {
        return base + ((long) index << SHIFT);
    }

    final int homeOf(final long word0, final long word1) {
        return (int) hash.of(word0, word1) & mask;
    }

    /** Returns the first free slot's index within reach of {@code home}, or -1 if the table takes no more. */
    final int freeFor(final int home) {
        if (size == capacity) {
            return -1;
        }
        for (int i = 0; i < MAX_PROBE; i++) {
            final int index = (home + i) & mask;
            if (Mem.getLongNative(slot(index) + INFO) == 0) {
                return index;
            }
        }
        return -1;
    }

    final void fill(final int index, final long word0, final long word1, final long info) {
        write(slot(index), word0, word1, info);
        size++;
    }

    /** Frees a slot and moves back each follower that this brings nearer to its home. */
    final void free(final int index) {
        int hole = index;
        for (int next = (hole + 1) & mask; ; next = (next + 1) & mask) {
            final long from = slot(next);
            final long info = Mem.getLongNative(from + INFO);
            if (info == 0) {
                break;
            }
            if (((next - homeOf(from)) & mask) >= ((next - hole) & mask)) {
                write(slot(hole), Mem.getLongNative(from + WORD0), Mem.getLongNative(from + WORD1), info);
                hole = next;
            }
        }
        write(slot(hole), 0, 0, 0);
        size--;
    }

    /** Copies a slot's three words if it holds an entry and holds still; for any thread. */
    final boolean snapshot(final int index, final SlotReader reader) {
        return reader.read(slot(index)) && reader.words[INFO >> 3] != 0;
    }

    static SlotReader reader() {
        return new SlotReader(3, VERSION);
    }

    private static void write(final long slot, final long word0, final long word1, final long info) {
        SlotReader.turn(slot + VERSION);
        Mem.putLongRelease(slot + WORD0, word0);
        Mem.putLongRelease(slot + WORD1, word1);
        Mem.putLongRelease(slot + INFO, info);
        SlotReader.turn(slot + VERSION);
    }
}
