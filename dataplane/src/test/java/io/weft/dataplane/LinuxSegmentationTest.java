package io.weft.dataplane;

import static io.weft.dataplane.TestFrames.concat;
import static io.weft.dataplane.TestFrames.ethernet;
import static io.weft.dataplane.TestFrames.ip;
import static io.weft.dataplane.TestFrames.putU16;
import static io.weft.dataplane.TestFrames.sum;
import static io.weft.dataplane.TestFrames.tag;
import static io.weft.dataplane.TestFrames.u16;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.dataplane.port.MemoryPort;
import io.weft.dataplane.sys.Errno;
import io.weft.dataplane.sys.Libc;
import io.weft.dataplane.sys.NetworkNamespace;
import io.weft.dataplane.sys.Tun;
import io.weft.encap.Mem;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What Weft makes of frames with offload words is, byte for byte, what Linux makes of them: the same frame goes through a
 * kernel's bridge from one TAP to another that takes no offloads, so that the kernel does the work in software.
 *
 * <p>Left out is what Linux makes of what is wrong: it adds to the transport checksum that the guest left and keeps the IP
 * header's where there is one segment, Weft computes both; it cuts a frame whose IP length is not its own,
 * and UDP into more than 128 segments, Weft refuses both.
 */
@Tag("system")
@Timeout(120)
class LinuxSegmentationTest {
    private static final int FIN = 1;
    private static final int RST = 4;
    private static final int PSH = 8;
    private static final int ACK = 16;
    private static final int URG = 32;
    private static final int ECE = 64;
    private static final int CWR = 128;
    private static final long HERE = 0x02000000aa01L;
    private static final long THERE = 0x02000000aa02L;
    /** Of a frame that says that all before it has come. */
    private static final long MARK = 0x02000000aa03L;

    private static final int MAX_IP = 65_535;
    private static final int ROOM = 1 << 17;

    private final long seed = System.nanoTime();
    private final Random random = new Random(seed);
    private final long buffer = Mem.allocate(ROOM, 64);
    private final MemoryPort port = new MemoryPort();
    private final Burst burst = new Burst();
    private final Segments segments = new Segments();
    private NetworkNamespace space;
    private Tun in;
    private Tun out;
    private int marks;

