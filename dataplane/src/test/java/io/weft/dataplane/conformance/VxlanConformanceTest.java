package io.weft.dataplane.conformance;

import static io.weft.dataplane.TestFrames.address;
import static io.weft.dataplane.TestFrames.concat;
import static io.weft.dataplane.TestFrames.ethernet;
import static io.weft.dataplane.TestFrames.fixIpv4;
import static io.weft.dataplane.TestFrames.hex;
import static io.weft.dataplane.TestFrames.ip;
import static io.weft.dataplane.TestFrames.l4Sum;
import static io.weft.dataplane.TestFrames.putU16;
import static io.weft.dataplane.TestFrames.tag;
import static io.weft.dataplane.TestFrames.u16;
import static io.weft.dataplane.TestFrames.udp;
import static io.weft.dataplane.TestFrames.vxlan;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.dataplane.DropReason;
import io.weft.dataplane.TestSwitch;
import io.weft.dataplane.api.NetworkSpec;
import io.weft.dataplane.api.NetworkSpec.UdpChecksum;
import io.weft.encap.Encapsulation;
import io.weft.encap.Vxlan;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** RFC 7348, item by item. */
class VxlanConformanceTest extends Overlay {
    private static final Encapsulation VXLAN = Encapsulation.VXLAN;
    private static final byte[] INNER = frame(BROADCAST, R);

    private static byte[] packet(final byte[] header, final byte[] inner) {
        return udpPacket(PEER, OWN, 0, 4789, header, inner);
    }

    @Test
    @Tag("V1")
    void shouldSetNothingButFlagAndVniWhenSending() {
        network(spec(VXLAN), PEER);
        final byte[] packet = encapsulated(frame(BROADCAST, A));
        assertArrayEquals(vxlan(VNI), Arrays.copyOfRange(packet, 42, 50));
    }

    @Test
    @Tag("V2")
    void shouldIgnoreReservedBitsWhenReceiving() {
        network(spec(VXLAN), PEER);
        final byte[] header = vxlan(VNI);
        header[0] = (byte) 0xff;
        header[1] = (byte) 0xa5;
        header[2] = 0x5a;
        header[3] = 1;
        header[7] = (byte) 0x99;
        assertDelivered(INNER, packet(header, INNER));
    }

    @Test
    @Tag("V2")
    void shouldDropWhenVniIsNotValid() {
        network(spec(VXLAN), PEER);
        final byte[] header = vxlan(VNI);
        header[0] = (byte) 0xf7;
        assertDropped(DropReason.VXLAN_NO_VNI, packet(header, INNER));
    }

    @Test
    @Tag("V3")
    void shouldUsePort4789OrTheConfiguredOne() {
        assertEquals(4789, Vxlan.PORT);
        assertEquals(4789, Encapsulation.VXLAN.defaultPort());
        network(spec(VXLAN), PEER);
        assertEquals(4789, u16(encapsulated(frame(BROADCAST, A)), 36));
        final NetworkSpec legacy = spec("t/old", 5002, VXLAN, 8472, true, false, UdpChecksum.AUTO, null);
        weft.network(legacy, PEER).access("c", "t/old");
        weft.send("c", frame(BROADCAST, B));
        assertEquals(8472, u16(weft.sentWire().getFirst(), 36));
        weft.sendWire(udpPacket(PEER, OWN, 0, 8472, vxlan(5002), INNER));
        assertEquals(1, weft.sent("c").size());
        assertDropped(DropReason.UNKNOWN_VNI, udpPacket(PEER, OWN, 0, 4789, vxlan(5002), INNER));
        assertDropped(DropReason.UNKNOWN_VNI, udpPacket(PEER, OWN, 0, 8472, vxlan(VNI), INNER));
    }

    @Test
    @Tag("V4")
    void shouldTakeSourcePortFromInnerFlow() {
        network(spec(VXLAN), PEER);
        final Set<Integer> ports = new HashSet<>();
        for (int i = 0; i < 1000; i++) {
            final int port = u16(encapsulated(flow(1024 + i)), 34);
            assertTrue(port >= 49_152, "source port " + port);
            assertEquals(port, u16(encapsulated(flow(1024 + i)), 34), "the same flow has the same port");
            ports.add(port);
        }
        assertTrue(ports.size() > 900, ports.size() + " ports for 1000 flows");
    }

    @Test
    @Tag("V5")
    void shouldSendNoChecksumOverIpv4AndAcceptNone() {
        network(spec(VXLAN), PEER);
        assertEquals(0, u16(encapsulated(frame(BROADCAST, A)), 40));
        assertDelivered(INNER, packet(vxlan(VNI), INNER));
    }

