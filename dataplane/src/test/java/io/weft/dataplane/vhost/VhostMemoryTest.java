package io.weft.dataplane.vhost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.weft.dataplane.sys.Libc;
import io.weft.encap.Mem;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The guest's memory: mapped, replaced, cut off. */
class VhostMemoryTest {
    private static final long GUEST = DeviceRig.GUEST;
    private static final long USER = DeviceRig.USER;
    private static final long BYTES = DeviceRig.BYTES;

    private static final int MFD_HUGETLB = 4;
    private static final long HUGE_PAGE = 2L << 20;

    private DeviceRig rig;
    private int memory;

    @BeforeEach
    void connect() throws IOException {
        rig = new DeviceRig();
        rig.negotiate(DeviceRig.SPLIT);
        memory = rig.memory(BYTES);
    }

    @AfterEach
    void close() {
        rig.close();
        assertEquals(0, OpenFds.mappings("memfd:test"));
    }

    private GuestMemory guest(final int ring) {
        return rig.handler.queues.get(ring).setup.memory();
    }

    @Test
    @Tag("H11")
    void shouldTranslateBothAddressesWhenRegionsAreShared() {
        final int other = rig.memory(2 * BYTES);
        rig.frontend.send(
                Request.SET_MEM_TABLE,
                DeviceRig.table(2, GUEST, BYTES, USER, 0, 0, BYTES, USER - BYTES, BYTES),
                memory,
                other);
        rig.start(0, 0);
        final GuestMemory guest = guest(0);
        final long first = guest.ofUser(USER + 100, 8);
        final long second = guest.ofUser(USER - BYTES, 8);
        Mem.putLongNative(first, 0x1111);
        Mem.putLongNative(second, 0x2222);
        assertEquals(GUEST + 100, guest.guestOfUser(USER + 100, 8));
        assertEquals(0, guest.guestOfUser(USER - BYTES, 8));
        assertEquals(0x1111, read(memory, 100), "descriptors come in the order of the regions");
        assertEquals(0x2222, read(other, BYTES), "and the offset counts");
        assertEquals(GuestMemory.NONE, guest.ofUser(USER - 4, 8), "not across regions");
    }

    private static long read(final int fd, final long offset) {
        final long page = offset & -4096;
        final long at = Libc.mmap(0, 4096, Libc.PROT_READ, Libc.MAP_SHARED, fd, page);
        final long value = Mem.getLongNative(at + offset - page);
        Libc.munmap(at, 4096);
        return value;
    }

    @Test
    @Tag("H11")
    void shouldUseItAgainWhenTheSameTableComesAgain() {
        rig.share(memory);
        rig.start(0, 0);
        final Virtqueue queue = rig.handler.queues.get(0);
        final Map<String, Integer> before = OpenFds.count();
        rig.share(memory);
        assertSame(queue, rig.handler.queues.get(0), "nothing changed, nobody is disturbed");
        assertEquals(before, OpenFds.count());
        assertEquals(1, OpenFds.mappings("memfd:test"));
    }

    @Test
    @Tag("H11")
    void shouldTakeRingsFromTheirOwnersWhenTableIsReplaced() {
        rig.share(memory);
        rig.start(0, 0);
        rig.start(1, 0);
        rig.handler.events.clear();
        final int other = rig.memory(BYTES);
        rig.share(other);
        assertEquals(List.of("stop 0", "stop 1", "start 0", "start 1"), rig.handler.events);
        assertEquals(1, OpenFds.mappings("memfd:test"));
        assertSame(guest(0), guest(1));
        assertTrue(rig.device.isConnected());
    }

    @Test
    @Tag("H11")
    void shouldStopRingWhenNewTableLacksItsMemory() {
        rig.share(memory);
        rig.start(0, 0);
        rig.frontend.send(Request.SET_MEM_TABLE, DeviceRig.table(1, GUEST, BYTES, USER * 2, 0), memory);
        assertNull(rig.handler.queues.get(0));
        assertTrue(rig.handler.lines.getFirst().contains("does not lie in one region"), rig.handler.lines.getFirst());
        rig.share(memory);
        assertNotNull(rig.handler.queues.get(0), "back where it was");
    }

