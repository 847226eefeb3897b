package io.weft.dataplane.vhost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.dataplane.sys.EventFd;
import io.weft.dataplane.sys.Libc;
import io.weft.encap.Mem;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Rings started, stopped, moved and enabled. */
class VhostRingsTest {
    private DeviceRig rig;
    private int memory;
    private long mapped;

    @BeforeEach
    void connect() throws IOException {
        rig = new DeviceRig();
        memory = rig.memory(DeviceRig.BYTES);
        mapped = Libc.mmap(0, DeviceRig.BYTES, Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_SHARED, memory, 0);
    }

    @AfterEach
    void close() {
        rig.close();
        Libc.munmap(mapped, DeviceRig.BYTES);
    }

    @Test
    @Tag("H5")
    void shouldStartStoppedAndDisabledWhenProtocolFeaturesAreNegotiated() {
        rig.negotiate(DeviceRig.SPLIT);
        rig.share(memory);
        assertEquals(Set.of(), rig.handler.queues.keySet());
        rig.start(0, 0);
        assertEquals(Set.of(0), rig.handler.queues.keySet());
        assertEquals(Set.of(), rig.handler.enabled.keySet(), "started and disabled");
        rig.frontend.send(Request.SET_VRING_ENABLE, RawFrontend.state(0, 1));
        assertTrue(rig.handler.enabled.get(0));
        rig.frontend.send(Request.SET_VRING_ENABLE, RawFrontend.state(0, 0));
        assertFalse(rig.handler.enabled.get(0));
        assertEquals(Set.of(0), rig.handler.queues.keySet());
    }

    @Test
    @Tag("H5")
    void shouldEnableAllRingsWhenProtocolFeaturesAreNotNegotiated() {
        rig.frontend.send(Request.SET_FEATURES, RawFrontend.words(DeviceRig.SPLIT));
        final Set<Boolean> values = new HashSet<>(rig.handler.enabled.values());
        assertEquals(8, rig.handler.enabled.size());
        assertEquals(Set.of(true), values);
        rig.reconnectQuietly();
        assertEquals(Set.of(false), new HashSet<>(rig.handler.enabled.values()), "nothing of it is left");
    }

    @Test
    @Tag("H6")
    void shouldStartWithKickAndPollWhenThereIsNoDescriptor() {
        rig.negotiate(DeviceRig.SPLIT);
        rig.share(memory);
        rig.frontend.send(Request.SET_VRING_NUM, RawFrontend.state(1, 64));
        rig.frontend.send(Request.SET_VRING_ADDR, DeviceRig.address(1, 0, 0));
        assertNull(rig.handler.queues.get(1));
        rig.frontend.send(Request.SET_VRING_KICK, RawFrontend.words(1 | 1 << 8));
        assertEquals(-1, rig.handler.queues.get(1).kickFd());
        rig.frontend.send(Request.SET_VRING_KICK, RawFrontend.words(1));
        assertTrue(rig.handler.ended.contains("SET_VRING_KICK: 0 descriptors came with it, it says 1"));
    }

    @Test
    @Tag("H6")
    void shouldStartWhenMemoryComesAfterTheKick() {
        rig.negotiate(DeviceRig.SPLIT);
        rig.start(0, 0);
        assertNull(rig.handler.queues.get(0));
        rig.share(memory);
        assertEquals(DeviceRig.RING_SIZE, rig.handler.queues.get(0).size());
    }

    @Test
    @Tag("H8")
    void shouldStopAndTellPositionWhenBaseIsAsked() {
        rig.negotiate(DeviceRig.PACKED);
        rig.share(memory);
        rig.start(0, 0x8005_8005);
        assertEquals(0x8005_8005, rig.handler.queues.get(0).base());
        final RawFrontend.Reply reply = rig.frontend.get(Request.GET_VRING_BASE, RawFrontend.state(0, 0));
        assertEquals(0, reply.buffer().getInt(0));
        assertEquals(0x8005_8005, reply.buffer().getInt(4), "both positions with their wrap counters");
        assertNull(rig.handler.queues.get(0));
        rig.negotiate(DeviceRig.SPLIT);
        Mem.putShortNative(mapped + 0x4000 + 0x2000 + 2, 77);
        rig.start(1, 77);
        assertEquals(
                77,
                rig.frontend
                        .get(Request.GET_VRING_BASE, RawFrontend.state(1, 0))
                        .buffer()
                        .getInt(4));
    }

