package io.weft.flowcache;

import io.weft.encap.Mem;

/**
 * The tunnel of each remote endpoint of each network: (network, IP address) to a tunnel, a number of the caller. The
 * address is two words, in the form in which the caller keeps it; it is only compared.
 *
 * <p>Networks are 24 bits, a tunnel is any number but {@link #NONE}.
 *
 * <p>Owned by the worker; {@link #forEach} may be called by any thread.
 */
public final class EndpointIndex extends SlotTable {
    /** What {@link #lookup} answers for an endpoint that is not known. */
    public static final int NONE = -1;

    private static final long PRESENT = 1L << 63;
    private static final long KEY_MASK = PRESENT | (0xffffffL << 32);
    private static final long INT_MASK = 0xffff_ffffL;

    /**
     * An index of at most {@code capacity} entries in the {@link #bytesFor} zeroed bytes at {@code address}, which is
     * aligned to 64.
     */
    public EndpointIndex(final long address, final int capacity, final long seed) {
        super(address, capacity, seed);
    }

    /** Returns how many bytes an index of {@code capacity} entries wants. */
    public static long bytesFor(final int capacity) {
        return bytes(capacity);
    }

    /** Returns the tunnel, or {@link #NONE}. */
    public int lookup(final int network, final long addressHigh, final long addressLow) {
        final int index = find(key(network), addressHigh, addressLow);
        return index < 0 ? NONE : (int) Mem.getLongNative(slot(index) + INFO);
    }

    /** Adds an endpoint or changes its tunnel; returns false if there is no room. */
    public boolean put(final int network, final long addressHigh, final long addressLow, final int tunnel) {
        final long key = key(network);
        final long info = key | (tunnel & INT_MASK);
        final int index = find(key, addressHigh, addressLow);
        if (index >= 0) {
            Mem.putLongRelease(slot(index) + INFO, info);
            return true;
        }
        final int free = freeFor(home(key, addressHigh, addressLow));
        if (free < 0) {
            return false;
        }
        fill(free, addressHigh, addressLow, info);
        return true;
    }

    /** Removes an endpoint; returns its tunnel, or {@link #NONE} if it was not known. */
    public int remove(final int network, final long addressHigh, final long addressLow) {
        final int index = find(key(network), addressHigh, addressLow);
        if (index < 0) {
            return NONE;
        }
        final int tunnel = (int) Mem.getLongNative(slot(index) + INFO);
        free(index);
        return tunnel;
    }

    /** Shows every entry to the visitor; see {@link SlotTable} for what another thread may see. */
    public void forEach(final EndpointVisitor visitor) {
        final SlotReader reader = reader();
        final long[] words = reader.words;
        for (int i = 0; i <= mask; i++) {
            if (snapshot(i, reader)) {
                visitor.onEndpoint((int) (words[2] >>> 32) & 0xffffff, words[0], words[1], (int) words[2]);
            }
        }
    }

    @Override
    int homeOf(final long slot) {
        return home(
                Mem.getLongNative(slot + INFO) & KEY_MASK,
                Mem.getLongNative(slot + WORD0),
                Mem.getLongNative(slot + WORD1));
    }

    int homeOf(final int network, final long addressHigh, final long addressLow) {
        return home(key(network), addressHigh, addressLow);
    }

    private int home(final long key, final long addressHigh, final long addressLow) {
        return (int) hash.of(addressHigh, addressLow, key) & mask;
    }

    private int find(final long key, final long addressHigh, final long addressLow) {
        final int home = home(key, addressHigh, addressLow);
        for (int i = 0; i < MAX_PROBE; i++) {
            final int index = (home + i) & mask;
            final long slot = slot(index);
            final long info = Mem.getLongNative(slot + INFO);
            if (info == 0) {
                return -1;
            }
            if ((info & KEY_MASK) == key
                    && Mem.getLongNative(slot + WORD0) == addressHigh
                    && Mem.getLongNative(slot + WORD1) == addressLow) {
                return index;
            }
        }
        return -1;
    }

    private static long key(final int network) {
        return PRESENT | (network & 0xffffffL) << 32;
    }
}
