package io.weft.dataplane;

import static io.weft.dataplane.TestFrames.concat;
import static io.weft.dataplane.TestFrames.ethernet;
import static io.weft.dataplane.TestFrames.fixIpv4;
import static io.weft.dataplane.TestFrames.ip;
import static io.weft.dataplane.TestFrames.ipv4;
import static io.weft.dataplane.TestFrames.putU16;
import static io.weft.dataplane.TestFrames.slice;
import static io.weft.dataplane.TestFrames.u16;
import static io.weft.dataplane.TestFrames.udp;
import static io.weft.dataplane.TestFrames.vxlan;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.dataplane.vhost.VirtioFeatures;
import io.weft.dataplane.vhost.frontend.GuestNic;
import io.weft.dataplane.vhost.frontend.Guests;
import io.weft.encap.FlowHash;
import io.weft.encap.FrameParser;
import io.weft.encap.Mem;
import io.weft.encap.ParsedFrame;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * One symmetric hash of each frame says its entropy in a tunnel, its worker and the guest's queue: both directions of a
 * flow have the same, whatever kind of frame it is made of.
 */
@Tag("T13")
class SteeringTest {
    private static final long GUEST = 0x02_00_00_00_00_0aL;
    private static final long FAR = 0x02_00_00_00_00_0bL;
    private static final long NEAR = 0x02_00_00_00_00_0cL;
    private static final int PAIRS = 4;
    private static final int FLOWS = 12;
    private static final long SEED = 1;

    /** Frames of many kinds, of flow {@code n}; {@code back}: in the other direction. */
    private static List<byte[]> frames(final long guest, final long other, final int n, final boolean back) {
        final long from = back ? other : guest;
        final long to = back ? guest : other;
        final String one = "10.0.0." + (1 + n);
        final String two = "10.0.9." + (other & 0xff);
        final String source = back ? two : one;
        final String destination = back ? one : two;
        final int sourcePort = back ? 53 : 1000 + n;
        final int destinationPort = back ? 1000 + n : 53;
        final List<byte[]> frames = new ArrayList<>();
        frames.add(ethernet(
                to, from, 0x0800, ip(source, destination, 17, 0, udp(sourcePort, destinationPort, new byte[9]))));
        final byte[] tcp = concat(udp(sourcePort, destinationPort), new byte[30]);
        frames.add(ethernet(to, from, 0x0800, ip(source, destination, 6, 0, tcp)));
        frames.add(ethernet(to, from, 0x86dd, ip(six(source), six(destination), 6, 0, tcp)));
        frames.add(ethernet(to, from, 0x0800, ip(source, destination, 1, 0, new byte[24])));
        final byte[] first = ipv4(source, destination, 132, 0, concat(udp(sourcePort, destinationPort), new byte[8]));
        putU16(first, 6, 0x2000);
        frames.add(ethernet(to, from, 0x0800, fixIpv4(first, 0)));
        final byte[] later = ipv4(source, destination, 132, 0, new byte[24 + (back ? 8 : 0)]);
        putU16(later, 6, 0x0002);
        frames.add(ethernet(to, from, 0x0800, fixIpv4(later, 0)));
        return frames;
    }

    private static String six(final String four) {
        return "fd00::" + four.replace('.', ':');
    }

    private static byte[] other(final long to, final long from) {
        return ethernet(to, from, 0x88b5, new byte[46]);
    }

    private static byte[] tunnelled(final byte[] inner) {
        final byte[] packet = ip("10.2.0.1", "10.1.0.1", 17, 0, udp(50_000, 4789, vxlan(5001), inner));
        return ethernet(0x02000a010001L, 0x02000a020001L, 0x0800, packet);
    }

    @ParameterizedTest(name = "{0} workers, packed {1}")
    @CsvSource({"1, false", "1, true", "2, false", "2, true"})
    void shouldReturnAFlowOnThePairItWasLastSentFromThroughTunnelsAndPorts(final int workers, final boolean packed)
            throws Exception {
        final long features = VirtioFeatures.VERSION_1 | (packed ? VirtioFeatures.RING_PACKED : 0);
        try (Guests guests = new Guests(new SwitchContext().workers(workers))) {
            final GuestNic near = guests.guest("near", features);
            final GuestNic guest = guests.guest("guest", features | VirtioFeatures.MQ, PAIRS, 256, 2048);
            guests.net.wire.queue(workers - 1).inject(tunnelled(other(0xffffffffffffL, FAR)));
            near.send(other(0xffffffffffffL, NEAR));
            guests.pump();
            guest.receive();
            near.receive();
            guests.net.sentWire();
            for (int n = 0; n < FLOWS; n++) {
                final List<byte[]> there = frames(GUEST, FAR, n, false);
                final List<byte[]> back = frames(GUEST, FAR, n, true);
                final List<byte[]> near1 = frames(GUEST, NEAR, n, false);
                final List<byte[]> near2 = frames(GUEST, NEAR, n, true);
                // What has one hash with others goes where the last of them went: one pair for all kinds of a flow.
                final int pair = n % PAIRS;
                for (int k = 0; k < there.size(); k++) {
                    guest.send(pair, there.get(k), 0, 0, 0, 0, 0);
                    assertEquals(1, guests.net.sentWire().size());
                    final int wire = (n + k) % workers;
                    assertTrue(guests.net.wire.queue(wire).inject(tunnelled(back.get(k))));
                    guests.pump();
                    expectOn(pair, guest.receive(), "flow " + n + " kind " + k + " through the tunnel");
                    guest.send(pair, near1.get(k), 0, 0, 0, 0, 0);
                    assertEquals(1, near.receive().size());
                    near.send(near2.get(k));
                    guests.pump();
                    expectOn(pair, guest.receive(), "flow " + n + " kind " + k + " between ports");
                }
            }
            assertTrue(guests.net.books().balanced());
        }
    }

