package io.weft.dataplane.vhost;

import io.weft.dataplane.sys.EventFd;
import io.weft.dataplane.sys.Libc;
import io.weft.dataplane.sys.UnixSocket;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A device and a frontend that are connected, and memory to share. Owned by the test. */
final class DeviceRig implements AutoCloseable {
    static final long GUEST = 0x1_0000_0000L;
    static final long USER = 0x7f00_0000_0000L;
    static final int BYTES = 1 << 20;
    static final int RING_SIZE = 64;
    static final long SPLIT = VirtioFeatures.VERSION_1 | VirtioFeatures.MRG_RXBUF;
    static final long PACKED = SPLIT | VirtioFeatures.RING_PACKED;

    final ManualReactor reactor = new ManualReactor();
    final RecordingHandler handler = new RecordingHandler();
    final VhostDevice device;
    private final List<Integer> fds = new ArrayList<>();
    RawFrontend frontend;

    DeviceRig() throws IOException {
        this(null);
    }

    /** @param record where the device keeps what outlives it */
    DeviceRig(final Path record) throws IOException {
        device = new VhostDevice(
                settings("/nowhere", VhostDevice.Role.CLIENT),
                handler,
                DeviceRecord.open(record, 8, handler::tell),
                reactor);
        reconnect();
    }

    static VhostDevice.Settings settings(final String path, final VhostDevice.Role role) {
        return new VhostDevice.Settings(path, role, -1, -1, 0600, 4, VirtioFeatures.OFFERED, 1450, 0x0200_0000_0001L);
    }

    /** Another frontend takes the place of the one before. */
    void reconnect() throws IOException {
        if (frontend != null) {
            frontend.close();
            reactor.pump();
        }
        final int[] pair = UnixSocket.pair();
        device.begin(pair[0]);
        frontend = new RawFrontend(reactor, pair[1]);
    }

    void reconnectQuietly() {
        try {
            reconnect();
        } catch (final IOException failed) {
            throw new IllegalStateException(failed);
        }
    }

    /** A file in memory that the test can share, closed with the rig. */
    int memory(final long bytes) {
        final int fd = Libc.memfd("test", bytes);
        fds.add(fd);
        return fd;
    }

    int eventfd() {
        try {
            final EventFd event = new EventFd();
            fds.add(event.fd());
            return event.fd();
        } catch (final IOException failed) {
            throw new IllegalStateException(failed);
        }
    }

    /** Protocol features and then features of the driver, and all else that comes before memory. */
    void negotiate(final long features) {
        frontend.send(Request.SET_OWNER, new byte[0]);
        frontend.send(Request.SET_PROTOCOL_FEATURES, RawFrontend.words(Requests.OFFERED));
        frontend.send(Request.SET_FEATURES, RawFrontend.words(features | VirtioFeatures.PROTOCOL_FEATURES));
    }

    /** One region at {@link #GUEST} and {@link #USER}. */
    void share(final int fd) {
        frontend.send(Request.SET_MEM_TABLE, table(1, GUEST, BYTES, USER, 0), fd);
    }

    static byte[] table(final int regions, final long... fields) {
        final long[] words = new long[1 + fields.length];
        words[0] = regions;
        System.arraycopy(fields, 0, words, 1, fields.length);
        return RawFrontend.words(words);
    }

    static byte[] address(final int ring, final int flags, final long log) {
        return address(ring, flags, USER + ring * 0x4000L, log);
    }

    /** Descriptors, then the driver's part, then the device's, each a page. */
    static byte[] address(final int ring, final int flags, final long at, final long log) {
        return RawFrontend.words((ring & 0xffffffffL) | (long) flags << 32, at, at + 0x2000, at + 0x1000, log);
    }

    /** Size, base, addresses and call descriptor, and then the kick that starts it. */
    void start(final int ring, final int base) {
        frontend.send(Request.SET_VRING_NUM, RawFrontend.state(ring, RING_SIZE));
        frontend.send(Request.SET_VRING_BASE, RawFrontend.state(ring, base));
        frontend.send(Request.SET_VRING_ADDR, address(ring, 0, 0));
        frontend.send(Request.SET_VRING_CALL, RawFrontend.words(ring), eventfd());
        frontend.send(Request.SET_VRING_KICK, RawFrontend.words(ring), eventfd());
    }

    @Override
    public void close() {
        frontend.close();
        reactor.pump();
        device.close();
        reactor.close();
        fds.forEach(Libc::close);
    }
}
