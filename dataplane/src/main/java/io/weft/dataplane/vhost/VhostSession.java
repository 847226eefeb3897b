package io.weft.dataplane.vhost;

import io.weft.dataplane.sys.Errno;
import io.weft.dataplane.sys.FdList;
import io.weft.dataplane.sys.Libc;
import io.weft.dataplane.sys.Region;
import io.weft.dataplane.sys.UnixMessage;
import io.weft.encap.Mem;
import java.util.concurrent.TimeUnit;

/**
 * One connection of a frontend: cuts what comes into messages, has each obeyed by {@link Requests}, and answers.
 *
 * <p>Owned by the thread that runs the device.
 */
final class VhostSession {
    /** Messages handled before others have their turn. */
    private static final int MESSAGES_A_TURN = 32;

    /** The same in time: a new memory table for 32 rings may take a millisecond each time. */
    private static final long NANOS_A_TURN = TimeUnit.MILLISECONDS.toNanos(2);

    private static final int IN = 0;
    private static final int OUT = 512;
    private static final int BUFFERS = 1024;

    private final int fd;
    private final Teller teller;
    private final DeviceState state;
    private final Requests requests;
    private final UnixMessage message = new UnixMessage();
    private final Region buffers = new Region(BUFFERS);
    private final long in = buffers.address() + IN;
    private final long out = buffers.address() + OUT;
    private final FdList fds = new FdList(2 * UnixMessage.MAX_FDS);
    private int have;
    private boolean refused;

    /** @param fd connected socket, the session's to close */
    VhostSession(
            final int fd,
            final VhostDevice.Settings settings,
            final VhostHandler handler,
            final DeviceState state,
            final Teller teller) {
        this.fd = fd;
        this.teller = teller;
        this.state = state;
        requests = new Requests(settings, handler, state, this, teller);
    }

    int fd() {
        return fd;
    }

    DeviceState state() {
        return state;
    }

    /** Whether it was us who ended it. */
    boolean isRefused() {
        return refused;
    }

    /** Handles what has come, but not more than a turn's worth. Returns why the session is over, or null. */
    String turn() {
        try {
            final long begun = System.nanoTime();
            for (int i = 0; i < MESSAGES_A_TURN && System.nanoTime() - begun < NANOS_A_TURN; i++) {
                if (!receive(Request.HEADER)) {
                    return null;
                }
                final int number = Mem.getIntNative(in);
                checkHeader(number);
                if (!receive(Request.HEADER + payloadSize())) {
                    return null;
                }
                obey(number);
                have = 0;
            }
            return null;
        } catch (final Closed closed) {
            return closed.getMessage();
        } catch (final Refusal refusal) {
            refused = true;
            return refusal.getMessage();
        } catch (final RuntimeException | InternalError thrown) {
            refused = true;
            return have < Request.HEADER ? thrown.toString() : Request.name(Mem.getIntNative(in)) + ": " + thrown;
        }
    }

    /** Gives back everything; the socket last. */
    void close() {
        state.close();
        fds.close();
        message.close();
        buffers.close();
        Libc.close(fd);
    }

    // For requests

    int flags() {
        return Mem.getIntNative(in + Request.FLAGS);
    }

    int payloadSize() {
        return Mem.getIntNative(in + Request.SIZE);
    }

    /** Where the payload is. */
    long payload() {
        return in + Request.HEADER;
    }

    FdList fds() {
        return fds;
    }

    /** Where the payload of an answer is put together. */
    long answer() {
        return out + Request.HEADER;
    }

    void reply(final int number, final int size, final int... withFds) throws Closed {
        Mem.putIntNative(out, number);
        Mem.putIntNative(out + Request.FLAGS, Request.VERSION | Request.REPLY);
        Mem.putIntNative(out + Request.SIZE, size);
        final int length = Request.HEADER + size;
        final int sent = message.send(fd, out, length, withFds);
        if (sent != length) {
            throw new Closed(
                    sent >= 0 || sent == -Errno.EAGAIN
                            ? "the frontend does not read its replies"
                            : "reply to " + Request.name(number) + ": " + Errno.text(sent));
        }
    }

    /** The session ends, and nothing can be said to the frontend any more. */
    static final class Closed extends Exception {
        private static final long serialVersionUID = 1;

        Closed(final String why) {
            super(why, null, false, false);
        }
    }

    private void checkHeader(final int number) throws Refusal {
        try {
            Request.check(number, flags(), payloadSize());
            if (fds.size() > Request.fds(number)) {
                throw Refusal.malformed(fds.size() + " descriptors came with it, it may have " + Request.fds(number));
            }
        } catch (final Refusal refusal) {
            throw Refusal.malformed(Request.name(number) + ": " + refusal.getMessage());
        }
    }

    private void obey(final int number) throws Refusal, Closed {
        try {
            checkHeader(number);
            requests.obey(number);
        } catch (final Refusal refusal) {
            final String line = Request.name(number) + ": " + refusal.getMessage();
            final boolean answer = requests.isAnswerWanted(number);
            if (refusal.then() == Refusal.Then.END || (refusal.then() == Refusal.Then.ANSWER_OR_END && !answer)) {
                throw Refusal.malformed(line);
            }
            teller.tell("refused " + line);
            if (answer) {
                requests.acknowledge(number, 1);
            }
        } finally {
            fds.close();
        }
    }

    /** Reads until {@code length} bytes of the message are there; never beyond, see {@link UnixMessage#receive}. */
    private boolean receive(final int length) throws Closed, Refusal {
        while (have < length) {
            final int got = message.receive(fd, in + have, length - have, fds);
            if (got == -Errno.EAGAIN) {
                return false;
            }
            if (got == 0 || got == -Errno.ECONNRESET) {
                throw new Closed("the frontend closed the socket" + (have == 0 ? "" : " in the midst of a message"));
            }
            if (got < 0) {
                throw new Closed("read: " + Errno.text(got));
            }
            have += got;
            if (message.lostFds()) {
                throw Refusal.malformed("descriptors of a message were lost: this process may open no more files");
            }
            if (fds.size() > Request.TABLE_REGIONS) {
                throw Refusal.malformed(fds.size() + " descriptors came with a message");
            }
        }
        return true;
    }
}
