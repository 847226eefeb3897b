package io.weft.dataplane.conformance;

import static io.weft.dataplane.TestFrames.concat;
import static io.weft.dataplane.TestFrames.ethernet;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.dataplane.DropReason;
import io.weft.dataplane.TestFrames;
import io.weft.dataplane.vhost.VirtioFeatures;
import io.weft.dataplane.vhost.frontend.Frontend;
import io.weft.dataplane.vhost.frontend.GuestFrame;
import io.weft.dataplane.vhost.frontend.GuestNic;
import io.weft.dataplane.vhost.frontend.Guests;
import io.weft.encap.Mem;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a guest sees of a port: the items of virtio-net (T), and those of vhost-user (H) that need a whole switch. */
class VirtioConformanceTest {
    private static final long A = 0x02_00_00_00_00_0aL;
    private static final long B = 0x02_00_00_00_00_0bL;
    private static final long ALL = 0xffff_ffff_ffffL;
    private static final long V1 = VirtioFeatures.VERSION_1;
    private static final long MRG = VirtioFeatures.MRG_RXBUF;
    private static final long PACKED = VirtioFeatures.RING_PACKED;

    private final Guests guests = new Guests();
    private final Random random = new Random(7);

    @AfterEach
    void close() {
        assertTrue(guests.net.books().balanced());
        guests.close();
    }

    static Stream<Long> rings() {
        return Stream.of(0L, PACKED);
    }

    private byte[] frame(final long to, final long from, final int payload) {
        final byte[] bytes = new byte[payload];
        random.nextBytes(bytes);
        return ethernet(to, from, 0x88b5, bytes);
    }

    /** Lets each know where the other is. */
    private void meet(final GuestNic a, final GuestNic b) {
        a.send(frame(ALL, A, 50));
        b.send(frame(ALL, B, 50));
        a.receive();
        b.receive();
    }

    @Tag("T6")
    @ParameterizedTest
    @MethodSource("rings")
    void shouldFillMergedBuffersBeforeTheLastOneAndSayHowMany(final long ring) throws Exception {
        final GuestNic a = guests.guest("a", V1 | ring);
        final GuestNic b = guests.guest("b", V1 | MRG | ring, 1, 300);
        meet(a, b);
        for (final int length : new int[] {60, 274, 275, 600, 1000, 1500}) {
            final byte[] sent = frame(B, A, length);
            a.send(sent);
            final List<GuestNic.Received> got = b.receive();
            assertEquals(1, got.size());
            assertArrayEquals(sent, got.getFirst().frame);
            assertEquals((12 + sent.length + 299) / 300, got.getFirst().numBuffers);
        }
        b.checkUntouched();
    }

    @Tag("T6")
    @Tag("T7")
    @ParameterizedTest
    @CsvSource({"0,10", "32768,12", "4294967296,12", "4295000064,12", "17179869184,10", "21474836480,12"})
    void shouldUseTheHeaderThatWasNegotiated(final long features, final int length) throws Exception {
        final GuestNic a = guests.guest("a", features);
        final GuestNic b = guests.guest("b", features);
        assertEquals(length, a.headerLength());
        meet(a, b);
        final byte[] sent = frame(B, A, 700);
        a.send(sent);
        final List<GuestNic.Received> got = b.receive();
        assertEquals(1, got.size());
        assertArrayEquals(sent, got.getFirst().frame);
        assertEquals(1, got.getFirst().numBuffers);
        assertEquals(0, got.getFirst().flags);
    }

    @Tag("T1")
    @Test
    void shouldNotCareHowAGuestCutsItsBuffers() throws Exception {
        final GuestNic a = guests.guest("a", V1 | VirtioFeatures.INDIRECT_DESC);
        final GuestNic b = guests.guest("b", V1);
        meet(a, b);
        final byte[] sent = frame(B, A, 300);
        final byte[] all = concat(new byte[12], sent);
        for (final int piece : new int[] {6, 7, 12, 13, 64, 311}) {
            final long at = a.ram.allocate(512, 1);
            Mem.copy(all, 0, a.ram.host(at), all.length);
            int buffers = 0;
            for (int from = 0; from < all.length; from += piece) {
                a.rings[1].buffer(at + from, Math.min(piece, all.length - from), false);
                buffers++;
            }
            assertTrue(a.rings[1].addIndirect(1, buffers));
            a.flush(0);
            assertArrayEquals(sent, b.receive().getFirst().frame);
            a.rings[1].collect(256);
        }
    }

