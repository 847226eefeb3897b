package io.weft.flowcache;

import io.weft.encap.Mem;

/**
 * What was decided for a tenant's flows: an exact match of three words to an action. One per tenant and worker, so that
 * a tenant's flows can only push out its own.
 *
 * <p>The key is the caller's; the pipeline puts there
 *
 * <pre>
 *   k0 = destination MAC (48 bits) &lt;&lt; 16 | inner VLAN or 0xffff
 *   k1 = source MAC (48 bits) &lt;&lt; 16 | network (16 bits)
 *   k2 = ingress: a local port or a tunnel (32 bits)
 * </pre>
 *
 * <p>An entry is one cache line. A key has a preferred line and may lie in any line of the aligned group of
 * {@value #MAX_WAYS} around it, so a lookup reads one line mostly, and eight at most. The number of lines is the quota,
 * rounded down to whole groups: it need not be a power of two, as the line is found by a multiplication. A new flow takes
 * a free, outdated or expired line of its group, else that of the entry that would expire first.
 *
 * <p>{@link #invalidate} makes all entries misses by changing the generation that they carry. An entry also expires, and
 * must do so before the MAC entries that it was made from: then a live flow passes the learning step in time.
 *
 * <p>Tentative entries hold what was decided because something is <i>not</i> known. They carry a generation of their own,
 * so that learning an address makes them misses ({@link #invalidateTentative}) and leaves all others.
 *
 * <p>Lines carry a version, see {@link SlotReader}. Owned by the worker; {@link #forEach} may be called by any thread.
 */
public final class FlowCache {
    /** What {@link #lookup} answers for a flow that is not known; no entry's value. */
    public static final int MISS = -1;

    public static final int MAX_WAYS = 8;
    public static final int MAX_QUOTA = 1 << 24;

    private static final int LINE_SHIFT = 6;
    private static final int LINE = 1 << LINE_SHIFT;
    private static final int K0 = 0;
    private static final int K1 = 8;
    private static final int K2 = 16;
    private static final int VALUE = 24;
    private static final int GENERATION = 32;
    private static final int HITS = 40;
    private static final int VERSION = 48;
    private static final long INT_MASK = 0xffff_ffffL;

    private final SeededHash hash;
    private final long header;
    private final long base;
    private final int lines;
    private final long groupMask;
    private long generation = 1;
    /** What tentative entries carry: negative, so never a {@link #generation}. */
    private long tentative = -1;

    private int size;
    private int tentatives;
    /** The line that the last lookup found, or that was written since. */
    private long found;

    private long inserts;
    private long evictions;

    /**
     * A cache of at most {@code quota} entries in the {@link #bytesFor} zeroed bytes at {@code address}, which is aligned
     * to 512.
     */
    public FlowCache(final long address, final int quota, final long seed) {
        if ((address & (MAX_WAYS * LINE - 1)) != 0) {
            throw new IllegalArgumentException("the cache's memory must be aligned to " + MAX_WAYS * LINE + " bytes");
        }
        lines = linesFor(quota);
        base = address;
        header = address + ((long) lines << LINE_SHIFT);
        groupMask = (long) ways(quota) * LINE - 1;
        hash = new SeededHash(seed);
        found = base;
        publish();
    }

    private void publish() {
        Mem.putLongRelease(header, generation);
        Mem.putLongRelease(header + Long.BYTES, tentative);
    }

    /** Returns how many bytes a cache of {@code quota} entries wants. */
    public static long bytesFor(final int quota) {
        return ((long) linesFor(quota) << LINE_SHIFT) + LINE;
    }

    /** Returns the flow's value, or {@link #MISS}. */
    public int lookup(final long k0, final long k1, final long k2, final int nowMs) {
        return lookupAt(slotOf(hash(k0, k1, k2)), k0, k1, k2, nowMs);
    }

    /** Returns the hash that {@link #slotOf} takes; any other well spread and seeded one of the same key would do. */
    public long hash(final long k0, final long k1, final long k2) {
        return hash.of(k0, k1, k2);
    }

    /** Returns the address of the line that a key with this hash prefers. */
    public long slotOf(final long keyHash) {
        return base + ((((keyHash >>> 32) * lines) >>> 32) << LINE_SHIFT);
    }

    /**
     * Reads a line of {@link #slotOf}, so that it is on its way while those of the rest of the burst are asked for; the
     * caller must do something with what is returned, or the compiler removes the read.
     */
    public static long touch(final long slot) {
        return Mem.getLongNative(slot);
    }

    /** Returns the value of the flow whose key prefers {@code slot}, or {@link #MISS}. */
    public int lookupAt(final long slot, final long k0, final long k1, final long k2, final int nowMs) {
        long line = slot;
        do {
            if (matches(line, k0, k1, k2)) {
                return take(line, nowMs);
            }
            if (Mem.getLongNative(line + VERSION) == 0) {
                return MISS;
            }
            line = next(line);
        } while (line != slot);
        return MISS;
    }

    /** As {@link #lookup}, but nothing is counted: for whoever only wants to know. */
    public int peek(final long k0, final long k1, final long k2, final int nowMs) {
        final long slot = slotOf(hash(k0, k1, k2));
        long line = slot;
        do {
            if (matches(line, k0, k1, k2)) {
                return isLive(line, nowMs) ? (int) Mem.getLongNative(line + VALUE) : MISS;
            }
            if (Mem.getLongNative(line + VERSION) == 0) {
                return MISS;
            }
            line = next(line);
        } while (line != slot);
        return MISS;
    }

    /** Keeps a flow's value (not {@link #MISS}) until {@code expiryMs}, in place of an older one. */
    public void insert(
            final long k0, final long k1, final long k2, final int value, final int nowMs, final int expiryMs) {
        insertAt(slotOf(hash(k0, k1, k2)), k0, k1, k2, value, nowMs, expiryMs);
    }

