package io.weft.system;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;

/**
 * The client's end of a Unix socket that speaks in lines. A thread of its own reads, so that whoever waits can stop
 * waiting. Owned by the test's thread.
 */
final class LineSocket implements AutoCloseable {
    private static final String END = "(the other side is gone)";

    private final SocketChannel channel;
    private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();

    private LineSocket(final SocketChannel channel) {
        this.channel = channel;
    }

    /** Connects as soon as somebody listens; gives up after the limit, or when {@code alive} does not hold any more. */
    static LineSocket connect(final Path path, final Duration limit, final BooleanSupplier alive) {
        final SocketChannel[] found = new SocketChannel[1];
        Until.holds("somebody listens on " + path, limit, () -> {
            found[0] = tryConnect(path);
            return found[0] != null || !alive.getAsBoolean();
        });
        if (found[0] == null) {
            throw new AssertionError("ended before it listened on " + path);
        }
        final LineSocket socket = new LineSocket(found[0]);
        Thread.ofPlatform().daemon().name("lines-of-" + path.getFileName()).start(socket::read);
        return socket;
    }

    private static SocketChannel tryConnect(final Path path) {
        try {
            return SocketChannel.open(UnixDomainSocketAddress.of(path));
        } catch (final IOException e) {
            return null;
        }
    }

    private void read() {
        readLines();
        lines.add(END);
    }

    private void readLines() {
        try (BufferedReader reader =
                new BufferedReader(new InputStreamReader(Channels.newInputStream(channel), StandardCharsets.UTF_8))) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                lines.add(line);
            }
        } catch (final IOException e) {
            // Closed, by either side: who waits for a line is told by the last one.
        }
    }

    void send(final String line) {
        final ByteBuffer bytes = ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.UTF_8));
        try {
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Takes lines up to the one that is looked for, which comes last; fails the test when it does not come in time. */
    List<String> take(final Predicate<String> last, final String what, final Duration limit) {
        final List<String> taken = new ArrayList<>();
        final long deadline = System.nanoTime() + limit.toNanos();
        while (taken.isEmpty() || !last.test(taken.getLast())) {
            final String line = poll(deadline);
            if (line == null) {
                throw new AssertionError("no " + what + " within " + limit.toSeconds() + " s, but: " + taken);
            }
            taken.add(line);
            if (line.equals(END)) {
                throw new AssertionError("no " + what + ", but: " + taken);
            }
        }
        return taken;
    }

    private String poll(final long deadline) {
        try {
            return lines.poll(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            return null;
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
