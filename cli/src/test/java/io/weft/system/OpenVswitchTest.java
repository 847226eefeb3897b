package io.weft.system;

import static io.weft.system.WeftToWeftTest.assertLossless;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A switch and Open vSwitch's userspace datapath. */
@Tag("system")
@Timeout(180)
class OpenVswitchTest {
    private static final int KEY = 5001 * 256;

    @ParameterizedTest(name = "{0} over IPv6 {2}: {1}; Open vSwitch: {3} {4}; wire of its own {5}")
    @CsvSource({
        "vxlan, '', false, vxlan, key=5001, false",
        "vxlan, '', true, vxlan, key=5001, false",
        "geneve, '', false, geneve, key=5001, false",
        "geneve, '', true, geneve, key=5001, false",
        "nvgre, ', flow-id: off', false, gre, key=" + KEY + ", false",
        "nvgre, ', flow-id: on', false, gre, in_key=flow out_key=" + (KEY + 0x5a) + ", false",
        "nvgre, ', flow-id: on', true, ip6gre, in_key=flow out_key=" + KEY + ", false",
        "vxlan, '', false, vxlan, key=5001, true",
        "geneve, '', true, geneve, key=5001, true",
        "nvgre, ', flow-id: on', false, gre, in_key=flow out_key=" + (KEY + 0x5a) + ", true",
    })
    @Tag("N2")
    @Tag("N4")
    @Tag("G13")
    void shouldReachMachinesBehindOpenVswitch(
            final String encap,
            final String options,
            final boolean v6,
            final String type,
            final String key,
            final boolean owned) {
        try (Lab lab = Lab.routed(2, Lab.WIDE_MTU)) {
            if (owned) {
                lab.host(1).giveAway();
            }
            final OvsUserspace ovs = OvsUserspace.start(lab.host(2))
                    .tunnel("tun0", type, lab.host(1).address(v6), key);
            final WeftProcess weft = WeftProcess.start(
                    lab.host(1), """
                    tenants: {acme: {networks: {web: {vni: 5001, encap: %s, peers: ["%s"]%s}}}}
                    ports: {p: {network: acme/web, tap: t0}}
                    """.formatted(encap, lab.host(2).address(v6), options));
            final Machine a = Machine.of(lab, "a", 1).plug(lab.host(1), "t0");
            final Machine b = ovs.machine("b", 2);
            // Open vSwitch drops what it has no neighbour for until it has one.
            Until.holds(
                    "a first echo",
                    Duration.ofSeconds(20),
                    () -> a.ping(b.ip4(), "-c", "1", "-W", "1").lossless());
            final Wire wire =
                    Wire.underlay(lab.host(1), "src", "host", lab.host(1).address(v6));

            assertLossless(a.ping(b.ip4()));
            assertLossless(b.ping(a.ip6()));
            assertLossless(a.ping(b.ip4(), "-s", "1472", "-M", "do"));
            assertTrue(Iperf.tcp(a, b, b.ip4()).received() > 2_000_000);
            assertTrue(Iperf.tcp(a, b, b.ip6(), "-R").received() > 2_000_000);

            wire.stop();
            assertEquals(lab.host(2).address(v6), weft.locationOf("acme/web", b.mac()));
            assertTrue(ovs.learned(a.mac(), "tun0"), "Open vSwitch learned where a is");
            assertEquals(List.of(), wire.complaints());
            if (encap.equals("nvgre")) {
                assertKeys(wire, lab.host(1).address(v6), options.contains("on"));
            }
        }
    }

    /** The VSID stands in the key's upper 24 bits; the FlowID differs between flows, or is 0. */
    private static void assertKeys(final Wire wire, final String self, final boolean flowId) {
        final String family = self.indexOf(':') >= 0 ? "ipv6" : "ip";
        final List<String> keys = wire.frames("gre && " + family + ".src == " + self, "gre.key").stream()
                .distinct()
                .toList();
        assertFalse(keys.isEmpty());
        for (final String key : keys) {
            assertEquals(5001, Long.decode(key) >>> 8, "VSID of key " + key);
        }
        if (flowId) {
            assertTrue(keys.size() > 2, "keys " + keys);
        } else {
            assertEquals(1, keys.size(), "keys " + keys);
        }
    }
}
