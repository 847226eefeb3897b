package io.weft.dataplane;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.dataplane.sys.Libc;
import io.weft.dataplane.vhost.VirtioFeatures;
import io.weft.dataplane.vhost.frontend.DriverRing;
import io.weft.dataplane.vhost.frontend.Frontend;
import io.weft.dataplane.vhost.frontend.GuestNic;
import io.weft.dataplane.vhost.frontend.GuestRam;
import io.weft.dataplane.vhost.frontend.Guests;
import io.weft.dataplane.vhost.frontend.PackedDriver;
import io.weft.dataplane.vhost.frontend.SplitDriver;
import io.weft.encap.Mem;
import java.io.File;
import java.util.Arrays;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A guest, or its frontend, that goes wrong: its own port refuses it and counts it, two others go on all the while. */
class GuestFaultTest {
    private static final long ALL = 0xffff_ffff_ffffL;
    private static final long A = 0x02_00_00_00_00_0aL;
    private static final long B = 0x02_00_00_00_00_0bL;
    private static final long EVIL = 0x02_00_00_00_00_0eL;
    private static final long V1 = VirtioFeatures.VERSION_1;

    private final Random random = new Random(11);
    private Guests guests;
    private GuestNic a;
    private GuestNic b;
    private int descriptors;

    @BeforeEach
    void open() throws Exception {
        guests = new Guests();
        a = guests.guest("a", V1 | VirtioFeatures.MRG_RXBUF);
        b = guests.guest("b", V1 | VirtioFeatures.RING_PACKED);
        a.send(frame(ALL, A, 60));
        b.send(frame(ALL, B, 60));
        a.receive();
        b.receive();
        descriptors = openDescriptors();
    }

    @AfterEach
    void close() {
        assertOthersGoOn();
        assertTrue(guests.net.books().balanced());
        guests.close();
    }

    private static int openDescriptors() {
        return Objects.requireNonNull(new File("/proc/self/fd").list()).length;
    }

    private byte[] frame(final long to, final long from, final int payload) {
        final byte[] bytes = new byte[payload];
        random.nextBytes(bytes);
        return TestFrames.ethernet(to, from, 0x88b5, bytes);
    }

    private void assertOthersGoOn() {
        a.receive();
        b.receive();
        for (int i = 0; i < 20; i++) {
            final byte[] there = frame(B, A, 60 + 50 * i);
            final byte[] back = frame(A, B, 60 + 50 * i);
            a.send(there);
            b.send(back);
            assertArrayEquals(there, b.receive().getFirst().frame);
            assertArrayEquals(back, a.receive().getFirst().frame);
        }
    }

    static Stream<Long> rings() {
        return Stream.of(0L, VirtioFeatures.RING_PACKED);
    }

    /** What a guest sends that is no frame is counted, and its next frame goes through. */
    @Tag("H13")
    @ParameterizedTest
    @MethodSource("rings")
    void shouldCountChainsThatAreNonsense(final long ring) throws Exception {
        final GuestNic evil = guests.guest("evil", V1 | ring);
        final long[][] bad = {
            {-4096, 100}, {1L << 40, 100}, {(128L << 20) - 10, 100}, {0, 0}, {0, 0xffff_ffffL}, {Long.MAX_VALUE, 1}
        };
        for (final long[] buffer : bad) {
            evil.rings[1].buffer(buffer[0], (int) buffer[1], false).add(0);
            evil.flush(0);
            evil.rings[1].collect(256);
        }
        assertEquals(bad.length, guests.drops(DropReason.BAD_DESCRIPTOR));
        // Shorter than a header, and a header alone.
        for (final int length : new int[] {1, 11, 12, 25}) {
            evil.rings[1].buffer(0x1000, length, false).add(0);
            evil.flush(0);
        }
        assertEquals(4, guests.drops(DropReason.TOO_SHORT));
        final long faults = guests.row("evil").vhost().rings().get(1).faults();
        assertEquals(bad.length, faults);
        evil.send(frame(ALL, EVIL, 60));
        assertEquals(1, a.receive().size());
    }

