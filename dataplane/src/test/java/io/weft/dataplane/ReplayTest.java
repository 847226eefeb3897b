package io.weft.dataplane;

import static io.weft.dataplane.TestFrames.concat;
import static io.weft.dataplane.TestFrames.ethernet;
import static io.weft.dataplane.TestFrames.ipv4;
import static io.weft.dataplane.TestFrames.udp;
import static io.weft.dataplane.TestFrames.vxlan;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.weft.dataplane.api.PortSpec;
import io.weft.dataplane.api.SwitchControl;
import io.weft.dataplane.api.SwitchException;
import io.weft.dataplane.api.TenantSpec;
import io.weft.dataplane.api.UnderlaySpec;
import io.weft.dataplane.port.CaptureReader;
import io.weft.dataplane.port.CaptureWriter;
import io.weft.encap.Encapsulation;
import io.weft.encap.IpAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReplayTest {
    private static final long A = 0x020000000001L;
    private static final long B = 0x020000000002L;
    private static final long R = 0x0200000000f1L;
    private static final long BROADCAST = 0xffffffffffffL;
    private static final long START = 1_700_000_000_000_000_000L;

    @TempDir
    private Path folder;

    @BeforeAll
    static void needsLibpcap() {
        assumeTrue(CaptureReader.isSupported(), "libpcap is not installed");
    }

    private static Replay replay(final Map<String, Path> inputs, final Path out, final String... ports) {
        final UnderlaySpec underlay = new UnderlaySpec(
                List.of(IpAddress.parse("10.1.0.1")), false, UnderlaySpec.Device.PCAP, 0, List.of(), 0, Map.of(), 0);
        final Replay replay = new Replay(underlay, inputs, out);
        final SwitchControl control = replay.control();
        control.putTenant(new TenantSpec("t", 1024)).join();
        control.putNetwork(TestSwitch.spec("t/n", 5001, Encapsulation.VXLAN)).join();
        control.addPeer("t/n", IpAddress.parse("10.2.0.1")).join();
        for (final String port : ports) {
            TestSwitch.get(control.putPort(new PortSpec(port, PortSpec.Kind.PCAP, port, "t/n", Map.of(), 0, 0, 0)));
        }
        return replay;
    }

    private Path capture(final String name, final Object... timesAndFrames) {
        final Path file = folder.resolve(name);
        try (CaptureWriter writer = new CaptureWriter(file)) {
            for (int i = 0; i < timesAndFrames.length; i += 2) {
                writer.write(START + (Long) timesAndFrames[i], (byte[]) timesAndFrames[i + 1]);
            }
        }
        return file;
    }

    private static byte[] frame(final long destination, final long source, final int mark) {
        return ethernet(destination, source, 0x88b5, new byte[] {(byte) mark}, new byte[45]);
    }

    private static byte[] tunnelled(final byte[] inner) {
        return ethernet(A, R, 0x0800, ipv4("10.2.0.1", "10.1.0.1", 17, 0, udp(50_000, 4789, vxlan(5001), inner)));
    }

    private static List<String> read(final Path file) {
        final List<String> records = new ArrayList<>();
        try (CaptureReader reader = new CaptureReader(file)) {
            while (reader.next()) {
                records.add((reader.nanos() - START) + ":" + reader.frame()[14]);
            }
        }
        return records;
    }

    @Test
    void shouldMergeCapturesByTimeAndWriteWhatEachPortSends() {
        final Map<String, Path> inputs = Map.of(
                "a", capture("a", 5L, frame(BROADCAST, A, 1), 20L, frame(B, A, 2), 30L, frame(R, A, 3)),
                "b", capture("b", 10L, frame(A, B, 4)),
                "underlay", capture("u", 5L, tunnelled(frame(BROADCAST, R, 5))));
        final Path out = folder.resolve("out");
        try (Replay replay = replay(inputs, out, "a", "b", "c")) {
            final Replay.Result result = replay.run();
            assertEquals(5, result.books().received());
            assertTrue(result.books().balanced());
            assertEquals(Map.of("a", 2L, "b", 3L, "c", 2L, "underlay", 2L), result.sent());
            assertEquals(List.of(), result.drops());
        }
        // At 5 both have a frame, and "a" comes before "underlay".
        assertEquals(List.of("5:1", "5:5", "20:2"), read(out.resolve("b.pcap")));
        assertEquals(List.of("5:5", "10:4"), read(out.resolve("a.pcap")));
        assertEquals(List.of("5:1", "5:5"), read(out.resolve("c.pcap")));
        try (CaptureReader reader = new CaptureReader(out.resolve("underlay.pcap"))) {
            assertTrue(reader.next());
            assertTrue(reader.next());
            assertEquals(START + 30, reader.nanos());
            assertArrayEquals(frame(R, A, 3), TestFrames.slice(reader.frame(), 50));
            assertFalse(reader.next());
        }
    }

    @Test
    void shouldForgetAddressesByTheCapturesClock() {
        final long hour = 3_600_000_000_000L;
        final Map<String, Path> inputs = Map.of(
                "a", capture("a", 0L, frame(BROADCAST, A, 1), 2 * hour, frame(BROADCAST, R, 3)),
                "b", capture("b", 1L, frame(A, B, 2), hour, frame(A, B, 4)));
        final Path out = folder.resolve("out");
        try (Replay replay = replay(inputs, out, "a", "b", "c")) {
            replay.run();
        }
        assertEquals(List.of("0:1", hour + ":4", 2 * hour + ":3"), read(out.resolve("c.pcap")));
    }

    @Test
    void shouldGiveSameBytesEachTime() throws IOException {
        final Random random = new Random(7);
        final List<Object> a = new ArrayList<>();
        final List<Object> u = new ArrayList<>();
        long time = 0;
        for (int i = 0; i < 2000; i++) {
            time += random.nextInt(1_000_000_000);
            final byte[] payload = new byte[random.nextInt(1400)];
            random.nextBytes(payload);
            final byte[] inner = concat(frame(2 + 4L * random.nextInt(50), 2 + 4L * random.nextInt(50), 1), payload);
            final boolean local = random.nextBoolean();
            final List<Object> to = local ? a : u;
            to.add(time);
            to.add(local ? inner : tunnelled(inner));
        }
        final Map<String, Path> inputs = Map.of("a", capture("a", a.toArray()), "underlay", capture("u", u.toArray()));
        final List<Replay.Result> results = new ArrayList<>();
        for (final String out : List.of("one", "two")) {
            try (Replay replay = replay(inputs, folder.resolve(out), "a", "b")) {
                results.add(replay.run());
            }
        }
        assertEquals(results.get(0), results.get(1));
        assertTrue(results.get(0).sent().size() == 3, results.get(0).toString());
        for (final String port : results.get(0).sent().keySet()) {
            final String name = port + ".pcap";
            assertArrayEquals(
                    Files.readAllBytes(folder.resolve("one").resolve(name)),
                    Files.readAllBytes(folder.resolve("two").resolve(name)),
                    name);
        }
    }

    @Test
    void shouldSayWhatIsThereWhenCaptureIsOfNoPort() {
        final Map<String, Path> inputs = Map.of("x", capture("x", 0L, frame(BROADCAST, A, 1)));
        try (Replay replay = replay(inputs, folder.resolve("out"), "a")) {
            assertEquals(
                    "there is no port x to put " + folder.resolve("x") + " into; there are a, underlay",
                    assertThrows(SwitchException.class, replay::run).getMessage());
        }
    }

    @Test
    void shouldNotOverwriteCaptureThatItReads() throws IOException {
        final Path out = Files.createDirectory(folder.resolve("out"));
        final Path in = capture("out/a.pcap", 0L, frame(BROADCAST, A, 1));
        assertThrows(SwitchException.class, () -> replay(Map.of("a", in), out, "a"));
        assertTrue(Files.size(in) > 24);
    }
}
