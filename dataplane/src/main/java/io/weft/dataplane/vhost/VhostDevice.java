package io.weft.dataplane.vhost;

import io.weft.dataplane.sys.Errno;
import io.weft.dataplane.sys.Libc;
import io.weft.dataplane.sys.UnixSocket;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A network device at a vhost-user socket: connects to its frontend, again and again, or listens for it; one session at
 * a time.
 *
 * <p>Owned by the {@link Reactor}'s thread, which makes all calls and gets all calls of the {@link VhostHandler}.
 */
public final class VhostDevice implements AutoCloseable {
    /** A frontend that returns is found within this time. */
    private static final long RETRY = TimeUnit.MILLISECONDS.toNanos(30);

    private static final long LOOK = TimeUnit.MILLISECONDS.toNanos(100);
    /** After a session that we ended: the frontend will hardly be another the next moment. */
    private static final long FIRST_PAUSE = TimeUnit.SECONDS.toNanos(1);

    private static final long LAST_PAUSE = TimeUnit.SECONDS.toNanos(16);
    private static final int ACCEPTS_A_TURN = 8;

    /** Who connects to whom. */
    public enum Role {
        CLIENT,
        SERVER
    }

    /**
     * What is configured.
     *
     * @param path of the socket, at most {@link UnixSocket.Address#MAX_PATH} bytes
     * @param owner user id that is to own a socket that we serve; -1: whoever runs us
     * @param group the same for its group
     * @param mode permission bits of a socket that we serve
     * @param queuePairs 1 to 16
     * @param features offered, {@link VirtioFeatures#PROTOCOL_FEATURES} included
     * @param mtu as the guest is to see it, or 0
     * @param mac as the guest is to see it, or 0
     */
    public record Settings(
            String path, Role role, int owner, int group, int mode, int queuePairs, long features, int mtu, long mac) {
        public Settings {
            if (queuePairs < 1 || 2 * queuePairs > DeviceRecord.MAX_RINGS) {
                throw new IllegalArgumentException(queuePairs + " queue pairs");
            }
        }
    }

    /**
     * A ring, for listings.
     *
     * @param started whether it is served, or was until it was found broken
     * @param faults chains that were refused
     * @param broken why it is not served any more, or ""
     */
    public record RingState(int index, boolean started, boolean enabled, int size, long faults, String broken) {}

    private Settings settings;
    private final VhostHandler handler;
    private final Teller teller;
    private final DeviceRecord record;
    private final Reactor reactor;

    private UnixSocket.Address address;
    /** Client: the socket to connect next, or -1. */
    private int socket = -1;

    private ServedSocket served;
    private boolean deaf;
    private VhostSession session;
    private String waiting = "not opened";
    private int lastError;
    private long pause = FIRST_PAUSE;
    private boolean closed;
    private boolean looking;
    private final Runnable retry = this::retry;
    private final Runnable look = this::look;

    /** @param record the device's from now on */
    public VhostDevice(
            final Settings settings, final VhostHandler handler, final DeviceRecord record, final Reactor reactor) {
        this.settings = settings;
        this.handler = handler;
        this.record = record;
        this.reactor = reactor;
        teller = new Teller(handler);
    }

    /** Listens, or tries to connect for the first time. */
    public void open() throws IOException {
        address = new UnixSocket.Address(settings.path());
        if (settings.role() == Role.SERVER) {
            serve();
        } else {
            retry();
        }
    }

    /** A folder that is made only when guests are, as below /run after a boot, is waited for. */
    private void serve() throws IOException {
        final Path folder = Path.of(settings.path()).getParent();
        if (folder != null && !Files.isDirectory(folder)) {
            waiting = "there is no folder " + folder;
            reactor.after(LOOK, this::serveLater);
            return;
        }
        served = ServedSocket.open(settings);
        waiting = "nobody has connected";
        listen();
    }

    private void serveLater() {
        if (closed) {
            return;
        }
        try {
            serve();
        } catch (final IOException failed) {
            if (!waiting.equals(failed.getMessage())) {
                waiting = failed.getMessage();
                teller.tell(waiting);
            }
            reactor.after(LOOK, this::serveLater);
        }
    }

    /** What the guest is to see of its MTU, from the next session on; 0: nothing. */
    public void mtu(final int bytes) {
        settings = new Settings(
                settings.path(),
                settings.role(),
                settings.owner(),
                settings.group(),
                settings.mode(),
                settings.queuePairs(),
                settings.features(),
                bytes,
                settings.mac());
    }

    public boolean isConnected() {
        return session != null;
    }

    /** What it waits for while nobody is connected, or "". */
    public String waitingFor() {
        return session != null ? "" : waiting;
    }

    /** Features that the driver uses; 0 while nothing is negotiated. */
    public long features() {
        return session == null ? 0 : session.state().negotiated();
    }

