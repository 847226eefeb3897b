package io.weft.flowcache;

import io.weft.encap.Mem;
import java.util.Arrays;

/**
 * Where each MAC address of each network is: (network, inner VLAN, MAC) to an egress, an opaque number of the caller.
 * Dynamic entries are learned from source addresses, move, and age by last use (the last frame that was learned from);
 * static ones are ordered, neither move nor age. Each network has a limit; a static entry counts towards it and is not
 * refused by it. Times are milliseconds of a clock that may wrap; ages are below {@link #MAX_AGE_MS}, so a wrap is
 * harmless as long as the table is swept.
 *
 * <p>Networks are 0 to the constructor's {@code networks} - 1, inner VLANs 0 to 4095 or {@link #NO_VLAN}, MACs 48 bits;
 * an egress is any number but {@link #NONE}.
 *
 * <p>Owned by the worker; {@link #forEach} may be called by any thread.
 */
public final class MacTable extends SlotTable {
    /** What {@link #lookup} answers for an address that is not known. */
    public static final int NONE = -1;
    /** The inner VLAN of frames without a tag. */
    public static final int NO_VLAN = 0xffff;

    public static final int MAX_NETWORKS = 1 << 24;
    public static final int MAX_AGE_MS = 1 << 30;
    public static final int DEFAULT_AGE_MS = 300_000;

    /** New, and now known. */
    public static final int LEARNED = 0;
    /** Known at this egress already. */
    public static final int REFRESHED = 1;
    /** Was known at another egress. */
    public static final int MOVED = 2;
    /** New, but the network has as many entries as it may. */
    public static final int REFUSED_LIMIT = 3;
    /** New, but the table has no room. */
    public static final int REFUSED_FULL = 4;
    /** Known statically at another egress. */
    public static final int REFUSED_STATIC = 5;
    /** A group address, or zero: no station's address. */
    public static final int REFUSED_ADDRESS = 6;

    private static final long PRESENT = 1L << 63;
    private static final long STATIC = 1L << 62;
    private static final long KEY_MASK = PRESENT | (0xffffffL << 32);
    private static final long GROUP_BIT = 1L << 40;
    private static final long MAC_MASK = 0xffff_ffff_ffffL;
    private static final long INT_MASK = 0xffff_ffffL;

    private final int[] limits;
    private final int[] counts;
    private final int[] ages;
    private int hand;

    /**
     * A table of at most {@code capacity} entries in the {@link #bytesFor} zeroed bytes at {@code address}, which is
     * aligned to 64. Limits start at the capacity, ages at {@link #DEFAULT_AGE_MS}.
     */
    public MacTable(final long address, final int capacity, final int networks, final long seed) {
        super(address, capacity, seed);
        if (networks < 1 || networks > MAX_NETWORKS) {
            throw new IllegalArgumentException("networks must be 1.." + MAX_NETWORKS + ", not " + networks);
        }
        limits = new int[networks];
        counts = new int[networks];
        ages = new int[networks];
        Arrays.fill(limits, capacity);
        Arrays.fill(ages, DEFAULT_AGE_MS);
    }

    /** Returns how many bytes a table of {@code capacity} entries wants. */
    public static long bytesFor(final int capacity) {
        return bytes(capacity);
    }

    /** Returns the egress, or {@link #NONE}. */
    public int lookup(final int network, final int innerVlan, final long mac) {
        final int index = find(address(innerVlan, mac), key(network));
        return index < 0 ? NONE : (int) Mem.getLongNative(slot(index) + INFO);
    }

    /** Notes that {@code mac} was a frame's source, received from {@code egress}; returns what came of it. */
    public int learn(final int network, final int innerVlan, final long mac, final int egress, final int nowMs) {
        final long address = address(innerVlan, mac);
        final int index = find(address, key(network));
        return index < 0 ? add(network, address, egress, nowMs) : refresh(slot(index), egress, nowMs);
    }

    /** Orders a static entry, in place of whatever was known; returns false if there is no room. */
    public boolean putStatic(final int network, final int innerVlan, final long mac, final int egress) {
        checkNetwork(network);
        final long address = address(innerVlan, mac);
        final long key = key(network);
        final long info = key | STATIC | (egress & INT_MASK);
        final int index = find(address, key);
        if (index >= 0) {
            Mem.putLongRelease(slot(index) + INFO, info);
            return true;
        }
        final int free = freeFor(homeOf(address, key));
        if (free < 0) {
            return false;
        }
        fill(free, address, 0, info);
        counts[network]++;
        return true;
    }

