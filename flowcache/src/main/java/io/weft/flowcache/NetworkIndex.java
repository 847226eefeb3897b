package io.weft.flowcache;

import io.weft.encap.Mem;

/**
 * Which network a decapsulated frame belongs to: (encapsulation, UDP port, 24-bit VNI or VSID) to a network. A whole
 * entry is one word, so that eight share a cache line, 16,000 networks take 256 KiB, and no reader can see half of one:
 *
 * <pre>
 *   encapsulation + 1 (8 bits) | UDP port (16) | VNI (24) | network (16)
 * </pre>
 *
 * <p>Open addressing as in {@link SlotTable}. Encapsulations are 0 to 254 (the UDP port of one without is the caller's
 * choice, 0 say), networks 0 to 65,535.
 *
 * <p>Owned by the worker; {@link #forEach} may be called by any thread, and may miss an entry or show it twice while
 * entries are removed.
 */
public final class NetworkIndex {
    /** What {@link #lookup} answers for a VNI that is not known. */
    public static final int NONE = -1;

    public static final int MAX_NETWORKS = 1 << 16;
    public static final int MAX_ENCAPSULATIONS = 255;

    private static final int MAX_PROBE = SlotTable.MAX_PROBE;
    private static final int LINE = 64;
    private static final int SHIFT = 3;

    private final SeededHash hash;
    private final long base;
    private final int mask;
    private final int capacity;
    private int size;

    /**
     * An index of at most {@code capacity} entries in the {@link #bytesFor} zeroed bytes at {@code address}, which is
     * aligned to 64.
     */
    public NetworkIndex(final long address, final int capacity, final long seed) {
        if ((address & (LINE - 1)) != 0) {
            throw new IllegalArgumentException("the index's memory must be aligned to " + LINE + " bytes");
        }
        this.base = address;
        this.capacity = capacity;
        this.mask = SlotTable.slotsFor(capacity) - 1;
        this.hash = new SeededHash(seed);
    }

    /** Returns how many bytes an index of {@code capacity} entries wants. */
    public static long bytesFor(final int capacity) {
        return (long) SlotTable.slotsFor(capacity) << SHIFT;
    }

    /** Returns the network, or {@link #NONE}. */
    public int lookup(final int encapsulation, final int udpPort, final int vni) {
        final int index = find(key(encapsulation, udpPort, vni));
        return index < 0 ? NONE : (int) entry(index) & 0xffff;
    }

    /** Adds an entry or changes its network; returns false if there is no room. */
    public boolean put(final int encapsulation, final int udpPort, final int vni, final int network) {
        check(encapsulation, MAX_ENCAPSULATIONS, "encapsulation");
        check(udpPort, 1 << 16, "UDP port");
        check(vni, 1 << 24, "VNI");
        check(network, MAX_NETWORKS, "network");
        final long key = key(encapsulation, udpPort, vni);
        final int index = find(key);
        if (index >= 0) {
            write(index, key | network);
            return true;
        }
        final int free = freeFor(key);
        if (free < 0) {
            return false;
        }
        write(free, key | network);
        size++;
        return true;
    }

    /** Removes an entry; returns its network, or {@link #NONE} if it was not known. */
    public int remove(final int encapsulation, final int udpPort, final int vni) {
        final int index = find(key(encapsulation, udpPort, vni));
        if (index < 0) {
            return NONE;
        }
        final int network = (int) entry(index) & 0xffff;
        free(index);
        return network;
    }

    public int size() {
        return size;
    }

    public int capacity() {
        return capacity;
    }

    public void forEach(final NetworkVisitor visitor) {
        for (int i = 0; i <= mask; i++) {
            final long entry = Mem.getLongAcquire(slot(i));
            if (entry != 0) {
                visitor.onNetwork(
                        (int) (entry >>> 56) - 1,
                        (int) (entry >>> 40) & 0xffff,
                        (int) (entry >>> 16) & 0xffffff,
                        (int) entry & 0xffff);
            }
        }
    }

    int homeOf(final int encapsulation, final int udpPort, final int vni) {
        return home(key(encapsulation, udpPort, vni));
    }

    private int find(final long key) {
        final int home = home(key);
        for (int i = 0; i < MAX_PROBE; i++) {
            final int index = (home + i) & mask;
            final long entry = entry(index);
            if (entry == 0) {
                return -1;
            }
            if ((entry & ~0xffffL) == key) {
                return index;
            }
        }
        return -1;
    }

    private int freeFor(final long key) {
        if (size == capacity) {
            return -1;
        }
        final int home = home(key);
        for (int i = 0; i < MAX_PROBE; i++) {
            final int index = (home + i) & mask;
            if (entry(index) == 0) {
                return index;
            }
        }
        return -1;
    }

    /** Frees a slot and moves back each follower that this brings nearer to its home. */
    private void free(final int index) {
        int hole = index;
        for (int next = (hole + 1) & mask; ; next = (next + 1) & mask) {
            final long entry = entry(next);
            if (entry == 0) {
                break;
            }
            if (((next - home(entry & ~0xffffL)) & mask) >= ((next - hole) & mask)) {
                write(hole, entry);
                hole = next;
            }
        }
        write(hole, 0);
        size--;
    }

    private int home(final long key) {
        return (int) hash.of(key, 0) & mask;
    }

    private long slot(final int index) {
        return base + ((long) index << SHIFT);
    }

    private long entry(final int index) {
        return Mem.getLongNative(slot(index));
    }

    private void write(final int index, final long entry) {
        Mem.putLongRelease(slot(index), entry);
    }

    private static long key(final int encapsulation, final int udpPort, final int vni) {
        return (encapsulation + 1L) << 56 | (udpPort & 0xffffL) << 40 | (vni & 0xffffffL) << 16;
    }

    private static void check(final int value, final int bound, final String what) {
        if (value < 0 || value >= bound) {
            throw new IllegalArgumentException(what + " must be 0.." + (bound - 1) + ", not " + value);
        }
    }
}
