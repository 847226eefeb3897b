package io.weft.dataplane.vhost;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.dataplane.vhost.frontend.DriverRing;
import io.weft.dataplane.vhost.frontend.GuestRam;
import io.weft.dataplane.vhost.frontend.PackedDriver;
import io.weft.dataplane.vhost.frontend.SplitDriver;
import io.weft.encap.Mem;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What a driver that keeps to the rules may do, against a plain model of what must come of it. */
class RingTrafficTest {
    private static final int SLOT = 4096;
    private static final int PATTERN = 0xa5;

    private final long seed = System.nanoTime();
    private final Random random = new Random(seed);

    @BeforeEach
    void printSeed() {
        System.out.println("seed " + seed);
    }

    static Stream<Arguments> rings() {
        final Stream.Builder<Arguments> all = Stream.builder();
        for (final long kind : new long[] {0, VirtioFeatures.RING_PACKED}) {
            for (final long features : new long[] {
                0,
                VirtioFeatures.EVENT_IDX,
                VirtioFeatures.INDIRECT_DESC,
                VirtioFeatures.IN_ORDER,
                VirtioFeatures.EVENT_IDX | VirtioFeatures.INDIRECT_DESC | VirtioFeatures.IN_ORDER
            }) {
                final int[] sizes = kind == 0
                        ? new int[] {1, 2, 64, 256, 1024, 32_768}
                        : new int[] {1, 2, 3, 7, 100, 256, 1000, 32_768, 32_767};
                for (final int size : sizes) {
                    if (size > 1000 && Long.bitCount(features) == 1) {
                        // Large rings take their time: without options, and with all of them.
                        continue;
                    }
                    all.add(Arguments.of(VirtioFeatures.names(kind | features).toString(), kind | features, size));
                }
            }
        }
        return all.build();
    }

    /** Chains of a model: what was made available, in order. */
    private static final class Chain {
        private final long cookie;
        private final byte[] content;

        Chain(final long cookie, final byte[] content) {
            this.cookie = cookie;
            this.content = content;
        }
    }

    @Tag("T1")
    @Tag("T2")
    @Tag("T5")
    @ParameterizedTest(name = "{0}, {2} descriptors")
    @MethodSource("rings")
    void shouldCarryWhatTheDriverSendsWhateverItsFraming(final String names, final long features, final int size) {
        try (Traffic traffic = new Traffic(RingRig.TRANSMIT, features, size)) {
            traffic.run(Math.max(3000, Math.min(2 * size, 70_000)));
        }
    }

    @Tag("T1")
    @Tag("T3")
    @Tag("T5")
    @ParameterizedTest(name = "{0}, {2} descriptors")
    @MethodSource("rings")
    void shouldWriteOnlyWhatItSaysItWrote(final String names, final long features, final int size) {
        try (Traffic traffic = new Traffic(RingRig.RECEIVE, features, size)) {
            traffic.run(Math.max(3000, Math.min(2 * size, 70_000)));
        }
    }

    /** Random traffic through one ring: a buffer slot of 4 KiB a chain, cut at random. */
    private final class Traffic implements AutoCloseable {
        private final RingRig rig;
        private final DriverRing driver;
        private final boolean receive;
        private final long slots;
        private final int slotCount;
        private final ArrayDeque<Chain> available = new ArrayDeque<>();
        private final ArrayDeque<Chain> taken = new ArrayDeque<>();
        private final ArrayDeque<byte[]> wrote = new ArrayDeque<>();
        private final ArrayDeque<Integer> freeSlots = new ArrayDeque<>();
        private long added;
        private long done;

        Traffic(final int index, final long features, final int size) {
            receive = index == RingRig.RECEIVE;
            // Positions near the end of their numbers: wrap around soon.
            final int start = (features & VirtioFeatures.RING_PACKED) != 0
                    ? random.nextInt(size) | (random.nextBoolean() ? 1 << 15 : 0)
                    : 65_536 - random.nextInt(100);
            rig = new RingRig(GuestRam.of(512 << 20), index, features, size, start);
            driver = rig.driver;
            slotCount = Math.min(size, 2048);
            slots = rig.ram.allocate((long) slotCount * SLOT, SLOT);
            for (int i = 0; i < slotCount; i++) {
                freeSlots.add(i);
            }
        }

