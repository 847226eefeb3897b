package io.weft.dataplane.conformance;

import static io.weft.dataplane.TestFrames.address;
import static io.weft.dataplane.TestFrames.concat;
import static io.weft.dataplane.TestFrames.ethernet;
import static io.weft.dataplane.TestFrames.fixIpv4;
import static io.weft.dataplane.TestFrames.ip;
import static io.weft.dataplane.TestFrames.nvgre;
import static io.weft.dataplane.TestFrames.putU16;
import static io.weft.dataplane.TestFrames.tag;
import static io.weft.dataplane.TestFrames.u16;
import static io.weft.dataplane.TestFrames.u24;
import static io.weft.dataplane.TestFrames.u8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.dataplane.DropReason;
import io.weft.dataplane.SwitchContext;
import io.weft.dataplane.TestSwitch;
import io.weft.dataplane.api.NetworkSpec.UdpChecksum;
import io.weft.encap.Encapsulation;
import io.weft.encap.Nvgre;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** RFC 7637, item by item. */
class NvgreConformanceTest extends Overlay {
    private static final Encapsulation NVGRE = Encapsulation.NVGRE;
    private static final byte[] INNER = frame(BROADCAST, R);

    private static byte[] packet(final byte[] header, final byte[] inner) {
        return grePacket(PEER, OWN, header, inner);
    }

    @Test
    @Tag("N1")
    void shouldSendKeyAndNoChecksumNorSequenceNumber() {
        network(spec(NVGRE), PEER);
        final byte[] packet = encapsulated(frame(BROADCAST, A));
        assertEquals(0x2000, u16(packet, 34));
        assertEquals(0x6558, u16(packet, 36));
    }

    @Test
    @Tag("N1")
    void shouldDropGreThatIsNotNvgre() {
        network(spec(NVGRE), PEER);
        final int[][] words = {
            {0xa000, 0x6558}, {0x3000, 0x6558}, {0xb000, 0x6558}, {0x0000, 0x6558}, {0x2001, 0x6558}, {0x2007, 0x6558},
            {0x6000, 0x6558}, {0x2800, 0x6558}, {0x2400, 0x6558}, {0x2000, 0x0800}, {0x2000, 0x86dd}, {0x2000, 0x6559},
            {0x0000, 0x88be}, {0x1000, 0x88be}
        };
        for (final int[] word : words) {
            final byte[] header = nvgre(VNI, 0);
            putU16(header, 0, word[0]);
            putU16(header, 2, word[1]);
            assertDropped(DropReason.NOT_NVGRE, packet(header, INNER));
        }
        assertDropped(DropReason.TUNNEL_TRUNCATED, packet(Arrays.copyOf(nvgre(VNI, 0), 6), NOTHING));
    }

    @Test
    @Tag("N1")
    void shouldIgnoreReservedBitsThatGreIgnores() {
        network(spec(NVGRE), PEER);
        // RFC 2784, section 2.3: bits 6 to 12 must be ignored, bits 1 to 5 must be 0.
        for (final int bits : new int[] {0x2008, 0x2200, 0x23f8}) {
            final byte[] header = nvgre(VNI, 0);
            putU16(header, 0, bits);
            assertDelivered(INNER, packet(header, INNER));
        }
    }

    @Test
    @Tag("N2")
    void shouldKeepVsidInUpperBitsOfKeyAndFlowIdInLower() {
        network(spec(NVGRE), PEER);
        final byte[] packet = encapsulated(flow(1024));
        assertEquals(VNI, u24(packet, 38));
        assertDelivered(INNER, packet(nvgre(VNI, 0xab), INNER));
        assertDropped(DropReason.UNKNOWN_VNI, packet(nvgre(VNI << 8 & 0xffffff, VNI >>> 16), INNER));
    }

    @Test
    @Tag("N3")
    void shouldKnowWhichVsidsAreNotForTenants() {
        // The configuration's checker refuses a network by this.
        for (final int reserved : new int[] {0, 1, 0xfff, 0xffffff}) {
            assertFalse(Nvgre.isTenantVsid(reserved));
        }
        for (final int usable : new int[] {0x1000, VNI, 0xfffffe}) {
            assertTrue(Nvgre.isTenantVsid(usable));
        }
    }