    @Test
    @Tag("V6")
    void shouldSendRightChecksumWhenItSendsOne() {
        network(spec(VXLAN, UdpChecksum.ON), PEER);
        final Random random = new Random(6);
        for (int i = 0; i < 200; i++) {
            final byte[] payload = new byte[random.nextInt(1400)];
            random.nextBytes(payload);
            final byte[] packet = encapsulated(ethernet(BROADCAST, A, TYPE, payload));
            assertTrue(u16(packet, 40) != 0);
            assertEquals(0xffff, l4Sum(packet, 14, 34));
        }
    }

    @Test
    @Tag("V7")
    void shouldAcceptRightChecksumAndDropWrongOne() {
        network(spec(VXLAN), PEER);
        final byte[] packet = checksummed(packet(vxlan(VNI), INNER));
        assertDelivered(INNER, packet);
        packet[packet.length - 1] ^= 1;
        assertDropped(DropReason.OUTER_BAD_CHECKSUM, packet);
    }

    @Test
    @Tag("V8")
    void shouldNeverFragmentWhenFrameIsTooBig() {
        network(spec(VXLAN), PEER);
        final byte[] fits = encapsulated(ethernet(BROADCAST, A, TYPE, new byte[1600 - 50]));
        assertEquals(1614, fits.length);
        assertEquals(0x4000, u16(fits, 20), "don't fragment, no fragment");
        weft.sent("b");
        weft.send("a", ethernet(BROADCAST, A, TYPE, new byte[1600 - 50 + 1]));
        assertEquals(0, weft.sentWire().size());
        assertEquals(1, weft.drops(DropReason.TOO_BIG_FOR_TUNNEL));
    }

    @Test
    @Tag("V9")
    void shouldDropOuterFragmentsAndCountThem() {
        network(spec(VXLAN), PEER);
        for (final int word : new int[] {0x2000, 0x2001, 0x0001, 0x1fff}) {
            final byte[] packet = packet(vxlan(VNI), INNER);
            putU16(packet, 20, word);
            assertDropped(DropReason.OUTER_FRAGMENT, fixIpv4(packet, 14));
        }
        for (final int word : new int[] {0x0001, 0x0008, 0x0009}) {
            final byte[] fragment = concat(
                    new byte[] {17, 0, (byte) (word >>> 8), (byte) word, 0, 0, 0, 1},
                    udp(50_000, 4789, vxlan(VNI), INNER));
            assertDropped(DropReason.OUTER_FRAGMENT, ethernet(A, R, 0x86dd, ip(PEER6, OWN6, 44, 0, fragment)));
        }
    }

    @Test
    @Tag("V10")
    void shouldDropInnerTagUnlessConfigured() {
        network(spec(VXLAN), PEER);
        final byte[] tagged = tag(0x8100, 7, INNER);
        assertDropped(DropReason.INNER_TAG, packet(vxlan(VNI), tagged));
        assertDropped(DropReason.INNER_TAG, packet(vxlan(VNI), tag(0x88a8, 7, INNER)));
        weft.network(keepingTags(VXLAN));
        assertDelivered(tagged, packet(vxlan(VNI), tagged));
    }

    @Test
    @Tag("V11")
    void shouldNotSendInnerTagUnlessConfigured() {
        network(spec(VXLAN), PEER);
        final byte[] plain = frame(BROADCAST, A);
        assertArrayEquals(plain, inner(encapsulated(tag(0x8100, 5 << 13, plain))), "a priority tag is stripped");
        weft.send("a", tag(0x8100, 7, plain));
        assertEquals(0, weft.sentWire().size());
        assertEquals(1, weft.drops(DropReason.TAGGED_ON_ACCESS_PORT));
        weft.trunk("fw", Map.of(10, "t/n"));
        weft.send("fw", tag(0x8100, 10, plain));
        assertArrayEquals(plain, inner(weft.sentWire().getFirst()), "a trunk's tag is stripped");
        weft.network(keepingTags(VXLAN));
        assertArrayEquals(tag(0x8100, 7, plain), inner(encapsulated(tag(0x8100, 7, plain))));
    }

    @Test
    @Tag("V12")
    void shouldDropUnknownVniWithoutLearningAnything() {
        network(spec(VXLAN), PEER);
        final int tunnels = weft.status().tunnels().size();
        for (final int vni : new int[] {0, VNI - 1, VNI + 1, VNI + 256, 0xffffff}) {
            assertDropped(DropReason.UNKNOWN_VNI, packet(vxlan(vni), INNER));
        }
        assertEquals(tunnels, weft.status().tunnels().size());
        assertNull(weft.locationOf("t/n", "02:00:00:00:00:f1"));
    }