    @Tag("T8")
    @ParameterizedTest
    @MethodSource("rings")
    void shouldCompleteChecksumsForAGuestThatTakesNone(final long ring) throws Exception {
        final GuestNic a = guests.guest("a", V1 | VirtioFeatures.CSUM | ring);
        final GuestNic b = guests.guest("b", V1 | ring);
        meet(a, b);
        final GuestFrame frame = new GuestFrame(true, false, B, A, new byte[777], 0);
        a.send(0, frame.partial, GuestNic.NEEDS_CSUM, 0, 0, frame.csumStart, frame.csumOffset);
        final GuestNic.Received got = b.receive().getFirst();
        assertEquals(0, got.flags);
        assertArrayEquals(frame.complete(), got.frame);
    }

    @Tag("T8")
    @Test
    void shouldLeaveThePseudoHeadersSumForAGuestThatTakesIt() throws Exception {
        final GuestNic a = guests.guest("a", V1 | VirtioFeatures.CSUM);
        final GuestNic b = guests.guest("b", V1 | VirtioFeatures.GUEST_CSUM);
        meet(a, b);
        final GuestFrame frame = new GuestFrame(false, true, B, A, new byte[777], 0);
        a.send(0, frame.partial, GuestNic.NEEDS_CSUM, 0, 0, frame.csumStart, frame.csumOffset);
        final GuestNic.Received got = b.receive().getFirst();
        assertEquals(GuestNic.NEEDS_CSUM, got.flags);
        assertEquals(frame.csumStart, got.csumStart);
        assertEquals(frame.csumOffset, got.csumOffset);
        assertArrayEquals(frame.partial, got.frame);
        // And nobody said that this one was validated.
        a.send(frame.complete());
        assertEquals(0, b.receive().getFirst().flags);
    }

    @Tag("T9")
    @ParameterizedTest
    @CsvSource({"true,true", "true,false", "false,true", "false,false"})
    void shouldSegmentForAGuestThatCannot(final boolean tcp, final boolean v6) throws Exception {
        final long host =
                VirtioFeatures.CSUM | VirtioFeatures.HOST_TSO4 | VirtioFeatures.HOST_TSO6 | VirtioFeatures.HOST_USO;
        final long guest = VirtioFeatures.GUEST_CSUM
                | VirtioFeatures.GUEST_TSO4
                | VirtioFeatures.GUEST_TSO6
                | VirtioFeatures.GUEST_USO4
                | VirtioFeatures.GUEST_USO6;
        final GuestNic a = guests.guest("a", V1 | host);
        final GuestNic whole = guests.guest("b", V1 | MRG | guest);
        meet(a, whole);
        final GuestFrame frame = new GuestFrame(tcp, v6, B, A, new byte[60_000], 1400);
        send(a, frame);
        final List<GuestNic.Received> one = whole.receive();
        assertEquals(1, one.size());
        assertEquals(frame.gsoType(), one.getFirst().gsoType);
        assertEquals(1400, one.getFirst().gsoSize);
        assertEquals(GuestNic.NEEDS_CSUM, one.getFirst().flags);
        assertArrayEquals(frame.partial, one.getFirst().frame);
        // Another moves in that takes checksums, not segments.
        final GuestNic cut = guests.guest("c", V1 | VirtioFeatures.GUEST_CSUM);
        cut.send(frame(ALL, B, 50));
        a.receive();
        whole.receive();
        send(a, frame);
        final List<byte[]> segments = frame.segments();
        final List<GuestNic.Received> many = cut.receive();
        assertEquals(segments.size(), many.size());
        for (int i = 0; i < segments.size(); i++) {
            assertEquals(0, many.get(i).gsoType);
            assertArrayEquals(segments.get(i), GuestFrame.finished(many.get(i)));
        }
    }

    private static void send(final GuestNic from, final GuestFrame frame) {
        from.send(
                0,
                frame.partial,
                GuestNic.NEEDS_CSUM,
                frame.gsoType(),
                frame.gsoSize,
                frame.csumStart,
                frame.csumOffset);
    }