    /** Removes a static entry; returns whether there was one. */
    public boolean removeStatic(final int network, final int innerVlan, final long mac) {
        return remove(network, innerVlan, mac, STATIC);
    }

    /** Removes a dynamic entry; returns whether there was one. */
    public boolean remove(final int network, final int innerVlan, final long mac) {
        return remove(network, innerVlan, mac, 0);
    }

    /** Removes a network's dynamic entries; returns how many. Walks the whole table. */
    public int flush(final int network) {
        return removeAll(KEY_MASK | STATIC, key(network));
    }

    /** Removes a network's entries, static ones too; returns how many. Walks the whole table. */
    public int clear(final int network) {
        return removeAll(KEY_MASK, key(network));
    }

    /** Removes all entries of an egress that is gone, static ones too; returns how many. Walks the whole table. */
    public int flushEgress(final int egress) {
        return removeAll(INT_MASK | PRESENT, PRESENT | (egress & INT_MASK));
    }

    /** Sets how many entries a network may have; lower than what it has means that no new one is learned. */
    public void setLimit(final int network, final int entries) {
        checkNetwork(network);
        limits[network] = entries;
    }

    /** Returns how many entries a network has; another thread may see an older number. */
    public int count(final int network) {
        checkNetwork(network);
        return counts[network];
    }

    /** Sets how long a network's dynamic entries live unused, 1 to {@link #MAX_AGE_MS}; 0: for ever. */
    public void setAge(final int network, final int ms) {
        checkNetwork(network);
        if (ms < 0 || ms > MAX_AGE_MS) {
            throw new IllegalArgumentException("age must be 0.." + MAX_AGE_MS + " ms, not " + ms);
        }
        ages[network] = ms;
    }

    /**
     * Visits the next {@code maxSlots} slots, going on where the last sweep ended, and removes the dynamic entries that
     * have reached their age, telling {@code expired} of each. A full round is {@link #slots} slots; an entry that a
     * removal shifts behind the sweep waits for the next round.
     *
     * @return how many entries were removed
     */
    public int sweep(final int nowMs, final int maxSlots, final Expired expired) {
        int removed = 0;
        for (int i = 0; i < maxSlots; i++) {
            final long slot = slot(hand);
            final long info = Mem.getLongNative(slot + INFO);
            if (isAged(info, (int) Mem.getLongNative(slot + WORD1), nowMs)) {
                final long address = Mem.getLongNative(slot + WORD0);
                drop(hand, info);
                removed++;
                expired.onExpired(network(info), (int) address & 0xffff, address >>> 16, (int) info);
            } else {
                hand = (hand + 1) & mask;
            }
        }
        return removed;
    }

    /** Returns how many slots a full round of {@link #sweep} visits. */
    public int slots() {
        return mask + 1;
    }

    /** Shows every entry to the visitor; see {@link SlotTable} for what another thread may see. */
    public void forEach(final MacVisitor visitor) {
        final SlotReader reader = reader();
        final long[] words = reader.words;
        for (int i = 0; i <= mask; i++) {
            if (snapshot(i, reader)) {
                final boolean isStatic = (words[2] & STATIC) != 0;
                visitor.onMac(
                        network(words[2]),
                        (int) words[0] & 0xffff,
                        words[0] >>> 16,
                        (int) words[2],
                        isStatic,
                        isStatic ? 0 : (int) words[1]);
            }
        }
    }

    @Override
    int homeOf(final long slot) {
        return homeOf(Mem.getLongNative(slot + WORD0), Mem.getLongNative(slot + INFO) & KEY_MASK);
    }

    int homeOf(final int network, final int innerVlan, final long mac) {
        return homeOf(address(innerVlan, mac), key(network));
    }

    private int find(final long address, final long key) {
        final int home = homeOf(address, key);
        for (int i = 0; i < MAX_PROBE; i++) {
            final int index = (home + i) & mask;
            final long slot = slot(index);
            final long info = Mem.getLongNative(slot + INFO);
            if (info == 0) {
                return -1;
            }
            if ((info & KEY_MASK) == key && Mem.getLongNative(slot + WORD0) == address) {
                return index;
            }
        }
        return -1;
    }

