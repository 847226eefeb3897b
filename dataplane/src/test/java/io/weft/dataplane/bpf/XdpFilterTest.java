package io.weft.dataplane.bpf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.dataplane.sys.Bpf;
import io.weft.encap.IpAddress;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The kernel runs the program on packets made by hand: what is not taken is passed on to its stack. */
@Tag("system")
class XdpFilterTest {
    /** What becomes of a packet for us, in this test: its queue has no socket. */
    private static final int TAKEN = Bpf.XDP_DROP;

    private static final String MACS = "0200000000aa 0200000000bb ";
    private static final String IPV4 = "0800 4500 0032 0000 4000 4011 0000 0a010002 0a010001 ";
    private static final String IPV6 =
            "86dd 60000000 0018 1140 fd000001000000000000000000000002 " + "fd000001000000000000000000000001 ";
    private static final String VXLAN = "c000 12b5 0018 0000 0800000000138900 0000000000000000";

    private XdpFilter filter;

    @BeforeEach
    void open() throws Exception {
        filter = XdpFilter.tunnels(4, XdpFilter.VLAN_NONE, false, TAKEN);
        take(filter);
    }

    @AfterEach
    void close() {
        filter.close();
    }

    private static void take(final XdpFilter of) {
        assertTrue(of.take(List.of(4789), true, List.of(IpAddress.parse("10.1.0.1"), IpAddress.parse("fd00:1::1"))));
    }

    private int verdict(final String hex) {
        return filter.verdict(bytes(hex));
    }

    private static byte[] bytes(final String hex) {
        return HexFormat.of().parseHex(hex.replace(" ", ""));
    }

    @Test
    void shouldTakeTunnelPacketsForUs() {
        assertEquals(TAKEN, verdict(MACS + IPV4 + VXLAN));
        assertEquals(TAKEN, verdict(MACS + IPV6 + VXLAN));
        assertEquals(TAKEN, verdict(MACS + IPV4.replace("4011", "402f") + "2000 6558 00138900 0000000000000000"));
        assertEquals(TAKEN, verdict(MACS + IPV6.replace("1140", "2f40") + "2000 6558 00138900 0000000000000000"));
        assertEquals(
                TAKEN,
                verdict(MACS + IPV4.replace("4500", "4700") + "0101010101010101" + VXLAN),
                "IPv4 options lie before the port");
        assertEquals(0, filter.fragments());
    }

    @ParameterizedTest
    @CsvSource({
        "other UDP port, 12b5, 12b6",
        "port only in the options' place, 4500, 4600",
        "other address, 0a010001, 0a010003",
        "TCP, 4011, 4006",
        "ICMP, 4011, 4001",
        "ARP, 0800, 0806",
        "tagged, 0800, 81000001 0800",
        "not version 4, 4500, 6500",
        "header length below 20, 4500, 4400",
        "no Ethernet in GRE, 4011, 402f"
    })
    void shouldLeaveEverythingElseToTheKernel(final String what, final String from, final String to) {
        final String packet = MACS + IPV4 + VXLAN;
        assertEquals(Bpf.XDP_PASS, verdict(packet.replaceFirst(from, to)), what);
        assertEquals(0, filter.fragments());
    }

    @ParameterizedTest
    @CsvSource({
        "other UDP port, 12b5, 12b6",
        "other address, 0000000000000001, 0000000000000003",
        "hop-by-hop options, 1140, 0040",
        "destination options, 1140, 3c40",
        "no IPv6, 60000000, 40000000"
    })
    void shouldLeaveEverythingElseOfIpv6ToTheKernel(final String what, final String from, final String to) {
        final String packet = MACS + IPV6 + VXLAN;
        final int at = packet.lastIndexOf(from);
        assertEquals(Bpf.XDP_PASS, verdict(packet.substring(0, at) + to + packet.substring(at + from.length())), what);
        assertEquals(0, filter.fragments());
    }

