package io.weft.control.http;

import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.weft.control.config.Config;
import io.weft.dataplane.api.SwitchException;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.net.ssl.SSLException;

/** Reads the files that say who may ask over TCP. Failures are {@link SwitchException}s of one line. */
final class Credentials {
    private static final int MIN_TOKEN = 16;

    private Credentials() {}

    static String token(final Path file) {
        final String token;
        try {
            token = Files.readString(file).strip();
        } catch (final IOException e) {
            throw new SwitchException("api.token-file: cannot read " + file + ": make it with a token in it", e);
        }
        if (token.length() < MIN_TOKEN || token.codePoints().anyMatch(c -> c <= ' ' || c > '~')) {
            throw new SwitchException("api.token-file: " + file + " must hold one line of at least " + MIN_TOKEN
                    + " letters and digits: `openssl rand -hex 32` makes one");
        }
        return token;
    }

    /** @param onlyCertificates whether a client without a certificate is refused at once */
    static SslContext tls(final Config.Tls tls, final boolean onlyCertificates) {
        try {
            final SslContextBuilder builder =
                    SslContextBuilder.forServer(new File(tls.certificate()), new File(tls.key()));
            if (tls.clientCa() != null) {
                builder.trustManager(new File(tls.clientCa()))
                        .clientAuth(onlyCertificates ? ClientAuth.REQUIRE : ClientAuth.OPTIONAL);
            }
            return builder.build();
        } catch (final SSLException | IllegalArgumentException e) {
            throw new SwitchException(
                    "api.tls: the certificate or key cannot be used (" + e.getMessage() + "): name PEM files", e);
        }
    }
}
