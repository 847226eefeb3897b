package io.weft.dataplane.vhost.frontend;

import io.weft.dataplane.sys.Errno;
import io.weft.dataplane.sys.ErrnoException;
import io.weft.dataplane.sys.EventFd;
import io.weft.dataplane.sys.FdList;
import io.weft.dataplane.sys.Libc;
import io.weft.dataplane.sys.Region;
import io.weft.dataplane.sys.UnixMessage;
import io.weft.dataplane.sys.UnixSocket;
import io.weft.encap.Mem;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A vhost-user frontend ("Front-end message types"), in either role of the socket: says what it is told to say, sense or
 * nonsense, and reads replies. While it waits it lets the other side run, by a {@code pump}: the device's turns where
 * both live on one thread, else nothing.
 *
 * <p>Owned by one thread.
 */
public final class Frontend implements AutoCloseable {
    public static final int GET_FEATURES = 1;
    public static final int SET_FEATURES = 2;
    public static final int SET_OWNER = 3;
    public static final int RESET_OWNER = 4;
    public static final int SET_MEM_TABLE = 5;
    public static final int SET_LOG_BASE = 6;
    public static final int SET_LOG_FD = 7;
    public static final int SET_VRING_NUM = 8;
    public static final int SET_VRING_ADDR = 9;
    public static final int SET_VRING_BASE = 10;
    public static final int GET_VRING_BASE = 11;
    public static final int SET_VRING_KICK = 12;
    public static final int SET_VRING_CALL = 13;
    public static final int SET_VRING_ERR = 14;
    public static final int GET_PROTOCOL_FEATURES = 15;
    public static final int SET_PROTOCOL_FEATURES = 16;
    public static final int GET_QUEUE_NUM = 17;
    public static final int SET_VRING_ENABLE = 18;
    public static final int SEND_RARP = 19;
    public static final int NET_SET_MTU = 20;
    public static final int GET_INFLIGHT_FD = 31;
    public static final int SET_INFLIGHT_FD = 32;
    public static final int RESET_DEVICE = 34;
    public static final int ADD_MEM_REG = 37;
    public static final int REM_MEM_REG = 38;
    public static final int SET_STATUS = 39;

    public static final int VERSION = 1;
    public static final int REPLY = 4;
    public static final int NEED_REPLY = 8;
    public static final int NO_FD = 1 << 8;

    private static final int HEADER = 12;
    private static final int BUFFER = 8192;
    private static final long PATIENCE = 10_000_000_000L;

    private final Runnable pump;
    private final UnixMessage message = new UnixMessage();
    private final Region buffer = new Region(BUFFER);
    private final FdList received = new FdList(64);
    /** Eventfds that were made for rings, closed with the frontend. */
    private final List<EventFd> eventfds = new ArrayList<>();

    private int listening = -1;
    private int fd = -1;
    private boolean acknowledges;

    public Frontend(final Runnable pump) {
        this.pump = pump;
    }

    /** Connects to a device that serves the socket, which may come yet. */
    public Frontend connect(final String path) throws ErrnoException {
        final UnixSocket.Address address = new UnixSocket.Address(path);
        fd = check("socket", UnixSocket.open());
        waitFor("a device that serves " + path, () -> UnixSocket.connect(fd, address) == 0);
        return this;
    }

    /** Serves the socket; {@link #accept} waits for the device. */
    public Frontend listen(final String path) throws ErrnoException {
        try {
            Files.deleteIfExists(Path.of(path));
        } catch (final java.io.IOException e) {
            throw new ErrnoException(e.getMessage(), Errno.EIO);
        }
        listening = check("socket", UnixSocket.open());
        check("bind " + path, UnixSocket.bind(listening, new UnixSocket.Address(path)));
        check("listen " + path, UnixSocket.listen(listening, 1));
        return this;
    }

    public Frontend accept() {
        waitFor("a device that connects", () -> {
            fd = UnixSocket.accept(listening);
            return fd >= 0;
        });
        return this;
    }

    /** One end of a pair of sockets whose other end the device has. */
    public Frontend over(final int socket) {
        fd = socket;
        return this;
    }

    /** Lets the other side run until something holds. */
    public void waitFor(final String what, final java.util.function.BooleanSupplier holds) {
        final long deadline = System.nanoTime() + PATIENCE;
        while (!holds.getAsBoolean()) {
            if (System.nanoTime() - deadline > 0) {
                throw new IllegalStateException("waited in vain for " + what);
            }
            pump.run();
        }
    }

    public void pump() {
        pump.run();
    }

    // Messages

    /** The bytes of a message, in the machine's order. */
    public static byte[] message(final int request, final int flags, final byte[] payload) {
        return ByteBuffer.allocate(HEADER + payload.length)
                .order(ByteOrder.nativeOrder())
                .putInt(request)
                .putInt(flags)
                .putInt(payload.length)
                .put(payload)
                .array();
    }

    public static byte[] words(final long... words) {
        final ByteBuffer bytes = ByteBuffer.allocate(words.length * Long.BYTES).order(ByteOrder.nativeOrder());
        for (final long word : words) {
            bytes.putLong(word);
        }
        return bytes.array();
    }

    /** Index and number of a ring. */
    public static byte[] state(final int index, final int number) {
        return words((index & 0xffffffffL) | (long) number << 32);
    }

    /** Writes bytes, whatever they are, and passes descriptors, which stay the caller's. Returns bytes or -errno. */
    public int raw(final byte[] bytes, final int... fds) {
        Mem.copy(bytes, 0, buffer.address(), bytes.length);
        return message.send(fd, buffer.address(), bytes.length, fds);
    }

