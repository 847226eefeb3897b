package io.weft.dataplane;

import static io.weft.dataplane.Stream.ACK;
import static io.weft.dataplane.Stream.CWR;
import static io.weft.dataplane.Stream.ECE;
import static io.weft.dataplane.Stream.FIN;
import static io.weft.dataplane.Stream.PSH;
import static io.weft.dataplane.Stream.RST;
import static io.weft.dataplane.Stream.SYN;
import static io.weft.dataplane.Stream.URG;
import static io.weft.dataplane.TestFrames.putU16;
import static io.weft.dataplane.TestFrames.slice;
import static io.weft.dataplane.TestFrames.u16;
import static io.weft.dataplane.TestFrames.u8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.dataplane.MergeBench.Sent;
import io.weft.dataplane.port.PortSender;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class MergerTest {
    private static final int ALL = PortSender.CSUM | PortSender.TSO4 | PortSender.TSO6 | PortSender.USO;
    private static final int SIZE = 100;

    private final MergeBench bench = new MergeBench();
    private final Random random = new Random(1);

    private byte[] payload(final int length) {
        final byte[] payload = new byte[length];
        random.nextBytes(payload);
        return payload;
    }

    private Stream stream() {
        return new Stream().payload(payload(SIZE));
    }

    /** Frames that follow one another, the second changed. */
    private List<byte[]> pair(final Stream stream, final Consumer<Stream> change) {
        final byte[] first = stream.frame();
        stream.advance();
        stream.payload(payload(SIZE));
        change.accept(stream);
        return List.of(first, stream.frame());
    }

    private List<byte[]> run(final Stream stream, final int frames) {
        final List<byte[]> run = new ArrayList<>();
        for (int i = 0; i < frames; i++) {
            stream.payload(payload(SIZE));
            run.add(stream.frame());
            stream.advance();
        }
        return run;
    }

    /** So many frames leave, and cut they are what came. */
    private void assertLeaves(final int frames, final List<byte[]> came, final int splitAt, final int offloads) {
        bench.receive(came, splitAt);
        assertEquals(frames, bench.merge(offloads));
        assertSame(came, bench.cut());
    }

    private void assertLeaves(final int frames, final List<byte[]> came) {
        assertLeaves(frames, came, 0, ALL);
        assertLeaves(frames, came, 130, ALL);
    }

    private static void assertSame(final List<byte[]> expected, final List<byte[]> actual) {
        assertEquals(expected.size(), actual.size());
        for (int i = 0; i < expected.size(); i++) {
            assertArrayEquals(expected.get(i), actual.get(i), "frame " + i);
        }
    }

    // What is merged.

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldMergeWhenSegmentsFollowOneAnother(final boolean v6) {
        final Stream stream = stream();
        stream.v6 = v6;
        // Sequence number and identification wrap on the way.
        final List<byte[]> came = run(stream, 32);
        assertLeaves(1, came);
        final Sent sent = bench.sent().get(0);
        assertEquals(Burst.NEEDS_CSUM, sent.vnetFlags());
        assertEquals(v6 ? Burst.GSO_TCPV6 : Burst.GSO_TCPV4, sent.gsoType());
        assertEquals(SIZE, sent.gsoSize());
        assertEquals(stream.l4(), sent.csumStart());
        assertEquals(16, sent.csumOffset());
        assertEquals(stream.headers() + 32 * SIZE, sent.bytes().length);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldMergeUdpWhenNegotiated(final boolean v6) {
        final Stream stream = stream();
        stream.tcp = false;
        stream.v6 = v6;
        final List<byte[]> came = run(stream, 5);
        assertLeaves(1, came);
        assertEquals(Burst.GSO_UDP_L4, bench.sent().get(0).gsoType());
        assertLeaves(5, came, 0, ALL & ~PortSender.USO);
    }

    @Test
    void shouldMergeOnlyWhatWasNegotiated() {
        for (final boolean v6 : new boolean[] {false, true}) {
            final Stream stream = stream();
            stream.v6 = v6;
            assertLeaves(2, run(stream, 2), 0, ALL & ~(v6 ? PortSender.TSO6 : PortSender.TSO4));
        }
        assertEquals(true, Merger.isFor(PortSender.CSUM | PortSender.TSO4));
        assertEquals(false, Merger.isFor(PortSender.TSO4 | PortSender.TSO6 | PortSender.USO), "no large frame without");
        assertEquals(false, Merger.isFor(PortSender.CSUM));
        assertEquals(false, Merger.isFor(0));
    }

    @ParameterizedTest
    @ValueSource(ints = {PSH, FIN, PSH | FIN})
    void shouldEndRunWhenSegmentHasPshOrFin(final int flags) {
        final Stream stream = stream();
        final List<byte[]> came = run(stream, 3);
        stream.flags |= flags;
        came.addAll(run(stream, 1));
        stream.flags = ACK;
        came.addAll(run(stream, 2));
        assertLeaves(2, came);
        assertEquals(ACK | flags, u8(bench.sent().get(0).bytes(), stream.l4() + 13));
        assertEquals(ACK, u8(bench.sent().get(1).bytes(), stream.l4() + 13));
    }

    @Test
    void shouldEndRunWhenSegmentIsShorter() {
        final Stream stream = stream();
        final List<byte[]> came = run(stream, 3);
        stream.payload(payload(SIZE - 1));
        came.add(stream.frame());
        stream.advance();
        came.addAll(run(stream, 2));
        assertLeaves(2, came);
    }

    @Test
    void shouldBeginAnewWhenSegmentIsLarger() {
        final Stream stream = stream();
        final List<byte[]> came = run(stream, 2);
        stream.payload(payload(SIZE + 1));
        came.add(stream.frame());
        stream.advance();
        stream.payload(payload(SIZE + 1));
        came.add(stream.frame());
        assertLeaves(2, came);
    }

    @Test
    void shouldMergeEachFlowWhenFlowsInterleave() {
        final Stream[] streams = new Stream[4];
        for (int k = 0; k < streams.length; k++) {
            streams[k] = stream();
            streams[k].sourcePort += k;
            streams[k].v6 = k % 2 == 1;
        }
        final List<byte[]> came = new ArrayList<>();
        for (int i = 0; i < 32; i++) {
            came.addAll(run(streams[i % streams.length], 1));
        }
        bench.receive(came, 0);
        assertEquals(streams.length, bench.merge(ALL));
        for (int k = 0; k < streams.length; k++) {
            final int mine = k;
            final List<byte[]> cut = bench.cut().subList(8 * k, 8 * k + 8);
            for (int i = 0; i < 8; i++) {
                assertArrayEquals(came.get(4 * i + mine), cut.get(i));
            }
        }
    }

    @Test
    void shouldNotOvertakeWhenFrameOfFlowCannotBeMerged() {
        final Stream stream = stream();
        final List<byte[]> came = run(stream, 2);
        stream.payload(new byte[0]);
        came.add(stream.frame());
        stream.id++;
        came.addAll(run(stream, 2));
        assertLeaves(3, came);
    }

    @Test
    void shouldNotOvertakeFragmentsOfAnyFlow() {
        final Stream stream = stream();
        final List<byte[]> came = run(stream, 2);
        final Stream other = stream();
        other.fragment = 0x2000;
        came.add(other.frame());
        came.addAll(run(stream, 2));
        assertLeaves(3, came);
        final Stream six = stream();
        six.v6 = true;
        final List<byte[]> came6 = run(six, 2);
        final Stream chained = stream();
        chained.v6 = true;
        chained.extensions = 1;
        came6.add(chained.frame());
        came6.addAll(run(six, 2));
        assertLeaves(3, came6);
    }

    @Test
    void shouldMergeWhenAllAreMarkedAlike() {
        final Stream stream = stream();
        stream.tos = 3;
        stream.flags = ACK | ECE;
        stream.reserved = 0xe;
        stream.urgent = 9;
        assertLeaves(1, run(stream, 4));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void shouldMergeWhenTagsAreTheSame(final int tags) {
        final Stream stream = stream();
        stream.tags = tags;
        assertLeaves(1, run(stream, 4));
    }

    @Test
    void shouldMergeWhenChecksumsAreStillToBeFilledIn() {
        final Stream stream = stream();
        final List<byte[]> partial = new ArrayList<>();
        final List<byte[]> whole = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            partial.add(stream.partial());
            whole.add(stream.frame());
            stream.advance();
            stream.payload(payload(SIZE));
        }
        bench.receive(partial, 0);
        for (int i = 0; i < 3; i++) {
            bench.partial(i, stream.l4(), 16);
        }
        assertEquals(1, bench.merge(ALL));
        assertSame(whole, bench.cut());
    }

    @Test
    void shouldNotMergeWhenWhatIsToBeFilledInIsNotThePseudoHeaders() {
        for (int kind = 0; kind < 3; kind++) {
            final Stream stream = stream();
            final byte[] first = stream.partial();
            stream.advance();
            final byte[] second = stream.partial();
            if (kind == 0) {
                putU16(second, stream.checksum(), u16(second, stream.checksum()) + 1);
            }
            bench.receive(List.of(first, second), 0);
            bench.partial(0, stream.l4(), 16);
            bench.partial(1, stream.l4() + (kind == 1 ? 2 : 0), kind == 2 ? 6 : 16);
            assertEquals(2, bench.merge(ALL), "kind " + kind);
        }
    }

    @Test
    void shouldKeepTrunksTagWhenAllHaveTheSame() {
        final Stream stream = stream();
        final List<byte[]> came = run(stream, 3);
        bench.receive(came, 0);
        for (int i = 0; i < 3; i++) {
            bench.push(i, 100);
        }
        assertEquals(1, bench.merge(ALL));
        final List<byte[]> cut = bench.cut();
        for (int i = 0; i < 3; i++) {
            assertArrayEquals(TestFrames.tag(0x8100, 100, came.get(i)), cut.get(i));
        }
        bench.receive(came, 0);
        bench.push(0, 100);
        bench.push(1, 101);
        assertEquals(3, bench.merge(ALL));
    }

    @Test
    void shouldKeepBelow64KiBWithAllHeaders() {
        final Stream stream = stream();
        final List<byte[]> came = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            stream.payload(payload(8900));
            came.add(stream.frame());
            stream.advance();
        }
        bench.receive(came, 0);
        assertEquals(2, bench.merge(ALL));
        assertEquals(stream.headers() + 7 * 8900, bench.sent().get(0).bytes().length);
        assertSame(came, bench.cut());
    }

    // What is not.

    record Case(String name, Stream stream, Consumer<Stream> change) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static Case tcp4(final String name, final Consumer<Stream> change) {
        return new Case("TCP over IPv4: " + name, new Stream(), change);
    }

    private static Case tcp6(final String name, final Consumer<Stream> change) {
        final Stream stream = new Stream();
        stream.v6 = true;
        return new Case("TCP over IPv6: " + name, stream, change);
    }

    private static Case udp(final String name, final Consumer<Stream> change) {
        final Stream stream = new Stream();
        stream.tcp = false;
        return new Case("UDP: " + name, stream, change);
    }

    private static Case first(final String name, final Consumer<Stream> set, final Consumer<Stream> reset) {
        final Stream stream = new Stream();
        set.accept(stream);
        return new Case("first with " + name, stream, reset);
    }

    private static Case both(final String name, final Consumer<Stream> set) {
        return first(name + ", as the second", set, s -> {});
    }

    static List<Case> cases() {
        return List.of(
                tcp4("destination MAC", s -> s.destination++),
                tcp4("source MAC", s -> s.sourceMac ^= 0x100),
                tcp4("a tag", s -> s.tags = 1),
                first("another tag", s -> s.tags = 1, s -> s.tci++),
                first("two tags", s -> s.tags = 2, s -> s.tags = 1),
                tcp4("DSCP", s -> s.tos += 4),
                tcp4("CE", s -> s.tos = 3),
                tcp4("TTL", s -> s.ttl--),
                tcp4("DF", s -> s.fragment = 0),
                tcp4("the bit beside DF", s -> s.fragment = 0xc000),
                tcp4("the same identification", s -> s.id--),
                tcp4("identification counted by two", s -> s.id++),
                first("identification 0, as the second", s -> s.id = 0, s -> s.id = 0),
                tcp4("options of IP", s -> s.ipOptions = 4),
                both("options of IP", s -> s.ipOptions = 4),
                tcp4("first fragment", s -> s.fragment = 0x2000),
                both("fragment", s -> s.fragment = 0x2000),
                tcp4("later fragment", s -> s.fragment = 0x4010),
                tcp4("source address", s -> s.host++),
                tcp4("destination address", s -> s.peer++),
                tcp4("the other direction", s -> {
                    final int host = s.host;
                    s.host = s.peer;
                    s.peer = host;
                    s.sourcePort = 2000;
                    s.destinationPort = 1000;
                }),
                tcp4("source port", s -> s.sourcePort++),
                tcp4("destination port", s -> s.destinationPort++),
                tcp4("a gap", s -> s.sequence++),
                tcp4("an overlap", s -> s.sequence--),
                tcp4("the same again", s -> s.sequence -= SIZE),
                tcp4("acknowledgment", s -> s.acknowledgment++),
                tcp4("reserved bits", s -> s.reserved = 1),
                tcp4("window", s -> s.window++),
                tcp4("urgent pointer", s -> s.urgent = 1),
                tcp4("no ACK", s -> s.flags = 0),
                both("no ACK", s -> s.flags = 0),
                tcp4("ECE", s -> s.flags |= ECE),
                both("CWR", s -> s.flags |= CWR),
                tcp4("CWR", s -> s.flags |= CWR),
                both("URG", s -> s.flags |= URG),
                tcp4("URG", s -> s.flags |= URG),
                both("SYN", s -> s.flags |= SYN),
                tcp4("SYN", s -> s.flags |= SYN),
                both("RST", s -> s.flags |= RST),
                tcp4("RST", s -> s.flags |= RST),
                first("PSH", s -> s.flags |= PSH, s -> s.flags = ACK),
                first("FIN", s -> s.flags |= FIN, s -> s.flags = ACK),
                tcp4("timestamps", s -> s.options = new byte[] {1, 1, 8, 10, 1, 2, 3, 5, 5, 6, 7, 8}),
                tcp4("the last option's last byte", s -> s.options = new byte[] {1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 9}),
                tcp4("no options", s -> s.options = new byte[0]),
                tcp4("more options", s -> s.options = Arrays.copyOf(s.options, 16)),
                tcp4("no payload", s -> s.payload = new byte[0]),
                tcp4("larger payload", s -> s.payload = new byte[SIZE + 1]),
                tcp4("padding", s -> s.padding = 6),
                both("padding", s -> s.padding = 6),
                tcp4("IPv6", s -> s.v6 = true),
                tcp4("UDP", s -> s.tcp = false),
                tcp6("traffic class", s -> s.tos += 4),
                tcp6("CE", s -> s.tos = 3),
                tcp6("flow label", s -> s.flowLabel++),
                tcp6("hop limit", s -> s.ttl--),
                tcp6("source address", s -> s.host++),
                tcp6("destination address", s -> s.peer++),
                tcp6("extension headers", s -> s.extensions = 1),
                tcp6("a gap", s -> s.sequence++),
                udp("identification", s -> s.id++),
                udp("source port", s -> s.sourcePort++),
                udp("destination port", s -> s.destinationPort++),
                udp("DSCP", s -> s.tos += 4),
                udp("larger payload", s -> s.payload = new byte[SIZE + 1]),
                udp("padding", s -> s.padding = 6));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void shouldNotMergeWhen(final Case with) {
        with.stream.payload(payload(SIZE));
        final List<byte[]> came = pair(with.stream, with.change);
        assertLeaves(2, came);
    }

    /** Changes a made frame. */
    record Damage(String name, Stream stream, int at, int xor) {
        @Override
        public String toString() {
            return name;
        }
    }

    static List<Damage> damages() {
        final Stream tcp = new Stream();
        final Stream six = new Stream();
        six.v6 = true;
        final Stream udp = new Stream();
        udp.tcp = false;
        return List.of(
                new Damage("IPv4 header checksum", tcp, 14 + 10, 1),
                new Damage("TCP checksum", tcp, tcp.checksum(), 1),
                new Damage("payload", tcp, tcp.headers() + 7, 0x8000),
                new Damage("payload's end", tcp, tcp.headers() + SIZE - 2, 1),
                new Damage("UDP checksum", udp, udp.checksum(), 1),
                new Damage("UDP length less", udp, 14 + 20 + 4, 0x0008),
                new Damage("UDP length more", udp, 14 + 20 + 4, 0x0100),
                new Damage("IPv4 total length less", tcp, 14 + 2, 0x0080),
                new Damage("IPv4 total length beyond the frame", tcp, 14 + 2, 0x4000),
                new Damage("IPv4 header length less", tcp, 14, 0x0100),
                new Damage("IPv4 header length more", tcp, 14, 0x0a00),
                new Damage("IPv4 version", tcp, 14, 0x2000),
                new Damage("IPv6 payload length less", six, 14 + 4, 0x0080),
                new Damage("IPv6 payload length beyond the frame", six, 14 + 4, 0x4000),
                new Damage("IPv6 version", six, 14, 0x2000),
                new Damage("TCP header length less", tcp, 14 + 20 + 12, 0xc000),
                new Damage("TCP header length more", tcp, 14 + 20 + 12, 0x7000),
                new Damage("TCP header length in IPv6", six, 14 + 40 + 12, 0x7000));
    }

    /** Both ways: the damaged frame second, and first. */
    @ParameterizedTest
    @MethodSource("damages")
    void shouldNotMergeWhenDamagedOrLyingIn(final Damage damage) {
        damage.stream.payload(payload(SIZE));
        for (int which = 0; which < 2; which++) {
            final List<byte[]> came = pair(damage.stream, s -> {});
            final byte[] frame = came.get(which);
            putU16(frame, damage.at, u16(frame, damage.at) ^ damage.xor);
            assertLeaves(2, came);
            damage.stream.advance();
        }
    }

    @Test
    void shouldNotMergeUdpWithoutChecksum() {
        final Stream stream = stream();
        stream.tcp = false;
        final List<byte[]> came = pair(stream, s -> {});
        came.forEach(frame -> putU16(frame, stream.checksum(), 0));
        assertLeaves(2, came);
    }

    @Test
    void shouldNotMergeWhenChecksumIsTheOtherZero() {
        final Stream stream = stream();
        final byte[] first = stream.frame();
        stream.advance();
        final byte[] probe = stream.frame();
        // Payload that makes the checksum 0; all ones would say the same, and nobody who segments writes that.
        putU16(stream.payload, 0, 0);
        putU16(stream.payload, 0, u16(stream.frame(), stream.checksum()));
        final byte[] zero = stream.frame();
        assertEquals(0, u16(zero, stream.checksum()));
        assertTrue(u16(probe, stream.checksum()) != 0);
        assertLeaves(1, List.of(first, zero));
        putU16(zero, stream.checksum(), 0xffff);
        assertLeaves(2, List.of(first, zero));
    }

    @Test
    void shouldNotMergeWhenPayloadIsTooSmallToBeCutAgain() {
        final Stream stream = stream();
        stream.payload(payload(7));
        final byte[] first = stream.frame();
        stream.advance();
        assertLeaves(2, List.of(first, stream.frame()));
        stream.payload(payload(8));
        final byte[] eight = stream.frame();
        stream.advance();
        assertLeaves(1, List.of(eight, stream.frame()));
    }

    @Test
    void shouldNotMergeWhenHeadersAreNotInHead() {
        final Stream stream = stream();
        final List<byte[]> came = run(stream, 3);
        assertLeaves(3, came, stream.headers() - 1, ALL);
        assertLeaves(1, came, stream.headers(), ALL);
    }

    @Test
    void shouldLeaveLargeFramesAlone() {
        final Stream stream = stream();
        final List<byte[]> came = List.of(stream.frame(), stream.frame());
        bench.receive(came, 0);
        bench.burst().gsoType[0] = Burst.GSO_TCPV4;
        assertEquals(2, bench.merge(ALL));
    }

    @Test
    void shouldNotReadBeyondFrameWhateverItSays() throws Exception {
        try (EndOfMemory end = new EndOfMemory()) {
            final Merger merger = new Merger();
            for (int round = 0; round < 20_000; round++) {
                final Stream stream = stream();
                stream.tcp = random.nextInt(4) != 0;
                stream.v6 = random.nextBoolean();
                final byte[] whole = stream.frame();
                if (random.nextBoolean()) {
                    whole[random.nextInt(stream.headers())] = (byte) random.nextInt();
                }
                final byte[] frame = Arrays.copyOf(whole, 14 + random.nextInt(whole.length - 13));
                final Burst burst = new Burst();
                final TxQueue tx = new TxQueue();
                for (int i = 0; i < 2; i++) {
                    burst.add(end.put(frame), frame.length);
                    tx.add(i, -1, false);
                }
                merger.merge(burst, tx, ALL);
            }
        }
    }

    @Test
    void shouldGiveBackTheSameBytesWhateverTheStreams() {
        final long seed = System.nanoTime();
        System.out.println("seed " + seed);
        final MergeModel model = new MergeModel(new Random(seed));
        int merged = 0;
        for (int round = 0; round < 20_000; round++) {
            final List<byte[]> came = model.burst();
            bench.receive(came, model.split());
            merged += came.size() - bench.merge(ALL);
            model.check(came, bench.cut(), "seed " + seed + " round " + round);
        }
        assertTrue(merged > 50_000, merged + " frames were merged");
    }

    @Test
    void shouldGiveEveryFrameAsItIsWhenNothingFits() {
        final List<byte[]> came = List.of(
                slice(stream().frame(), 0), new byte[14], new byte[60], stream().frame());
        assertLeaves(4, came);
    }
}
