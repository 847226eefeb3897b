package io.weft.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** {@code weft capture} on real traffic, read by tshark and tcpdump; {@code weft trace} beside it. */
@Tag("system")
@Timeout(240)
class CaptureTest {
    private static final Duration LIMIT = Duration.ofSeconds(30);

    @Test
    void shouldShowFramesDirectionsAndDropReasonsToTsharkAndTcpdump() {
        try (Lab lab = Lab.routed(2, Lab.WIDE_MTU)) {
            final WeftProcess weft = WeftProcess.start(lab.host(1), yaml(lab, 2));
            WeftProcess.start(lab.host(2), yaml(lab, 1));
            final Machine a = Machine.of(lab, "a", 1).plug(lab.host(1), "t0");
            final Machine b = Machine.of(lab, "b", 2).plug(lab.host(2), "t0");
            assertTrue(a.ping(b.ip4()).received() > 0);

            final Path port = lab.newFile("port.pcapng");
            final Path wire = lab.newFile("wire.pcapng");
            final Path drops = lab.newFile("drops.pcapng");
            final Background atPort = begin(weft, port, "p", "icmp");
            final Background onWire = begin(weft, wire, "underlay", "udp port 4789");
            final Background dropped = begin(weft, drops, "p", "--direction", "drop");
            assertTrue(a.ping(b.ip4()).received() > 0);
            a.namespace().ip("link set dev %s address 02:00:00:00:00:77", a.device());
            a.namespace().tryRun(LIMIT, "ping", "-c", "2", "-W", "1", b.ip4());

            for (final Background each : List.of(atPort, onWire, dropped)) {
                // As Ctrl-C does: what is written is whole, and the command has done what it was asked.
                Sh.run("kill", "-INT", String.valueOf(each.pid()));
                assertEquals(0, each.await(LIMIT), each.err());
                assertTrue(each.err().contains(" frames"), each.err());
            }
            assertEquals(List.of("8"), distinct(port, "frame.packet_flags_direction == 1", "icmp.type"));
            assertEquals(List.of("0"), distinct(port, "frame.packet_flags_direction == 2", "icmp.type"));
            assertEquals(List.of(), fields(port, "!icmp", "frame.number"));
            assertEquals(List.of("5001"), distinct(wire, "icmp", "vxlan.vni"));
            assertEquals(
                    List.of(lab.host(1).ip4() + "," + a.ip4()), distinct(wire, "icmp.type == 8 && vxlan", "ip.src"));
            assertEquals(List.of("02:00:00:00:00:77"), distinct(drops, "frame", "eth.src"));
            assertTrue(
                    distinct(drops, "frame", "frame.comment").getFirst().startsWith("dropped: spoofed-source-mac: "));
            assertTrue(Sh.run("tcpdump", "-nr", port.toString(), "icmp").contains("ICMP echo request"));
        }
    }

    @Test
    void shouldTakeACaptureAwayWhenItsReaderIsKilled() {
        try (Lab lab = Lab.routed(2, Lab.WIDE_MTU)) {
            final WeftProcess weft = WeftProcess.start(lab.host(1), yaml(lab, 2));
            for (int i = 0; i < 8; i++) {
                final Background reader = begin(weft, lab.newFile("killed.pcapng"), "p", "");
                reader.kill();
            }
            Until.holds(
                    "room for another capture",
                    LIMIT,
                    () -> weft.tryWeft("capture", "p", "--duration", "10ms").ok());
            final String trace = weft.weft("trace", "--port", "p", "--src", "02:00:00:00:00:01");
            assertTrue(trace.contains("=> flood to tunnel " + lab.host(2).ip4()), trace);
        }
    }

    private static String yaml(final Lab lab, final int peer) {
        return """
                tenants:
                  acme:
                    networks:
                      web: {vni: 5001, encap: vxlan, peers: ["%s"]}
                ports:
                  p: {network: acme/web, tap: t0, mac: "02:00:00:00:00:0%d"}
                """.formatted(lab.host(peer).ip4(), 3 - peer);
    }

    private static Background begin(final WeftProcess weft, final Path file, final String... arguments) {
        final List<String> all = new java.util.ArrayList<>(List.of("capture", "-w", file.toString()));
        all.addAll(List.of(arguments));
        final Background running = weft.startWeft(all.toArray(String[]::new));
        running.awaitText("capturing on", LIMIT);
        return running;
    }

    private static List<String> fields(final Path file, final String filter, final String field) {
        return Sh.run("tshark", "-r", file.toString(), "-Y", filter, "-T", "fields", "-e", field)
                .lines()
                .toList();
    }

    private static List<String> distinct(final Path file, final String filter, final String field) {
        return fields(file, filter, field).stream().distinct().toList();
    }
}
