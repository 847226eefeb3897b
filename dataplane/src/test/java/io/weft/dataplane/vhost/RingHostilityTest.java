package io.weft.dataplane.vhost;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.dataplane.vhost.frontend.DriverRing;
import io.weft.dataplane.vhost.frontend.GuestRam;
import io.weft.encap.Mem;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Rings that no driver may write: each chain comes back empty and counted and the next one is served, or the ring is
 * broken; nothing is touched that is not the guest's.
 */
class RingHostilityTest {
    private static final long BASE = 0x10_0000;
    private static final long SIZE = 64 << 20;
    private static final long BUFFER = BASE + (32 << 20);
    private static final int NEXT = DriverRing.NEXT;
    private static final int WRITE = DriverRing.WRITE;
    private static final int INDIRECT = DriverRing.INDIRECT;
    private static final int RING = 16;

    private RingRig rig;

    @AfterEach
    void close() {
        if (rig != null) {
            rig.close();
        }
    }

    private void open(final boolean packed, final int index) {
        final GuestRam ram = new GuestRam()
                .region(BASE, GuestRam.USER_BASE, SIZE, 0)
                .region(0x1_0000_0000L, GuestRam.USER_BASE + (8L << 30), 1 << 20, 0);
        ram.remove(ram.slot(1));
        ram.allocateFrom(BASE);
        rig = new RingRig(
                ram,
                index,
                VirtioFeatures.INDIRECT_DESC | (packed ? VirtioFeatures.RING_PACKED : 0),
                RING,
                RingRig.START);
    }

    /** Descriptors of one chain, written as they are; the ring's next chain is a good one, which must get through. */
    private int chain(final long[]... descriptors) {
        final int count = descriptors.length;
        if (rig.packed()) {
            final int from = rig.packedDriver().position() & 0x7fff;
            final int available = rig.packedDriver().availableFlags();
            for (int i = count - 1; i >= 0; i--) {
                final long[] d = descriptors[i];
                final int chained = i + 1 < count ? NEXT : 0;
                rig.packedDriver().descriptor(from + i, d[0], (int) d[1], 5, (int) d[2] | chained | available);
            }
            rig.packedDriver().offer(5, count, 1 << 30, 99);
        } else {
            for (int i = 0; i < count; i++) {
                final long[] d = descriptors[i];
                rig.split().descriptor(i, d[0], (int) d[1], (int) d[2] | (i + 1 < count ? NEXT : 0), i + 1);
            }
            rig.split().offer(0, 0, 1 << 30, 99);
            // Not from the free list: given back to nobody.
            rig.split().publish();
        }
        final int[] faults = rig.faults();
        assertEquals("", rig.queue.broken());
        assertEquals(1, faults.length);
        assertEquals(faults[0] == Virtqueue.OK ? 0 : 1, rig.queue.faults());
        return faults[0];
    }

    private static long[] d(final long address, final long length, final int flags) {
        return new long[] {address, length, flags};
    }

    private void assertNextIsServed() {
        if (!rig.packed()) {
            rig.split().descriptor(9, BUFFER, 60, rig.index == RingRig.RECEIVE ? WRITE : 0, 0);
            rig.split().offer(9, 0, 60, 7);
            rig.split().publish();
        } else {
            rig.driver.buffer(BUFFER, 60, rig.index == RingRig.RECEIVE).add(7);
            rig.driver.publish();
        }
        assertEquals(1, rig.queue.fill(9));
        assertEquals(Virtqueue.OK, rig.queue.fault[0]);
        assertEquals(60, rig.queue.bytes[0]);
        rig.queue.complete();
        assertEquals("", rig.queue.broken());
    }

    @Tag("H13")
    @ParameterizedTest(name = "packed: {0}")
    @ValueSource(booleans = {false, true})
    void shouldRefuseBuffersOutsideMemory(final boolean packed) {
        final long end = BASE + SIZE;
        for (final long[] bad : new long[][] {
            d(0, 60, 0),
            d(BASE - 1, 60, 0),
            d(end, 60, 0),
            d(end - 59, 60, 0),
            d(-1, 1, 0),
            d(-60, 60, 0),
            d(-60, 120, 0),
            d(Long.MIN_VALUE, 60, 0),
            d(Long.MAX_VALUE, 60, 0),
            d(GuestRam.USER_BASE, 60, 0),
        }) {
            for (final int index : new int[] {RingRig.TRANSMIT, RingRig.RECEIVE}) {
                open(packed, index);
                bad[2] = index == RingRig.RECEIVE ? WRITE : 0;
                assertEquals(Virtqueue.OUTSIDE, chain(bad), () -> "0x" + Long.toHexString(bad[0]));
                assertNextIsServed();
                rig.close();
                open(packed, index);
                assertEquals(Virtqueue.OUTSIDE, chain(d(BUFFER, 60, (int) bad[2]), bad));
                assertNextIsServed();
                rig.close();
            }
        }
        rig = null;
    }