    @Tag("T10")
    @Test
    void shouldIgnoreUnknownFlagsAndHintsOfTheHeader() throws Exception {
        final GuestNic a = guests.guest("a", V1 | VirtioFeatures.CSUM);
        final GuestNic b = guests.guest("b", V1 | VirtioFeatures.GUEST_CSUM);
        meet(a, b);
        final byte[] sent = frame(B, A, 100);
        // Flags that are not known, DATA_VALID that a driver must not set; start and offset without NEEDS_CSUM.
        for (final int flags : new int[] {2, 4, 8, 0x80, 0xfe}) {
            a.send(0, sent, flags, 0, 1234, 60_000, 60_000);
            final GuestNic.Received got = b.receive().getFirst();
            assertEquals(0, got.flags, "flags " + flags);
            assertEquals(0, got.gsoType);
            assertArrayEquals(sent, got.frame);
        }
        assertEquals(0, guests.net.books().dropped());
    }

    @Tag("T10")
    @ParameterizedTest
    @CsvSource({
        "1,0,0,65535,65535", "1,0,0,65535,0", "1,0,0,0,0", "1,0,0,5000,16", "1,0,0,34,65535", "1,0,0,34,2000",
        "1,1,0,34,16", "1,1,65535,34,16", "0,1,1400,34,16", "1,2,1400,34,16", "1,3,1400,34,16", "1,255,1400,34,16",
        "1,4,1400,34,16", "1,5,1400,34,16", "1,1,1,34,16", "1,1,1400,0,0", "1,1,1400,65535,65535"
    })
    void shouldRefuseOffloadWordsThatDoNotFit(
            final int flags, final int gsoType, final int gsoSize, final int start, final int offset) throws Exception {
        final GuestNic a = guests.guest("a", V1 | VirtioFeatures.CSUM | VirtioFeatures.HOST_TSO4);
        final GuestNic b = guests.guest("b", V1);
        meet(a, b);
        // Short: what is no TCP over IPv4 of some length cannot be segmented as such.
        a.send(0, frame(B, A, 200), flags, gsoType, gsoSize, start, offset);
        assertEquals(List.of(), b.receive());
        assertEquals(1, guests.net.books().dropped());
        a.send(frame(B, A, 60));
        assertEquals(1, b.receive().size());
    }

    @Tag("T9")
    @Tag("T10")
    @Test
    void shouldRefuseOffloadsThatWereNotNegotiated() throws Exception {
        final GuestNic a = guests.guest("a", V1);
        final GuestNic b = guests.guest("b", V1);
        meet(a, b);
        final GuestFrame frame = new GuestFrame(true, false, B, A, new byte[3000], 1400);
        send(a, frame);
        final GuestFrame small = new GuestFrame(true, false, B, A, new byte[30], 0);
        send(a, small);
        assertEquals(List.of(), b.receive());
        assertEquals(2, guests.drops(DropReason.BAD_OFFLOAD));
    }

    @Tag("T11")
    @ParameterizedTest
    @ValueSource(ints = {0x20, 0x40, 0x60, 0x21, 0x41, 0x61})
    void shouldRefuseTunnelSegmentationWhichIsNotOffered(final int type) throws Exception {
        final GuestNic a = guests.guest("a", V1 | VirtioFeatures.CSUM | VirtioFeatures.HOST_TSO4);
        final GuestNic b = guests.guest("b", V1);
        meet(a, b);
        final GuestFrame frame = new GuestFrame(true, false, B, A, new byte[3000], 1400);
        for (final int flags : new int[] {0, GuestNic.NEEDS_CSUM}) {
            a.send(0, frame.partial, flags, type, 1400, frame.csumStart, frame.csumOffset);
        }
        assertEquals(List.of(), b.receive());
        assertEquals(2, guests.drops(DropReason.BAD_OFFLOAD));
    }

    @Tag("T12")
    @Tag("H17")
    @Test
    void shouldNotDeliverMoreThanTheMtu() throws Exception {
        final GuestNic a = guests.guest("a", V1);
        final GuestNic b = guests.guest("b", V1 | VirtioFeatures.MTU, 1, 2048);
        meet(a, b);
        for (final long bad : new long[] {0, 67, 1501, 65_535, 65_536, -1}) {
            assertNotEquals(0, b.frontend.send(Frontend.NET_SET_MTU, bad), "MTU " + bad);
        }
        for (final long good : new long[] {68, 1500, 1000}) {
            assertEquals(0, b.frontend.send(Frontend.NET_SET_MTU, good), "MTU " + good);
        }
        a.send(frame(B, A, 1000));
        assertEquals(1, b.receive().size());
        a.send(frame(B, A, 1005));
        assertEquals(List.of(), b.receive());
        assertEquals(1, guests.drops(DropReason.TOO_BIG_FOR_PORT));
        b.checkUntouched();
    }

