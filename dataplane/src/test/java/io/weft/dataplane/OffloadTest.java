package io.weft.dataplane;

import static io.weft.dataplane.TestFrames.concat;
import static io.weft.dataplane.TestFrames.ethernet;
import static io.weft.dataplane.TestFrames.fixIpv4;
import static io.weft.dataplane.TestFrames.fixL4;
import static io.weft.dataplane.TestFrames.ip;
import static io.weft.dataplane.TestFrames.l4Sum;
import static io.weft.dataplane.TestFrames.putU16;
import static io.weft.dataplane.TestFrames.sum;
import static io.weft.dataplane.TestFrames.u16;
import static io.weft.dataplane.TestFrames.u8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.dataplane.port.MemoryPort;
import io.weft.encap.Mem;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class OffloadTest {
    private static final int FIN = 1;
    private static final int PSH = 8;
    private static final int ACK = 16;
    private static final int CWR = 128;

    private final MemoryPort port = new MemoryPort();
    private final Burst burst = new Burst();
    private final Segmenter segmenter = new Segmenter();
    private final long seed = System.nanoTime();
    private final Random random = new Random(seed);

    @BeforeEach
    void printSeed() {
        System.out.println("seed " + seed);
    }

    /** A guest's frame: head and body, checksum field holding the pseudo header's sum, offload words. */
    private final class Guest {
        private boolean tcp = true;
        private boolean v6;
        private int tags;
        private int extensions;
        private int options = 12;
        private int flags = ACK;
        private byte[] payload = new byte[0];
        private int gsoSize = 1448;
        private int l3;
        private int l4;
        private int headers;

        byte[] frame() {
            final ByteBuffer l4Header = ByteBuffer.allocate(tcp ? 20 + options : 8);
            l4Header.putShort((short) 1000).putShort((short) 2000);
            if (tcp) {
                l4Header.putInt(0xfffffff0).putInt(77);
                l4Header.put((byte) ((20 + options) << 2)).put((byte) flags).putShort((short) 500);
            } else {
                l4Header.putShort((short) (8 + payload.length));
            }
            byte[] packet = concat(l4Header.array(), payload);
            int protocol = tcp ? 6 : 17;
            for (int i = 0; i < extensions; i++) {
                packet = concat(new byte[] {(byte) protocol, 0, 1, 4, 0, 0, 0, 0}, packet);
                protocol = 60;
            }
            packet = v6
                    ? ip("fd00::1", "fd00::2", protocol, 2, packet)
                    : ip("192.168.0.1", "192.168.0.2", protocol, 2, packet);
            if (!v6) {
                putU16(packet, 4, 0xfffe);
                fixIpv4(packet, 0);
            }
            byte[] frame = ethernet(0x020000000002L, 0x020000000001L, v6 ? 0x86dd : 0x0800, packet);
            for (int i = 0; i < tags; i++) {
                frame = TestFrames.tag(0x8100, 100 + i, frame);
            }
            l3 = 14 + 4 * tags;
            l4 = l3 + (v6 ? 40 + 8 * extensions : 20);
            headers = l4 + (tcp ? 20 + options : 8);
            final int pseudo = sum(concat(
                    Arrays.copyOfRange(frame, v6 ? l3 + 8 : l3 + 12, v6 ? l3 + 40 : l3 + 20),
                    new byte[] {0, (byte) (tcp ? 6 : 17)},
                    ByteBuffer.allocate(2).putShort((short) (frame.length - l4)).array()));
            putU16(frame, l4 + (tcp ? 16 : 6), pseudo);
            return frame;
        }

        int gsoType() {
            return tcp ? v6 ? Burst.GSO_TCPV6 : Burst.GSO_TCPV4 : Burst.GSO_UDP_L4;
        }

        void receive(final byte[] frame, final int gsoType, final int splitAt) {
            burst.clear();
            port.splitAt(splitAt);
            assertTrue(port.inject(frame, Burst.NEEDS_CSUM, gsoType, gsoSize, l4, tcp ? 16 : 6));
            assertEquals(1, port.queue(0).rxBurst(burst));
            port.queue(0).rxRelease();
        }
    }

    /** What the frames must be, made the plain way. */
    private static List<byte[]> reference(final Guest guest, final byte[] frame) {
        final List<byte[]> segments = new ArrayList<>();
        final int payload = frame.length - guest.headers;
        int at = 0;
        do {
            final int bytes = Math.min(guest.gsoSize, payload - at);
            final byte[] segment = concat(
                    Arrays.copyOf(frame, guest.headers),
                    Arrays.copyOfRange(frame, guest.headers + at, guest.headers + at + bytes));
            final int l3 = guest.l3;
            final int l4 = guest.l4;
            if (guest.v6) {
                putU16(segment, l3 + 4, segment.length - l3 - 40);
            } else {
                putU16(segment, l3 + 2, segment.length - l3);
                putU16(segment, l3 + 4, u16(frame, l3 + 4) + segments.size());
                fixIpv4(segment, l3);
            }
            if (guest.tcp) {
                final long sequence = ((long) u16(frame, l4 + 4) << 16 | u16(frame, l4 + 6)) + at;
                putU16(segment, l4 + 4, (int) (sequence >>> 16));
                putU16(segment, l4 + 6, (int) sequence);
                int flags = u8(frame, l4 + 13);
                flags = at + bytes < payload ? flags & ~(FIN | PSH) : flags;
                flags = at > 0 ? flags & ~CWR : flags;
                segment[l4 + 13] = (byte) flags;
            } else {
                putU16(segment, l4 + 4, segment.length - l4);
            }
            segments.add(segment);
            at += bytes;
        } while (at < payload);
        return segments;
    }

    private static byte[] bytes(final Burst burst, final int i) {
        final byte[] frame = new byte[burst.length[i]];
        Mem.copy(burst.head[i], frame, 0, burst.headLength[i]);
        int at = burst.headLength[i];
        final int first = burst.firstSegment[i];
        for (int s = first; s < first + burst.segmentCount[i]; s++) {
            Mem.copy(burst.segmentAddress[s], frame, at, burst.segmentLength[s]);
            at += burst.segmentLength[s];
        }
        assertEquals(frame.length, at);
        return frame;
    }

    private Guest anyGuest() {
        final Guest guest = new Guest();
        guest.tcp = random.nextBoolean();
        guest.v6 = random.nextBoolean();
        guest.tags = random.nextInt(3);
        guest.extensions = guest.v6 ? random.nextInt(3) : 0;
        guest.options = 4 * random.nextInt(11);
        guest.flags = random.nextInt(256);
        guest.gsoSize = 8 + random.nextInt(random.nextBoolean() ? 60 : 3000);
        guest.payload = new byte[random.nextInt(guest.tcp ? 65_000 : Math.min(60_000, 128 * guest.gsoSize))];
        random.nextBytes(guest.payload);
        return guest;
    }

    private List<byte[]> cut(final Guest guest) {
        final List<byte[]> segments = new ArrayList<>();
        final Burst out = new Burst();
        assertEquals(DropReason.NONE, segmenter.begin(burst, 0));
        while (segmenter.fill(out)) {
            assertTrue(out.size > 0);
            for (int i = 0; i < out.size; i++) {
                final byte[] segment = bytes(out, i);
                assertEquals(0xffff, strictSum(segment, guest), "checksum of segment " + segments.size());
                segments.add(segment);
                // Headroom is the segment's own.
                Mem.fill(out.head[i] - Burst.HEADROOM, Burst.HEADROOM, 0xee);
            }
            out.clear();
        }
        return segments;
    }

    /** As l4Sum, for packets with extension headers. */
    private static int strictSum(final byte[] frame, final Guest guest) {
        if (guest.extensions == 0) {
            return l4Sum(frame, guest.l3, guest.l4);
        }
        final int length = frame.length - guest.l4;
        return sum(concat(
                Arrays.copyOfRange(frame, guest.l3 + 8, guest.l3 + 40),
                new byte[] {0, (byte) (guest.tcp ? 6 : 17), (byte) (length >>> 8), (byte) length},
                Arrays.copyOfRange(frame, guest.l4, frame.length)));
    }

    @Test
    void shouldCutLikeReferenceWhateverTheFrame() {
        for (int round = 0; round < 2_000; round++) {
            final Guest guest = anyGuest();
            final byte[] frame = guest.frame();
            guest.receive(frame, guest.gsoType(), guest.headers + random.nextInt(300));
            final List<byte[]> expected = reference(guest, frame);
            final List<byte[]> actual = cut(guest);
            assertEquals(expected.size(), actual.size());
            for (int i = 0; i < expected.size(); i++) {
                final byte[] segment = actual.get(i);
                // The checksum was verified against its meaning; all else must be the same to the byte.
                final int field = guest.l4 + (guest.tcp ? 16 : 6);
                putU16(expected.get(i), field, u16(segment, field));
                assertArrayEquals(expected.get(i), segment, "round " + round + " segment " + i);
            }
            assertArrayEquals(frame, bytes(burst, 0), "the frame itself is as it was");
        }
    }

    @Test
    void shouldKeepFinAndPshForLastAndCwrForFirst() {
        final Guest guest = new Guest();
        guest.flags = FIN | PSH | ACK | CWR;
        guest.payload = new byte[3 * 1448];
        guest.receive(guest.frame(), Burst.GSO_TCPV4 | Burst.GSO_ECN, 0);
        final List<byte[]> segments = cut(guest);
        assertEquals(3, segments.size());
        assertEquals(ACK | CWR, u8(segments.get(0), guest.l4 + 13));
        assertEquals(ACK, u8(segments.get(1), guest.l4 + 13));
        assertEquals(FIN | PSH | ACK, u8(segments.get(2), guest.l4 + 13));
        assertEquals(0xfffe, u16(segments.get(0), guest.l3 + 4));
        assertEquals(0xffff, u16(segments.get(1), guest.l3 + 4));
        assertEquals(0, u16(segments.get(2), guest.l3 + 4));
    }

    private DropReason begin(final Guest guest, final int gsoType) {
        guest.receive(guest.frame(), gsoType, 0);
        return segmenter.begin(burst, 0);
    }

    @Test
    void shouldRefuseWhenRequestContradictsFrame() {
        final Guest guest = new Guest();
        guest.payload = new byte[5000];
        assertEquals(DropReason.NONE, begin(guest, Burst.GSO_TCPV4));
        for (final int type : new int[] {Burst.GSO_TCPV6, Burst.GSO_UDP, Burst.GSO_UDP_L4, 2, 7, 0xff, 0x85}) {
            assertEquals(DropReason.BAD_OFFLOAD, begin(guest, type), "type " + type);
        }
        for (final int size : new int[] {0, 1, 7}) {
            guest.gsoSize = size;
            assertEquals(DropReason.BAD_OFFLOAD, begin(guest, Burst.GSO_TCPV4), "size " + size);
        }
        guest.gsoSize = 1448;
        guest.tcp = false;
        assertEquals(DropReason.NONE, begin(guest, Burst.GSO_UDP_L4));
        guest.gsoSize = 5000 / 129;
        assertEquals(DropReason.BAD_OFFLOAD, begin(guest, Burst.GSO_UDP_L4), "more than 128 segments");
    }

    @Test
    void shouldRefuseWhenHeadersAreNotInHead() {
        final Guest guest = new Guest();
        guest.payload = new byte[5000];
        final byte[] frame = guest.frame();
        guest.receive(frame, Burst.GSO_TCPV4, guest.headers - 1);
        assertEquals(DropReason.BAD_OFFLOAD, segmenter.begin(burst, 0));
        guest.receive(frame, Burst.GSO_TCPV4, guest.headers);
        assertEquals(DropReason.NONE, segmenter.begin(burst, 0));
    }

    @Test
    void shouldRefuseWhenChecksumIsNotTheTransportHeaders() {
        final Guest guest = new Guest();
        guest.payload = new byte[5000];
        guest.receive(guest.frame(), Burst.GSO_TCPV4, 0);
        burst.vnetFlags[0] = 0;
        assertEquals(DropReason.BAD_OFFLOAD, segmenter.begin(burst, 0));
        burst.vnetFlags[0] = Burst.NEEDS_CSUM;
        burst.csumStart[0]++;
        assertEquals(DropReason.BAD_OFFLOAD, segmenter.begin(burst, 0));
        burst.csumStart[0]--;
        burst.csumOffset[0] = 6;
        assertEquals(DropReason.BAD_OFFLOAD, segmenter.begin(burst, 0));
    }

    @Test
    void shouldNeverMakeMoreThanItMayWhenHeadersAreDamaged() {
        final Burst out = new Burst();
        for (int round = 0; round < 20_000; round++) {
            final Guest guest = anyGuest();
            guest.payload = new byte[random.nextInt(3000)];
            final byte[] frame = guest.frame();
            for (int i = random.nextInt(4); i >= 0; i--) {
                frame[random.nextInt(guest.headers)] = (byte) random.nextInt();
            }
            guest.receive(frame, random.nextInt(8) == 0 ? random.nextInt(256) : guest.gsoType(), random.nextInt(200));
            if (segmenter.begin(burst, 0) != DropReason.NONE) {
                continue;
            }
            int segments = 0;
            out.clear();
            while (segmenter.fill(out)) {
                segments += out.size;
                out.clear();
            }
            assertTrue(segments >= 1 && segments <= 3000 / 8 + 1, segments + " segments");
        }
    }

    // Checksums.

    @Test
    void shouldFillChecksumWhereverTheBytesLie() {
        for (int round = 0; round < 2_000; round++) {
            final Guest guest = anyGuest();
            guest.extensions = 0;
            final byte[] frame = guest.frame();
            guest.receive(frame, Burst.GSO_NONE, guest.headers + random.nextInt(2000));
            assertTrue(Offload.complete(burst, 0));
            assertEquals(0, burst.vnetFlags[0] & Burst.NEEDS_CSUM);
            final byte[] completed = bytes(burst, 0);
            assertEquals(0xffff, l4Sum(completed, guest.l3, guest.l4));
            assertArrayEquals(fixL4(frame, guest.l3, guest.l4, guest.tcp ? 16 : 6), completed);
        }
    }

    @Test
    void shouldSendAllOnesWhenChecksumComesOutZero() {
        for (int kind = 0; kind < 3; kind++) {
            final Guest guest = new Guest();
            guest.tcp = kind > 0;
            guest.payload = new byte[2];
            final byte[] frame = guest.frame();
            final int offset = guest.tcp ? 16 : 6;
            // Choose the payload so that the sum is all ones and its complement 0.
            final byte[] probe = fixL4(frame.clone(), guest.l3, guest.l4, offset);
            putU16(frame, guest.headers, u16(probe, guest.l4 + offset));
            guest.receive(frame, kind == 2 ? guest.gsoType() : Burst.GSO_NONE, 0);
            final byte[] made;
            if (kind == 2) {
                made = cut(guest).get(0);
            } else {
                assertTrue(Offload.complete(burst, 0));
                made = bytes(burst, 0);
            }
            assertEquals(0xffff, u16(made, guest.l4 + offset), "kind " + kind);
        }
    }

    @Test
    void shouldRefuseWhenChecksumLiesOutsideHeadOrBeforeTransport() {
        final Guest guest = new Guest();
        guest.payload = new byte[100];
        final byte[] frame = guest.frame();
        final int[][] bad = {
            {0, 6}, {33, 16}, {-4, 40}, {34, -2}, {34, 65}, {98, 1}, {99, 0}, {100, 0}, {65_535, 65_535}, {34, 65_535}
        };
        for (final int[] words : bad) {
            guest.receive(frame, Burst.GSO_NONE, 99);
            burst.csumStart[0] = words[0];
            burst.csumOffset[0] = words[1];
            assertFalse(Offload.complete(burst, 0), Arrays.toString(words));
            assertArrayEquals(frame, bytes(burst, 0));
        }
        guest.receive(frame, Burst.GSO_NONE, 99);
        burst.csumOffset[0] = 63;
        assertTrue(Offload.complete(burst, 0));
    }
}
