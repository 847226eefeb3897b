package io.weft.system;

import static io.weft.system.WeftToWeftTest.assertLossless;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Machines that know nothing of tunnels, with an MTU of 1,500 over an underlay of 1,500: Linux finds out what fits. */
@Tag("system")
@Timeout(120)
class PathMtuDiscoveryTest {
    private static final int BYTES = 3_000_000;

    private Lab lab;
    private WeftProcess weft;
    private Machine a;
    private Machine b;

    private void start(final Lab in, final String encap, final boolean v6, final String options) {
        lab = in;
        final String config = """
                tenants: {acme: {networks: {web: {vni: 5001, encap: %s, peers: ["%s"]%s}}}}
                ports: {p: {network: acme/web, tap: t0}}
                """;
        weft = WeftProcess.start(
                lab.host(1), config.formatted(encap, lab.host(2).address(v6), options));
        WeftProcess.start(lab.host(2), config.formatted(encap, lab.host(1).address(v6), options));
        a = Machine.of(lab, "a", 1).plug(lab.host(1), "t0");
        b = Machine.of(lab, "b", 2).plug(lab.host(2), "t0");
        for (final Machine machine : List.of(a, b)) {
            machine.namespace().ip("link set dev t0 mtu 1500");
        }
    }

    private static void cutByKernel(final Machine machine) {
        machine.namespace().run("ethtool", "-K", "t0", "tso", "off", "gso", "off", "gro", "off");
    }

    private void forgetPaths() {
        a.namespace().ip("route flush cache");
        b.namespace().ip("route flush cache");
    }

    private void assertCarries(final String address, final String... options) {
        final Iperf.Transfer transfer = Iperf.tcp(a, b, address, options);
        assertTrue(transfer.received() >= BYTES, () -> transfer + weft.told());
    }

    @ParameterizedTest(name = "{0} over IPv6 {1}: {2}")
    @CsvSource({"vxlan, false, 1450", "geneve, true, 1430", "nvgre, false, 1458"})
    @Tag("V8")
    @Tag("N7")
    @Tag("G15")
    void shouldTellMachinesWhatFits(final String encap, final boolean v6, final int mtu) {
        try (Lab in = Lab.routed(2, 1500)) {
            start(in, encap, v6, "");
            final Wire seen = Wire.on(a.namespace(), "t0", "icmp or icmp6");
            final Ping.Count large = a.ping(b.ip4(), "-s", "1472", "-M", "do", "-c", "3", "-W", "1");
            assertEquals(0, large.received(), large.text());
            assertTrue(large.text().matches("(?s).*mtu ?= ?" + mtu + ".*"), large.text());
            assertLossless(a.ping(b.ip4(), "-s", String.valueOf(mtu - 28), "-M", "do"));
            // Linux cuts what follows into fragments that fit.
            final Ping.Count cut = a.ping(b.ip6(), "-s", "1452", "-c", "8", "-W", "1");
            assertTrue(cut.received() >= 1, cut.text());
            seen.stop();
            final List<String> v4 = seen.frames("icmp.type == 3 && icmp.code == 4", "icmp.mtu", "ip.src", "ip.dst");
            assertFalse(v4.isEmpty());
            final List<String> toV6 = seen.frames("icmpv6.type == 2", "icmpv6.mtu", "ipv6.src", "ipv6.dst");
            assertFalse(toV6.isEmpty());
            assertTrue(v4.getFirst().startsWith(mtu + "\t" + b.ip4()), v4.getFirst());
            assertTrue(toV6.getFirst().startsWith(mtu + "\t" + b.ip6()), toV6.getFirst());
            assertEquals(
                    List.of(),
                    seen.frames("icmp.checksum.status == 0 || icmpv6.checksum.status == 0"
                            + " || ip.checksum.status == 0"));
            assertTrue(weft.drops("too-big-told") >= 2);
            assertTrue(weft.weft("peer", "ls").contains(" " + mtu + " "));
            assertTrue(weft.weft("network", "ls").contains(" " + mtu + " "));
        }
    }