    @Tag("H17")
    @Test
    void shouldSayWhichMtuQemuIsToBeGivenWhenOneIsRefused() throws Exception {
        final GuestNic a = guests.guest("a", V1 | VirtioFeatures.MTU);
        assertEquals(1500, guests.net.status().ports().getFirst().vhost().hostMtu());
        final List<String> before = guests.net.status().problems();
        assertNotEquals(0, a.frontend.send(Frontend.NET_SET_MTU, 9000));
        assertEquals(9000, guests.net.status().ports().getFirst().vhost().refusedMtu());
        final String problem = String.join("\n", guests.net.status().problems());
        assertTrue(problem.contains("host_mtu=9000") && problem.contains("host_mtu=1500"), problem);
        assertEquals(0, a.frontend.send(Frontend.NET_SET_MTU, 1500));
        assertEquals(before, guests.net.status().problems());
    }

    @Tag("T13")
    @Test
    void shouldReceiveOnThePairsThatAreEnabledOnly() throws Exception {
        final GuestNic a = guests.guest("a", V1);
        final GuestNic b = guests.guest("b", V1 | VirtioFeatures.MQ, 4, 2048);
        meet(a, b);
        // After a reset the driver uses pair 0; QEMU says so ring by ring.
        for (int ring = 2; ring < 8; ring++) {
            b.frontend.enable(ring, false);
        }
        assertEquals(1, pairs(a, b));
        for (int ring = 2; ring < 6; ring++) {
            b.frontend.enable(ring, true);
        }
        assertEquals(3, pairs(a, b));
        b.frontend.enable(4, false);
        b.frontend.enable(5, false);
        assertEquals(2, pairs(a, b));
    }

    /** Queue pairs on which many flows arrive; no frame is lost. */
    private int pairs(final GuestNic from, final GuestNic to) {
        final boolean[] seen = new boolean[4];
        for (int port = 0; port < 64; port++) {
            from.send(udp(B, A, port, 7));
            final List<GuestNic.Received> got = to.receive();
            assertEquals(1, got.size());
            seen[got.getFirst().pair] = true;
        }
        int pairs = 0;
        for (int p = 0; p < 4; p++) {
            pairs += seen[p] ? 1 : 0;
            assertEquals(p < pairs, seen[p]);
        }
        return pairs;
    }

    private static byte[] udp(final long to, final long from, final int source, final int destination) {
        return ethernet(
                to,
                from,
                0x0800,
                TestFrames.ip(
                        "10.0.0." + (from & 0xff),
                        "10.0.0." + (to & 0xff),
                        17,
                        0,
                        TestFrames.udp(1000 + source, 1000 + destination, new byte[20])));
    }

    @Tag("T13")
    @Test
    void shouldReturnAFlowOnThePairFromWhichItWasSentLast() throws Exception {
        final GuestNic a = guests.guest("a", V1);
        final GuestNic b = guests.guest("b", V1 | VirtioFeatures.MQ, 4, 2048);
        meet(a, b);
        for (int port = 0; port < 32; port++) {
            final int pair = random.nextInt(4);
            b.send(pair, udp(A, B, 7, port), 0, 0, 0, 0, 0);
            assertEquals(1, a.receive().size());
            a.send(udp(B, A, port, 7));
            assertEquals(pair, b.receive().getFirst().pair);
        }
    }

    @Tag("H7")
    @ParameterizedTest
    @MethodSource("rings")
    void shouldDiscardWhatADisabledRingSendsAndLeaveItsReceiveRingAlone(final long ring) throws Exception {
        final GuestNic a = guests.guest("a", V1 | ring);
        final GuestNic b = guests.guest("b", V1 | ring);
        meet(a, b);
        b.frontend.enable(0, false);
        b.frontend.enable(1, false);
        a.send(frame(B, A, 60));
        assertEquals(List.of(), b.receive());
        b.checkUntouched();
        b.send(frame(A, B, 60));
        b.send(frame(A, B, 60));
        assertEquals(List.of(), a.receive());
        b.rings[1].collect(9);
        assertEquals(256, b.rings[1].free());
        assertEquals(2, guests.drops(DropReason.QUEUE_DISABLED));
        b.frontend.enable(0, true);
        b.frontend.enable(1, true);
        b.send(frame(A, B, 60));
        assertEquals(1, a.receive().size());
        a.send(frame(B, A, 60));
        assertEquals(1, b.receive().size());
    }

