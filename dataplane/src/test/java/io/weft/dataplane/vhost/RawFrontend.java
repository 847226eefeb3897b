package io.weft.dataplane.vhost;

import io.weft.dataplane.sys.FdList;
import io.weft.dataplane.sys.Libc;
import io.weft.dataplane.sys.Region;
import io.weft.dataplane.sys.UnixMessage;
import io.weft.dataplane.sys.UnixSocket;
import io.weft.encap.Mem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.BooleanSupplier;

/** Says whatever it is told to say to a device, byte by byte if need be. Owned by the test. */
final class RawFrontend implements AutoCloseable {
    /** A reply. */
    record Reply(int request, int flags, ByteBuffer buffer) {
        long word() {
            return buffer.getLong(0);
        }
    }

    final FdList received = new FdList(64);
    private final ManualReactor reactor;
    private final UnixMessage message = new UnixMessage();
    private final Region buffer = new Region(8192);
    private int fd;

    RawFrontend(final ManualReactor reactor, final int fd) {
        this.reactor = reactor;
        this.fd = fd;
    }

    static RawFrontend connect(final ManualReactor reactor, final String path) throws IOException {
        final int fd = UnixSocket.open();
        final int result = UnixSocket.connect(fd, new UnixSocket.Address(path));
        if (result < 0) {
            Libc.close(fd);
            throw new IOException("connect: " + result);
        }
        return new RawFrontend(reactor, fd);
    }

    static byte[] bytes(final int request, final int flags, final byte[] payload) {
        return ByteBuffer.allocate(Request.HEADER + payload.length)
                .order(ByteOrder.nativeOrder())
                .putInt(request)
                .putInt(flags)
                .putInt(payload.length)
                .put(payload)
                .array();
    }

    static byte[] words(final long... words) {
        final ByteBuffer bytes = ByteBuffer.allocate(words.length * Long.BYTES).order(ByteOrder.nativeOrder());
        for (final long word : words) {
            bytes.putLong(word);
        }
        return bytes.array();
    }

    /** A vring state: index and number. */
    static byte[] state(final int index, final int num) {
        return words((index & 0xffffffffL) | (long) num << 32);
    }

    void write(final byte[] bytes, final int... fds) {
        Mem.copy(bytes, 0, buffer.address(), bytes.length);
        final int sent = message.send(fd, buffer.address(), bytes.length, fds);
        if (sent != bytes.length) {
            throw new IllegalStateException("sent " + sent + " of " + bytes.length);
        }
    }

    /** Sends a message and lets the device handle it. */
    void send(final int request, final byte[] payload, final int... fds) {
        write(bytes(request, Request.VERSION, payload), fds);
        reactor.pump();
    }

    /** Sends a message that wants an acknowledgement, and returns that. */
    long ask(final int request, final byte[] payload, final int... fds) {
        write(bytes(request, Request.VERSION | Request.NEED_REPLY, payload), fds);
        reactor.pump();
        return reply(request).word();
    }

    Reply get(final int request, final byte[] payload, final int... fds) {
        send(request, payload, fds);
        return reply(request);
    }

    long get(final int request) {
        return get(request, new byte[0]).word();
    }

    /** The next reply; null where none came. */
    Reply read() {
        final int head = receive(Request.HEADER);
        if (head <= 0) {
            return null;
        }
        final byte[] header = Mem.bytes(buffer.address(), Request.HEADER);
        final ByteBuffer fields = ByteBuffer.wrap(header).order(ByteOrder.nativeOrder());
        final int size = fields.getInt(Request.SIZE);
        if (size > 0 && receive(size) != size) {
            throw new IllegalStateException("half a reply");
        }
        final ByteBuffer payload =
                ByteBuffer.wrap(Mem.bytes(buffer.address(), size)).order(ByteOrder.nativeOrder());
        return new Reply(fields.getInt(0), fields.getInt(Request.FLAGS), payload);
    }

    private int receive(final int length) {
        return message.receive(fd, buffer.address(), length, received);
    }

    private Reply reply(final int request) {
        final Reply reply = read();
        if (reply == null) {
            throw new IllegalStateException("no reply to " + Request.name(request));
        }
        if (reply.request() != request || reply.flags() != (Request.VERSION | Request.REPLY)) {
            throw new IllegalStateException("not a reply to " + Request.name(request) + ": " + reply);
        }
        return reply;
    }

    /** Whether the device closed the socket. */
    boolean isClosed() {
        return UnixSocket.isHungUp(fd);
    }

    BooleanSupplier closing() {
        return this::isClosed;
    }

    @Override
    public void close() {
        if (fd >= 0) {
            Libc.close(fd);
            fd = -1;
            received.close();
            message.close();
            buffer.close();
        }
    }
}