    private int refresh(final long slot, final int egress, final int nowMs) {
        final long info = Mem.getLongNative(slot + INFO);
        final boolean same = (int) info == egress;
        if ((info & STATIC) != 0) {
            return same ? REFRESHED : REFUSED_STATIC;
        }
        Mem.putLongRelease(slot + WORD1, nowMs & INT_MASK);
        if (same) {
            return REFRESHED;
        }
        Mem.putLongRelease(slot + INFO, (info & KEY_MASK) | (egress & INT_MASK));
        return MOVED;
    }

    private int add(final int network, final long address, final int egress, final int nowMs) {
        final int refusal = refusal(network, address);
        if (refusal != LEARNED) {
            return refusal;
        }
        final long key = key(network);
        final int free = freeFor(homeOf(address, key));
        if (free < 0) {
            return REFUSED_FULL;
        }
        fill(free, address, nowMs & INT_MASK, key | (egress & INT_MASK));
        counts[network]++;
        return LEARNED;
    }

    private int refusal(final int network, final long address) {
        final long mac = address >>> 16;
        if (mac == 0 || (mac & GROUP_BIT) != 0) {
            return REFUSED_ADDRESS;
        }
        return network < 0 || network >= limits.length || counts[network] >= limits[network] ? REFUSED_LIMIT : LEARNED;
    }

    /** Returns what {@link #learn} would, and changes nothing. */
    public int wouldLearn(final int network, final int innerVlan, final long mac, final int egress) {
        final long address = address(innerVlan, mac);
        final int index = find(address, key(network));
        if (index < 0) {
            final int refusal = refusal(network, address);
            return refusal == LEARNED && freeFor(homeOf(address, key(network))) < 0 ? REFUSED_FULL : refusal;
        }
        final long info = Mem.getLongNative(slot(index) + INFO);
        if ((int) info == egress) {
            return REFRESHED;
        }
        return (info & STATIC) != 0 ? REFUSED_STATIC : MOVED;
    }

    /** Returns for how many milliseconds a known address was not used; -1 for a static one or one that is not known. */
    public int idle(final int network, final int innerVlan, final long mac, final int nowMs) {
        final int index = find(address(innerVlan, mac), key(network));
        if (index < 0 || (Mem.getLongNative(slot(index) + INFO) & STATIC) != 0) {
            return -1;
        }
        return Math.max(0, nowMs - (int) Mem.getLongNative(slot(index) + WORD1));
    }

    private boolean remove(final int network, final int innerVlan, final long mac, final long kind) {
        final int index = find(address(innerVlan, mac), key(network));
        if (index < 0) {
            return false;
        }
        final long info = Mem.getLongNative(slot(index) + INFO);
        if ((info & STATIC) != kind) {
            return false;
        }
        drop(index, info);
        return true;
    }

    private int removeAll(final long bits, final long wanted) {
        int removed = 0;
        int index = 0;
        while (index <= mask) {
            final long info = Mem.getLongNative(slot(index) + INFO);
            if ((info & bits) == wanted) {
                // A follower may have been shifted into this slot: look at it again.
                drop(index, info);
                removed++;
            } else {
                index++;
            }
        }
        return removed;
    }

    private void drop(final int index, final long info) {
        free(index);
        counts[network(info)]--;
    }

    private boolean isAged(final long info, final int lastUsed, final int nowMs) {
        if (info == 0 || (info & STATIC) != 0) {
            return false;
        }
        final int age = ages[network(info)];
        return age != 0 && nowMs - lastUsed >= age;
    }

    private void checkNetwork(final int network) {
        if (network < 0 || network >= limits.length) {
            throw new IllegalArgumentException("network must be 0.." + (limits.length - 1) + ", not " + network);
        }
    }

    private static long address(final int innerVlan, final long mac) {
        return (mac & MAC_MASK) << 16 | (innerVlan & 0xffff);
    }

    private static long key(final int network) {
        return PRESENT | (network & 0xffffffL) << 32;
    }

    private static int network(final long info) {
        return (int) (info >>> 32) & 0xffffff;
    }
}
