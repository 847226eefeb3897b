package io.weft.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Two switches in different subnets, a router between: their machines are on one Ethernet. */
@Tag("system")
@Timeout(240)
class WeftToWeftTest {
    @ParameterizedTest(name = "{0} over IPv6 {1}")
    @CsvSource({
        "vxlan, false",
        "vxlan, true",
        "nvgre, false",
        "nvgre, true",
        "geneve, false",
        "geneve, true",
    })
    @Tag("V1")
    @Tag("V4")
    @Tag("N1")
    @Tag("N6")
    void shouldCarryEverythingBetweenSubnets(final String encap, final boolean v6) {
        try (Lab lab = Lab.routed(2, Lab.WIDE_MTU)) {
            for (int i = 1; i <= 2; i++) {
                WeftProcess.start(
                        lab.host(i), """
                        tenants:
                          acme:
                            networks:
                              web: {vni: 5001, encap: %s, peers: ["%s"]}
                        ports:
                          p: {network: acme/web, tap: t0}
                        """.formatted(encap, lab.host(3 - i).address(v6)));
            }
            final Machine a = Machine.of(lab, "a", 1).plug(lab.host(1), "t0");
            final Machine b = Machine.of(lab, "b", 2).plug(lab.host(2), "t0");
            final Wire wire =
                    Wire.underlay(lab.host(1), "src", "host", lab.host(1).address(v6));

            assertLossless(a.ping(b.ip4()));
            assertLossless(b.ping(a.ip6()));
            assertLossless(a.ping(b.ip4(), "-s", "1472", "-M", "do"));
            assertLossless(a.ping(b.ip6(), "-s", "1452", "-M", "do"));
            a.forgetNeighbours();
            assertLossless(a.ping(b.ip6(), "-c", "2"));
            assertArrived(a, b, b.ip4());
            assertArrived(a, b, b.ip6());

            wire.stop();
            assertEquals(List.of(), wire.complaints());
            assertFalse(wire.frames("arp && arp.src.hw_mac == " + a.mac()).isEmpty(), "ARP crossed");
            assertFalse(wire.frames("icmpv6.nd.ns.target_address == " + b.ip6()).isEmpty(), "ND crossed");
            assertHeaders(encap, v6, wire);
        }
    }

    private static void assertHeaders(final String encap, final boolean v6, final Wire wire) {
        switch (encap) {
            case "vxlan" -> {
                assertTrue(wire.frames("vxlan").size() > 40);
                assertEquals(
                        List.of(),
                        wire.frames("vxlan && !(frame[" + (v6 ? 62 : 42) + ":8] == 08:00:00:00:00:13:89:00)"));
                assertEntropy(wire, "vxlan");
            }
            case "geneve" -> {
                assertTrue(wire.frames("geneve").size() > 40);
                assertEquals(
                        List.of(),
                        wire.frames("geneve && !(geneve.vni == 5001 && geneve.version == 0 && !geneve.options)"));
                assertEntropy(wire, "geneve");
            }
            default -> {
                assertTrue(wire.frames("gre").size() > 40);
                assertEquals(
                        List.of(), wire.frames("gre && !(gre.flags_and_version == 0x2000 && gre.proto == 0x6558)"));
                assertTrue(
                        wire.frames("gre", "gre.key").stream().distinct().count() > 4, "FlowIDs differ between flows");
            }
        }
    }

    private static void assertEntropy(final Wire wire, final String protocol) {
        final List<String> ports = wire.frames(protocol, "udp.srcport").stream()
                .map(line -> line.split(",", 2)[0])
                .distinct()
                .toList();
        assertTrue(ports.size() > 4, "source ports " + ports);
        for (final String port : ports) {
            assertTrue(Integer.parseInt(port) >= 49_152, "source port " + port);
        }
    }

