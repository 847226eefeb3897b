package io.weft.dataplane;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.weft.dataplane.api.NetworkSpec;
import io.weft.dataplane.api.NetworkSpec.UdpChecksum;
import io.weft.dataplane.api.Rows;
import io.weft.dataplane.port.CaptureReader;
import io.weft.dataplane.port.MemoryPort;
import io.weft.encap.Encapsulation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Real captures, damaged in every way that one byte allows, through the whole switch from both sides: nothing may be
 * thrown, every frame must be counted, and no frame may come out of a network it does not belong to.
 */
class RobustnessTest {
    private static final Path OURS = Path.of("..", "test-pcaps");
    private static final Path SHARED = Path.of("..", "..", "shared", "captures");
    /** Damage is done to the headers and their surroundings of large frames; what follows is only ever copied. */
    private static final int HEADERS = 300;

    private static final int BURST = 128;
    private static final int VLAN = 10;

    private final TestSwitch weft = new TestSwitch(new SwitchContext(), true, "10.1.0.1", "fd00:1::1");
    private final long seed = System.nanoTime();
    private final Random random = new Random(seed);
    private long frames;

    @BeforeAll
    static void needsLibpcap() {
        assumeTrue(CaptureReader.isSupported(), "libpcap is not installed");
    }

    @BeforeEach
    void configure() {
        System.out.println("seed " + seed);
        weft.tenant("t");
        int vni = 5001;
        for (final Encapsulation encap : Encapsulation.values()) {
            for (final boolean keep : new boolean[] {false, true}) {
                final String key = "t/" + encap.label() + keep;
                weft.network(
                        new NetworkSpec(
                                "t",
                                encap.label() + keep,
                                keep ? vni + 1 : vni,
                                encap,
                                encap.defaultPort(),
                                true,
                                keep && encap != Encapsulation.NVGRE,
                                UdpChecksum.AUTO,
                                1000,
                                300_000,
                                null),
                        "10.2.0.1",
                        "fd00:2::1");
                weft.access(encap.label() + keep, key);
            }
        }
        weft.trunk("fw", Map.of(VLAN, "t/vxlanfalse", VLAN + 1, "t/genevetrue"));
    }

    @AfterEach
    void close() {
        weft.close();
    }

    @Test
    void shouldSurviveEveryDamageOfOneByte() throws IOException {
        for (final Path file : captures()) {
            for (final byte[] frame : read(file)) {
                damage(frame, true);
                damage(retargeted(frame), true);
                damage(frame, false);
            }
        }
        System.out.println(frames + " frames");
        assertTrue(frames > 1000, frames + " frames");
    }

    @Test
    void shouldSurviveAnyOffloadWords() throws IOException {
        final List<byte[]> originals = new ArrayList<>();
        for (final Path file : captures()) {
            originals.addAll(read(file));
        }
        final int[] types = {0, 1, 3, 4, 5, 0x80, 0x81, 0x84, 0xff, 2};
        for (int round = 0; round < 60_000; round++) {
            final byte[] frame = originals.get(random.nextInt(originals.size())).clone();
            // A unicast frame of a tenant's machine, so that it goes somewhere.
            Arrays.fill(frame, 0, Math.min(12, frame.length), (byte) 2);
            frame[random.nextInt(frame.length)] ^= (byte) (random.nextBoolean() ? 0 : 1 << random.nextInt(8));
            final MemoryPort port = weft.port(random.nextBoolean() ? "vxlanfalse" : "nvgretrue");
            port.splitAt(random.nextInt(4) == 0 ? 14 + random.nextInt(200) : 0);
            port.setOffloads(random.nextInt(16));
            final int start = random.nextBoolean() ? 34 : random.nextInt(200) - 20;
            assertTrue(port.inject(
                    frame,
                    random.nextInt(4),
                    types[random.nextInt(types.length)],
                    random.nextInt(3) == 0 ? random.nextInt(10) : random.nextInt(3000),
                    start,
                    random.nextBoolean() ? 16 : random.nextInt(70) - 5));
            frames++;
            drain();
        }
        balance();
    }

