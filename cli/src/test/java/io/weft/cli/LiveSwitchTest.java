package io.weft.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.dataplane.port.MemoryPort;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands against the real API and a real switch. */
final class LiveSwitchTest {
    private static final byte[] BROADCAST =
            HexFormat.of().parseHex("ffffffffffff" + "020000000001" + "88b5" + "00".repeat(46));

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

    @Test
    void shouldAddChangeListAndRemove() {
        succeed("tenant", "add", "umbrella", "--flow-cache", "4k");
        assertEquals(1, live.weft("tenant", "add", "umbrella").status(), "added twice");
        succeed("tenant", "set", "umbrella", "--flow-cache", "8192");
        assertTrue(succeed("tenant", "ls").contains("8,192"));
        succeed("network", "add", "umbrella/a", "--vni", "7001", "--encap", "geneve", "--mac-age", "5m");
        succeed("network", "set", "umbrella/a", "--mac-limit", "100");
        succeed("peer", "add", "umbrella/a", "10.3.0.1");
        assertTrue(succeed("peer", "add", "umbrella/a", "10.3.0.1").contains("nothing to do"));
        assertTrue(succeed("network", "ls", "umbrella").contains("10.3.0.1"));
        assertTrue(succeed("peer", "ls", "umbrella/a").contains("10.3.0.1"));
        succeed("port", "add", "vm3", "--network", "umbrella/a", "--tap", "vm3", "--mac", "02:00:00:00:00:03");
        succeed("port", "add", "fw", "--trunk", "10=acme/web,20=umbrella/a", "--tap", "fw");
        assertTrue(succeed("port", "ls").contains("10: acme/web, 20: umbrella/a"));
        succeed("mac", "add", "umbrella/a", "02:00:00:00:00:09", "10.3.0.1");
        assertTrue(succeed("mac", "ls", "umbrella/a").contains("fixed"));
        succeed("mac", "rm", "umbrella/a", "02:00:00:00:00:09");
        assertEquals(1, live.weft("network", "rm", "umbrella/a").status(), "ports use it");
        succeed("port", "rm", "vm3");
        succeed("port", "rm", "fw");
        succeed("peer", "rm", "umbrella/a", "10.3.0.1");
        succeed("network", "rm", "umbrella/a");
        succeed("tenant", "rm", "umbrella");
        assertEquals(1, live.weft("tenant", "rm", "umbrella").status(), "removed twice");
    }

    @Test
    void shouldShowWhatFramesDid() {
        final MemoryPort vm2 = live.ports.get("vm2");
        assertTrue(live.ports.get("vm1").inject(BROADCAST));
        byte[] got = vm2.poll();
        final long patience = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (got == null && System.nanoTime() < patience) {
            Thread.onSpinWait();
            got = vm2.poll();
        }
        assertNotNull(got);
        assertEquals(HexFormat.of().formatHex(BROADCAST), HexFormat.of().formatHex(got));
        // The listing is the workers' answer to a question that comes after the frame.
        assertTrue(succeed("mac", "ls", "acme/web").contains("02:00:00:00:00:01  vm1"));
        assertTrue(succeed("stats", "--interval", "0.01").contains("vm1"));
        assertTrue(succeed("flow", "ls", "acme").contains("ff:ff:ff:ff:ff:ff  vm1   flood"));
        succeed("drops");
        succeed("top", "--once", "--interval", "0.01");
        final String page = succeed("status");
        assertTrue(page.startsWith("hv1: "), page);
        assertTrue(page.contains("balanced"), page);
        assertTrue(page.contains("vm2"), page);
        succeed("mac", "flush", "acme/web");
        assertTrue(succeed("mac", "ls").contains("no addresses yet"));
        succeed("flow", "flush");
    }

    @Test
    void shouldApplyWhatConfigPrinted() throws IOException {
        final Path file = Files.writeString(folder.resolve("next.yaml"), succeed("config"));
        assertTrue(succeed("apply", "-f", file.toString()).contains("nothing to do"));
        Files.writeString(file, succeed("config").replace("10.2.0.1", "10.9.0.1"));
        assertTrue(succeed("apply", "-f", file.toString(), "--dry-run").contains("dry run"));
        assertTrue(succeed("peer", "ls").contains("10.2.0.1"));
        succeed("apply", "-f", file.toString());
        assertTrue(succeed("peer", "ls").contains("10.9.0.1"));
        assertTrue(succeed("config", "-o", "json").startsWith("{"));
    }

    @Test
    void shouldPrintEveryComplaintWithItsPlaceAndChangeNothing() throws IOException {
        final String before = succeed("config");
        final Path file = Files.writeString(
                folder.resolve("wrong.yaml"), before.replace("vni: 5001", "vnj: 5001") + "idel: poll\n");
        final Ran ran = live.weft("apply", "-f", file.toString());
        assertEquals(1, ran.status());
        assertTrue(ran.err().contains("wrong.yaml:"), ran.err());
        assertTrue(ran.err().contains("vni"), ran.err());
        assertTrue(ran.err().contains("idle"), ran.err());
        assertEquals(before, succeed("config"));
    }

    private String succeed(final String... args) {
        final Ran ran = live.weft(args);
        assertEquals(0, ran.status(), String.join(" ", args) + ": " + ran.err());
        return ran.out();
    }
}