    /** Good chains that fill the queue's arrays to the last place, and a bad one behind them. */
    @Tag("H13")
    @ParameterizedTest
    @MethodSource("rings")
    void shouldCountABadChainWhenNoRoomForSegmentsIsLeft(final long ring) throws Exception {
        final Frontend frontend = guests.connect("evil", 1, 0);
        try (GuestNic evil = new GuestNic(frontend, 1, 4096, 2048)) {
            evil.start(V1 | ring);
            final byte[] first = TestFrames.ethernet(ALL, EVIL, 0x88b5, new byte[46]);
            final long at = evil.ram.allocate(4096, 64);
            Mem.copy(first, 0, evil.ram.host(at) + 12, first.length);
            for (int chain = 0; chain < 4; chain++) {
                evil.rings[1].buffer(at, 12 + first.length, false);
                for (int s = 1; s < 512; s++) {
                    evil.rings[1].buffer(at, 1, false);
                }
                assertTrue(evil.rings[1].add(chain));
            }
            evil.rings[1].buffer(at, 0, false).add(4);
            evil.flush(0);
            assertEquals(5, evil.rings[1].collect(4096));
            assertEquals(4, a.receive().size());
            assertEquals(1, guests.drops(DropReason.BAD_DESCRIPTOR));
            assertEquals(0, guests.drops(DropReason.SWITCH_FAULT));
        }
    }

    /** Receive buffers that are nonsense come back empty; a frame goes into the next good one. */
    @Tag("H13")
    @ParameterizedTest
    @MethodSource("rings")
    void shouldSkipReceiveBuffersThatAreNonsense(final long ring) throws Exception {
        final Frontend frontend = guests.connect("evil", 1, 0);
        try (GuestNic evil = new GuestNic(frontend, 1, 8, 2048)) {
            evil.negotiate(V1 | VirtioFeatures.MRG_RXBUF | ring);
            evil.boot();
            evil.ram.allocateFrom(64 << 20);
            final DriverRing fresh = DriverRing.of(evil.ram, 8, evil.features());
            evil.rings[0] = fresh;
            fresh.buffer(-4096, 2048, true).add(1);
            fresh.buffer(0, 0, true).add(2);
            fresh.buffer(32 << 20, 2048, false).add(3);
            fresh.buffer(32 << 20, 2048, true).add(4);
            fresh.publish();
            evil.share();
            a.send(frame(ALL, A, 300));
            assertEquals(4, fresh.collect(8));
            for (int i = 0; i < 3; i++) {
                assertEquals(0, fresh.length[i]);
            }
            assertEquals(12 + 314, fresh.length[3]);
        }
    }

    @Test
    void shouldStopARingWhoseIndexJumpsUntilItIsStartedAgain() throws Exception {
        final GuestNic evil = guests.guest("evil", V1);
        ((SplitDriver) evil.rings[1]).jump(30_000);
        evil.kick(1).signal();
        guests.pump();
        assertTrue(
                guests.row("evil").state().contains("stopped"),
                guests.row("evil").state());
        assertOthersGoOn();
        evil.frontend.stop(1);
        evil.frontend.stop(0);
        evil.boot();
        evil.share();
        evil.send(frame(ALL, EVIL, 60));
        assertEquals(1, a.receive().size());
        assertEquals("up", guests.row("evil").state());
    }

    @Test
    void shouldStopAPackedRingWhoseChainHasNoEnd() throws Exception {
        final GuestNic evil = guests.guest("evil", V1 | VirtioFeatures.RING_PACKED);
        final PackedDriver driver = (PackedDriver) evil.rings[1];
        for (int i = 255; i >= 0; i--) {
            driver.descriptor(i, 0x1000, 10, i, 1 | driver.availableFlags());
        }
        evil.kick(1).signal();
        guests.pump();
        assertTrue(
                guests.row("evil").state().contains("stopped"),
                guests.row("evil").state());
    }

    @ParameterizedTest
    @MethodSource("rings")
    void shouldCloseThePortWhoseMemoryIsCutOff(final long ring) throws Exception {
        final GuestNic evil = guests.guest("evil", V1 | ring);
        evil.send(frame(ALL, EVIL, 60));
        a.receive();
        b.receive();
        assertTrue(guests.row("evil").vhost().unsealed());
        assertEquals(0, Libc.ftruncate(evil.ram.slot(0).fd(), 0));
        // Whoever sends there meets memory that is gone; it must not be lost for the others.
        for (int i = 0; i < 5; i++) {
            a.send(frame(ALL, A, 60));
            guests.pump();
        }
        assertTrue(evil.frontend.isClosed());
        assertTrue(
                guests.row("evil").state().startsWith("waiting"),
                guests.row("evil").state());
        assertOthersGoOn();
    }