    @Test
    @Tag("V9")
    void shouldLeaveFragmentsToTheKernelAndCountThem() {
        assertEquals(Bpf.XDP_PASS, verdict(MACS + IPV4.replace("4000 4011", "2000 4011") + VXLAN));
        assertEquals(Bpf.XDP_PASS, verdict(MACS + IPV4.replace("4000 4011", "0010 4011") + VXLAN));
        assertEquals(Bpf.XDP_PASS, verdict(MACS + IPV6.replace("1140", "2c40") + "1100000100000001" + VXLAN));
        assertEquals(3, filter.fragments());
        assertEquals(Bpf.XDP_PASS, verdict(MACS + IPV4.replace("4000 4011", "2000 4006") + VXLAN));
        assertEquals(Bpf.XDP_PASS, verdict(MACS + IPV6.replace("1140", "2c40") + "0600000100000001" + VXLAN));
        assertEquals(
                Bpf.XDP_PASS,
                verdict(MACS + IPV4.replace("4000 4011", "2000 4011").replace("0a010001", "0a010003") + VXLAN));
        assertEquals(3, filter.fragments());
    }

    @Test
    void shouldLeavePacketsThatEndEarlyToTheKernel() {
        for (final String whole : List.of(MACS + IPV4 + VXLAN, MACS + IPV6 + VXLAN)) {
            final byte[] packet = bytes(whole);
            final int header = whole.contains("86dd") ? 14 + 40 : 14 + 20;
            for (int length = 14; length <= packet.length; length++) {
                final byte[] cut = java.util.Arrays.copyOf(packet, length);
                assertEquals(length < header + 4 ? Bpf.XDP_PASS : TAKEN, filter.verdict(cut), "length " + length);
            }
        }
    }

    @Test
    @Tag("N9")
    void shouldTakeOnlyItsVlanWhenThereIsOne() throws Exception {
        try (XdpFilter tagged = XdpFilter.tunnels(1, 100, false, TAKEN)) {
            take(tagged);
            assertEquals(TAKEN, tagged.verdict(bytes(MACS + "8100 0064" + IPV4 + VXLAN)));
            assertEquals(TAKEN, tagged.verdict(bytes(MACS + "8100 e064" + IPV6 + VXLAN)), "priority 7");
            assertEquals(Bpf.XDP_PASS, tagged.verdict(bytes(MACS + "8100 0065" + IPV4 + VXLAN)));
            assertEquals(Bpf.XDP_PASS, tagged.verdict(bytes(MACS + IPV4 + VXLAN)));
            assertEquals(Bpf.XDP_PASS, tagged.verdict(bytes(MACS + "8100 0064 8100 0064" + IPV4 + VXLAN)));
        }
    }

    @Test
    void shouldFollowWhatIsListenedTo() {
        final IpAddress six = IpAddress.parse("fd00:1::1");
        assertTrue(filter.take(List.of(4790), false, List.of(six, IpAddress.parse("239.1.2.3"))));
        assertEquals(Bpf.XDP_PASS, verdict(MACS + IPV6 + VXLAN));
        assertEquals(TAKEN, verdict(MACS + IPV6 + VXLAN.replace("12b5", "12b6")));
        assertEquals(Bpf.XDP_PASS, verdict(MACS + IPV4 + VXLAN.replace("12b5", "12b6")), "address was taken away");
        assertEquals(TAKEN, verdict(MACS + IPV4.replace("0a010001", "ef010203") + VXLAN.replace("12b5", "12b6")));
        assertEquals(
                Bpf.XDP_PASS, verdict(MACS + IPV6.replace("1140", "2f40") + "2000 6558 00138900 0000000000000000"));
    }

    @Test
    void shouldTakeEverythingWhenTheNicIsOursAlone() throws Exception {
        try (XdpFilter all = XdpFilter.all(1, true)) {
            assertEquals(Bpf.XDP_DROP, all.verdict(bytes(MACS + "0806" + "00".repeat(46))), "no socket yet");
        }
    }
}