    private static void expectOn(final int pair, final List<GuestNic.Received> frames, final String what) {
        assertEquals(1, frames.size(), what);
        assertEquals(pair, frames.getFirst().pair, what);
    }

    @Test
    void shouldFollowAFlowOfFramesWithoutIpToo() throws Exception {
        try (Guests guests = new Guests()) {
            final GuestNic near = guests.guest("near", VirtioFeatures.VERSION_1);
            final GuestNic guest = guests.guest("guest", VirtioFeatures.VERSION_1 | VirtioFeatures.MQ, PAIRS, 2048);
            near.send(other(0xffffffffffffL, NEAR));
            guest.receive();
            for (int round = 0; round < 2 * PAIRS; round++) {
                final int pair = round % PAIRS;
                guest.send(pair, other(NEAR, GUEST), 0, 0, 0, 0, 0);
                near.receive();
                near.send(other(GUEST, NEAR));
                expectOn(pair, guest.receive(), "round " + round);
            }
        }
    }

    @Test
    void shouldLeaveAFlowWhereItIsWhenAFrameIsDroppedThatCameOnAnotherPair() throws Exception {
        try (Guests guests = new Guests()) {
            final GuestNic near = guests.guest("near", VirtioFeatures.VERSION_1);
            final GuestNic guest = guests.guest("guest", VirtioFeatures.VERSION_1 | VirtioFeatures.MQ, PAIRS, 2048);
            near.send(other(0xffffffffffffL, NEAR));
            guest.receive();
            for (int pair = 0; pair < PAIRS; pair++) {
                guest.send(pair, other(NEAR, GUEST), 0, 0, 0, 0, 0);
                assertEquals(1, near.receive().size());
                // Without a source nobody has looked for its flow.
                guest.send((pair + 1) % PAIRS, other(NEAR, 0), 0, 0, 0, 0, 0);
                assertEquals(0, near.receive().size());
                near.send(other(GUEST, NEAR));
                expectOn(pair, guest.receive(), "pair " + pair);
            }
        }
    }

    @Test
    void shouldGiveBothDirectionsOfAFlowTheSamePortInATunnelWhereverTheyComeFrom() {
        try (TestSwitch weft = new TestSwitch("10.1.0.1")) {
            weft.tenant("t").network("t/n", 5001, io.weft.encap.Encapsulation.VXLAN, "10.2.0.1");
            weft.access("a", "t/n").access("b", "t/n");
            final Set<Integer> ports = new HashSet<>();
            for (int n = 0; n < FLOWS; n++) {
                final List<byte[]> there = frames(GUEST, FAR, n, false);
                final List<byte[]> back = frames(GUEST, FAR, n, true);
                for (int k = 0; k < there.size(); k++) {
                    // To addresses that nobody has, so that each goes into the tunnel.
                    final int port = entropy(weft, "a", there.get(k));
                    assertEquals(port, entropy(weft, "b", back.get(k)), "flow " + n + " kind " + k);
                    assertEquals(FlowHash.sourcePort(hash(there.get(k))), port, "flow " + n + " kind " + k);
                    assertEquals(hash(there.get(k)), hash(back.get(k)));
                    ports.add(port);
                }
                assertEquals(hash(there.get(4)), hash(there.get(5)), "fragments of a datagram");
            }
            assertTrue(ports.size() > 4 * FLOWS, () -> ports.size() + " ports");
        }
    }

    private static int entropy(final TestSwitch weft, final String port, final byte[] frame) {
        weft.send(port, frame);
        final List<byte[]> packets = weft.sentWire();
        // The learned other end is on a port by now, so a frame may go there alone: send it as a group's.
        if (packets.isEmpty()) {
            final byte[] group = concat(new byte[] {1, 0, 0x5e, 0, 0, 1}, slice(frame, 6));
            weft.send(port, group);
            return u16(weft.sentWire().getFirst(), 34);
        }
        return u16(packets.getFirst(), 34);
    }

    private static int hash(final byte[] frame) {
        final long at = Mem.allocate(frame.length + 64, 64);
        Mem.copy(frame, 0, at, frame.length);
        final ParsedFrame parsed = new ParsedFrame();
        assertTrue(FrameParser.parse(at, frame.length, frame.length, parsed));
        return FlowHash.symmetric(at, parsed, SEED);
    }
}