    @Test
    @Tag("V12")
    void shouldKeepNetworksApartWhenAddressesOverlap() {
        network(spec(VXLAN), PEER);
        weft.tenant("u").network("u/n", 5002, VXLAN, PEER).access("c", "u/n").access("d", "u/n");
        weft.send("a", frame(B, A));
        weft.send("c", frame(B, A));
        weft.send("b", frame(A, B));
        weft.send("d", frame(A, B));
        for (final String port : List.of("a", "b", "c", "d")) {
            weft.sent(port);
        }
        weft.sentWire();
        weft.send("a", frame(B, A));
        assertEquals(1, weft.sent("b").size());
        assertEquals(
                0,
                weft.sent("c").size() + weft.sent("d").size() + weft.sentWire().size());
        weft.sendWire(packet(vxlan(5002), frame(A, R)));
        assertEquals(1, weft.sent("c").size());
        assertEquals(
                0,
                weft.sent("a").size() + weft.sent("b").size() + weft.sent("d").size());
    }

    @Test
    @Tag("V13")
    void shouldLearnEndpointFromDecapsulatedFramesAndFollowMoves() {
        network(spec(VXLAN), PEER, OTHER);
        weft.sendWire(packet(vxlan(VNI), INNER));
        assertEquals(PEER, weft.locationOf("t/n", "02:00:00:00:00:f1"));
        assertArrayEquals(address(PEER), Arrays.copyOfRange(encapsulated(frame(R, A)), 30, 34));
        weft.sendWire(udpPacket(OTHER, OWN, 0, 4789, vxlan(VNI), INNER));
        assertEquals(OTHER, weft.locationOf("t/n", "02:00:00:00:00:f1"));
        assertArrayEquals(address(OTHER), Arrays.copyOfRange(encapsulated(frame(R, A)), 30, 34));
        weft.send("b", frame(BROADCAST, R));
        weft.sentWire();
        weft.send("a", frame(R, A));
        assertEquals(0, weft.sentWire().size(), "the machine is here now");
    }

    @Test
    @Tag("V14")
    void shouldSendBumFramesToEveryPeer() {
        network(spec(VXLAN), PEER, OTHER);
        for (final long destination : new long[] {BROADCAST, 0x01005e000001L, 0x333300000001L, 0x02eeeeeeeeeeL}) {
            weft.send("a", frame(destination, A));
            final Set<String> ends = new HashSet<>();
            for (final byte[] packet : weft.sentWire()) {
                ends.add(Arrays.toString(Arrays.copyOfRange(packet, 30, 34)));
            }
            assertEquals(2, ends.size(), Long.toHexString(destination));
        }
    }

    @Test
    @Tag("V14")
    void shouldUseGroupForBumFramesAndBeInItWhileItHasPorts() {
        final String group = "239.1.1.1";
        final byte[] packet = udpPacket(PEER, group, 0, 4789, vxlan(VNI), INNER);
        weft.tenant("t").network(spec("t/n", VNI, VXLAN, 4789, true, false, UdpChecksum.AUTO, group), PEER);
        weft.access("x", "t/n");
        weft.sendWire(packet);
        assertEquals(1, weft.sent("x").size(), "joined with the first port");
        weft.send("x", frame(BROADCAST, A));
        final List<byte[]> packets = weft.sentWire();
        assertEquals(1, packets.size(), "one packet to the group, none to the peers");
        assertArrayEquals(address(group), Arrays.copyOfRange(packets.getFirst(), 30, 34));
        assertArrayEquals(hex("01005e010101"), Arrays.copyOf(packets.getFirst(), 6));
        TestSwitch.get(weft.control.removePort("x"));
        weft.sendWire(packet);
        assertEquals(1, weft.drops(DropReason.NOT_FOR_US), "left with the last port");
    }

    @Test
    @Tag("V15")
    void shouldCarryInnerFrameBitForBitWithoutFcs() {
        network(spec(VXLAN), PEER);
        final Random random = new Random(15);
        for (int length = 0; length < 1500; length += 1 + random.nextInt(40)) {
            final byte[] payload = new byte[length];
            random.nextBytes(payload);
            final byte[] out = ethernet(BROADCAST, A, TYPE, payload);
            final byte[] packet = encapsulated(out);
            assertArrayEquals(out, inner(packet));
            assertEquals(14 + 20 + 8 + 8 + out.length, packet.length);
            final byte[] in = ethernet(BROADCAST, R, TYPE, payload);
            assertDelivered(in, packet(vxlan(VNI), in));
        }
    }
}
