package io.weft.system;

import static io.weft.system.WeftToWeftTest.assertLossless;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A switch that is a host of its own on the wire, as Linux sees it. */
@Tag("system")
@Timeout(180)
class OwnedUnderlayTest {
    private static String network(final String peer) {
        return """
                tenants: {acme: {networks: {web: {vni: 5001, encap: vxlan, peers: ["%s"]}}}}
                ports: {p: {network: acme/web, tap: t0}}
                """.formatted(peer);
    }

    @Test
    void shouldBeFoundAndAnswerAsAHostWhenLinuxAsks() {
        try (Lab lab = Lab.routed(2, Lab.WIDE_MTU)) {
            final Host own = lab.host(1).giveAway();
            final Wire wire = Wire.underlay(own);
            final WeftProcess weft = WeftProcess.start(own, network(lab.host(2).ip4()));
            Until.holds(
                    "an echo of IPv4",
                    Duration.ofSeconds(10),
                    () -> lab.host(2)
                            .tryRun(Duration.ofSeconds(5), "ping", "-c", "1", "-W", "1", own.ip4())
                            .ok());
            Until.holds(
                    "an echo of IPv6",
                    Duration.ofSeconds(10),
                    () -> lab.host(2)
                            .tryRun(Duration.ofSeconds(5), "ping", "-c", "1", "-W", "1", own.ip6())
                            .ok());
            final String neighbors = lab.middle().ip("neigh show");
            assertTrue(neighbors.contains(own.ip4() + " dev to1 lladdr 02:00:0a:01:00:01"), neighbors);
            assertTrue(neighbors.contains(own.ip6() + " dev to1 lladdr 02:00:0a:01:00:01"), neighbors);
            Until.holds(
                    "the router is known",
                    Duration.ofSeconds(10),
                    () -> weft.weft("neighbor", "ls").contains("reachable"));
            wire.stop();
            assertEquals(List.of(), wire.complaints());
            assertFalse(wire.frames("arp.isgratuitous == 1 && arp.src.proto_ipv4 == " + own.ip4())
                    .isEmpty());
        }
    }

    @Test
    void shouldLowerThePathWhenARouterSaysSo() {
        try (Lab lab = Lab.routed(2, Lab.WIDE_MTU)) {
            final Host own = lab.host(1).giveAway();
            lab.middle().ip("link set dev to2 mtu 1400");
            final LinuxVxlan linux = LinuxVxlan.unicast(lab.host(2), 5001, 4789, own.ip4(), "noudpcsum");
            final WeftProcess weft = WeftProcess.start(own, network(lab.host(2).ip4()));
            final Machine a = Machine.of(lab, "a", 1).plug(own, "t0");
            final Machine b = linux.machine("b", 2);
            assertLossless(a.ping(b.ip4()));
            // The first is lost on the path, which tells the switch; the next is answered by the switch.
            Until.holds("the path's MTU", Duration.ofSeconds(10), () -> {
                a.ping(b.ip4(), "-c", "1", "-W", "1", "-s", "1472", "-M", "do");
                return weft.json("peer", "ls").toString().contains("1350");
            });
            final Ping.Count refused = a.ping(b.ip4(), "-c", "1", "-W", "1", "-s", "1472", "-M", "do");
            assertEquals(0, refused.received(), refused.text());
            assertLossless(a.ping(b.ip4(), "-s", "1300", "-M", "do"));
            assertTrue(Iperf.tcp(a, b, b.ip4()).received() > 2_000_000);
        }
    }

    @Test
    void shouldSpeakOnItsVlanAlone() {
        try (Lab lab = Lab.bridged(2, Lab.WIDE_MTU)) {
            final Host own = lab.host(1).giveAway();
            final Host other = lab.host(2);
            other.ip("addr flush dev eth0");
            assumeTrue(
                    other.tryRun(
                                    Duration.ofSeconds(5),
                                    "ip",
                                    "link",
                                    "add",
                                    "link",
                                    "eth0",
                                    "name",
                                    "eth0.100",
                                    "type",
                                    "vlan",
                                    "id",
                                    "100")
                            .ok(),
                    "this kernel has no VLAN devices");
            other.ip("addr add %s/24 dev eth0.100", other.ip4());
            other.ip("link set dev eth0.100 up");
            final LinuxVxlan linux = LinuxVxlan.unicast(other, 5001, 4789, own.ip4(), "noudpcsum");
            final WeftProcess weft = WeftProcess.start(own, own.underlay(", vlan: 100") + network(other.ip4()));
            final Machine a = Machine.of(lab, "a", 1).plug(own, "t0");
            final Machine b = linux.machine("b", 2);
            Until.holds(
                    "an echo",
                    Duration.ofSeconds(10),
                    () -> a.ping(b.ip4(), "-c", "1", "-W", "1").lossless());
            assertLossless(b.ping(a.ip4()));
            assertEquals(other.ip4(), weft.locationOf("acme/web", b.mac()));
        }
    }
}
