package io.weft.dataplane.vhost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.dataplane.vhost.frontend.DriverRing;
import io.weft.dataplane.vhost.frontend.GuestRam;
import io.weft.encap.Mem;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * A device that is killed before any one of its stores to memory, while it takes chains, completes them, or takes up what
 * a killed one left: whoever serves the ring next completes each chain once, with the bytes that are in it.
 */
class RingCrashTest {
    @Tag("H19")
    @Test
    void shouldNeitherLoseNorRepeatAChainWhereverTheDeviceIsKilled() {
        new SteppedClasses().make(EveryKill.class).run();
    }

    /** What the guest does while nobody serves the ring. */
    enum Meanwhile {
        NOTHING,
        COLLECTS,
        COLLECTS_AND_ADDS
    }

    /** All kinds of rings, all places to be killed. Run with stepped classes. */
    public static final class EveryKill implements Runnable {
        private static final int SIZE_PACKED = 7;
        private static final int SIZE_SPLIT = 8;
        private static final int BYTES = 64;

        private int places;

        @Override
        public void run() {
            for (final long kind : new long[] {0, VirtioFeatures.RING_PACKED}) {
                for (final long more : new long[] {0, VirtioFeatures.EVENT_IDX, VirtioFeatures.IN_ORDER}) {
                    for (final boolean inflight : new boolean[] {false, true}) {
                        for (final Meanwhile meanwhile : Meanwhile.values()) {
                            for (final int index : new int[] {RingRig.RECEIVE, RingRig.TRANSMIT}) {
                                for (final int warm : new int[] {0, 4, 6}) {
                                    everyStore(kind | more, inflight, meanwhile, index, warm);
                                }
                            }
                        }
                    }
                }
            }
            System.out.println("killed at " + places + " places");
            assertTrue(places > 10_000, "stores were not counted");
        }

        private void everyStore(
                final long features,
                final boolean inflight,
                final Meanwhile meanwhile,
                final int index,
                final int warm) {
            boolean ended = false;
            for (int first = 0; !ended; first++) {
                boolean recovered = false;
                for (int second = 0; !recovered; second++) {
                    try (Run run = new Run(features, inflight, index, warm)) {
                        ended = !run.killed(first);
                        run.meanwhile(meanwhile);
                        recovered = ended || !run.killedAgain(second);
                        run.meanwhile(meanwhile);
                        run.finish();
                        places++;
                    } catch (final RuntimeException | AssertionError e) {
                        throw new AssertionError(
                                VirtioFeatures.names(features) + (inflight ? " inflight " : " ") + meanwhile + " ring "
                                        + index + " after " + warm + " killed at " + first + ", again at " + second,
                                e);
                    }
                }
            }
        }

        /** One ring and its life. */
        private static final class Run implements AutoCloseable {
            private final RingRig rig;
            private final DriverRing driver;
            private final boolean receive;
            private final long slots;
            private long added;
            private long collected;
            private int process = 1;

            Run(final long features, final boolean inflight, final int index, final int warm) {
                receive = index == RingRig.RECEIVE;
                final int size = (features & VirtioFeatures.RING_PACKED) != 0 ? SIZE_PACKED : SIZE_SPLIT;
                rig = new RingRig(GuestRam.of(1 << 16), index, features, size, RingRig.START);
                driver = rig.driver;
                slots = rig.ram.allocate((long) BYTES * 16, BYTES);
                if (inflight) {
                    rig.withInflight();
                }
                for (int i = 0; i < warm; i++) {
                    add(1 + i % 2);
                    serve();
                    collect();
                }
                add(2);
                add(1);
                add(3);
            }

            private void add(final int buffers) {
                final long at = slots + added % 16 * BYTES;
                for (int i = 0; i < buffers; i++) {
                    driver.buffer(at + i, i + 1 == buffers ? BYTES - i : 1, receive);
                }
                if (driver.add(added)) {
                    Mem.fill(rig.ram.host(at), BYTES, 0);
                    added++;
                }
                driver.publish();
            }

            /** Takes and completes; what is written, and how much, says which process wrote it. */
            private void serve() {
                rig.queue.fill(8);
                for (int k = 0; k < rig.queue.size; k++) {
                    assertEquals(Virtqueue.OK, rig.queue.fault[k]);
                    assertEquals(BYTES, rig.queue.bytes[k]);
                    if (receive) {
                        rig.write(k, filled(process, 10 * process + k));
                    }
                }
                rig.queue.complete();
            }

            private static byte[] filled(final int value, final int length) {
                final byte[] bytes = new byte[length];
                java.util.Arrays.fill(bytes, (byte) value);
                return bytes;
            }

            boolean killed(final int n) {
                Steps.killAt(n);
                try {
                    serve();
                    return false;
                } catch (final Steps.Killed killed) {
                    return true;
                } finally {
                    Steps.none();
                }
            }

            boolean killedAgain(final int n) {
                process = 2;
                Steps.killAt(n);
                try {
                    rig.queue = rig.open(true);
                    serve();
                    return false;
                } catch (final Steps.Killed killed) {
                    return true;
                } finally {
                    Steps.none();
                }
            }

            void meanwhile(final Meanwhile what) {
                if (what != Meanwhile.NOTHING) {
                    collect();
                }
                if (what == Meanwhile.COLLECTS_AND_ADDS) {
                    add(1);
                    add(2);
                }
            }

            void finish() {
                process = 3;
                rig.queue = rig.open(true);
                for (int i = 0; i < 20; i++) {
                    add(1 + i % 3);
                    serve();
                    collect();
                }
                assertEquals("", rig.queue.broken());
                assertEquals(added, collected);
                assertTrue(rig.queue.isEmpty());
                assertEquals(driver.size, driver.free());
            }

            private void collect() {
                final int n = driver.collect(driver.size);
                for (int i = 0; i < n; i++) {
                    assertEquals(collected++, driver.cookie[i]);
                    final int length = driver.length[i];
                    if (receive) {
                        final byte[] all = Mem.bytes(rig.ram.host(slots + driver.cookie[i] % 16 * BYTES), BYTES);
                        for (int b = 0; b < length; b++) {
                            assertEquals(length / 10, all[b], "bytes of another process than the length");
                        }
                        assertTrue(length >= 10);
                    } else {
                        assertEquals(0, length);
                    }
                }
            }

            @Override
            public void close() {
                rig.close();
            }
        }
    }
}