    /** Whether the frontend shares memory that it could cut off. */
    public boolean isUnsealed() {
        return session != null && !session.state().table().isSealed();
    }

    /** Rings that the frontend has started or enabled. */
    public List<RingState> rings() {
        final List<RingState> states = new ArrayList<>();
        if (session != null) {
            for (final Ring ring : session.state().rings()) {
                final Virtqueue queue = ring.queue;
                if (queue != null || ring.enabled) {
                    states.add(new RingState(
                            ring.index,
                            queue != null,
                            ring.enabled,
                            ring.size,
                            queue == null ? 0 : queue.faults(),
                            queue == null ? "" : queue.broken()));
                }
            }
        }
        return states;
    }

    /** After an InternalError, which says that some mapped file was cut off: ends the session if it was one of ours. */
    public boolean endIfMemoryShrank() {
        if (session == null || !session.state().shrank()) {
            return false;
        }
        endLoudly("the frontend cut off memory that it shares");
        return true;
    }

    /** Ends the session and gives the socket back; the record stays, as the guest may. */
    @Override
    public void close() {
        closed = true;
        if (session != null) {
            end("the port was closed", 0);
        }
        if (served != null) {
            if (!deaf) {
                reactor.unwatch(served.fd());
            }
            served.close();
            served = null;
        }
        socket = Ring.replace(socket, -1);
        record.close();
    }

    private void retry() {
        if (session == null && !closed) {
            connect();
            if (session == null) {
                reactor.after(RETRY, retry);
            }
        }
    }

    private void look() {
        looking = session != null;
        if (looking) {
            session.state().lookForBroken();
            reactor.after(LOOK, look);
        }
    }

    private void listen() {
        if (!closed) {
            deaf = false;
            reactor.watch(served.fd(), this::accept);
        }
    }

    private void listenAfter(final long delay) {
        deaf = true;
        reactor.unwatch(served.fd());
        reactor.after(delay, this::listen);
    }

    private void connect() {
        if (socket < 0) {
            socket = UnixSocket.open();
        }
        final int result = socket < 0 ? socket : UnixSocket.connect(socket, address);
        if (result == 0) {
            final int connected = socket;
            socket = -1;
            lastError = 0;
            begin(connected);
            return;
        }
        if (result != lastError) {
            lastError = result;
            waiting = Errno.text(result);
            if (result != -Errno.ENOENT && result != -Errno.ECONNREFUSED && result != -Errno.EAGAIN) {
                teller.tell(Errno.message("connect to " + settings.path(), result));
            }
        }
    }

    private void accept() {
        for (int i = 0; i < ACCEPTS_A_TURN; i++) {
            final int fd = UnixSocket.accept(served.fd());
            if (fd == -Errno.EAGAIN) {
                return;
            }
            if (fd < 0) {
                teller.tell(Errno.message("accept at " + settings.path(), fd));
                // It stays readable: look again later, not at once and for ever.
                listenAfter(LOOK);
                return;
            }
            if (session != null && UnixSocket.isHungUp(session.fd())) {
                end("the frontend closed the socket", RETRY);
            }
            if (session == null) {
                begin(fd);
            } else {
                teller.tell("refused a second frontend at " + settings.path() + ": the first is still connected");
                Libc.close(fd);
                // A QEMU that starts tries again without a pause, some 10,000 times a second.
                listenAfter(RETRY);
                return;
            }
        }
    }

    /** Serves a frontend that is connected. */
    void begin(final int fd) {
        final DeviceState state =
                new DeviceState(handler, teller, record, settings.features(), 2 * settings.queuePairs());
        session = new VhostSession(fd, settings, handler, state, teller);
        final long missing = record.features() & ~settings.features();
        if (missing != 0 && record.isServed()) {
            teller.tell("the guest that was served last uses features that are not offered any more: "
                    + VirtioFeatures.names(missing) + "; if it is still running, it must be restarted");
        }
        handler.connected();
        final VhostSession begun = session;
        reactor.watch(fd, () -> turn(begun));
        if (!looking) {
            looking = true;
            reactor.after(LOOK, look);
        }
    }

    private void turn(final VhostSession which) {
        if (session == which) {
            final String why = which.turn();
            if (why != null) {
                if (which.isRefused()) {
                    endLoudly(why);
                } else {
                    end(why, RETRY);
                }
            } else if (which.state().isServing()) {
                pause = FIRST_PAUSE;
            }
        }
    }

    private void endLoudly(final String why) {
        teller.tell("session ended: " + why);
        end(why, pause);
        pause = Math.min(2 * pause, LAST_PAUSE);
    }

    private void end(final String why, final long delay) {
        final VhostSession ended = session;
        session = null;
        waiting = why;
        lastError = 0;
        reactor.unwatch(ended.fd());
        ended.close();
        handler.disconnected(why);
        if (settings.role() == Role.CLIENT && !closed) {
            reactor.after(delay, retry);
        }
    }
}