    @Test
    @Tag("H7")
    @Tag("H9")
    void shouldTouchNothingWhenAllRingsAreStopped() {
        rig.negotiate(DeviceRig.SPLIT);
        rig.share(memory);
        rig.start(0, 0);
        rig.start(1, 0);
        rig.frontend.get(Request.GET_VRING_BASE, RawFrontend.state(0, 0));
        rig.frontend.get(Request.GET_VRING_BASE, RawFrontend.state(1, 0));
        final byte[] before = Mem.bytes(mapped, DeviceRig.BYTES);
        rig.frontend.get(Request.GET_FEATURES);
        rig.frontend.send(Request.SET_VRING_CALL, RawFrontend.words(0), rig.eventfd());
        rig.frontend.send(Request.SET_VRING_ENABLE, RawFrontend.state(0, 1));
        rig.reactor.advance(1_000_000_000L);
        rig.reactor.pump();
        assertEquals(Set.of(), rig.handler.queues.keySet());
        assertNull(rig.frontend.read(), "no message to the front-end");
        assertEquals(List.of(), differences(before, Mem.bytes(mapped, DeviceRig.BYTES)));
        assertTrue(rig.device.isConnected());
    }

    private static List<Integer> differences(final byte[] one, final byte[] other) {
        final List<Integer> at = new ArrayList<>();
        for (int i = 0; i < one.length; i++) {
            if (one[i] != other[i]) {
                at.add(i);
            }
        }
        return at;
    }

    @Test
    @Tag("H10")
    void shouldGoOnWhereItWasWhenSomethingChangesWhileItRuns() {
        rig.negotiate(DeviceRig.PACKED);
        rig.share(memory);
        rig.start(0, 0x8007_8007);
        final Virtqueue first = rig.handler.queues.get(0);
        rig.frontend.send(Request.SET_VRING_ADDR, DeviceRig.address(0, 0, DeviceRig.USER + 0x40000, 0));
        final Virtqueue moved = rig.handler.queues.get(0);
        assertNotSame(first, moved);
        assertEquals(0x8007_8007, moved.base());
        rig.frontend.send(Request.SET_VRING_NUM, RawFrontend.state(0, 128));
        assertEquals(128, rig.handler.queues.get(0).size());
        assertEquals(0x8007_8007, rig.handler.queues.get(0).base());
        rig.frontend.send(Request.SET_VRING_BASE, RawFrontend.state(0, 0x8009_8009));
        assertEquals(0x8009_8009, rig.handler.queues.get(0).base());
        assertEquals(List.of(), rig.handler.lines);
    }

    @Test
    @Tag("H10")
    void shouldUseNewDescriptorsAtOnceWhenTheyChangeWhileItRuns() {
        rig.negotiate(DeviceRig.SPLIT);
        rig.share(memory);
        rig.start(0, 0);
        final Virtqueue queue = rig.handler.queues.get(0);
        final int call = rig.eventfd();
        rig.frontend.send(Request.SET_VRING_CALL, RawFrontend.words(0), call);
        assertEquals(8, EventFd.drain(call), "what was used before may not have been signalled to it");
        queue.signal();
        assertEquals(8, EventFd.drain(call));
        final int old = queue.kickFd();
        rig.frontend.send(Request.SET_VRING_KICK, RawFrontend.words(0), rig.eventfd());
        assertSame(queue, rig.handler.queues.get(0));
        assertFalse(queue.kickFd() == old);
        rig.frontend.send(Request.SET_VRING_CALL, RawFrontend.words(1 << 8));
        queue.signal();
        assertTrue(EventFd.drain(call) < 0, "no longer");
    }