    @Tag("H13")
    @ParameterizedTest(name = "packed: {0}")
    @ValueSource(booleans = {false, true})
    void shouldRefuseLengthsOfNothingAndOfFourGibibytes(final boolean packed) {
        for (final long length : new long[] {0, 0xffff_ffffL, 0x8000_0000L, 0x7fff_ffffL, SIZE}) {
            open(packed, RingRig.TRANSMIT);
            final int fault = chain(d(BASE, length, 0));
            assertNotEquals(Virtqueue.OK, fault, () -> "length " + length);
            assertNextIsServed();
            rig.close();
            open(packed, RingRig.TRANSMIT);
            assertNotEquals(Virtqueue.OK, chain(d(BUFFER, 60, 0), d(BASE, length, 0)));
            assertNextIsServed();
            rig.close();
        }
        // A length that would become small if it were added up in 32 bits.
        open(packed, RingRig.TRANSMIT);
        assertNotEquals(Virtqueue.OK, chain(d(BASE, 0xffff_fff0L, 0), d(BASE, 0x20, 0)));
        assertNextIsServed();
    }

    @Tag("T1")
    @ParameterizedTest(name = "packed: {0}")
    @ValueSource(booleans = {false, true})
    void shouldRefuseBuffersOfTheWrongDirection(final boolean packed) {
        open(packed, RingRig.TRANSMIT);
        assertEquals(Virtqueue.WRONG_DIRECTION, chain(d(BUFFER, 60, 0), d(BUFFER, 60, WRITE)));
        assertNextIsServed();
        rig.close();
        open(packed, RingRig.RECEIVE);
        assertEquals(Virtqueue.WRONG_DIRECTION, chain(d(BUFFER, 60, 0), d(BUFFER, 60, WRITE)));
        assertNextIsServed();
    }

    /** Writes a table into guest memory: address, length, flags, next of each. */
    private void table(final long at, final long[]... entries) {
        for (int i = 0; i < entries.length; i++) {
            final long host = rig.ram.host(at + 16L * i);
            Mem.putLongNative(host, entries[i][0]);
            Mem.putIntNative(host + 8, (int) entries[i][1]);
            Mem.putShortNative(host + (rig.packed() ? 14 : 12), (int) entries[i][2]);
            Mem.putShortNative(host + (rig.packed() ? 12 : 14), entries[i].length > 3 ? (int) entries[i][3] : 0);
        }
    }

    @Tag("T2")
    @ParameterizedTest(name = "packed: {0}")
    @ValueSource(booleans = {false, true})
    void shouldIgnoreTheWriteFlagOfADescriptorThatRefersToATable(final boolean packed) {
        open(packed, RingRig.TRANSMIT);
        table(BUFFER, d(BUFFER + 4096, 100, 0));
        assertEquals(Virtqueue.OK, chain(d(BUFFER, 16, INDIRECT | WRITE)));
        assertNextIsServed();
        rig.close();
        open(packed, RingRig.RECEIVE);
        table(BUFFER, d(BUFFER + 4096, 100, WRITE));
        assertEquals(Virtqueue.OK, chain(d(BUFFER, 16, INDIRECT)));
        assertNextIsServed();
    }

    @Tag("T2")
    @Test
    void shouldTakeAChainThatEndsInATable() {
        open(false, RingRig.TRANSMIT);
        table(BUFFER, new long[] {BUFFER + 4096, 100, NEXT, 1}, d(BUFFER + 8192, 50, 0));
        rig.split().descriptor(0, BUFFER + 4096, 12, NEXT, 1);
        rig.split().descriptor(1, BUFFER, 32, INDIRECT, 0);
        rig.split().offer(0, 0, 0, 1);
        rig.split().publish();
        assertEquals(1, rig.queue.fill(1));
        assertEquals(Virtqueue.OK, rig.queue.fault[0]);
        assertEquals(162, rig.queue.bytes[0]);
        assertEquals(3, rig.queue.segmentCount[0]);
    }

