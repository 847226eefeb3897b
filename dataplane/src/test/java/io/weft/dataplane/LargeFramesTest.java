package io.weft.dataplane;

import static io.weft.dataplane.TestSwitch.get;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.dataplane.api.Capture;
import io.weft.dataplane.api.CaptureSpec;
import io.weft.dataplane.port.MemoryQueue;
import io.weft.dataplane.port.PortSender;
import io.weft.encap.Encapsulation;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Segments come in and leave as one frame where that was negotiated, as they are elsewhere; and the books say so. */
class LargeFramesTest {
    private static final int LARGE = PortSender.CSUM | PortSender.TSO4 | PortSender.TSO6;
    private static final int COUNT = 20;
    private static final String NET = "t/n";

    private final Random random = new Random(1);
    private final TestSwitch weft = new TestSwitch("10.1.0.1")
            .tenant("t")
            .network(NET, 5001, Encapsulation.VXLAN, "10.1.0.9")
            .access("from", NET)
            .access("to", NET)
            .access("plain", NET);

    @AfterEach
    void close() {
        assertTrue(weft.books().balanced());
        weft.close();
    }

    private List<byte[]> run(final Stream stream) {
        final List<byte[]> frames = new ArrayList<>();
        for (int i = 0; i < COUNT; i++) {
            final byte[] payload = new byte[1400];
            random.nextBytes(payload);
            frames.add(stream.payload(payload).frame());
            stream.advance();
        }
        return frames;
    }

    /** The address that the streams go to is heard from a port. */
    private void machineAt(final String port) {
        final Stream hello = new Stream();
        hello.destination = hello.sourceMac;
        hello.sourceMac = new Stream().destination;
        weft.send(port, hello.frame());
        weft.sent("from");
        weft.sent("to");
        weft.sent("plain");
        weft.sentWire();
    }

    private static byte[] tunnelled(final byte[] frame) {
        return TestFrames.ethernet(
                0x020a01000001L,
                0x020a01000009L,
                0x0800,
                TestFrames.ipv4(
                        "10.1.0.9", "10.1.0.1", 17, 0, TestFrames.udp(50_000, 4789, TestFrames.vxlan(5001), frame)));
    }

    private static void assertSame(final List<byte[]> expected, final List<byte[]> actual) {
        assertEquals(expected.size(), actual.size());
        for (int i = 0; i < expected.size(); i++) {
            assertArrayEquals(expected.get(i), actual.get(i));
        }
    }

    private void assertOneLargeFrame(final String port, final List<byte[]> came) {
        final MemoryQueue.Sent sent = weft.port(port).pollSent();
        assertEquals(Burst.NEEDS_CSUM, sent.vnetFlags());
        assertEquals(Burst.GSO_TCPV4, sent.gsoType());
        assertEquals(1400, sent.gsoSize());
        assertEquals(66 + COUNT * 1400, sent.frame().length);
        assertNull(weft.port(port).pollSent());
        assertEquals(COUNT - 1, weft.books().merged());
        assertEquals(66 + 1400, came.get(0).length);
    }

    @Test
    void shouldPutSegmentsOutOfATunnelTogetherWhereNegotiated() {
        machineAt("to");
        weft.port("to").setOffloads(LARGE);
        final List<byte[]> came = run(new Stream());
        came.forEach(frame -> assertTrue(weft.wire.inject(tunnelled(frame))));
        weft.pump();
        assertOneLargeFrame("to", came);
    }

    @Test
    void shouldPutSegmentsOfAnotherPortTogetherWhereNegotiated() {
        machineAt("to");
        weft.port("to").setOffloads(LARGE);
        final List<byte[]> came = run(new Stream());
        came.forEach(frame -> assertTrue(weft.port("from").inject(frame)));
        weft.pump();
        assertOneLargeFrame("to", came);
    }

    @Test
    void shouldGiveExactlyWhatCameWhereNothingWasNegotiated() {
        machineAt("plain");
        weft.port("to").setOffloads(LARGE);
        final List<byte[]> came = run(new Stream());
        came.forEach(frame -> assertTrue(weft.wire.inject(tunnelled(frame))));
        weft.pump();
        assertSame(came, weft.sent("plain"));
        assertEquals(0, weft.books().merged());
    }

    @Test
    void shouldGiveEachPortWhatItNegotiatedWhenFramesAreFlooded() {
        weft.port("to").setOffloads(LARGE);
        final List<byte[]> came = run(new Stream());
        came.forEach(frame -> assertTrue(weft.wire.inject(tunnelled(frame))));
        weft.pump();
        assertSame(came, weft.sent("plain"));
        assertSame(came, weft.sent("from"));
        assertOneLargeFrame("to", came);
    }

    @Test
    void shouldShowInACaptureWhatLeaves() {
        machineAt("to");
        weft.port("to").setOffloads(LARGE);
        try (Capture of = get(weft.control.capture(new CaptureSpec("to", false, true, true, Burst.MAX_FRAME, null)))) {
            final List<byte[]> came = run(new Stream());
            came.forEach(frame -> assertTrue(weft.wire.inject(tunnelled(frame))));
            weft.pump();
            final List<Integer> lengths = new ArrayList<>();
            of.poll(frame -> lengths.add(frame.length), 100);
            assertEquals(List.of(66 + COUNT * 1400), lengths);
        }
    }

    @Test
    void shouldCountAMergedFrameThatIsRefusedAsOne() {
        machineAt("to");
        weft.port("to").setOffloads(LARGE);
        // What a memory port's ring holds is less than this.
        for (int i = 0; i < 60; i++) {
            run(new Stream()).forEach(frame -> assertTrue(weft.wire.inject(tunnelled(frame))));
            weft.pump();
        }
        final var books = weft.books();
        assertTrue(books.balanced());
        assertEquals(60L * (COUNT - 1), books.merged());
        assertTrue(weft.drops(DropReason.PORT_FULL) > 0);
    }

    @Test
    void shouldCutALargeFrameOfAPortOnceForATunnelAndInOneBurst() {
        final Stream stream = new Stream();
        stream.destination = 0x02000000bb01L;
        weft.sendWire(tunnelled(reversed(stream)));
        weft.sent("from");
        final byte[] payload = new byte[45 * 1400];
        random.nextBytes(payload);
        final byte[] frame = stream.payload(payload).partial();
        assertTrue(weft.port("from").inject(frame, Burst.NEEDS_CSUM, Burst.GSO_TCPV4, 1400, stream.l4(), 16));
        weft.pump();
        final List<byte[]> sent = weft.sentWire();
        assertEquals(45, sent.size());
        for (int i = 0; i < sent.size(); i++) {
            final Stream segment = new Stream();
            segment.destination = stream.destination;
            segment.sequence += i * 1400;
            segment.id = segment.id + i & 0xffff;
            segment.payload(java.util.Arrays.copyOfRange(payload, i * 1400, i * 1400 + 1400));
            assertArrayEquals(segment.frame(), TestFrames.slice(sent.get(i), 14 + 20 + 8 + 8), "segment " + i);
        }
        assertEquals(44, weft.books().segments());
    }

    private static byte[] reversed(final Stream of) {
        final Stream back = new Stream();
        back.destination = of.sourceMac;
        back.sourceMac = of.destination;
        return back.frame();
    }
}