    @Test
    @Tag("H6")
    void shouldNotBeHeldUpWhenDescriptorsBlock() {
        rig.negotiate(DeviceRig.SPLIT);
        rig.share(memory);
        rig.start(1, 0);
        for (final int request : new int[] {Request.SET_VRING_KICK, Request.SET_VRING_CALL, Request.SET_VRING_ERR}) {
            final int fd = rig.eventfd();
            Libc.fcntl(fd, Libc.F_SETFL, Libc.fcntl(fd, Libc.F_GETFL, 0) & ~Libc.O_NONBLOCK);
            rig.frontend.send(request, RawFrontend.words(1), fd);
            assertTrue((Libc.fcntl(fd, Libc.F_GETFL, 0) & Libc.O_NONBLOCK) != 0, Request.name(request));
        }
    }

    @Test
    @Tag("H6")
    void shouldRefuseRingWhenItIsMisaligned() {
        refused(
                DeviceRig.USER + 8,
                DeviceRig.USER + 0x2000,
                DeviceRig.USER + 0x1000,
                "descriptor table at 0x7f0000000008");
        refused(DeviceRig.USER, DeviceRig.USER + 0x2001, DeviceRig.USER + 0x1000, "available ring at 0x7f0000002001");
        refused(DeviceRig.USER, DeviceRig.USER + 0x2000, DeviceRig.USER + 0x1002, "used ring at 0x7f0000001002");
    }

    @Test
    @Tag("H6")
    void shouldRefuseRingWhenItLiesOutsideMemory() {
        final long end = DeviceRig.USER + DeviceRig.BYTES;
        refused(0x10, DeviceRig.USER + 0x2000, DeviceRig.USER + 0x1000, "descriptor table at 0x10 (1024 bytes)");
        refused(DeviceRig.USER, end - 130, DeviceRig.USER + 0x1000, "available ring");
        refused(DeviceRig.USER, DeviceRig.USER + 0x2000, end - 512, "used ring");
    }

    private void refused(final long descriptors, final long driver, final long device, final String reason) {
        rig.reconnectQuietly();
        rig.negotiate(DeviceRig.SPLIT);
        rig.share(memory);
        rig.frontend.send(Request.SET_VRING_NUM, RawFrontend.state(0, 64));
        rig.frontend.send(Request.SET_VRING_ADDR, RawFrontend.words(0, descriptors, device, driver, 0));
        assertEquals(1, rig.frontend.ask(Request.SET_VRING_KICK, RawFrontend.words(0), rig.eventfd()));
        assertNull(rig.handler.queues.get(0));
        final String line = rig.handler.lines.getLast();
        assertTrue(line.contains("ring 0: " + reason), line);
        assertTrue(rig.device.isConnected());
    }

    @Test
    @Tag("H6")
    void shouldRefuseRingWhenItsSizeIsNoPowerOfTwo() {
        rig.negotiate(DeviceRig.SPLIT);
        rig.share(memory);
        rig.frontend.send(Request.SET_VRING_NUM, RawFrontend.state(0, 100));
        rig.frontend.send(Request.SET_VRING_ADDR, DeviceRig.address(0, 0, 0));
        assertEquals(1, rig.frontend.ask(Request.SET_VRING_KICK, RawFrontend.words(0), rig.eventfd()));
        assertTrue(rig.handler.lines.getLast().contains("split ring of 100 descriptors"));
        rig.reconnectQuietly();
        rig.negotiate(DeviceRig.PACKED);
        rig.share(memory);
        rig.frontend.send(Request.SET_VRING_NUM, RawFrontend.state(0, 100));
        rig.frontend.send(Request.SET_VRING_ADDR, DeviceRig.address(0, 0, 0));
        assertEquals(0, rig.frontend.ask(Request.SET_VRING_KICK, RawFrontend.words(0), rig.eventfd()));
        assertEquals(100, rig.handler.queues.get(0).size());
    }

    @Test
    @Tag("H1")
    void shouldEndSessionWhenRingDoesNotExist() {
        rig.negotiate(DeviceRig.SPLIT);
        rig.frontend.send(Request.SET_VRING_NUM, RawFrontend.state(8, 64));
        assertEquals("SET_VRING_NUM: ring 8 of 8", rig.handler.ended);
    }

