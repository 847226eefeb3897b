package io.weft.system;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Files through tunnels to others' switches, between machines that give and take large TCP frames: what was cut on the way
 * out, and put together on the way in, is the same file.
 */
@Tag("system")
@Timeout(180)
class LargeFramesInteropTest {
    /** Bytes of the largest frame on the way between the hosts, inside a tunnel. */
    private static final int WIRE_FRAME = 1514;

    private static String config(final String encap, final String peer) {
        return """
                tenants: {acme: {networks: {web: {vni: 5001, encap: %s, peers: ["%s"]}}}}
                ports: {p: {network: acme/web, tap: t0}}
                """.formatted(encap, peer);
    }

    @ParameterizedTest(name = "over IPv6 {0}, checksums {1}")
    @CsvSource({"false, noudpcsum", "false, udpcsum", "true, udpcsum"})
    void shouldCarryFilesWholeWhenThePeerIsLinux(final boolean v6, final String option) {
        try (Lab lab = Lab.routed(2, Lab.WIDE_MTU)) {
            final LinuxVxlan linux =
                    LinuxVxlan.unicast(lab.host(2), 5001, 4789, lab.host(1).address(v6), option);
            WeftProcess.start(lab.host(1), config("vxlan", lab.host(2).address(v6)));
            final Machine a = Machine.of(lab, "a", 1).plug(lab.host(1), "t0");
            final Machine b = linux.machine("b", 2);
            // Linux gives its tunnel large frames too.
            b.namespace().run("ethtool", "-K", "eth0", "tx", "on", "tso", "on", "gso", "on");
            carryBothWays(a, b);
        }
    }

    @ParameterizedTest(name = "{0} over IPv6 {1}")
    @CsvSource({"vxlan, false, vxlan", "geneve, true, geneve"})
    void shouldCarryFilesWholeWhenThePeerIsOpenVswitch(final String encap, final boolean v6, final String type) {
        try (Lab lab = Lab.routed(2, Lab.WIDE_MTU)) {
            final OvsUserspace ovs = OvsUserspace.start(lab.host(2))
                    .tunnel("tun0", type, lab.host(1).address(v6), "key=5001");
            WeftProcess.start(lab.host(1), config(encap, lab.host(2).address(v6)));
            final Machine a = Machine.of(lab, "a", 1).plug(lab.host(1), "t0");
            carryBothWays(a, ovs.machine("b", 2));
        }
    }

    private static void carryBothWays(final Machine a, final Machine b) {
        // Open vSwitch drops what it has no neighbour for until it has one.
        Until.holds(
                "a first echo",
                Duration.ofSeconds(20),
                () -> a.ping(b.ip4(), "-c", "1", "-W", "1").lossless());
        for (final String family : new String[] {"IPv4", "IPv6"}) {
            final boolean v6 = family.equals("IPv6");
            final long[] before = counts(a, "tx");
            FileTransfer.assertSame(a, b, v6 ? b.ip6() : b.ip4());
            final double sent = mean(before, counts(a, "tx"));
            final long[] then = counts(a, "rx");
            FileTransfer.assertSame(b, a, v6 ? a.ip6() : a.ip4());
            final double received = mean(then, counts(a, "rx"));
            System.out.printf("%s: frames of %.0f bytes sent, of %.0f received%n", family, sent, received);
            assertTrue(sent > 2 * WIRE_FRAME, "large frames into the switch: " + sent);
            assertTrue(received > WIRE_FRAME, "frames put together by the switch: " + received);
        }
    }

    /** Bytes and frames of the machine's device. */
    private static long[] counts(final Machine machine, final String direction) {
        try {
            final JsonNode device = new ObjectMapper()
                    .readTree(Sh.run(
                            "ip",
                            "-n",
                            machine.namespace().name(),
                            "-s",
                            "-j",
                            "link",
                            "show",
                            "dev",
                            machine.device()))
                    .path(0);
            final JsonNode counts = device.path("stats64").path(direction);
            return new long[] {
                counts.path("bytes").asLong(), counts.path("packets").asLong()
            };
        } catch (final JsonProcessingException e) {
            throw new AssertionError(e);
        }
    }

    private static double mean(final long[] before, final long[] after) {
        return (double) (after[0] - before[0]) / Math.max(1, after[1] - before[1]);
    }
}
