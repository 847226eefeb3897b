package io.weft.system;

import static io.weft.system.WeftToWeftTest.assertLossless;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** An underlay that is too narrow for the largest frame: dropped and counted, never sent in fragments. */
@Tag("system")
@Timeout(120)
class PathMtuTest {
    @ParameterizedTest(name = "{0} over IPv6 {1}")
    @CsvSource({"vxlan, false", "vxlan, true", "nvgre, false", "nvgre, true", "geneve, false"})
    @Tag("V8")
    @Tag("N7")
    @Tag("G15")
    void shouldDropAndCountWhatTheUnderlayDoesNotCarry(final String encap, final boolean v6) {
        try (Lab lab = Lab.routed(2, 1500)) {
            final String config = """
                    tenants: {acme: {networks: {web: {vni: 5001, encap: %s, peers: ["%s"]}}}}
                    ports: {p: {network: acme/web, tap: t0}}
                    """;
            final WeftProcess weft = WeftProcess.start(
                    lab.host(1), config.formatted(encap, lab.host(2).address(v6)));
            WeftProcess.start(lab.host(2), config.formatted(encap, lab.host(1).address(v6)));
            final Machine a = Machine.of(lab, "a", 1).plug(lab.host(1), "t0");
            final Machine b = Machine.of(lab, "b", 2).plug(lab.host(2), "t0");
            // A machine that does not care for the MTU that its port has.
            a.namespace().ip("link set dev t0 mtu 1500");
            b.namespace().ip("link set dev t0 mtu 1500");
            final Wire wire = Wire.underlay(lab.host(1));

            assertLossless(a.ping(b.ip4(), "-s", "1380"));
            final Ping.Count large = a.ping(b.ip4(), "-s", "1472", "-M", "do", "-c", "3", "-W", "1");
            assertEquals(0, large.received(), large.text());
            assertLossless(a.ping(b.ip4(), "-s", "1380"));

            wire.stop();
            assertFalse(wire.frames(encap.equals("nvgre") ? "gre" : encap).isEmpty());
            assertEquals(
                    List.of(),
                    wire.frames("ip.flags.mf == 1 || ip.frag_offset > 0 || ipv6.fraghdr.nxt"),
                    "no fragments on the wire");
            assertTrue(weft.drops("too-big-told") > 0);
            assertEquals(0, weft.drops("too-big-for-tunnel"));
            assertTrue(wire.complaints().isEmpty());
        }
    }
}
