package io.weft.cli.client;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnixDomainSocketAddress;
import java.nio.file.InvalidPathException;
import java.util.Locale;

/**
 * Where a switch answers.
 *
 * @param socket a Unix socket's or a TCP address
 * @param host what to say in the Host header
 * @param shown as the user named it
 * @param tls null without; else the host that the certificate must be for
 */
record Address(SocketAddress socket, String host, String shown, String tls) {

    /** @param api a path, {@code unix:PATH} or {@code http(s)://HOST:PORT} */
    static Address parse(final String api) {
        final String lower = api.toLowerCase(Locale.ROOT);
        if (lower.startsWith("http://") || lower.startsWith("https://")) {
            return tcp(api);
        }
        final String path = lower.startsWith("unix:") ? api.substring("unix:".length()) : api;
        if (path.isEmpty() || lower.contains("://")) {
            throw wrong(api, null);
        }
        try {
            return new Address(UnixDomainSocketAddress.of(path), "localhost", path, null);
        } catch (final InvalidPathException e) {
            throw wrong(api, e);
        }
    }

    private static Address tcp(final String api) {
        try {
            final URI uri = new URI(api);
            final String path = uri.getRawPath();
            final boolean bare = path == null || path.isEmpty() || path.equals("/");
            if (uri.getHost() == null || !bare || uri.getRawQuery() != null) {
                throw wrong(api, null);
            }
            final String host = uri.getHost();
            final boolean tls = uri.getScheme().equalsIgnoreCase("https");
            final int port = uri.getPort() < 0 ? (tls ? 443 : 80) : uri.getPort();
            final String plain = host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
            return new Address(new InetSocketAddress(plain, port), host + ":" + port, api, tls ? plain : null);
        } catch (final URISyntaxException | IllegalArgumentException e) {
            throw wrong(api, e);
        }
    }

    boolean isUnix() {
        return socket instanceof UnixDomainSocketAddress;
    }

    private static ApiException wrong(final String api, final Throwable cause) {
        return new ApiException(
                "'" + api + "' is no address of a switch: name a socket's path or http://HOST:PORT", cause);
    }
}
