package io.weft.dataplane;

import static io.weft.dataplane.TestFrames.concat;
import static io.weft.dataplane.TestFrames.ethernet;
import static io.weft.dataplane.TestFrames.fixL4;
import static io.weft.dataplane.TestFrames.ipv4;
import static io.weft.dataplane.TestFrames.l4Sum;
import static io.weft.dataplane.TestFrames.putU16;
import static io.weft.dataplane.TestFrames.slice;
import static io.weft.dataplane.TestFrames.tag;
import static io.weft.dataplane.TestFrames.u16;
import static io.weft.dataplane.TestFrames.u24;
import static io.weft.dataplane.TestSwitch.get;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.dataplane.api.PortSpec;
import io.weft.dataplane.api.PortSpec.VhostSpec;
import io.weft.dataplane.port.MemoryPort;
import io.weft.dataplane.port.Port;
import io.weft.dataplane.vhost.VirtioFeatures;
import io.weft.dataplane.vhost.frontend.DriverRing;
import io.weft.dataplane.vhost.frontend.Frontend;
import io.weft.dataplane.vhost.frontend.GuestNic;
import io.weft.encap.Encapsulation;
import io.weft.encap.Mem;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A guest that rewrites its memory after the switch has looked at it gains nothing: what was checked is what is sent. It
 * may send from one address, on one VLAN; another tenant's machine, and that of another VLAN, hear nothing.
 *
 * <p>Once the memory changes at the worst moment, between {@code rxBurst} and all else; once at any moment, from a thread.
 */
class RewritingGuestTest {
    private static final long OWN = 0x02000000000aL;
    private static final long VICTIM = 0x02000000000bL;
    private static final long PEER_MACHINE = 0x02000000000cL;
    private static final long BROADCAST = 0xffffffffffffL;
    private static final int VNI = 5001;
    private static final int OWN_VLAN = 10;
    private static final int OTHER_VLAN = 20;
    private static final int HEADER = 12;
    private static final int SLOT = 16_384;
    private static final int SLOTS = 16;
    private static final long SPLIT = VirtioFeatures.VERSION_1
            | VirtioFeatures.MRG_RXBUF
            | VirtioFeatures.CSUM
            | VirtioFeatures.HOST_TSO4
            | VirtioFeatures.INDIRECT_DESC;
    private static final long PACKED = SPLIT | VirtioFeatures.RING_PACKED;

    @TempDir
    private Path folder;

    private final Map<String, MemoryPort> memory = new HashMap<>();
    private Runnable afterReceive = () -> {};
    private TestSwitch weft;
    private GuestNic guest;
    private long slots;

    private void start(final boolean trunk, final boolean packed) throws Exception {
        weft = new TestSwitch(new SwitchContext(), this::open);
        weft.tenant("acme").tenant("evil");
        weft.network("acme/web", VNI, Encapsulation.VXLAN, "10.2.0.1");
        weft.network("evil/net", 6666, Encapsulation.VXLAN, "10.2.0.2");
        weft.access("b", "acme/web").access("x", "evil/net");
        final String path = folder.resolve("g.sock").toString();
        final Frontend frontend = new Frontend(this::pump).listen(path);
        final Map<Integer, String> vlans = trunk ? Map.of(OWN_VLAN, "acme/web") : Map.of();
        get(weft.control.putPort(new PortSpec(
                "g",
                PortSpec.Kind.VHOST_USER,
                null,
                trunk ? null : "acme/web",
                vlans,
                1,
                0,
                OWN,
                VhostSpec.client(path))));
        guest = new GuestNic(frontend.accept(), 1, 256, 4096).start(packed ? PACKED : SPLIT);
        slots = guest.ram.allocate((long) SLOTS * SLOT, 4096);
        get(weft.control.addMac("acme/web", -1, VICTIM, "b"));
        get(weft.control.addMac("acme/web", -1, PEER_MACHINE, "10.2.0.1"));
    }

    private Port open(final PortSpec spec, final int workers, final int mtu) {
        return spec.kind() == PortSpec.Kind.VHOST_USER
                ? new HookedPort(OpenPorts.open(spec, workers, mtu, folder), () -> afterReceive.run())
                : memory.computeIfAbsent(spec.name(), name -> new MemoryPort());
    }

