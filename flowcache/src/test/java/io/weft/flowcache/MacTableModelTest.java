package io.weft.flowcache;

import static io.weft.flowcache.MacTable.LEARNED;
import static io.weft.flowcache.MacTable.MOVED;
import static io.weft.flowcache.MacTable.NONE;
import static io.weft.flowcache.MacTable.REFRESHED;
import static io.weft.flowcache.MacTable.REFUSED_FULL;
import static io.weft.flowcache.MacTable.REFUSED_LIMIT;
import static io.weft.flowcache.MacTable.REFUSED_STATIC;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.weft.encap.Mem;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Random operations on the table and on a plain map, which must agree in every answer and in the whole content. */
class MacTableModelTest {
    private static final int NETWORKS = 5;
    private static final int CAPACITY = 48;
    private static final int KEYS = 96;
    private static final int STEPS = 30_000;

    private record Key(int network, int vlan, long mac) {}

    private record Value(int egress, boolean isStatic, int lastUsed) {}

    private final Map<Key, Value> model = new HashMap<>();
    private final int[] limits = new int[NETWORKS];
    private final int[] ages = new int[NETWORKS];
    private final Key[] keys = new Key[KEYS];
    private Random random;
    private MacTable table;
    private int now;

    @Test
    void shouldAgreeWithAMapWhenKeysAreRandom() {
        start("random keys", 0x7fff_f000);
        for (int i = 0; i < KEYS; i++) {
            keys[i] = randomKey();
        }
        run();
    }

    @Test
    void shouldAgreeWithAMapWhenKeysCollide() {
        start("colliding keys", -5_000);
        for (int i = 0; i < KEYS; i++) {
            Key key = randomKey();
            // Three neighbouring homes at the end of the table: all clusters run into each other and wrap.
            while (table.homeOf(key.network, key.vlan, key.mac) < table.slots() - 3) {
                key = randomKey();
            }
            keys[i] = key;
        }
        run();
    }

    private void start(final String name, final int clock) {
        random = Seeds.random("MacTable, " + name);
        table = new MacTable(Mem.allocate(MacTable.bytesFor(CAPACITY), 64), CAPACITY, NETWORKS, random.nextLong());
        now = clock;
        for (int network = 0; network < NETWORKS; network++) {
            limits[network] = CAPACITY;
            ages[network] = MacTable.DEFAULT_AGE_MS;
        }
    }

    private Key randomKey() {
        final int vlan = random.nextInt(3) == 0 ? random.nextInt(4096) : MacTable.NO_VLAN;
        return new Key(random.nextInt(NETWORKS), vlan, 2 + (random.nextLong() & 0x3eff_ffff_fffcL));
    }

    private void run() {
        for (int step = 0; step < STEPS; step++) {
            now += random.nextInt(4);
            final Key key = keys[random.nextInt(KEYS)];
            switch (random.nextInt(100)) {
                case 0 -> flush(key.network);
                case 1 -> flushEgress(random.nextInt(8));
                case 2 -> setLimit(key.network, random.nextInt(CAPACITY));
                case 3 -> setLimit(key.network, CAPACITY);
                case 4 -> setAge(key.network, 1 + random.nextInt(200));
                case 5 -> clear(key.network);
                case 6, 7, 8 -> sweep();
                case 9, 10, 11, 12, 13 -> putStatic(key, random.nextInt(8));
                case 14, 15, 16, 17, 18, 19, 20 -> removeStatic(key);
                case 21, 22, 23, 24, 25, 26, 27, 28 -> remove(key);
                default -> learn(key, random.nextInt(8));
            }
            final Key other = keys[random.nextInt(KEYS)];
            final Value value = model.get(other);
            assertEquals(value == null ? NONE : value.egress, table.lookup(other.network, other.vlan, other.mac));
            if (step % 64 == 0) {
                check();
            }
        }
        check();
    }

    private void learn(final Key key, final int egress) {
        final Value known = model.get(key);
        final int expected;
        if (known != null) {
            expected = known.egress == egress ? REFRESHED : known.isStatic ? REFUSED_STATIC : MOVED;
            if (!known.isStatic) {
                model.put(key, new Value(egress, false, now));
            }
        } else if (count(key.network) >= limits[key.network]) {
            expected = REFUSED_LIMIT;
        } else if (model.size() == CAPACITY) {
            expected = REFUSED_FULL;
        } else {
            expected = LEARNED;
            model.put(key, new Value(egress, false, now));
        }
        assertEquals(expected, table.learn(key.network, key.vlan, key.mac, egress, now));
    }

    private void putStatic(final Key key, final int egress) {
        final boolean fits = model.containsKey(key) || model.size() < CAPACITY;
        assertEquals(fits, table.putStatic(key.network, key.vlan, key.mac, egress));
        if (fits) {
            model.put(key, new Value(egress, true, 0));
        }
    }

    private void removeStatic(final Key key) {
        final Value known = model.get(key);
        final boolean there = known != null && known.isStatic;
        assertEquals(there, table.removeStatic(key.network, key.vlan, key.mac));
        if (there) {
            model.remove(key);
        }
    }

    private void remove(final Key key) {
        final Value known = model.get(key);
        final boolean there = known != null && !known.isStatic;
        assertEquals(there, table.remove(key.network, key.vlan, key.mac));
        if (there) {
            model.remove(key);
        }
    }

    private void flush(final int network) {
        final int before = model.size();
        model.entrySet().removeIf(e -> e.getKey().network == network && !e.getValue().isStatic);
        assertEquals(before - model.size(), table.flush(network));
    }

    private void clear(final int network) {
        final int before = model.size();
        model.entrySet().removeIf(e -> e.getKey().network == network);
        assertEquals(before - model.size(), table.clear(network));
    }

    private void flushEgress(final int egress) {
        final int before = model.size();
        model.entrySet().removeIf(e -> e.getValue().egress == egress);
        assertEquals(before - model.size(), table.flushEgress(egress));
    }

    private void setLimit(final int network, final int entries) {
        limits[network] = entries;
        table.setLimit(network, entries);
    }

    private void setAge(final int network, final int ms) {
        ages[network] = ms;
        table.setAge(network, ms);
    }

    /** A sweep of part of the table removes aged entries only; a whole round, with the removals' visits, all of them. */
    private void sweep() {
        final boolean whole = random.nextBoolean();
        final int visits = whole ? table.slots() + CAPACITY : random.nextInt(16);
        final int before = model.size();
        final int removed = table.sweep(now, visits, (network, vlan, mac, egress) -> {
            final Value value = model.remove(new Key(network, vlan, mac));
            assertEquals(egress, value.egress);
            assertEquals(true, isAged(network, value));
        });
        assertEquals(removed, before - model.size());
        if (whole) {
            model.forEach((key, value) -> assertEquals(false, isAged(key.network, value)));
        }
    }

    private boolean isAged(final int network, final Value value) {
        return !value.isStatic && now - value.lastUsed >= ages[network];
    }

    private int count(final int network) {
        return (int) model.keySet().stream().filter(k -> k.network == network).count();
    }

    private void check() {
        final Map<Key, Value> seen = new HashMap<>();
        table.forEach((network, vlan, mac, egress, isStatic, lastUsed) ->
                assertEquals(null, seen.put(new Key(network, vlan, mac), new Value(egress, isStatic, lastUsed))));
        assertEquals(model, seen);
        assertEquals(model.size(), table.size());
        for (int network = 0; network < NETWORKS; network++) {
            assertEquals(count(network), table.count(network));
        }
    }
}
