package io.weft.flowcache;

import static io.weft.flowcache.NetworkIndex.NONE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.encap.Mem;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class NetworkIndexTest {
    private static final int CAPACITY = 40;

    private record Key(int encapsulation, int port, int vni) {}

    private static NetworkIndex index(final int capacity, final long seed) {
        return new NetworkIndex(Mem.allocate(NetworkIndex.bytesFor(capacity), 64), capacity, seed);
    }

    @Test
    @Tag("V12")
    void shouldTellAllPartsOfTheKeyApart() {
        final NetworkIndex index = index(CAPACITY, 1);
        assertEquals(NONE, index.lookup(0, 0, 0));
        assertTrue(index.put(1, 4789, 5001, 10));
        assertEquals(10, index.lookup(1, 4789, 5001));
        assertEquals(NONE, index.lookup(0, 4789, 5001));
        assertEquals(NONE, index.lookup(1, 8472, 5001));
        assertEquals(NONE, index.lookup(1, 4789, 5002));
        assertTrue(index.put(1, 4789, 5001, 11));
        assertEquals(11, index.lookup(1, 4789, 5001));
        assertEquals(1, index.size());
        assertEquals(NONE, index.remove(1, 4789, 5002));
        assertEquals(11, index.remove(1, 4789, 5001));
        assertEquals(NONE, index.remove(1, 4789, 5001));
        assertEquals(0, index.size());
    }

    @Test
    void shouldKeepExtremeValues() {
        final NetworkIndex index = index(2, 1);
        assertTrue(index.put(0, 0, 0, 0));
        assertTrue(index.put(254, 0xffff, 0xffffff, 0xffff));
        assertFalse(index.put(1, 1, 1, 1));
        assertEquals(0, index.lookup(0, 0, 0));
        assertEquals(0xffff, index.lookup(254, 0xffff, 0xffffff));
        assertTrue(index.put(0, 0, 0, 7));
        assertEquals(2, index.capacity());
        final Map<Key, Integer> seen = new HashMap<>();
        index.forEach((encapsulation, port, vni, network) -> seen.put(new Key(encapsulation, port, vni), network));
        assertEquals(Map.of(new Key(0, 0, 0), 7, new Key(254, 0xffff, 0xffffff), 0xffff), seen);
    }

    @Test
    void shouldRefuseValuesThatDoNotFit() {
        final NetworkIndex index = index(2, 1);
        assertThrows(IllegalArgumentException.class, () -> index.put(-1, 0, 0, 0));
        assertThrows(IllegalArgumentException.class, () -> index.put(255, 0, 0, 0));
        assertThrows(IllegalArgumentException.class, () -> index.put(0, -1, 0, 0));
        final IllegalArgumentException refusal =
                assertThrows(IllegalArgumentException.class, () -> index.put(0, 0x10000, 0, 0));
        assertEquals("UDP port must be 0..65535, not 65536", refusal.getMessage());
        assertThrows(IllegalArgumentException.class, () -> index.put(0, 0, -1, 0));
        assertThrows(IllegalArgumentException.class, () -> index.put(0, 0, 0x1000000, 0));
        assertThrows(IllegalArgumentException.class, () -> index.put(0, 0, 0, -1));
        assertThrows(IllegalArgumentException.class, () -> index.put(0, 0, 0, 0x10000));
        assertEquals(0, index.size());
        assertEquals(16, NetworkIndex.bytesFor(1));
        assertEquals(32768 * 8, NetworkIndex.bytesFor(16_000));
        assertThrows(IllegalArgumentException.class, () -> NetworkIndex.bytesFor(0));
        final long memory = Mem.allocate(128, 64);
        assertThrows(IllegalArgumentException.class, () -> new NetworkIndex(memory + 8, 1, 0));
    }

    @Test
    void shouldHoldSixteenThousandNetworks() {
        final NetworkIndex index = index(16_384, 2);
        for (int i = 0; i < 16_384; i++) {
            assertTrue(index.put(i & 1, 4789, i, i));
        }
        for (int i = 0; i < 16_384; i++) {
            assertEquals(i, index.lookup(i & 1, 4789, i));
            assertEquals(NONE, index.lookup(2, 4789, i));
        }
    }

    @Test
    void shouldBoundTheProbeWhenKeysCollide() {
        final NetworkIndex index = index(512, 4);
        int vni = 0;
        for (int i = 0; i <= SlotTable.MAX_PROBE; i++) {
            do {
                vni++;
            } while (index.homeOf(0, 4789, vni) != 1000);
            assertEquals(i < SlotTable.MAX_PROBE, index.put(0, 4789, vni, i));
        }
        assertEquals(SlotTable.MAX_PROBE, index.size());
        assertEquals(NONE, index.lookup(0, 4789, vni));
        assertEquals(NONE, index.remove(0, 4789, vni));
    }

    @Test
    void shouldAgreeWithAMap() {
        final Random random = Seeds.random("NetworkIndex");
        for (int round = 0; round < 4; round++) {
            final NetworkIndex index = index(CAPACITY, random.nextLong());
            final Map<Key, Integer> model = new HashMap<>();
            final Key[] keys = new Key[2 * CAPACITY];
            for (int i = 0; i < keys.length; i++) {
                Key key;
                do {
                    key = new Key(random.nextInt(3), random.nextInt(4), random.nextInt(1 << 24));
                } while (round % 2 == 1 && index.homeOf(key.encapsulation, key.port, key.vni) < 125);
                keys[i] = key;
            }
            for (int step = 0; step < 10_000; step++) {
                final Key key = keys[random.nextInt(keys.length)];
                if (random.nextInt(5) < 3) {
                    final boolean fits = model.containsKey(key) || model.size() < CAPACITY;
                    assertEquals(fits, index.put(key.encapsulation, key.port, key.vni, step));
                    if (fits) {
                        model.put(key, step);
                    }
                } else {
                    final Integer was = model.remove(key);
                    assertEquals(was == null ? NONE : was, index.remove(key.encapsulation, key.port, key.vni));
                }
                final Key other = keys[random.nextInt(keys.length)];
                assertEquals(model.getOrDefault(other, NONE), index.lookup(other.encapsulation, other.port, other.vni));
                assertEquals(model.size(), index.size());
            }
            final Map<Key, Integer> seen = new HashMap<>();
            index.forEach((encapsulation, port, vni, network) -> seen.put(new Key(encapsulation, port, vni), network));
            assertEquals(model, seen);
        }
    }
}
