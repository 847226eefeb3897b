package io.weft.dataplane.conformance;

import static io.weft.dataplane.TestFrames.concat;
import static io.weft.dataplane.TestFrames.ethernet;
import static io.weft.dataplane.TestFrames.fixIpv4;
import static io.weft.dataplane.TestFrames.fixL4;
import static io.weft.dataplane.TestFrames.ip;
import static io.weft.dataplane.TestFrames.l4Sum;
import static io.weft.dataplane.TestFrames.putU16;
import static io.weft.dataplane.TestFrames.slice;
import static io.weft.dataplane.TestFrames.sum;
import static io.weft.dataplane.TestFrames.tag;
import static io.weft.dataplane.TestFrames.u16;
import static io.weft.dataplane.TestFrames.u8;
import static io.weft.dataplane.TestFrames.udp;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.dataplane.Burst;
import io.weft.dataplane.DropReason;
import io.weft.dataplane.TestFrames;
import io.weft.encap.Encapsulation;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What does not fit a tunnel is dropped, never sent in fragments, and its sender is told what fits (RFC 792, 1191 and
 * 4443), field by field. The wire carries IP packets of 1,600 bytes.
 */
class TooBigConformanceTest extends Overlay {
    private static final int WIRE = 1600;
    private static final String FROM4 = "192.168.0.1";
    private static final String TO4 = "192.168.0.2";
    private static final String FROM6 = "fd00:9::1";
    private static final String TO6 = "fd00:9::2";
    private static final int ICMP = 1;
    private static final int ICMP6 = 58;

    private final long seed = System.nanoTime();
    private final Random random = new Random(seed);

    @BeforeEach
    void printSeed() {
        System.out.println("seed " + seed);
    }