    @Test
    @Tag("N4")
    void shouldCarryFlowsEntropyInFlowId() {
        network(spec(NVGRE), PEER);
        final Set<Integer> ids = new HashSet<>();
        for (int i = 0; i < 1000; i++) {
            final int id = u8(encapsulated(flow(1024 + i)), 41);
            assertEquals(id, u8(encapsulated(flow(1024 + i)), 41), "constant for a flow");
            ids.add(id);
        }
        assertTrue(ids.size() > 240, ids.size() + " of 256 FlowIDs for 1000 flows");
    }

    @Test
    @Tag("N4")
    void shouldSendFlowIdZeroWhenItMakesNone() {
        network(spec("t/n", VNI, NVGRE, 0, false, false, UdpChecksum.AUTO, null), PEER);
        for (int i = 0; i < 100; i++) {
            assertEquals(0, u8(encapsulated(flow(1024 + i)), 41));
        }
    }

    @Test
    @Tag("N4")
    void shouldForwardAlikeWhateverTheFlowId() {
        network(spec(NVGRE), PEER);
        for (int id = 0; id < 256; id++) {
            assertDelivered(INNER, packet(nvgre(VNI, id), INNER));
        }
    }

    @Test
    @Tag("N5")
    void shouldStripTagBeforeSending() {
        network(spec(NVGRE), PEER);
        final byte[] plain = frame(BROADCAST, A);
        weft.trunk("fw", Map.of(10, "t/n"));
        weft.send("fw", tag(0x8100, 10, plain));
        assertArrayEquals(plain, inner(weft.sentWire().getFirst()));
        assertArrayEquals(plain, inner(encapsulated(tag(0x8100, 0, plain))));
        weft.send("a", tag(0x8100, 7, plain));
        assertEquals(0, weft.sentWire().size());
        assertEquals(1, weft.drops(DropReason.TAGGED_ON_ACCESS_PORT));
    }

    @Test
    @Tag("N5")
    void shouldDropTaggedInnerFrame() {
        network(spec(NVGRE), PEER);
        assertDropped(DropReason.INNER_TAG, packet(nvgre(VNI, 0), tag(0x8100, 7, INNER)));
        assertDropped(DropReason.INNER_TAG, packet(nvgre(VNI, 0), tag(0x8100, 0, INNER)));
        assertDropped(DropReason.INNER_TAG, packet(nvgre(VNI, 0), tag(0x88a8, 7, INNER)));
    }

    @Test
    @Tag("N6")
    void shouldCarryAnyEthernetPayloadOverBothIpVersions() {
        network(spec(NVGRE), PEER);
        weft.network("t/six", 6001, NVGRE, PEER6).access("c", "t/six");
        final Random random = new Random(6);
        for (final int type : new int[] {0x0800, 0x86dd, 0x0806, 0x88b5, 0x8847, 0x002e, 0xffff}) {
            final byte[] payload = new byte[46 + random.nextInt(1000)];
            random.nextBytes(payload);
            final byte[] frame = ethernet(BROADCAST, A, type, payload);
            final byte[] packet = encapsulated(frame);
            assertEquals(47, u8(packet, 23));
            assertArrayEquals(frame, inner(packet));
            assertEquals(14 + 20 + 8 + frame.length, packet.length, "no FCS");
            weft.send("c", frame);
            final byte[] packet6 = weft.sentWire().getFirst();
            assertEquals(47, u8(packet6, 20));
            assertArrayEquals(frame, inner(packet6));
            weft.sendWire(grePacket(PEER6, OWN6, nvgre(6001, 0), frame));
            assertArrayEquals(frame, weft.sent("c").getFirst());
        }
    }

    @Test
    @Tag("N7")
    void shouldNeitherSendNorTakeFragments() {
        network(spec(NVGRE), PEER);
        final byte[] fits = encapsulated(ethernet(BROADCAST, A, TYPE, new byte[1600 - 42]));
        assertEquals(0x4000, u16(fits, 20));
        weft.send("a", ethernet(BROADCAST, A, TYPE, new byte[1600 - 42 + 1]));
        assertEquals(0, weft.sentWire().size());
        assertEquals(1, weft.drops(DropReason.TOO_BIG_FOR_TUNNEL));
        for (final int word : new int[] {0x2000, 0x2001, 0x0001}) {
            final byte[] packet = packet(nvgre(VNI, 0), INNER);
            putU16(packet, 20, word);
            assertDropped(DropReason.OUTER_FRAGMENT, fixIpv4(packet, 14));
        }
    }

