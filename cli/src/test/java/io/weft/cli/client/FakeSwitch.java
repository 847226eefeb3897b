package io.weft.cli.client;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;

/** Answers one connection with given bytes, whatever is asked, and keeps the request. */
final class FakeSwitch implements AutoCloseable {
    final CompletableFuture<String> request = new CompletableFuture<>();
    private final ServerSocketChannel server;
    private final String answer;

    private FakeSwitch(final ServerSocketChannel server, final String answer) {
        this.server = server;
        this.answer = answer;
        Thread.ofVirtual().start(this::serve);
    }

    static FakeSwitch unix(final Path path, final String answer) throws IOException {
        final ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        return new FakeSwitch(server.bind(UnixDomainSocketAddress.of(path)), answer);
    }

    static FakeSwitch tcp(final String answer) throws IOException {
        final ServerSocketChannel server = ServerSocketChannel.open();
        return new FakeSwitch(server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)), answer);
    }

    int port() throws IOException {
        return ((InetSocketAddress) server.getLocalAddress()).getPort();
    }

    private void serve() {
        try (SocketChannel channel = server.accept()) {
            final ByteBuffer bytes = ByteBuffer.allocate(1 << 20);
            String text = "";
            while (!whole(text) && channel.read(bytes) >= 0) {
                text = new String(bytes.array(), 0, bytes.position(), StandardCharsets.ISO_8859_1);
            }
            channel.write(ByteBuffer.wrap(answer.getBytes(StandardCharsets.UTF_8)));
            request.complete(new String(bytes.array(), 0, bytes.position(), StandardCharsets.UTF_8));
        } catch (final IOException e) {
            request.completeExceptionally(e);
        }
    }

    private static boolean whole(final String text) {
        final int end = text.indexOf("\r\n\r\n");
        final int length = text.indexOf("Content-Length: ");
        if (end < 0 || length < 0) {
            return end >= 0;
        }
        final int size = Integer.parseInt(text.substring(length + 16, text.indexOf("\r\n", length)));
        return text.length() - end - 4 >= size;
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
