package io.weft.dataplane;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.dataplane.api.UnderlaySpec;
import io.weft.dataplane.port.MemoryPort;
import io.weft.dataplane.port.RxQueue;
import io.weft.dataplane.underlay.LayerTwoUnderlay;
import io.weft.dataplane.underlay.Neighbors;
import io.weft.encap.Encapsulation;
import io.weft.encap.IpAddress;
import io.weft.encap.Mem;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What is said of a packet does not depend on the one before it, however alike their outer headers are. */
class OuterHeadersDuelTest {
    private static final long OWN = 0x0200_0000_aa01L;
    private static final long PEER = 0x0200_0000_aa09L;
    private static final String HERE = "10.1.0.1";
    private static final String THERE = "10.1.0.9";
    private static final int IPV4 = 0x0800;
    private static final int IP = 14;
    private static final int OUTER = 42;

    private final MemoryPort port = new MemoryPort();
    private final Burst burst = new Burst();
    private final RxQueue rx;

    OuterHeadersDuelTest() {
        final UnderlaySpec spec = new UnderlaySpec(
                List.of(IpAddress.parse(HERE)),
                true,
                UnderlaySpec.Device.MEMORY,
                OWN,
                List.of(),
                24,
                Map.of(IpAddress.parse(THERE), PEER),
                1600);
        final LayerTwoUnderlay underlay = new LayerTwoUnderlay(spec, port, 1, Neighbors.fixed(spec));
        rx = underlay.queues().getFirst().queue();
        underlay.listen(Encapsulation.VXLAN, 4789, false);
        underlay.listen(Encapsulation.GENEVE, 6081, false);
        underlay.listen(Encapsulation.NVGRE, 0, false);
    }

    @Test
    void shouldSayTheSameOfAPacketWhateverCameBeforeIt() {
        final long seed = System.nanoTime();
        System.out.println("seed " + seed);
        final Random random = new Random(seed);
        final byte[] inner = TestFrames.ethernet(0x0200_0000_0002L, 0x0200_0000_0001L, 0x88b5, new byte[60]);
        final List<byte[]> good = List.of(
                packet(17, TestFrames.udp(50_000, 4789, TestFrames.vxlan(5001), inner)),
                packet(17, TestFrames.udp(50_000, 6081, TestFrames.geneve(5001, 0, new byte[0]), inner)),
                packet(47, TestFrames.concat(TestFrames.nvgre(5001, 7), inner)));
        int alike = 0;
        for (int n = 0; n < 60_000; n++) {
            final byte[] first = good.get(random.nextInt(good.size())).clone();
            final byte[] second = changed(good.get(random.nextInt(good.size())), random);
            final String alone = last(second);
            assertEquals(
                    alone,
                    last(first, second),
                    () -> "after " + Arrays.toString(first) + " came " + Arrays.toString(second) + ", seed " + seed);
            alike += alone.startsWith("0 ") ? 1 : 0;
        }
        assertTrue(alike > 1_000, alike + " taken");
    }

    private static byte[] packet(final int protocol, final byte[] payload) {
        final byte[] packet = TestFrames.ethernet(OWN, PEER, IPV4, TestFrames.ip(THERE, HERE, protocol, 0, payload));
        if (protocol == 17) {
            TestFrames.putU16(packet, 40, 0);
        }
        return packet;
    }

    /** Another packet: a field or two are others, as a rule with a header checksum that says so. */
    private static byte[] changed(final byte[] of, final Random random) {
        final byte[] packet = Arrays.copyOf(of, of.length + (random.nextInt(4) == 0 ? random.nextInt(20) : 0));
        for (int k = random.nextInt(3); k > 0; k--) {
            final int at = random.nextInt(OUTER);
            packet[at] = random.nextBoolean() ? (byte) random.nextInt() : (byte) (packet[at] ^ 1 << random.nextInt(8));
        }
        if (random.nextInt(4) != 0) {
            TestFrames.fixIpv4(packet, IP);
        }
        return random.nextInt(8) == 0 ? Arrays.copyOf(packet, random.nextInt(packet.length + 1)) : packet;
    }

    private String last(final byte[]... packets) {
        for (final byte[] packet : packets) {
            assertTrue(port.inject(packet));
        }
        burst.clear();
        assertEquals(packets.length, rx.rxBurst(burst));
        final int i = packets.length - 1;
        final String said =
                burst.refused[i] != 0 ? DropReason.of(burst.refused[i]).key() : "0 " + taken(i);
        rx.rxRelease();
        return said;
    }

    private String taken(final int i) {
        final byte[] bytes = new byte[burst.headLength[i]];
        Mem.copy(burst.head[i], bytes, 0, bytes.length);
        return Arrays.toString(bytes) + " of " + burst.length[i] + " behind " + burst.outer[i] + ": "
                + burst.encapsulation[i] + " " + burst.tunnelPort[i] + " ecn " + burst.outerEcn[i] + " from "
                + burst.sourceFamily[i] + " " + burst.sourceHi[i] + " " + burst.sourceLo[i] + " "
                + burst.zeroChecksum[i] + " words " + burst.vnetFlags[i] + " " + burst.gsoType[i];
    }
}