        void run(final int chains) {
            while (done < chains) {
                for (int i = random.nextInt(100); i > 0 && added < chains && !freeSlots.isEmpty(); i--) {
                    if (!add()) {
                        break;
                    }
                }
                driver.publish();
                device();
                collect();
            }
            assertEquals("", rig.queue.broken());
            assertEquals(0, rig.queue.faults());
        }

        private boolean add() {
            final int slot = freeSlots.peek();
            final long at = slots + (long) slot * SLOT;
            final byte[] content = new byte[1 + random.nextInt(random.nextInt(4) == 0 ? SLOT : 200)];
            random.nextBytes(content);
            final long host = rig.ram.host(at);
            if (receive) {
                Mem.fill(host, SLOT, PATTERN);
            } else {
                Mem.copy(content, 0, host, content.length);
            }
            final boolean indirect = (rig.features & VirtioFeatures.INDIRECT_DESC) != 0 && random.nextBoolean();
            final int most = indirect ? DriverRing.TABLE - 8 : Math.min(driver.size, 20);
            final int pieces = Math.min(content.length, 1 + random.nextInt(random.nextInt(3) == 0 ? most : 2));
            final int buffers = cut(at, content.length, Math.min(pieces, most));
            final int inTable = rig.packed() || driver.size == 1 ? buffers : 1 + random.nextInt(buffers);
            if (!(indirect ? driver.addIndirect(slot, inTable) : driver.add(slot))) {
                return false;
            }
            freeSlots.remove();
            available.add(new Chain(slot, content));
            added++;
            return true;
        }

        /** Returns the number of pieces. */
        private int cut(final long at, final int length, final int pieces) {
            final int[] ends = new int[pieces];
            for (int i = 0; i < pieces; i++) {
                ends[i] = i + 1 == pieces ? length : 1 + random.nextInt(length - 1);
            }
            Arrays.sort(ends);
            int from = 0;
            int buffers = 0;
            for (int i = 0; i < pieces; i++) {
                // Pieces of length 0 are not allowed: those that fell together are left out.
                if (ends[i] > from) {
                    driver.buffer(at + from, ends[i] - from, receive);
                    from = ends[i];
                    buffers++;
                }
            }
            return buffers;
        }

        private void device() {
            final Virtqueue queue = rig.queue;
            final int got = queue.fill(1 + random.nextInt(64));
            assertEquals(got, queue.size);
            if (got == 0) {
                return;
            }
            if (random.nextInt(3) == 0) {
                queue.rewind(random.nextInt(got + 1));
            }
            for (int k = 0; k < queue.size; k++) {
                final Chain chain = available.remove();
                taken.add(chain);
                assertEquals(Virtqueue.OK, queue.fault[k]);
                assertEquals(chain.content.length, queue.bytes[k]);
                if (receive) {
                    final byte[] data = new byte[random.nextInt(chain.content.length + 1)];
                    random.nextBytes(data);
                    rig.write(k, data);
                    wrote.add(data);
                } else {
                    assertArrayEquals(chain.content, rig.read(k));
                }
            }
            final byte[] table = rig.packed() ? null : Mem.bytes(rig.ram.host(driver.descriptors), 16 * driver.size);
            queue.complete();
            if (table != null) {
                assertArrayEquals(table, Mem.bytes(rig.ram.host(driver.descriptors), 16 * driver.size));
            }
        }

        private void collect() {
            final int n = driver.collect(random.nextInt(driver.size) + 1);
            for (int i = 0; i < n; i++) {
                final Chain chain = taken.remove();
                assertEquals(chain.cookie, driver.cookie[i]);
                check(chain, driver.length[i]);
                freeSlots.add((int) chain.cookie);
                done++;
            }
        }