    @Test
    @Tag("N8")
    void shouldSendToEveryPeerOrToGroup() {
        network(spec(NVGRE), PEER, OTHER);
        weft.send("a", frame(BROADCAST, A));
        assertEquals(2, weft.sentWire().size());
        weft.network(spec("t/g", 6001, NVGRE, 0, true, false, UdpChecksum.AUTO, "239.1.1.1"), PEER);
        weft.access("g", "t/g");
        weft.send("g", frame(BROADCAST, B));
        final List<byte[]> packets = weft.sentWire();
        assertEquals(1, packets.size());
        assertArrayEquals(address("239.1.1.1"), Arrays.copyOfRange(packets.getFirst(), 30, 34));
    }

    @Test
    @Tag("N8")
    void shouldNotDeliverAcrossVsidsThatShareGroup() {
        final String group = "239.1.1.1";
        weft.tenant("t").tenant("u");
        weft.network(spec("t/g", 6001, NVGRE, 0, true, false, UdpChecksum.AUTO, group), PEER)
                .access("g", "t/g");
        weft.network(spec("u/h", 6002, NVGRE, 0, true, false, UdpChecksum.AUTO, group), PEER)
                .access("h", "u/h");
        weft.sendWire(grePacket(PEER, group, nvgre(6001, 0), INNER));
        assertEquals(1, weft.sent("g").size());
        assertEquals(0, weft.sent("h").size());
        weft.sendWire(grePacket(PEER, group, nvgre(6002, 0), INNER));
        assertEquals(0, weft.sent("g").size());
        assertEquals(1, weft.sent("h").size());
        weft.sendWire(grePacket(PEER, group, nvgre(6003, 0), INNER));
        assertEquals(1, weft.drops(DropReason.UNKNOWN_VNI));
    }

    @Test
    @Tag("N9")
    void shouldTakePacketWhateverItsOuterVlan() {
        network(spec(NVGRE), PEER);
        assertDelivered(INNER, tag(0x8100, 33, packet(nvgre(VNI, 0), INNER)));
        assertDelivered(INNER, packet(nvgre(VNI, 0), INNER));
    }

    @Test
    @Tag("N9")
    void shouldPickProviderAddressOfEndpointsFamily() {
        network(spec(NVGRE), PEER, PEER6);
        weft.send("a", frame(BROADCAST, A));
        final List<byte[]> packets = weft.sentWire();
        assertEquals(2, packets.size());
        for (final byte[] packet : packets) {
            final boolean six = u16(packet, 12) == 0x86dd;
            final int source = six ? 22 : 26;
            assertArrayEquals(address(six ? OWN6 : OWN), Arrays.copyOfRange(packet, source, source + (six ? 16 : 4)));
        }
        assertDelivered(INNER, packet(nvgre(VNI, 0), INNER));
        assertDelivered(INNER, grePacket(PEER6, OWN6, nvgre(VNI, 0), INNER));
    }

    @Test
    @Tag("N10")
    void shouldSpreadFlowsOverWholeKeyAndTakeThemOnAnyQueue() {
        network(spec(NVGRE), PEER);
        final Set<Long> keys = new HashSet<>();
        for (int i = 0; i < 256; i++) {
            final byte[] packet = encapsulated(flow(2000 + i));
            keys.add((long) u24(packet, 38) << 8 | u8(packet, 41));
        }
        assertTrue(keys.size() > 128, "a hash over addresses and the whole key tells flows of one VSID apart");
        weft.close();
        // A NIC that steers by that hash spreads one VSID over the workers: every one of them decapsulates it.
        weft = new TestSwitch(new SwitchContext().workers(2), false, OWN, OWN6);
        network(spec(NVGRE), PEER);
        for (int i = 0; i < 64; i++) {
            final byte[] inner = concat(frame(BROADCAST, R), new byte[i]);
            final byte[] packet = ethernet(A, R, 0x0800, ip(PEER, OWN, 47, 0, concat(nvgre(VNI, i), inner)));
            assertTrue(weft.wire.queue(i & 1).inject(packet));
            weft.pump();
            assertEquals(1, weft.sent("a").size(), "queue " + (i & 1));
            assertArrayEquals(inner, weft.sent("b").getFirst());
        }
    }
}
