package io.weft.flowcache;

import static io.weft.flowcache.EndpointIndex.NONE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.encap.Mem;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class EndpointIndexTest {
    private static final int CAPACITY = 40;

    private record Key(int network, long high, long low) {}

    private static EndpointIndex index(final int capacity, final long seed) {
        return new EndpointIndex(Mem.allocate(EndpointIndex.bytesFor(capacity), 64), capacity, seed);
    }

    @Test
    void shouldTellAllPartsOfTheKeyApart() {
        final EndpointIndex index = index(CAPACITY, 1);
        assertEquals(NONE, index.lookup(0, 0, 0));
        assertTrue(index.put(1, 2, 3, 10));
        assertEquals(10, index.lookup(1, 2, 3));
        assertEquals(NONE, index.lookup(2, 2, 3));
        assertEquals(NONE, index.lookup(1, 3, 3));
        assertEquals(NONE, index.lookup(1, 2, 2));
        assertTrue(index.put(1, 2, 3, 11));
        assertEquals(11, index.lookup(1, 2, 3));
        assertEquals(1, index.size());
        assertEquals(NONE, index.remove(1, 3, 2));
        assertEquals(11, index.remove(1, 2, 3));
        assertEquals(NONE, index.remove(1, 2, 3));
        assertEquals(0, index.size());
    }

    @Test
    void shouldKeepNetworksApartWhenTheSameAddressCollides() {
        final EndpointIndex index = index(CAPACITY, 1);
        long low = 0;
        while (index.homeOf(1, 0, low) != index.homeOf(2, 0, low)) {
            low++;
        }
        index.put(1, 0, low, 10);
        assertEquals(NONE, index.lookup(2, 0, low));
        index.put(2, 0, low, 20);
        assertEquals(10, index.lookup(1, 0, low));
        assertEquals(20, index.lookup(2, 0, low));
        assertEquals(20, index.remove(2, 0, low));
        assertEquals(10, index.lookup(1, 0, low));
    }

    @Test
    void shouldKeepExtremeValues() {
        final EndpointIndex index = index(2, 1);
        assertTrue(index.put(0xffffff, -1, -1, -2));
        assertTrue(index.put(0, 0, 0, Integer.MIN_VALUE));
        assertFalse(index.put(0, 0, 1, 5));
        assertTrue(index.put(0, 0, 0, 0));
        assertEquals(-2, index.lookup(0xffffff, -1, -1));
        assertEquals(0, index.lookup(0, 0, 0));
        assertEquals(2, index.capacity());
    }

    @Test
    void shouldTakeSizesInTheirRangeOnly() {
        assertEquals(64, EndpointIndex.bytesFor(1));
        assertThrows(IllegalArgumentException.class, () -> EndpointIndex.bytesFor(0));
        final long memory = Mem.allocate(128, 64);
        assertThrows(IllegalArgumentException.class, () -> new EndpointIndex(memory + 8, 1, 0));
    }

    @Test
    void shouldBoundTheProbeWhenKeysCollide() {
        final EndpointIndex index = index(512, 4);
        long low = 0;
        for (int i = 0; i <= SlotTable.MAX_PROBE; i++) {
            do {
                low++;
            } while (index.homeOf(3, 4, low) != 1000);
            assertEquals(i < SlotTable.MAX_PROBE, index.put(3, 4, low, i));
        }
        assertEquals(SlotTable.MAX_PROBE, index.size());
        assertEquals(NONE, index.lookup(3, 4, low));
        assertEquals(NONE, index.remove(3, 4, low));
    }

    @Test
    void shouldAgreeWithAMap() {
        final Random random = Seeds.random("EndpointIndex");
        for (int round = 0; round < 4; round++) {
            final EndpointIndex index = index(CAPACITY, random.nextLong());
            final Map<Key, Integer> model = new HashMap<>();
            final Key[] keys = new Key[2 * CAPACITY];
            for (int i = 0; i < keys.length; i++) {
                Key key;
                do {
                    key = new Key(random.nextInt(3), random.nextInt(4), random.nextLong());
                } while (round % 2 == 1 && index.homeOf(key.network, key.high, key.low) < index.mask - 2);
                keys[i] = key;
            }
            for (int step = 0; step < 10_000; step++) {
                final Key key = keys[random.nextInt(keys.length)];
                if (random.nextInt(5) < 3) {
                    final boolean fits = model.containsKey(key) || model.size() < CAPACITY;
                    assertEquals(fits, index.put(key.network, key.high, key.low, step));
                    if (fits) {
                        model.put(key, step);
                    }
                } else {
                    final Integer was = model.remove(key);
                    assertEquals(was == null ? NONE : was, index.remove(key.network, key.high, key.low));
                }
                final Key other = keys[random.nextInt(keys.length)];
                assertEquals(model.getOrDefault(other, NONE), index.lookup(other.network, other.high, other.low));
                assertEquals(model.size(), index.size());
            }
            final Map<Key, Integer> seen = new HashMap<>();
            index.forEach((network, high, low, tunnel) -> seen.put(new Key(network, high, low), tunnel));
            assertEquals(model, seen);
        }
    }
}