    /** The same in code that the compiler has seen: there the fault comes as it likes. */
    @ParameterizedTest
    @MethodSource("rings")
    void shouldSurviveMemoryThatIsCutOffUnderLoad(final long ring) throws Exception {
        for (int life = 0; life < 6; life++) {
            final String name = "evil" + life;
            final GuestNic evil = new GuestNic(guests.connect(name, 1, 0), 1, 256, 2048);
            evil.start(V1 | VirtioFeatures.MRG_RXBUF | ring);
            evil.send(frame(ALL, EVIL, 60));
            for (int i = 0; i < 1500; i++) {
                for (int k = 0; k < 15; k++) {
                    a.queue(0, frame(EVIL, A, 100 + 80 * k), 0, 0, 0, 0, 0);
                    evil.queue(0, frame(B, EVIL, 100 + 80 * k), 0, 0, 0, 0, 0);
                }
                a.rings[1].publish();
                evil.rings[1].publish();
                a.kick(1).signal();
                evil.kick(1).signal();
                if (i == 1499) {
                    // Whole, or from some page on: rings stay, buffers go.
                    Libc.ftruncate(evil.ram.slot(0).fd(), life % 3 == 0 ? 0 : random.nextInt(1 << 20));
                } else if (i % 50 == 0 || i == 1) {
                    guests.pump();
                    evil.receive();
                    b.receive();
                    a.receive();
                } else {
                    guests.net.weft.pump();
                    guests.net.weft.pump();
                    evil.rings[1].collect(256);
                    a.rings[1].collect(256);
                }
            }
            for (int i = 0; i < 3; i++) {
                a.send(frame(ALL, A, 60));
                b.receive();
            }
            assertTrue(evil.frontend.isClosed(), "life " + life);
            assertOthersGoOn();
            evil.frontend.close();
            TestSwitch.get(guests.net.control.removePort(name));
            evil.ram.close();
        }
    }

    @Tag("H1")
    @Test
    void shouldEndSessionsThatTalkNonsenseAndCloseEveryDescriptor() throws Exception {
        final int before = openDescriptors();
        final GuestRam ram = GuestRam.of(1 << 20);
        final int fd = ram.slot(0).fd();
        final byte[] half = Frontend.message(Frontend.SET_MEM_TABLE, 1, new byte[40]);
        final byte[][] nonsense = {
            Arrays.copyOf(half, 20),
            Frontend.message(99, 1, new byte[8]),
            Frontend.message(Frontend.SET_VRING_KICK, 1, Frontend.words(0)),
            Frontend.message(Frontend.GET_FEATURES, 2, new byte[0]),
            Frontend.message(Frontend.SET_MEM_TABLE, 1, Frontend.words(9)),
            Frontend.message(Frontend.SET_FEATURES, 1, new byte[0]),
        };
        int n = 0;
        for (final byte[] bytes : nonsense) {
            for (final int fds : new int[] {0, 1, 3, 8, 9, 100}) {
                final String name = "evil" + n++;
                final Frontend frontend = guests.connect(name, 1, 0);
                final int[] many = new int[fds];
                Arrays.fill(many, fd);
                frontend.raw(bytes, many);
                guests.pump();
                // In the midst of a message, if it was not refused before.
                frontend.hangUp();
                guests.pump();
                frontend.close();
                TestSwitch.get(guests.net.control.removePort(name));
            }
        }
        ram.close();
        guests.pump();
        assertEquals(before, openDescriptors());
    }

    @Tag("H11")
    @ParameterizedTest
    @MethodSource("rings")
    void shouldGoOnWhenTheMemoryTableIsReplacedUnderLoad(final long ring) throws Exception {
        final GuestNic c = guests.guest("c", V1 | ring);
        c.send(frame(ALL, EVIL, 60));
        a.receive();
        b.receive();
        final GuestRam more = GuestRam.of(1 << 20);
        for (int i = 0; i < 100; i++) {
            a.queue(0, frame(EVIL, A, 100), 0, 0, 0, 0, 0);
            c.queue(0, frame(A, EVIL, 100), 0, 0, 0, 0, 0);
            a.rings[1].publish();
            c.rings[1].publish();
            a.kick(1).signal();
            c.kick(1).signal();
            if (i % 2 == 0) {
                final GuestRam.Slot s = more.slot(0);
                assertEquals(
                        0,
                        c.frontend.send(
                                Frontend.ADD_MEM_REG, Frontend.words(0, 1L << 40, s.size(), 1L << 46, 0), s.fd()));
            } else {
                assertEquals(0, c.frontend.memory(c.ram));
            }
            guests.pump();
            assertEquals(1, a.receive().size(), "at " + i);
            assertEquals(1, c.receive().size(), "at " + i);
        }
        more.close();
    }

