package io.weft.system;

import static io.weft.system.WeftToWeftTest.assertLossless;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A switch and Linux's own vxlan device. */
@Tag("system")
@Timeout(180)
class LinuxVxlanTest {
    private static final String GROUP = "239.1.1.1";

    /** Weft's side: host 1, machine a on the TAP device t0. */
    private static String config(final String network) {
        return """
                tenants: {acme: {networks: {web: {vni: 5001, encap: vxlan, %s}}}}
                ports: {p: {network: acme/web, tap: t0}}
                """.formatted(network);
    }

    @ParameterizedTest(name = "IPv6 {0}, Linux: {1}, Weft: {2}, wire of its own {3}")
    @CsvSource({
        "false, udpcsum, auto, false",
        "false, noudpcsum, auto, false",
        "false, noudpcsum, on, false",
        "true, udpcsum, auto, false",
        "true, udp6zerocsumtx udp6zerocsumrx, off, false",
        "false, udpcsum, auto, true",
        "false, noudpcsum, on, true",
        "true, udpcsum, auto, true",
        "true, udp6zerocsumtx udp6zerocsumrx, off, true",
    })
    @Tag("V5")
    @Tag("V6")
    @Tag("V7")
    @Tag("V13")
    @Tag("U1")
    @Tag("U3")
    void shouldLearnFromEachOtherWhenThePeerIsLinux(
            final boolean v6, final String linuxOptions, final String checksum, final boolean owned) {
        try (Lab lab = Lab.routed(2, Lab.WIDE_MTU)) {
            if (owned) {
                lab.host(1).giveAway();
            }
            final String peer = lab.host(2).address(v6);
            final String self = lab.host(1).address(v6);
            final LinuxVxlan linux = LinuxVxlan.unicast(lab.host(2), 5001, 4789, self, linuxOptions.split(" ", -1));
            final WeftProcess weft =
                    WeftProcess.start(lab.host(1), config("peers: [\"" + peer + "\"], udp-checksum: " + checksum));
            final Machine a = Machine.of(lab, "a", 1).plug(lab.host(1), "t0");
            final Machine b = linux.machine("b", 2);
            final Wire wire = Wire.underlay(lab.host(1), "udp", "port", "4789");

            assertLossless(b.ping(a.ip4()));
            assertLossless(a.ping(b.ip4(), "-s", "1472", "-M", "do"));
            assertLossless(a.ping(b.ip6(), "-s", "1452", "-M", "do"));
            assertTrue(Iperf.tcp(a, b, b.ip4()).received() > 2_000_000);
            assertTrue(Iperf.tcp(a, b, b.ip6(), "-R").received() > 2_000_000);
            assertTrue(Iperf.udp(a, b, b.ip4(), "-l", "1400").received() > 1_000_000);

            wire.stop();
            assertEquals(peer, weft.locationOf("acme/web", b.mac()));
            assertEquals("p", weft.locationOf("acme/web", a.mac()));
            assertTrue(linux.learned(a.mac(), self), "Linux learned where a is");
            final String zero = "vxlan && udp.checksum == 0 && ip" + (v6 ? "v6" : "") + ".src == " + self;
            if (checksum.equals("off")) {
                assertFalse(wire.frames(zero).isEmpty(), "sent without checksum");
            } else {
                assertEquals(List.of(), wire.complaints());
            }
            if ((v6 && checksum.equals("auto")) || checksum.equals("on")) {
                assertEquals(List.of(), wire.frames(zero), "sent with checksum");
            }
        }
    }

    @Test
    @Tag("U1")
    @Tag("U2")
    void shouldRefuseZeroChecksumsOverIpv6WhenTheNetworkDoesNotAllowThem() {
        try (Lab lab = Lab.routed(2, Lab.WIDE_MTU)) {
            final LinuxVxlan linux =
                    LinuxVxlan.unicast(lab.host(2), 5001, 4789, lab.host(1).ip6(), "udp6zerocsumtx", "udp6zerocsumrx");
            final WeftProcess weft = WeftProcess.start(
                    lab.host(1), config("peers: [\"" + lab.host(2).ip6() + "\"]"));
            final Machine a = Machine.of(lab, "a", 1).plug(lab.host(1), "t0");
            final Machine b = linux.machine("b", 2);

            final Ping.Count refused = b.ping(a.ip4(), "-c", "3", "-W", "1");
            assertEquals(0, refused.received(), refused.text());
            // The kernel refuses them below the socket, and the switch tells the kernel's count.
            assertTrue(
                    weft.get("/v1/drops").toString().contains("wrong UDP checksum"),
                    weft.get("/v1/drops").toString());

            weft.apply(config("udp-checksum: off, peers: [\"" + lab.host(2).ip6() + "\"]"));
            // The network is another one now, and its ports with it.
            a.plug(lab.host(1), "t0");
            Until.holds(
                    "echoes after udp-checksum: off",
                    Duration.ofSeconds(10),
                    () -> b.ping(a.ip4(), "-c", "3").lossless());
        }
    }

    @Test
    @Tag("V14")
    void shouldUseTheGroupAndLeaveItWithTheLastPort() {
        try (Lab lab = Lab.bridged(3, Lab.WIDE_MTU)) {
            final String group = "group: " + GROUP;
            final WeftProcess weft = WeftProcess.start(
                    lab.host(1), "underlay: {address: [" + lab.host(1).ip4() + "], accept: any}\n" + config(group));
            final Machine a = Machine.of(lab, "a", 1).plug(lab.host(1), "t0");
            final Machine b =
                    LinuxVxlan.multicast(lab.host(2), 5001, 4789, GROUP).machine("b", 2);
            final Machine c =
                    LinuxVxlan.multicast(lab.host(3), 5001, 4789, GROUP).machine("c", 3);
            assertTrue(joined(lab.host(1)), "joined with the first port");
            final Wire wire = Wire.underlay(lab.host(1));

            assertLossless(a.ping(b.ip4()));
            assertLossless(c.ping(a.ip6()));
            assertEquals(lab.host(2).ip4(), weft.locationOf("acme/web", b.mac()));
            assertFalse(wire.frames("vxlan && ip.dst == " + GROUP + " && ip.src == "
                            + lab.host(1).ip4())
                    .isEmpty());

            weft.weft("port", "rm", "p");
            Until.holds("the group left", Duration.ofSeconds(5), () -> !joined(lab.host(1)));
            Until.holds(
                    "IGMP's leave",
                    Duration.ofSeconds(5),
                    () -> !wire.frames("igmp && ip.src == " + lab.host(1).ip4() + " && igmp.record_type == 3")
                            .isEmpty());
            weft.weft("port", "add", "p", "--network", "acme/web", "--tap", "t0");
            assertTrue(joined(lab.host(1)), "joined again");
            wire.stop();
            assertFalse(wire.frames("igmp && igmp.maddr == " + GROUP).isEmpty());
        }
    }

    private static boolean joined(final Host host) {
        return host.ip("maddr show dev eth0").contains(GROUP);
    }
}
