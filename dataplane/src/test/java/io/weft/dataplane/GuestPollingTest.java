package io.weft.dataplane;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import io.weft.dataplane.vhost.VirtioFeatures;
import io.weft.dataplane.vhost.frontend.Frontend;
import io.weft.dataplane.vhost.frontend.GuestNic;
import io.weft.dataplane.vhost.frontend.Guests;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Guests whose queues the worker had left alone, as nothing came from them. */
class GuestPollingTest {
    private static final long ALL = 0xffff_ffff_ffffL;
    private static final long A = 0x02_00_00_00_00_0aL;
    private static final long B = 0x02_00_00_00_00_0bL;

    private final Guests guests = new Guests();

    @AfterEach
    void close() {
        guests.close();
    }

    static Stream<Long> rings() {
        return Stream.of(VirtioFeatures.VERSION_1, VirtioFeatures.VERSION_1 | VirtioFeatures.RING_PACKED);
    }

    /** Longer than a queue is polled in vain. */
    private void park() {
        for (int i = 0; i < 2 * PollSet.QUIET_POLLS; i++) {
            guests.net.weft.pump();
        }
    }

    @Tag("H6")
    @ParameterizedTest
    @MethodSource("rings")
    void shouldPollARingWithoutKickDescriptorThoughItsQueueWasParked(final long features) throws Exception {
        final GuestNic b = guests.guest("b", features);
        try (GuestNic a = new GuestNic(guests.connect("a", 1, 0), 1, 256, 2048)) {
            a.negotiate(features);
            park();
            a.boot();
            a.frontend.memory(a.ram);
            for (int ring = 0; ring < 2; ring++) {
                a.frontend.send(Frontend.SET_VRING_NUM, Frontend.state(ring, a.rings[ring].size));
                a.frontend.send(Frontend.SET_VRING_BASE, Frontend.state(ring, a.rings[ring].base()));
                a.frontend.addresses(a.ram, ring, a.rings[ring], 0, 0);
                a.frontend.send(Frontend.SET_VRING_KICK, ring | Frontend.NO_FD);
                a.frontend.enable(ring, true);
            }
            for (int i = 0; i < 3; i++) {
                park();
                final byte[] frame = TestFrames.ethernet(ALL, A, 0x88b5, new byte[60 + i]);
                a.queue(0, frame, 0, 0, 0, 0, 0);
                a.rings[1].publish();
                a.frontend.pump();
                assertArrayEquals(frame, b.receive().getFirst().frame);
            }
        }
    }

    @Tag("H6")
    @ParameterizedTest
    @MethodSource("rings")
    void shouldSeeWhatWaitsInARingThatIsStartedAfterItsQueueWasParked(final long features) throws Exception {
        final GuestNic a = guests.guest("a", features);
        final GuestNic b = guests.guest("b", features);
        for (int i = 0; i < 3; i++) {
            final int base = a.frontend.stop(1);
            park();
            final byte[] frame = TestFrames.ethernet(ALL, B, 0x88b5, new byte[60 + i]);
            a.queue(0, frame, 0, 0, 0, 0, 0);
            // The kick is the old descriptor's: whoever starts the ring again has to look.
            a.rings[1].publish();
            a.start(1, base);
            a.frontend.enable(1, true);
            a.frontend.pump();
            assertArrayEquals(frame, b.receive().getFirst().frame);
        }
    }
}
