package io.weft.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.dataplane.port.CaptureReader;
import io.weft.dataplane.port.CaptureWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code weft trace} against the real API and a real switch. */
final class TraceCommandTest {
    private static final String CONFIGURATION = """
            name: hv1
            underlay: {address: 10.1.0.1}
            tenants:
              acme:
                networks:
                  web: {vni: 5001, peers: [10.2.0.1]}
            ports:
              vm1: {network: acme/web, tap: vm1}
              vm2: {network: acme/web, tap: vm2, mac: 02:00:00:00:00:02}
              fw: {trunk: {10: acme/web}, tap: fw}
            """;
    private static final String BROADCAST = "ffffffffffff" + "020000000001" + "88b5" + "00".repeat(46);

    @TempDir
    private Path folder;

    private LiveSwitch live;

    @BeforeEach
    void start() throws IOException {
        live = new LiveSwitch(folder, CONFIGURATION);
    }

    @AfterEach
    void stop() {
        live.close();
    }

    private String traced(final String... args) {
        final String[] all = new String[args.length + 1];
        all[0] = "trace";
        System.arraycopy(args, 0, all, 1, args.length);
        final Ran ran = live.weft(all);
        assertEquals(0, ran.status(), ran.err());
        return ran.out();
    }

    @Test
    void shouldSayWhereAFrameByFieldsGoes() {
        final String text = traced("--port", "vm1", "--src", "02:00:00:00:00:01");
        assertTrue(text.startsWith("02:00:00:00:00:01 > ff:ff:ff:ff:ff:ff"), text);
        assertTrue(text.contains("  network        acme/web, the port's\n"), text);
        assertTrue(text.contains("  tag            VLAN 10 is put on for fw\n"), text);
        assertTrue(text.contains("  => flood to fw, vm2, tunnel 10.2.0.1\n"), text);
        assertTrue(live.weft("mac", "ls").out().lines().count() <= 1, "nothing was learned");
    }

    @Test
    void shouldSayWhyAFrameIsDropped() {
        String text =
                traced("--port", "vm2", "--src", "02:00:00:00:00:01", "--ip", "10.0.0.1,10.0.0.2", "--udp", "5,53");
        assertTrue(text.contains("10.0.0.1.5 > 10.0.0.2.53: UDP"), text);
        assertTrue(text.contains("this port may use 02:00:00:00:00:02 alone"), text);
        assertTrue(text.contains("  => dropped: source address is not the one this port may use\n"), text);
        text = traced("--port", "fw", "--src", "02:00:00:00:00:01", "--vlan", "11");
        assertTrue(text.contains("dropped: VLAN that the trunk port has no network for"), text);
        text = traced("--port", "vm1", "--src", "02:00:00:00:00:01", "--size", "1600");
        assertTrue(text.contains("tunnel 10.2.0.1 (dropped: too-big-for-tunnel)"), text);
    }

    @Test
    void shouldExplainHexAsJson() {
        final String text = traced("--port", "vm1", "--hex", BROADCAST, "-o", "json");
        assertTrue(text.contains("\"verdict\" : \"flood\""), text);
        assertTrue(text.contains("\"to\" : \"vm2\""), text);
    }

    @Test
    void shouldExplainWhatComesThroughTunnels() {
        final String text = traced("--endpoint", "10.2.0.1", "--vni", "5001", "--src", "02:00:00:00:00:09");
        assertTrue(text.contains("  endpoint       10.2.0.1 is a peer\n"), text);
        assertTrue(text.contains("  => flood to fw, vm1, vm2\n"), text);
        final String stranger = traced("--endpoint", "10.2.0.2", "--vni", "5001", "--src", "02:00:00:00:00:09");
        assertTrue(stranger.contains("is no peer of the network"), stranger);
        final String packet = traced("--underlay", "--hex", BROADCAST);
        assertTrue(packet.contains("=> dropped: underlay frame that is not IP"), packet);
    }

    @Test
    void shouldExplainTheFramesOfACapture() {
        Assumptions.assumeTrue(CaptureReader.isSupported());
        final Path file = folder.resolve("in.pcap");
        try (CaptureWriter writer = new CaptureWriter(file)) {
            writer.write(1, HexFormat.of().parseHex(BROADCAST));
            writer.write(2, HexFormat.of().parseHex("ffffffffffff" + "000000000000" + "88b5" + "00".repeat(46)));
        }
        final String text = traced("--port", "vm1", "--pcap", file.toString());
        assertTrue(text.contains("=> flood to "), text);
        assertTrue(text.contains("=> dropped: source address is zero"), text);
    }

    @Test
    void shouldExplainRealFrames() throws Exception {
        final CompletableFuture<Ran> running =
                CompletableFuture.supplyAsync(() -> live.weft("trace", "--port", "vm1", "--live", "", "-c", "2"));
        final long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!running.isDone() && System.nanoTime() < deadline) {
            live.ports.get("vm1").inject(HexFormat.of().parseHex(BROADCAST));
            live.ports.get("vm2").poll();
            live.ports.get("fw").poll();
            Thread.onSpinWait();
        }
        final Ran ran = running.get(20, TimeUnit.SECONDS);
        assertEquals(0, ran.status(), ran.err());
        assertEquals(
                2,
                ran.out()
                        .lines()
                        .filter(line -> line.contains("=> flood to fw, vm2"))
                        .count(),
                ran.out());
    }

    @Test
    void shouldAskForWhatIsMissing() {
        assertEquals(2, live.weft("trace", "--hex", BROADCAST).status());
        assertEquals(2, live.weft("trace", "--port", "vm1").status());
        assertEquals(
                2,
                live.weft("trace", "--endpoint", "10.2.0.1", "--hex", BROADCAST).status());
        assertEquals(2, live.weft("trace", "--port", "vm1", "--hex", "xyz").status());
        final Ran ran = live.weft("trace", "--port", "vm9", "--hex", BROADCAST);
        assertEquals(1, ran.status());
        assertTrue(ran.err().contains("there is no port \"vm9\""), ran.err());
    }
}
