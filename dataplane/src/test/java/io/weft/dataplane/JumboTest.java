package io.weft.dataplane;

import static io.weft.dataplane.TestFrames.ethernet;
import static io.weft.dataplane.TestFrames.ip;
import static io.weft.dataplane.TestFrames.slice;
import static io.weft.dataplane.TestFrames.udp;
import static io.weft.dataplane.TestFrames.vxlan;
import static io.weft.dataplane.TestSwitch.get;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.dataplane.vhost.VirtioFeatures;
import io.weft.dataplane.vhost.frontend.GuestNic;
import io.weft.dataplane.vhost.frontend.Guests;
import io.weft.encap.Encapsulation;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Packets of 9,216 bytes through tunnels, from and to memory and guests; one byte more is too big. */
class JumboTest {
    private static final int MTU = 9216;
    private static final long A = 0x020000000001L;
    private static final long B = 0x020000000002L;
    private static final long FAR = 0x0200000000f1L;

    private final Random random = new Random(1);

    /** A UDP frame whose IP packet has that many bytes. */
    private byte[] frame(final long to, final long from, final boolean v4, final int length) {
        final byte[] payload = new byte[length - (v4 ? 28 : 48)];
        random.nextBytes(payload);
        final byte[] packet = v4
                ? ip("192.168.0.1", "192.168.0.2", 17, 0, udp(1, 2, payload))
                : ip("fd00::1", "fd00::2", 17, 0, udp(1, 2, payload));
        return ethernet(to, from, v4 ? 0x0800 : 0x86dd, packet);
    }

    @ParameterizedTest
    @CsvSource({
        "VXLAN, 10.2.0.1, 50",
        "VXLAN, fd00:2::1, 70",
        "NVGRE, 10.2.0.1, 42",
        "NVGRE, fd00:2::1, 62",
        "GENEVE, 10.2.0.1, 50",
        "GENEVE, fd00:2::1, 70"
    })
    void shouldCarryJumboFramesBetweenSwitches(final Encapsulation encap, final String peer, final int overhead) {
        final boolean v6 = peer.contains(":");
        try (TestSwitch here = TestSwitch.withWire(MTU + overhead, "10.1.0.1", "fd00:1::1");
                TestSwitch there = TestSwitch.withWire(MTU + overhead, "10.2.0.1", "fd00:2::1")) {
            here.tenant("t").network("t/n", 5001, encap, peer).access("a", "t/n");
            there.tenant("t")
                    .network("t/n", 5001, encap, v6 ? "fd00:1::1" : "10.1.0.1")
                    .access("b", "t/n");
            assertEquals(MTU, here.status().networks().getFirst().mtu());
            assertEquals(MTU, here.status().tunnels().getFirst().mtu());
            get(here.control.addMac("t/n", -1, B, peer));
            for (final boolean v4 : new boolean[] {true, false}) {
                final byte[] fits = frame(B, A, v4, MTU);
                here.send("a", fits);
                assertEquals(1, here.carryTo(there));
                assertArrayEquals(fits, there.sent("b").getFirst());
                here.send("a", frame(B, A, v4, MTU + 1));
                assertEquals(0, here.sentWire().size());
                assertEquals(1, here.sent("a").size(), "its sender is told");
            }
            assertTrue(here.books().balanced() && there.books().balanced());
        }
    }

    @Test
    void shouldCarryJumboFramesFromAndToGuests() throws Exception {
        for (final long features : new long[] {VirtioFeatures.MRG_RXBUF, 0}) {
            final int buffer = features == 0 ? 10_240 : 2048;
            try (Guests guests = new Guests(new SwitchContext(), MTU + 50, MTU)) {
                final GuestNic a = guests.guest("a", VirtioFeatures.VERSION_1 | features, 1, buffer);
                final GuestNic b = guests.guest("b", VirtioFeatures.VERSION_1 | features, 1, buffer);
                get(guests.net.control.addMac(Guests.NETWORK, -1, A, "a"));
                get(guests.net.control.addMac(Guests.NETWORK, -1, B, "b"));
                get(guests.net.control.addMac(Guests.NETWORK, -1, FAR, "10.2.0.1"));
                final byte[] near = frame(B, A, true, MTU);
                a.send(near);
                assertArrayEquals(near, b.receive().getFirst().frame);
                final byte[] far = frame(FAR, A, false, MTU);
                a.send(far);
                guests.pump();
                assertArrayEquals(far, slice(guests.net.sentWire().getFirst(), 50));
                final byte[] back = frame(A, FAR, false, MTU);
                guests.net.sendWire(ethernet(
                        A, FAR, 0x0800, ip("10.2.0.1", "10.1.0.1", 17, 0, udp(50_000, 4789, vxlan(5001), back))));
                guests.pump();
                assertArrayEquals(back, a.receive().getFirst().frame);
                a.send(frame(FAR, A, true, MTU + 1));
                guests.pump();
                final List<GuestNic.Received> told = a.receive();
                assertEquals(1, told.size());
                assertEquals(14 + 576, told.getFirst().frame.length);
                // A trunk's tag fits beside the MTU; more does not.
                a.send(frame(B, A, true, MTU + 5));
                assertEquals(List.of(), b.receive());
                assertEquals(1, guests.net.drops(DropReason.TOO_BIG_FOR_PORT));
                assertEquals(0, guests.net.books().held());
            }
        }
    }
}