    @Test
    @Tag("H11")
    void shouldKeepOldTableWhenNewOneCannotBeMapped() {
        rig.share(memory);
        rig.start(0, 0);
        final Virtqueue queue = rig.handler.queues.get(0);
        final Map<String, Integer> before = OpenFds.count();
        final int small = rig.memory(4096);
        rejected(DeviceRig.table(1, GUEST, BYTES, USER, 0), "1048576 bytes at offset 0, but the file has 4096", small);
        rejected(DeviceRig.table(1, GUEST, BYTES, USER, 4096), "at offset 4096, but the file has", memory);
        rejected(DeviceRig.table(1, GUEST, 0, USER, 0), "region at guest address 0x100000000 of 0 bytes", memory);
        rejected(DeviceRig.table(1, -4096, BYTES, USER, 0), "wraps around", memory);
        rejected(DeviceRig.table(1, GUEST, BYTES, USER, -4096), "bytes at offset 18446744073709547520", memory);
        rejected(
                DeviceRig.table(2, GUEST, BYTES, USER, 0, GUEST + 4096, BYTES, USER * 2, 0), "overlap", memory, memory);
        rejected(
                DeviceRig.table(2, GUEST, BYTES, USER, 0, GUEST * 2, BYTES, USER + 4096, 0),
                "overlap in the frontend's addresses",
                memory,
                memory);
        assertSame(queue, rig.handler.queues.get(0));
        before.merge("/memfd:test (deleted)", 1, Integer::sum);
        assertEquals(before, OpenFds.count());
        assertEquals(1, OpenFds.mappings("memfd:test"));
    }

    private void rejected(final byte[] table, final String reason, final int... fds) {
        assertEquals(1, rig.frontend.ask(Request.SET_MEM_TABLE, table, fds));
        final String line = rig.handler.lines.getLast();
        assertTrue(line.startsWith("refused SET_MEM_TABLE: ") && line.contains(reason), line);
    }

    @Test
    @Tag("H11")
    void shouldEndSessionWhenDescriptorsDoNotMatchRegions() {
        rig.frontend.send(Request.SET_MEM_TABLE, DeviceRig.table(2, GUEST, BYTES, USER, 0), memory, memory);
        assertTrue(rig.handler.ended.contains("2 regions in 40 bytes with 2 descriptors"), rig.handler.ended);
        rig.reconnectQuietly();
        rig.frontend.send(Request.SET_MEM_TABLE, DeviceRig.table(1, GUEST, BYTES, USER, 0));
        assertTrue(rig.handler.ended.contains("1 regions in 40 bytes with 0 descriptors"), rig.handler.ended);
    }

    @Test
    @Tag("H11")
    void shouldMapRegionWhenItIsAboveTwoGibibytes() {
        final long size = 5L << 30;
        final int large = rig.memory(size);
        rig.frontend.send(Request.SET_MEM_TABLE, DeviceRig.table(1, 0, size, USER, 0), large);
        rig.start(0, 0);
        final long last = guest(0).ofUser(USER + size - 8, 8);
        Mem.putLongNative(last, 0x5555);
        assertEquals(0x5555, read(large, size - 8));
    }

    @Test
    @Tag("H11")
    void shouldMapWholePagesWhenTheyAreHuge() {
        final int huge;
        try (Arena arena = Arena.ofConfined()) {
            huge = Libc.memfdCreate(arena.allocateFrom("test").address(), Libc.MFD_CLOEXEC | MFD_HUGETLB);
        }
        final long size = 2 * HUGE_PAGE;
        assumeTrue(huge >= 0 && Libc.ftruncate(huge, size) == 0, "no huge pages on this host");
        final long probe = Libc.mmap(0, size, Libc.PROT_READ, Libc.MAP_SHARED, huge, 0);
        assumeTrue(probe >= 0, "no huge pages free on this host");
        Libc.munmap(probe, size);
        // A part that neither begins nor ends with a page.
        rig.frontend.send(Request.SET_MEM_TABLE, DeviceRig.table(1, GUEST, BYTES, USER, HUGE_PAGE - 65_536), huge);
        assertTrue(rig.device.isConnected(), rig.handler.ended);
        rig.start(0, 0);
        assertNotNull(rig.handler.queues.get(0));
        rig.frontend.send(Request.SET_MEM_TABLE, DeviceRig.table(0));
        assertEquals(0, OpenFds.mappings("memfd:test"), "and unmapped whole");
        Libc.close(huge);
    }

