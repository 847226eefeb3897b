package io.weft.encap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class FrameParserTest {
    private static final GuardedMemory MEMORY = new GuardedMemory();
    private static final String MACS = "020000000002 020000000001";
    private static final String IPV4 = "c0a80001 c0a80002";
    private static final String IPV6 = "fd000000000000000000000000000001 fd000000000000000000000000000002";
    private static final String TCP = "f1f2 e1e2 00000001 00000002 5010 ffff 0000 0000";
    private static final String UDP = "f1f2 e1e2 0008 0000";

    private final ParsedFrame p = new ParsedFrame();

    /** Parses a frame of exactly these bytes, of which none after them can be read. */
    private void parse(final String... text) {
        final byte[] frame = Bytes.hex(text);
        assertTrue(FrameParser.parse(MEMORY.place(frame, frame.length), frame.length, frame.length, p));
        assertEquals(frame.length, p.length);
    }

    /** Parses the first bytes of a longer frame. */
    private void parseStart(final int length, final String... text) {
        final byte[] frame = Bytes.hex(text);
        assertTrue(FrameParser.parse(MEMORY.place(frame, frame.length), frame.length, length, p));
    }

    private void assertIp(final int version, final int l3, final int l4, final int protocol, final int flags) {
        assertEquals(version, p.ipVersion, "version");
        assertEquals(l3, p.l3, "l3");
        assertEquals(l4, p.l4, "l4");
        assertEquals(protocol, p.protocol, "protocol");
        assertEquals(flags, p.flags, "flags");
    }

    private void assertPorts(final int source, final int destination) {
        assertEquals(source, p.sourcePort);
        assertEquals(destination, p.destinationPort);
    }

    private void assertNoIp(final int flags) {
        assertIp(0, -1, -1, -1, flags);
        assertEquals(Ecn.NOT_IP, p.ecn);
        assertEquals(-1, p.flowProtocol);
        assertEquals(0, p.ipHeaderLength);
        assertEquals(0, p.ipEnd);
        assertFalse(p.isIp());
        assertPorts(0, 0);
    }

    @Test
    void shouldRefuseLessThanAnEthernetHeader() {
        final byte[] frame = Bytes.hex(MACS, "08");
        for (int length = 0; length <= 13; length++) {
            p.flags = 0;
            assertFalse(FrameParser.parse(MEMORY.place(frame, length), length, length, p));
            assertNoIp(ParsedFrame.RUNT);
            assertFalse(FrameParser.parse(MEMORY.place(frame, length), length, 1500, p));
            assertEquals(1500, p.length);
            assertFalse(FrameParser.parse(MEMORY.place(frame, length), 1500, length, p));
        }
    }

    @Test
    void shouldParseAFrameThatIsAHeaderOnly() {
        parse("fedcba987654 020000000001 0806");
        assertEquals(0xfedcba987654L, p.destination);
        assertEquals(0x020000000001L, p.source);
        assertEquals(0x0806, p.etherType);
        assertEquals(14, p.payload);
        assertEquals(0, p.tags);
        assertNoIp(0);
    }

    @Test
    void shouldForgetTheFrameBefore() {
        parse(MACS, "88a8 2001 8100 2002 86dd 60300000 0018 2c40", IPV6, "06000001 00000000", TCP.substring(0, 16));
        assertTrue(p.flags != 0);
        parse(MACS, "0806");
        assertNoIp(0);
        assertEquals(0, p.tags);
        assertEquals(0, p.outerTpid);
        assertEquals(0, p.outerTci);
        assertEquals(0, p.innerTci);
        assertFalse(FrameParser.parse(MEMORY.end(), 0, 0, p));
        assertEquals(0, p.destination);
        assertEquals(0, p.source);
        assertEquals(0, p.etherType);
        assertEquals(0, p.payload);
        assertEquals(0, p.length);
    }

    @Test
    void shouldCountTags() {
        parse(MACS, "8100 a064 0806");
        assertEquals(1, p.tags);
        assertEquals(0x8100, p.outerTpid);
        assertEquals(0xa064, p.outerTci);
        assertEquals(0, p.innerTci);
        assertEquals(0x0806, p.etherType);
        assertEquals(18, p.payload);
        parse(MACS, "88a8 a064 8100 f00b 0806");
        assertEquals(2, p.tags);
        assertEquals(0x88a8, p.outerTpid);
        assertEquals(0xa064, p.outerTci);
        assertEquals(0xf00b, p.innerTci);
        assertEquals(0x0806, p.etherType);
        assertEquals(22, p.payload);
        parse(MACS, "8100 0001 8100 0002 8100 0003 8100 0004 0806");
        assertEquals(4, p.tags);
        assertEquals(1, p.outerTci);
        assertEquals(2, p.innerTci);
        assertEquals(0x0806, p.etherType);
        parse(MACS, "8100 0001 8100 0002 8100 0003 8100 0004 8100 0005 0800");
        assertEquals(4, p.tags);
        assertEquals(0x8100, p.etherType);
        assertNoIp(0);
    }

    @Test
    @Tag("V10")
    @Tag("N5")
    void shouldRefuseAFrameWhoseTagIsCut() {
        final byte[] frame = Bytes.hex(MACS, "8100 a064 88a8 0001 0806");
        for (final int length : new int[] {14, 15, 16, 17, 18, 19, 20, 21}) {
            assertFalse(FrameParser.parse(MEMORY.place(frame, length), length, length, p), "length " + length);
            assertEquals(ParsedFrame.RUNT, p.flags);
            assertFalse(FrameParser.parse(MEMORY.place(frame, length), length, 1500, p));
        }
        parse(MACS, "8100 a064 88a8 0001 0806");
        assertEquals(2, p.tags);
        assertEquals(0, p.flags);
    }

    @Test
    void shouldParseTcpOverIpv4() {
        parse(MACS, "0800 45ba 0028 1234 4000 4006 0000", IPV4, TCP);
        assertIp(4, 14, 34, 6, 0);
        assertEquals(20, p.ipHeaderLength);
        assertEquals(54, p.ipEnd);
        assertEquals(Ecn.ECT_0, p.ecn);
        assertEquals(6, p.flowProtocol);
        assertPorts(0xf1f2, 0xe1e2);
        assertTrue(p.isIp());
        assertFalse(p.isFragment() || p.isLaterFragment() || p.isMalformed() || p.isTruncated() || p.isBigTcp());
    }

    @Test
    void shouldParseIpAfterTags() {
        parse(MACS, "88a8 0001 8100 0002 0800 4500 001c 0000 0000 4011 0000", IPV4, UDP);
        assertIp(4, 22, 42, 17, 0);
        assertEquals(50, p.ipEnd);
        parse(MACS, "8100 0002 86dd 60000000 0008 1140", IPV6, UDP);
        assertIp(6, 18, 58, 17, 0);
        assertPorts(0xf1f2, 0xe1e2);
    }

    @Test
    void shouldPassOverIpv4Options() {
        parse(MACS, "0800 4f00 0044 0000 0000 4011 0000", IPV4, "01".repeat(40), UDP);
        assertIp(4, 14, 74, 17, 0);
        assertEquals(60, p.ipHeaderLength);
        assertPorts(0xf1f2, 0xe1e2);
    }

    @Test
    void shouldFlagMalformedIpv4() {
        // version, header shorter than 20, header longer than the frame, total below the header, header cut
        parse(MACS, "0800 5500 0014 0000 0000 40ff 0000", IPV4);
        assertNoIp(ParsedFrame.MALFORMED);
        parse(MACS, "0800 4400 0014 0000 0000 40ff 0000", IPV4);
        assertNoIp(ParsedFrame.MALFORMED);
        parse(MACS, "0800 4600 0018 0000 0000 40ff 0000", IPV4, "010101");
        assertNoIp(ParsedFrame.MALFORMED);
        parse(MACS, "0800 4500 0013 0000 0000 40ff 0000", IPV4);
        assertNoIp(ParsedFrame.MALFORMED);
        parse(MACS, "0800 4600 0017 0000 0000 40ff 0000", IPV4, "01010101");
        assertNoIp(ParsedFrame.MALFORMED);
        parse(MACS, "0800 4500 0014 0000 0000 40ff 0000", IPV4.substring(0, IPV4.length() - 2));
        assertNoIp(ParsedFrame.MALFORMED);
        assertEquals(0x0800, p.etherType);
        assertEquals(14, p.payload);
        assertTrue(p.isMalformed());
        parse(MACS, "0800");
        assertNoIp(ParsedFrame.MALFORMED);
        parse(MACS, "0800 4500 0014 0000 0000 40ff 0000", IPV4);
        assertIp(4, 14, 34, 0xff, 0);
        parse(MACS, "0800 4600 0018 0000 0000 40ff 0000", IPV4, "01010101");
        assertIp(4, 14, 38, 0xff, 0);
    }

    @Test
    void shouldFlagAnIpPacketLongerThanTheFrame() {
        parse(MACS, "0800 4500 001d 0000 0000 4011 0000", IPV4, UDP);
        assertIp(4, 14, 34, 17, ParsedFrame.TRUNCATED);
        assertTrue(p.isTruncated());
        assertEquals(42, p.ipEnd);
        assertPorts(0xf1f2, 0xe1e2);
        parse(MACS, "86dd 60000000 0009 1140", IPV6, UDP);
        assertIp(6, 14, 54, 17, ParsedFrame.TRUNCATED);
        assertEquals(62, p.ipEnd);
    }

    @Test
    void shouldLeavePaddingOutOfThePacket() {
        parse(MACS, "0800 4500 001c 0000 0000 4011 0000", IPV4, UDP, "00".repeat(18));
        assertIp(4, 14, 34, 17, 0);
        assertEquals(42, p.ipEnd);
        // A transport header that would reach into the padding is none.
        parse(MACS, "0800 4500 001b 0000 0000 4011 0000", IPV4, UDP, "00".repeat(18));
        assertIp(4, 14, -1, 17, 0);
        assertEquals(41, p.ipEnd);
        assertPorts(0, 0);
        parse(MACS, "86dd 60000000 0007 1140", IPV6, UDP);
        assertIp(6, 14, -1, 17, 0);
        assertEquals(61, p.ipEnd);
    }

    @Test
    void shouldFlagBigTcp() {
        parse(MACS, "0800 4500 0000 0000 4000 4006 0000", IPV4, TCP, "77777777");
        assertIp(4, 14, 34, 6, ParsedFrame.BIG_TCP);
        assertTrue(p.isBigTcp());
        assertEquals(58, p.ipEnd);
        assertPorts(0xf1f2, 0xe1e2);
        parse(MACS, "86dd 60000000 0000 0640", IPV6, TCP, "77777777");
        assertIp(6, 14, 54, 6, ParsedFrame.BIG_TCP);
        assertEquals(78, p.ipEnd);
        assertPorts(0xf1f2, 0xe1e2);
        // A jumbogram of RFC 2675 says its length in a hop-by-hop option.
        parse(MACS, "86dd 60000000 0000 0040", IPV6, "0600c20400011170", TCP);
        assertIp(6, 14, 62, 6, ParsedFrame.BIG_TCP);
    }

    @Test
    void shouldNotTakeNoNextHeaderForBigTcp() {
        parse(MACS, "86dd 60000000 0000 3b40", IPV6, "0000");
        assertIp(6, 14, -1, 59, 0);
        assertEquals(54, p.ipEnd);
        parse(MACS, "86dd 60000000 0002 3b40", IPV6, "0000");
        assertIp(6, 14, -1, 59, 0);
        assertEquals(56, p.ipEnd);
    }

    @Test
    void shouldFlagFragmentsOfIpv4() {
        parse(MACS, "0800 4500 001c 0001 2000 4011 0000", IPV4, UDP);
        assertIp(4, 14, 34, 17, ParsedFrame.FRAGMENT);
        assertTrue(p.isFragment());
        assertFalse(p.isLaterFragment());
        assertPorts(0xf1f2, 0xe1e2);
        final int later = ParsedFrame.FRAGMENT | ParsedFrame.LATER_FRAGMENT;
        for (final String field : new String[] {"2001", "0001", "1000", "3fff", "1fff"}) {
            parse(MACS, "0800 4501 001c 0001", field, "4011 0000", IPV4, UDP);
            assertIp(4, 14, -1, 17, later);
            assertTrue(p.isLaterFragment());
            assertEquals(17, p.flowProtocol);
            assertEquals(1, p.ecn);
            assertPorts(0, 0);
        }
        for (final String field : new String[] {"4000", "8000", "c000"}) {
            parse(MACS, "0800 4500 001c 0001", field, "4011 0000", IPV4, UDP);
            assertIp(4, 14, 34, 17, 0);
        }
        parse(MACS, "0800 4500 001d 0001 2000 4011 0000", IPV4, UDP);
        assertIp(4, 14, 34, 17, ParsedFrame.FRAGMENT | ParsedFrame.TRUNCATED);
    }

    @Test
    void shouldParseIpv6() {
        parse(MACS, "86dd 60300000 0014 0640", IPV6, TCP);
        assertIp(6, 14, 54, 6, 0);
        assertEquals(40, p.ipHeaderLength);
        assertEquals(74, p.ipEnd);
        assertEquals(Ecn.CE, p.ecn);
        assertEquals(6, p.flowProtocol);
        assertPorts(0xf1f2, 0xe1e2);
        parse(MACS, "86dd 6fefffff 0008 1140", IPV6, UDP);
        assertEquals(Ecn.ECT_0, p.ecn);
        parse(MACS, "86dd 6fcfffff 0008 1140", IPV6, UDP);
        assertEquals(Ecn.NOT_ECT, p.ecn);
    }

    @Test
    void shouldFlagMalformedIpv6() {
        parse(MACS, "86dd 70000000 0008 1140", IPV6, UDP);
        assertNoIp(ParsedFrame.MALFORMED);
        parse(MACS, "86dd 40000000 0008 1140", IPV6, UDP);
        assertNoIp(ParsedFrame.MALFORMED);
        parse(MACS, "86dd 60000000 0008 1140", IPV6.substring(0, IPV6.length() - 2));
        assertNoIp(ParsedFrame.MALFORMED);
        parse(MACS, "86dd 60000000 0008 ff40", IPV6);
        assertIp(6, 14, 54, 0xff, ParsedFrame.TRUNCATED);
    }

    @Test
    void shouldWalkExtensionHeaders() {
        parse(
                MACS,
                "86dd 60000000 0050 0040",
                IPV6,
                "2b00010400000000", // hop-by-hop
                "3c02000000000000 ffffffffffffffff ffffffffffffffff", // routing, no segments left
                "3300010400000000", // destination options
                "2c04000000000001 ffffffffffffffff ffffffffffffffff", // authentication
                "1100000000000000", // a fragment header that makes no fragment
                UDP);
        assertIp(6, 14, 126, 17, ParsedFrame.AUTHENTICATED);
        assertEquals(17, p.flowProtocol);
        assertEquals(40, p.ipHeaderLength);
        assertEquals(134, p.ipEnd);
        assertPorts(0xf1f2, 0xe1e2);
    }

    @Test
    void shouldFlagRoutingThatIsNotFinished() {
        parse(MACS, "86dd 60000000 0010 2b40", IPV6, "1100000100000000", UDP);
        assertIp(6, 14, 62, 17, ParsedFrame.ROUTED);
        parse(MACS, "86dd 60000000 0010 2b40", IPV6, "1100ff00ffffffff", UDP);
        assertIp(6, 14, 62, 17, 0);
        // The byte means something else in other headers.
        parse(MACS, "86dd 60000000 0010 3c40", IPV6, "1100000100000000", UDP);
        assertIp(6, 14, 62, 17, 0);
    }

    @Test
    void shouldFlagFragmentsOfIpv6() {
        parse(MACS, "86dd 60000000 0010 2c40", IPV6, "11000001 00000007", UDP);
        assertIp(6, 14, 62, 17, ParsedFrame.FRAGMENT);
        assertPorts(0xf1f2, 0xe1e2);
        final int later = ParsedFrame.FRAGMENT | ParsedFrame.LATER_FRAGMENT;
        for (final String field : new String[] {"0008", "0009", "fff8", "8000"}) {
            parse(MACS, "86dd 60000000 0010 2c40", IPV6, "1100", field, "00000007", UDP);
            assertIp(6, 14, -1, 17, later);
            assertEquals(17, p.flowProtocol);
            assertPorts(0, 0);
        }
        // The reserved bits say nothing.
        parse(MACS, "86dd 60000000 0010 2c40", IPV6, "11000006 00000007", UDP);
        assertIp(6, 14, 62, 17, 0);
    }

    @Test
    void shouldGiveAllFragmentsOfADatagramTheSameFlowProtocol() {
        parse(MACS, "86dd 60000000 0018 2c40", IPV6, "3c000001 00000007", "1100010400000000", UDP);
        assertIp(6, 14, 70, 17, ParsedFrame.FRAGMENT);
        assertEquals(60, p.flowProtocol);
        parse(MACS, "86dd 60000000 0018 2c40", IPV6, "3c000009 00000007", "1100010400000000", UDP);
        assertIp(6, 14, -1, 60, ParsedFrame.FRAGMENT | ParsedFrame.LATER_FRAGMENT);
        assertEquals(60, p.flowProtocol);
    }

    @Test
    void shouldStopWhereTheChainIsCut() {
        parse(MACS, "86dd 60000000 000f 0040", IPV6, "3c00000000000000", "11000000000000");
        assertIp(6, 14, -1, 60, ParsedFrame.EXTENSIONS_CUT);
        parse(MACS, "86dd 60000000 0010 0040", IPV6, "3c00000000000000", "1100000000000000");
        assertIp(6, 14, -1, 17, 0);
        parse(MACS, "86dd 60000000 0008 0040", IPV6, "3cff000000000000");
        assertIp(6, 14, -1, 60, ParsedFrame.EXTENSIONS_CUT);
        // A header in the padding is none.
        parse(MACS, "86dd 60000000 0007 0040", IPV6, "1100000000000000", UDP);
        assertIp(6, 14, -1, 0, ParsedFrame.EXTENSIONS_CUT);
        // A long header reaches beyond the packet: what is behind it cannot be there.
        parse(MACS, "86dd 60000000 0010 0040", IPV6, "1101000000000000", UDP);
        assertIp(6, 14, -1, 17, 0);
        parse(MACS, "86dd 60000000 0010 0040", IPV6, "fd02000000000000", UDP);
        assertIp(6, 14, -1, 0xfd, 0);
        parse(MACS, "86dd 60000000 0010 0040", IPV6, "fd01000000000000", UDP);
        assertIp(6, 14, 70, 0xfd, 0);
    }

    @Test
    void shouldWalkNoMoreThanItsBudget() {
        final String next = "3c00000000000000";
        parse(MACS, "86dd 60000000 0048 3c40", IPV6, next.repeat(7), "1100000000000000", UDP);
        assertIp(6, 14, 54 + 64, 17, 0);
        parse(MACS, "86dd 60000000 0050 3c40", IPV6, next.repeat(8), "1100000000000000", UDP);
        assertIp(6, 14, -1, 60, ParsedFrame.EXTENSIONS_CUT);
        assertEquals(60, p.flowProtocol);
    }

    @Test
    void shouldWantTheWholeFixedTransportHeader() {
        final int[][] protocols = {
            {6, 20, 1},
            {17, 8, 1},
            {136, 8, 1},
            {132, 12, 1},
            {33, 12, 1},
            {1, 8, 0},
            {58, 8, 0},
            {47, 4, 0},
            {50, 0, 0}
        };
        for (final int[] protocol : protocols) {
            final String number = String.format("%02x", protocol[0]);
            final boolean ports = protocol[2] == 1;
            for (int length = Math.max(0, protocol[1] - 1); length <= protocol[1]; length++) {
                final boolean whole = length == protocol[1];
                final String l4 = "f1f2e1e2d1d2d3d4c1c2c3c4b1b2b3b4a1a2a3a4".substring(0, 2 * length);
                final String total = String.format("%04x", 20 + length);
                parse(MACS, "0800 4500", total, "0000 0000 40", number, "0000", IPV4, l4);
                assertIp(4, 14, whole ? 34 : -1, protocol[0], 0);
                assertPorts(whole && ports ? 0xf1f2 : 0, whole && ports ? 0xe1e2 : 0);
                parse(
                        MACS,
                        "86dd 60000000",
                        String.format("%04x", length + 8),
                        "3c40",
                        IPV6,
                        number,
                        "00010400000000",
                        l4);
                assertIp(6, 14, whole ? 62 : -1, protocol[0], 0);
                assertPorts(whole && ports ? 0xf1f2 : 0, whole && ports ? 0xe1e2 : 0);
            }
        }
    }

    @Test
    void shouldParseTheStartOfAFrameWhosePayloadIsElsewhere() {
        parseStart(65_549, MACS, "0800 4500 ffff 0000 4000 4006 0000", IPV4, TCP);
        assertIp(4, 14, 34, 6, 0);
        assertEquals(65_549, p.ipEnd);
        assertEquals(65_549, p.length);
        parseStart(65_549, MACS, "0800 4500 ffff 0000 4000 4006 0000", IPV4, TCP.substring(0, TCP.length() - 2));
        assertIp(4, 14, -1, 6, 0);
        parseStart(65_548, MACS, "0800 4500 ffff 0000 4000 4006 0000", IPV4, TCP);
        assertIp(4, 14, 34, 6, ParsedFrame.TRUNCATED);
        parseStart(65_589, MACS, "86dd 60000000 ffff 0640", IPV6, TCP);
        assertIp(6, 14, 54, 6, 0);
        assertEquals(65_589, p.ipEnd);
        parseStart(100, MACS, "0800 4500 0050 0000 4000 4006 0000");
        assertNoIp(ParsedFrame.MALFORMED);
    }

    @Test
    void shouldNotBelieveMoreAvailableThanTheFrameHas() {
        final byte[] frame = Bytes.hex(MACS, "0800 4500 001c 0000 0000 4011 0000", IPV4, UDP);
        final long address = Bytes.copy(frame);
        assertTrue(FrameParser.parse(address, frame.length, frame.length - 1, p));
        assertIp(4, 14, -1, 17, ParsedFrame.TRUNCATED);
        assertEquals(41, p.ipEnd);
    }

    @Test
    void shouldTakeALengthFieldForNoIp() {
        parse(MACS, "0026 424203", "00".repeat(35));
        assertEquals(0x26, p.etherType);
        assertNoIp(0);
    }
}
