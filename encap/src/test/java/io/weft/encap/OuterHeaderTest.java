package io.weft.encap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class OuterHeaderTest {
    private static final IpAddress A4 = IpAddress.parse("10.1.0.1");
    private static final IpAddress B4 = IpAddress.parse("10.2.0.1");
    private static final IpAddress A6 = IpAddress.parse("fd00:1::1");
    private static final IpAddress B6 = IpAddress.parse("fd00:2::1");
    private static final long MAC_A = 0x02000000aa01L;
    private static final long MAC_B = 0xfe000000bb02L;
    private static final String MACS = "fe000000bb02" + "02000000aa01";
    private static final String A6_B6 = "fd000001000000000000000000000001" + "fd000002000000000000000000000001";
    private static final int HASH = 0xab123456; // port 0xeac4, FlowID 0xab, flow label 0x23456

    private static OuterHeader header(
            final Encapsulation encapsulation,
            final boolean ipv4,
            final int vlan,
            final boolean checksum,
            final boolean flowId) {
        return new OuterHeader(new OuterHeader.Spec(
                encapsulation,
                0xfedcba,
                encapsulation.defaultPort(),
                ipv4 ? A4 : A6,
                ipv4 ? B4 : B6,
                MAC_A,
                MAC_B,
                vlan,
                checksum,
                flowId));
    }

    /** Writes between poison and returns the bytes, having seen that no others changed. */
    private static String written(final OuterHeader header, final int innerLength, final int hash, final int ecn) {
        final int length = header.length();
        final long to = Bytes.copy("77".repeat(length + 16)) + 8;
        Mem.fill(to - 64, 64, 0x77);
        header.write(to, innerLength, hash, ecn);
        assertEquals("77".repeat(64), Bytes.text(to - 64, 64));
        assertEquals("77".repeat(8), Bytes.text(to + length, 8));
        return Bytes.text(to, length);
    }

    @Test
    @Tag("V1")
    @Tag("V3")
    @Tag("V4")
    @Tag("V5")
    void shouldWriteVxlanOverIpv4() {
        assertEquals(
                MACS + "0800" + "45000082" + "00004000" + "40112667" + "0a010001" + "0a020001" + "eac412b5006e0000"
                        + "08000000fedcba00",
                written(header(Encapsulation.VXLAN, true, -1, false, true), 94, HASH, 0));
    }

    @Test
    void shouldWriteVxlanOverIpv6() {
        assertEquals(
                MACS + "86dd" + "60323456" + "006e1140" + A6_B6 + "eac412b5006e0000" + "08000000fedcba00",
                written(header(Encapsulation.VXLAN, false, -1, false, true), 94, HASH, 3));
    }

    @Test
    @Tag("N1")
    @Tag("N2")
    @Tag("N4")
    @Tag("N6")
    void shouldWriteNvgreOverBoth() {
        assertEquals(
                MACS + "0800" + "4502007a" + "00004000" + "402f264f" + "0a010001" + "0a020001" + "20006558fedcbaab",
                written(header(Encapsulation.NVGRE, true, -1, true, true), 94, HASH, 2));
        assertEquals(
                MACS + "0800" + "4500007a" + "00004000" + "402f2651" + "0a010001" + "0a020001" + "20006558fedcba00",
                written(header(Encapsulation.NVGRE, true, -1, true, false), 94, HASH, 0));
        assertEquals(
                MACS + "86dd" + "60023456" + "00662f40" + A6_B6 + "20006558fedcbaab",
                written(header(Encapsulation.NVGRE, false, -1, true, true), 94, HASH, 0));
    }

    @Test
    @Tag("N9")
    void shouldWriteATagOfTheUnderlay() {
        assertEquals(
                MACS + "81000ffe" + "0800" + "4500007a" + "00004000" + "402f2651" + "0a010001" + "0a020001"
                        + "20006558fedcba00",
                written(header(Encapsulation.NVGRE, true, 4094, false, false), 94, HASH, 0));
        assertEquals(
                MACS + "81000000" + "86dd" + "60023456" + "006e1140" + A6_B6 + "eac417c1006e0000" + "00006558fedcba00",
                written(header(Encapsulation.GENEVE, false, 0, false, false), 94, HASH, 0));
    }

    @Test
    @Tag("G6")
    @Tag("G9")
    @Tag("G10")
    @Tag("G11")
    @Tag("G12")
    void shouldWriteGeneveOverIpv4() {
        assertEquals(
                MACS + "0800" + "45030082" + "00004000" + "40112664" + "0a010001" + "0a020001" + "eac417c1006e0000"
                        + "00006558fedcba00",
                written(header(Encapsulation.GENEVE, true, -1, false, true), 94, HASH, 3));
    }

    @Test
    @Tag("V3")
    @Tag("G11")
    void shouldSendToTheConfiguredPort() {
        final var spec = new OuterHeader.Spec(Encapsulation.VXLAN, 1, 8472, A4, B4, MAC_A, MAC_B, -1, false, false);
        final OuterHeader header = new OuterHeader(spec);
        assertSame(spec, header.spec());
        assertEquals("2118", written(header, 60, 0, 0).substring(72, 76));
    }

    @Test
    void shouldKnowItsLengths() {
        final int[][] lengths = {{50, 70}, {42, 62}, {50, 70}};
        for (final Encapsulation encapsulation : Encapsulation.values()) {
            for (int v = 0; v < 2; v++) {
                final int length = lengths[encapsulation.ordinal()][v];
                final OuterHeader plain = header(encapsulation, v == 0, -1, false, false);
                final OuterHeader tagged = header(encapsulation, v == 0, 5, false, false);
                assertEquals(length, plain.length());
                assertEquals(length + 4, tagged.length());
                assertEquals(length - 14 + 1000, plain.ipLength(1000));
                assertEquals(length - 14 + 1000, tagged.ipLength(1000));
                assertTrue(tagged.length() <= OuterHeader.MAX_LENGTH);
            }
        }
    }

    @Test
    @Tag("E1")
    @Tag("V8")
    @Tag("N7")
    @Tag("G15")
    void shouldHaveARightIpv4HeaderWithDontFragmentForEveryLengthAndCodepoint() {
        final long to = Bytes.copy(new byte[100]);
        for (final Encapsulation encapsulation : Encapsulation.values()) {
            final OuterHeader header = header(encapsulation, true, -1, false, true);
            for (int innerLength = 0; innerLength < 65_400; innerLength += 7) {
                for (int ecn = 0; ecn < 4; ecn++) {
                    header.write(to, innerLength, innerLength * 0x9e3779b9, ecn);
                    final long ip = to + 14;
                    assertTrue(Checksum.isIpv4HeaderRight(ip, 20), "length " + innerLength);
                    assertEquals(header.ipLength(innerLength), Ipv4.totalLength(ip));
                    assertEquals(ecn, Ipv4.ecn(ip));
                    assertEquals(Ipv4.DONT_FRAGMENT, Ipv4.fragment(ip));
                }
            }
        }
    }

    @Test
    @Tag("V6")
    @Tag("G13")
    @Tag("U1")
    void shouldWriteTheWholeUdpChecksum() {
        final long seed = 768;
        final Random random = new Random(seed);
        final long to = Mem.allocate(2048, 64);
        final OuterPacket packet = new OuterPacket();
        for (int i = 0; i < 4000; i++) {
            final Encapsulation encapsulation = i % 2 == 0 ? Encapsulation.VXLAN : Encapsulation.GENEVE;
            final OuterHeader header = header(encapsulation, i % 4 < 2, i % 8 < 4 ? -1 : 9, true, true);
            assertTrue(header.needsChecksum());
            final byte[] inner = new byte[random.nextInt(1500)];
            random.nextBytes(inner);
            final long frame = to + header.length();
            Mem.copy(inner, 0, frame, inner.length);
            header.write(to, inner.length, random.nextInt(), random.nextInt(4));
            header.writeChecksum(to, Checksum.sum(frame, inner.length));
            final String where = "seed " + seed + ", round " + i;
            assertEquals(
                    OuterResult.ACCEPTED, OuterParser.parse(to, header.length() + inner.length, false, packet), where);
            assertFalse(packet.zeroChecksum, where);
            assertEquals(inner.length + 8, packet.payloadLength, where);
            assertEquals(header.length() - 8, packet.payload, where);
        }
    }

    @Test
    @Tag("U5")
    void shouldSendAComputedZeroAsAllOnes() {
        final OuterHeader header = header(Encapsulation.VXLAN, true, -1, true, true);
        final long to = Bytes.copy(new byte[60]);
        header.write(to, 2, HASH, 0);
        header.writeChecksum(to, 0);
        // Inner bytes that make the sum all ones: the complement of it is 0.
        final int innerSum = Udp.checksum(to + 34);
        header.write(to, 2, HASH, 0);
        header.writeChecksum(to, innerSum);
        assertEquals(0xffff, Udp.checksum(to + 34));
        Mem.putShort(to + 50, innerSum);
        assertEquals(OuterResult.ACCEPTED, OuterParser.parse(to, 52, false, new OuterPacket()));
    }

    @Test
    void shouldNeedNoChecksumWithoutUdpOrWhenOff() {
        assertFalse(header(Encapsulation.NVGRE, true, -1, true, true).needsChecksum());
        assertFalse(header(Encapsulation.VXLAN, true, -1, false, true).needsChecksum());
        assertTrue(header(Encapsulation.GENEVE, false, -1, true, true).needsChecksum());
    }

    @Test
    void shouldRefuseWhatMakesNoHeader() {
        assertRefused(Encapsulation.VXLAN, 1, 4789, A4, B6, -1, "tunnel from 10.1.0.1 to fd00:2::1: two IP versions");
        assertRefused(Encapsulation.VXLAN, 1, 0, A4, B4, -1, "0 is not a UDP port for vxlan");
        assertRefused(Encapsulation.GENEVE, 1, 65536, A4, B4, -1, "65536 is not a UDP port for geneve");
        assertRefused(Encapsulation.NVGRE, 1, 1, A4, B4, -1, "1 is not a UDP port for nvgre");
        assertRefused(
                Encapsulation.VXLAN,
                1,
                1,
                A4,
                B4,
                4095,
                "4095 is not a VLAN identifier; use 0 to 4094, or -1 for none");
        assertRefused(
                Encapsulation.VXLAN, 1, 1, A4, B4, -2, "-2 is not a VLAN identifier; use 0 to 4094, or -1 for none");
        assertRefused(
                Encapsulation.VXLAN, 1 << 24, 65535, A4, B4, -1, "a VNI has 24 bits: 0 to 16777215, not 16777216");
    }

    private static void assertRefused(
            final Encapsulation encapsulation,
            final int vni,
            final int port,
            final IpAddress from,
            final IpAddress to,
            final int vlan,
            final String message) {
        final var e = assertThrows(
                IllegalArgumentException.class,
                () -> new OuterHeader(
                        new OuterHeader.Spec(encapsulation, vni, port, from, to, MAC_A, MAC_B, vlan, false, false)));
        assertEquals(message, e.getMessage());
    }
}
