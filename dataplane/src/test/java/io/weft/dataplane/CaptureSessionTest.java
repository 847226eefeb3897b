package io.weft.dataplane;

import static io.weft.dataplane.TestSwitch.get;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.dataplane.api.Capture;
import io.weft.dataplane.api.CaptureSpec;
import io.weft.dataplane.api.NetworkSpec;
import io.weft.dataplane.api.SwitchException;
import io.weft.dataplane.api.TenantSpec;
import io.weft.dataplane.api.UnderlaySpec;
import io.weft.dataplane.capture.CaptureRing;
import io.weft.dataplane.capture.CapturedFrame;
import io.weft.dataplane.port.CaptureFilter;
import io.weft.encap.Encapsulation;
import io.weft.encap.IpAddress;
import java.io.IOException;
import java.lang.reflect.Field;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class CaptureSessionTest {
    private static final long A = 0x020000000001L;
    private static final long B = 0x020000000002L;
    private static final String NET = "t/n";

    private TestSwitch weft = plain(new SwitchContext());

    private static TestSwitch plain(final SwitchContext context) {
        return new TestSwitch(context, false, "10.1.0.1")
                .tenant("t")
                .network(NET, 5001, Encapsulation.VXLAN, "10.1.0.9")
                .access("a", NET)
                .access("b", NET);
    }

    @AfterEach
    void close() {
        weft.close();
    }

    /** A frame as a test looks at it. */
    @SuppressWarnings("ArrayRecordComponent") // compared nowhere
    private record Seen(int direction, DropReason reason, String network, byte[] bytes, int length, String comment) {
        static Seen of(final CapturedFrame frame) {
            return new Seen(
                    frame.direction,
                    frame.reason,
                    frame.network,
                    Arrays.copyOf(frame.bytes, frame.captured),
                    frame.length,
                    frame.comment);
        }
    }

    private Capture capture(final String port, final boolean in, final boolean out, final boolean drops) {
        return get(weft.control.capture(new CaptureSpec(port, in, out, drops, Burst.MAX_FRAME, null)));
    }

    private static List<Seen> all(final Capture capture) {
        final List<Seen> seen = new ArrayList<>();
        while (capture.poll(frame -> seen.add(Seen.of(frame)), 100) > 0) {
            // Until nothing waits.
        }
        return seen;
    }

    private static byte[] frame(final long destination, final long source) {
        return TestFrames.ethernet(
                destination,
                source,
                0x0800,
                TestFrames.ipv4("10.0.0.1", "10.0.0.2", 17, 0, TestFrames.udp(5000, 53, new byte[40])));
    }

    @Test
    void shouldSeeFramesOfBothDirectionsAsTheyPass() {
        weft.send("b", frame(A, B));
        try (Capture of = capture("a", true, true, true)) {
            weft.send("a", frame(B, A));
            weft.send("b", frame(A, B));
            weft.send("b", frame(B, A));
            final List<Seen> seen = all(of);
            assertEquals(2, seen.size());
            assertArrayEquals(frame(B, A), seen.get(0).bytes());
            assertEquals(CaptureRing.IN, seen.get(0).direction());
            assertEquals(NET, seen.get(0).network());
            assertNull(seen.get(0).comment());
            assertArrayEquals(frame(A, B), seen.get(1).bytes());
            assertEquals(CaptureRing.OUT, seen.get(1).direction());
            assertEquals(0, of.lost());
        }
    }

    @Test
    void shouldShowAFrameOnceWhereAnotherWorkerSendsIt() {
        weft.close();
        weft = plain(new SwitchContext().workers(2));
        weft.send("b", frame(A, B));
        try (Capture of = capture("b", true, true, true)) {
            weft.send("a", frame(B, A));
            weft.advance(100);
            final List<Seen> seen = all(of);
            assertEquals(1, seen.size(), seen.toString());
            assertEquals(CaptureRing.OUT, seen.getFirst().direction());
            assertEquals(DropReason.NONE, seen.getFirst().reason());
        }
    }

    @Test
    void shouldShowADroppedFrameOnceAsItCameWithItsReason() {
        final byte[] tagged = TestFrames.tag(0x8100, 7, frame(B, A));
        weft.trunk("fw", Map.of(10, NET));
        try (Capture of = capture("fw", true, true, true)) {
            weft.send("fw", tagged);
            // Stripped before it is dropped: what is shown is what came.
            weft.send("fw", TestFrames.tag(0x8100, 10, frame(B, 0)));
            final List<Seen> seen = all(of);
            assertEquals(2, seen.size());
            assertEquals(DropReason.UNKNOWN_VLAN, seen.get(0).reason());
            assertArrayEquals(tagged, seen.get(0).bytes());
            assertEquals(DropReason.BAD_SOURCE_MAC, seen.get(1).reason());
            assertArrayEquals(
                    TestFrames.tag(0x8100, 10, frame(B, 0)), seen.get(1).bytes());
            assertEquals(
                    "dropped: bad-source-mac: source address is zero or a group address; network t/n",
                    seen.get(1).comment());
        }
    }

    @Test
    void shouldTakeDropsAloneWhenToldSo() {
        try (Capture of = capture("a", false, false, true)) {
            for (int i = 0; i < 100; i++) {
                weft.send("a", frame(B, A));
            }
            weft.port("a").inject(frame(B, A));
            weft.send("a", frame(B, 0));
            final List<Seen> seen = all(of);
            assertEquals(1, seen.size());
            assertEquals(DropReason.BAD_SOURCE_MAC, seen.get(0).reason());
        }
    }

    @Test
    void shouldShowWhatAPortRefusedAsDroppedOnItsWayOut() {
        try (Capture of = capture("b", false, false, true);
                Capture sent = capture("b", false, true, false)) {
            for (int i = 0; i < 1100; i++) {
                weft.send("a", frame(B, A));
            }
            final long drops = weft.drops(DropReason.PORT_FULL);
            assertTrue(drops > 0);
            final List<Seen> seen = all(of);
            assertEquals(drops, seen.size());
            assertEquals(CaptureRing.OUT, seen.get(0).direction());
            assertEquals(DropReason.PORT_FULL, seen.get(0).reason());
            assertEquals(1100 - drops, all(sent).size());
        }
    }

    @Test
    void shouldShowOuterHeadersThatWereOnTheWire() {
        try (Capture of = capture("underlay", true, true, true)) {
            weft.send("a", frame(B, A));
            final byte[] sent = weft.sentWire().getFirst();
            final byte[] outer = TestFrames.ethernet(
                    0x02000a010001L,
                    0x02000a010009L,
                    0x0800,
                    TestFrames.ipv4(
                            "10.1.0.9",
                            "10.1.0.1",
                            17,
                            0,
                            TestFrames.udp(50000, 4789, TestFrames.vxlan(5001), frame(A, B))));
            weft.sendWire(outer);
            final byte[] stranger = TestFrames.ethernet(
                    0x02000a010001L,
                    0x02000a010009L,
                    0x0800,
                    TestFrames.ipv4("10.1.0.9", "10.1.0.7", 17, 0, new byte[60]));
            weft.sendWire(stranger);
            final List<Seen> seen = all(of);
            assertEquals(3, seen.size());
            assertArrayEquals(sent, seen.get(0).bytes());
            assertEquals(CaptureRing.OUT, seen.get(0).direction());
            assertArrayEquals(outer, seen.get(1).bytes());
            assertEquals(NET, seen.get(1).network());
            assertArrayEquals(stranger, seen.get(2).bytes());
            assertEquals(DropReason.OUTER_MALFORMED, seen.get(2).reason());
        }
    }

    @Test
    void shouldMakeUpOuterHeadersWhenNobodyPutThemOn() {
        final byte[] big = TestFrames.ethernet(B, A, 0x88b5, new byte[1600]);
        try (Capture of = capture("underlay", true, true, true)) {
            weft.send("a", big);
            final List<Seen> seen = all(of);
            assertEquals(1, seen.size());
            assertEquals(DropReason.TOO_BIG_FOR_TUNNEL, seen.get(0).reason());
            final byte[] bytes = seen.get(0).bytes();
            assertEquals(50 + big.length, bytes.length);
            assertEquals(0x0800, TestFrames.u16(bytes, 12));
            assertEquals(36 + big.length, TestFrames.u16(bytes, 16));
            assertEquals(4789, TestFrames.u16(bytes, 36));
            assertEquals(5001, TestFrames.u24(bytes, 46));
            assertArrayEquals(big, TestFrames.slice(bytes, 50));
        }
    }

    @Test
    void shouldMakeUpASourcePortThatIsNoOtherProtocolsWhenTheKernelKeepsIt() throws IOException {
        final InetAddress here = InetAddress.ofLiteral("127.0.0.1");
        final int port;
        try (DatagramSocket free = new DatagramSocket(0, here)) {
            port = free.getLocalPort();
        }
        final UnderlaySpec kernel = new UnderlaySpec(
                List.of(IpAddress.parse("127.0.0.1")), true, UnderlaySpec.Device.KERNEL, 0, List.of(), 8, Map.of(), 0);
        try (Switch own = Switch.launch(new SwitchContext().pumped(true).underlay(kernel));
                DatagramSocket peer = new DatagramSocket(0, InetAddress.ofLiteral("127.0.0.2"))) {
            get(own.control().putTenant(new TenantSpec("t", 1024)));
            final NetworkSpec spec = TestSwitch.spec("t/a", 5001, Encapsulation.VXLAN);
            get(own.control()
                    .putNetwork(new NetworkSpec(
                            "t", "a", 5001, spec.encap(), port, true, false, spec.udpChecksum(), 100, 10_000, null)));
            try (Capture of = get(own.control().capture(new CaptureSpec("underlay", true, false, false, 2000, null)))) {
                final byte[] payload = TestFrames.concat(TestFrames.vxlan(5001), frame(B, A));
                peer.send(new DatagramPacket(payload, payload.length, here, port));
                final long deadline = System.nanoTime() + 10_000_000_000L;
                List<Seen> seen = List.of();
                while (seen.isEmpty() && System.nanoTime() < deadline) {
                    own.pump();
                    seen = all(of);
                }
                assertEquals(1, seen.size());
                final byte[] bytes = seen.get(0).bytes();
                assertEquals(65_535, TestFrames.u16(bytes, 34), "tcpdump takes 49152 for another protocol");
                assertEquals(port, TestFrames.u16(bytes, 36));
                assertArrayEquals(payload, TestFrames.slice(bytes, 42));
            }
        }
    }

    @Test
    void shouldCopyHeadAndBodyUpToSnaplen() {
        weft.port("a").splitAt(64);
        final byte[] frame = TestFrames.ethernet(B, A, 0x88b5, new byte[1000]);
        new Random(7).nextBytes(frame);
        System.arraycopy(frame(B, A), 0, frame, 0, 14);
        try (Capture whole = capture("a", true, false, false);
                Capture cut = get(weft.control.capture(new CaptureSpec("a", true, false, false, 100, null)))) {
            weft.send("a", frame);
            assertArrayEquals(frame, all(whole).getFirst().bytes());
            final Seen seen = all(cut).getFirst();
            assertArrayEquals(Arrays.copyOf(frame, 100), seen.bytes());
            assertEquals(frame.length, seen.length());
        }
    }

    @Test
    void shouldSayWhatOffloadWordsAskFor() {
        try (Capture of = capture("a", true, false, false)) {
            final byte[] tso =
                    TestFrames.ethernet(B, A, 0x0800, TestFrames.ipv4("10.0.0.1", "10.0.0.2", 6, 0, new byte[3000]));
            weft.port("a").inject(tso, Burst.NEEDS_CSUM, Burst.GSO_TCPV4, 1448, 34, 16);
            weft.pump();
            final Seen seen = all(of).getFirst();
            assertEquals(
                    "not segmented yet: TCP over IPv4, 1448 bytes of payload each; "
                            + "checksum not filled in yet: from byte 34, at 50",
                    seen.comment());
            assertArrayEquals(tso, seen.bytes());
        }
    }

    @Test
    void shouldCountWhatDoesNotFitTheRing() {
        weft.close();
        weft = plain(new SwitchContext().captureRing(4096));
        try (Capture of = capture("a", true, false, false)) {
            for (int i = 0; i < 100; i++) {
                weft.send("a", frame(B, A));
                weft.sent("b");
            }
            final int seen = all(of).size();
            assertTrue(seen > 0 && seen < 100, () -> seen + " of 100");
            assertEquals(100 - seen, of.lost());
            // What was read makes room.
            weft.send("a", frame(B, A));
            assertEquals(1, all(of).size());
            assertEquals(100 - seen, of.lost());
        }
    }

    /** That a capture costs nothing when there is none is a matter of structure: one field, which is null. */
    @Test
    void shouldLeaveNothingInTheWorkerWhenNothingIsCaptured() throws ReflectiveOperationException {
        assertNull(tapOf("pipeline"));
        final Capture first = capture("a", true, true, true);
        final Capture second = capture("b", true, true, true);
        first.close();
        weft.send("a", frame(B, A));
        assertEquals(1, all(second).size());
        assertNotNull(tapOf("pipeline"));
        assertNotNull(tapOf("transmitter"));
        second.close();
        second.close();
        assertNull(tapOf("pipeline"));
        assertNull(tapOf("transmitter"));
        weft.send("a", frame(B, A));
        assertEquals(0, second.poll(frame -> true, 10));
    }

    @Test
    void shouldTakeACaptureAwayWhenItsReaderIsDead() throws ReflectiveOperationException {
        final Capture of = capture("a", true, true, true);
        final Field asked = of.getClass().getDeclaredField("asked");
        asked.setAccessible(true);
        asked.setLong(of, System.nanoTime() - 31_000_000_000L);
        weft.pump();
        assertEquals("nobody read it for half a minute", of.ended());
        assertNull(tapOf("pipeline"));
        weft.send("a", frame(B, A));
        assertEquals(0, of.poll(frame -> true, 10));
        of.close();
    }

    private Object tapOf(final String part) throws ReflectiveOperationException {
        final Object worker = ((List<?>) read(weft.weft, "workers")).getFirst();
        return read(read(worker, part), "tap");
    }

    private static Object read(final Object from, final String field) throws ReflectiveOperationException {
        final Field found = from.getClass().getDeclaredField(field);
        found.setAccessible(true);
        return found.get(from);
    }

    @Test
    void shouldEndWithItsPort() {
        try (Capture of = capture("a", true, true, true)) {
            weft.send("a", frame(B, A));
            get(weft.control.removePort("a"));
            weft.access("c", NET);
            weft.send("c", frame(B, A));
            assertEquals(1, all(of).size());
            assertEquals("port a was removed", of.ended());
        }
    }

    @Test
    void shouldRefuseWhatCannotBe() {
        assertEquals(
                "there is no port x",
                assertThrows(SwitchException.class, () -> capture("x", true, true, true))
                        .getMessage());
        final List<Capture> open = new ArrayList<>();
        for (int i = 0; i < Captures.MAX; i++) {
            open.add(capture("a", true, true, true));
        }
        assertThrows(SwitchException.class, () -> capture("a", true, true, true));
        open.getFirst().close();
        capture("a", true, true, true).close();
        open.forEach(Capture::close);
    }

    @Test
    void shouldMergeTheWorkersFramesByTime() {
        weft.close();
        weft = plain(new SwitchContext().workers(3));
        try (Capture of = capture("underlay", true, false, false)) {
            final List<byte[]> sent = new ArrayList<>();
            for (int i = 0; i < 30; i++) {
                weft.advance(1);
                final byte[] packet = TestFrames.ethernet(
                        0x02000a010001L,
                        0x02000a010009L,
                        0x0800,
                        TestFrames.ipv4("10.1.0.9", "10.1.0.7", 17, i, new byte[60]));
                sent.add(packet);
                weft.wire.queue((i * 7) % 3).inject(packet);
                weft.pump();
            }
            final List<Seen> early = all(of);
            assertTrue(early.size() < 30, "frames of the last moment are held back");
            weft.advance(100);
            final List<Seen> seen = new ArrayList<>(early);
            seen.addAll(all(of));
            assertEquals(30, seen.size());
            for (int i = 0; i < 30; i++) {
                assertArrayEquals(sent.get(i), seen.get(i).bytes());
            }
        }
    }

    @Test
    void shouldLetThroughWhatTheFilterMatches() {
        org.junit.jupiter.api.Assumptions.assumeTrue(io.weft.dataplane.port.CaptureReader.isSupported());
        final CaptureFilter dns = CaptureFilter.compile("udp port 53");
        try (Capture of = get(weft.control.capture(new CaptureSpec("a", true, true, true, 65_000, dns)))) {
            weft.send("a", frame(B, A));
            weft.send("a", TestFrames.ethernet(B, A, 0x88b5, new byte[46]));
            assertEquals(1, all(of).size());
        }
        final SwitchException wrong = assertThrows(SwitchException.class, () -> CaptureFilter.compile("udp prot 53"));
        assertTrue(wrong.getMessage().startsWith("filter \"udp prot 53\": "), wrong.getMessage());
        assertNotNull(dns.expression());
        assertFalse(wrong.getMessage().contains("\n"));
    }
}
