package io.weft.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.dataplane.capture.CaptureRing;
import io.weft.dataplane.capture.CapturedFrame;
import io.weft.dataplane.capture.PcapngReader;
import io.weft.dataplane.port.CaptureReader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code weft capture} against the real API and a real switch. */
final class CaptureCommandTest {
    private static final byte[] BROADCAST =
            HexFormat.of().parseHex("ffffffffffff" + "020000000001" + "88b5" + "00".repeat(46));
    private static final byte[] TAGGED =
            HexFormat.of().parseHex("ffffffffffff" + "020000000001" + "81000007" + "88b5" + "00".repeat(46));

    @TempDir
    private Path folder;

    private LiveSwitch live;

    @BeforeEach
    void start() throws IOException {
        live = new LiveSwitch(folder, LiveSwitch.TWO_MACHINES);
    }

    @AfterEach
    void stop() {
        live.close();
    }

    /** Sends again and again while the command runs: nobody knows when it begins to look. */
    private Ran sendWhile(final byte[] frame, final String... args) throws Exception {
        final CompletableFuture<Ran> running = CompletableFuture.supplyAsync(() -> live.weft(args));
        final long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!running.isDone() && System.nanoTime() < deadline) {
            live.ports.get("vm1").inject(frame);
            live.ports.get("vm2").poll();
            Thread.onSpinWait();
        }
        return running.get(20, TimeUnit.SECONDS);
    }

    @Test
    void shouldPrintFramesAsTheyPass() throws Exception {
        final Ran ran = sendWhile(BROADCAST, "capture", "vm1", "--count", "3");
        assertEquals(0, ran.status(), ran.err());
        assertEquals(3, ran.out().lines().count(), ran.out());
        final String line = ran.out().lines().findFirst().orElseThrow();
        assertTrue(
                line.matches("\\d\\d:\\d\\d:\\d\\d\\.\\d{6} in  02:00:00:00:00:01 > ff:ff:ff:ff:ff:ff "
                        + "ethertype 0x88b5, length 60"),
                line);
        assertTrue(ran.err().startsWith("weft: 3 frames"), ran.err());
    }

    @Test
    void shouldSayWhyAFrameWasDropped() throws Exception {
        final Ran ran = sendWhile(TAGGED, "capture", "vm1", "--direction", "drop", "-c", "1");
        assertTrue(ran.out().contains("vlan 7"), ran.out());
        assertTrue(ran.out().contains("[dropped: tagged-on-access-port: "), ran.out());
        assertTrue(ran.out().contains("network acme/web]"), ran.out());
    }

    @Test
    void shouldWriteWhatCanBeReadAgain() throws Exception {
        final Path file = folder.resolve("vm2.pcapng");
        final Ran ran = sendWhile(BROADCAST, "capture", "vm2", "-c", "5", "-w", file.toString(), "--snaplen", "40");
        assertEquals(0, ran.status(), ran.err());
        try (InputStream in = Files.newInputStream(file)) {
            final PcapngReader reader = new PcapngReader(in);
            final CapturedFrame frame = new CapturedFrame();
            int frames = 0;
            while (reader.next()) {
                if (reader.isFrame()) {
                    reader.frame(frame);
                    frames++;
                    assertEquals(CaptureRing.OUT, frame.direction);
                    assertEquals(40, frame.captured);
                    assertEquals(60, frame.length);
                }
            }
            assertEquals(5, frames);
            assertEquals(5, reader.delivered());
        }
        Assumptions.assumeTrue(CaptureReader.isSupported());
        try (CaptureReader libpcap = new CaptureReader(file)) {
            assertTrue(libpcap.next());
            assertEquals(40, libpcap.frame().length);
        }
    }

    @Test
    void shouldPrintJsonAndTakeAFilter() throws Exception {
        Assumptions.assumeTrue(CaptureReader.isSupported());
        final Ran ran = sendWhile(BROADCAST, "capture", "vm1", "-c", "1", "-o", "json", "ether", "proto", "0x88b5");
        assertTrue(ran.out().startsWith("{\"time\":\""), ran.out());
        assertTrue(ran.out().contains("\"direction\":\"in\""), ran.out());
        assertTrue(ran.out().contains("\"bytes\":\"" + HexFormat.of().formatHex(BROADCAST)), ran.out());
        final Ran none = sendWhile(BROADCAST, "capture", "vm1", "--duration", "300ms", "udp");
        assertEquals("", none.out());
        // A slow machine may say as well how many did not fit the ring.
        assertTrue(none.err().startsWith("weft: 0 frames"), none.err());
    }

    @Test
    void shouldEndAfterItsTimeAndLeaveRoomForOthers() {
        for (int i = 0; i < 12; i++) {
            final Ran ran = live.weft("capture", "vm1", "--duration", "20ms");
            assertEquals(0, ran.status(), ran.err());
        }
    }

    @Test
    void shouldRefuseBeforeAnythingIsCaptured() {
        final Path file = folder.resolve("none.pcapng");
        Ran ran = live.weft("capture", "vm3", "-w", file.toString());
        assertEquals(1, ran.status());
        assertTrue(ran.err().contains("there is no port \"vm3\""), ran.err());
        assertTrue(ran.err().contains("vm1"), ran.err());
        ran = live.weft("capture", "vm1", "--direction", "both");
        assertTrue(ran.err().contains("direction is in, out, drop"), ran.err());
        ran = live.weft("capture", "vm1", "--duration", "soon");
        assertTrue(ran.err().contains("duration is a time like 30s"), ran.err());
        ran = live.weft("capture", "vm1", "-w", folder.resolve("no/f.pcapng").toString());
        assertTrue(ran.err().contains("f.pcapng cannot be written: its folder is not there"), ran.err());
        Assumptions.assumeTrue(CaptureReader.isSupported());
        ran = live.weft("capture", "vm1", "-w", file.toString(), "udp", "prot", "53");
        assertEquals(1, ran.status());
        assertTrue(ran.err().contains("filter \"udp prot 53\": "), ran.err());
        assertFalse(Files.exists(file));
    }
}
