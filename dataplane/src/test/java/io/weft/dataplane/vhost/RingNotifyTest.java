package io.weft.dataplane.vhost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.dataplane.sys.EventFd;
import io.weft.dataplane.vhost.frontend.GuestRam;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Calls and kicks as they were asked for: exactly those, one by one. */
class RingNotifyTest {
    private static final long BUFFER = 0x10_0000;

    private final long seed = System.nanoTime();
    private final Random random = new Random(seed);

    @Tag("T4")
    @ParameterizedTest(name = "packed {0}, event index {1}, {2} descriptors")
    @CsvSource({"false,false,64", "false,true,64", "true,false,64", "true,true,64", "true,true,37"})
    void shouldCallExactlyWhenItIsAskedTo(final boolean packed, final boolean eventIdx, final int size)
            throws Exception {
        System.out.println("seed " + seed);
        try (RingRig rig = rig(packed, eventIdx, size);
                EventFd call = new EventFd()) {
            rig.queue.callFd(call.fd());
            call.drain();
            boolean wanted = false;
            for (int round = 0; round < 20_000; round++) {
                add(rig, 1 + random.nextInt(Math.min(size, 20)));
                assertTrue(rig.queue.fill(1 + random.nextInt(20)) > 0);
                rig.queue.rewind(1 + random.nextInt(rig.queue.size));
                // What the driver waits for is the first chain that it has not collected.
                final boolean first = !rig.driver.hasUsed();
                rig.queue.complete();
                final boolean expected = wanted && (!eventIdx || first);
                assertEquals(expected, call.drain(), "round " + round);
                if (random.nextInt(3) > 0) {
                    rig.driver.collect(size);
                    wanted = random.nextBoolean();
                    assertTrue(rig.driver.wantCalls(wanted));
                }
                while (rig.driver.free() == 0) {
                    rig.queue.fill(size);
                    rig.queue.complete();
                    rig.driver.collect(size);
                    wanted = false;
                    rig.driver.wantCalls(false);
                    call.drain();
                }
            }
        }
    }

    @Tag("T4")
    @ParameterizedTest(name = "packed {0}, event index {1}, {2} descriptors")
    @CsvSource({"false,false,64", "false,true,64", "true,false,64", "true,true,64", "true,true,37"})
    void shouldBeKickedWhenItAskedAndNotWhileItPolls(final boolean packed, final boolean eventIdx, final int size) {
        System.out.println("seed " + seed);
        try (RingRig rig = rig(packed, eventIdx, size)) {
            // The first chain of a new split ring is at event index 0, as the driver's zeroes say.
            add(rig, 1);
            rig.queue.fill(1);
            rig.queue.complete();
            rig.driver.collect(size);
            for (int round = 0; round < 5000; round++) {
                assertTrue(rig.queue.requestKicks());
                assertTrue(rig.driver.buffer(BUFFER, 60, false).add(round));
                assertTrue(rig.driver.publish(), "round " + round);
                rig.queue.suppressKicks();
                // Polled from here on: no chain wants a kick, and a request finds that something waits.
                for (int i = random.nextInt(10); i > 0; i--) {
                    rig.driver.buffer(BUFFER, 60, false).add(round);
                    assertFalse(rig.driver.publish(), "round " + round);
                }
                assertFalse(rig.queue.requestKicks());
                rig.queue.fill(size);
                rig.queue.complete();
                rig.driver.collect(size);
            }
        }
    }

    private static RingRig rig(final boolean packed, final boolean eventIdx, final int size) {
        final long features = (packed ? VirtioFeatures.RING_PACKED : 0) | (eventIdx ? VirtioFeatures.EVENT_IDX : 0);
        final RingRig rig = new RingRig(GuestRam.of(2 << 20), RingRig.TRANSMIT, features, size, RingRig.START);
        rig.driver.wantCalls(false);
        return rig;
    }

    private static void add(final RingRig rig, final int chains) {
        for (int i = 0; i < chains; i++) {
            rig.driver.buffer(BUFFER, 60, false).add(i);
        }
        rig.driver.publish();
    }
}
