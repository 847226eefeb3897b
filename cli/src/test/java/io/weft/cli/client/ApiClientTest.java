package io.weft.cli.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ApiClientTest {
    private static final String JSON = "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\n";

    @TempDir
    Path dir;

    @Test
    void shouldReadBodyOfKnownLengthOverUnixSocket() throws Exception {
        final Path path = dir.resolve("api.sock");
        try (FakeSwitch fake = FakeSwitch.unix(path, JSON + "Content-Length: 8\r\n\r\n{\"a\": 1}rubbish")) {
            final Response response = ApiClient.of(path.toString(), null).send("GET", "/v1/status", null);
            assertEquals(200, response.status());
            assertEquals("application/json", response.contentType());
            assertEquals(1, response.json().path("a").asInt());
            final String request = fake.request.get();
            assertTrue(request.startsWith("GET /v1/status HTTP/1.1\r\nHost: localhost\r\n"), request);
            assertFalse(request.contains("Authorization"), request);
        }
    }

    @Test
    void shouldSendTokenAndBodyAndReadChunksOverTcp() throws Exception {
        final String chunks = "5\r\n{\"b\":\r\n4;x=y\r\n \"é\r\n2\r\n\"}\r\n0\r\nTrailer: x\r\n\r\n";
        try (FakeSwitch fake = FakeSwitch.tcp(JSON + "Transfer-Encoding: chunked\r\n\r\n" + chunks)) {
            final Path token = Files.writeString(dir.resolve("token"), "secret\n");
            final String url = "http://127.0.0.1:" + fake.port();
            final Response response = ApiClient.of(url, token, Map.of()).send("PATCH", "/v1/config", "{\"ä\":1}");
            final String request = fake.request.get();
            assertTrue(request.contains("\r\nAuthorization: Bearer secret\r\n"), request);
            assertTrue(request.contains("\r\nContent-Length: 8\r\n"), request);
            assertTrue(request.endsWith("{\"ä\":1}"), request);
            assertEquals("é", response.json().path("b").asText());
        }
    }

    @Test
    void shouldThrowProblemInItsOwnWordsWhenSwitchRefuses() throws Exception {
        final String body = "{\"title\":\"Conflict\",\"detail\":\"vni 5001 is taken\",\"complaints\":[\"a\",\"b\"]}";
        final String head = "HTTP/1.1 409 Conflict\r\nContent-Type: application/problem+json\r\n\r\n";
        final Path path = dir.resolve("api.sock");
        try (FakeSwitch fake = FakeSwitch.unix(path, head + body)) {
            final Response response = ApiClient.of("unix:" + path, null).send("DELETE", "/v1/ports/x", null);
            final ApiException e = assertThrows(ApiException.class, response::orFail);
            assertEquals("vni 5001 is taken", e.getMessage());
            assertEquals(409, e.status());
            assertEquals(List.of("a", "b"), e.complaints());
            assertTrue(fake.request.get().startsWith("DELETE /v1/ports/x "));
        }
    }

    @Test
    void shouldSayWhatToDoWhenNobodyAnswers() {
        final String path = dir.resolve("none.sock").toString();
        final ApiClient client = ApiClient.of(null, null, Map.of("WEFT_API", path));
        final ApiException e = assertThrows(ApiException.class, () -> client.send("GET", "/v1/status", null));
        assertEquals(
                "no switch answers on " + path + ": is `weft run` running? Or name it with --api or $WEFT_API",
                e.getMessage());
    }

    @Test
    void shouldFailInOneLineWhenAnswerBreaksOff() throws Exception {
        for (final String answer : List.of("", "HTTP/1.1 200", JSON + "Content-Length: 9\r\n\r\n{}", "SSH-2.0-x\r\n")) {
            final Path path = dir.resolve("api" + answer.length() + ".sock");
            try (FakeSwitch fake = FakeSwitch.unix(path, answer)) {
                final ApiClient client = ApiClient.of(path.toString(), null);
                final ApiException e = assertThrows(ApiException.class, () -> client.send("GET", "/v1/status", null));
                assertTrue(e.getMessage().contains("broke off"), e.getMessage());
                fake.request.get();
            }
        }
    }

    @Test
    void shouldReadEventsUntilStreamEnds() throws Exception {
        final String head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
        final String events = ": hello\n\nid: 7\nevent: mac.learned\ndata: {\"a\":\ndata: 1}\n\ndata:x\n\nid: 9\n";
        final Path path = dir.resolve("api.sock");
        try (FakeSwitch fake = FakeSwitch.unix(path, head + events);
                EventStream stream = ApiClient.of(path.toString(), null).events("/v1/events")) {
            assertEquals(new Event("7", "mac.learned", "{\"a\":\n1}"), stream.next());
            assertEquals(new Event("", "message", "x"), stream.next());
            assertNull(stream.next());
            assertTrue(fake.request.get().contains("Accept: text/event-stream"));
        }
    }

    @Test
    void shouldRefuseAddressThatNamesNoSwitch() throws IOException {
        for (final String api :
                List.of("", "unix:", "ftp://x", "http://", "http://h:1/path", "http://h:99999", "a\0b")) {
            final ApiException e = assertThrows(ApiException.class, () -> ApiClient.of(api, null), api);
            assertTrue(e.getMessage().endsWith("name a socket's path or http://HOST:PORT"), e.getMessage());
        }
    }

    @Test
    void shouldSayWhatToDoWhenTokenFileIsMissing() {
        final Path missing = dir.resolve("missing");
        final ApiException e =
                assertThrows(ApiException.class, () -> ApiClient.of("http://127.0.0.1:1", missing, Map.of()));
        assertTrue(e.getMessage().startsWith("cannot read the token file "), e.getMessage());
    }
}