        private void check(final Chain chain, final int length) {
            final byte[] all = Mem.bytes(rig.ram.host(slots + chain.cookie * SLOT), SLOT);
            final byte[] expected = new byte[SLOT];
            if (receive) {
                Arrays.fill(expected, (byte) PATTERN);
                final byte[] data = wrote.remove();
                System.arraycopy(data, 0, expected, 0, data.length);
                assertEquals(data.length, length);
                assertArrayEquals(expected, all);
            } else {
                assertEquals(0, length);
                assertArrayEquals(chain.content, Arrays.copyOf(all, chain.content.length));
            }
        }

        @Override
        public void close() {
            rig.close();
        }
    }

    @Test
    void shouldTakeAChainThatGoesOnInTheNextRegion() {
        for (final long kind : new long[] {0, VirtioFeatures.RING_PACKED}) {
            // Next to each other for the guest, far apart for the frontend; the second one high up in its file.
            final GuestRam ram = new GuestRam()
                    .region(0x1_0000, GuestRam.USER_BASE, 0x10_0000, 0)
                    .region(0x11_0000, GuestRam.USER_BASE + 0x1000_0000_0000L, 0x10_0000, 5L << 30);
            ram.allocateFrom(0x12_0000);
            try (RingRig rig = new RingRig(ram, RingRig.TRANSMIT, kind, 8, RingRig.START)) {
                final byte[] content = new byte[10_000];
                random.nextBytes(content);
                Mem.copy(content, 0, ram.host(0x11_0000 - 4000), 4000);
                Mem.copy(content, 4000, ram.host(0x11_0000), 6000);
                rig.driver.buffer(0x11_0000 - 4000, 10_000, false);
                assertTrue(rig.driver.add(1));
                rig.driver.publish();
                assertEquals(1, rig.queue.fill(1));
                assertEquals(Virtqueue.OK, rig.queue.fault[0]);
                assertEquals(2, rig.queue.segmentCount[0]);
                assertArrayEquals(content, rig.read(0));
                rig.queue.complete();
                assertEquals(1, rig.driver.collect(1));
            }
        }
    }

    @Test
    void shouldFindMemoryAboveTwoGibibytesAndBehindGaps() {
        for (final long kind : new long[] {0, VirtioFeatures.RING_PACKED}) {
            final GuestRam ram = new GuestRam()
                    .region(0, GuestRam.USER_BASE, 0xa_0000, 0)
                    .region(0xc_0000, GuestRam.USER_BASE + 0xc_0000, 3L << 30, 0xc_0000)
                    .region(4L << 30, GuestRam.USER_BASE + (3L << 30), 6L << 30, 3L << 30);
            ram.allocateFrom((4L << 30) + (5L << 30) + 64);
            try (RingRig rig = new RingRig(ram, RingRig.TRANSMIT, kind, 16, RingRig.START)) {
                for (final long at : new long[] {0x9_fff0, 0xc_0000, (3L << 30) - 8, 4L << 30, (10L << 30) - 16}) {
                    Mem.putLongNative(ram.host(at), at * 31);
                    assertTrue(rig.driver.buffer(at, 8, false).add(at));
                    rig.driver.publish();
                    assertEquals(1, rig.queue.fill(1));
                    assertEquals(Virtqueue.OK, rig.queue.fault[0]);
                    assertEquals(at * 31, Mem.getLongNative(rig.queue.segmentAddress[0]));
                    rig.queue.complete();
                    assertEquals(1, rig.driver.collect(9));
                    assertEquals(at, rig.driver.cookie[0]);
                }
            }
        }
    }

