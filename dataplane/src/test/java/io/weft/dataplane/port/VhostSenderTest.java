package io.weft.dataplane.port;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.dataplane.Burst;
import io.weft.dataplane.DropReason;
import io.weft.dataplane.TxQueue;
import io.weft.dataplane.sys.Libc;
import io.weft.dataplane.vhost.GuestMemory;
import io.weft.dataplane.vhost.RingJournal;
import io.weft.dataplane.vhost.VirtioFeatures;
import io.weft.dataplane.vhost.Virtqueue;
import io.weft.dataplane.vhost.frontend.DriverRing;
import io.weft.dataplane.vhost.frontend.GuestRam;
import io.weft.encap.Mem;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a guest's receive ring is left with when something goes wrong, and what a hostile one may cost. */
@Tag("H6")
class VhostSenderTest {
    private static final long SPLIT = VirtioFeatures.VERSION_1 | VirtioFeatures.MRG_RXBUF;
    private static final long PACKED = SPLIT | VirtioFeatures.RING_PACKED;
    private static final int HEADER = 12;
    private static final int FRAME = 60;
    private static final int PAGE = 4096;

    private final GuestRam ram = GuestRam.of(64 << 20);
    private final VhostState state = new VhostState(1, 1500);
    private final VhostSender sender = new VhostSender(state);
    private final Burst burst = new Burst();
    private final TxQueue tx = new TxQueue();
    private final long head = Mem.allocate(256, 64);
    private DriverRing driver;
    private GuestMemory memory;
    private Virtqueue queue;

    private void open(final long features, final int size) {
        driver = DriverRing.of(ram, size, features);
        memory = ram.map();
        state.negotiated(features);
        final RingJournal journal = new RingJournal(Mem.allocate(RingJournal.BYTES, Long.BYTES));
        queue = Virtqueue.open(driver.setup(0, features, memory, false, journal));
        sender.attach(queue);
        sender.enable(true);
    }

    @AfterEach
    void close() {
        sender.close();
        GuestRam.unmap(memory);
        ram.close();
    }

    private void send(final int body, final long bodyAddress) {
        burst.clear();
        burst.add(head, FRAME);
        if (body > 0) {
            burst.length[0] = FRAME + body;
            burst.firstSegment[0] = 0;
            burst.segmentCount[0] = 1;
            burst.segmentAddress[0] = bodyAddress;
            burst.segmentLength[0] = body;
            burst.segments = 1;
        }
        tx.clear();
        tx.add(0, -1, false);
        sender.send(burst, tx);
    }

    @ParameterizedTest
    @ValueSource(longs = {SPLIT, PACKED})
    void shouldSayNoMoreThanWasWrittenWhenTheFrameBeforeBrokeOff(final long features) {
        open(features, 16);
        for (int i = 0; i < 4; i++) {
            assertTrue(driver.buffer(ram.allocate(512, 64), 512, true).add(i));
        }
        driver.publish();
        final int fd = Libc.memfd("cut", PAGE);
        final long cut = Libc.mmap(0, PAGE, Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_SHARED, fd, 0);
        assertEquals(0, Libc.ftruncate(fd, 0));
        assertThrows(InternalError.class, () -> send(1000, cut));
        assertEquals(0, driver.collect(16));

        send(1000, ram.host(ram.allocate(1000, 64)));
        assertEquals(0, tx.refused[0]);
        assertEquals(3, driver.collect(16));
        assertEquals(0, driver.cookie[0]);
        assertEquals(512, driver.length[0]);
        assertEquals(512, driver.length[1]);
        assertEquals(HEADER + FRAME + 1000 - 1024, driver.length[2]);
        Libc.munmap(cut, PAGE);
        Libc.close(fd);
    }

    @ParameterizedTest
    @ValueSource(longs = {SPLIT, PACKED, VirtioFeatures.VERSION_1})
    void shouldGiveFaultyChainsBackAFewAtATimeWhenThereIsNothingElse(final long features) {
        open(features, 1024);
        for (int i = 0; i < 1000; i++) {
            assertTrue(driver.buffer(1L << 40, 2048, true).add(i));
        }
        assertTrue(driver.buffer(ram.allocate(2048, 64), 2048, true).add(1000));
        driver.publish();
        int back = 0;
        int sent = 0;
        for (int i = 0; i < 100 && sent == 0; i++) {
            final long faults = queue.faults();
            send(0, 0);
            assertTrue(queue.faults() - faults <= 64, "chains looked at for one frame");
            final int given = driver.collect(1024);
            assertTrue(given > 0, "none was given back");
            back += given;
            if (tx.refused[0] == 0) {
                sent++;
            } else {
                assertEquals(DropReason.PORT_FULL.ordinal(), tx.refused[0]);
            }
        }
        assertEquals(1, sent);
        assertEquals(1001, back);
    }
}
