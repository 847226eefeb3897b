package io.weft.dataplane.vhost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.dataplane.sys.Libc;
import io.weft.dataplane.sys.UnixSocket;
import io.weft.encap.Mem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What outlives a session and the process: where rings stand, and with which features. */
@Tag("H19")
class DeviceRecordTest {
    private static final int POSITION = 0x8009;
    private static final long OLD = DeviceRig.SPLIT | VirtioFeatures.CSUM;

    @TempDir
    Path folder;

    private final List<String> lines = new ArrayList<>();
    private Path path;

    @BeforeEach
    void name() {
        path = folder.resolve("state").resolve("vm1.ring");
    }

    /** A packed ring that stands somewhere, of a guest whose frontend stays when the device goes. */
    private int leaveRunning(final long features, final int base) throws IOException {
        final int memory = Libc.memfd("test", DeviceRig.BYTES);
        try (DeviceRig rig = new DeviceRig(path)) {
            rig.negotiate(features);
            rig.share(memory);
            rig.start(0, base);
            assertNotNull(rig.handler.queues.get(0));
        }
        return memory;
    }

    private static int resumed(final DeviceRig rig, final long features, final int memory, final int base) {
        rig.negotiate(features);
        rig.share(memory);
        rig.start(0, base);
        final Virtqueue queue = rig.handler.queues.get(0);
        return queue == null ? -1 : queue.base() & 0xffff;
    }

    @Test
    void shouldGoOnWherePackedRingWasWhenDeviceReturns() throws IOException {
        final int memory = leaveRunning(DeviceRig.PACKED, POSITION | POSITION << 16);
        try (DeviceRig rig = new DeviceRig(path)) {
            assertEquals(POSITION, resumed(rig, DeviceRig.PACKED, memory, 0x8000_8000), "not where the frontend says");
        }
        try (DeviceRig rig = new DeviceRig(path)) {
            final int other = rig.memory(DeviceRig.BYTES);
            assertEquals(0x8000, resumed(rig, DeviceRig.PACKED, other, 0x8000_8000), "another guest");
        }
        Libc.close(memory);
    }

    @Test
    void shouldStartWhereFrontendSaysWhenRingWasStoppedBefore() throws IOException {
        final int memory = Libc.memfd("test", DeviceRig.BYTES);
        try (DeviceRig rig = new DeviceRig(path)) {
            resumed(rig, DeviceRig.PACKED, memory, POSITION | POSITION << 16);
            rig.frontend.get(Request.GET_VRING_BASE, RawFrontend.state(0, 0));
        }
        try (DeviceRig rig = new DeviceRig(path)) {
            assertEquals(0x8000, resumed(rig, DeviceRig.PACKED, memory, 0x8000_8000));
        }
        Libc.close(memory);
    }

    @Test
    void shouldStartAnewWhenDriverStartedAnewMeanwhile() throws IOException {
        final int memory = leaveRunning(DeviceRig.PACKED, POSITION | POSITION << 16);
        final long mapped = Libc.mmap(0, DeviceRig.BYTES, Libc.PROT_WRITE, Libc.MAP_SHARED, memory, 0);
        Mem.fill(mapped, DeviceRig.BYTES, 0);
        Libc.munmap(mapped, DeviceRig.BYTES);
        try (DeviceRig rig = new DeviceRig(path)) {
            assertEquals(0x8000, resumed(rig, DeviceRig.PACKED, memory, 0x8000_8000));
        }
        Libc.close(memory);
    }

    @Test
    void shouldRefuseLoudlyWhenRunningDriverLosesFeatures() throws IOException {
        final int memory = leaveRunning(OLD, 0);
        try (DeviceRig rig = new DeviceRig(path)) {
            assertEquals(-1, resumed(rig, DeviceRig.SPLIT, memory, 7));
            assertFalse(rig.device.isConnected());
            final String line = rig.handler.lines.getFirst();
            assertTrue(
                    line.contains("ring 0: the guest's driver goes on without features that it negotiated: [csum]"),
                    line);
            rig.reconnect();
            assertEquals(0, resumed(rig, OLD, memory, 7), "with all of them it is served");
        }
        Libc.close(memory);
    }