    private byte[] bytes(final int length) {
        final byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    /** A UDP packet of {@code length} bytes, all IP; over IPv4 with DF. */
    private byte[] packet(final String from, final String to, final int length) {
        final int header = from.contains(":") ? 48 : 28;
        return ip(from, to, 17, 0, udp(1000, 2000, bytes(length - header)));
    }

    /** To {@link #R}, which is behind the tunnel. */
    private byte[] toRemote(final byte[] packet) {
        return ethernet(R, A, u8(packet, 0) >>> 4 == 4 ? 0x0800 : 0x86dd, packet);
    }

    /** A network with {@link #R} at the peer. */
    private void network(final Encapsulation encap, final String peer) {
        network(spec(encap), peer);
        fix("t/n", peer);
    }

    private void fix(final String network, final String peer) {
        io.weft.dataplane.TestSwitch.get(weft.control.addMac(network, -1, R, peer));
    }

    /** Sends from port {@code a} what does not fit and returns the one answer there. */
    private byte[] answer(final byte[] frame) {
        final long told = weft.drops(DropReason.TOO_BIG_TOLD);
        weft.send("a", frame);
        assertEquals(0, weft.sentWire().size());
        final List<byte[]> answers = weft.sent("a");
        assertEquals(1, answers.size());
        assertEquals(0, weft.sent("b").size());
        assertEquals(told + 1, weft.drops(DropReason.TOO_BIG_TOLD));
        return answers.getFirst();
    }

    private void assertUnanswered(final byte[] frame) {
        final long before = weft.drops(DropReason.TOO_BIG_FOR_TUNNEL);
        weft.send("a", frame);
        assertEquals(0, weft.sentWire().size());
        assertEquals(List.of(), weft.sent("a"));
        assertEquals(before + 1, weft.drops(DropReason.TOO_BIG_FOR_TUNNEL), this::drops);
    }

    /** Every field of an answer to a frame whose tags end at {@code l3}. */
    private static void assertTells(final int mtu, final byte[] frame, final int l3, final byte[] answer) {
        final boolean v4 = u8(frame, l3) >>> 4 == 4;
        assertArrayEquals(Arrays.copyOfRange(frame, 6, 12), Arrays.copyOf(answer, 6), "to the sender");
        assertArrayEquals(Arrays.copyOf(frame, 6), Arrays.copyOfRange(answer, 6, 12), "from the destination");
        assertArrayEquals(Arrays.copyOfRange(frame, 12, l3), Arrays.copyOfRange(answer, 12, l3), "tags and type");
        final int icmp = l3 + (v4 ? 20 : 40);
        final int quoted = Math.min(frame.length - l3, v4 ? 576 - 28 : 1280 - 48);
        assertEquals(icmp + 8 + quoted, answer.length, "as much as may be is quoted");
        if (v4) {
            assertEquals(0x45, u8(answer, l3));
            assertEquals(answer.length - l3, u16(answer, l3 + 2), "total length");
            assertEquals(0x4000, u16(answer, l3 + 6), "DF alone");
            assertTrue(u8(answer, l3 + 8) >= 32, "TTL");
            assertEquals(ICMP, u8(answer, l3 + 9));
            assertEquals(0xffff, sum(Arrays.copyOfRange(answer, l3, l3 + 20)), "header checksum");
            assertArrayEquals(
                    Arrays.copyOfRange(frame, l3 + 16, l3 + 20), Arrays.copyOfRange(answer, l3 + 12, l3 + 16));
            assertArrayEquals(
                    Arrays.copyOfRange(frame, l3 + 12, l3 + 16), Arrays.copyOfRange(answer, l3 + 16, l3 + 20));
            assertEquals(3, u8(answer, icmp), "unreachable");
            assertEquals(4, u8(answer, icmp + 1), "fragmentation needed");
            assertEquals(0, u16(answer, icmp + 4), "unused");
            assertEquals(mtu, u16(answer, icmp + 6), "next-hop MTU");
            assertEquals(0xffff, sum(slice(answer, icmp)), "ICMP checksum");
        } else {
            assertEquals(0x60000000, u16(answer, l3) << 16 | u16(answer, l3 + 2));
            assertEquals(answer.length - icmp, u16(answer, l3 + 4), "payload length");
            assertEquals(ICMP6, u8(answer, l3 + 6));
            assertTrue(u8(answer, l3 + 7) >= 32, "hop limit");
            assertArrayEquals(Arrays.copyOfRange(frame, l3 + 24, l3 + 40), Arrays.copyOfRange(answer, l3 + 8, l3 + 24));
            assertArrayEquals(Arrays.copyOfRange(frame, l3 + 8, l3 + 24), Arrays.copyOfRange(answer, l3 + 24, l3 + 40));
            assertEquals(2, u8(answer, icmp), "packet too big");
            assertEquals(0, u8(answer, icmp + 1));
            assertEquals(mtu, u16(answer, icmp + 4) << 16 | u16(answer, icmp + 6), "MTU");
            assertEquals(0xffff, l4Sum(answer, l3, icmp), "ICMPv6 checksum");
        }
        assertArrayEquals(
                Arrays.copyOfRange(frame, l3, l3 + quoted), slice(answer, icmp + 8), "the packet's first bytes");
    }

    @ParameterizedTest
    @CsvSource({
        "VXLAN, 10.2.0.1, 1550",
        "VXLAN, fd00:2::1, 1530",
        "NVGRE, 10.2.0.1, 1558",
        "NVGRE, fd00:2::1, 1538",
        "GENEVE, 10.2.0.1, 1550",
        "GENEVE, fd00:2::1, 1530"
    })
    @Tag("V8")
    @Tag("N7")
    @Tag("G15")
    void shouldTellSenderWhatFitsWhenPacketMayNotBeFragmented(
            final Encapsulation encap, final String peer, final int mtu) {
        network(encap, peer);
        for (final String[] hosts : new String[][] {{FROM4, TO4}, {FROM6, TO6}}) {
            final byte[] fits = toRemote(packet(hosts[0], hosts[1], mtu));
            weft.send("a", fits);
            final List<byte[]> wire = weft.sentWire();
            assertEquals(1, wire.size(), "exactly the MTU fits");
            assertEquals(14 + WIRE, wire.getFirst().length);
            assertArrayEquals(fits, inner(wire.getFirst()));
            for (final int length : new int[] {mtu + 1, mtu + 7, 9000}) {
                final byte[] large = toRemote(packet(hosts[0], hosts[1], length));
                assertTells(mtu, large, 14, answer(large));
            }
        }
        final var books = weft.books();
        assertEquals(6, books.generated());
        assertEquals(6, books.dropped());
        assertEquals(8, books.sent());
    }

    @Test
    void shouldAnswerWhateverTheLengthAroundTheLimit() {
        network(Encapsulation.VXLAN, PEER);
        for (int round = 0; round < 400; round++) {
            weft.advance(1);
            final boolean v4 = random.nextBoolean();
            final int length = 1550 - 20 + random.nextInt(40);
            final byte[] frame = toRemote(packet(v4 ? FROM4 : FROM6, v4 ? TO4 : TO6, length));
            weft.port("a").splitAt(random.nextBoolean() ? 0 : 64 + random.nextInt(700));
            weft.send("a", frame);
            final List<byte[]> wire = weft.sentWire();
            final List<byte[]> answers = weft.sent("a");
            if (length <= 1550) {
                assertEquals(1, wire.size(), "length " + length);
                assertArrayEquals(frame, inner(wire.getFirst()));
                assertEquals(0, answers.size());
            } else {
                assertEquals(0, wire.size(), "length " + length);
                assertTells(1550, frame, 14, answers.getFirst());
            }
        }
    }

    @Test
    void shouldMirrorTagsWhenSenderIsOnATrunkOrTagsAreKept() {
        network(keepingTags(Encapsulation.VXLAN), PEER);
        io.weft.dataplane.TestSwitch.get(weft.control.addMac("t/n", 7, R, PEER));
        final byte[] inner = tag(0x8100, 0x6007, toRemote(packet(FROM4, TO4, 1551)));
        assertTells(1546, inner, 18, answer(inner));
        weft.trunk("fw", Map.of(20, "t/n"));
        final byte[] outer = tag(0x8100, 20, inner);
        weft.send("fw", outer);
        final List<byte[]> answers = weft.sent("fw");
        assertEquals(1, answers.size());
        final byte[] answer = answers.getFirst();
        assertEquals(0x8100, u16(answer, 12));
        assertEquals(20, u16(answer, 14), "the trunk's VLAN");
        assertTells(1546, inner, 18, concat(Arrays.copyOf(answer, 12), slice(answer, 16)));
    }

    @Test
    void shouldDropWithoutAnswerWhenNobodyIsToBeTold() {
        network(Encapsulation.VXLAN, PEER);
        assertUnanswered(ethernet(R, A, TYPE, bytes(1600)));
        assertUnanswered(ethernet(BROADCAST, A, 0x0800, packet(FROM4, TO4, 1551)));
        assertUnanswered(ethernet(0x01005e000001L, A, 0x0800, packet(FROM4, "224.0.0.1", 1551)));
        for (final String source : List.of("0.0.0.0", "0.1.2.3", "127.0.0.1", "224.0.0.5", "255.255.255.255")) {
            assertUnanswered(toRemote(packet(source, TO4, 1551)));
        }
        for (final String destination : List.of("239.1.1.1", "255.255.255.255")) {
            assertUnanswered(toRemote(packet(FROM4, destination, 1551)));
        }
        for (final String source : List.of("::", "::1", "ff02::1")) {
            assertUnanswered(toRemote(packet(source, TO6, 1551)));
        }
        assertUnanswered(toRemote(packet(FROM6, "ff02::1", 1551)));
        for (final int type : new int[] {3, 4, 5, 11, 12}) {
            assertUnanswered(toRemote(ip(FROM4, TO4, ICMP, 0, concat(new byte[] {(byte) type, 4}, bytes(1600)))));
        }
        for (final int type : new int[] {1, 2, 3, 4, 100, 127, 137}) {
            assertUnanswered(toRemote(ip(FROM6, TO6, ICMP6, 0, concat(new byte[] {(byte) type, 0}, bytes(1600)))));
        }
    }

    @Test
    void shouldDropWithoutAnswerWhenPacketMayBeFragmentedOrIsALaterFragment() {
        network(Encapsulation.VXLAN, PEER);
        for (final int word : new int[] {0, 0x2000, 0x0010, 0x4010, 0x6001}) {
            final byte[] packet = packet(FROM4, TO4, 1551);
            putU16(packet, 6, word);
            assertUnanswered(toRemote(fixIpv4(packet, 0)));
        }
        final byte[] later = {17, 0, 0, 9, 1, 2, 3, 4};
        assertUnanswered(toRemote(ip(FROM6, TO6, 44, 0, concat(later, bytes(1600)))));
        final byte[] first = packet(FROM4, TO4, 1551);
        putU16(first, 6, 0x6000);
        final byte[] frame = toRemote(fixIpv4(first, 0));
        assertTells(1550, frame, 14, answer(frame));
        final byte[] firstV6 =
                toRemote(ip(FROM6, TO6, 44, 0, concat(new byte[] {17, 0, 0, 1, 1, 2, 3, 4}, bytes(1600))));
        assertTells(1550, firstV6, 14, answer(firstV6));
    }

    @Test
    void shouldAnswerEchoesAndOtherProtocols() {
        network(Encapsulation.VXLAN, PEER);
        final byte[] echo = toRemote(ip(FROM4, TO4, ICMP, 0, concat(new byte[] {8, 0}, bytes(1600))));
        assertTells(1550, echo, 14, answer(echo));
        final byte[] echo6 = toRemote(ip(FROM6, TO6, ICMP6, 0, concat(new byte[] {(byte) 128, 0}, bytes(1600))));
        assertTells(1550, echo6, 14, answer(echo6));
        final byte[] other = toRemote(ip(FROM4, TO4, 50, 0, bytes(1600)));
        assertTells(1550, other, 14, answer(other));
        final byte[] options = packet(FROM4, TO4, 1560);
        options[0] = 0x47;
        final byte[] frame = toRemote(options);
        assertTells(1550, frame, 14, answer(frame));
    }

    @Test
    void shouldNotBlamePacketWhenPaddingMakesTheFrameTooLong() {
        network(Encapsulation.VXLAN, PEER);
        assertUnanswered(toRemote(concat(packet(FROM4, TO4, 1000), new byte[600])));
    }

    @Test
    void shouldAnswerOnceWhenFrameIsFlooded() {
        network(spec(Encapsulation.VXLAN), PEER, OTHER, PEER6);
        final byte[] frame = toRemote(packet(FROM4, TO4, 1551));
        weft.send("a", frame);
        final List<byte[]> answers = weft.sent("a");
        assertEquals(1, answers.size());
        assertTells(1550, frame, 14, answers.getFirst());
        assertEquals(3, weft.drops(DropReason.TOO_BIG_TOLD));
        assertEquals(1, weft.sent("b").size());
    }

    @Test
    void shouldStopAnsweringWhenSenderDoesNotStop() {
        network(Encapsulation.VXLAN, PEER);
        final byte[] frame = toRemote(packet(FROM4, TO4, 1551));
        int answers = 0;
        for (int i = 0; i < 1000; i++) {
            weft.send("a", frame);
            answers += weft.sent("a").size();
        }
        assertTrue(answers >= 64 && answers <= 256, answers + " answers");
        assertEquals(answers, weft.drops(DropReason.TOO_BIG_TOLD));
        assertEquals(1000 - answers, weft.drops(DropReason.TOO_BIG_UNTOLD));
        weft.send("b", ethernet(R, B, 0x0800, packet(FROM4, TO4, 1551)));
        assertEquals(1, weft.sent("b").size(), "another port is not made to wait");
        weft.advance(1000);
        weft.send("a", frame);
        assertEquals(1, weft.sent("a").size(), "a second later there are answers again");
    }

    private byte[] tcp(final String from, final String to, final int payload) {
        final byte[] tcp = concat(new byte[20], bytes(payload));
        putU16(tcp, 0, 1000);
        putU16(tcp, 2, 2000);
        tcp[12] = 0x50;
        tcp[13] = 0x18;
        return toRemote(ip(from, to, 6, 0, tcp));
    }

    @Test
    void shouldCutSegmentsToFitWhenMachineAsksForLargerOnes() {
        network(Encapsulation.VXLAN, PEER);
        for (final boolean v4 : new boolean[] {true, false}) {
            final byte[] frame = tcp(v4 ? FROM4 : FROM6, v4 ? TO4 : TO6, 20_000);
            final int l4 = v4 ? 34 : 54;
            final int type = v4 ? Burst.GSO_TCPV4 : Burst.GSO_TCPV6;
            assertTrue(weft.port("a").inject(frame, Burst.NEEDS_CSUM, type, 8960, l4, 16));
            weft.pump();
            int at = 0;
            for (final byte[] packet : weft.sentWire()) {
                final byte[] segment = inner(packet);
                assertTrue(packet.length <= 14 + WIRE);
                assertEquals(0xffff, l4Sum(segment, 14, l4));
                final byte[] payload = slice(segment, l4 + 20);
                assertArrayEquals(Arrays.copyOfRange(frame, l4 + 20 + at, l4 + 20 + at + payload.length), payload);
                at += payload.length;
                assertTrue(at == 20_000 || packet.length == 14 + WIRE, "all but the last are as long as may be");
            }
            assertEquals(20_000, at);
            assertEquals(0, weft.sent("a").size(), "nobody needs to be told");
        }
    }

    @Test
    void shouldTellSenderWhenDatagramsToBeCutDoNotFit() {
        network(Encapsulation.VXLAN, PEER);
        for (final boolean v4 : new boolean[] {true, false}) {
            final int l4 = v4 ? 34 : 54;
            final byte[] whole = toRemote(packet(v4 ? FROM4 : FROM6, v4 ? TO4 : TO6, l4 - 14 + 8 + 5000));
            assertTrue(weft.port("a").inject(whole, Burst.NEEDS_CSUM, Burst.GSO_UDP_L4, 1551 - (l4 - 14) - 8, l4, 6));
            weft.pump();
            assertEquals(0, weft.sentWire().size());
            final byte[] answer = weft.sent("a").getFirst();
            // What the sender would have seen leave: the first datagram.
            final byte[] datagram = Arrays.copyOf(whole, 14 + 1551);
            putU16(datagram, l4 + 4, 1551 - (l4 - 14));
            if (v4) {
                putU16(datagram, 16, 1551);
                fixIpv4(datagram, 14);
            } else {
                putU16(datagram, 18, 1551 - 40);
            }
            assertTells(1550, fixL4(datagram, 14, l4, 6), 14, answer);
            assertTrue(weft.port("a").inject(whole, Burst.NEEDS_CSUM, Burst.GSO_UDP_L4, 1550 - (l4 - 14) - 8, l4, 6));
            weft.pump();
            assertTrue(weft.sentWire().size() > 3, "what fits is cut and sent");
        }
        assertEquals(2, weft.drops(DropReason.TOO_BIG_TOLD));
    }

    @Test
    void shouldSurviveAnyBytesInFramesThatDoNotFit() {
        network(Encapsulation.VXLAN, PEER);
        for (int round = 0; round < 3000; round++) {
            weft.advance(1);
            final boolean v4 = random.nextBoolean();
            final byte[] frame = toRemote(packet(v4 ? FROM4 : FROM6, v4 ? TO4 : TO6, 1551 + random.nextInt(200)));
            for (int i = random.nextInt(6); i >= 0; i--) {
                frame[14 + random.nextInt(60)] = (byte) random.nextInt();
            }
            weft.port("a").splitAt(64 + random.nextInt(700));
            weft.send("a", frame);
            assertEquals(0, weft.sentWire().size());
            for (final byte[] answer : weft.sent("a")) {
                assertTrue(answer.length <= 14 + (TestFrames.u16(answer, 12) == 0x0800 ? 576 : 1280));
            }
        }
    }
}
