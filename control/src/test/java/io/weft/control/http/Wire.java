package io.weft.control.http;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** A client that says exactly what a test wants said, right or wrong. */
final class Wire implements AutoCloseable {
    private final SocketChannel channel;
    private final InputStream in;

    private Wire(final SocketAddress address) throws IOException {
        channel = SocketChannel.open(address);
        in = new BufferedInputStream(Channels.newInputStream(channel));
    }

    static Wire unix(final String path) throws IOException {
        return new Wire(UnixDomainSocketAddress.of(path));
    }

    static Wire tcp(final int port) throws IOException {
        return new Wire(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    }

    /** An answer; header names are in lower case. */
    record Response(int status, Map<String, String> headers, String body) {
        JsonNode json() throws IOException {
            return Json.MAPPER.readTree(body);
        }

        String detail() throws IOException {
            return json().path("detail").asText();
        }
    }

    Wire send(final String text) throws IOException {
        return send(text.getBytes(StandardCharsets.UTF_8));
    }

    Wire send(final byte[] bytes) throws IOException {
        final ByteBuffer buffer = ByteBuffer.wrap(bytes);
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
        return this;
    }

    Wire endOutput() throws IOException {
        channel.shutdownOutput();
        return this;
    }

    Response ask(final String method, final String target, final String body, final String... headers)
            throws IOException {
        send(request(method, target, body, headers));
        return read(method.equals("HEAD"));
    }

    static String request(final String method, final String target, final String body, final String... headers) {
        final StringBuilder text = new StringBuilder();
        text.append(method).append(' ').append(target).append(" HTTP/1.1\r\nHost: localhost\r\n");
        for (final String header : headers) {
            text.append(header).append("\r\n");
        }
        if (body != null) {
            text.append("Content-Length: ")
                    .append(body.getBytes(StandardCharsets.UTF_8).length)
                    .append("\r\n");
        }
        return text.append("\r\n").append(body == null ? "" : body).toString();
    }

    Response read() throws IOException {
        return read(false);
    }

    Response read(final boolean head) throws IOException {
        final String start = line();
        final Map<String, String> headers = new TreeMap<>();
        for (String line = line(); !line.isEmpty(); line = line()) {
            final int colon = line.indexOf(':');
            headers.put(
                    line.substring(0, colon).toLowerCase(Locale.ROOT),
                    line.substring(colon + 1).strip());
        }
        final int length = head ? 0 : Integer.parseInt(headers.getOrDefault("content-length", "0"));
        final byte[] body = in.readNBytes(length);
        if (body.length < length) {
            throw new EOFException("answer cut off");
        }
        return new Response(
                Integer.parseInt(start.substring(9, 12)), headers, new String(body, StandardCharsets.UTF_8));
    }

    /** A line without its end; throws {@link EOFException} where the connection ends. */
    String line() throws IOException {
        final StringBuilder line = new StringBuilder();
        for (int c = in.read(); c != '\n'; c = in.read()) {
            if (c < 0) {
                throw new EOFException("connection ended after \"" + line + "\"");
            }
            line.append((char) c);
        }
        return line.toString().stripTrailing();
    }

    /** All until the server ends the connection, which it may do by a reset. */
    String readAll() {
        final StringBuilder all = new StringBuilder();
        try {
            for (int c = in.read(); c >= 0; c = in.read()) {
                all.append((char) c);
            }
        } catch (final IOException e) {
            // A reset ends it as well.
        }
        return all.toString();
    }

    /** As many bytes, as text. */
    String take(final int length) throws IOException {
        return new String(in.readNBytes(length), StandardCharsets.UTF_8);
    }

    /** Whether the server ends the connection without another byte. */
    boolean ended() throws IOException {
        return in.read() < 0;
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