    @Test
    @Tag("H10")
    void shouldRefuseFeaturesWhenTheyChangeWhileRingsRun() {
        rig.negotiate(DeviceRig.SPLIT);
        rig.share(memory);
        rig.start(0, 0);
        rig.frontend.send(Request.SET_FEATURES, RawFrontend.words(DeviceRig.PACKED | VirtioFeatures.PROTOCOL_FEATURES));
        assertFalse(rig.device.isConnected());
        assertEquals("SET_FEATURES: features change while ring 0 runs: [ring_packed]", rig.handler.ended);
        assertNull(rig.handler.queues.get(0));
    }

    @Test
    @Tag("H18")
    void shouldBeAsAtTheBeginningWhenDeviceIsReset() {
        rig.negotiate(DeviceRig.SPLIT);
        rig.share(memory);
        rig.start(0, 0);
        rig.frontend.send(Request.SET_VRING_ENABLE, RawFrontend.state(0, 1));
        assertEquals(0, rig.frontend.ask(Request.RESET_OWNER, new byte[0]), "ignored");
        assertEquals(Set.of(0), rig.handler.queues.keySet());
        assertEquals(0, rig.frontend.ask(Request.RESET_DEVICE, new byte[0]));
        assertEquals(Set.of(), rig.handler.queues.keySet());
        assertFalse(rig.handler.enabled.get(0));
        assertEquals(0, rig.handler.features);
        rig.negotiate(DeviceRig.PACKED);
        rig.start(0, 0x8000_8000);
        assertEquals(Set.of(0), rig.handler.queues.keySet(), "it kept its owner, and with him the memory");
    }

    @Test
    @Tag("H18")
    void shouldStopRingsWhenDriverResetsStatus() {
        rig.negotiate(DeviceRig.SPLIT);
        rig.share(memory);
        rig.start(0, 0);
        rig.frontend.send(Request.SET_STATUS, RawFrontend.words(0xf));
        assertEquals(0xf, rig.frontend.get(Request.GET_STATUS));
        assertEquals(Set.of(0), rig.handler.queues.keySet());
        rig.frontend.send(Request.SET_STATUS, RawFrontend.words(0));
        assertEquals(0, rig.frontend.get(Request.GET_STATUS));
        assertEquals(Set.of(), rig.handler.queues.keySet());
    }

    @Test
    @Tag("H1")
    void shouldSignalErrorWhenRingIsFoundBroken() {
        rig.negotiate(DeviceRig.SPLIT);
        rig.share(memory);
        final int err = rig.eventfd();
        rig.frontend.send(Request.SET_VRING_ERR, RawFrontend.words(1), err);
        rig.start(1, 0);
        Mem.putShortNative(mapped + 0x4000 + 0x1000 + 2, 30_000);
        assertEquals(0, rig.handler.queues.get(1).fill(32));
        rig.reactor.advance(1_000_000_000L);
        assertEquals(8, EventFd.drain(err));
        assertEquals(1, rig.handler.lines.size(), "once: " + rig.handler.lines);
        assertTrue(rig.handler.lines.getFirst().contains("ring 1 is stopped: available index jumped"));
        assertTrue(rig.device.rings().getFirst().broken().contains("jumped"));
    }

    @Test
    @Tag("H11")
    void shouldEndSessionWhenRingsOwnerFindsMemoryCutOff() {
        rig.negotiate(DeviceRig.SPLIT);
        rig.share(memory);
        rig.start(0, 0);
        rig.handler.failure = new InternalError("a fault occurred in an unsafe memory access operation");
        rig.frontend.send(Request.SET_VRING_ADDR, DeviceRig.address(0, 0, DeviceRig.USER + 0x40000, 0));
        assertFalse(rig.device.isConnected());
        assertEquals(0, OpenFds.mappings("memfd:test") - 1, "but for the test's own");
    }

    @Tag("H2")
    @ParameterizedTest
    @ValueSource(ints = {Request.SET_VRING_KICK, Request.SET_VRING_CALL, Request.SET_VRING_ERR})
    void shouldRefuseDescriptorsThatAreNoEventfds(final int request) {
        final int file = Libc.memfd("no eventfd", 4096);
        rig.frontend.send(request, RawFrontend.words(0), file);
        assertTrue(rig.handler.ended.contains("no eventfd"), rig.handler.ended);
        Libc.close(file);
    }
}