    /** What GET_VRING_BASE says, and a device that takes it up, agree wherever the guest was. */
    @Tag("H19")
    @ParameterizedTest
    @MethodSource("rings")
    void shouldServeAFrontendThatReturns(final long ring) throws Exception {
        final String name = "returning";
        final Frontend frontend = guests.connect(name, 1, 0);
        try (GuestNic c = new GuestNic(frontend, 1, 64, 2048).start(V1 | ring)) {
            for (int i = 0; i < 10; i++) {
                for (int k = 0; k <= i * 7; k++) {
                    c.send(frame(A, EVIL, 60));
                    assertEquals(1, a.receive().size());
                    a.send(frame(EVIL, A, 60));
                    assertEquals(1, c.receive().size());
                }
                c.rings[1].collect(64);
                frontend.hangUp();
                guests.pump();
                guests.net.advance(100);
                guests.pump();
                frontend.accept();
                c.negotiate(V1 | ring);
                c.share();
                c.checkUntouched();
            }
        }
    }

    /** Every page that the switch writes is marked while it is asked for, and none when not. */
    @Tag("H14")
    @Tag("H15")
    @ParameterizedTest
    @MethodSource("rings")
    void shouldMarkWhatItWritesWheneverItIsAskedTo(final long ring) throws Exception {
        final GuestNic c = guests.guest("c", V1 | VirtioFeatures.MRG_RXBUF | ring);
        c.send(frame(ALL, EVIL, 60));
        a.receive();
        b.receive();
        final int pages = (128 << 20) / 4096;
        final int bytes = pages / 8;
        final int log = Libc.memfd("log", bytes);
        final long map = Libc.mmap(0, bytes, Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_SHARED, log, 0);
        for (int round = 0; round < 8; round++) {
            final boolean on = round % 2 == 0;
            if (on) {
                assertEquals(
                        0,
                        c.frontend
                                .ask(Frontend.SET_LOG_BASE, Frontend.words(bytes, 0), log)
                                .getLong(0));
            }
            c.frontend.send(
                    Frontend.SET_FEATURES,
                    c.features() | VirtioFeatures.PROTOCOL_FEATURES | (on ? VirtioFeatures.LOG_ALL : 0));
            for (int r = 0; r < 2; r++) {
                // Where the used ring lies, as the guest numbers it.
                c.frontend.addresses(c.ram, r, c.rings[r], on ? 1 : 0, c.rings[r].device);
            }
            Mem.fill(map, bytes, 0);
            final byte[] before = Mem.bytes(c.ram.host(0), 8 << 20);
            for (int i = 0; i < 20; i++) {
                a.send(frame(EVIL, A, 60 + random.nextInt(1400)));
            }
            final byte[] after = Mem.bytes(c.ram.host(0), 8 << 20);
            int changed = 0;
            for (int page = 0; page < after.length / 4096; page++) {
                final boolean differs =
                        !Arrays.equals(before, page * 4096, (page + 1) * 4096, after, page * 4096, (page + 1) * 4096);
                final boolean marked = (Mem.getByte(map + page / 8) >> page % 8 & 1) != 0;
                changed += differs ? 1 : 0;
                assertTrue(!on || !differs || marked, "page " + page + " was written and not marked");
                assertTrue(on || !marked, "page " + page + " was marked when nobody asked");
            }
            assertTrue(changed > 5);
            assertEquals(20, c.receive().size());
        }
        Libc.munmap(map, bytes);
        Libc.close(log);
    }

    @Test
    void shouldKeepNoDescriptorOfGuestsThatCameAndWent() throws Exception {
        for (int i = 0; i < 20; i++) {
            final Frontend frontend = guests.connect("g" + i, 1, 0);
            try (GuestNic guest =
                    new GuestNic(frontend, 1, 64, 2048).start(V1 | (i % 2 == 0 ? 0 : VirtioFeatures.RING_PACKED))) {
                guest.send(frame(ALL, EVIL + i, 60));
                assertEquals(1, a.receive().size());
            }
            guests.pump();
            TestSwitch.get(guests.net.control.removePort("g" + i));
        }
        assertEquals(descriptors, openDescriptors());
    }
}
