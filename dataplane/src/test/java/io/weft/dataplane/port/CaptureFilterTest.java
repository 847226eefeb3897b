package io.weft.dataplane.port;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.weft.dataplane.TestFrames;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.pcap4j.core.BpfProgram;
import org.pcap4j.core.BpfProgram.BpfCompileMode;
import org.pcap4j.core.PcapHandle;
import org.pcap4j.core.Pcaps;
import org.pcap4j.packet.namednumber.DataLinkType;

class CaptureFilterTest {
    private static final List<String> EXPRESSIONS = List.of(
            "udp port 53",
            "tcp[tcpflags] & (tcp-syn|tcp-fin) != 0",
            "ip host 10.0.0.1 and not arp",
            "ip6",
            "ip6 host fd00::1 or udp dst port 4789",
            "vlan 7",
            "ether host 02:00:00:00:00:01",
            "ether multicast",
            "greater 100 and less 200",
            "len > 90 or ip[8] < 64",
            "ip[2:2] % 3 = 1",
            "(ip[0] & 0xf) * 4 > 20 or ip[8] / 2 = 32",
            "udp[8:4] = 0 and ip[6:2] & 0x1fff = 0",
            "icmp or portrange 1000-60000",
            "net 10.0.0.0/24 and (udp or tcp)",
            "ether[0] & 1 = 0 and ip[16] >= 10 and (ip[9] << 2) > 60");

    @BeforeEach
    void needLibpcap() {
        assumeTrue(CaptureReader.isSupported());
    }

    @Test
    void shouldSayWhatLibpcapSaysForRandomFrames() throws Exception {
        final long seed = System.nanoTime();
        System.out.println("seed " + seed);
        final Random random = new Random(seed);
        int matched = 0;
        try (PcapHandle handle = Pcaps.openDead(DataLinkType.EN10MB, 262_144)) {
            for (final String expression : EXPRESSIONS) {
                final CaptureFilter ours = CaptureFilter.compile(expression);
                final BpfProgram theirs =
                        handle.compileFilter(expression, BpfCompileMode.OPTIMIZE, (java.net.Inet4Address)
                                java.net.InetAddress.getByName("0.0.0.0"));
                for (int i = 0; i < 500; i++) {
                    final byte[] frame = frame(random);
                    final byte[] cut =
                            random.nextInt(4) == 0 ? Arrays.copyOf(frame, random.nextInt(frame.length)) : frame;
                    final boolean expected = theirs.applyFilter(cut, frame.length, cut.length);
                    matched += expected ? 1 : 0;
                    // What stands in the array after the frame is not the frame's.
                    final byte[] padded = Arrays.copyOf(cut, cut.length + 50);
                    assertEquals(expected, ours.matches(padded, cut.length, frame.length), expression);
                }
                theirs.free();
            }
        }
        assertTrue(matched > 500, "the frames must be such that something matches: " + matched);
    }

    private static byte[] frame(final Random random) {
        final byte[] payload = new byte[random.nextInt(120)];
        if (random.nextBoolean()) {
            random.nextBytes(payload);
        }
        final byte[] l4;
        final int protocol;
        switch (random.nextInt(3)) {
            case 0 -> {
                protocol = 17;
                l4 = TestFrames.udp(random.nextInt(65536), random.nextBoolean() ? 53 : 4789, payload);
            }
            case 1 -> {
                protocol = 6;
                l4 = new byte[20 + payload.length];
                random.nextBytes(l4);
            }
            default -> {
                protocol = 1;
                l4 = payload;
            }
        }
        final boolean six = random.nextInt(3) == 0;
        final byte[] packet = TestFrames.ip(
                six ? "fd00::1" : "10.0.0." + (1 + random.nextInt(2)), six ? "fd00::2" : "10.0.1.1", protocol, 0, l4);
        final long destination = random.nextBoolean() ? 0x020000000001L : 0x0100_5e00_0001L;
        final byte[] frame = TestFrames.ethernet(
                destination, 0x020000000002L, random.nextInt(8) == 0 ? 0x0806 : six ? 0x86dd : 0x0800, packet);
        return random.nextInt(4) == 0 ? TestFrames.tag(0x8100, 7, frame) : frame;
    }

    @Test
    void shouldNotPassWhatIsTooShortToTell() {
        final CaptureFilter filter = CaptureFilter.compile("ip");
        assertFalse(filter.matches(new byte[100], 13, 13));
        assertFalse(filter.matches(new byte[0], 0, 0));
    }
}