    @Test
    void shouldServeDriverWithFewerFeaturesWhenItStartsAnew() throws IOException {
        final int memory = leaveRunning(OLD, 0);
        try (DeviceRig rig = new DeviceRig(path)) {
            assertEquals(0, resumed(rig, DeviceRig.SPLIT, memory, 0), "rebooted while nobody served it");
            rig.frontend.get(Request.GET_VRING_BASE, RawFrontend.state(0, 0));
            assertEquals(0, resumed(rig, OLD, memory, 0), "and from its loader to its system");
            rig.frontend.get(Request.GET_VRING_BASE, RawFrontend.state(0, 0));
            assertEquals(0, resumed(rig, DeviceRig.SPLIT, memory, 9), "stopped, so anything may change");
        }
        Libc.close(memory);
    }

    @Test
    void shouldTellWhenOfferIsLessThanGuestUses() throws IOException {
        Libc.close(leaveRunning(OLD, 0));
        final RecordingHandler handler = new RecordingHandler();
        try (ManualReactor reactor = new ManualReactor()) {
            final VhostDevice.Settings less = new VhostDevice.Settings(
                    "/nowhere",
                    VhostDevice.Role.CLIENT,
                    -1,
                    -1,
                    0600,
                    4,
                    VirtioFeatures.OFFERED & ~VirtioFeatures.CSUM,
                    1450,
                    0);
            final VhostDevice device =
                    new VhostDevice(less, handler, DeviceRecord.open(path, 8, handler::tell), reactor);
            final int[] pair = UnixSocket.pair();
            device.begin(pair[0]);
            assertTrue(handler.lines.getFirst().contains("not offered any more: [csum]"), handler.lines.getFirst());
            device.close();
            Libc.close(pair[1]);
        }
    }

    @Test
    void shouldSetFileAsideWhenItIsDamaged() throws IOException {
        final int memory = leaveRunning(DeviceRig.PACKED, POSITION);
        for (final int copy : new int[] {0, 2048}) {
            damage(copy + 24);
        }
        try (DeviceRecord record = DeviceRecord.open(path, 8, lines::add)) {
            assertEquals(1, lines.size());
            assertTrue(lines.getFirst().contains("set aside as " + path + ".damaged"), lines.getFirst());
            assertEquals(0, record.features());
        }
        assertTrue(Files.exists(path.resolveSibling("vm1.ring.damaged")));
        Libc.close(memory);
    }

    @Test
    void shouldUseOtherCopyWhenProcessEndedInTheMidstOfWriting() throws IOException {
        try (DeviceRecord record = DeviceRecord.open(path, 8, lines::add)) {
            record.serve(3, 77, 0x1000, 256, 5);
            record.serve(4, 77, 0x2000, 256, 5);
        }
        // Copies are written in turn, the one for ring 4 last.
        damage(24);
        boolean first;
        try (DeviceRecord record = DeviceRecord.open(path, 8, lines::add)) {
            assertEquals(List.of(), lines);
            assertTrue(record.isServed(3, 77, 0x1000, 256));
            first = !record.isServed(4, 77, 0x2000, 256);
            record.serve(4, 77, 0x2000, 256, 5);
            record.serve(5, 77, 0x3000, 256, 5);
        }
        damage(2048 + 24);
        try (DeviceRecord record = DeviceRecord.open(path, 8, lines::add)) {
            assertEquals(List.of(), lines);
            assertTrue(record.isServed(4, 77, 0x2000, 256) || !first);
        }
    }

    private void damage(final long at) throws IOException {
        try (FileChannel file = FileChannel.open(path, StandardOpenOption.WRITE)) {
            file.write(ByteBuffer.allocate(8).order(ByteOrder.nativeOrder()).putLong(0, 0x5a5a), at);
        }
    }

    @Test
    void shouldRefuseWhenAnotherProcessHasTheFile() throws IOException {
        try (DeviceRecord record = DeviceRecord.open(path, 8, lines::add)) {
            assertNotNull(record);
            DeviceRecord second = null;
            try {
                second = DeviceRecord.open(path, 8, lines::add);
            } catch (final IOException refused) {
                assertTrue(refused.getMessage().contains("in use"), refused.getMessage());
            }
            assertNull(second);
        }
    }
}
