package io.weft.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The lab itself, without Weft: the peers reach each other, so that a failure beside them is Weft's. */
@Tag("system")
@Timeout(120)
class PeersTest {
    @ParameterizedTest(name = "IPv6 underlay {0}")
    @ValueSource(booleans = {false, true})
    void shouldReachEachOtherWhenLinuxVxlanMeetsOpenVswitch(final boolean v6) {
        try (Lab lab = Lab.routed(2, Lab.WIDE_MTU)) {
            final LinuxVxlan linux =
                    LinuxVxlan.unicast(lab.host(1), 5001, 4789, lab.host(2).address(v6));
            final OvsUserspace ovs = OvsUserspace.start(lab.host(2))
                    .tunnel("tun0", "vxlan", lab.host(1).address(v6), "key=5001");
            final Machine a = linux.machine("a", 1);
            final Machine b = ovs.machine("b", 2);
            final Wire wire = Wire.underlay(lab.host(1), "udp");

            assertReached(a.ping(b.ip4(), "-w", "10"));
            assertReached(b.ping(a.ip6(), "-s", "1452", "-w", "10"));
            assertTrue(Iperf.tcp(a, b, b.ip4()).received() > 100_000);

            wire.stop();
            assertEquals(List.of(), wire.complaints());
            assertTrue(wire.frames("vxlan.vni == 5001").size() > 20);
            assertTrue(linux.learned(b.mac(), lab.host(2).address(v6)));
            assertTrue(ovs.learned(a.mac(), "tun0"));
        }
    }

    private static void assertReached(final Ping.Count count) {
        assertTrue(count.received() > 5, count.text());
    }
}
