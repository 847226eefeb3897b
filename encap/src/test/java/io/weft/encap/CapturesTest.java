package io.weft.encap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Captures of other people's packets through parser and codecs, also cut at every byte and with every byte turned. They
 * lie beside the repository, or where the property {@code weft.captures} says; where they are not, this is skipped.
 */
class CapturesTest {
    private static final GuardedMemory MEMORY = new GuardedMemory();
    private static final Path FOLDER = Path.of(System.getProperty("weft.captures", "../../shared/captures"))
            .toAbsolutePath();

    private final OuterPacket outer = new OuterPacket();
    private final ParsedFrame inner = new ParsedFrame();

    @BeforeAll
    static void findCaptures() {
        final boolean there = Files.isDirectory(FOLDER);
        if (!there) {
            System.out.println("skipped: CapturesTest, no captures in " + FOLDER.normalize());
        }
        assumeTrue(there, "no captures beside the repository");
    }

    private static List<byte[]> frames(final Path file) throws IOException {
        final ByteBuffer pcap = ByteBuffer.wrap(Files.readAllBytes(file));
        final int magic = pcap.getInt(0);
        final boolean big = magic == 0xa1b2c3d4 || magic == 0xa1b23c4d;
        pcap.order(big ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN).position(24);
        final List<byte[]> frames = new ArrayList<>();
        while (pcap.remaining() >= 16) {
            final int captured = pcap.getInt(pcap.position() + 8);
            pcap.position(pcap.position() + 16);
            if (captured < 0 || captured > pcap.remaining()) {
                break;
            }
            final byte[] frame = new byte[captured];
            pcap.get(frame);
            frames.add(frame);
        }
        return frames;
    }

    /** What a tunnel endpoint makes of a packet, in words. */
    private String receive(final byte[] packet, final int length, final boolean checksumKnown) {
        final long address = MEMORY.place(packet, length);
        final OuterResult result = OuterParser.parse(address, length, checksumKnown, outer);
        if (result != OuterResult.ACCEPTED) {
            return result.label();
        }
        final long tunnel = address + outer.payload;
        if (outer.payloadLength < 8) {
            return "short";
        }
        if (outer.protocol == Ipv4.PROTOCOL_GRE) {
            return Nvgre.isNvgre(Gre.firstWord(tunnel)) ? "nvgre " + Nvgre.vsid(tunnel) : "other gre";
        }
        return switch (outer.port) {
            case Vxlan.PORT, 8472 ->
                Vxlan.hasVni(tunnel) ? "vxlan " + Vxlan.vni(tunnel) + inner(tunnel, 8) : "vxlan without vni";
            case Geneve.PORT -> {
                final int code = Geneve.check(tunnel, outer.payloadLength);
                yield code == Geneve.OK
                        ? "geneve " + Geneve.vni(tunnel) + inner(tunnel, Geneve.headerLength(tunnel))
                        : Geneve.name(code);
            }
            default -> "port " + outer.port;
        };
    }

    private String inner(final long tunnel, final int header) {
        final int length = outer.payloadLength - header;
        if (!FrameParser.parse(tunnel + header, length, length, inner)) {
            return " runt";
        }
        FlowHash.symmetric(tunnel + header, inner, 1);
        return String.format(
                " %04x ip%d proto %d%s", inner.etherType, inner.ipVersion, inner.protocol, inner.flags == 0 ? "" : "!");
    }

    private Map<String, Integer> receiveAll(final String file, final boolean checksumKnown) throws IOException {
        final Map<String, Integer> counts = new TreeMap<>();
        for (final byte[] frame : frames(FOLDER.resolve(file))) {
            counts.merge(receive(frame, frame.length, checksumKnown), 1, Integer::sum);
        }
        return counts;
    }

    private void assertReceived(final String file, final Map<String, Integer> expected) throws IOException {
        assertEquals(expected, receiveAll(file, false), file);
    }

    @Test
    @Tag("V2")
    @Tag("V3")
    @Tag("V5")
    void shouldReceiveVxlan() throws IOException {
        final var expected = Map.of("vxlan 100 0800 ip4 proto 1", 8, "vxlan 100 0806 ip0 proto -1", 2);
        assertReceived("vxlan.pcap", expected);
        assertReceived("vxlan_port_8472.pcap", expected);
        assertReceived("nsh-over-vxlan-gpe.pcap", Map.of("port 4790", 1));
    }

