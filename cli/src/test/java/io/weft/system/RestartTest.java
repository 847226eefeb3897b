package io.weft.system;

import static io.weft.system.WeftToWeftTest.assertLossless;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What survives the end of a switch, orderly or not. */
@Tag("system")
@Timeout(180)
class RestartTest {
    private static final String FILE = """
            tenants: {acme: {networks: {web: {vni: 5001, encap: vxlan, peers: [10.2.0.1]}}}}
            ports: {p: {network: acme/web, tap: t0}}
            """;

    @Test
    void shouldHaveWhatWasAppliedAgainWhenKilled() {
        try (Lab lab = Lab.routed(2, Lab.WIDE_MTU)) {
            final WeftProcess weft = WeftProcess.start(lab.host(1), FILE);
            final WeftProcess peer = WeftProcess.start(lab.host(2), FILE.replace("10.2.0.1", "10.1.0.1"));
            final Machine a = Machine.of(lab, "a", 1).plug(lab.host(1), "t0");
            final Machine b = Machine.of(lab, "b", 2).plug(lab.host(2), "t0");
            assertLossless(a.ping(b.ip4()));
            weft.weft("tenant", "add", "other");
            weft.weft("network", "add", "other/net", "--vni", "6002", "--encap", "nvgre");
            weft.weft("peer", "add", "other/net", "10.2.0.1");
            weft.weft("port", "add", "q", "--network", "other/net", "--tap", "t1");
            final String before = weft.weft("config");

            weft.kill();
            assertTrue(Files.exists(weft.socket()), "a killed switch leaves its socket");
            weft.restart();

            assertEquals(before, weft.weft("config"));
            assertEquals(List.of("p", "q"), names(weft, "ports", "name"));
            assertEquals(List.of("acme", "other"), names(weft, "tenants", "name"));
            assertEquals(List.of("acme/web", "other/net"), names(weft, "networks", "network"));
            assertEquals(List.of("10.2.0.1", "10.2.0.1"), names(weft, "peers", "address"));
            assertTrue(lab.host(1).hasDevice("t1"));
            a.plug(lab.host(1), "t0");
            assertLossless(a.ping(b.ip4()));
            assertLossless(b.ping(a.ip6()));
            assertTrue(peer.process().isAlive());
        }
    }

    @Test
    void shouldPreferTheStateOverTheFileUntilReset() {
        try (Lab lab = Lab.routed(1, Lab.WIDE_MTU)) {
            final WeftProcess weft = WeftProcess.start(lab.host(1), FILE);
            weft.weft("port", "rm", "p");
            weft.weft("port", "add", "q", "--network", "acme/web", "--tap", "t1");
            assertEquals(0, weft.stop());
            assertFalse(Files.exists(weft.socket()), "an orderly end takes the socket away");
            assertFalse(lab.host(1).hasDevice("t1"), "an orderly end takes the TAP away");

            weft.restart();
            assertEquals(List.of("q"), names(weft, "ports", "name"));
            final String said = weft.process().out() + weft.process().err();
            assertTrue(said.contains("p") && said.contains("--reset"), "the difference is reported: " + said);
            assertEquals(0, weft.stop());

            weft.restart("--reset");
            assertEquals(List.of("p"), names(weft, "ports", "name"));
            assertFalse(lab.host(1).hasDevice("t1"));
            assertEquals(0, weft.stop());

            weft.restart();
            assertEquals(List.of("p"), names(weft, "ports", "name"), "a reset lasts");
        }
    }

    @Test
    void shouldRefuseASecondSwitchOnTheSameState() {
        try (Lab lab = Lab.routed(1, Lab.WIDE_MTU)) {
            final WeftProcess weft = WeftProcess.start(lab.host(1), FILE);
            final Background first = weft.process();

            final Background second = weft.begin();
            assertEquals(1, second.await(Duration.ofSeconds(30)));
            assertEquals(1, second.err().strip().lines().count(), second.err());
            assertTrue(first.isAlive());
            assertEquals(List.of("p"), names(weft, "ports", "name"));
            first.close();
        }
    }

    private static List<String> names(final WeftProcess weft, final String what, final String key) {
        final List<String> names = new ArrayList<>();
        for (final JsonNode row : weft.get("/v1/" + what).path(what)) {
            names.add(row.path(key).asText());
        }
        return names;
    }
}
