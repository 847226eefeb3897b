package io.weft.dataplane.vhost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.dataplane.sys.Libc;
import io.weft.encap.Mem;
import java.io.IOException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The dirty log switched on and off under rings that run. */
class VhostLogTest {
    private static final int USED_LOG = 0x7000;

    private DeviceRig rig;
    private int log;

    @BeforeEach
    void connect() throws IOException {
        rig = new DeviceRig();
        rig.negotiate(DeviceRig.SPLIT);
        rig.share(rig.memory(DeviceRig.BYTES));
        rig.start(0, 0);
        rig.start(1, 0);
        log = rig.memory(1 << 16);
    }

    @AfterEach
    void close() {
        rig.close();
        assertEquals(0, OpenFds.mappings("memfd:test"));
    }

    private void logAll(final boolean on) {
        final long features = DeviceRig.SPLIT | VirtioFeatures.PROTOCOL_FEATURES;
        rig.frontend.send(Request.SET_FEATURES, RawFrontend.words(on ? features | VirtioFeatures.LOG_ALL : features));
    }

    @Test
    @Tag("H2")
    @Tag("H14")
    void shouldAnswerWhenLogIsSet() {
        assertEquals(
                0,
                rig.frontend
                        .get(Request.SET_LOG_BASE, RawFrontend.words(4096, 0), log)
                        .word());
        assertEquals(0, rig.frontend.ask(Request.SET_LOG_BASE, RawFrontend.words(4096, 4096), log));
        assertNull(rig.frontend.read(), "one reply, not two");
        assertEquals(1, rig.frontend.ask(Request.SET_LOG_BASE, RawFrontend.words(1 << 20, 0), log));
        assertTrue(rig.handler.lines.getLast().contains("log: 1048576 bytes at offset 0, but the file has 65536"));
        rig.frontend.send(Request.SET_LOG_FD, new byte[0], rig.eventfd());
        rig.frontend.send(Request.SET_LOG_FD, new byte[0], rig.eventfd());
        assertTrue(rig.device.isConnected());
    }

    @Test
    @Tag("H14")
    @Tag("H15")
    void shouldMarkOnlyWhileItIsOnWhenSwitchedAgainAndAgain() {
        final Virtqueue queue = rig.handler.queues.get(0);
        final long bits = Libc.mmap(0, 4096, Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_SHARED, log, 4096);
        for (int i = 0; i < 5; i++) {
            rig.frontend.get(Request.SET_LOG_BASE, RawFrontend.words(8, 4096), log);
            assertNull(queue.log());
            logAll(true);
            assertNotNull(queue.log());
            assertEquals(-1, queue.usedLog);
            rig.frontend.send(Request.SET_VRING_ADDR, DeviceRig.address(0, 1, USED_LOG));
            assertEquals(USED_LOG, queue.usedLog);
            queue.log().mark(0x2000, 1);
            queue.log().mark(1 << 20, 4096);
            assertEquals(1 << 2, Mem.getLongNative(bits), "a page, and none beyond the log's end");
            assertEquals(0, Mem.getLongNative(bits + 32));
            Mem.putLongNative(bits, 0);
            logAll(false);
            assertNull(queue.log());
            rig.frontend.send(Request.SET_VRING_ADDR, DeviceRig.address(0, 0, 0));
            assertSame(queue, rig.handler.queues.get(0), "the ring goes on");
        }
        Libc.munmap(bits, 4096);
    }

    @Test
    @Tag("H15")
    void shouldLeaveOldLogWhenRingsHaveTheNewOne() {
        rig.frontend.get(Request.SET_LOG_BASE, RawFrontend.words(4096, 0), log);
        logAll(true);
        final DirtyLog first = rig.handler.queues.get(1).log();
        final long mappings = OpenFds.mappings("memfd:test");
        rig.frontend.get(Request.SET_LOG_BASE, RawFrontend.words(8192, 0), log);
        assertEquals(mappings, OpenFds.mappings("memfd:test"));
        assertFalse(rig.handler.queues.get(1).log() == first);
        assertSame(rig.handler.queues.get(0).log(), rig.handler.queues.get(1).log());
    }

    @Test
    @Tag("H14")
    void shouldGiveLogToRingWhenItStartsLater() {
        rig.frontend.get(Request.SET_LOG_BASE, RawFrontend.words(4096, 0), log);
        logAll(true);
        rig.start(2, 0);
        assertNotNull(rig.handler.queues.get(2).log());
        rig.share(rig.memory(DeviceRig.BYTES));
        assertNotNull(rig.handler.queues.get(2).log(), "after the memory was replaced too");
    }

    @Test
    @Tag("H14")
    void shouldEndSessionWhenLogIsNoSharedMemory() {
        rig.frontend.send(Request.SET_LOG_BASE, RawFrontend.words(4096));
        assertFalse(rig.device.isConnected());
        assertTrue(rig.handler.ended.contains("LOG_SHMFD"), rig.handler.ended);
    }
}