    @Test
    @Tag("G3")
    @Tag("G4")
    @Tag("G10")
    void shouldReceiveGeneve() throws IOException {
        assertReceived(
                "geneve.pcap",
                Map.of(
                        "geneve-unknown-critical-option",
                        19,
                        "geneve 11 0800 ip4 proto 1",
                        3,
                        "geneve 11 0800 ip4 proto 6",
                        17));
        assertReceived("geneve-gcp.pcap", Map.of("geneve-not-ethernet", 1));
    }

    @Test
    @Tag("N1")
    void shouldNotTakeOtherGreForNvgre() throws IOException {
        assertReceived("various_gre.pcap", Map.of("other gre", 30, "outer-not-ip", 70));
        assertReceived("erspan-type-i-1.pcap", Map.of("other gre", 2));
        assertReceived("erspan-type-iii-ft-0.pcap", Map.of("other gre", 9));
        assertReceived("gre-heapoverflow-1.pcap", Map.of("outer-malformed-ip", 1, "outer-not-ip", 1));
        assertReceived("gre-heapoverflow-2.pcap", Map.of("outer-bad-header-checksum", 1, "outer-not-ip", 1));
    }

    @Test
    void shouldRefusePacketsWithoutALength() throws IOException {
        for (final String tunnel : new String[] {"vxlan", "geneve"}) {
            for (int i = 0; i < 4; i++) {
                final String file =
                        String.format("bigtcp-ipv%d-%s-ipv%d.pcap", i < 2 ? 4 : 6, tunnel, i % 2 == 0 ? 4 : 6);
                assertReceived(file, Map.of("outer-no-length", 1));
            }
        }
    }

    /** Captured before a NIC finished them: most have only the pseudo header's sum in the checksum. */
    @Test
    @Tag("V7")
    @Tag("G13")
    void shouldReceiveLargeSegmentsWhoseChecksumThePortVouchesFor() throws IOException {
        for (final String tunnel : new String[] {"vxlan", "geneve"}) {
            for (int i = 0; i < 4; i++) {
                final int version = i % 2 == 0 ? 4 : 6;
                final String file = String.format("gso-ipv%d-%s-ipv%d.pcap", i < 2 ? 4 : 6, tunnel, version);
                final String type = version == 4 ? "0800" : "86dd";
                final var expected = Map.of(String.format("%s 5001 %s ip%d proto 6", tunnel, type, version), 1);
                assertEquals(expected, receiveAll(file, true), file);
                final boolean whole = file.startsWith("gso-ipv4-geneve");
                assertReceived(file, whole ? expected : Map.of("outer-bad-udp-checksum", 1));
            }
        }
    }

    @Test
    void shouldSeeBothTags() throws IOException {
        for (final byte[] frame : frames(FOLDER.resolve("802.1ad_QinQ.pcap"))) {
            final long address = MEMORY.place(frame, frame.length);
            assertTrue(FrameParser.parse(address, frame.length, frame.length, inner));
            assertEquals(2, inner.tags);
            assertEquals(Vlan.TPID_SERVICE, inner.outerTpid);
            assertEquals(200, Vlan.vid(inner.outerTci));
            assertEquals(Ethernet.TYPE_ARP, inner.etherType);
        }
    }

    @Test
    void shouldStandEveryTruncationAndEveryTurnedByte() throws IOException {
        int frames = 0;
        try (var files = Files.list(FOLDER)) {
            for (final Path file :
                    files.filter(f -> f.toString().endsWith(".pcap")).sorted().toList()) {
                int left = 40;
                for (final byte[] frame : frames(file)) {
                    if (left-- == 0) {
                        break;
                    }
                    frames++;
                    final int headers = Math.min(frame.length, 200);
                    for (int length = 0; length <= headers; length++) {
                        receive(frame, length, false);
                        receive(frame, length, true);
                    }
                    for (int i = 0; i < headers; i++) {
                        frame[i] ^= (byte) 0xff;
                        receive(frame, headers, false);
                        receive(frame, frame.length, true);
                        frame[i] ^= (byte) 0xff;
                    }
                }
            }
        }
        assertTrue(frames > 100, frames + " frames");
    }
}
