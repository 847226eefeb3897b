package io.weft.dataplane;

import static io.weft.dataplane.TestFrames.concat;
import static io.weft.dataplane.TestFrames.ethernet;
import static io.weft.dataplane.TestFrames.ip;
import static io.weft.dataplane.TestFrames.l4Sum;
import static io.weft.dataplane.TestFrames.putU16;
import static io.weft.dataplane.TestFrames.slice;
import static io.weft.dataplane.TestFrames.sum;
import static io.weft.dataplane.TestFrames.u16;
import static io.weft.dataplane.TestFrames.u24;
import static io.weft.dataplane.TestFrames.u8;
import static io.weft.dataplane.TestFrames.udp;
import static io.weft.dataplane.TestFrames.vxlan;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.dataplane.api.NetworkSpec;
import io.weft.dataplane.api.NetworkSpec.UdpChecksum;
import io.weft.dataplane.api.SwitchException;
import io.weft.dataplane.api.UnderlaySpec;
import io.weft.dataplane.port.MemoryPort;
import io.weft.dataplane.port.NicPort;
import io.weft.dataplane.port.PortQueue;
import io.weft.dataplane.port.RxQueue;
import io.weft.dataplane.underlay.LayerTwoUnderlay;
import io.weft.dataplane.underlay.Neighbors;
import io.weft.encap.Encapsulation;
import io.weft.encap.IpAddress;
import io.weft.encap.Mem;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LayerTwoUnderlayTest {
    private static final String OWN = "10.1.0.1";
    private static final String OWN6 = "fd00:1::1";
    private static final String PEER = "10.1.0.9";
    private static final String FAR = "10.2.0.1";
    private static final String PEER6 = "fd00:2::1";
    private static final long OWN_MAC = 0x02000000aa01L;
    private static final long PEER_MAC = 0x02000000aa09L;
    private static final long GATEWAY_MAC = 0x02000000bb02L;
    private static final byte[] INNER = ethernet(0x020000000002L, 0x020000000001L, 0x88b5, new byte[86]);

    private final MemoryPort port = new MemoryPort();
    private final LayerTwoUnderlay underlay = underlay(OWN_MAC, 1600);
    private final Burst burst = new Burst();
    private final TxQueue tx = new TxQueue();
    private RxQueue rx;

    private LayerTwoUnderlay underlay(final long mac, final int mtu) {
        final UnderlaySpec spec = new UnderlaySpec(
                List.of(IpAddress.parse(OWN), IpAddress.parse(OWN6)),
                true,
                UnderlaySpec.Device.MEMORY,
                mac,
                List.of(IpAddress.parse("10.1.0.254"), IpAddress.parse("fd00:1::ff")),
                24,
                Map.of(
                        IpAddress.parse(PEER), PEER_MAC,
                        IpAddress.parse("10.1.0.254"), GATEWAY_MAC,
                        IpAddress.parse("fd00:1::ff"), GATEWAY_MAC),
                mtu);
        return new LayerTwoUnderlay(spec, port, 1, Neighbors.fixed(spec));
    }

    @BeforeEach
    void listen() {
        rx = underlay.queues().getFirst().queue();
        underlay.listen(Encapsulation.VXLAN, 4789, false);
        underlay.listen(Encapsulation.NVGRE, 0, false);
    }

    private static Tunnel tunnel(
            final int id, final Encapsulation encap, final UdpChecksum checksum, final String endpoint) {
        final NetworkSpec spec =
                new NetworkSpec("t", "n", 5001, encap, encap.defaultPort(), true, false, checksum, 100, 300_000, null);
        return new Tunnel(id, new Network(0, 0, spec), IpAddress.parse(endpoint), true);
    }

    private static byte[] packet(final String from, final String to, final int port) {
        final byte[] payload = udp(50_000, port, vxlan(5001), INNER);
        return ethernet(OWN_MAC, PEER_MAC, TestFrames.etherType(from), ip(from, to, 17, 0, payload));
    }

    private DropReason receive(final byte[] packet) {
        burst.clear();
        assertTrue(port.inject(packet));
        assertEquals(1, rx.rxBurst(burst));
        rx.rxRelease();
        return DropReason.of(burst.refused[0]);
    }

    // Receiving.

    @Test
    void shouldGiveTunnelHeaderAndOuterFactsWhenPacketIsForUs() {
        final byte[] packet = packet(PEER, OWN, 4789);
        packet[15] = 3;
        TestFrames.fixIpv4(packet, 14);
        assertEquals(DropReason.NONE, receive(packet));
        assertArrayEquals(concat(vxlan(5001), INNER), Mem.bytes(burst.head[0], burst.length[0]));
        assertEquals(Encapsulation.VXLAN.ordinal(), burst.encapsulation[0]);
        assertEquals(4789, burst.tunnelPort[0]);
        assertEquals(3, burst.outerEcn[0]);
        assertEquals(4, burst.sourceFamily[0]);
        assertEquals(IpAddress.parse(PEER).lo(), burst.sourceLo[0]);
        assertFalse(burst.zeroChecksum[0]);
    }

    @Test
    void shouldSayWhenIpv6HasNoChecksum() {
        assertEquals(DropReason.NONE, receive(packet(PEER6, OWN6, 4789)));
        assertTrue(burst.zeroChecksum[0]);
        assertEquals(6, burst.sourceFamily[0]);
        assertEquals(IpAddress.parse(PEER6), new IpAddress(6, burst.sourceHi[0], burst.sourceLo[0]));
    }

    @Test
    void shouldTakeNvgreOnlyWhileListening() {
        final byte[] payload = concat(TestFrames.nvgre(5001, 7), INNER);
        final byte[] packet = ethernet(OWN_MAC, PEER_MAC, 0x0800, ip(PEER, OWN, 47, 0, payload));
        assertEquals(DropReason.NONE, receive(packet));
        assertEquals(Encapsulation.NVGRE.ordinal(), burst.encapsulation[0]);
        assertEquals(0, burst.tunnelPort[0]);
        assertEquals(payload.length, burst.length[0]);
        underlay.unlisten(Encapsulation.NVGRE, 0);
        assertEquals(DropReason.NOT_A_TUNNEL, receive(packet));
    }

    @Test
    void shouldLeavePaddingOutWhenFrameIsLongerThanPacket() {
        final byte[] packet = packet(PEER, OWN, 4789);
        assertEquals(DropReason.NONE, receive(Arrays.copyOf(packet, packet.length + 9)));
        assertEquals(8 + INNER.length, burst.length[0]);
    }

    @Test
    void shouldTakePacketWhenOuterFrameIsTagged() {
        assertEquals(DropReason.NONE, receive(TestFrames.tag(0x8100, 7, packet(PEER, OWN, 4789))));
    }

    @Test
    void shouldNameReasonWhenPacketIsRefused() {
        final byte[] good = packet(PEER, OWN, 4789);
        assertEquals(DropReason.OUTER_MALFORMED, receive(Arrays.copyOf(good, 10)));
        assertEquals(DropReason.OUTER_MALFORMED, receive(Arrays.copyOf(good, 100)));
        assertEquals(DropReason.OUTER_NOT_IP, receive(ethernet(OWN_MAC, PEER_MAC, 0x0806, new byte[46])));
        assertEquals(DropReason.NOT_A_TUNNEL, receive(packet(PEER, OWN, 4790)));
        assertEquals(DropReason.NOT_FOR_US, receive(packet(PEER, "10.1.0.77", 4789)));
        assertEquals(DropReason.NOT_FOR_US, receive(packet(PEER, "239.1.1.1", 4789)));
        final byte[] foreign = good.clone();
        foreign[5] = 0x55;
        assertEquals(DropReason.NOT_FOR_US, receive(foreign));
        final byte[] damaged = good.clone();
        damaged[24] ^= 1;
        assertEquals(DropReason.OUTER_BAD_CHECKSUM, receive(damaged));
        final byte[] fragment = good.clone();
        putU16(fragment, 20, 0x2000);
        assertEquals(DropReason.OUTER_FRAGMENT, receive(TestFrames.fixIpv4(fragment, 14)));
        assertEquals(DropReason.OUTER_MALFORMED, receive(packet(OWN, OWN, 4789)));
        assertEquals(DropReason.OUTER_MALFORMED, receive(packet("224.0.0.1", OWN, 4789)));
        assertEquals(DropReason.OUTER_MALFORMED, receive(packet("0.0.0.0", OWN, 4789)));
    }

    @Test
    void shouldCheckUdpChecksumWhenThereIsOne() {
        for (final String[] ends : new String[][] {{PEER, OWN}, {PEER6, OWN6}}) {
            final byte[] packet = packet(ends[0], ends[1], 4789);
            final int l4 = ends[0].contains(":") ? 54 : 34;
            TestFrames.fixL4(packet, 14, l4, 6);
            assertEquals(DropReason.NONE, receive(packet));
            assertFalse(burst.zeroChecksum[0]);
            packet[packet.length - 1] ^= 0x40;
            assertEquals(DropReason.OUTER_BAD_CHECKSUM, receive(packet));
        }
    }

    @Test
    void shouldTakeGroupsPacketsOnlyWhileJoined() {
        final IpAddress group = IpAddress.parse("239.1.1.1");
        final byte[] packet = packet(PEER, "239.1.1.1", 4789);
        underlay.join(Encapsulation.VXLAN, 4789, group);
        assertEquals(DropReason.NONE, receive(packet));
        underlay.leave(Encapsulation.VXLAN, 4789, group);
        assertEquals(DropReason.NOT_FOR_US, receive(packet));
    }

    @Test
    void shouldRefuseSecondEncapsulationWhenPortIsTaken() {
        assertThrows(SwitchException.class, () -> underlay.listen(Encapsulation.GENEVE, 4789, false));
    }

    // Sending.

    private void inner(final byte[] frame, final int splitAt) {
        burst.clear();
        final MemoryPort vm = new MemoryPort();
        vm.splitAt(splitAt);
        vm.inject(frame);
        vm.queue(0).rxBurst(burst);
        burst.hash[0] = 0x12345678;
        burst.ecn[0] = 2;
    }

    private byte[] send(final Tunnel... tunnels) {
        for (final Tunnel tunnel : tunnels) {
            assertTrue(underlay.tx(0).prepare(tunnel));
        }
        underlay.tx(0).txBurst(burst, tx, tunnels);
        return port.poll();
    }

    @Test
    void shouldBuildVxlanPacketWhenSendingToNeighbor() {
        inner(INNER, 0);
        tx.add(0, 0, false);
        final byte[] sent = send(tunnel(0, Encapsulation.VXLAN, UdpChecksum.AUTO, PEER));
        assertEquals(0, tx.refused[0]);
        assertArrayEquals(TestFrames.hex("02000000aa09 02000000aa01 0800"), Arrays.copyOf(sent, 14));
        assertEquals(0xffff, sum(Arrays.copyOfRange(sent, 14, 34)));
        assertEquals(2, u8(sent, 15));
        assertEquals(4789, u16(sent, 36));
        assertEquals(0, u16(sent, 40));
        assertArrayEquals(concat(vxlan(5001), INNER), slice(sent, 42));
    }

    @Test
    void shouldUseGatewayWhenEndpointIsOffLink() {
        inner(INNER, 0);
        tx.add(0, 0, false);
        final byte[] sent = send(tunnel(0, Encapsulation.GENEVE, UdpChecksum.AUTO, FAR));
        assertArrayEquals(TestFrames.hex("02000000bb02"), Arrays.copyOf(sent, 6));
        assertEquals(0xffff, l4Sum(sent, 14, 34));
        assertEquals(6081, u16(sent, 36));
    }

    @Test
    void shouldUseGroupsMacWhenEndpointIsAGroup() {
        inner(INNER, 0);
        tx.add(0, 0, false);
        final byte[] sent = send(tunnel(0, Encapsulation.VXLAN, UdpChecksum.AUTO, "239.129.2.3"));
        assertArrayEquals(TestFrames.hex("01005e010203"), Arrays.copyOf(sent, 6));
        tx.clear();
        tx.add(0, 0, false);
        final byte[] sent6 = send(tunnel(0, Encapsulation.VXLAN, UdpChecksum.AUTO, "ff05::1:2"));
        assertArrayEquals(TestFrames.hex("333300010002"), Arrays.copyOf(sent6, 6));
    }

    @Test
    void shouldSumHeadPrefixAndBodyWhenChecksumIsWanted() {
        final long seed = System.nanoTime();
        System.out.println("seed " + seed);
        final Random random = new Random(seed);
        final Tunnel tunnel = tunnel(0, Encapsulation.VXLAN, UdpChecksum.ON, PEER6);
        for (int round = 0; round < 500; round++) {
            final byte[] payload = new byte[random.nextInt(1400)];
            random.nextBytes(payload);
            final byte[] frame = ethernet(2, 4, 0x88b5, payload);
            inner(frame, 14 + random.nextInt(60));
            tx.clear();
            tx.add(0, 0, random.nextBoolean());
            byte[] expected = frame;
            if (random.nextBoolean()) {
                // A tag taken off, as the pipeline may say it: the addresses anew, and 12 + 4 bytes left out.
                tx.prefix[0] = Mem.allocate(16, 8);
                tx.prefixLength[0] = 12;
                tx.skip[0] = 14;
                expected = concat(new byte[12], slice(frame, 14));
            }
            final byte[] sent = send(tunnel);
            assertEquals(0xffff, l4Sum(sent, 14, 54));
            assertArrayEquals(expected, slice(sent, 70));
        }
    }

    @Test
    void shouldRefuseAndSendTheRestWhenSomeTunnelsCannot() {
        inner(INNER, 0);
        final Tunnel[] tunnels = {
            tunnel(0, Encapsulation.VXLAN, UdpChecksum.AUTO, PEER),
            tunnel(1, Encapsulation.VXLAN, UdpChecksum.AUTO, "10.1.0.77"),
            tunnel(2, Encapsulation.NVGRE, UdpChecksum.AUTO, FAR),
        };
        tx.add(0, 0, true);
        tx.add(0, 1, true);
        tx.add(0, 2, true);
        final byte[] first = send(tunnels);
        assertEquals(17, u8(first, 23));
        final byte[] second = port.poll();
        assertEquals(47, u8(second, 23));
        assertEquals(5001, u24(second, 38));
        assertNull(port.poll());
        assertEquals(0, tx.refused[0]);
        assertEquals(DropReason.NO_NEIGHBOR.ordinal(), tx.refused[1]);
        assertEquals(0, tx.refused[2]);
    }

    @Test
    void shouldRefuseWhenPacketWouldNotFitMtu() {
        final Tunnel tunnel = tunnel(0, Encapsulation.VXLAN, UdpChecksum.AUTO, PEER);
        inner(ethernet(2, 4, 0x88b5, new byte[1600 - 20 - 8 - 8 - 14]), 0);
        tx.add(0, 0, false);
        assertEquals(1614, send(tunnel).length);
        inner(ethernet(2, 4, 0x88b5, new byte[1600 - 20 - 8 - 8 - 14 + 1]), 0);
        tx.clear();
        tx.add(0, 0, false);
        assertNull(send(tunnel));
        assertEquals(DropReason.TOO_BIG_FOR_TUNNEL.ordinal(), tx.refused[0]);
    }

    @Test
    void shouldSayUnderlayFullWhenPortIs() {
        inner(INNER, 0);
        final Tunnel tunnel = tunnel(0, Encapsulation.VXLAN, UdpChecksum.AUTO, PEER);
        int full = 0;
        for (int round = 0; round < 40; round++) {
            tx.clear();
            for (int i = 0; i < 32; i++) {
                tx.add(0, 0, true);
            }
            underlay.tx(0).prepare(tunnel);
            underlay.tx(0).txBurst(burst, tx, new Tunnel[] {tunnel});
            for (int i = 0; i < 32; i++) {
                full += tx.refused[i] == DropReason.UNDERLAY_FULL.ordinal() ? 1 : 0;
            }
        }
        assertEquals(40 * 32 - 1024, full);
    }

    @Test
    void shouldDeriveMacsWhenReplayHasNoNeighbors() {
        final UnderlaySpec spec = new UnderlaySpec(
                List.of(IpAddress.parse(OWN)), true, UnderlaySpec.Device.PCAP, 0, List.of(), 0, Map.of(), 0);
        assertEquals(0x02000a020001L, Neighbors.derived(spec).mac(IpAddress.parse(FAR)));
        assertEquals(Neighbors.UNKNOWN, Neighbors.fixed(spec).mac(IpAddress.parse(FAR)));
    }

    @Test
    void shouldTakeNetworksAfterAGroupThatCouldNotBeJoined() {
        final IpAddress refused = IpAddress.parse("239.0.0.9");
        final UnderlaySpec spec = new UnderlaySpec(
                List.of(IpAddress.parse(OWN)), true, UnderlaySpec.Device.PORT, OWN_MAC, List.of(), 24, Map.of(), 1600);
        final LayerTwoUnderlay shared = new LayerTwoUnderlay(spec, new PickyNic(refused), 1, Neighbors.fixed(spec));
        shared.listen(Encapsulation.VXLAN, 4789, false);
        assertThrows(SwitchException.class, () -> shared.join(Encapsulation.VXLAN, 4789, refused));
        shared.listen(Encapsulation.GENEVE, 6081, false);
        shared.join(Encapsulation.VXLAN, 4789, IpAddress.parse("239.0.0.1"));
    }

    /** A NIC that one destination does not come through. */
    private static final class PickyNic implements NicPort {
        private final MemoryPort port = new MemoryPort();
        private final IpAddress refused;

        PickyNic(final IpAddress refused) {
            this.refused = refused;
        }

        @Override
        public boolean isShared() {
            return true;
        }

        @Override
        public String mode() {
            return "picky";
        }

        @Override
        public void take(
                final Collection<Integer> udpPorts, final boolean gre, final Collection<IpAddress> destinations) {
            if (destinations.contains(refused)) {
                throw new SwitchException("not " + refused);
            }
        }

        @Override
        public Map<String, Long> dropsBefore() {
            return Map.of();
        }

        @Override
        public int queues() {
            return port.queues();
        }

        @Override
        public PortQueue queue(final int index) {
            return port.queue(index);
        }

        @Override
        public String state() {
            return port.state();
        }

        @Override
        public int mtu() {
            return 1600;
        }

        @Override
        public void close() {
            port.close();
        }
    }
}
