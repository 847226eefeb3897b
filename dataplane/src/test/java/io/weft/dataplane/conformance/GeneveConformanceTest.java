package io.weft.dataplane.conformance;

import static io.weft.dataplane.TestFrames.concat;
import static io.weft.dataplane.TestFrames.ethernet;
import static io.weft.dataplane.TestFrames.geneve;
import static io.weft.dataplane.TestFrames.hex;
import static io.weft.dataplane.TestFrames.ip;
import static io.weft.dataplane.TestFrames.l4Sum;
import static io.weft.dataplane.TestFrames.putU16;
import static io.weft.dataplane.TestFrames.u16;
import static io.weft.dataplane.TestFrames.u8;
import static io.weft.dataplane.TestFrames.udp;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.dataplane.DropReason;
import io.weft.dataplane.api.NetworkSpec.UdpChecksum;
import io.weft.encap.Encapsulation;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** RFC 8926, item by item. */
class GeneveConformanceTest extends Overlay {
    private static final Encapsulation GENEVE = Encapsulation.GENEVE;
    private static final byte[] INNER = frame(BROADCAST, R);
    private static final int CONTROL = 0x80;
    private static final int CRITICAL = 0x40;
    /** Class, type, length 4. */
    private static final byte[] OPTION = hex("0102 05 01 aabbccdd");

    private static final byte[] CRITICAL_OPTION = hex("0102 85 01 aabbccdd");

    private static byte[] packet(final byte[] header) {
        return udpPacket(PEER, OWN, 0, 6081, header, INNER);
    }

    @Test
    @Tag("G1")
    void shouldDropUnknownVersion() {
        network(spec(GENEVE), PEER);
        for (int version = 1; version < 4; version++) {
            final byte[] header = geneve(VNI, 0, NOTHING);
            header[0] |= (byte) (version << 6);
            assertDropped(DropReason.GENEVE_VERSION, packet(header));
        }
    }

    @Test
    @Tag("G2")
    void shouldNotForwardControlPackets() {
        network(spec(GENEVE), PEER);
        assertDropped(DropReason.GENEVE_CONTROL, packet(geneve(VNI, CONTROL, NOTHING)));
        assertDropped(DropReason.GENEVE_CONTROL, packet(geneve(VNI, CONTROL, OPTION)));
    }

    @Test
    @Tag("G3")
    void shouldParseOptionsWhenCriticalOnesAreAnnounced() {
        network(spec(GENEVE), PEER);
        assertDelivered(INNER, packet(geneve(VNI, CRITICAL, OPTION)));
        assertDropped(
                DropReason.GENEVE_CRITICAL_OPTION, packet(geneve(VNI, CRITICAL, concat(OPTION, CRITICAL_OPTION))));
    }

    @Test
    @Tag("G4")
    void shouldDropUnknownCriticalOption() {
        network(spec(GENEVE), PEER);
        assertDropped(DropReason.GENEVE_CRITICAL_OPTION, packet(geneve(VNI, CRITICAL, CRITICAL_OPTION)));
    }

    @Test
    @Tag("G5")
    void shouldStripOptionsThatAreNotCritical() {
        network(spec(GENEVE), PEER);
        for (int n = 0; n < 8; n++) {
            byte[] options = NOTHING;
            for (int i = 0; i < n; i++) {
                options = concat(options, OPTION);
            }
            assertDelivered(INNER, packet(geneve(VNI, 0, options)));
        }
    }

    @Test
    @Tag("G6")
    void shouldSendReservedBitsZeroAndIgnoreThem() {
        network(spec(GENEVE), PEER);
        assertArrayEquals(geneve(VNI, 0, NOTHING), Arrays.copyOfRange(encapsulated(frame(BROADCAST, A)), 42, 50));
        final byte[] option = OPTION.clone();
        option[3] |= (byte) 0xe0;
        final byte[] header = geneve(VNI, 0x3f, option);
        header[7] = (byte) 0xff;
        assertDelivered(INNER, packet(header));
    }

    @Test
    @Tag("G7")
    void shouldDropWhenOptionsDoNotFitTheirLength() {
        network(spec(GENEVE), PEER);
        final byte[] beyond = OPTION.clone();
        beyond[3] = 2;
        assertDropped(DropReason.GENEVE_MALFORMED, packet(geneve(VNI, CRITICAL, beyond)));
        beyond[3] = 31;
        assertDropped(DropReason.GENEVE_MALFORMED, packet(geneve(VNI, CRITICAL, concat(OPTION, beyond))));
        assertDelivered(INNER, packet(geneve(VNI, 0, hex("0102 05 00"))));
        assertDelivered(INNER, packet(geneve(VNI, CRITICAL, hex("0102 05 00"))));
    }

    @Test
    @Tag("G8")
    void shouldTakeHeadersUpToTheirLargestAndNoOption() {
        network(spec(GENEVE), PEER);
        final byte[] largest = new byte[252];
        for (int at = 0; at < 252; at += 84) {
            System.arraycopy(hex("0102 05 14"), 0, largest, at, 4);
        }
        assertDelivered(INNER, packet(geneve(VNI, 0, largest)));
        assertDelivered(INNER, packet(geneve(VNI, CRITICAL, largest)));
    }