    @Tag("T3")
    @Tag("T5")
    @ParameterizedTest(name = "packed: {0}")
    @MethodSource("kinds")
    void shouldShowLengthsAndBytesBeforeItShowsThatTheyAreThere(final boolean packed) throws Exception {
        final long features = packed ? VirtioFeatures.RING_PACKED : 0;
        final int size = packed ? 37 : 64;
        final int chains = 100_000;
        try (RingRig rig = new RingRig(RingRig.RECEIVE, features, size)) {
            final long slots = rig.ram.allocate((long) size * 64, 64);
            final Thread device = Thread.ofPlatform().start(() -> {
                int sequence = 0;
                while (sequence < chains && !Thread.currentThread().isInterrupted()) {
                    rig.queue.fill(8);
                    for (int k = 0; k < rig.queue.size; k++) {
                        sequence++;
                        Mem.putIntNative(rig.queue.segmentAddress[rig.queue.firstSegment[k]], sequence);
                        rig.queue.written[k] = 4 + sequence % 50;
                    }
                    rig.queue.complete();
                    Thread.onSpinWait();
                }
            });
            try {
                for (int i = 0; i < size; i++) {
                    rig.driver.buffer(slots + 64L * i, 64, true).add(slots + 64L * i);
                }
                rig.driver.publish();
                int sequence = 0;
                final long deadline = System.nanoTime() + 60_000_000_000L;
                while (sequence < chains) {
                    assertTrue(System.nanoTime() < deadline, "stuck at " + sequence);
                    final int n = rig.driver.collect(size);
                    for (int i = 0; i < n; i++) {
                        sequence++;
                        assertEquals(4 + sequence % 50, rig.driver.length[i]);
                        assertEquals(sequence, Mem.getIntNative(rig.ram.host(rig.driver.cookie[i])));
                        rig.driver.buffer(rig.driver.cookie[i], 64, true).add(rig.driver.cookie[i]);
                    }
                    rig.driver.publish();
                }
            } finally {
                device.interrupt();
                device.join();
            }
        }
    }

    static Stream<Boolean> kinds() {
        return Stream.of(false, true);
    }

    @Test
    void shouldGiveBackInOrderWhatWasRewound() {
        for (final long kind : new long[] {0, VirtioFeatures.RING_PACKED}) {
            try (RingRig rig = new RingRig(RingRig.TRANSMIT, kind, 8)) {
                for (int i = 0; i < 4; i++) {
                    rig.driver.buffer(0x10_0000 + 64 * i, 10 + i, false).add(i);
                }
                rig.driver.publish();
                assertEquals(4, rig.queue.fill(9));
                rig.queue.rewind(1);
                assertEquals(1, rig.queue.size);
                rig.queue.complete();
                assertFalse(rig.queue.isEmpty());
                assertEquals(1, rig.driver.collect(9));
                assertEquals(3, rig.queue.fill(9));
                assertEquals(11, rig.queue.bytes[0]);
                rig.queue.rewind(0);
                assertEquals(0, rig.queue.size);
                rig.queue.complete();
                assertEquals(0, rig.driver.collect(9));
                assertEquals(2, rig.queue.fill(2));
                assertEquals(1, rig.queue.fill(2));
                rig.queue.complete();
                assertEquals(3, rig.driver.collect(9));
                assertTrue(rig.queue.isEmpty());
            }
        }
    }

    @Test
    void shouldGoOnAtTheBaseThatItGaveWhenOpenedAgain() {
        for (final long kind : new long[] {0, VirtioFeatures.RING_PACKED}) {
            final int size = kind == 0 ? 4 : 3;
            final GuestRam ram = GuestRam.of(1 << 20);
            try (RingRig rig = new RingRig(ram, RingRig.TRANSMIT, kind, size, RingRig.START)) {
                for (int i = 0; i < 50; i++) {
                    rig.driver.buffer(0x8_0000, 60, false).add(i);
                    rig.driver.publish();
                    assertEquals(1, rig.queue.fill(9), "at " + i);
                    rig.queue.complete();
                    assertEquals(1, rig.driver.collect(9));
                    final int base = rig.queue.base();
                    assertEquals(kind == 0 ? i + 1 & 0xffff : rig.driver.base(), base);
                    rig.journal.end();
                    rig.queue = rig.open(false);
                    assertEquals(base, rig.queue.base());
                }
            }
        }
    }

    @Test
    void shouldUnderstandRingsOfBothKindsByTheirFeatures() {
        try (RingRig split = new RingRig(RingRig.TRANSMIT, 0, 4);
                RingRig packed = new RingRig(RingRig.TRANSMIT, VirtioFeatures.RING_PACKED, 5)) {
            assertTrue(split.driver instanceof SplitDriver);
            assertTrue(packed.driver instanceof PackedDriver);
            assertEquals(4, split.queue.size());
            assertEquals(5, packed.queue.size());
        }
    }
}