    @ParameterizedTest(name = "{0} over IPv6 {1}")
    @CsvSource({"vxlan, false", "geneve, true", "nvgre, false"})
    void shouldCarryJumboFrames(final String encap, final boolean v6) {
        try (Lab in = Lab.routed(2, 9216 + 70)) {
            start(in, encap, v6, "");
            for (final Machine machine : List.of(a, b)) {
                machine.namespace().ip("link set dev t0 mtu 9216");
            }
            assertLossless(a.ping(b.ip4(), "-s", String.valueOf(9216 - 28), "-M", "do"));
            assertLossless(a.ping(b.ip6(), "-s", String.valueOf(9216 - 48), "-M", "do"));
            assertCarries(b.ip4());
            cutByKernel(a);
            assertCarries(b.ip6());
            assertEquals(0, weft.drops("too-big-told"));
        }
    }

    @Test
    void shouldCarryTcpWhoeverCutsIt() {
        try (Lab in = Lab.routed(2, 1500)) {
            start(in, "vxlan", false, "");
            // The switch cuts, to what fits; then the machine does, and has to be told.
            assertCarries(b.ip4());
            assertCarries(b.ip6());
            cutByKernel(a);
            cutByKernel(b);
            forgetPaths();
            final long before = weft.drops("too-big-told");
            assertCarries(b.ip4());
            assertTrue(weft.drops("too-big-told") > before);
            forgetPaths();
            assertCarries(b.ip6(), "-6");
            forgetPaths();
            assertCarries(b.ip4(), "-R");
        }
    }

    @Test
    void shouldCarryTcpThroughARouterThatCarriesLess() {
        try (Lab in = Lab.routed(2, 1600)) {
            lab = in;
            lab.middle().ip("link set dev to2 mtu 1400");
            start(in, "vxlan", false, "");
            assertCarries(b.ip4());
            cutByKernel(a);
            forgetPaths();
            assertCarries(b.ip4());
            assertTrue(weft.drops("too-big-told") > 0);
            assertTrue(weft.weft("peer", "ls").contains(" 1350 "), weft.weft("peer", "ls"));
            assertTrue(
                    weft.weft("status").contains("mtu 1500 is more than the 1350 that fits network acme/web"),
                    weft.weft("status"));
        }
    }

    @Test
    void shouldCarryTcpOfMachinesThatHearNoIcmpWhenSegmentsAreClamped() {
        try (Lab in = Lab.routed(2, 1500)) {
            start(in, "vxlan", false, "");
            for (final Machine machine : List.of(a, b)) {
                cutByKernel(machine);
                // Linux's "hardened" mode: DF is set, and nobody is believed what fits.
                machine.namespace().sysctl("net.ipv4.ip_no_pmtu_disc=2", "net.ipv4.tcp_mtu_probing=0");
            }
            final Background server = b.namespace().start("iperf3", "-s", "-1", "-p", "5202", "--forceflush");
            server.awaitText("listening", Duration.ofSeconds(10));
            final Sh.Result hung = a.namespace()
                    .tryRun(Duration.ofSeconds(20), "timeout", "4", "iperf3", "-c", b.ip4(), "-p", "5202", "-n", "3M");
            assertFalse(hung.ok(), "without ICMP and without clamping it hangs");
            server.close();
            weft.weft("network", "set", "acme/web", "--mss-clamp", "on");
            final Wire seen = Wire.on(b.namespace(), "t0", "tcp[tcpflags] & tcp-syn != 0");
            assertCarries(b.ip4());
            seen.stop();
            final Set<String> sizes =
                    new HashSet<>(seen.frames("tcp.flags.syn == 1 && tcp.flags.ack == 0", "tcp.options.mss_val"));
            assertEquals(Set.of("1410"), sizes);
            assertEquals(List.of(), seen.frames("ip.src == " + a.ip4() + " && tcp.checksum.status == 0"));
        }
    }
}
