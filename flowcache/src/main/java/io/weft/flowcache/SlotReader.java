package io.weft.flowcache;

import io.weft.encap.Mem;

/**
 * A foreign thread's copy of one slot, whole or not at all. The owner makes the slot's version odd, writes the words and
 * makes it even again, all as releases in this order; here everything is read as acquires, and the version before and
 * after. The same even number twice means that nothing was written in between.
 *
 * <p>Owned by the thread that reads.
 */
class SlotReader {
    static final int TRIES = 64;

    final long[] words;
    private final int versionOffset;

    /** Reads the first {@code words} longs of slots whose version is at {@code versionOffset} bytes. */
    SlotReader(final int words, final int versionOffset) {
        this.words = new long[words];
        this.versionOffset = versionOffset;
    }

    /** Called by the slot's owner before it writes words, and after. */
    static void turn(final long version) {
        Mem.putLongRelease(version, Mem.getLongNative(version) + 1);
    }

    /** Copies the slot's words; returns false if it did not hold still. */
    final boolean read(final long slot) {
        for (int i = 0; i < TRIES; i++) {
            final long version = Mem.getLongAcquire(slot + versionOffset);
            if ((version & 1) == 0) {
                load(slot);
                if (Mem.getLongAcquire(slot + versionOffset) == version) {
                    return true;
                }
            }
            Thread.onSpinWait();
        }
        return false;
    }

    /** Tests change the slot in here. */
    void load(final long slot) {
        for (int i = 0; i < words.length; i++) {
            words[i] = Mem.getLongAcquire(slot + (i << 3));
        }
    }
}
