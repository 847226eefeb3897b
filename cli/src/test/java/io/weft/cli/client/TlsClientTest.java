package io.weft.cli.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.Base64;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The client against a certificate for 127.0.0.1 that is its own authority. */
class TlsClientTest {
    private static final String PASSWORD = "for-this-test";

    @TempDir
    static Path folder;

    private static SSLServerSocket server;

    @BeforeAll
    static void serve() throws Exception {
        final Path file = folder.resolve("store.p12");
        final String keytool =
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString();
        final Process process = new ProcessBuilder(
                        (keytool + " -genkeypair -storetype PKCS12 -alias a -keyalg EC -dname CN=weft"
                                        + " -ext san=ip:127.0.0.1 -ext bc=ca:true -storepass " + PASSWORD
                                        + " -keystore " + file)
                                .split(" ", -1))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        assertTrue(process.waitFor(60, TimeUnit.SECONDS), "keytool makes a certificate");
        final KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(file)) {
            store.load(in, PASSWORD.toCharArray());
        }
        final String pem = Base64.getMimeEncoder(64, new byte[] {'\n'})
                .encodeToString(store.getCertificate("a").getEncoded());
        Files.writeString(
                folder.resolve("ca.pem"), "-----BEGIN CERTIFICATE-----\n" + pem + "\n-----END CERTIFICATE-----\n");
        final KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
        keys.init(store, PASSWORD.toCharArray());
        final SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), null, null);
        server = (SSLServerSocket) context.getServerSocketFactory()
                .createServerSocket(0, 50, InetAddress.getByAddress(new byte[] {127, 0, 0, 1}));
        Thread.ofVirtual().start(TlsClientTest::answer);
    }

    private static void answer() {
        while (!server.isClosed()) {
            try (SSLSocket socket = (SSLSocket) server.accept()) {
                final StringBuilder request = new StringBuilder();
                while (request.indexOf("\r\n\r\n") < 0) {
                    request.append((char) socket.getInputStream().read());
                }
                final String token = request.indexOf("Bearer secret") < 0 ? "none" : "secret";
                final String answer = "HTTP/1.1 200 OK\r\nContent-Length: " + token.length() + "\r\n\r\n" + token;
                socket.getOutputStream().write(answer.getBytes(StandardCharsets.US_ASCII));
            } catch (final IOException e) {
                // A client that does not trust us, or the end of the test.
            }
        }
    }

    @AfterAll
    static void close() throws IOException {
        server.close();
    }

    @Test
    void shouldAskOverTlsWithTokenWhenAuthorityIsTrusted() {
        final Map<String, String> environment =
                Map.of("WEFT_CA", folder.resolve("ca.pem").toString(), "WEFT_TOKEN", "secret\n");
        final ApiClient client = ApiClient.of("https://127.0.0.1:" + server.getLocalPort(), null, environment);
        assertEquals("secret", client.send("GET", "/v1/status", null).body());
    }

    @Test
    void shouldSayWhatToDoWhenAuthorityIsNotTrustedOrHostIsAnother() {
        final String url = "https://127.0.0.1:" + server.getLocalPort();
        final ApiClient distrusting = ApiClient.of(url, null, Map.of());
        final ApiException untrusted =
                assertThrows(ApiException.class, () -> distrusting.send("GET", "/v1/status", null));
        assertTrue(untrusted.getMessage().endsWith("in $WEFT_CA"), untrusted.getMessage());
        final Map<String, String> trusted =
                Map.of("WEFT_CA", folder.resolve("ca.pem").toString());
        final ApiClient other = ApiClient.of(url.replace("127.0.0.1", "localhost"), null, trusted);
        final ApiException host = assertThrows(ApiException.class, () -> other.send("GET", "/v1/status", null));
        assertTrue(host.getMessage().startsWith("no TLS with https://localhost"), host.getMessage());
        final ApiClient missing = ApiClient.of(url, null, Map.of("WEFT_CA", "/nowhere/ca.pem"));
        assertTrue(assertThrows(ApiException.class, () -> missing.send("GET", "/v1/status", null))
                .getMessage()
                .startsWith("cannot read /nowhere/ca.pem"));
    }

    @Test
    void shouldRefuseTokenThatIsNotOneLine() {
        final Map<String, String> environment = Map.of("WEFT_TOKEN", "a\r\nX: injected");
        assertThrows(ApiException.class, () -> ApiClient.of("https://127.0.0.1:1", null, environment));
    }
}