    private void pump() {
        int idle = 0;
        while (idle < 66) {
            idle = weft.weft.pump() ? 0 : idle + 1;
        }
    }

    @AfterEach
    void close() {
        if (guest != null) {
            guest.close();
            pump();
        }
        assertTrue(weft.books().balanced(), () -> weft.books().toString());
        weft.close();
    }

    // What the guest does.

    private long host(final int slot) {
        return guest.ram.host(slots + (long) slot * SLOT);
    }

    /** Puts header and frame into a slot's memory. */
    private void fill(final int slot, final byte[] frame, final int gso, final int size, final int start) {
        final long at = host(slot);
        Mem.fill(at, HEADER, 0);
        Mem.putByte(at, start == 0 ? 0 : GuestNic.NEEDS_CSUM);
        Mem.putByte(at + 1, gso);
        Mem.putShortNative(at + 4, size);
        Mem.putShortNative(at + 6, start);
        Mem.putShortNative(at + 8, start == 0 ? 0 : 16);
        Mem.copy(frame, 0, at + HEADER, frame.length);
    }

    /** Makes the slot's bytes available: in one buffer, in several, or by an indirect table. */
    private void offer(final int slot, final int length, final int kind) {
        final DriverRing ring = guest.rings[1];
        ring.collect(256);
        final long at = slots + (long) slot * SLOT;
        final int total = HEADER + length;
        if (kind == 0) {
            assertTrue(ring.buffer(at, total, false).add(slot));
            return;
        }
        final int cut = HEADER + Math.min(length - 1, 20);
        ring.buffer(at, HEADER, false).buffer(at + HEADER, cut - HEADER, false).buffer(at + cut, total - cut, false);
        assertTrue(kind == 1 ? ring.add(slot) : ring.addIndirect(slot, 3));
    }

    /** Everything that was checked, made what would not have passed. */
    private void rewrite(final int slot) {
        final long at = host(slot);
        Mem.putByte(at, 0);
        Mem.putByte(at + 1, GuestNic.GSO_TCPV6);
        Mem.putShortNative(at + 4, 1);
        Mem.putShortNative(at + 6, 2);
        Mem.putShortNative(at + 8, 0xfff0);
        final byte[] spoofed = tag(0x8100, OTHER_VLAN, ethernet(VICTIM, VICTIM, 0x0800, new byte[200]));
        Mem.copy(spoofed, 0, at + HEADER, spoofed.length);
    }

    /** Descriptors too: longer, elsewhere, endless. */
    private void rewriteDescriptors() {
        final long table = guest.ram.host(guest.rings[1].descriptors);
        for (int d = 0; d < 256; d++) {
            Mem.putLongNative(table + 16L * d, slots + (d % SLOTS) * (long) SLOT + 7);
            Mem.putIntNative(table + 16L * d + 8, 0x7fff_0000 + d);
        }
    }

    private static byte[] tcp(final long to, final long from, final int payload) {
        final byte[] datagram = new byte[20 + payload];
        putU16(datagram, 0, 1234);
        putU16(datagram, 2, 80);
        datagram[12] = 0x50;
        for (int i = 20; i < datagram.length; i++) {
            datagram[i] = (byte) i;
        }
        final byte[] frame = ethernet(to, from, 0x0800, ipv4("192.168.0.1", "192.168.0.2", 6, 0, datagram));
        putU16(frame, 34 + 16, pseudo(datagram.length));
        return frame;
    }

    private static int pseudo(final int length) {
        return TestFrames.sum(concat(TestFrames.address("192.168.0.1"), TestFrames.address("192.168.0.2"), new byte[] {
            0, 6, (byte) (length >>> 8), (byte) length
        }));
    }

    private static long source(final byte[] frame) {
        return (long) u16(frame, 6) << 32 | (long) u16(frame, 8) << 16 | u16(frame, 10);
    }