    /** Sends a message; where the device acknowledges, waits for that and returns it, else 0. */
    public long send(final int request, final byte[] payload, final int... fds) {
        final int flags = VERSION | (acknowledges ? NEED_REPLY : 0);
        final byte[] bytes = message(request, flags, payload);
        final int sent = raw(bytes, fds);
        if (sent != bytes.length) {
            throw new IllegalStateException(Errno.message("send request " + request, sent));
        }
        if (acknowledges) {
            return reply(request).getLong(0);
        }
        pump.run();
        return 0;
    }

    public long send(final int request, final long word, final int... fds) {
        return send(request, words(word), fds);
    }

    /** Asks what has a reply of its own. */
    public ByteBuffer ask(final int request, final byte[] payload, final int... fds) {
        final byte[] bytes = message(request, VERSION, payload);
        final int sent = raw(bytes, fds);
        if (sent != bytes.length) {
            throw new IllegalStateException(Errno.message("send request " + request, sent));
        }
        return reply(request);
    }

    public long ask(final int request) {
        return ask(request, new byte[0]).getLong(0);
    }

    /** The payload of the next reply, which must be one to this request. */
    public ByteBuffer reply(final int request) {
        receive(HEADER);
        final int number = Mem.getIntNative(buffer.address());
        final int flags = Mem.getIntNative(buffer.address() + 4);
        final int size = Mem.getIntNative(buffer.address() + 8);
        if (number != request || flags != (VERSION | REPLY) || size < 0 || size > BUFFER) {
            throw new IllegalStateException(
                    "reply to " + request + " is " + number + " with flags " + flags + " and " + size + " bytes");
        }
        if (size > 0) {
            receive(size);
        }
        return ByteBuffer.wrap(Mem.bytes(buffer.address(), size)).order(ByteOrder.nativeOrder());
    }

    private void receive(final int length) {
        final int[] have = {0};
        waitFor("a reply", () -> {
            final int got = message.receive(fd, buffer.address() + have[0], length - have[0], received);
            if (got == 0 || (got < 0 && got != -Errno.EAGAIN)) {
                throw new IllegalStateException("the device closed the socket");
            }
            have[0] += Math.max(0, got);
            return have[0] == length;
        });
    }

    /** A descriptor that came with a reply, the caller's from now on. */
    public int takeFd() {
        final int taken = received.take(0);
        received.close();
        return taken;
    }

    /** Whether the device closed the socket. */
    public boolean isClosed() {
        return UnixSocket.isHungUp(fd);
    }

    private static int check(final String what, final int result) throws ErrnoException {
        if (result < 0) {
            throw new ErrnoException(Errno.message(what, result), result);
        }
        return result;
    }

    // What a frontend does

    /**
     * Begins a session: owner, features and protocol features that both know.
     *
     * @return the virtio features in use, the protocol's bit among them
     */
    public long negotiate(final long wanted, final long wantedProtocol) {
        final long features = wanted & ask(GET_FEATURES);
        final long protocol = wantedProtocol & ask(GET_PROTOCOL_FEATURES);
        send(SET_PROTOCOL_FEATURES, protocol);
        acknowledges = (protocol & 1 << 3) != 0;
        send(SET_OWNER, new byte[0]);
        send(SET_FEATURES, features);
        return features;
    }

    /** SET_MEM_TABLE of all of a guest's memory. */
    public long memory(final GuestRam ram) {
        final List<GuestRam.Slot> slots = ram.slots();
        final long[] table = new long[1 + 4 * slots.size()];
        final int[] fds = new int[slots.size()];
        table[0] = slots.size();
        for (int s = 0; s < fds.length; s++) {
            final GuestRam.Slot slot = slots.get(s);
            table[1 + 4 * s] = slot.guest();
            table[2 + 4 * s] = slot.size();
            table[3 + 4 * s] = slot.user();
            table[4 + 4 * s] = slot.offset();
            fds[s] = slot.fd();
        }
        return send(SET_MEM_TABLE, words(table), fds);
    }

    /** SET_VRING_ADDR. */
    public long addresses(final GuestRam ram, final int index, final DriverRing ring, final int flags, final long log) {
        return send(
                SET_VRING_ADDR,
                words(
                        (index & 0xffffffffL) | (long) flags << 32,
                        ram.user(ring.descriptors),
                        ram.user(ring.device),
                        ram.user(ring.driver),
                        log));
    }

    /** Sizes, places, and starts a ring. Returns its eventfds: kick, call. */
    public EventFd[] start(final GuestRam ram, final int index, final DriverRing ring, final int base)
            throws ErrnoException {
        final EventFd kick = eventfd();
        final EventFd call = eventfd();
        send(SET_VRING_NUM, state(index, ring.size));
        send(SET_VRING_BASE, state(index, base));
        addresses(ram, index, ring, 0, 0);
        send(SET_VRING_CALL, index, call.fd());
        send(SET_VRING_KICK, index, kick.fd());
        return new EventFd[] {kick, call};
    }

    public EventFd eventfd() throws ErrnoException {
        final EventFd made = new EventFd();
        eventfds.add(made);
        return made;
    }

    public long enable(final int index, final boolean enabled) {
        return send(SET_VRING_ENABLE, state(index, enabled ? 1 : 0));
    }

    /** GET_VRING_BASE. */
    public int stop(final int index) {
        return ask(GET_VRING_BASE, state(index, 0)).getInt(4);
    }

    /** Closes the socket, as a process that ends. */
    public void hangUp() {
        if (fd >= 0) {
            Libc.close(fd);
            fd = -1;
        }
        acknowledges = false;
    }

    @Override
    public void close() {
        hangUp();
        if (listening >= 0) {
            Libc.close(listening);
        }
        received.close();
        eventfds.forEach(EventFd::close);
        message.close();
        buffer.close();
    }
}
