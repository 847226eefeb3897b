package io.weft.encap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** Each field of the plain headers from bytes that are all different, with the top bit set where it could go wrong. */
class HeadersTest {
    @Test
    void shouldReadArp() {
        final long arp = Bytes.copy("0001 0800 0604 8002 f1f2f3f4f5f6 8a010203 e1e2e3e4e5e6 9a010204");
        assertTrue(Arp.isEthernetIpv4(arp));
        assertEquals(0x8002, Arp.operation(arp));
        assertEquals(0xf1f2f3f4f5f6L, Arp.senderMac(arp));
        assertEquals(0x8a010203, Arp.senderIp(arp));
        assertEquals(0xe1e2e3e4e5e6L, Arp.targetMac(arp));
        assertEquals(0x9a010204, Arp.targetIp(arp));
    }

    @Test
    void shouldKnowArpOfOtherKinds() {
        assertFalse(Arp.isEthernetIpv4(Bytes.copy("0006 0800 0604 0001")));
        assertFalse(Arp.isEthernetIpv4(Bytes.copy("0001 86dd 0604 0001")));
        assertFalse(Arp.isEthernetIpv4(Bytes.copy("0001 0800 0804 0001")));
        assertFalse(Arp.isEthernetIpv4(Bytes.copy("0001 0800 0610 0001")));
    }

    @Test
    void shouldWriteArp() {
        final long arp = Bytes.copy("77".repeat(30));
        Arp.write(arp, Arp.REPLY, 0xf1f2f3f4f5f6L, 0x8a010203, 0xe1e2e3e4e5e6L, 0x9a010204);
        assertEquals(
                "0001080006040002" + "f1f2f3f4f5f6" + "8a010203" + "e1e2e3e4e5e6" + "9a010204" + "7777",
                Bytes.text(arp, 30));
    }

    @Test
    void shouldReadIpv4() {
        final long ip = Bytes.copy("4fea f1f2 e1e2 d1d2 c111 b1b2 8a010203 9a010204");
        assertEquals(4, Ipv4.version(ip));
        assertEquals(60, Ipv4.headerLength(ip));
        assertEquals(0xea, Ipv4.tos(ip));
        assertEquals(2, Ipv4.ecn(ip));
        assertEquals(0xf1f2, Ipv4.totalLength(ip));
        assertEquals(0xe1e2, Ipv4.identification(ip));
        assertEquals(0xd1d2, Ipv4.fragment(ip));
        assertEquals(0xc1, Ipv4.ttl(ip));
        assertEquals(17, Ipv4.protocol(ip));
        assertEquals(0xb1b2, Ipv4.checksum(ip));
        assertEquals(0x8a010203, Ipv4.source(ip));
        assertEquals(0x9a010204, Ipv4.destination(ip));
        Ipv4.checksum(ip, 0xabcd);
        assertEquals("4feaf1f2e1e2d1d2c111abcd8a0102039a010204", Bytes.text(ip, 20));
    }

    @Test
    void shouldReadIpv6() {
        final long ip = Bytes.copy(
                "6eaf1234 f1f2 3ac1", "fd01020304050607 f8090a0b0c0d0e0f", "ed11121314151617 e8191a1b1c1d1e1f");
        assertEquals(6, Ipv6.version(ip));
        assertEquals(0xea, Ipv6.trafficClass(ip));
        assertEquals(2, Ipv6.ecn(ip));
        assertEquals(0xf1234, Ipv6.flowLabel(ip));
        assertEquals(0xf1f2, Ipv6.payloadLength(ip));
        assertEquals(58, Ipv6.nextHeader(ip));
        assertEquals(0xc1, Ipv6.hopLimit(ip));
        assertEquals(0xfd01020304050607L, Ipv6.sourceHigh(ip));
        assertEquals(0xf8090a0b0c0d0e0fL, Ipv6.sourceLow(ip));
        assertEquals(0xed11121314151617L, Ipv6.destinationHigh(ip));
        assertEquals(0xe8191a1b1c1d1e1fL, Ipv6.destinationLow(ip));
    }

    @Test
    void shouldReadUdp() {
        final long udp = Bytes.copy("f1f2 e1e2 d1d2 c1c2 77");
        assertEquals(0xf1f2, Udp.sourcePort(udp));
        assertEquals(0xe1e2, Udp.destinationPort(udp));
        assertEquals(0xd1d2, Udp.length(udp));
        assertEquals(0xc1c2, Udp.checksum(udp));
        Udp.checksum(udp, 0x0102);
        assertEquals("f1f2e1e2d1d2010277", Bytes.text(udp, 9));
    }

    @Test
    void shouldReadTcp() {
        final long tcp = Bytes.copy("f1f2 e1e2 d1d2d3d4 c1c2c3c4 a192 b1b2 9192 8182");
        assertEquals(0xf1f2, Tcp.sourcePort(tcp));
        assertEquals(0xe1e2, Tcp.destinationPort(tcp));
        assertEquals(0xd1d2d3d4, Tcp.sequence(tcp));
        assertEquals(0xc1c2c3c4, Tcp.acknowledgment(tcp));
        assertEquals(40, Tcp.headerLength(tcp));
        assertEquals(0x92, Tcp.flags(tcp));
        assertEquals(0xb1b2, Tcp.window(tcp));
        assertEquals(0x9192, Tcp.checksum(tcp));
        Tcp.sequence(tcp, 0x01020304);
        Tcp.flags(tcp, Tcp.SYN | Tcp.ACK);
        Tcp.checksum(tcp, 0x0506);
        assertEquals("f1f2e1e201020304c1c2c3c4a112b1b205068182", Bytes.text(tcp, 20));
    }

    @Test
    void shouldReadIcmp() {
        final long icmp = Bytes.copy("f1 e2 d1d2 c1c2 b1b2");
        assertEquals(0xf1, Icmp.type(icmp));
        assertEquals(0xe2, Icmp.code(icmp));
        assertEquals(0xd1d2, Icmp.checksum(icmp));
        assertEquals(0xc1c2, Icmp.identifier(icmp));
        assertEquals(0xb1b2, Icmp.sequence(icmp));
        Icmp.checksum(icmp, 0x0102);
        assertEquals("f1e20102c1c2b1b2", Bytes.text(icmp, 8));
    }

    @Test
    void shouldReadGre() {
        final long gre = Bytes.copy("b003 6558 f1f2f3f4");
        assertEquals(0xb003, Gre.flagsAndVersion(gre));
        assertEquals(0x6558, Gre.protocolType(gre));
        assertEquals(0xb0036558, Gre.firstWord(gre));
        assertEquals(0xf1f2f3f4, Gre.key(gre));
        assertEquals(0xb000, Gre.CHECKSUM_PRESENT | Gre.KEY_PRESENT | Gre.SEQUENCE_PRESENT);
    }
}
