package io.weft.flowcache;

import static io.weft.flowcache.MacTable.LEARNED;
import static io.weft.flowcache.MacTable.MAX_AGE_MS;
import static io.weft.flowcache.MacTable.MOVED;
import static io.weft.flowcache.MacTable.NONE;
import static io.weft.flowcache.MacTable.NO_VLAN;
import static io.weft.flowcache.MacTable.REFRESHED;
import static io.weft.flowcache.MacTable.REFUSED_ADDRESS;
import static io.weft.flowcache.MacTable.REFUSED_FULL;
import static io.weft.flowcache.MacTable.REFUSED_LIMIT;
import static io.weft.flowcache.MacTable.REFUSED_STATIC;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.encap.Mem;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class MacTableTest {
    private static final long A = 0x0200_0000_0001L;
    private static final long B = 0x0200_0000_0002L;
    private static final long C = 0xfeff_ffff_ffffL;
    private static final int NETWORKS = 16;
    private static final int CAPACITY = 64;

    private final MacTable table = table(CAPACITY);
    private final List<String> expired = new ArrayList<>();
    private final Expired listener = (network, vlan, mac, egress) ->
            expired.add(network + "/" + vlan + "/" + Long.toHexString(mac) + ">" + egress);

    private static MacTable table(final int capacity) {
        return new MacTable(Mem.allocate(MacTable.bytesFor(capacity), 64), capacity, NETWORKS, 1);
    }

    private List<String> entries() {
        final List<String> entries = new ArrayList<>();
        table.forEach((network, vlan, mac, egress, isStatic, lastUsed) -> entries.add(network + "/" + vlan + "/"
                + Long.toHexString(mac) + ">" + egress + (isStatic ? " static " : " ") + lastUsed));
        entries.sort(null);
        return entries;
    }

    @Test
    void shouldAnswerNoneWhenEmpty() {
        assertEquals(NONE, table.lookup(0, NO_VLAN, A));
        assertEquals(NONE, table.lookup(0, 0, 0));
        assertEquals(0, table.size());
        assertEquals(CAPACITY, table.capacity());
        assertEquals(List.of(), entries());
    }

    @Test
    @Tag("V12")
    void shouldKeepNetworksApartWhenMacsOverlap() {
        assertEquals(LEARNED, table.learn(1, NO_VLAN, A, 10, 0));
        assertEquals(LEARNED, table.learn(2, NO_VLAN, A, 20, 0));
        assertEquals(10, table.lookup(1, NO_VLAN, A));
        assertEquals(20, table.lookup(2, NO_VLAN, A));
        assertEquals(NONE, table.lookup(3, NO_VLAN, A));
        assertEquals(1, table.count(1));
        assertEquals(1, table.count(2));
        assertEquals(0, table.count(3));
        assertEquals(2, table.size());
    }

    @Test
    @Tag("V12")
    void shouldKeepNetworksApartWhenTheSameMacCollides() {
        long mac = 2;
        while (table.homeOf(1, NO_VLAN, mac) != table.homeOf(2, NO_VLAN, mac)) {
            mac += 2;
        }
        table.learn(1, NO_VLAN, mac, 10, 0);
        assertEquals(NONE, table.lookup(2, NO_VLAN, mac));
        assertEquals(LEARNED, table.learn(2, NO_VLAN, mac, 20, 0));
        assertEquals(10, table.lookup(1, NO_VLAN, mac));
        assertEquals(20, table.lookup(2, NO_VLAN, mac));
        assertEquals(1, table.flush(1));
        assertEquals(20, table.lookup(2, NO_VLAN, mac));
    }

    @Test
    void shouldKeepInnerVlansApart() {
        table.learn(1, 0, A, 10, 0);
        table.learn(1, 4095, A, 20, 0);
        table.learn(1, NO_VLAN, A, 30, 0);
        assertEquals(10, table.lookup(1, 0, A));
        assertEquals(20, table.lookup(1, 4095, A));
        assertEquals(30, table.lookup(1, NO_VLAN, A));
        assertEquals(NONE, table.lookup(1, 1, A));
    }

    @Test
    @Tag("V13")
    void shouldMoveWhenLearnedElsewhere() {
        assertEquals(LEARNED, table.learn(1, NO_VLAN, A, 10, 5));
        assertEquals(REFRESHED, table.learn(1, NO_VLAN, A, 10, 6));
        assertEquals(List.of("1/65535/20000000001>10 6"), entries());
        assertEquals(MOVED, table.learn(1, NO_VLAN, A, 11, 7));
        assertEquals(11, table.lookup(1, NO_VLAN, A));
        assertEquals(List.of("1/65535/20000000001>11 7"), entries());
        assertEquals(1, table.size());
        assertEquals(1, table.count(1));
    }

    @Test
    void shouldKeepExtremeKeysAndEgresses() {
        final MacTable wide = new MacTable(Mem.allocate(MacTable.bytesFor(4), 64), 4, MacTable.MAX_NETWORKS, 1);
        assertEquals(LEARNED, wide.learn(MacTable.MAX_NETWORKS - 1, 4095, C, -2, -1));
        assertEquals(-2, wide.lookup(MacTable.MAX_NETWORKS - 1, 4095, C));
        assertEquals(REFRESHED, wide.learn(MacTable.MAX_NETWORKS - 1, 4095, C, -2, -1));
        assertEquals(MOVED, wide.learn(MacTable.MAX_NETWORKS - 1, 4095, C, Integer.MIN_VALUE, -1));
        wide.forEach((network, vlan, mac, egress, isStatic, lastUsed) -> {
            assertEquals(MacTable.MAX_NETWORKS - 1, network);
            assertEquals(4095, vlan);
            assertEquals(C, mac);
            assertEquals(Integer.MIN_VALUE, egress);
            assertFalse(isStatic);
            assertEquals(-1, lastUsed);
        });
        assertEquals(1, wide.flushEgress(Integer.MIN_VALUE));
    }

    @Test
    void shouldRefuseGroupAndZeroSources() {
        assertEquals(REFUSED_ADDRESS, table.learn(1, NO_VLAN, 0, 1, 0));
        assertEquals(REFUSED_ADDRESS, table.learn(1, NO_VLAN, 0xffff_ffff_ffffL, 1, 0));
        assertEquals(REFUSED_ADDRESS, table.learn(1, NO_VLAN, 0x0100_0000_0000L, 1, 0));
        assertEquals(LEARNED, table.learn(1, NO_VLAN, 0xfe00_0000_0000L, 1, 0));
        assertEquals(LEARNED, table.learn(1, NO_VLAN, 1, 1, 0));
    }

    @Test
    void shouldRefuseAtTheNetworksLimitExactly() {
        table.setLimit(1, 2);
        assertEquals(LEARNED, table.learn(1, NO_VLAN, 2, 1, 0));
        assertEquals(LEARNED, table.learn(1, NO_VLAN, 4, 1, 0));
        assertEquals(REFUSED_LIMIT, table.learn(1, NO_VLAN, 6, 1, 0));
        assertEquals(NONE, table.lookup(1, NO_VLAN, 6));
        assertEquals(LEARNED, table.learn(2, NO_VLAN, 6, 1, 0));
        assertEquals(MOVED, table.learn(1, NO_VLAN, 2, 9, 0));
        assertTrue(table.remove(1, NO_VLAN, 2));
        assertEquals(LEARNED, table.learn(1, NO_VLAN, 6, 1, 0));
        table.setLimit(1, 0);
        assertEquals(REFUSED_LIMIT, table.learn(1, NO_VLAN, 8, 1, 0));
        assertEquals(2, table.count(1));
    }

    @Test
    void shouldRefuseNetworksItDoesNotHave() {
        assertEquals(REFUSED_LIMIT, table.learn(NETWORKS, NO_VLAN, A, 1, 0));
        assertEquals(REFUSED_LIMIT, table.learn(-1, NO_VLAN, A, 1, 0));
        assertEquals(LEARNED, table.learn(NETWORKS - 1, NO_VLAN, A, 1, 0));
        assertEquals(LEARNED, table.learn(0, NO_VLAN, A, 1, 0));
        final IllegalArgumentException refusal =
                assertThrows(IllegalArgumentException.class, () -> table.setLimit(NETWORKS, 1));
        assertEquals("network must be 0..15, not 16", refusal.getMessage());
        assertThrows(IllegalArgumentException.class, () -> table.setAge(-1, 1));
        assertThrows(IllegalArgumentException.class, () -> table.count(NETWORKS));
        assertThrows(IllegalArgumentException.class, () -> table.putStatic(NETWORKS, 0, A, 1));
        table.setLimit(NETWORKS - 1, 1);
        table.setAge(0, 1);
    }

    @Test
    void shouldRefuseWhenFull() {
        for (int i = 1; i <= CAPACITY; i++) {
            assertEquals(LEARNED, table.learn(i % 2, NO_VLAN, i, i, 0));
        }
        assertEquals(REFUSED_FULL, table.learn(2, NO_VLAN, A, 1, 0));
        assertFalse(table.putStatic(2, NO_VLAN, A, 1));
        assertEquals(0, table.count(2));
        assertEquals(CAPACITY, table.size());
        assertTrue(table.putStatic(1, NO_VLAN, 1, 77));
        assertTrue(table.remove(0, NO_VLAN, 2));
        assertEquals(LEARNED, table.learn(2, NO_VLAN, A, 1, 0));
    }

    @Test
    void shouldNotMoveNorAgeStaticEntries() {
        table.setAge(1, 10);
        assertTrue(table.putStatic(1, NO_VLAN, A, 5));
        assertEquals(REFUSED_STATIC, table.learn(1, NO_VLAN, A, 6, 0));
        assertEquals(REFRESHED, table.learn(1, NO_VLAN, A, 5, 0));
        assertEquals(5, table.lookup(1, NO_VLAN, A));
        assertEquals(0, table.sweep(1000, 2 * table.slots(), listener));
        assertEquals(List.of("1/65535/20000000001>5 static 0"), entries());
        assertFalse(table.remove(1, NO_VLAN, A));
        assertTrue(table.removeStatic(1, NO_VLAN, A));
        assertFalse(table.removeStatic(1, NO_VLAN, A));
        assertEquals(0, table.count(1));
        assertEquals(0, table.size());
    }

    @Test
    void shouldReplaceDynamicByStatic() {
        table.learn(1, NO_VLAN, A, 5, 99);
        assertFalse(table.removeStatic(1, NO_VLAN, A));
        assertTrue(table.putStatic(1, NO_VLAN, A, 6));
        assertTrue(table.putStatic(1, NO_VLAN, A, 7));
        assertEquals(List.of("1/65535/20000000001>7 static 0"), entries());
        assertEquals(1, table.count(1));
    }

    @Test
    void shouldCountStaticEntriesTowardsTheLimitButNotRefuseThem() {
        table.setLimit(1, 1);
        table.putStatic(1, NO_VLAN, A, 5);
        assertEquals(1, table.count(1));
        assertEquals(REFUSED_LIMIT, table.learn(1, NO_VLAN, B, 5, 0));
        assertTrue(table.putStatic(1, NO_VLAN, B, 5));
        assertEquals(2, table.count(1));
    }

    @Test
    void shouldFlushOneNetworksDynamicEntries() {
        for (int i = 1; i <= 20; i++) {
            table.learn(1, NO_VLAN, i, i, 0);
            table.learn(2, NO_VLAN, i, i, 0);
        }
        table.putStatic(1, NO_VLAN, A, 5);
        assertEquals(20, table.flush(1));
        assertEquals(0, table.flush(1));
        assertEquals(1, table.count(1));
        assertEquals(20, table.count(2));
        assertEquals(5, table.lookup(1, NO_VLAN, A));
        assertEquals(1, table.clear(1));
        assertEquals(20, table.clear(2));
        assertEquals(0, table.size());
    }

    @Test
    void shouldFlushAnEgressInAllNetworks() {
        for (int i = 1; i <= 20; i++) {
            table.learn(i % 4, NO_VLAN, i, i % 2, 0);
        }
        table.putStatic(5, NO_VLAN, A, 1);
        assertEquals(11, table.flushEgress(1));
        assertEquals(10, table.size());
        assertEquals(NONE, table.lookup(5, NO_VLAN, A));
        assertEquals(0, table.count(1));
        assertEquals(5, table.count(2));
        assertEquals(10, table.flushEgress(0));
        assertEquals(0, table.flushEgress(0));
    }

    @Test
    void shouldAgeAtTheAgeExactly() {
        table.setAge(1, 100);
        table.learn(1, 7, A, 5, 1000);
        assertEquals(0, table.sweep(1099, table.slots(), listener));
        assertEquals(5, table.lookup(1, 7, A));
        assertEquals(1, table.sweep(1100, table.slots(), listener));
        assertEquals(NONE, table.lookup(1, 7, A));
        assertEquals(List.of("1/7/20000000001>5"), expired);
        assertEquals(0, table.count(1));
    }

    @Test
    void shouldAgeByLastUseNotByLookup() {
        table.setAge(1, 100);
        table.learn(1, NO_VLAN, A, 5, 0);
        table.learn(1, NO_VLAN, B, 5, 0);
        table.learn(1, NO_VLAN, A, 5, 50);
        table.lookup(1, NO_VLAN, B);
        assertEquals(1, table.sweep(100, table.slots(), listener));
        assertEquals(5, table.lookup(1, NO_VLAN, A));
        assertEquals(NONE, table.lookup(1, NO_VLAN, B));
    }

    @Test
    void shouldAgeAcrossTheClocksWrap() {
        table.setAge(1, 100);
        table.learn(1, NO_VLAN, A, 5, Integer.MAX_VALUE - 10);
        table.learn(2, NO_VLAN, A, 5, -60);
        table.setAge(2, 100);
        assertEquals(0, table.sweep(Integer.MIN_VALUE + 88, table.slots(), listener));
        assertEquals(1, table.sweep(Integer.MIN_VALUE + 89, table.slots(), listener));
        assertEquals(0, table.sweep(39, table.slots(), listener));
        assertEquals(1, table.sweep(40, table.slots(), listener));
    }

    @Test
    void shouldNotAgeWhenTheClockStepsBackALittle() {
        table.setAge(1, 100);
        table.learn(1, NO_VLAN, A, 5, 1000);
        assertEquals(0, table.sweep(990, table.slots(), listener));
    }

    @Test
    void shouldNeverAgeWhenTheAgeIsZero() {
        table.setAge(1, 0);
        table.learn(1, NO_VLAN, A, 5, 0);
        assertEquals(0, table.sweep(Integer.MAX_VALUE, table.slots(), listener));
    }

    @Test
    void shouldStartWithTheDefaultAge() {
        table.learn(1, NO_VLAN, A, 5, 0);
        assertEquals(0, table.sweep(MacTable.DEFAULT_AGE_MS - 1, table.slots(), listener));
        assertEquals(1, table.sweep(MacTable.DEFAULT_AGE_MS, table.slots(), listener));
    }

    @Test
    void shouldTakeAgesInTheirRangeOnly() {
        assertThrows(IllegalArgumentException.class, () -> table.setAge(1, -1));
        assertThrows(IllegalArgumentException.class, () -> table.setAge(1, MAX_AGE_MS + 1));
        table.setAge(1, MAX_AGE_MS);
        table.learn(1, NO_VLAN, A, 5, 0);
        assertEquals(0, table.sweep(MAX_AGE_MS - 1, table.slots(), listener));
        assertEquals(1, table.sweep(MAX_AGE_MS, table.slots(), listener));
    }

    @Test
    void shouldVisitAtMostTheSlotsItIsGiven() {
        table.setAge(1, 10);
        for (int i = 1; i <= 20; i++) {
            table.learn(1, NO_VLAN, i, i, 0);
        }
        assertEquals(0, table.sweep(10, 0, listener));
        int visits = 0;
        while (table.size() > 0) {
            final int removed = table.sweep(10, 1, listener);
            assertTrue(removed <= 1);
            visits++;
        }
        // Each removal is a visit, and the slot is looked at again.
        assertTrue(visits <= table.slots() + 20, visits + " visits");
        assertEquals(20, expired.size());
    }

    @Test
    void shouldGoOnWhereTheLastSweepEnded() {
        table.setAge(1, 10);
        final int home = table.slots() / 4;
        final long mac = macWithHome(table, home, 1);
        table.learn(1, NO_VLAN, mac, 5, 0);
        assertEquals(0, table.sweep(10, home, listener));
        assertEquals(1, table.sweep(10, 1, listener));
        table.learn(1, NO_VLAN, mac, 5, 0);
        assertEquals(1, table.sweep(10, 1, listener));
        table.learn(1, NO_VLAN, mac, 5, 0);
        assertEquals(0, table.sweep(5, 1, listener));
        assertEquals(0, table.sweep(10, table.slots() - 1, listener));
        assertEquals(1, table.sweep(10, 1, listener));
    }

    @Test
    void shouldShiftFollowersAcrossTheTablesEndWhenRemoved() {
        final int last = table.slots() - 1;
        final long first = macWithHome(table, last, 2);
        final long second = macWithHome(table, last, first + 2);
        final long third = macWithHome(table, last, second + 2);
        final long atHome = macWithHome(table, 0, 2);
        table.learn(1, NO_VLAN, first, 1, 0);
        table.learn(1, NO_VLAN, second, 2, 0);
        table.learn(1, NO_VLAN, atHome, 3, 0);
        table.learn(1, NO_VLAN, third, 4, 0);
        assertTrue(table.remove(1, NO_VLAN, first));
        assertEquals(NONE, table.lookup(1, NO_VLAN, first));
        assertEquals(2, table.lookup(1, NO_VLAN, second));
        assertEquals(3, table.lookup(1, NO_VLAN, atHome));
        assertEquals(4, table.lookup(1, NO_VLAN, third));
        assertTrue(table.remove(1, NO_VLAN, second));
        assertEquals(3, table.lookup(1, NO_VLAN, atHome));
        assertEquals(4, table.lookup(1, NO_VLAN, third));
        assertTrue(table.remove(1, NO_VLAN, third));
        assertEquals(3, table.lookup(1, NO_VLAN, atHome));
    }

    @Test
    void shouldBoundTheProbeWhenKeysCollide() {
        final MacTable big = table(1024);
        final int home = 2000;
        final long[] macs = new long[SlotTable.MAX_PROBE + 1];
        long mac = 0;
        for (int i = 0; i < macs.length; i++) {
            mac = macWithHome(big, home, mac + 2);
            macs[i] = mac;
            assertEquals(i < SlotTable.MAX_PROBE ? LEARNED : REFUSED_FULL, big.learn(1, NO_VLAN, mac, i, 0));
        }
        assertFalse(big.putStatic(1, NO_VLAN, mac, 1));
        assertEquals(SlotTable.MAX_PROBE, big.count(1));
        for (int i = 0; i < SlotTable.MAX_PROBE; i++) {
            assertEquals(i, big.lookup(1, NO_VLAN, macs[i]));
        }
        assertEquals(NONE, big.lookup(1, NO_VLAN, mac));
        assertTrue(big.remove(1, NO_VLAN, macs[64]));
        assertEquals(LEARNED, big.learn(1, NO_VLAN, mac, 500, 0));
        assertEquals(500, big.lookup(1, NO_VLAN, mac));
        assertEquals(127, big.lookup(1, NO_VLAN, macs[127]));
    }

    @Test
    void shouldHideASlotThatIsBeingWritten() {
        final long memory = Mem.allocate(MacTable.bytesFor(2), 64);
        final MacTable small = new MacTable(memory, 2, 2, 3);
        small.learn(1, NO_VLAN, A, 5, 0);
        small.learn(1, NO_VLAN, B, 6, 0);
        final List<Integer> seen = new ArrayList<>();
        final MacVisitor visitor = (network, vlan, mac, egress, isStatic, lastUsed) -> seen.add(egress);
        small.forEach(visitor);
        assertEquals(2, seen.size());
        // The later slot of the two: what was read of the earlier one must not be shown again.
        final long later = lastSlot(memory, small);
        Mem.putLongNative(later + 24, Mem.getLongNative(later + 24) + 1);
        final int first = seen.get(0);
        seen.clear();
        small.forEach(visitor);
        assertEquals(List.of(first), seen);
    }

    @Test
    void shouldTurnTheVersionTwiceForEachWrite() {
        final long memory = Mem.allocate(MacTable.bytesFor(1), 64);
        final MacTable small = new MacTable(memory, 1, 2, 3);
        for (int i = 1; i < 5; i++) {
            small.learn(1, NO_VLAN, A, 5, 0);
            final long version = lastSlot(memory, small) + 24;
            assertEquals(4L * i - 2, Mem.getLongNative(version));
            small.remove(1, NO_VLAN, A);
            assertEquals(4L * i, Mem.getLongNative(version));
        }
    }

    private static long lastSlot(final long memory, final MacTable table) {
        long last = 0;
        for (int i = 0; i < table.slots(); i++) {
            if (Mem.getLongNative(memory + i * 32L + 16) != 0) {
                last = memory + i * 32L;
            }
        }
        return last;
    }

    @Test
    void shouldTakeSizesInTheirRangeOnly() {
        assertEquals(2 * 32, MacTable.bytesFor(1));
        assertEquals(4 * 32, MacTable.bytesFor(2));
        assertEquals(8 * 32, MacTable.bytesFor(3));
        assertEquals(8 * 32, MacTable.bytesFor(4));
        assertEquals(16 * 32, MacTable.bytesFor(5));
        assertEquals((2L << 24) * 32, MacTable.bytesFor(1 << 24));
        assertThrows(IllegalArgumentException.class, () -> MacTable.bytesFor(0));
        assertThrows(IllegalArgumentException.class, () -> MacTable.bytesFor((1 << 24) + 1));
        final long memory = Mem.allocate(256, 64);
        assertThrows(IllegalArgumentException.class, () -> new MacTable(memory + 32, 1, 1, 0));
        assertThrows(IllegalArgumentException.class, () -> new MacTable(memory, 1, 0, 0));
        assertThrows(IllegalArgumentException.class, () -> new MacTable(memory, 1, MacTable.MAX_NETWORKS + 1, 0));
        assertEquals(2, new MacTable(memory, 1, 1, 0).slots());
    }

    @Test
    void shouldStayInsideItsMemory() {
        final long bytes = MacTable.bytesFor(CAPACITY);
        final long memory = Mem.allocate(bytes + 128, 64);
        Mem.fill(memory, 64, 0x5a);
        Mem.fill(memory + 64 + bytes, 64, 0x5a);
        final MacTable fenced = new MacTable(memory + 64, CAPACITY, NETWORKS, 1);
        for (int i = 1; i <= CAPACITY; i++) {
            assertEquals(LEARNED, fenced.learn(0, NO_VLAN, 2L * i, i, 0));
        }
        assertEquals(CAPACITY, fenced.flush(0));
        for (int i = 0; i < 64; i++) {
            assertEquals(0x5a, Mem.getByte(memory + i));
            assertEquals(0x5a, Mem.getByte(memory + 64 + bytes + i));
        }
    }

    /** The next even MAC from {@code from} on whose probe in network 1 starts at {@code home}. */
    private static long macWithHome(final MacTable table, final int home, final long from) {
        long mac = from;
        while (table.homeOf(1, NO_VLAN, mac) != home) {
            mac += 2;
        }
        return mac;
    }
}
