package io.weft.cli.client;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManagerFactory;

/** A TCP connection with TLS; the switch's certificate must be for the host that the user named. */
final class TlsConnection extends Connection {
    private final SSLSocket socket;
    private final InputStream in;

    private TlsConnection(final SSLSocket socket) throws IOException {
        this.socket = socket;
        this.in = new BufferedInputStream(socket.getInputStream());
    }

    /**
     * @param host for the certificate
     * @param authorities PEM file of those to trust, or null for the JDK's
     */
    static TlsConnection open(
            final InetSocketAddress address, final String host, final Path authorities, final long patienceMs)
            throws IOException {
        final Socket plain = new Socket();
        try {
            plain.connect(address, Math.toIntExact(patienceMs));
            plain.setSoTimeout(Math.toIntExact(patienceMs));
            final SSLSocket socket =
                    (SSLSocket) factory(authorities).createSocket(plain, host, address.getPort(), true);
            final SSLParameters parameters = socket.getSSLParameters();
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
            socket.setSSLParameters(parameters);
            socket.startHandshake();
            return new TlsConnection(socket);
        } catch (final IOException e) {
            plain.close();
            throw e;
        }
    }

    private static SSLSocketFactory factory(final Path authorities) throws IOException {
        try {
            final SSLContext context = SSLContext.getInstance("TLS");
            if (authorities == null) {
                context.init(null, null, null);
            } else {
                final TrustManagerFactory trust =
                        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
                trust.init(store(authorities));
                context.init(null, trust.getTrustManagers(), null);
            }
            return context.getSocketFactory();
        } catch (final GeneralSecurityException e) {
            throw new ApiException(
                    "the certificates in " + authorities + " cannot be used: name a PEM file in $WEFT_CA", e);
        }
    }

    private static KeyStore store(final Path authorities) throws IOException, GeneralSecurityException {
        final KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        try (InputStream pem = Files.newInputStream(authorities)) {
            int number = 0;
            for (final Certificate each :
                    CertificateFactory.getInstance("X.509").generateCertificates(pem)) {
                store.setCertificateEntry("authority" + number++, each);
            }
        } catch (final IOException e) {
            throw new ApiException("cannot read " + authorities + ": name a PEM file in $WEFT_CA", e);
        }
        return store;
    }

    @Override
    void patience(final long millis) throws IOException {
        socket.setSoTimeout(Math.toIntExact(millis));
    }

    @Override
    void writeAll(final ByteBuffer bytes) throws IOException {
        final byte[] all = new byte[bytes.remaining()];
        bytes.get(all);
        socket.getOutputStream().write(all);
    }

    @Override
    public int read() throws IOException {
        return in.read();
    }

    @Override
    public int read(final byte[] to, final int from, final int length) throws IOException {
        return in.read(to, from, length);
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (final IOException e) {
            // Nothing is lost: every answer was read, or its reader has failed already.
        }
    }
}
