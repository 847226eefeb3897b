package io.weft.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.BitSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A change is made as a difference: what it does not name loses no frame. */
@Tag("system")
@Timeout(180)
class ApplyUnderTrafficTest {
    private static String config(final String peers, final String networks, final String ports) {
        return """
                tenants:
                  acme:
                    networks:
                      web: {vni: 5001, encap: vxlan, peers: [%s]}
                      %s
                ports:
                  a: {network: acme/web, tap: ta}
                  b: {network: acme/web, tap: tb}
                  %s
                """.formatted(peers, networks, ports);
    }

    @Test
    void shouldLoseNoFrameOfOtherPortsWhenPortsPeersAndNetworksComeAndGo() {
        try (Lab lab = Lab.routed(3, Lab.WIDE_MTU)) {
            final Host host = lab.host(1);
            final WeftProcess weft = WeftProcess.start(host, config("10.2.0.1", "", ""));
            WeftProcess.start(lab.host(2), config("10.1.0.1", "", ""));
            final Machine a = Machine.of(lab, "a", 1).plug(host, "ta");
            final Machine b = Machine.of(lab, "b", 2).plug(host, "tb");
            final Machine far = Machine.of(lab, "far", 3).plug(lab.host(2), "ta");
            assertTrue(a.ping(far.ip4()).lossless());
            final Background local = Ping.stream(a.namespace(), b.ip4());
            final Background remote = Ping.stream(a.namespace(), far.ip4());

            for (int round = 0; round < 3; round++) {
                weft.apply(config(
                        "10.2.0.1, 10.3.0.1, \"fd00:2::1\"",
                        "db: {vni: 6002, encap: nvgre, peers: [10.3.0.1]}",
                        "c: {network: acme/web, tap: tc}\n  d: {network: acme/db, tap: td}"));
                assertTrue(host.hasDevice("tc") && host.hasDevice("td"));
                weft.apply(config("10.2.0.1", "", ""));
                assertTrue(!host.hasDevice("tc") && !host.hasDevice("td"));
            }
            weft.weft("port", "add", "e", "--network", "acme/web", "--tap", "te");
            weft.weft("peer", "add", "acme/web", "10.3.0.1");
            weft.weft("peer", "rm", "acme/web", "10.3.0.1");
            weft.weft("port", "rm", "e");

            assertWhole(Ping.finish(local));
            assertWhole(Ping.finish(remote));
            assertTrue(weft.get("/v1/stats").path("balanced").asBoolean(), "the books balance");
        }
    }

    private static void assertWhole(final Ping.Stream count) {
        assertEquals(new BitSet(), count.missing(), "lost, of " + count.received());
        assertEquals(0, count.duplicates());
        assertTrue(count.received() > 400, "stream of " + count.received());
    }
}
