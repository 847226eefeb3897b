package io.weft.control.http;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.control.config.Config;
import io.weft.dataplane.api.SwitchException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.Base64;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** TLS with a certificate that is made for the test and is its own authority. */
class TlsTest {
    private static final char[] PASSWORD = "for-this-test".toCharArray();
    private static final String TOKEN = "0123456789abcdef0123";

    @TempDir
    static Path folder;

    private static KeyStore store;

    @BeforeAll
    static void makeCertificate() throws Exception {
        final Path file = folder.resolve("store.p12");
        final Process keytool = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-keystore",
                        file.toString(),
                        "-storetype",
                        "PKCS12",
                        "-storepass",
                        new String(PASSWORD),
                        "-alias",
                        "a",
                        "-keyalg",
                        "EC",
                        "-dname",
                        "CN=weft",
                        "-ext",
                        "san=ip:127.0.0.1",
                        "-ext",
                        "bc=ca:true")
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        assertTrue(keytool.waitFor(60, TimeUnit.SECONDS), "keytool makes a certificate");
        assertEquals(0, keytool.exitValue());
        store = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(file)) {
            store.load(in, PASSWORD);
        }
        writePem("cert.pem", "CERTIFICATE", store.getCertificate("a").getEncoded());
        writePem("key.pem", "PRIVATE KEY", store.getKey("a", PASSWORD).getEncoded());
        Files.writeString(folder.resolve("token"), TOKEN);
    }

    private static void writePem(final String name, final String what, final byte[] der) throws IOException {
        final String text = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der);
        Files.writeString(
                folder.resolve(name), "-----BEGIN " + what + "-----\n" + text + "\n-----END " + what + "-----\n");
    }

    private static ApiServer open(final boolean token, final boolean clientCa) {
        final String certificate = folder.resolve("cert.pem").toString();
        final Config.Tls tls =
                new Config.Tls(certificate, folder.resolve("key.pem").toString(), clientCa ? certificate : null);
        final String tokenFile = token ? folder.resolve("token").toString() : null;
        final ApiServer server =
                ApiServer.open(new Config.Api(folder.resolve("api.sock").toString(), "127.0.0.1:0", tokenFile, tls));
        server.serve(new FakeService());
        return server;
    }

    /** The status line of an answer to one request. */
    private static String ask(final ApiServer server, final boolean certificate, final String header)
            throws GeneralSecurityException, IOException {
        final TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
        final KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        trusted.setCertificateEntry("a", store.getCertificate("a"));
        trust.init(trusted);
        final KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
        keys.init(certificate ? store : null, PASSWORD);
        final SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
        try (SSLSocket socket = (SSLSocket)
                context.getSocketFactory().createSocket(InetAddress.getLoopbackAddress(), server.httpPort())) {
            socket.getOutputStream()
                    .write(Wire.request("GET", "/v1/config", null, "Connection: close", header)
                            .getBytes(US_ASCII));
            final String answer = new String(socket.getInputStream().readAllBytes(), US_ASCII);
            return answer.isEmpty() ? "" : answer.lines().findFirst().orElseThrow();
        }
    }

    @Test
    void shouldLetInTokenOrClientCertificateAndNothingElse() throws Exception {
        try (ApiServer server = open(true, true)) {
            assertEquals("HTTP/1.1 200 OK", ask(server, false, "Authorization: Bearer " + TOKEN));
            assertEquals("HTTP/1.1 200 OK", ask(server, true, "X: y"));
            assertEquals("HTTP/1.1 401 Unauthorized", ask(server, false, "X: y"));
        }
    }

    @Test
    void shouldNotTakeCertificateInPlaceOfTokenWithoutAuthority() throws Exception {
        try (ApiServer server = open(true, false)) {
            assertEquals("HTTP/1.1 401 Unauthorized", ask(server, true, "X: y"));
            assertEquals("HTTP/1.1 200 OK", ask(server, true, "Authorization: Bearer " + TOKEN));
        }
    }

    @Test
    void shouldEndHandshakeOfClientWithoutCertificateWhenThereIsNoToken() throws Exception {
        try (ApiServer server = open(false, true)) {
            assertEquals("HTTP/1.1 200 OK", ask(server, true, "X: y"));
            assertThrows(IOException.class, () -> ask(server, false, "X: y"));
        }
    }

    @Test
    void shouldEndConnectionThatSpeaksNoTls() throws Exception {
        try (ApiServer server = open(true, true);
                Wire wire = Wire.tcp(server.httpPort())) {
            wire.send(Wire.request("GET", "/v1/config", null, "Authorization: Bearer " + TOKEN));
            final String line = wire.readAll();
            assertTrue(!line.contains("HTTP/1.1 200"), line);
            assertEquals("HTTP/1.1 200 OK", ask(server, true, "X: y"));
        }
    }

    @Test
    void shouldSayWhatToDoWhenFilesCannotBeUsed() throws Exception {
        final Path wrong = Files.writeString(folder.resolve("wrong.pem"), "no certificate");
        final String key = folder.resolve("key.pem").toString();
        final String unix = folder.resolve("api.sock").toString();
        final String token = folder.resolve("token").toString();
        for (final String certificate : new String[] {wrong.toString(), "/nowhere/cert.pem"}) {
            final Config.Api api = new Config.Api(unix, "127.0.0.1:0", token, new Config.Tls(certificate, key, null));
            final SwitchException refused = assertThrows(SwitchException.class, () -> ApiServer.open(api));
            assertTrue(refused.getMessage().startsWith("api.tls: "), refused.getMessage());
            assertTrue(!refused.getMessage().contains("\n"), refused.getMessage());
        }
        final Path shortToken = Files.writeString(folder.resolve("short"), "abc\n");
        final Config.Api weak = new Config.Api(unix, "127.0.0.1:0", shortToken.toString(), null);
        assertTrue(assertThrows(SwitchException.class, () -> ApiServer.open(weak))
                .getMessage()
                .contains("at least 16"));
    }
}