    /** The inner frame of a packet on the wire, whose lengths must agree and whose VNI must be the guest's. */
    private static byte[] inner(final byte[] packet) {
        assertEquals(packet.length - 14, u16(packet, 16), "IP length");
        assertEquals(packet.length - 34, u16(packet, 38), "UDP length");
        assertEquals(VNI, u24(packet, 46), "VNI");
        assertEquals("0a020001", HexFormat.of().formatHex(packet, 30, 34), "endpoint");
        return slice(packet, 50);
    }

    private void expectNobodyElseHeard() {
        assertEquals(List.of(), weft.sentWire());
        assertEquals(null, memory.get("x").poll());
        assertEquals(null, memory.get("b").poll());
    }

    // At the worst moment.

    @ParameterizedTest(name = "packed {0}, kind of chain {1}")
    @CsvSource({"false, 0", "false, 1", "false, 2", "true, 0", "true, 1", "true, 2"})
    void shouldSendWhatWasCheckedWhenAllIsRewrittenAfterReception(final boolean packed, final int kind)
            throws Exception {
        start(false, packed);
        afterReceive = () -> {
            rewrite(0);
            rewriteDescriptors();
        };
        for (final int payload : new int[] {46, 100, 114, 115, 400, 1400}) {
            for (final long to : new long[] {VICTIM, PEER_MACHINE, BROADCAST}) {
                final byte[] content = new byte[payload];
                Arrays.fill(content, (byte) 7);
                final byte[] frame = ethernet(to, OWN, 0x88b5, content);
                fill(0, frame, 0, 0, 0);
                offer(0, frame.length, kind);
                guest.flush(0);
                if (to != PEER_MACHINE) {
                    expectHead(frame, memory.get("b").poll());
                }
                if (to != VICTIM) {
                    final List<byte[]> packets = weft.sentWire();
                    assertEquals(1, packets.size());
                    expectHead(frame, inner(packets.getFirst()));
                }
                expectNobodyElseHeard();
            }
        }
    }

    private static void expectHead(final byte[] sent, final byte[] came) {
        assertEquals(sent.length, came.length);
        final int head = Math.min(128, sent.length);
        assertArrayEquals(Arrays.copyOf(sent, head), Arrays.copyOf(came, head));
    }

    @ParameterizedTest(name = "packed {0}")
    @ValueSource(booleans = {false, true})
    void shouldStayOnTheVlanThatWasChecked(final boolean packed) throws Exception {
        start(true, packed);
        afterReceive = () -> rewrite(0);
        for (final int payload : new int[] {46, 400}) {
            final byte[] frame = ethernet(BROADCAST, OWN, 0x88b5, new byte[payload]);
            fill(0, tag(0x8100, OWN_VLAN, frame), 0, 0, 0);
            offer(0, frame.length + 4, 0);
            guest.flush(0);
            final byte[] came = memory.get("b").poll();
            assertArrayEquals(Arrays.copyOf(frame, 60), Arrays.copyOf(came, 60));
            assertEquals(frame.length, came.length);
            assertEquals(OWN, source(inner(weft.sentWire().getFirst())));
            expectNobodyElseHeard();
        }
    }

    @ParameterizedTest(name = "packed {0}")
    @ValueSource(booleans = {false, true})
    void shouldFillInTheChecksumThatWasAskedForWhenItsWordsAreRewritten(final boolean packed) throws Exception {
        start(false, packed);
        afterReceive = () -> rewrite(0);
        final byte[] frame = tcp(VICTIM, OWN, 64);
        fill(0, frame, 0, 0, 34);
        offer(0, frame.length, 0);
        guest.flush(0);
        assertArrayEquals(fixL4(frame.clone(), 14, 34, 16), memory.get("b").poll());
        expectNobodyElseHeard();
    }