    @Tag("H7")
    @Tag("H8")
    @Tag("H9")
    @ParameterizedTest
    @MethodSource("rings")
    void shouldLeaveStoppedRingsAloneAndGoOnWhereTheyStood(final long ring) throws Exception {
        final GuestNic a = guests.guest("a", V1 | ring);
        final GuestNic b = guests.guest("b", V1 | ring);
        meet(a, b);
        for (int i = 0; i < 300; i++) {
            a.send(frame(B, A, 60));
            b.send(frame(A, B, 60));
            assertEquals(1, b.receive().size());
            assertEquals(1, a.receive().size());
        }
        b.rings[1].collect(256);
        for (int r = 0; r < 2; r++) {
            final int base = b.frontend.stop(r);
            assertEquals(b.rings[r].base(), base, "ring " + r);
        }
        b.wasCalled(0);
        b.wasCalled(1);
        a.send(frame(B, A, 60));
        b.queue(0, frame(A, B, 60), 0, 0, 0, 0, 0);
        b.rings[1].publish();
        b.kick(1).signal();
        final byte[] after = Mem.bytes(b.ram.host(0), 8 << 20);
        guests.pump();
        assertArrayEquals(after, Mem.bytes(b.ram.host(0), 8 << 20));
        assertEquals(List.of(), a.receive());
        assertFalse(b.wasCalled(0));
        assertFalse(b.wasCalled(1));
        assertTrue((b.frontend.ask(Frontend.GET_FEATURES) & V1) != 0);
        for (int r = 0; r < 2; r++) {
            b.start(r, b.rings[r].base());
        }
        guests.pump();
        // What waited in the ring is sent now.
        assertEquals(1, a.receive().size());
        a.send(frame(B, A, 60));
        assertEquals(1, b.receive().size());
    }

    @Tag("H16")
    @Test
    void shouldBroadcastRarpOnThePortsNetworks() throws Exception {
        final GuestNic a = guests.guest("a", V1);
        final GuestNic b = guests.guest("b", V1);
        meet(a, b);
        guests.net.sentWire();
        final long mac = 0x02_00_00_00_00_0cL;
        final byte[] payload = new byte[8];
        for (int i = 0; i < 6; i++) {
            payload[i] = (byte) (mac >>> (40 - 8 * i));
        }
        b.frontend.send(Frontend.SEND_RARP, payload);
        guests.pump();
        final GuestNic.Received got = a.receive().getFirst();
        assertArrayEquals(ethernet(ALL, mac, 0x8035), Arrays.copyOf(got.frame, 14));
        assertEquals(3, TestFrames.u16(got.frame, 20));
        assertEquals(1, guests.net.sentWire().size());
        assertEquals(List.of(), b.receive());
        assertEquals("b", guests.net.locationOf(Guests.NETWORK, "02:00:00:00:00:0c"));
    }

    @Test
    void shouldDropOtherSourceAddressesThanThePortsOwn() throws Exception {
        final GuestNic a = guests.guest("a", V1);
        final Frontend frontend = guests.connect("b", 1, B);
        try (GuestNic b = new GuestNic(frontend, 1, 64, 2048).start(V1)) {
            meet(a, b);
            b.send(frame(A, B, 60));
            assertEquals(1, a.receive().size());
            b.send(frame(A, A, 60));
            b.send(frame(A, B + 1, 60));
            assertEquals(List.of(), a.receive());
            assertEquals(2, guests.drops(DropReason.SPOOFED_SOURCE_MAC));
        }
    }

    @Tag("T1")
    @ParameterizedTest
    @MethodSource("rings")
    void shouldShowAGuestNothingButWhatWasSentToIt(final long ring) throws Exception {
        final GuestNic a = guests.guest("a", V1 | MRG | ring);
        final GuestNic b = guests.guest("b", V1 | MRG | ring, 1, 700);
        final GuestNic c = guests.guest("c", V1 | ring);
        meet(a, b);
        c.receive();
        for (int i = 0; i < 500; i++) {
            final byte[] sent = frame(random.nextInt(10) == 0 ? ALL : B, A, random.nextInt(1400));
            a.send(sent);
            // Behind the used bytes the buffers are as they were: GuestNic looks.
            assertArrayEquals(sent, b.receive().getFirst().frame);
            for (final GuestNic.Received got : c.receive()) {
                assertArrayEquals(sent, got.frame);
            }
        }
        a.checkUntouched();
        b.checkUntouched();
        c.checkUntouched();
    }
}
