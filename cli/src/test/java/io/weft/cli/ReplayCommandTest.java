package io.weft.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.weft.dataplane.port.CaptureReader;
import io.weft.dataplane.port.CaptureWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReplayCommandTest {
    private static final String CONFIG = """
            name: hv1
            underlay: {address: 10.1.0.1, mtu: 1600}
            tenants:
              acme:
                networks:
                  web: {vni: 5001, peers: [10.2.0.1], macs: {"02:00:00:00:00:09": vm2}}
            ports:
              vm1: {network: acme/web, tap: vm1}
              vm2: {network: acme/web, vhost-user: /run/vm2.sock}
            """;

    @TempDir
    private Path folder;

    @BeforeAll
    static void needsLibpcap() {
        assumeTrue(CaptureReader.isSupported(), "libpcap is not installed");
    }

    private String config(final String text) throws IOException {
        return Files.writeString(folder.resolve("weft.yaml"), text).toString();
    }

    private String capture() {
        final Path file = folder.resolve("in.pcap");
        try (CaptureWriter writer = new CaptureWriter(file)) {
            writer.write(1, HexFormat.of().parseHex("020000000009" + "020000000001" + "88b5" + "00".repeat(46)));
            writer.write(2, HexFormat.of().parseHex("ffffffffffff" + "020000000001" + "88b5" + "00".repeat(46)));
            writer.write(3, HexFormat.of().parseHex("020000000009" + "010000000001" + "88b5" + "00".repeat(46)));
        }
        return file.toString();
    }

    @Test
    void shouldWriteCapturesAndPrintCounts() throws IOException {
        final Path result = folder.resolve("result");
        final Ran ran =
                Ran.weft("replay", "-c", config(CONFIG), "--in", "vm1=" + capture(), "--out", result.toString());
        assertEquals("", ran.err());
        assertEquals(0, ran.status());
        assertTrue(ran.out().startsWith("3 frames in, 3 out, 1 dropped\n"), ran.out());
        assertTrue(ran.out().contains("bad-source-mac"), ran.out());
        try (CaptureReader reader = new CaptureReader(result.resolve("vm2.pcap"))) {
            int frames = 0;
            while (reader.next()) {
                frames++;
            }
            assertEquals(2, frames);
        }
        assertTrue(Files.exists(result.resolve("underlay.pcap")));
        assertTrue(!Files.exists(result.resolve("vm1.pcap")));
        assertTrue(Files.readString(result.resolve("counts.json")).contains("\"dropped\" : 1"));
    }

    @Test
    void shouldFailInOneLineWhenPortIsUnknown() throws IOException {
        final String out = folder.resolve("result").toString();
        final Ran ran = Ran.weft("replay", "-c", config(CONFIG), "--in", "vm3=" + capture(), "--out", out);
        assertEquals(1, ran.status());
        assertTrue(ran.err().startsWith("weft: there is no port vm3 to put "), ran.err());
        assertEquals(1, ran.err().lines().count());
    }

    @Test
    void shouldPrintEveryComplaintWhenConfigurationIsWrong() throws IOException {
        final String out = folder.resolve("result").toString();
        final String wrong = config(CONFIG.replace("vni: 5001", "vni: 0").replace("name: hv1", "nam: hv1"));
        final Ran ran = Ran.weft("replay", "-c", wrong, "--in", "vm1=" + capture(), "--out", out);
        assertEquals(1, ran.status());
        assertTrue(ran.err().lines().count() >= 3, ran.err());
        assertTrue(!Files.exists(folder.resolve("result")));
    }

    @Test
    void shouldSayUsageWhenInputIsMissing() throws IOException {
        assertEquals(2, Ran.weft("replay", "-c", config(CONFIG), "--out", "x").status());
    }
}
