package io.weft.dataplane.vhost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.weft.dataplane.sys.Libc;
import io.weft.dataplane.sys.UnixSocket;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Both roles on a socket: who connects, who returns, what is left behind. */
@Tag("H19")
class VhostDeviceTest {
    private static final long RETURN = TimeUnit.MILLISECONDS.toNanos(50);
    private static final byte[] NOTHING = new byte[0];

    @TempDir
    Path folder;

    private final RecordingHandler handler = new RecordingHandler();
    private Map<String, Integer> before;
    private ManualReactor reactor;
    private VhostDevice device;
    private String path;

    @BeforeEach
    void prepare() throws IOException {
        before = OpenFds.count();
        reactor = new ManualReactor();
        path = folder.resolve("s").toString();
    }

    @AfterEach
    void close() {
        if (device != null) {
            device.close();
        }
        reactor.pump();
        assertEquals(0, reactor.watching());
        reactor.close();
        assertEquals(before, OpenFds.count());
    }

    private VhostDevice device(final VhostDevice.Settings settings) throws IOException {
        return new VhostDevice(settings, handler, DeviceRecord.open(null, 8, handler::tell), reactor);
    }

    private void open(final VhostDevice.Role role) throws IOException {
        device = device(DeviceRig.settings(path, role));
        device.open();
    }

    private int listen() throws IOException {
        final int fd = UnixSocket.open();
        assertEquals(0, UnixSocket.bind(fd, new UnixSocket.Address(path)));
        assertEquals(0, UnixSocket.listen(fd, 1));
        return fd;
    }

    private void stopListening(final int fd) throws IOException {
        Libc.close(fd);
        Files.delete(Path.of(path));
    }

    private RawFrontend accept(final int listening) {
        return new RawFrontend(reactor, UnixSocket.accept(listening));
    }

    @Test
    void shouldFindFrontendWithinFiftyMillisecondsWhenItReturns() throws IOException {
        open(VhostDevice.Role.CLIENT);
        assertEquals("No such file or directory", device.waitingFor());
        for (int i = 0; i < 3; i++) {
            reactor.advance(10 * RETURN);
            assertFalse(device.isConnected());
            final int listening = listen();
            reactor.advance(RETURN);
            assertTrue(device.isConnected());
            try (RawFrontend frontend = accept(listening)) {
                assertEquals(VirtioFeatures.OFFERED, frontend.get(Request.GET_FEATURES), "the same every time");
            }
            stopListening(listening);
            reactor.pump();
            assertFalse(device.isConnected());
            assertEquals("the frontend closed the socket", handler.ended);
        }
        assertEquals(0, handler.lines.size(), "nothing to tell: " + handler.lines);
    }

    @Test
    void shouldKeepTryingWhenNobodyListensAtTheFile() throws IOException {
        final int listening = listen();
        Libc.close(listening);
        open(VhostDevice.Role.CLIENT);
        assertEquals("Connection refused", device.waitingFor());
        Files.delete(Path.of(path));
        final int again = listen();
        reactor.advance(RETURN);
        assertTrue(device.isConnected());
        stopListening(again);
    }

    @Test
    void shouldPauseWhenFrontendIsRefused() throws IOException {
        final int listening = listen();
        open(VhostDevice.Role.CLIENT);
        try (RawFrontend frontend = accept(listening)) {
            frontend.send(99, NOTHING);
        }
        assertFalse(device.isConnected());
        assertEquals(1, handler.lines.size());
        reactor.advance(TimeUnit.MILLISECONDS.toNanos(900));
        assertFalse(device.isConnected(), "it would say the same again");
        reactor.advance(TimeUnit.MILLISECONDS.toNanos(200));
        assertTrue(device.isConnected());
        stopListening(listening);
    }

    @Test
    void shouldAllocateNoObjectsOfItsOwnWhenNobodyAnswers() throws IOException {
        open(VhostDevice.Role.CLIENT);
        final Runnable[] due = new Runnable[1];
        final VhostDevice other = new VhostDevice(
                DeviceRig.settings(path, VhostDevice.Role.CLIENT),
                handler,
                DeviceRecord.open(null, 8, handler::tell),
                new Reactor() {
                    @Override
                    public void watch(final int fd, final Runnable onReadable) {}

                    @Override
                    public void unwatch(final int fd) {}

                    @Override
                    public void after(final long nanos, final Runnable action) {
                        due[0] = action;
                    }
                });
        other.open();
        for (int i = 0; i < 20_000; i++) {
            due[0].run();
        }
        final com.sun.management.ThreadMXBean threads =
                (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        final long start = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < 20_000; i++) {
            due[0].run();
        }
        final long bytes = threads.getCurrentThreadAllocatedBytes() - start;
        other.close();
        // A box or two of the foreign call where it is not compiled yet; an address alone would be more.
        assertTrue(bytes < 64 * 20_000, bytes + " bytes for 20,000 attempts");
    }