    @Tag("T2")
    @ParameterizedTest(name = "packed: {0}")
    @ValueSource(booleans = {false, true})
    void shouldRefuseTablesThatAreNone(final boolean packed) {
        final long end = BASE + SIZE;
        final long[][] bad = {
            d(BUFFER, 0, INDIRECT),
            d(BUFFER, 15, INDIRECT),
            d(BUFFER, 17, INDIRECT),
            d(BUFFER, 0xffff_ffffL, INDIRECT),
            d(0, 16, INDIRECT),
            d(end - 8, 16, INDIRECT),
            d(-16, 32, INDIRECT),
            d(-8, 16, INDIRECT),
        };
        for (final long[] descriptor : bad) {
            open(packed, RingRig.TRANSMIT);
            table(BUFFER, d(BUFFER + 4096, 100, 0));
            assertNotEquals(
                    Virtqueue.OK, chain(descriptor), () -> Long.toHexString(descriptor[0]) + " " + descriptor[1]);
            assertNextIsServed();
            rig.close();
        }
        rig = null;
    }

    @Tag("T2")
    @ParameterizedTest(name = "packed: {0}")
    @ValueSource(booleans = {false, true})
    void shouldRefuseNestedAndLoopingTables(final boolean packed) {
        open(packed, RingRig.TRANSMIT);
        table(BUFFER, d(BUFFER + 256, 16, INDIRECT));
        table(BUFFER + 256, d(BUFFER + 4096, 100, 0));
        assertEquals(Virtqueue.BAD_INDIRECT, chain(d(BUFFER, 16, INDIRECT)));
        assertNextIsServed();
        rig.close();
        // One that refers to itself.
        open(packed, RingRig.TRANSMIT);
        table(BUFFER, d(BUFFER, 16, INDIRECT));
        assertEquals(Virtqueue.BAD_INDIRECT, chain(d(BUFFER, 16, INDIRECT)));
        assertNextIsServed();
        rig.close();
        // A table that goes on in the ring.
        open(packed, RingRig.TRANSMIT);
        table(BUFFER, d(BUFFER + 4096, 100, 0));
        assertEquals(Virtqueue.BAD_INDIRECT, chain(d(BUFFER, 16, INDIRECT), d(BUFFER, 60, 0)));
        assertNextIsServed();
    }

    @Tag("T2")
    @Test
    void shouldRefuseTableEntriesThatLoopOrLeaveTheTable() {
        open(false, RingRig.TRANSMIT);
        table(BUFFER, new long[] {BUFFER + 4096, 100, NEXT, 1}, new long[] {BUFFER + 4096, 100, NEXT, 0});
        assertEquals(Virtqueue.TOO_LONG, chain(d(BUFFER, 32, INDIRECT)));
        assertNextIsServed();
        rig.close();
        open(false, RingRig.TRANSMIT);
        table(BUFFER, new long[] {BUFFER + 4096, 100, NEXT, 2}, new long[] {BUFFER + 4096, 100, 0, 0});
        assertEquals(Virtqueue.OUTSIDE, chain(d(BUFFER, 32, INDIRECT)));
        assertNextIsServed();
        rig.close();
        open(false, RingRig.TRANSMIT);
        table(BUFFER, new long[] {BUFFER + 4096, 100, NEXT, 0xffff}, new long[] {BUFFER + 4096, 100, 0, 0});
        assertEquals(Virtqueue.OUTSIDE, chain(d(BUFFER, 32, INDIRECT)));
        assertNextIsServed();
    }

    @Tag("T2")
    @ParameterizedTest(name = "packed: {0}")
    @ValueSource(booleans = {false, true})
    void shouldRefuseATableThatWasNotNegotiated(final boolean packed) {
        rig = new RingRig(
                new GuestRam().region(BASE, GuestRam.USER_BASE, SIZE, 0),
                RingRig.TRANSMIT,
                packed ? VirtioFeatures.RING_PACKED : 0,
                RING,
                RingRig.START);
        table(BUFFER, d(BUFFER + 4096, 100, 0));
        assertEquals(Virtqueue.BAD_INDIRECT, chain(d(BUFFER, 16, INDIRECT)));
        assertNextIsServed();
    }

