package io.weft.dataplane;

import io.weft.encap.Mem;

/**
 * Drops by reason, port and network. Open addressing; a combination that finds no room is counted under its reason alone,
 * so that the sum is always right.
 *
 * <p>Owned by the worker; {@link #forEach} by any thread.
 */
final class DropTable {
    /** Stands for "no port" and "no network". */
    static final int NONE = 0xff_ffff;
    /** Stands in a port's place for the underlay. */
    static final int UNDERLAY = 0xff_fffe;

    private static final int SLOTS = 1 << 14;
    private static final int PROBES = 16;
    private static final int SLOT = 16;
    private static final long PRESENT = 1L << 63;
    private static final int REASONS = DropReason.values().length;

    private final long slots = Mem.allocate((long) SLOTS * SLOT + (long) REASONS * 8, 64);
    private final long byReason = slots + (long) SLOTS * SLOT;

    void add(final int reason, final int port, final int network, final long n) {
        final long key = key(reason, port, network);
        int index = (int) ((key * 0x9e3779b97f4a7c15L) >>> 50);
        for (int i = 0; i < PROBES; i++) {
            final long slot = slots + (long) index * SLOT;
            final long found = Mem.getLongNative(slot);
            if (found == key) {
                Counters.add(slot + 8, n);
                return;
            }
            if (found == 0) {
                Mem.putLongNative(slot + 8, n);
                Mem.putLongRelease(slot, key);
                return;
            }
            index = (index + 1) & (SLOTS - 1);
        }
        Counters.add(byReason + reason * 8L, n);
    }

    /** A port has gone and its id may come again: what it dropped is counted under its reason alone. */
    void forgetPort(final int port) {
        forget(24, port);
    }

    void forgetNetwork(final int network) {
        forget(0, network);
    }

    void forEach(final Visitor visitor) {
        for (int i = 0; i < SLOTS; i++) {
            final long slot = slots + (long) i * SLOT;
            final long key = Mem.getLongAcquire(slot);
            final long count = Mem.getLongAcquire(slot + 8);
            if (key != 0 && count != 0) {
                visitor.onDrop((int) (key >>> 48) & 0x7fff, (int) (key >>> 24) & NONE, (int) key & NONE, count);
            }
        }
        for (int reason = 0; reason < REASONS; reason++) {
            final long count = Mem.getLongAcquire(byReason + reason * 8L);
            if (count != 0) {
                visitor.onDrop(reason, NONE, NONE, count);
            }
        }
    }

    private void forget(final int shift, final int id) {
        for (int i = 0; i < SLOTS; i++) {
            final long slot = slots + (long) i * SLOT;
            final long key = Mem.getLongNative(slot);
            if (key != 0 && ((key >>> shift) & NONE) == id) {
                Counters.add(byReason + ((key >>> 48) & 0x7fff) * 8, Mem.getLongNative(slot + 8));
                Mem.putLongRelease(slot + 8, 0);
            }
        }
    }

    private static long key(final int reason, final int port, final int network) {
        return PRESENT | (long) reason << 48 | (long) (port & NONE) << 24 | (network & NONE);
    }

    /** Takes a row of the table. */
    @FunctionalInterface
    interface Visitor {
        void onDrop(int reason, int port, int network, long count);
    }
}