    @Test
    @Tag("H11")
    void shouldCloseNewTableWhenOldOneCannotBeTakenAway() {
        rig.share(memory);
        rig.start(0, 0);
        rig.handler.failure = new InternalError("a worker that does not answer");
        final int other = rig.memory(BYTES);
        rig.share(other);
        assertFalse(rig.device.isConnected());
        assertEquals(0, OpenFds.mappings("memfd:test"));
    }

    @Test
    @Tag("H11")
    void shouldLeaveMemoryMappedWhenItsWorkerDoesNotLetGo() {
        rig.share(memory);
        rig.start(0, 0);
        final Virtqueue used = rig.handler.queues.get(0);
        rig.handler.stuck = true;
        rig.share(rig.memory(BYTES));
        assertFalse(rig.device.isConnected());
        assertTrue(used.isEmpty(), "the worker goes on, and touches it");
        assertEquals(1, OpenFds.mappings("memfd:test"));
        for (final GuestMemory.Region region : used.setup.memory().regions()) {
            Libc.munmap(region.mapping(), region.mapped());
        }
    }

    @Test
    @Tag("H12")
    void shouldAddAndRemoveRegionsWhenSlotsAreConfigured() {
        assertEquals(64, rig.frontend.get(Request.GET_MAX_MEM_SLOTS));
        for (int i = 0; i < 64; i++) {
            assertEquals(0, rig.frontend.ask(Request.ADD_MEM_REG, region(i, 4096L * i), memory));
        }
        assertEquals(1, rig.frontend.ask(Request.ADD_MEM_REG, region(64, 0), memory));
        assertTrue(rig.handler.lines.getLast().contains("there are 64 regions already"));
        rig.start(0, 0);
        assertNotNull(rig.handler.queues.get(0));
        assertEquals(64, guest(0).regions().size());
        assertEquals(0, rig.frontend.ask(Request.REM_MEM_REG, region(63, 99)), "the offset is ignored");
        assertEquals(0, rig.frontend.ask(Request.REM_MEM_REG, region(62, 0), memory), "so is a stray descriptor");
        assertEquals(0, rig.frontend.ask(Request.REM_MEM_REG, region(62, 0)), "as for another queue pair");
        assertEquals(62, guest(0).regions().size());
        assertEquals(62, OpenFds.mappings("memfd:test"));
    }

    @Test
    @Tag("H12")
    void shouldEndSessionWhenRegionComesWithoutDescriptor() {
        rig.frontend.send(Request.ADD_MEM_REG, region(0, 0));
        assertEquals("ADD_MEM_REG: no descriptor came with it", rig.handler.ended);
    }

    @Test
    @Tag("H12")
    void shouldEndSessionWhenSlotsWereNotNegotiated() {
        rig.reconnectQuietly();
        rig.frontend.send(Request.ADD_MEM_REG, region(0, 0), memory);
        assertEquals("ADD_MEM_REG: protocol feature CONFIGURE_MEM_SLOTS was not negotiated", rig.handler.ended);
    }

    /** Region 0 is where rings are; all are pages but that. */
    private static byte[] region(final int slot, final long offset) {
        final long size = slot == 0 ? 0x10_000 : 4096;
        return RawFrontend.words(0, GUEST + slot * 0x100_000L, size, USER + slot * 0x100_000L, offset);
    }

    @Test
    @Tag("H11")
    void shouldEndSessionWhenMemoryIsCutOff() {
        rig.share(memory);
        rig.start(0, 0);
        assertTrue(rig.device.isUnsealed());
        assertFalse(rig.device.endIfMemoryShrank());
        Libc.ftruncate(memory, 4096);
        assertTrue(rig.device.endIfMemoryShrank());
        assertFalse(rig.device.isConnected());
        assertEquals("session ended: the frontend cut off memory that it shares", rig.handler.lines.getFirst());
        assertNull(rig.handler.queues.get(0));
    }

    @Test
    @Tag("H11")
    void shouldKnowMemoryThatCannotBeCutOffWhenItIsSealed() {
        Libc.fcntl(memory, Libc.F_ADD_SEALS, Libc.F_SEAL_SHRINK);
        rig.share(memory);
        assertFalse(rig.device.isUnsealed());
    }
}
