package io.weft.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * DPDK's virtio-user driver as a guest: every kind of ring that it has, in both socket roles, with one queue pair and with
 * four. A namespace at a TAP port pings it with frames of several sizes; echoes come back as they were sent, or ping says
 * so. The guest is ended and started again: the port takes it back.
 */
@Tag("system")
class DpdkGuestTest {
    private static final int CASES = 10;
    private static final Duration LINK = Duration.ofSeconds(20);

    private static Lab lab;
    private static WeftProcess weft;
    private static Machine machine;

    @BeforeAll
    static void start() {
        Lab.require(TestPmd.PROGRAMS);
        lab = Lab.routed(1, Lab.WIDE_MTU);
        final StringBuilder ports = new StringBuilder("ports:\n  h: {network: t/n, tap: h1}\n");
        for (int i = 1; i <= CASES; i++) {
            ports.append(
                    String.format("  g%d: {network: t/n, vhost-user: %s, mode: client, queues: 4}%n", i, client(i)));
            ports.append(
                    String.format("  s%d: {network: t/n, vhost-user: %s, mode: server, queues: 4}%n", i, server(i)));
        }
        weft = WeftProcess.start(lab.host(1), "tenants: {t: {networks: {n: {vni: 7, encap: vxlan}}}}\n" + ports);
        machine = Machine.of(lab, "m", 1).plug(lab.host(1), "h1");
    }

    private static Path client(final int number) {
        return lab.directory().resolve("g" + number + ".sock");
    }

    private static Path server(final int number) {
        return lab.directory().resolve("s" + number + ".sock");
    }

    @AfterAll
    static void end() {
        if (lab != null) {
            lab.close();
        }
    }

    @ParameterizedTest(name = "{1}, {2} queue pairs, the guest serves: {3}")
    @CsvSource(
            delimiter = '|',
            value = {
                "1|mrg_rxbuf=1,in_order=0|1|true|",
                "2|mrg_rxbuf=0,in_order=0|1|false|mrg_rxbuf",
                "3|mrg_rxbuf=1,in_order=1|4|true|",
                "4|mrg_rxbuf=0,in_order=1|4|false|mrg_rxbuf",
                "5|packed_vq=1,mrg_rxbuf=1,in_order=0|1|true|",
                "6|packed_vq=1,mrg_rxbuf=0,in_order=0|1|false|mrg_rxbuf",
                "7|packed_vq=1,mrg_rxbuf=1,in_order=1|4|true|",
                "8|packed_vq=1,mrg_rxbuf=0,in_order=1|4|false|mrg_rxbuf",
                "9|packed_vq=1,mrg_rxbuf=1,in_order=1,vectorized=1|1|true|",
                "10|mrg_rxbuf=0,in_order=0,vectorized=1|1|true|mrg_rxbuf",
            })
    void shouldEchoWhateverTheRings(
            final int number, final String options, final int queues, final boolean serves, final String without) {
        final String port = (serves ? "g" : "s") + number;
        for (int round = 1; round <= 2; round++) {
            final Background guest =
                    TestPmd.start(lab.host(1), serves ? client(number) : server(number), serves, queues, options);
            try {
                Until.holds(
                        "port " + port + " up",
                        LINK,
                        () -> row(port).path("state").asText().equals("up"));
                // The port is up as soon as the driver is, a moment before testpmd forwards.
                final String guestAddress = "192.168.7." + (100 + number);
                Until.holds(
                        "an answer of " + guestAddress,
                        LINK,
                        () -> machine.ping(guestAddress, "-c", "1", "-W", "1").received() > 0);
                machine.forgetNeighbours();
                for (final String size : List.of("10", "56", "1000", "1472")) {
                    final Ping.Count count = machine.ping(guestAddress, "-s", size, "-c", "20", "-i", "0.01");
                    assertTrue(count.lossless(), options + ", round " + round + ": " + count.text());
                }
                check(row(port), options, queues, without);
            } finally {
                guest.close();
            }
            Until.holds(
                    "port " + port + " down",
                    LINK,
                    () -> !row(port).path("state").asText().equals("up"));
        }
        assertEquals(0, weft.drops("bad-descriptor"), "frames refused of a driver that does nothing wrong");
    }

    private static void check(final JsonNode row, final String options, final int queues, final String without) {
        final List<String> features = new ArrayList<>();
        final JsonNode vhost = row.path("vhost");
        vhost.path("features").forEach(feature -> features.add(feature.asText()));
        assertEquals(options.contains("packed_vq=1"), features.contains("ring_packed"), row.toString());
        assertTrue(features.contains("version_1"), row.toString());
        if (without != null) {
            assertFalse(features.contains(without), row.toString());
        }
        assertEquals(2 * queues, vhost.path("rings").size(), row.toString());
        vhost.path("rings").forEach(ring -> {
            assertEquals(256, ring.path("size").asInt(), row.toString());
            assertEquals(0, ring.path("faults").asLong(), row.toString());
        });
    }

    private static JsonNode row(final String port) {
        for (final JsonNode row : weft.get("/v1/ports").path("ports")) {
            if (row.path("name").asText().equals(port)) {
                return row.path("status");
            }
        }
        throw new AssertionError("no port " + port);
    }
}
