package io.weft.encap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class OuterParserTest {
    private static final GuardedMemory MEMORY = new GuardedMemory();
    private static final String MACS = "020000000002 020000000001";
    private static final String IPV6 = "fd000000000000000000000000000001 fd000000000000000000000000000002";
    private static final String VXLAN = "08000000 00138900";

    private final OuterPacket out = new OuterPacket();
    private long address;

    /** Parses a frame of exactly these bytes, of which none after them can be read. */
    private OuterResult parse(final boolean checksumKnown, final String... text) {
        final byte[] frame = Bytes.hex(text);
        address = MEMORY.place(frame, frame.length);
        return OuterParser.parse(address, frame.length, checksumKnown, out);
    }

    /** Returns an IPv4 header with the checksum right. */
    private static String ipv4(final String start, final String options) {
        final long ip = Bytes.copy(start, "8a010001 9a020001", options);
        final int length = Ipv4.headerLength(ip);
        Ipv4.checksum(ip, Checksum.ipv4Header(ip, length));
        return Bytes.text(ip, length);
    }

    private static String udpIpv4() {
        return MACS + "0800" + ipv4("4501 0024 0000 4000 4011 0000", "") + "c000 12b5 0010 0000" + VXLAN;
    }

    @Test
    @Tag("V5")
    void shouldAcceptUdpWithoutAChecksumOverIpv4() {
        assertEquals(OuterResult.ACCEPTED, parse(false, udpIpv4()));
        assertEquals(0, out.sourceHigh);
        assertEquals(0x8a010001L, out.sourceLow);
        assertEquals(0, out.destinationHigh);
        assertEquals(0x9a020001L, out.destinationLow);
        assertEquals(17, out.protocol);
        assertEquals(0x12b5, out.port);
        assertEquals(1, out.ecn);
        assertTrue(out.zeroChecksum);
        assertEquals(42, out.payload);
        assertEquals(8, out.payloadLength);
        assertEquals(0x020000000001L, out.frame.source);
        assertEquals(0xc000, out.frame.sourcePort);
    }

    @Test
    void shouldLeavePaddingOut() {
        assertEquals(OuterResult.ACCEPTED, parse(false, udpIpv4(), "00".repeat(10)));
        assertEquals(8, out.payloadLength);
        // A UDP length that ends before the IP packet trims too.
        assertEquals(
                OuterResult.ACCEPTED,
                parse(
                        false,
                        MACS,
                        "0800",
                        ipv4("4501 0026 0000 4000 4011 0000", ""),
                        "c000 12b5 0010 0000",
                        VXLAN,
                        "7777 0000"));
        assertEquals(8, out.payloadLength);
    }

    @Test
    @Tag("U2")
    void shouldFlagAndNotRefuseAZeroChecksumOverIpv6() {
        assertEquals(
                OuterResult.ACCEPTED,
                parse(false, MACS, "8100 0005 86dd 60300000 0010 1140", IPV6, "c000 12b5 0010 0000", VXLAN));
        assertTrue(out.zeroChecksum);
        assertEquals(0xfd00000000000000L, out.sourceHigh);
        assertEquals(1, out.sourceLow);
        assertEquals(0xfd00000000000000L, out.destinationHigh);
        assertEquals(2, out.destinationLow);
        assertEquals(3, out.ecn);
        assertEquals(66, out.payload);
        assertEquals(8, out.payloadLength);
        assertEquals(5, Vlan.vid(out.frame.outerTci));
        assertEquals(6, out.frame.ipVersion);
    }

    @Test
    @Tag("V6")
    @Tag("V7")
    @Tag("G13")
    @Tag("U4")
    void shouldVerifyAChecksumThatIsPresent() {
        for (final boolean v4 : new boolean[] {true, false}) {
            final String ip =
                    v4 ? "0800" + ipv4("4500 0025 0000 4000 4011 0000", "") : "86dd 60000000 0011 1140" + IPV6;
            // Computed by hand: pseudo header, UDP header, payload padded by a zero.
            final int addresses = v4 ? 0x8a01 + 0x0001 + 0x9a02 + 0x0001 : 2 * 0xfd00 + 1 + 2;
            final int words = addresses + 17 + 17 + 0xc000 + 0x12b5 + 0x0011 + 0x0800 + 0x0013 + 0x8900 + 0x9900;
            final int checksum = ~((words & 0xffff) + (words >>> 16)) & 0xffff;
            final String right = MACS + ip + "c000 12b5 0011" + String.format("%04x", checksum) + VXLAN + "99";
            final String wrong = MACS + ip + "c000 12b5 0011" + String.format("%04x", checksum ^ 1) + VXLAN + "99";
            assertEquals(OuterResult.ACCEPTED, parse(false, right));
            assertFalse(out.zeroChecksum);
            assertEquals(9, out.payloadLength);
            assertTrue(OuterParser.isUdpChecksumRight(address, out.frame, 17));
            assertEquals(OuterResult.ACCEPTED, parse(false, right, "77"));
            assertEquals(OuterResult.BAD_UDP_CHECKSUM, parse(false, wrong));
            assertFalse(OuterParser.isUdpChecksumRight(address, out.frame, 17));
            assertEquals(OuterResult.ACCEPTED, parse(true, wrong));
            assertFalse(out.zeroChecksum);
        }
    }

    @Test
    @Tag("N6")
    void shouldAcceptGre() {
        assertEquals(
                OuterResult.ACCEPTED,
                parse(
                        false,
                        MACS,
                        "0800",
                        ipv4("4502 001c 0000 4000 402f 0000", ""),
                        "20006558 00138907",
                        "00".repeat(18)));
        assertEquals(47, out.protocol);
        assertEquals(0, out.port);
        assertEquals(34, out.payload);
        assertEquals(8, out.payloadLength);
        assertEquals(2, out.ecn);
        assertFalse(out.zeroChecksum);
        assertTrue(Nvgre.isNvgre(Gre.firstWord(address + out.payload)));
        assertEquals(OuterResult.ACCEPTED, parse(false, MACS, "86dd 60000000 0009 2f40", IPV6, "20006558 00138907 99"));
        assertEquals(54, out.payload);
        assertEquals(9, out.payloadLength);
        assertEquals(OuterResult.TRUNCATED, parse(false, MACS, "86dd 60000000 0003 2f40", IPV6, "200065"));
        assertEquals(OuterResult.ACCEPTED, parse(false, MACS, "86dd 60000000 0004 2f40", IPV6, "20006558"));
        assertEquals(4, out.payloadLength);
    }

    @Test
    void shouldForgetThePacketBefore() {
        assertEquals(OuterResult.ACCEPTED, parse(false, udpIpv4()));
        assertEquals(OuterResult.ACCEPTED, parse(false, MACS, "86dd 60000000 0004 2f40", IPV6, "20006558"));
        assertEquals(0, out.port);
        assertFalse(out.zeroChecksum);
        assertEquals(OuterResult.ACCEPTED, parse(false, udpIpv4()));
        assertEquals(0, out.sourceHigh);
        assertEquals(0, out.destinationHigh);
    }

    @Test
    void shouldPassOverOptionsAndExtensionHeaders() {
        assertEquals(
                OuterResult.ACCEPTED,
                parse(
                        false,
                        MACS,
                        "0800",
                        ipv4("4600 0028 0000 4000 4011 0000", "01010100"),
                        "c000 12b5 0010 0000",
                        VXLAN));
        assertEquals(46, out.payload);
        assertEquals(
                OuterResult.ACCEPTED,
                parse(
                        false,
                        MACS,
                        "86dd 60000000 0020 0040",
                        IPV6,
                        "3c00010400000000 1100010400000000",
                        "c000 12b5 0010 0000",
                        VXLAN));
        assertEquals(78, out.payload);
    }

    @Test
    void shouldRefuseExtensionHeadersThatAskForMore() {
        final String udp = "c000 12b5 0010 0000" + VXLAN;
        assertEquals(
                OuterResult.EXTENSION_HEADERS,
                parse(false, MACS, "86dd 60000000 0018 2b40", IPV6, "1100000100000000", udp));
        assertEquals(
                OuterResult.EXTENSION_HEADERS,
                parse(false, MACS, "86dd 60000000 0020 3340", IPV6, "11020000000000000000000000000000", udp));
        assertEquals(
                OuterResult.EXTENSION_HEADERS,
                parse(false, MACS, "86dd 60000000 0058 3c40", IPV6, "3c00010400000000".repeat(9), udp));
        assertEquals(
                OuterResult.EXTENSION_HEADERS, parse(false, MACS, "86dd 60000000 0007 3c40", IPV6, "11000104000000"));
    }

    @Test
    @Tag("V9")
    @Tag("N7")
    void shouldRefuseFragmentsFirstAndLater() {
        final String udp = "c000 12b5 0010 0000" + VXLAN;
        for (final String field : new String[] {"2000", "2001", "0001"}) {
            assertEquals(
                    OuterResult.FRAGMENT,
                    parse(false, MACS, "0800", ipv4("4500 0024 0000" + field + "4011 0000", ""), udp));
        }
        for (final String field : new String[] {"0001", "0008", "0009"}) {
            assertEquals(
                    OuterResult.FRAGMENT,
                    parse(false, MACS, "86dd 60000000 0018 2c40", IPV6, "1100", field, "00000001", udp));
        }
        assertEquals(
                OuterResult.ACCEPTED, parse(false, MACS, "86dd 60000000 0018 2c40", IPV6, "1100 0000 00000001", udp));
    }

    @Test
    void shouldRefuseABadHeaderChecksumBeforeAnythingItCovers() {
        final byte[] frame = Bytes.hex(udpIpv4());
        for (int i = 14; i < 34; i++) {
            for (int bit = 0; bit < 8; bit++) {
                frame[i] ^= (byte) (1 << bit);
                final OuterResult result =
                        OuterParser.parse(MEMORY.place(frame, frame.length), frame.length, false, out);
                // The first byte has version and header length, the next pair the total length: malformed at once.
                assertTrue(
                        result == OuterResult.BAD_HEADER_CHECKSUM || (i < 18 && result == OuterResult.MALFORMED_IP),
                        "byte " + i + " bit " + bit + ": " + result);
                frame[i] ^= (byte) (1 << bit);
            }
        }
        assertEquals(OuterResult.ACCEPTED, OuterParser.parse(MEMORY.place(frame, 50), 50, false, out));
        // Options are covered too.
        final String options = ipv4("4600 0028 0000 4000 4011 0000", "01010100");
        assertEquals(
                OuterResult.BAD_HEADER_CHECKSUM,
                parse(
                        false,
                        MACS,
                        "0800",
                        options.substring(0, options.length() - 1) + "1",
                        "c000 12b5 0010 0000",
                        VXLAN));
    }

    @Test
    void shouldRefuseWhatIsNotWhole() {
        final String whole = Bytes.text(Bytes.copy(udpIpv4()), 50);
        for (int length = 0; length <= 50; length++) {
            final OuterResult expected = length < 14
                    ? OuterResult.RUNT
                    : length < 34
                            ? OuterResult.MALFORMED_IP
                            : length < 50 ? OuterResult.TRUNCATED : OuterResult.ACCEPTED;
            assertEquals(expected, parse(false, whole.substring(0, 2 * length)), "length " + length);
        }
        assertEquals(OuterResult.TRUNCATED, parse(false, MACS, "86dd 60000000 0009 2f40", IPV6, "20006558 00138907"));
        // IP whole, UDP longer than it.
        assertEquals(
                OuterResult.TRUNCATED,
                parse(false, MACS, "0800", ipv4("4501 0024 0000 4000 4011 0000", ""), "c000 12b5 0011 0000", VXLAN));
        // IP whole, no room for a UDP header.
        assertEquals(
                OuterResult.TRUNCATED,
                parse(false, MACS, "0800", ipv4("4501 001b 0000 4000 4011 0000", ""), "c000 12b5 001000"));
    }

    @Test
    void shouldRefuseABadUdpLength() {
        final String ip = MACS + "0800" + ipv4("4501 0024 0000 4000 4011 0000", "");
        assertEquals(OuterResult.BAD_UDP_LENGTH, parse(false, ip, "c000 12b5 0007 0000", VXLAN));
        assertEquals(OuterResult.BAD_UDP_LENGTH, parse(false, ip, "c000 12b5 0000 0000", VXLAN));
        assertEquals(OuterResult.ACCEPTED, parse(false, ip, "c000 12b5 0008 0000", VXLAN));
        assertEquals(0, out.payloadLength);
    }

    @Test
    void shouldRefuseWhatHasNoLength() {
        assertEquals(
                OuterResult.NO_LENGTH,
                parse(false, MACS, "0800", ipv4("4501 0000 0000 4000 4011 0000", ""), "c000 12b5 0010 0000", VXLAN));
        assertEquals(
                OuterResult.NO_LENGTH,
                parse(false, MACS, "86dd 60000000 0000 1140", IPV6, "c000 12b5 0010 0000", VXLAN));
    }

    @Test
    void shouldRefuseWhatIsForNoTunnel() {
        assertEquals(OuterResult.NOT_IP, parse(false, MACS, "0806", "00".repeat(28)));
        assertEquals(OuterResult.RUNT, parse(false, MACS, "8100 00"));
        assertEquals(OuterResult.MALFORMED_IP, parse(false, MACS, "0800 45"));
        assertEquals(OuterResult.MALFORMED_IP, parse(false, MACS, "86dd 60"));
        assertEquals(
                OuterResult.NOT_FOR_A_TUNNEL,
                parse(false, MACS, "0800", ipv4("4501 0028 0000 4000 4006 0000", ""), "00".repeat(20)));
        assertEquals(OuterResult.NOT_FOR_A_TUNNEL, parse(false, MACS, "86dd 60000000 0000 3b40", IPV6));
        assertEquals(
                OuterResult.NOT_FOR_A_TUNNEL,
                parse(false, MACS, "88a8 0001 8100 0001 86dd 60000000 0010 1140", IPV6, "c000 12b5 0010 0000", VXLAN));
    }

    @Test
    void shouldNameEachResult() {
        final Set<String> labels = new HashSet<>();
        for (final OuterResult result : OuterResult.values()) {
            assertTrue(labels.add(result.label()));
            assertTrue(result.label().matches("accepted|outer-[a-z-]+"), result.label());
        }
        assertEquals("outer-bad-header-checksum", OuterResult.BAD_HEADER_CHECKSUM.label());
    }
}