    @Tag("T2")
    @ParameterizedTest(name = "packed: {0}")
    @ValueSource(booleans = {false, true})
    void shouldReadATableThatGoesOnInTheNextRegion(final boolean packed) {
        final GuestRam ram = new GuestRam()
                .region(BASE, GuestRam.USER_BASE, 1 << 20, 0)
                .region(BASE + (1 << 20), GuestRam.USER_BASE + (1L << 40), SIZE, 1 << 21);
        ram.allocateFrom(BASE + (2 << 20));
        rig = new RingRig(
                ram,
                RingRig.TRANSMIT,
                VirtioFeatures.INDIRECT_DESC | (packed ? VirtioFeatures.RING_PACKED : 0),
                RING,
                RingRig.START);
        final long at = BASE + (1 << 20) - 32;
        for (int i = 0; i < 4; i++) {
            final long host = ram.host(at + 16L * i);
            Mem.putLongNative(host, BUFFER);
            Mem.putIntNative(host + 8, 100);
            Mem.putShortNative(host + 12, packed || i == 3 ? 0 : NEXT);
            Mem.putShortNative(host + 14, packed || i == 3 ? 0 : i + 1);
        }
        assertEquals(Virtqueue.OK, chain(d(at, 64, INDIRECT)));
    }

    @ParameterizedTest(name = "packed: {0}")
    @ValueSource(booleans = {false, true})
    void shouldRefuseATableLongerThanAFrameNeeds(final boolean packed) {
        open(packed, RingRig.TRANSMIT);
        final int entries = 60_000;
        for (int i = 0; i < entries; i++) {
            final long host = rig.ram.host(BUFFER + 16L * i);
            Mem.putLongNative(host, BUFFER);
            Mem.putIntNative(host + 8, 1);
            Mem.putShortNative(host + 12, packed || i + 1 == entries ? 0 : NEXT);
            Mem.putShortNative(host + 14, packed || i + 1 == entries ? 0 : i + 1);
        }
        assertEquals(Virtqueue.TOO_LONG, chain(d(BUFFER, 16L * entries, INDIRECT)));
        assertNextIsServed();
    }

    @Test
    void shouldRefuseSplitChainsThatLoopOrLeaveTheTable() {
        open(false, RingRig.TRANSMIT);
        rig.split().descriptor(0, BUFFER, 1, NEXT, 1);
        rig.split().descriptor(1, BUFFER, 1, NEXT, 0);
        rig.split().descriptor(2, BUFFER, 1, NEXT, 2);
        rig.split().descriptor(3, BUFFER, 1, NEXT, RING);
        rig.split().descriptor(4, BUFFER, 1, NEXT, 0xffff);
        rig.split().descriptor(5, BUFFER, 1, 0, 0xffff);
        for (int head = 0; head < 6; head++) {
            rig.split().available(head, head);
        }
        rig.split().jump(6);
        assertArrayEquals(
                new int[] {
                    Virtqueue.TOO_LONG,
                    Virtqueue.TOO_LONG,
                    Virtqueue.TOO_LONG,
                    Virtqueue.OUTSIDE,
                    Virtqueue.OUTSIDE,
                    Virtqueue.OK
                },
                rig.faults());
        assertEquals(5, rig.queue.faults());
        assertEquals("", rig.queue.broken());
        assertEquals(6, rig.split().usedInMemory());
    }

    @Test
    void shouldBreakAPackedRingWhoseChainHasNoEnd() {
        open(true, RingRig.TRANSMIT);
        for (int i = 0; i < RING; i++) {
            rig.packedDriver()
                    .descriptor(i, BUFFER, 1, i, NEXT | rig.packedDriver().availableFlags());
        }
        assertEquals(0, rig.queue.fill(9));
        assertTrue(rig.queue.isBroken());
        assertNotEquals("", rig.queue.broken());
        assertEquals(0, rig.queue.fill(9));
        assertTrue(rig.queue.isEmpty());
        assertTrue(rig.queue.requestKicks());
        rig.queue.complete();
    }

    @ParameterizedTest
    @ValueSource(ints = {RING + 1, 100, 0x7fff, 0x8000, 0xffff})
    void shouldBreakASplitRingWhoseAvailableIndexJumps(final int index) {
        open(false, RingRig.TRANSMIT);
        rig.split().descriptor(0, BUFFER, 60, 0, 0);
        rig.split().jump(index);
        assertEquals(0, rig.queue.fill(9));
        assertTrue(rig.queue.isBroken());
        assertTrue(rig.queue.isEmpty());
        assertEquals(0, rig.queue.fill(9));
        rig.queue.complete();
        assertEquals(0, rig.split().usedInMemory());
    }

