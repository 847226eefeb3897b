package io.weft.control.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.control.config.Config;
import io.weft.dataplane.api.SwitchException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ApiServerTest {
    private static final String TOKEN = "0123456789abcdef0123";

    @TempDir
    Path dir;

    static Stream<Transport> transports() {
        return Stream.of(Transport.values()).filter(Transport::isAvailable);
    }

    private Config.Api api(final String http) throws Exception {
        final Path token = Files.writeString(dir.resolve("token"), TOKEN + "\n");
        return new Config.Api(dir.resolve("api.sock").toString(), http, token.toString(), null);
    }

    @ParameterizedTest
    @MethodSource("transports")
    void shouldAnswerOverUnixSocketAndTcpWithEachTransport(final Transport transport) throws Exception {
        final Config.Api api = api("127.0.0.1:0");
        try (ApiServer server = ApiServer.open(api, Limits.DEFAULT, transport)) {
            server.serve(new FakeService());
            try (Wire unix = Wire.unix(api.unix());
                    Wire tcp = Wire.tcp(server.httpPort())) {
                assertEquals(200, unix.ask("GET", "/v1/status", null).status());
                assertEquals(200, unix.ask("GET", "/v1/status", null).status());
                final var answer = tcp.ask("GET", "/v1/status", null, "Authorization: Bearer " + TOKEN);
                assertEquals("hv1", answer.json().path("name").asText());
            }
        }
        assertFalse(Files.exists(Path.of(api.unix())));
    }

    @Test
    void shouldAnswer503UntilThereIsSomethingToServe() throws Exception {
        final Config.Api api = api(null);
        try (ApiServer server = ApiServer.open(api);
                Wire wire = Wire.unix(api.unix())) {
            final var answer = wire.ask("GET", "/v1/ports", null);
            assertEquals(503, answer.status());
            assertEquals("1", answer.headers().get("retry-after"));
            assertEquals(
                    "starting",
                    wire.ask("GET", "/v1/healthz", null).json().path("state").asText());
            server.serve(new FakeService());
            assertEquals(200, wire.ask("GET", "/v1/ports", null).status());
        }
    }

    @Test
    void shouldLetOnlyOwnerUseSocket() throws Exception {
        final Config.Api api = api(null);
        try (ApiServer server = ApiServer.open(api)) {
            assertNotNull(server);
            assertEquals(
                    "rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(Path.of(api.unix()))));
            try (Stream<Path> files = Files.list(dir)) {
                assertEquals(2, files.count());
            }
        }
    }

    @Test
    void shouldReplaceSocketFileThatNobodyAnswersOn() throws Exception {
        final Config.Api api = api(null);
        ServerSocketChannel.open(StandardProtocolFamily.UNIX)
                .bind(UnixDomainSocketAddress.of(api.unix()))
                .close();
        assertTrue(Files.exists(Path.of(api.unix())));
        try (ApiServer server = ApiServer.open(api);
                Wire wire = Wire.unix(api.unix())) {
            assertEquals(-1, server.httpPort());
            assertEquals(503, wire.ask("GET", "/v1/status", null).status());
        }
    }

    @Test
    void shouldLeaveSocketAloneThatSomebodyAnswersOn() throws Exception {
        final Config.Api api = api(null);
        try (ApiServer first = ApiServer.open(api)) {
            final SwitchException refused = assertThrows(SwitchException.class, () -> ApiServer.open(api));
            assertTrue(refused.getMessage().contains("somebody answers on"), refused.getMessage());
            first.serve(new FakeService());
            try (Wire wire = Wire.unix(api.unix())) {
                assertEquals(200, wire.ask("GET", "/v1/status", null).status());
            }
        }
    }

    @Test
    void shouldLeaveFileAloneThatIsNoSocket() throws Exception {
        final Config.Api api = api(null);
        Files.writeString(Path.of(api.unix()), "precious");
        final SwitchException refused = assertThrows(SwitchException.class, () -> ApiServer.open(api));
        assertTrue(refused.getMessage().contains("is no socket"), refused.getMessage());
        assertEquals("precious", Files.readString(Path.of(api.unix())));
    }

    @Test
    void shouldLeaveSocketOfSuccessorWhenItCloses() throws Exception {
        final Config.Api api = api(null);
        final ApiServer first = ApiServer.open(api);
        Files.delete(Path.of(api.unix()));
        try (ApiServer second = ApiServer.open(api)) {
            second.serve(new FakeService());
            first.close();
            try (Wire wire = Wire.unix(api.unix())) {
                assertEquals(200, wire.ask("GET", "/v1/status", null).status());
            }
        }
    }

    @Test
    void shouldRefuseTcpAddressThatIsTakenOrOpenToAll() throws Exception {
        try (ApiServer first = ApiServer.open(api("127.0.0.1:0"))) {
            final String unix = dir.resolve("second.sock").toString();
            final String token = dir.resolve("token").toString();
            final Config.Api taken = new Config.Api(unix, "127.0.0.1:" + first.httpPort(), token, null);
            assertTrue(assertThrows(SwitchException.class, () -> ApiServer.open(taken))
                    .getMessage()
                    .contains("is it taken"));
            final Config.Api open = new Config.Api(unix, "0.0.0.0:0", token, null);
            assertTrue(assertThrows(SwitchException.class, () -> ApiServer.open(open))
                    .getMessage()
                    .contains("is not loopback"));
            final Config.Api noToken = new Config.Api(unix, "127.0.0.1:0", null, null);
            assertTrue(assertThrows(SwitchException.class, () -> ApiServer.open(noToken))
                    .getMessage()
                    .contains("api.token-file"));
            assertFalse(Files.exists(Path.of(unix)));
        }
    }

    @Test
    void shouldRefuseRequestOverTcpWithoutTokenOrWithAnotherHost() throws Exception {
        try (ApiServer server = ApiServer.open(api("127.0.0.1:0"))) {
            server.serve(new FakeService());
            try (Wire wire = Wire.tcp(server.httpPort())) {
                final var missing = wire.ask("GET", "/v1/status", null);
                assertEquals(401, missing.status());
                assertEquals("Bearer realm=\"weft\"", missing.headers().get("www-authenticate"));
                for (final String wrong : new String[] {
                    "Bearer", "Bearer ", "Bearer " + TOKEN + "x", "Bearer " + TOKEN.substring(1), "Basic " + TOKEN
                }) {
                    assertEquals(
                            401,
                            wire.ask("PUT", "/v1/config", "{}", "Authorization: " + wrong)
                                    .status(),
                            wrong);
                }
                final String right = "Authorization: bearer " + TOKEN;
                assertEquals(200, wire.ask("GET", "/v1/status", null, right).status());
                wire.send("GET /v1/status HTTP/1.1\r\nHost: evil.example\r\n" + right + "\r\n\r\n");
                assertEquals(421, wire.read().status());
                wire.send("GET http://evil.example/v1/status HTTP/1.1\r\nHost: localhost\r\n" + right + "\r\n\r\n");
                assertEquals(421, wire.read().status());
                for (final String host : new String[] {"127.0.0.1:80", "[::1]:4780", "[::1]", "LOCALHOST:1"}) {
                    wire.send("GET /v1/status HTTP/1.1\r\nHost: " + host + "\r\n" + right + "\r\n\r\n");
                    assertEquals(200, wire.read().status(), host);
                }
            }
        }
    }

    @Test
    void shouldEndConnectionsBeyondLimit() throws Exception {
        final Config.Api api = api(null);
        final Limits two = new Limits(15_000, 15_000, 15_000, 15_000, 15_000, 15_000, 8192, 8192, 4096, 2, 9, 9, 16);
        try (ApiServer server = ApiServer.open(api, two, Transport.best());
                Wire first = Wire.unix(api.unix());
                Wire second = Wire.unix(api.unix())) {
            server.serve(new FakeService());
            assertEquals(200, first.ask("GET", "/v1/status", null).status());
            assertEquals(200, second.ask("GET", "/v1/status", null).status());
            try (Wire third = Wire.unix(api.unix())) {
                assertTrue(third.ended());
            }
            assertEquals(200, first.ask("GET", "/v1/status", null).status());
        }
    }
}