    @BeforeEach
    void bridge() throws Exception {
        System.out.println("seed " + seed);
        space = new NetworkNamespace("wfgso" + Libc.getpid());
        in = space.in(() -> Tun.open("in", 1));
        out = space.in(() -> Tun.open("out", 1));
        assertEquals(0, out.setOffload(0), "the kernel does all itself");
        space.ip("link", "add", "name", "br0", "type", "bridge", "forward_delay", "0", "mcast_snooping", "0");
        for (final String device : List.of("in", "out")) {
            space.ip("link", "set", device, "master", "br0", "mtu", "65000", "txqueuelen", "9000", "up");
        }
        space.ip("link", "set", "br0", "up");
        final long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!marked(TimeUnit.MILLISECONDS.toNanos(50), new ArrayList<>())) {
            assertTrue(System.nanoTime() < deadline, "the bridge forwards within 20 s");
        }
    }

    @AfterEach
    void close() {
        in.close();
        out.close();
        space.close();
    }

    /** A guest's frame, its parts to be set before {@link #frame}. */
    private static final class Guest {
        private boolean tcp = true;
        private boolean v6;
        private int tags;
        private int ipOptions;
        private int extensions;
        private int options = 12;
        private int flags = ACK;
        private int reserved;
        private int id = 0xfffe;
        private int dontFragment = 0x4000;
        private int gsoSize = 1448;
        private int gsoBits;
        private byte[] payload = new byte[0];

        int l3() {
            return 14 + 4 * tags;
        }

        int l4() {
            return l3() + (v6 ? 40 + 8 * extensions : 20 + ipOptions);
        }

        int headers() {
            return l4() + (tcp ? 20 + options : 8);
        }

        int checksum() {
            return l4() + csumOffset();
        }

        int csumOffset() {
            return tcp ? 16 : 6;
        }

        int gsoType() {
            return tcp ? (v6 ? Burst.GSO_TCPV6 : Burst.GSO_TCPV4) | gsoBits : Burst.GSO_UDP_L4;
        }

        byte[] frame() {
            byte[] packet = concat(transport(), payload);
            int protocol = tcp ? 6 : 17;
            for (int i = 0; v6 && i < extensions; i++) {
                packet = concat(new byte[] {(byte) protocol, 0, 1, 4, 0, 0, 0, 0}, packet);
                protocol = 60;
            }
            packet = v6 ? ip("fd00::1", "fd00::2", protocol, 2, packet) : v4(protocol, packet);
            byte[] frame = ethernet(THERE, HERE, v6 ? 0x86dd : 0x0800, packet);
            for (int i = 0; i < tags; i++) {
                frame = tag(0x8100, 0x6000 + 100 + i, frame);
            }
            final int l3 = l3();
            putU16(
                    frame,
                    checksum(),
                    sum(concat(
                            Arrays.copyOfRange(frame, v6 ? l3 + 8 : l3 + 12, v6 ? l3 + 40 : l3 + 20),
                            new byte[] {0, (byte) (tcp ? 6 : 17)},
                            ByteBuffer.allocate(2)
                                    .putShort((short) (frame.length - l4()))
                                    .array())));
            return frame;
        }

        private byte[] transport() {
            final ByteBuffer header = ByteBuffer.allocate(tcp ? 20 + options : 8);
            header.putShort((short) 1000).putShort((short) 2000);
            if (!tcp) {
                return header.putShort((short) (8 + payload.length)).array();
            }
            header.putInt(0xffff_f000).putInt(77);
            header.put((byte) ((20 + options) << 2 | reserved)).put((byte) flags);
            header.putShort((short) 500).putShort((short) 0);
            header.putShort((short) ((flags & URG) != 0 ? 2000 : 0));
            while (header.remaining() >= 12) {
                // Timestamps (RFC 7323), as often as they fit, for they count as any option here.
                header.put(new byte[] {1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8});
            }
            while (header.hasRemaining()) {
                header.put((byte) 1);
            }
            return header.array();
        }

        private byte[] v4(final int protocol, final byte[] body) {
            final byte[] plain = ip("192.168.0.1", "192.168.0.2", protocol, 2, body);
            final byte[] nops = new byte[ipOptions];
            Arrays.fill(nops, (byte) 1);
            final byte[] packet = concat(Arrays.copyOf(plain, 20), nops, body);
            packet[0] = (byte) (0x45 + ipOptions / 4);
            putU16(packet, 2, packet.length);
            putU16(packet, 4, id);
            putU16(packet, 6, dontFragment);
            putU16(packet, 10, 0);
            putU16(packet, 10, ~sum(Arrays.copyOf(packet, 20 + ipOptions)) & 0xffff);
            return packet;
        }

        @Override
        public String toString() {
            return (tcp ? "TCP" : "UDP") + (v6 ? " over IPv6, extensions " + extensions : " over IPv4") + ", tags "
                    + tags + ", IP options " + ipOptions + ", options " + options + ", flags " + flags + ", id " + id
                    + ", payload " + payload.length + ", gso_size " + gsoSize;
        }
    }

    // Linux.

    /** Writes a frame into the kernel with its virtio-net header (virtio 1.2, 5.1.6). */
    private int write(final byte[] frame, final int gsoType, final int gsoSize, final int start, final int offset) {
        Mem.fill(buffer, Tun.VNET_HEADER, 0);
        Mem.putByte(buffer, start == 0 ? 0 : Burst.NEEDS_CSUM);
        Mem.putByte(buffer + 1, gsoType);
        Mem.putShortNative(buffer + 4, gsoType == 0 ? 0 : gsoSize);
        Mem.putShortNative(buffer + 6, start);
        Mem.putShortNative(buffer + 8, offset);
        Mem.copy(frame, 0, buffer + Tun.VNET_HEADER, frame.length);
        return Libc.write(in.fd(0), buffer, Tun.VNET_HEADER + frame.length);
    }

    /** Sends a numbered frame and takes what comes out before it; false when it did not come. */
    private boolean marked(final long nanos, final List<byte[]> before) {
        final byte[] mark = ethernet(THERE, MARK, 0x88b5, new byte[46]);
        putU16(mark, 14, ++marks);
        assertTrue(write(mark, 0, 0, 0, 0) > 0);
        final long deadline = System.nanoTime() + nanos;
        while (System.nanoTime() < deadline) {
            final int read = Libc.read(out.fd(0), buffer, ROOM);
            if (read < 0) {
                assertEquals(-Errno.EAGAIN, read);
                Thread.onSpinWait();
                continue;
            }
            final byte[] frame = Mem.bytes(buffer + Tun.VNET_HEADER, read - Tun.VNET_HEADER);
            if (Arrays.equals(mark, frame)) {
                return true;
            }
            if (Arrays.equals(frame, 6, 12, ethernet(0, HERE, 0), 6, 12)) {
                assertEquals(0, Mem.getShortNative(buffer), "the kernel has done all: neither flags nor gso_type");
                before.add(frame);
            }
        }
        return false;
    }

    private List<byte[]> linux(
            final byte[] frame, final int gsoType, final int gsoSize, final int start, final int offset) {
        final List<byte[]> frames = new ArrayList<>();
        final int written = write(frame, gsoType, gsoSize, start, offset);
        assertEquals(Tun.VNET_HEADER + frame.length, written, "the kernel takes the frame");
        assertTrue(marked(TimeUnit.SECONDS.toNanos(20), frames), "the frame after it came within 20 s");
        return frames;
    }

    // Weft.

    private List<byte[]> weft(
            final byte[] frame,
            final int gsoType,
            final int gsoSize,
            final int start,
            final int offset,
            final int splitAt) {
        burst.clear();
        port.splitAt(splitAt);
        assertTrue(port.inject(frame, Burst.NEEDS_CSUM, gsoType, gsoSize, start, offset));
        assertEquals(1, port.queue(0).rxBurst(burst));
        port.queue(0).rxRelease();
        final List<byte[]> frames = new ArrayList<>();
        if (gsoType == Burst.GSO_NONE) {
            assertTrue(Offload.complete(burst, 0));
            frames.add(bytes(burst, 0));
            return frames;
        }
        assertEquals(DropReason.NONE, segments.begin(burst, 0, Integer.MAX_VALUE));
        while (segments.next()) {
            for (int i = 0; i < segments.burst().size; i++) {
                frames.add(bytes(segments.burst(), i));
            }
        }
        return frames;
    }

    private static byte[] bytes(final Burst burst, final int i) {
        final byte[] frame = new byte[burst.length[i]];
        Mem.copy(burst.head[i], frame, 0, burst.headLength[i]);
        int at = burst.headLength[i];
        for (int s = burst.firstSegment[i]; s < burst.firstSegment[i] + burst.segmentCount[i]; s++) {
            Mem.copy(burst.segmentAddress[s], frame, at, burst.segmentLength[s]);
            at += burst.segmentLength[s];
        }
        assertEquals(frame.length, at);
        return frame;
    }

    private static List<byte[]> same(final List<byte[]> linux, final List<byte[]> weft, final String what) {
        assertEquals(linux.size(), weft.size(), "frames of " + what);
        for (int i = 0; i < linux.size(); i++) {
            assertArrayEquals(linux.get(i), weft.get(i), "frame " + i + " of " + what);
        }
        return linux;
    }

    /**
     * Both cut it; returns what both made of it. A TCP frame that is one segment is given to Linux with nothing but its
     * checksum to do, for the kernel throws some of them away that say TSO (payload just below gso_size or equal).
     */
    private List<byte[]> cut(final Guest guest) {
        final byte[] frame = guest.frame();
        final boolean one = guest.tcp && guest.payload.length <= guest.gsoSize;
        return same(
                linux(frame, one ? 0 : guest.gsoType(), guest.gsoSize, guest.l4(), guest.csumOffset()),
                weft(
                        frame,
                        guest.gsoType(),
                        guest.gsoSize,
                        guest.l4(),
                        guest.csumOffset(),
                        guest.headers() + random.nextInt(300)),
                guest.toString());
    }

    /** Both fill in the checksum. */
    private List<byte[]> complete(final byte[] frame, final int start, final int offset, final String what) {
        return same(
                linux(frame, 0, 0, start, offset),
                weft(frame, 0, 0, start, offset, start + offset + 2 + random.nextInt(300)),
                what);
    }

    private byte[] payload(final int length) {
        final byte[] payload = new byte[length];
        random.nextBytes(payload);
        return payload;
    }

    /** What the merger made of segments, Linux makes the same segments of again. */
    @Test
    void shouldHaveMergedFramesCutByLinuxIntoWhatCame() {
        final MergeBench bench = new MergeBench();
        for (int round = 0; round < 60; round++) {
            final Stream stream = new Stream();
            stream.destination = THERE;
            stream.sourceMac = HERE;
            stream.tcp = round % 3 != 0;
            stream.v6 = random.nextBoolean();
            stream.tags = random.nextInt(2);
            stream.tos = random.nextInt(256);
            stream.options = new byte[4 * random.nextInt(11)];
            Arrays.fill(stream.options, (byte) 1);
            stream.flags = ACK | (random.nextBoolean() ? ECE : 0);
            final int size = 100 + random.nextInt(1300);
            final int count = 2 + random.nextInt(30);
            final List<byte[]> came = new ArrayList<>();
            for (int i = 1; i <= count; i++) {
                stream.flags |= i == count && random.nextBoolean() ? PSH : 0;
                came.add(stream.payload(payload(i == count ? 1 + random.nextInt(size) : size))
                        .frame());
                stream.advance();
            }
            bench.receive(came, 0);
            assertEquals(1, bench.merge(15), "round " + round);
            final MergeBench.Sent sent = bench.sent().get(0);
            same(
                    linux(sent.bytes(), sent.gsoType(), sent.gsoSize(), sent.csumStart(), sent.csumOffset()),
                    came,
                    "round " + round);
        }
    }

    @Test
    void shouldCutTcpAsLinuxWhateverFlagsOptionsAndSizes() {
        final int[] flags = {ACK, ACK | PSH, ACK | FIN | PSH, ACK | CWR | ECE, ACK | URG | PSH, ACK | RST, 0xff};
        for (int round = 0; round < 2 * 3 * 3 * flags.length; round++) {
            final Guest guest = new Guest();
            guest.v6 = round % 2 == 1;
            guest.tags = round / 2 % 3;
            guest.options = new int[] {0, 12, 40}[round / 6 % 3];
            guest.flags = flags[round / 18];
            guest.gsoBits = (guest.flags & CWR) != 0 ? Burst.GSO_ECN : 0;
            final int size = guest.gsoSize;
            for (final int bytes : new int[] {0, 1, size - 1, size, size + 1, 2 * size, 3 * size + 7, 44 * size + 1}) {
                guest.payload = payload(bytes);
                assertEquals(Math.max(1, Math.ceilDiv(bytes, size)), cut(guest).size());
            }
        }
    }

    @Test
    void shouldCutUdpAsLinuxWhateverSizes() {
        for (int round = 0; round < 2 * 3; round++) {
            final Guest guest = new Guest();
            guest.tcp = false;
            guest.v6 = round % 2 == 1;
            guest.tags = round / 2;
            for (final int size : new int[] {1, 7, 500, 1472}) {
                guest.gsoSize = size;
                for (final int bytes : new int[] {size - 1, size, size + 1, 2 * size, 44 * size + size / 2}) {
                    guest.payload = payload(bytes);
                    assertEquals(
                            Math.max(1, Math.ceilDiv(bytes, size)), cut(guest).size());
                }
            }
        }
    }

    @Test
    void shouldCutAsLinuxWhateverTheFrame() {
        for (int round = 0; round < 600; round++) {
            final Guest guest = any();
            guest.gsoSize = (guest.tcp ? 8 : 1) + random.nextInt(random.nextBoolean() ? 100 : 3000);
            final int room = MAX_IP - (guest.headers() - guest.l3());
            guest.payload = payload(random.nextInt(Math.min(room, 128 * guest.gsoSize)));
            cut(guest);
        }
    }

    private Guest any() {
        final Guest guest = new Guest();
        guest.tcp = random.nextBoolean();
        guest.v6 = random.nextBoolean();
        guest.tags = random.nextInt(3);
        guest.ipOptions = guest.v6 ? 0 : 4 * random.nextInt(11);
        guest.extensions = guest.v6 ? random.nextInt(3) : 0;
        guest.options = 4 * random.nextInt(11);
        guest.flags = random.nextInt(256);
        guest.reserved = random.nextInt(16);
        guest.id = random.nextInt(0x10000);
        guest.dontFragment = random.nextBoolean() ? 0x4000 : 0;
        return guest;
    }

    /** The checksum that comes out 0 is what the two ways to write zero are about: once of each kind of frame. */
    @Test
    void shouldWriteZeroChecksumAsLinuxWhenSumIsAllOnes() {
        for (int kind = 0; kind < 4 * 3; kind++) {
            final Guest guest = new Guest();
            guest.tcp = (kind & 1) == 0;
            guest.v6 = (kind & 2) != 0;
            guest.gsoSize = 100;
            final int parts = kind / 4;
            guest.payload = payload(parts == 2 ? 300 : 100);
            final int word = parts == 2 ? 100 : 0;
            putU16(guest.payload, word, 0);
            final List<byte[]> probe = parts == 0 ? complete(guest) : cut(guest);
            putU16(guest.payload, word, u16(probe.get(word / 100), guest.checksum()));
            final List<byte[]> made = parts == 0 ? complete(guest) : cut(guest);
            final int checksum = u16(made.get(word / 100), guest.checksum());
            assertTrue(checksum == 0xffff || (guest.tcp && checksum == 0), guest + ": " + checksum);
        }
    }

    private List<byte[]> complete(final Guest guest) {
        return complete(guest.frame(), guest.l4(), guest.csumOffset(), "checksum of " + guest);
    }

    @Test
    void shouldFillChecksumAsLinuxWhereverItLies() {
        for (int round = 0; round < 600; round++) {
            final Guest guest = any();
            guest.payload = payload(random.nextInt(9000));
            complete(guest);
            final byte[] frame = guest.frame();
            final int start = 34 + random.nextInt(100);
            final int offset = random.nextInt(60);
            if (start + offset + 2 <= frame.length) {
                complete(frame, start, offset, "checksum from " + start + " at " + offset + " of " + guest);
            }
        }
    }
}
