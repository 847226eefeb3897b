package io.weft.control.http;

import io.netty.handler.ssl.SslHandler;
import io.weft.control.config.HostPort;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Locale;
import javax.net.ssl.SSLPeerUnverifiedException;

/**
 * Who may ask. A Unix socket's file mode has decided that already; over TCP a request carries the token or came with a
 * client certificate. Without TLS, where no certificate vouches for a name, its Host is a literal address or {@code
 * localhost}, so that a page in a browser that made its own name point here is refused. Immutable.
 */
final class Access {
    private static final String SCHEME = "bearer ";
    static final Access UNIX = new Access(false, null);

    private final boolean tcp;
    private final byte[] token;

    private Access(final boolean tcp, final byte[] token) {
        this.tcp = tcp;
        this.token = token;
    }

    /** @param token null where only client certificates are let in */
    static Access tcp(final String token) {
        return new Access(true, token == null ? null : token.getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Throws {@link Problem} 401 or 421.
     *
     * @param host as the request names it, or null
     * @param authorization as sent, or null
     * @param tls null without TLS
     */
    void check(final String host, final String authorization, final SslHandler tls) {
        if (!tcp) {
            return;
        }
        if (tls == null && host != null && !isLiteral(host.toLowerCase(Locale.ROOT))) {
            throw Problem.of(421, "the Host must be an address or localhost, not \"" + Uris.printable(host) + "\"");
        }
        if (!hasCertificate(tls) && !hasToken(authorization)) {
            throw Problem.of(
                    401,
                    "the token is missing or wrong: send Authorization: Bearer with what api.token-file holds"
                            + " ($WEFT_TOKEN or --token-file of the command line)",
                    "WWW-Authenticate",
                    "Bearer realm=\"weft\"");
        }
    }

    private boolean hasToken(final String authorization) {
        if (token == null
                || authorization == null
                || !authorization.regionMatches(true, 0, SCHEME, 0, SCHEME.length())) {
            return false;
        }
        final String sent = authorization.substring(SCHEME.length()).strip();
        return MessageDigest.isEqual(sent.getBytes(StandardCharsets.UTF_8), token);
    }

    private static boolean hasCertificate(final SslHandler tls) {
        if (tls == null) {
            return false;
        }
        try {
            return tls.engine().getSession().getPeerCertificates().length > 0;
        } catch (final SSLPeerUnverifiedException e) {
            return false;
        }
    }

    /** Whether a Host header names an address or localhost, with or without a port. */
    static boolean isLiteral(final String host) {
        return HostPort.parse(host) != null || HostPort.parse(host + ":0") != null;
    }
}
