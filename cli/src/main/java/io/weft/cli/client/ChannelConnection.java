package io.weft.cli.client;

import java.io.IOException;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.concurrent.TimeUnit;

/**
 * A socket, Unix or TCP, read and written with a time limit: channels have none of their own, so it is non-blocking and
 * waits in a selector. Owned by one thread; {@link #close()} may be called by any.
 */
final class ChannelConnection extends Connection {
    private final SocketChannel channel;
    private final Selector selector;
    private final SelectionKey key;
    private final ByteBuffer in = ByteBuffer.allocate(64 * 1024).flip();
    private long patienceMs;

    private ChannelConnection(final SocketChannel channel, final Selector selector, final long patienceMs)
            throws IOException {
        this.channel = channel;
        this.selector = selector;
        this.patienceMs = patienceMs;
        channel.configureBlocking(false);
        this.key = channel.register(selector, 0);
    }

    /** @param patienceMs milliseconds without progress after which an operation fails; 0: never */
    static ChannelConnection open(final SocketAddress address, final long patienceMs) throws IOException {
        final SocketChannel channel = SocketChannel.open(address);
        try {
            return new ChannelConnection(channel, Selector.open(), patienceMs);
        } catch (final IOException e) {
            channel.close();
            throw e;
        }
    }

    @Override
    void patience(final long millis) {
        patienceMs = millis;
    }

    @Override
    void writeAll(final ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            if (channel.write(bytes) == 0) {
                await(SelectionKey.OP_WRITE);
            }
        }
    }

    @Override
    public int read() throws IOException {
        return fill() ? in.get() & 0xff : -1;
    }

    @Override
    public int read(final byte[] to, final int from, final int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        if (!fill()) {
            return -1;
        }
        final int count = Math.min(length, in.remaining());
        in.get(to, from, count);
        return count;
    }

    private boolean fill() throws IOException {
        while (!in.hasRemaining()) {
            in.clear();
            final int count = channel.read(in);
            in.flip();
            if (count < 0) {
                return false;
            }
            if (count == 0) {
                await(SelectionKey.OP_READ);
            }
        }
        return true;
    }

    private void await(final int operation) throws IOException {
        if (!key.isValid()) {
            throw new IOException("closed");
        }
        key.interestOps(operation);
        final long start = System.nanoTime();
        selector.select(patienceMs);
        selector.selectedKeys().clear();
        if (!selector.isOpen() || !channel.isOpen()) {
            throw new IOException("closed");
        }
        if (patienceMs > 0 && System.nanoTime() - start >= TimeUnit.MILLISECONDS.toNanos(patienceMs)) {
            throw new SocketTimeoutException("no answer within " + patienceMs + " ms");
        }
    }

    @Override
    public void close() {
        try (channel;
                selector) {
            selector.wakeup();
        } catch (final IOException e) {
            // Nothing is lost: every answer was read, or its reader has failed already.
        }
    }
}