    /** Truncated at every byte, each byte inverted, each byte with one bit flipped. */
    private void damage(final byte[] frame, final boolean onWire) {
        final int last = Math.min(frame.length, HEADERS);
        for (int length = 0; length <= last; length++) {
            put(Arrays.copyOf(frame, length), onWire);
        }
        for (int at = 0; at < last; at++) {
            final byte[] inverted = frame.clone();
            inverted[at] ^= (byte) 0xff;
            put(repaired(inverted, onWire), onWire);
            final byte[] flipped = frame.clone();
            flipped[at] ^= (byte) (1 << random.nextInt(8));
            put(repaired(flipped, onWire), onWire);
        }
        balance();
    }

    /** Half of the time the outer IPv4 checksum is made right, so that the damage gets further in. */
    private byte[] repaired(final byte[] frame, final boolean onWire) {
        final boolean ipv4 = frame.length >= 34 && TestFrames.u16(frame, 12) == 0x0800;
        return onWire && ipv4 && random.nextBoolean() ? TestFrames.fixIpv4(frame, 14) : frame;
    }

    /** The frame sent to this switch and one of its networks, without a UDP checksum that any damage would break. */
    private static byte[] retargeted(final byte[] original) {
        final byte[] frame = original.clone();
        if (frame.length < 50 || TestFrames.u16(frame, 12) != 0x0800 || TestFrames.u8(frame, 14) != 0x45) {
            return frame;
        }
        System.arraycopy(TestFrames.address("10.2.0.1"), 0, frame, 26, 4);
        System.arraycopy(TestFrames.address("10.1.0.1"), 0, frame, 30, 4);
        if (TestFrames.u8(frame, 23) == 17) {
            TestFrames.putU16(frame, 40, 0);
            TestFrames.putU16(frame, 46, 5002 >>> 8);
            frame[48] = (byte) 5002;
        }
        return TestFrames.fixIpv4(frame, 14);
    }

    private void put(final byte[] frame, final boolean onWire) {
        if (onWire) {
            inject(weft.wire, frame);
        } else {
            inject(weft.port("vxlanfalse"), frame);
            inject(weft.port("genevetrue"), frame);
            inject(
                    weft.port("fw"),
                    TestFrames.concat(
                            Arrays.copyOf(frame, Math.min(12, frame.length)),
                            new byte[] {(byte) 0x81, 0, 0, VLAN},
                            frame.length > 12 ? TestFrames.slice(frame, 12) : new byte[0]));
        }
    }

    private void inject(final MemoryPort port, final byte[] frame) {
        if (!port.inject(frame)) {
            drain();
            assertTrue(port.inject(frame));
        }
        if (++frames % BURST == 0) {
            drain();
        }
    }

    private void drain() {
        weft.pump();
        weft.sentWire();
        for (final Encapsulation encap : Encapsulation.values()) {
            weft.sent(encap.label() + "false");
            weft.sent(encap.label() + "true");
        }
        weft.sent("fw");
    }

    private void balance() {
        drain();
        final Rows.Books books = weft.books();
        assertTrue(books.balanced(), books::toString);
        assertEquals(frames, books.received());
        assertEquals(0, books.held());
    }

    private List<byte[]> read(final Path file) {
        final List<byte[]> all = new ArrayList<>();
        try (CaptureReader reader = new CaptureReader(file)) {
            while (reader.next()) {
                // Alike frames teach nothing: of long captures some will do.
                if (all.size() < 6 || random.nextInt(8) == 0) {
                    all.add(Arrays.copyOf(reader.frame(), Math.min(reader.frame().length, 60_000)));
                }
            }
        }
        return all;
    }

    private static List<Path> captures() throws IOException {
        final List<Path> files = new ArrayList<>();
        for (final Path folder : List.of(OURS, SHARED)) {
            if (!Files.isDirectory(folder)) {
                System.out.println("skipped: there is no " + folder);
                continue;
            }
            try (Stream<Path> all = Files.walk(folder)) {
                all.filter(file -> file.toString().endsWith(".pcap")
                                && !file.getFileName().toString().startsWith("expect-"))
                        .sorted()
                        .forEach(files::add);
            }
        }
        assumeTrue(!files.isEmpty(), "no captures");
        return files;
    }
}