    @Test
    void shouldBreakASplitRingWhoseAvailableIndexGoesBack() {
        open(false, RingRig.TRANSMIT);
        rig.split().descriptor(0, BUFFER, 60, 0, 0);
        rig.split().jump(4);
        assertEquals(4, rig.queue.fill(9));
        rig.queue.complete();
        rig.split().jump(2);
        assertEquals(0, rig.queue.fill(9));
        assertTrue(rig.queue.isBroken());
    }

    @ParameterizedTest
    @ValueSource(ints = {RING, RING + 1, 0x8000, 0xffff})
    void shouldBreakASplitRingThatNamesADescriptorThereIsNot(final int head) {
        open(false, RingRig.TRANSMIT);
        rig.split().descriptor(0, BUFFER, 60, 0, 0);
        rig.split().available(1, head);
        rig.split().jump(2);
        // The chain before it is taken and goes back.
        assertEquals(1, rig.queue.fill(9));
        rig.queue.complete();
        assertEquals(0, rig.queue.fill(9));
        assertTrue(rig.queue.isBroken());
        assertEquals(1, rig.split().usedInMemory());
    }

    @Test
    void shouldServeTheSameHeadAsOftenAsItIsOffered() {
        open(false, RingRig.TRANSMIT);
        rig.split().descriptor(3, BUFFER, 60, 0, 0);
        for (int i = 0; i < RING; i++) {
            rig.split().available(i, 3);
        }
        rig.split().jump(RING);
        assertEquals(RING, rig.faults().length);
        assertEquals(0, rig.queue.faults());
        assertEquals(RING, rig.split().usedInMemory());
    }

    @ParameterizedTest(name = "packed: {0}")
    @ValueSource(booleans = {false, true})
    void shouldNotNeedMoreRoomThanItHasForManySegments(final boolean packed) {
        // 200 chains of 60 segments exceed what is taken at a time; none may be lost or refused for that.
        rig = new RingRig(
                RingRig.TRANSMIT, VirtioFeatures.INDIRECT_DESC | (packed ? VirtioFeatures.RING_PACKED : 0), 256);
        final long buffers = rig.ram.allocate(1 << 20, 4096);
        for (int c = 0; c < 200; c++) {
            for (int i = 0; i < 60; i++) {
                rig.driver.buffer(buffers + 64L * i, 64, false);
            }
            assertTrue(rig.driver.addIndirect(c, 60));
        }
        rig.driver.publish();
        int done = 0;
        while (done < 200) {
            final int got = rig.queue.fill(Virtqueue.CHAINS);
            assertTrue(got > 0, "stuck at " + done);
            assertTrue(rig.queue.segments <= Virtqueue.SEGMENTS);
            for (int k = 0; k < got; k++) {
                assertEquals(Virtqueue.OK, rig.queue.fault[k]);
                assertEquals(3840, rig.queue.bytes[k]);
            }
            rig.queue.complete();
            done += rig.driver.collect(256);
        }
        assertEquals(0, rig.queue.faults());
        assertFalse(rig.driver.hasUsed());
    }

    @ParameterizedTest(name = "packed: {0}")
    @ValueSource(booleans = {false, true})
    void shouldStopAtADescriptorIndexThatIsNoneWhereTheRingShouldGoOn(final boolean packed) {
        open(packed, RingRig.TRANSMIT);
        if (packed) {
            final RingSetup s = rig.driver.setup(1, rig.features, rig.memory, false, rig.journal);
            for (final int base : new int[] {RING, RING | 1 << 15, 0x7fff, 0xffff}) {
                final Virtqueue queue = Virtqueue.open(new RingSetup(
                        s.index(),
                        s.features(),
                        s.size(),
                        s.descriptors(),
                        s.driver(),
                        s.device(),
                        s.descriptorsGuest(),
                        s.deviceGuest(),
                        base,
                        s.memory(),
                        false,
                        s.journal(),
                        0));
                assertTrue(queue.isBroken(), "base " + base);
                assertEquals(0, queue.fill(1));
                assertTrue(queue.isEmpty());
            }
        }
    }
}
