package io.weft.cli.client;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.net.URLEncoder;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.BiFunction;
import javax.net.ssl.SSLException;

/**
 * Asks a switch over its control API. Every failure is an {@link ApiException} whose message is one line that says what to
 * do. Immutable; may be used by any thread.
 */
public final class ApiClient {
    /** Where the switch listens unless its configuration says otherwise. */
    public static final String DEFAULT_API = "/run/weft/api.sock";

    private static final long PATIENCE_MS = 30_000;

    private final Address address;
    private final String token;
    private final Path authorities;

    private ApiClient(final Address address, final String token, final Path authorities) {
        this.address = address;
        this.token = token;
        this.authorities = authorities;
    }

    /**
     * @param api a socket's path, {@code unix:PATH} or {@code http(s)://HOST:PORT}
     * @param token sent with each request; null for none
     */
    public static ApiClient of(final String api, final String token) {
        return new ApiClient(Address.parse(api), token, null);
    }

    /**
     * As the options and the environment say: {@code --api}, else WEFT_API, else {@link #DEFAULT_API}; {@code
     * --token-file}, else WEFT_TOKEN, else no token. WEFT_CA is a PEM file of
     * the authorities to trust over https, else those of the JDK are.
     *
     * @param api the option's value or null
     * @param tokenFile the option's value or null
     */
    public static ApiClient of(final String api, final Path tokenFile, final Map<String, String> environment) {
        final String where = api != null ? api : environment.getOrDefault("WEFT_API", DEFAULT_API);
        final String token = oneLine(tokenFile != null ? readToken(tokenFile) : environment.get("WEFT_TOKEN"));
        final String authorities = environment.get("WEFT_CA");
        return new ApiClient(Address.parse(where), token, authorities == null ? null : Path.of(authorities));
    }

    /** As the user named it. */
    public String address() {
        return address.shown();
    }

    /** A path's segment with what is special in URLs escaped. */
    public static String segment(final String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }

    /** @param body JSON, or null for none */
    public Response send(final String method, final String path, final String body) {
        return send(method, path, body, "application/json", "application/json");
    }

    /**
     * @param path from the root, with the query, escaped
     * @param body or null for none
     * @param type the body's media type
     * @param accept the wanted answer's media type
     */
    public Response send(
            final String method, final String path, final String body, final String type, final String accept) {
        try (Connection connection = open(PATIENCE_MS)) {
            request(connection, method, path, body, type, accept);
            final Answer answer = Answer.read(connection);
            return new Response(answer.status(), answer.contentType(), answer.text(method));
        } catch (final IOException e) {
            throw failed(e);
        }
    }

    /** Follows {@code /v1/events} or another stream of events; a refusal is thrown at once. */
    public EventStream events(final String path) {
        return follow(path, "text/event-stream", EventStream::new);
    }

    /** Follows an answer that goes on; a refusal is thrown at once. */
    public BodyStream stream(final String path, final String type) {
        return follow(path, type, BodyStream::new);
    }

    private <T> T follow(final String path, final String type, final BiFunction<Connection, InputStream, T> reader) {
        Connection connection = null;
        try {
            connection = open(PATIENCE_MS);
            request(connection, "GET", path, null, null, type);
            final Answer answer = Answer.read(connection);
            if (answer.status() != 200) {
                new Response(answer.status(), answer.contentType(), answer.text("GET")).orFail();
            }
            connection.patience(0);
            final T stream = reader.apply(connection, answer.body());
            connection = null;
            return stream;
        } catch (final IOException e) {
            throw failed(e);
        } finally {
            if (connection != null) {
                connection.close();
            }
        }
    }

    private Connection open(final long patienceMs) {
        try {
            if (address.tls() != null) {
                final InetSocketAddress tcp = (InetSocketAddress) address.socket();
                return TlsConnection.open(tcp, address.tls(), authorities, patienceMs);
            }
            return ChannelConnection.open(address.socket(), patienceMs);
        } catch (final ApiException e) {
            throw e;
        } catch (final IOException | RuntimeException e) {
            throw unreachable(e);
        }
    }

    private void request(
            final Connection connection,
            final String method,
            final String path,
            final String body,
            final String type,
            final String accept)
            throws IOException {
        final byte[] content = body == null ? new byte[0] : body.getBytes(StandardCharsets.UTF_8);
        final StringBuilder head = new StringBuilder(256);
        head.append(method)
                .append(' ')
                .append(path)
                .append(" HTTP/1.1\r\nHost: ")
                .append(address.host());
        head.append("\r\nConnection: close\r\nAccept: ").append(accept);
        if (token != null) {
            head.append("\r\nAuthorization: Bearer ").append(token);
        }
        if (body != null) {
            head.append("\r\nContent-Type: ").append(type);
        }
        if (body != null || !method.equals("GET")) {
            head.append("\r\nContent-Length: ").append(content.length);
        }
        final byte[] start = head.append("\r\n\r\n").toString().getBytes(StandardCharsets.ISO_8859_1);
        final ByteBuffer all = ByteBuffer.allocate(start.length + content.length);
        connection.writeAll(all.put(start).put(content).flip());
    }

    private ApiException unreachable(final Exception e) {
        if (e instanceof SSLException) {
            return new ApiException(
                    "no TLS with " + address.shown() + " (" + e.getMessage()
                            + "): name its authority's certificate in $WEFT_CA",
                    e);
        }
        final boolean denied = e instanceof AccessDeniedException
                || String.valueOf(e.getMessage()).contains("Permission denied");
        if (denied) {
            return new ApiException(
                    "no right to talk to " + address.shown() + ": run this as the user of `weft run`", e);
        }
        return new ApiException(
                "no switch answers on " + address.shown()
                        + ": is `weft run` running? Or name it with --api or $WEFT_API",
                e);
    }

    private ApiException failed(final IOException e) {
        if (e instanceof SocketTimeoutException) {
            return new ApiException(
                    "the switch on " + address.shown() + " does not answer: see what it prints, or start it again", e);
        }
        return new ApiException(
                "the answer from " + address.shown() + " broke off (" + e.getMessage() + "): ask again", e);
    }

    private static String oneLine(final String token) {
        final String line = token == null ? null : token.strip();
        if (line != null && line.codePoints().anyMatch(c -> c <= ' ' || c > '~')) {
            throw new ApiException(
                    "the token is not one line of letters and digits: see $WEFT_TOKEN or --token-file", null);
        }
        return line;
    }

    private static String readToken(final Path file) {
        try {
            return Files.readString(file);
        } catch (final IOException e) {
            throw new ApiException(
                    "cannot read the token file " + file + ": name one that is there with --token-file", e);
        }
    }
}
