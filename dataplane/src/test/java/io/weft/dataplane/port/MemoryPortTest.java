package io.weft.dataplane.port;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.dataplane.Burst;
import io.weft.dataplane.DropReason;
import io.weft.dataplane.HandoffQueue;
import io.weft.dataplane.TxQueue;
import io.weft.dataplane.sys.EventFd;
import io.weft.encap.Mem;
import java.util.ArrayDeque;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class MemoryPortTest {
    private final Burst burst = new Burst();
    private final TxQueue tx = new TxQueue();

    private static byte[] bytes(final Random random, final int length) {
        final byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    private static byte[] frame(final Burst burst, final int i) {
        final byte[] frame = new byte[burst.length[i]];
        Mem.copy(burst.head[i], frame, 0, burst.headLength[i]);
        int at = burst.headLength[i];
        final int first = burst.firstSegment[i];
        for (int s = first; s < first + burst.segmentCount[i]; s++) {
            Mem.copy(burst.segmentAddress[s], frame, at, burst.segmentLength[s]);
            at += burst.segmentLength[s];
        }
        assertEquals(frame.length, at);
        return frame;
    }

    @Test
    void shouldKeepOrderBytesAndHeadroomWhenRingWrapsManyTimes() {
        final long seed = System.nanoTime();
        System.out.println("seed " + seed);
        final Random random = new Random(seed);
        final MemoryPort port = new MemoryPort(1, 1500, 0, 100, false);
        final ArrayDeque<byte[]> expected = new ArrayDeque<>();
        for (int round = 0; round < 5_000; round++) {
            for (int n = random.nextInt(40); n > 0; n--) {
                final byte[] frame =
                        bytes(random, random.nextInt(10) == 0 ? random.nextInt(65_000) : random.nextInt(1600));
                if (port.inject(frame)) {
                    expected.add(frame);
                } else {
                    assertFalse(expected.isEmpty(), "refused though empty");
                }
            }
            burst.clear();
            final int frames = port.queue(0).rxBurst(burst);
            assertEquals(frames, burst.size);
            for (int i = 0; i < frames; i++) {
                Mem.fill(burst.head[i] - Burst.HEADROOM, Burst.HEADROOM, 0xee);
            }
            for (int i = 0; i < frames; i++) {
                assertArrayEquals(expected.poll(), frame(burst, i));
            }
            if (frames != 0) {
                port.queue(0).rxRelease();
            }
        }
    }

    @Test
    void shouldRefuseWhenAsManyWaitAsMay() {
        final MemoryPort port = new MemoryPort(1, 1500, 0, 3, false);
        for (int i = 0; i < 3; i++) {
            assertTrue(port.inject(new byte[60]));
        }
        assertFalse(port.inject(new byte[60]));
        assertEquals(3, port.queue(0).rxBurst(burst));
        port.queue(0).rxRelease();
        assertTrue(port.inject(new byte[60]));
    }

    @Test
    void shouldGatherPrefixHeadAndBodyWhenSending() {
        final MemoryPort port = new MemoryPort();
        port.splitAt(100);
        final byte[] frame = bytes(new Random(1), 9_001);
        port.inject(frame, Burst.NEEDS_CSUM, Burst.GSO_TCPV4, 1448, 34, 16);
        assertEquals(1, port.queue(0).rxBurst(burst));
        assertEquals(100, burst.headLength[0]);
        assertEquals(3, burst.segmentCount[0]);
        assertArrayEquals(frame, frame(burst, 0));

        tx.add(0, 0, false);
        tx.skip[0] = 12;
        tx.prefix[0] = tx.scratch(0);
        tx.prefixLength[0] = 16;
        Mem.fill(tx.scratch(0), 16, 0xab);
        port.queue(0).txBurst(burst, tx);

        final MemoryQueue.Sent sent = port.pollSent();
        assertEquals(9_001 + 4, sent.frame().length);
        for (int i = 0; i < 16; i++) {
            assertEquals((byte) 0xab, sent.frame()[i]);
        }
        for (int i = 12; i < 9_001; i++) {
            assertEquals(frame[i], sent.frame()[i + 4]);
        }
        assertEquals(Burst.NEEDS_CSUM, sent.vnetFlags());
        assertEquals(Burst.GSO_TCPV4, sent.gsoType());
        assertEquals(1448, sent.gsoSize());
        assertEquals(38, sent.csumStart());
        assertEquals(16, sent.csumOffset());
        assertNull(port.poll());
    }

    @Test
    void shouldSayPortFullWhenNobodyPolls() {
        final MemoryPort port = new MemoryPort(1, 1500, 0, 2, false);
        port.inject(new byte[60]);
        port.queue(0).rxBurst(burst);
        for (int i = 0; i < 3; i++) {
            tx.add(0, 0, true);
        }
        port.queue(0).txBurst(burst, tx);
        assertEquals(0, tx.refused[0]);
        assertEquals(0, tx.refused[1]);
        assertEquals(DropReason.PORT_FULL.ordinal(), tx.refused[2]);
    }

    @Test
    void shouldMarkFrameWhenItsSourceRefusesIt() {
        final MemoryPort port = new MemoryPort();
        port.queue(0).injectRefused(new byte[60], DropReason.TRUNCATED);
        port.queue(0).rxBurst(burst);
        assertEquals(DropReason.TRUNCATED.ordinal(), burst.refused[0]);
    }

    @Test
    @SuppressWarnings("ThreadPriorityCheck") // gives way where both threads share a CPU
    void shouldLoseNothingWhenTwoThreadsRace() throws InterruptedException {
        final MemoryPort port = new MemoryPort(1, 1500, 0, 64, false);
        final int frames = 50_000;
        final AtomicReference<Throwable> failure = new AtomicReference<>();
        final Thread worker = new Thread(() -> {
            final Burst own = new Burst();
            int next = 0;
            while (next < frames) {
                own.clear();
                for (int i = 0, n = port.queue(0).rxBurst(own); i < n; i++, next++) {
                    if (Mem.getInt(own.head[i]) != next || own.length[i] != 60 + next % 1000) {
                        failure.set(new AssertionError("frame " + next + " damaged"));
                        return;
                    }
                }
                if (own.size == 0) {
                    Thread.yield();
                } else {
                    port.queue(0).rxRelease();
                }
            }
        });
        worker.start();
        for (int i = 0; i < frames && worker.isAlive(); ) {
            final byte[] frame = new byte[60 + i % 1000];
            frame[0] = (byte) (i >>> 24);
            frame[1] = (byte) (i >>> 16);
            frame[2] = (byte) (i >>> 8);
            frame[3] = (byte) i;
            if (port.inject(frame)) {
                i++;
            } else {
                Thread.yield();
            }
        }
        worker.join();
        assertNull(failure.get());
    }

    @Test
    void shouldRingBellOnlyWhenWorkerSleeps() {
        final MemoryPort port = new MemoryPort(1, 1500, 0, 64, true);
        final MemoryQueue queue = port.queue(0);
        port.inject(new byte[60]);
        assertFalse(EventFd.drain(queue.wakeFd()) > 0, "nobody asked to be woken");
        assertFalse(queue.arm(), "a frame waits: poll again");
        queue.rxBurst(burst);
        queue.rxRelease();
        assertTrue(queue.arm());
        port.inject(new byte[60]);
        assertEquals(Long.BYTES, EventFd.drain(queue.wakeFd()));
        assertTrue(port.inject(new byte[60]));
        assertFalse(EventFd.drain(queue.wakeFd()) > 0, "rung once for each time it was asked");
        queue.disarm();
        port.close();
    }

    @Test
    void shouldArriveAsSentWhenHandedToAnotherWorker() {
        final MemoryPort port = new MemoryPort();
        final HandoffQueue handoff = new HandoffQueue(port.queue(0), false);
        final byte[] frame = bytes(new Random(2), 700);
        port.inject(frame, Burst.NEEDS_CSUM, 0, 0, 34, 6);
        port.queue(0).rxBurst(burst);
        tx.add(0, 0, false);
        tx.skip[0] = 4;
        handoff.txBurst(burst, tx);
        port.queue(0).rxRelease();

        final Burst other = new Burst();
        assertEquals(1, handoff.drain().rxBurst(other));
        assertEquals(696, other.length[0]);
        assertEquals(30, other.csumStart[0]);
        assertEquals(6, other.csumOffset[0]);
        assertEquals(Burst.NEEDS_CSUM, other.vnetFlags[0]);
        assertArrayEquals(java.util.Arrays.copyOfRange(frame, 4, 700), frame(other, 0));
    }

    @Test
    void shouldSayHandoffFullWhenOtherWorkerDoesNotDrain() {
        final MemoryPort port = new MemoryPort();
        final HandoffQueue handoff = new HandoffQueue(port.queue(0), false);
        port.inject(new byte[60]);
        port.queue(0).rxBurst(burst);
        int refused = 0;
        for (int round = 0; round < 40; round++) {
            tx.clear();
            for (int i = 0; i < 32; i++) {
                tx.add(0, 0, true);
            }
            handoff.txBurst(burst, tx);
            for (int i = 0; i < 32; i++) {
                refused += tx.refused[i] == DropReason.HANDOFF_FULL.ordinal() ? 1 : 0;
            }
        }
        assertEquals(40 * 32 - 1024, refused);
    }

    @Test
    void shouldGiveTemplatesForeverWhenLooping() {
        final LoopPort port = new LoopPort(1500, new byte[60], new byte[100]);
        assertEquals(Burst.CAPACITY, port.rxBurst(burst));
        assertEquals(60, burst.length[0]);
        assertEquals(100, burst.length[1]);
        tx.add(0, 0, false);
        port.txBurst(burst, tx);
        assertEquals(1, port.sentFrames());
        assertEquals(60, port.sentBytes());
    }
}