    /** As {@link #insert}, for a key that prefers {@code slot}. */
    public void insertAt(
            final long slot,
            final long k0,
            final long k1,
            final long k2,
            final int value,
            final int nowMs,
            final int expiryMs) {
        put(slot, k0, k1, k2, value, nowMs, expiryMs, generation);
    }

    /** As {@link #insertAt}, for an entry that {@link #invalidateTentative} makes a miss too. */
    public void insertTentativeAt(
            final long slot,
            final long k0,
            final long k1,
            final long k2,
            final int value,
            final int nowMs,
            final int expiryMs) {
        put(slot, k0, k1, k2, value, nowMs, expiryMs, tentative);
        tentatives++;
    }

    private void put(
            final long slot,
            final long k0,
            final long k1,
            final long k2,
            final int value,
            final int nowMs,
            final int expiryMs,
            final long stamp) {
        final long line = lineFor(slot, k0, k1, k2, nowMs);
        final long before = Mem.getLongNative(line + GENERATION);
        if (before == tentative) {
            tentatives--;
        } else if (before != generation) {
            size++;
        }
        if (isLive(line, nowMs) && !matches(line, k0, k1, k2)) {
            evictions++;
        }
        inserts++;
        found = line;
        write(line, k0, k1, k2, (long) expiryMs << 32 | (value & INT_MASK), stamp);
    }

    /** Makes every entry a miss. */
    public void invalidate() {
        generation++;
        tentative--;
        size = 0;
        tentatives = 0;
        publish();
    }

    /** Makes every tentative entry a miss. */
    public void invalidateTentative() {
        if (tentatives != 0) {
            tentative--;
            size -= tentatives;
            tentatives = 0;
            publish();
        }
    }

    /** Returns how many entries of this generation there are, expired ones included; never above the capacity. */
    public int size() {
        return size;
    }

    /** Returns how many entries there can be: the quota, rounded down to whole groups. */
    public int capacity() {
        return lines;
    }

    /** Returns how often {@link #insert} was called. */
    public long inserts() {
        return inserts;
    }

    /** Returns how many entries were pushed out although they were neither outdated nor expired. */
    public long evictions() {
        return evictions;
    }

    /** Shows every entry of this generation to the visitor. */
    public void forEach(final FlowVisitor visitor) {
        final SlotReader reader = new SlotReader(6, VERSION);
        final long[] words = reader.words;
        for (int i = 0; i < lines; i++) {
            if (reader.read(base + ((long) i << LINE_SHIFT)) && isPublished(words[GENERATION >> 3])) {
                visitor.onFlow(words[0], words[1], words[2], (int) words[3], (int) (words[3] >>> 32), words[5]);
            }
        }
    }

    private boolean isPublished(final long stamp) {
        return stamp == Mem.getLongAcquire(header) || stamp == Mem.getLongAcquire(header + Long.BYTES);
    }

    /** Counts frames for which what the last lookup found was used again. */
    public void hitAgain(final int frames) {
        Mem.putLongNative(found + HITS, Mem.getLongNative(found + HITS) + frames);
    }

    private int take(final long line, final int nowMs) {
        if (!isLive(line, nowMs)) {
            return MISS;
        }
        found = line;
        Mem.putLongNative(line + HITS, Mem.getLongNative(line + HITS) + 1);
        return (int) Mem.getLongNative(line + VALUE);
    }

    /** The line to write: the key's own, else the first that holds nothing of worth, else the next to expire. */
    private long lineFor(final long slot, final long k0, final long k1, final long k2, final int nowMs) {
        long best = slot;
        int bestLeft = Integer.MAX_VALUE;
        long line = slot;
        do {
            if (matches(line, k0, k1, k2)) {
                return line;
            }
            final boolean unused = Mem.getLongNative(line + VERSION) == 0;
            final int left = isLive(line, nowMs) ? expiry(line) - nowMs : 0;
            if (left < bestLeft) {
                best = line;
                bestLeft = left;
            }
            if (unused) {
                return best;
            }
            line = next(line);
        } while (line != slot);
        return best;
    }

    private boolean isLive(final long line, final int nowMs) {
        final long stamp = Mem.getLongNative(line + GENERATION);
        return (stamp == generation || stamp == tentative) && expiry(line) - nowMs > 0;
    }

    private long next(final long line) {
        return (line & ~groupMask) | ((line + LINE) & groupMask);
    }

    private void write(
            final long line, final long k0, final long k1, final long k2, final long value, final long stamp) {
        SlotReader.turn(line + VERSION);
        Mem.putLongRelease(line + K0, k0);
        Mem.putLongRelease(line + K1, k1);
        Mem.putLongRelease(line + K2, k2);
        Mem.putLongRelease(line + VALUE, value);
        Mem.putLongRelease(line + GENERATION, stamp);
        Mem.putLongRelease(line + HITS, 0);
        SlotReader.turn(line + VERSION);
    }

    private static boolean matches(final long line, final long k0, final long k1, final long k2) {
        return Mem.getLongNative(line + K0) == k0
                && Mem.getLongNative(line + K1) == k1
                && Mem.getLongNative(line + K2) == k2;
    }

    private static int expiry(final long line) {
        return (int) (Mem.getLongNative(line + VALUE) >>> 32);
    }

    private static int ways(final int quota) {
        return Math.min(MAX_WAYS, Integer.highestOneBit(quota));
    }

    private static int linesFor(final int quota) {
        if (quota < 1 || quota > MAX_QUOTA) {
            throw new IllegalArgumentException("quota must be 1.." + MAX_QUOTA + ", not " + quota);
        }
        return quota & -ways(quota);
    }
}