    @Test
    void shouldKeepAllApartWhenOneSwitchSpeaksEveryEncapsulationInBothFamilies() {
        try (Lab lab = Lab.routed(2, Lab.WIDE_MTU)) {
            for (int i = 1; i <= 2; i++) {
                final Host peer = lab.host(3 - i);
                WeftProcess.start(lab.host(i), """
                        tenants:
                          t1:
                            networks:
                              a: {vni: 5001, encap: vxlan, peers: [%1$s]}
                              b: {vni: 5002, encap: vxlan, port: 8472, peers: ["%2$s"]}
                          t2:
                            networks:
                              c: {vni: 5001, encap: nvgre, peers: [%1$s]}
                              d: {vni: 5002, encap: nvgre, peers: ["%2$s"]}
                          t3:
                            networks:
                              e: {vni: 5001, encap: geneve, peers: [%1$s]}
                              f: {vni: 5002, encap: geneve, peers: ["%2$s"]}
                        ports:
                          a: {network: t1/a, tap: ta}
                          b: {network: t1/b, tap: tb}
                          c: {network: t2/c, tap: tc}
                          d: {network: t2/d, tap: td}
                          e: {network: t3/e, tap: te}
                          f: {network: t3/f, tap: tf}
                        """.formatted(peer.ip4(), peer.ip6()));
            }
            // Twelve machines: the same two MACs and addresses in each network.
            final Wire wire = Wire.underlay(lab.host(1));
            final Machine[] near = new Machine[6];
            final Machine[] far = new Machine[6];
            for (int i = 0; i < 6; i++) {
                final String tap = "t" + (char) ('a' + i);
                near[i] = Machine.of(lab, "near" + i, 1).plug(lab.host(1), tap);
                far[i] = Machine.of(lab, "far" + i, 2).plug(lab.host(2), tap);
            }
            for (int i = 0; i < 6; i++) {
                final Ping.Count count = near[i].ping(far[i].ip4());
                assertLossless(count);
                assertFalse(count.text().contains("DUP"), count.text());
                assertLossless(far[i].ping(near[i].ip6()));
            }
            wire.stop();
            assertEquals(List.of(), wire.complaints());
            for (final String shown : List.of(
                    "vxlan.vni == 5001 && !ipv6.dst == fd00:2::1",
                    "vxlan.vni == 5002 && udp.dstport == 8472",
                    "geneve.vni == 5001",
                    "geneve.vni == 5002",
                    "gre && ip.src == " + lab.host(1).ip4(),
                    "gre && ipv6.src == " + lab.host(1).ip6())) {
                assertFalse(wire.frames(shown).isEmpty(), shown);
            }
        }
    }

    @Test
    @Tag("V12")
    void shouldKeepTenantsApartWhenTheirMachinesHaveTheSameMacsAndAddresses() {
        try (Lab lab = Lab.routed(2, Lab.WIDE_MTU)) {
            for (int i = 1; i <= 2; i++) {
                WeftProcess.start(lab.host(i), """
                        tenants:
                          red: {networks: {net: {vni: 7001, encap: vxlan, peers: [%1$s]}}}
                          blue: {networks: {net: {vni: 7002, encap: vxlan, peers: [%1$s]}}}
                        ports:
                          red: {network: red/net, tap: tred}
                          blue: {network: blue/net, tap: tblue}
                        """.formatted(lab.host(3 - i).ip4()));
            }
            final Machine red = Machine.of(lab, "red1", 1).plug(lab.host(1), "tred");
            final Machine redPeer = Machine.of(lab, "red2", 2).plug(lab.host(2), "tred");
            final Machine blue = Machine.of(lab, "blue1", 1).plug(lab.host(1), "tblue");
            final Machine bluePeer = Machine.of(lab, "blue2", 2).plug(lab.host(2), "tblue");
            // Red's pings carry 100 bytes, blue's 200: whoever sees the other's length sees the other's frames.
            final Wire redWire = Wire.on(redPeer.namespace(), redPeer.device(), "icmp");
            final Wire blueWire = Wire.on(bluePeer.namespace(), bluePeer.device(), "icmp");

            assertLossless(red.ping(redPeer.ip4(), "-s", "100", "-c", "40", "-i", "0.01"));
            assertLossless(blue.ping(bluePeer.ip4(), "-s", "200", "-c", "40", "-i", "0.01"));

            redWire.stop();
            blueWire.stop();
            assertEquals(40, redWire.frames("icmp.type == 8 && data.len == 92").size());
            assertEquals(List.of(), redWire.frames("icmp && data.len != 92"));
            assertEquals(
                    40, blueWire.frames("icmp.type == 8 && data.len == 192").size());
            assertEquals(List.of(), blueWire.frames("icmp && data.len != 192"));
        }
    }

    private static void assertArrived(final Machine a, final Machine b, final String address) {
        assertTrue(Iperf.tcp(a, b, address).received() > 1_000_000, "TCP");
        assertTrue(Iperf.tcp(a, b, address, "-R").received() > 1_000_000, "TCP back");
        assertTrue(Iperf.udp(a, b, address, "-l", "1400").received() > 1_000_000, "UDP");
        assertTrue(Iperf.udp(a, b, address, "-l", "1400", "-R").received() > 1_000_000, "UDP back");
    }

    static void assertLossless(final Ping.Count count) {
        assertTrue(count.lossless(), count.text());
    }
}