    @Test
    void shouldServeWithModeAndOwnerWhenItListens() throws IOException {
        device = device(new VhostDevice.Settings(
                path, VhostDevice.Role.SERVER, -1, -1, 0660, 4, VirtioFeatures.OFFERED, 1450, 0));
        device.open();
        assertEquals("rw-rw----", PosixFilePermissions.toString(Files.getPosixFilePermissions(Path.of(path))));
        for (int i = 0; i < 3; i++) {
            try (RawFrontend frontend = RawFrontend.connect(reactor, path)) {
                assertEquals(VirtioFeatures.OFFERED, frontend.get(Request.GET_FEATURES));
                assertTrue(device.isConnected());
            }
        }
        reactor.pump();
        assertFalse(device.isConnected());
        device.close();
        assertFalse(Files.exists(Path.of(path)), "its own file goes with it");
        device = null;
    }

    @Test
    void shouldGiveSocketToItsOwnerAndGroupWhenTheyAreNamed() throws IOException {
        assumeTrue("root".equals(Files.getOwner(Path.of(path).getParent()).getName()), "only root may give files away");
        device = device(new VhostDevice.Settings(
                path, VhostDevice.Role.SERVER, 12_345, 23_456, 0640, 1, VirtioFeatures.OFFERED, 0, 0));
        device.open();
        assertEquals(12_345, Files.getAttribute(Path.of(path), "unix:uid"));
        assertEquals(23_456, Files.getAttribute(Path.of(path), "unix:gid"));
        assertEquals("rw-r-----", PosixFilePermissions.toString(Files.getPosixFilePermissions(Path.of(path))));
    }

    @Test
    void shouldTakeOverSocketWhenItsServerIsDead() throws IOException {
        Libc.close(listen());
        open(VhostDevice.Role.SERVER);
        try (RawFrontend frontend = RawFrontend.connect(reactor, path)) {
            assertEquals(VirtioFeatures.OFFERED, frontend.get(Request.GET_FEATURES));
        }
    }

    @Test
    void shouldRefuseWhenAnotherServerIsAlive() throws IOException {
        final int listening = listen();
        device = device(DeviceRig.settings(path, VhostDevice.Role.SERVER));
        final IOException refused = assertThrows(IOException.class, device::open);
        assertEquals(path + " is served by another program", refused.getMessage());
        assertTrue(Files.exists(Path.of(path)));
        stopListening(listening);
    }

    @Test
    void shouldRefuseWhenPathIsNoSocket() throws IOException {
        Files.writeString(Path.of(path), "precious");
        device = device(DeviceRig.settings(path, VhostDevice.Role.SERVER));
        final IOException refused = assertThrows(IOException.class, device::open);
        assertEquals(path + " exists and is no socket: remove it, or name another path", refused.getMessage());
        assertEquals("precious", Files.readString(Path.of(path)));
    }

    @Test
    void shouldRefuseWhenPathIsTooLong() throws IOException {
        path = "/tmp/" + "x".repeat(120);
        device = device(DeviceRig.settings(path, VhostDevice.Role.CLIENT));
        final IOException refused = assertThrows(IOException.class, device::open);
        assertTrue(refused.getMessage().contains("125 bytes, it may have 1 to 107"), refused.getMessage());
    }

    @Test
    void shouldLeaveFileWhenAnotherServerTookItsPlace() throws IOException {
        open(VhostDevice.Role.SERVER);
        Files.delete(Path.of(path));
        final int other = listen();
        device.close();
        device = null;
        assertTrue(Files.exists(Path.of(path)));
        stopListening(other);
    }

    @Test
    void shouldRefuseSecondFrontendWhileTheFirstIsAlive() throws IOException {
        open(VhostDevice.Role.SERVER);
        try (RawFrontend first = RawFrontend.connect(reactor, path)) {
            first.get(Request.GET_FEATURES);
            try (RawFrontend second = RawFrontend.connect(reactor, path)) {
                reactor.pump();
                assertTrue(second.isClosed());
            }
            try (RawFrontend _ = RawFrontend.connect(reactor, path)) {
                reactor.pump();
                assertEquals(1, handler.lines.size(), "who comes again at once waits a little");
            }
            assertTrue(handler.lines.getFirst().startsWith("refused a second frontend"), handler.lines.getFirst());
            assertEquals(VirtioFeatures.OFFERED, first.get(Request.GET_FEATURES), "the first did not notice");
        }
    }

    @Test
    void shouldTakeNewFrontendWhenTheFirstIsDeadAndNotYetFoundSo() throws IOException {
        open(VhostDevice.Role.SERVER);
        for (int i = 0; i < 50; i++) {
            // Both are there at the same time: the old one's end and the new one's connection.
            try (RawFrontend first = RawFrontend.connect(reactor, path)) {
                first.get(Request.GET_FEATURES);
            }
            try (RawFrontend second = RawFrontend.connect(reactor, path)) {
                assertEquals(VirtioFeatures.OFFERED, second.get(Request.GET_FEATURES));
            }
        }
        assertEquals(0, handler.lines.size(), "nobody was refused: " + handler.lines);
    }
}
