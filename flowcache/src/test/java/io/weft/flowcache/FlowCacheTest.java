package io.weft.flowcache;

import static io.weft.flowcache.FlowCache.MISS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.encap.Mem;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FlowCacheTest {
    private static final long LINE = 64;

    private record Key(long k0, long k1, long k2) {}

    private record Value(int value, int expiry) {}

    private static FlowCache cache(final int quota) {
        return new FlowCache(Mem.allocate(FlowCache.bytesFor(quota), 512), quota, 5);
    }

    private static List<String> entries(final FlowCache cache) {
        final List<String> entries = new ArrayList<>();
        cache.forEach((k0, k1, k2, value, expiry, hits) ->
                entries.add(k0 + "," + k1 + "," + k2 + "=" + value + " until " + expiry + " hits " + hits));
        entries.sort(null);
        return entries;
    }

    @Test
    void shouldMissWhenEmpty() {
        final FlowCache cache = cache(64);
        assertEquals(MISS, cache.lookup(0, 0, 0, 0));
        assertEquals(MISS, cache.lookup(1, 2, 3, -1));
        assertEquals(0, cache.size());
        assertEquals(64, cache.capacity());
        assertEquals(List.of(), entries(cache));
    }

    @Test
    void shouldMatchAllThreeWords() {
        final FlowCache cache = cache(8);
        cache.insert(1, 2, 3, 42, 0, 100);
        assertEquals(42, cache.lookup(1, 2, 3, 0));
        final long slot = cache.slotOf(cache.hash(1, 2, 3));
        assertEquals(MISS, cache.lookupAt(slot, 0, 2, 3, 0));
        assertEquals(MISS, cache.lookupAt(slot, 1, 0, 3, 0));
        assertEquals(MISS, cache.lookupAt(slot, 1, 2, 0, 0));
        assertEquals(List.of("1,2,3=42 until 100 hits 1"), entries(cache));
    }

    @Test
    void shouldReplaceTheSameFlow() {
        final FlowCache cache = cache(8);
        cache.insert(1, 2, 3, 42, 0, 100);
        cache.lookup(1, 2, 3, 0);
        cache.insert(1, 2, 3, 43, 50, 200);
        assertEquals(43, cache.lookup(1, 2, 3, 150));
        assertEquals(43, cache.lookup(1, 2, 3, 150));
        assertEquals(List.of("1,2,3=43 until 200 hits 2"), entries(cache));
        assertEquals(1, cache.size());
        assertEquals(2, cache.inserts());
        assertEquals(0, cache.evictions());
    }

    @Test
    void shouldExpireExactlyAndAcrossTheClocksWrap() {
        final FlowCache cache = cache(64);
        cache.insert(1, 2, 3, 42, 0, 100);
        assertEquals(42, cache.lookup(1, 2, 3, 99));
        assertEquals(MISS, cache.lookup(1, 2, 3, 100));
        cache.insert(4, 5, 6, 7, Integer.MAX_VALUE, Integer.MIN_VALUE + 9);
        assertEquals(7, cache.lookup(4, 5, 6, Integer.MIN_VALUE + 8));
        assertEquals(MISS, cache.lookup(4, 5, 6, Integer.MIN_VALUE + 9));
        cache.insert(7, 8, 9, 1, -10, 10);
        assertEquals(1, cache.lookup(7, 8, 9, -1));
        assertEquals(1, cache.lookup(7, 8, 9, 9));
        assertEquals(MISS, cache.lookup(7, 8, 9, 10));
    }

    @Test
    void shouldKeepExtremeValues() {
        final FlowCache cache = cache(64);
        cache.insert(-1, -1, -1, -2, 0, 5);
        cache.insert(0, 0, 0, Integer.MIN_VALUE, 0, 5);
        assertEquals(-2, cache.lookup(-1, -1, -1, 0));
        assertEquals(Integer.MIN_VALUE, cache.lookup(0, 0, 0, 0));
    }

    @Test
    void shouldMissEverythingWhenInvalidated() {
        final FlowCache cache = cache(8);
        cache.insert(1, 2, 3, 42, 0, 100);
        cache.invalidate();
        assertEquals(MISS, cache.lookup(1, 2, 3, 0));
        assertEquals(0, cache.size());
        assertEquals(List.of(), entries(cache));
        cache.insert(1, 2, 3, 43, 0, 100);
        assertEquals(43, cache.lookup(1, 2, 3, 0));
        assertEquals(1, cache.size());
        assertEquals(0, cache.evictions());
        for (int i = 0; i < 20; i++) {
            cache.insert(i, 0, 0, i, 0, 100);
        }
        cache.invalidate();
        for (int i = 0; i < 8; i++) {
            cache.insert(i, 0, 9, i, 0, 100);
            assertEquals(i + 1, cache.size());
        }
        for (int i = 0; i < 8; i++) {
            assertEquals(i, cache.lookup(i, 0, 9, 0));
        }
    }

    @Test
    void shouldHoldEightFlowsOfOneGroupAndThenEvictTheNextToExpire() {
        final FlowCache cache = cache(8);
        for (int i = 0; i < 8; i++) {
            cache.insert(i, 0, 0, i, 0, i == 5 ? 100 : 101 + i);
        }
        for (int i = 0; i < 8; i++) {
            assertEquals(i, cache.lookup(i, 0, 0, 0));
        }
        assertEquals(0, cache.evictions());
        cache.insert(8, 0, 0, 8, 0, 500);
        assertEquals(1, cache.evictions());
        assertEquals(8, cache.size());
        for (int i = 0; i <= 8; i++) {
            assertEquals(i == 5 ? MISS : i, cache.lookup(i, 0, 0, 0));
        }
    }

    @Test
    void shouldTakeAnExpiredLineWithoutCountingAnEviction() {
        final FlowCache cache = cache(8);
        for (int i = 0; i < 8; i++) {
            cache.insert(i, 0, 0, i, 0, i == 3 ? 50 : 100);
        }
        cache.insert(8, 0, 0, 8, 50, 500);
        assertEquals(0, cache.evictions());
        assertEquals(8, cache.size());
        for (int i = 0; i <= 8; i++) {
            assertEquals(i == 3 ? MISS : i, cache.lookup(i, 0, 0, 50));
        }
        cache.insert(9, 0, 0, 9, 99, 500);
        assertEquals(1, cache.evictions());
    }

    @Test
    void shouldPreferTheFirstWorthlessLine() {
        final FlowCache cache = cache(8);
        for (int i = 0; i < 3; i++) {
            cache.insert(i, 0, 0, i, 0, 10 + i);
        }
        // All three have expired: the flow goes to the first line of its own probe, and the rest stays unused.
        cache.insert(9, 0, 0, 9, 100, 200);
        assertTrue(cache.size() == 3 || cache.size() == 4);
        assertEquals(9, cache.lookup(9, 0, 0, 100));
    }

    @Test
    void shouldFindAFlowBehindAnExpiredOne() {
        final FlowCache cache = cache(8);
        final long slot = cache.slotOf(0);
        cache.insertAt(slot, 1, 0, 0, 1, 0, 10);
        cache.insertAt(slot, 2, 0, 0, 2, 0, 100);
        assertEquals(2, cache.lookupAt(slot, 2, 0, 0, 50));
        // Its own line, not the expired one before it: a flow is never there twice.
        cache.insertAt(slot, 2, 0, 0, 3, 50, 100);
        assertEquals(List.of("1,0,0=1 until 10 hits 0", "2,0,0=3 until 100 hits 0"), entries(cache));
        cache.insertAt(slot, 3, 0, 0, 4, 50, 100);
        assertEquals(List.of("2,0,0=3 until 100 hits 0", "3,0,0=4 until 100 hits 0"), entries(cache));
        assertEquals(2, cache.size());
    }

    @Test
    void shouldWrapInsideTheGroup() {
        final FlowCache cache = cache(24);
        final long base = cache.slotOf(0);
        final long slot = base + 13 * LINE;
        for (int i = 0; i < 8; i++) {
            cache.insertAt(slot, i, 7, 7, i, 0, 100);
        }
        for (int i = 0; i < 8; i++) {
            assertEquals(i, cache.lookupAt(slot, i, 7, 7, 0));
            assertEquals(i, Mem.getLongNative(base + (i < 3 ? 13 + i : 5 + i) * LINE));
        }
        assertEquals(0, Mem.getLongNative(base + 7 * LINE + 8));
        assertEquals(0, Mem.getLongNative(base + 16 * LINE + 8));
        assertEquals(0, cache.evictions());
    }

    @Test
    void shouldUseEveryLineAsAPreferredOne() {
        final FlowCache cache = cache(24);
        final long base = cache.slotOf(0);
        assertEquals(base + 23 * LINE, cache.slotOf(-1));
        assertEquals(base + 12 * LINE, cache.slotOf(1L << 63));
        assertEquals(base + 11 * LINE, cache.slotOf((1L << 63) - 1));
        assertEquals(base, cache.slotOf(0xffff_ffffL));
    }

    @Test
    void shouldTouchTheLineItIsGiven() {
        final FlowCache cache = cache(64);
        cache.insert(77, 2, 3, 1, 0, 10);
        assertEquals(77, FlowCache.touch(cache.slotOf(cache.hash(77, 2, 3))));
    }

    @Test
    void shouldRoundTheQuotaDown() {
        final int[][] quotaAndCapacity = {
            {1, 1}, {2, 2}, {3, 2}, {4, 4}, {5, 4}, {7, 4}, {8, 8}, {15, 8}, {16, 16}, {100, 96}, {65_536, 65_536}
        };
        for (final int[] pair : quotaAndCapacity) {
            assertEquals(pair[1], cache(pair[0]).capacity());
            assertEquals((pair[1] + 1) * 64L, FlowCache.bytesFor(pair[0]));
        }
        assertThrows(IllegalArgumentException.class, () -> FlowCache.bytesFor(0));
        assertThrows(IllegalArgumentException.class, () -> FlowCache.bytesFor(FlowCache.MAX_QUOTA + 1));
        assertEquals((FlowCache.MAX_QUOTA + 1L) * 64, FlowCache.bytesFor(FlowCache.MAX_QUOTA));
        final long memory = Mem.allocate(1024, 512);
        assertThrows(IllegalArgumentException.class, () -> new FlowCache(memory + 256, 1, 0));
    }

    @Test
    void shouldNeverHoldMoreThanItsQuota() {
        for (final int quota : new int[] {1, 2, 3, 7, 8, 20, 100}) {
            final FlowCache cache = cache(quota);
            for (int i = 0; i < 10 * quota; i++) {
                cache.insert(i, i, i, i, 0, 100);
                assertEquals(i, cache.lookup(i, i, i, 0));
                assertTrue(cache.size() <= quota);
                assertTrue(entries(cache).size() <= quota);
                assertEquals(cache.size(), entries(cache).size());
            }
            assertEquals(10L * quota, cache.inserts());
            assertEquals(cache.inserts() - cache.size(), cache.evictions());
        }
    }

    @Test
    void shouldNotEvictAnotherTenantsFlows() {
        final FlowCache quiet = cache(64);
        final FlowCache busy = cache(64);
        for (int i = 0; i < 8; i++) {
            quiet.insert(i, 1, 1, i, 0, 1000);
        }
        for (int i = 0; i < 10_000; i++) {
            busy.insert(i, 1, 1, 5, 0, 1000);
        }
        assertTrue(busy.evictions() > 9_000);
        assertEquals(0, quiet.evictions());
        for (int i = 0; i < 8; i++) {
            assertEquals(i, quiet.lookup(i, 1, 1, 0));
        }
    }

    @Test
    void shouldStayInsideItsMemory() {
        final long bytes = FlowCache.bytesFor(24);
        final long memory = Mem.allocate(512 + bytes + 64, 512);
        Mem.fill(memory, 512, 0x5a);
        Mem.fill(memory + 512 + bytes, 64, 0x5a);
        final FlowCache cache = new FlowCache(memory + 512, 24, 5);
        for (int i = 0; i < 1000; i++) {
            cache.insert(i, i, i, i, 0, 100);
        }
        cache.invalidate();
        for (int i = 0; i < 512; i++) {
            assertEquals(0x5a, Mem.getByte(memory + i));
        }
        for (int i = 0; i < 64; i++) {
            assertEquals(0x5a, Mem.getByte(memory + 512 + bytes + i));
        }
    }

    @Test
    void shouldHideALineThatIsBeingWritten() {
        final FlowCache cache = cache(8);
        final long base = cache.slotOf(0);
        cache.insertAt(base, 1, 2, 3, 42, 0, 100);
        cache.insertAt(base, 4, 5, 6, 43, 0, 100);
        assertEquals(2, entries(cache).size());
        // What was read of the first line must not be shown in the second one's place.
        final long version = base + LINE + 48;
        Mem.putLongNative(version, Mem.getLongNative(version) + 1);
        assertEquals(List.of("1,2,3=42 until 100 hits 0"), entries(cache));
    }

    @Test
    void shouldTurnTheVersionTwiceForEachWrite() {
        final FlowCache cache = cache(1);
        for (int i = 1; i < 5; i++) {
            cache.insert(i, 2, 3, 42, 0, 100);
            assertEquals(2L * i, Mem.getLongNative(cache.slotOf(0) + 48));
        }
    }

    @Test
    void shouldFillWellBelowTheQuotaWithoutMuchEviction() {
        final FlowCache cache = cache(65_536);
        for (int i = 0; i < 32_768; i++) {
            cache.insert((0x0200_0000_0000L + i) << 16, 7, i & 3, i, 0, 1000);
        }
        assertTrue(cache.evictions() < 32_768 / 100, cache.evictions() + " evictions at half of the quota");
    }

    @Test
    void shouldGiveUnrelatedPlacesWhenSeedsDiffer() {
        final FlowCache one = new FlowCache(Mem.allocate(FlowCache.bytesFor(8), 512), 8, 1);
        final FlowCache two = new FlowCache(Mem.allocate(FlowCache.bytesFor(8), 512), 8, 2);
        assertNotEquals(one.hash(1, 2, 3), two.hash(1, 2, 3));
    }

    /** A hit is always what was last inserted and still lives; a miss of what should live has been evicted. */
    @Test
    void shouldAgreeWithAMap() {
        final Random random = Seeds.random("FlowCache");
        for (final int quota : new int[] {4, 24, 256}) {
            final FlowCache cache = cache(quota);
            final Map<Key, Value> model = new HashMap<>();
            int now = Integer.MAX_VALUE - 5_000;
            for (int step = 0; step < 20_000; step++) {
                now += random.nextInt(3);
                final Key key = new Key(random.nextInt(8), random.nextInt(4), random.nextInt(4));
                final int choice = random.nextInt(500);
                if (choice == 0) {
                    cache.invalidate();
                    model.clear();
                } else if (choice < 200) {
                    final int expiry = now + 1 + random.nextInt(300);
                    cache.insert(key.k0, key.k1, key.k2, step, now, expiry);
                    model.put(key, new Value(step, expiry));
                    assertEquals(step, cache.lookup(key.k0, key.k1, key.k2, now));
                } else {
                    final Value expected = model.get(key);
                    final int found = cache.lookup(key.k0, key.k1, key.k2, now);
                    if (expected == null || expected.expiry - now <= 0) {
                        assertEquals(MISS, found);
                    } else if (quota == 256 || found != MISS) {
                        assertEquals(expected.value, found);
                    }
                }
                assertTrue(cache.size() <= quota);
            }
            assertEquals(quota == 256, cache.evictions() == 0);
        }
    }
}
