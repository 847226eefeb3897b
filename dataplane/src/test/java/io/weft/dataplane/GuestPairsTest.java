package io.weft.dataplane;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.dataplane.vhost.VirtioFeatures;
import io.weft.dataplane.vhost.frontend.GuestNic;
import io.weft.dataplane.vhost.frontend.Guests;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Guests of as many queue pairs as there may be, polled by one worker or spread over several. */
class GuestPairsTest {
    private static final int PAIRS = 16;
    private static final long A = 0x02_00_00_00_00_0aL;
    private static final long B = 0x02_00_00_00_00_0bL;

    @Tag("T13")
    @ParameterizedTest(name = "{0} workers, packed {1}")
    @CsvSource({"1,false", "2,true", "3,false", "3,true"})
    void shouldReturnEachFlowOnItsPairOfSixteenWhicheverWorkerPollsIt(final int workers, final boolean packed)
            throws Exception {
        final long features = VirtioFeatures.VERSION_1 | (packed ? VirtioFeatures.RING_PACKED : 0);
        try (Guests guests = new Guests(new SwitchContext().workers(workers))) {
            final GuestNic a = guests.guest("a", features);
            final GuestNic b = guests.guest("b", features | VirtioFeatures.MQ, PAIRS, 64, 2048);
            assertEquals(PAIRS, guests.row("b").vhost().pairsEnabled());
            for (int round = 0; round < 3; round++) {
                for (int flow = 0; flow < PAIRS; flow++) {
                    final int pair = (flow + round) % PAIRS;
                    final byte[] there = udp(A, B, 7, flow);
                    b.send(pair, there, 0, 0, 0, 0, 0);
                    assertArrayEquals(there, a.receive().getFirst().frame);
                    a.send(udp(B, A, flow, 7));
                    final List<GuestNic.Received> back = b.receive();
                    assertEquals(1, back.size());
                    assertEquals(pair, back.getFirst().pair, "flow " + flow + " in round " + round);
                }
            }
            assertTrue(guests.net.books().balanced());
        }
    }

    private static byte[] udp(final long to, final long from, final int source, final int destination) {
        return TestFrames.ethernet(
                to,
                from,
                0x0800,
                TestFrames.ip(
                        "10.0.0." + (from & 0xff),
                        "10.0.0." + (to & 0xff),
                        17,
                        0,
                        TestFrames.udp(1000 + source, 1000 + destination, new byte[20])));
    }
}