    @Test
    @Tag("G8")
    void shouldDropWhenOptionsAreLongerThanPacket() {
        network(spec(GENEVE), PEER);
        final byte[] header = geneve(VNI, 0, NOTHING);
        header[0] = 63;
        weft.sendWire(packet(header));
        weft.sendWire(udpPacket(PEER, OWN, 0, 6081, Arrays.copyOf(header, 7)));
        assertEquals(2, weft.books().dropped());
        assertEquals(2, weft.drops(DropReason.TUNNEL_TRUNCATED) + weft.drops(DropReason.GENEVE_MALFORMED), drops());
        assertNothingSent();
    }

    @Test
    @Tag("G9")
    void shouldSetCriticalFlagExactlyWhenItSendsCriticalOption() {
        network(spec(GENEVE), PEER);
        final byte[] packet = encapsulated(frame(BROADCAST, A));
        assertEquals(0, u8(packet, 42), "version 0, no options");
        assertEquals(0, u8(packet, 43), "so nothing critical");
    }

    @Test
    @Tag("G10")
    void shouldSendEthernetAndDropOtherPayloads() {
        network(spec(GENEVE), PEER);
        assertEquals(0x6558, u16(encapsulated(frame(BROADCAST, A)), 44));
        for (final int type : new int[] {0x0800, 0x86dd, 0x8847, 0x894f, 0}) {
            final byte[] header = geneve(VNI, 0, NOTHING);
            putU16(header, 2, type);
            assertDropped(DropReason.GENEVE_NOT_ETHERNET, packet(header));
        }
    }

    @Test
    @Tag("G11")
    void shouldUsePort6081OrTheConfiguredOneInBothDirections() {
        network(spec(GENEVE), PEER);
        assertEquals(6081, u16(encapsulated(frame(BROADCAST, A)), 36));
        weft.network(spec("t/o", 5002, GENEVE, 6082, true, false, UdpChecksum.AUTO, null), PEER)
                .access("c", "t/o");
        weft.sendWire(udpPacket(PEER, OWN, 0, 6082, geneve(5002, 0, NOTHING), INNER));
        assertEquals(1, weft.sent("c").size());
        weft.send("c", frame(R, A));
        final byte[] answer = weft.sentWire().getFirst();
        assertEquals(6082, u16(answer, 36), "the port is not swapped with the source port of what came");
        assertTrue(u16(answer, 34) != 6082);
    }

    @Test
    @Tag("G12")
    void shouldTakeSourcePortAndFlowLabelFromInnerFlow() {
        network(spec(GENEVE), PEER6);
        final Set<Integer> ports = new HashSet<>();
        final Set<Integer> labels = new HashSet<>();
        for (int i = 0; i < 500; i++) {
            final byte[] first = encapsulated(flow(1024 + i));
            final byte[] second = encapsulated(flow(1024 + i));
            assertArrayEquals(first, second, "constant for a flow");
            ports.add(u16(first, 54));
            labels.add((u8(first, 15) & 0xf) << 16 | u16(first, 16));
        }
        assertTrue(ports.size() > 450, ports.size() + " ports");
        assertTrue(labels.size() > 450, labels.size() + " flow labels");
    }

    @Test
    @Tag("G13")
    void shouldSendChecksumOverBothVersionsAndValidateWhatComes() {
        network(spec(GENEVE), PEER, PEER6);
        weft.send("a", frame(BROADCAST, A));
        for (final byte[] packet : weft.sentWire()) {
            assertTrue(u16(packet, l4(packet) + 6) != 0);
            assertEquals(0xffff, l4Sum(packet, 14, l4(packet)));
        }
        for (final String[] ends : new String[][] {{PEER, OWN}, {PEER6, OWN6}}) {
            final byte[] packet = checksummed(udpPacket(ends[0], ends[1], 0, 6081, geneve(VNI, 0, NOTHING), INNER));
            assertDelivered(INNER, packet);
            packet[packet.length - 3] ^= 0x10;
            assertDropped(DropReason.OUTER_BAD_CHECKSUM, packet);
        }
    }

    @Test
    @Tag("G14")
    void shouldTakeZeroChecksumOverIpv6OnlyWhereConfigured() {
        network(spec(GENEVE), PEER6);
        final byte[] packet = udpPacket(PEER6, OWN6, 0, 6081, geneve(VNI, 0, NOTHING), INNER);
        assertDropped(DropReason.ZERO_CHECKSUM_V6, packet);
        weft.network(spec(GENEVE, UdpChecksum.OFF));
        assertDelivered(INNER, packet);
    }

    @Test
    @Tag("G15")
    void shouldNotFragmentAndCarryEcn() {
        network(spec(GENEVE), PEER);
        assertEquals(0x4000, u16(encapsulated(frame(BROADCAST, A)), 20));
        weft.send("a", ethernet(BROADCAST, A, TYPE, new byte[1600 - 50 + 1]));
        assertEquals(0, weft.sentWire().size());
        assertEquals(1, weft.drops(DropReason.TOO_BIG_FOR_TUNNEL));
        final byte[] ect =
                ethernet(BROADCAST, A, 0x0800, ip("192.168.0.1", "192.168.0.2", 17, 2, udp(1, 2, new byte[30])));
        assertEquals(2, u8(encapsulated(ect), 15) & 3);
    }
}