    @ParameterizedTest(name = "packed {0}")
    @ValueSource(booleans = {false, true})
    void shouldCutAsWasAskedForWhenItsWordsAreRewritten(final boolean packed) throws Exception {
        start(false, packed);
        afterReceive = () -> {
            rewrite(0);
            rewriteDescriptors();
        };
        final byte[] frame = tcp(VICTIM, OWN, 2500);
        fill(0, frame, GuestNic.GSO_TCPV4, 1000, 34);
        offer(0, frame.length, 0);
        guest.flush(0);
        for (final int payload : new int[] {1000, 1000, 500}) {
            final byte[] segment = memory.get("b").poll();
            assertEquals(54 + payload, segment.length);
            assertEquals(segment.length - 14, u16(segment, 16));
            assertEquals(OWN, source(segment));
            assertEquals(0xffff, l4Sum(segment, 14, 34));
        }
        expectNobodyElseHeard();
    }

    // At any moment.

    @ParameterizedTest(name = "trunk {0}, packed {1}")
    @CsvSource({"false, false", "false, true", "true, false"})
    void shouldGainNothingFromRewritingAllTheTime(final boolean trunk, final boolean packed) throws Exception {
        start(trunk, packed);
        final AtomicBoolean over = new AtomicBoolean();
        final long table = guest.ram.host(guest.rings[1].descriptors);
        final Thread rewriter = Thread.ofPlatform().daemon().start(() -> rewriteUntil(over, table, trunk));
        long came = 0;
        try {
            for (int burst = 0; burst < 1500; burst++) {
                for (int slot = 0; slot < SLOTS; slot++) {
                    final byte[] plain = tcp(slot % 2 == 0 ? VICTIM : BROADCAST, OWN, burst % 1400);
                    final byte[] frame = trunk ? tag(0x8100, OWN_VLAN, plain) : plain;
                    fill(slot, frame, 0, 0, 0);
                    offer(slot, frame.length, burst % 3);
                }
                guest.rings[1].publish();
                guest.kick(1).signal();
                // The device has all of a burst's chains back before the next.
                do {
                    weft.weft.pump();
                } while (guest.rings[1].free() < 3 * SLOTS && guest.rings[1].collect(256) >= 0);
                came += expectOwnFrames();
            }
        } finally {
            over.set(true);
            rewriter.join();
        }
        pump();
        came += expectOwnFrames();
        assertTrue(came > 0, "no frame passed: nothing was shown");
        assertTrue(weft.drops(DropReason.SPOOFED_SOURCE_MAC) > 0, "no change was seen: nothing was shown");
    }

    private long expectOwnFrames() {
        long frames = 0;
        for (byte[] frame = memory.get("b").poll();
                frame != null;
                frame = memory.get("b").poll()) {
            assertEquals(OWN, source(frame));
            frames++;
        }
        for (final byte[] packet : weft.sentWire()) {
            final byte[] inner = inner(packet);
            assertEquals(OWN, source(inner));
            assertTrue(u16(inner, 12) != 0x8100, "a tag in the tunnel");
            frames++;
        }
        assertEquals(null, memory.get("x").poll(), "another tenant's machine heard it");
        return frames;
    }

    private void rewriteUntil(final AtomicBoolean over, final long table, final boolean trunk) {
        final SplittableRandom random = new SplittableRandom(7);
        final int type = HEADER + 12;
        while (!over.get()) {
            final long at = host(random.nextInt(SLOTS));
            switch (random.nextInt(8)) {
                case 0 -> Mem.putByte(at + HEADER + 11, random.nextBoolean() ? 0x0a : 0x0b);
                case 1 -> Mem.putByte(at + HEADER + 5, random.nextInt(0xa, 0xd));
                case 2 -> Mem.putShort(at + type, random.nextBoolean() ? 0x8100 : 0x0800);
                case 3 -> Mem.putShort(at + type + 2, trunk && random.nextBoolean() ? OWN_VLAN : OTHER_VLAN);
                case 4 -> Mem.putLongNative(at, random.nextLong() & 0x3ff_0000_0101L);
                case 5 -> Mem.putShortNative(at + 6, random.nextInt(200));
                case 6 -> Mem.putShort(at + type + 4, random.nextInt(0x10000));
                default -> {
                    final long entry = table + 16L * random.nextInt(256);
                    Mem.putLongNative(entry, slots + (long) random.nextInt(SLOTS) * SLOT);
                    Mem.putIntNative(entry + 8, random.nextInt(1, SLOT));
                }
            }
        }
    }
}
