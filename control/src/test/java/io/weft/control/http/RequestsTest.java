package io.weft.control.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** HTTP itself: what is no request, what is too much, and the order of answers. */
class RequestsTest {
    private static final Limits SHORT =
            new Limits(1_000, 1_000, 1_000, 1_000, 1_000, 1_000, 8_192, 16_384, 4 * 1024 * 1024, 256, 64, 64, 4_096);
    private static Served served;

    @BeforeAll
    static void open() throws IOException {
        served = new Served();
    }

    @AfterAll
    static void close() throws IOException {
        served.close();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "rubbish\r\n\r\n",
                "GET\r\n\r\n",
                "GET /v1/status\r\n\r\n",
                "GET /v1/status HTTP/9.9.9\r\n\r\n",
                "GET /v1/status HTTP/1.1\r\n\r\n",
                "GET /v1/status HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
                "GET /v1/status HTTP/1.1\r\nHost : a\r\n\r\n",
                "GET /v1/status HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n",
                "GET /v1/status HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n",
                "PUT /v1/config HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
                "PUT /v1/config HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
                "PUT /v1/config HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                "PUT /v1/config HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                "\u0016\u0003\u0001\u0002\0\u0001\0\u0001\u00fc\u0003\u0003\r\n\r\n"
            })
    void shouldAnswer400AndEndConnectionWhenItIsNoRequest(final String bytes) throws IOException {
        try (Wire wire = served.connect()) {
            final Wire.Response answer = wire.send(bytes).read();
            assertEquals(400, answer.status());
            assertEquals("application/problem+json", answer.headers().get("content-type"));
            assertEquals("close", answer.headers().get("connection"));
            assertFalse(answer.detail().isEmpty());
            assertTrue(wire.ended());
        }
    }

    @ParameterizedTest
    @CsvSource({
        "501, 'POST /v1/ports HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n'",
        "505, 'GET / HTTP/3.0\r\nHost: a\r\n\r\n'",
        "413, 'PUT /v1/config HTTP/1.1\r\nHost: a\r\nContent-Length: 4194305\r\n\r\n'",
        "413, 'PUT /v1/config HTTP/1.1\r\nHost: a\r\nContent-Length: 9223372036854775807\r\n\r\n'",
    })
    void shouldEndConnectionWhenRestCannotBeRead(final int status, final String request) throws IOException {
        try (Wire wire = served.connect()) {
            assertEquals(status, wire.send(request).read().status());
            assertTrue(wire.ended());
        }
    }

    @Test
    void shouldRefuseLinesAndHeadersThatAreTooLong() throws IOException {
        try (Wire wire = served.connect()) {
            wire.send("GET /" + "x".repeat(9_000) + " HTTP/1.1\r\nHost: a\r\n\r\n");
            assertEquals(414, wire.read().status());
        }
        try (Wire wire = served.connect()) {
            wire.send("GET / HTTP/1.1\r\nHost: a\r\nX: " + "x".repeat(17_000) + "\r\n\r\n");
            assertEquals(431, wire.read().status());
        }
    }

    @Test
    void shouldRefuseBodyOverLimitThatComesInChunksAndStillBeReadToItsAnswer() throws IOException {
        final StringBuilder request = new StringBuilder(
                "PUT /v1/config HTTP/1.1\r\nHost: a\r\nContent-Type: application/yaml\r\nTransfer-Encoding: chunked\r\n\r\n");
        for (int i = 0; i < 5; i++) {
            request.append("100000\r\n").append("#".repeat(1 << 20)).append("\r\n");
        }
        try (Wire wire = served.connect()) {
            final Wire.Response answer = wire.send(request + "0\r\n\r\n").read();
            assertEquals(413, answer.status());
            assertTrue(wire.ended());
        }
    }

    @Test
    void shouldTakeBodyOfExactlyTheLimit() throws IOException {
        final String config = served.service.configText();
        final String body = config + "#".repeat(4 * 1024 * 1024 - config.length());
        final Wire.Response answer = served.ask("PUT", "/v1/config", body, "Content-Type: application/yaml");
        assertEquals(200, answer.status(), answer.body());
        assertEquals("nothing-to-do", answer.json().path("outcome").asText());
    }

    @Test
    void shouldTakeBodyInChunksAndAfterContinue() throws IOException {
        try (Wire wire = served.connect()) {
            wire.send(
                    "PATCH /v1/config HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1;a=b\r\n}\r\n");
            final Wire.Response chunked = wire.send("0\r\nTrailer: x\r\n\r\n").read();
            assertEquals(200, chunked.status(), chunked.body());

            wire.send("PATCH /v1/config HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
            assertEquals("HTTP/1.1 100 Continue", wire.line());
            assertEquals("", wire.line());
            assertEquals(200, wire.send("{}").read().status());

            wire.send("PATCH /v1/nothing HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
            assertEquals(404, wire.read().status());
            assertTrue(wire.ended());
        }
    }

    @Test
    void shouldSayWhichMethodsThereAre() throws IOException {
        try (Wire wire = served.connect()) {
            final Wire.Response config = wire.ask("DELETE", "/v1/config", null);
            assertEquals(405, config.status());
            assertEquals("GET, HEAD, PATCH, PUT", config.headers().get("allow"));
            assertEquals(405, wire.ask("BREW", "/v1/ports/vm1", null).status());
            assertEquals(411, wire.ask("POST", "/v1/ports", null).status());
            assertEquals(
                    "there is no /v1/port: did you mean /v1/ports?",
                    wire.ask("GET", "/v1/port", null).detail());
            assertEquals(404, wire.ask("GET", "/", null).status());
            assertEquals(404, wire.ask("GET", "/v1/ports/a/b/c", null).status());
            assertEquals(404, wire.ask("GET", "//v1/status", null).status());
            assertEquals(200, wire.ask("GET", "/v1/ports/", null).status());
            assertEquals(400, wire.ask("GET", "/v1/ports/%zz", null).status());
            assertEquals(400, wire.ask("OPTIONS", "*", null).status());
        }
    }

    @Test
    void shouldNameNearestParameterWhenOneIsUnknown() throws IOException {
        try (Wire wire = served.connect()) {
            assertEquals(
                    "unknown parameter \"limt\": did you mean \"limit\"?",
                    wire.ask("GET", "/v1/macs?limt=3", null).detail());
            assertEquals(400, wire.ask("GET", "/v1/macs?limit=3&limit=4", null).status());
            assertEquals(400, wire.ask("GET", "/v1/macs?limit=0", null).status());
            assertEquals(
                    400, wire.ask("GET", "/v1/macs?limit=-1&network=%", null).status());
            assertEquals(
                    400, wire.ask("PATCH", "/v1/config?dry-run=maybe", "{}").status());
        }
    }

    @Test
    void shouldAnswerHeadAsGetWithoutBody() throws IOException {
        try (Wire wire = served.connect()) {
            final Wire.Response head = wire.ask("HEAD", "/v1/drops", null);
            final Wire.Response get = wire.ask("GET", "/v1/drops", null);
            assertEquals(200, head.status());
            assertEquals(get.headers().get("content-length"), head.headers().get("content-length"));
            assertEquals(200, wire.ask("HEAD", "/v1/events", null).status());
            assertEquals(200, wire.ask("GET", "/v1/drops", null).status());
        }
    }

    @Test
    void shouldAnswerInOrderOfRequestsWhenFirstTakesLong() throws Exception {
        try (Served slow = new Served();
                Wire wire = slow.connect()) {
            final CompletableFuture<io.weft.dataplane.api.Rows.Status> status = new CompletableFuture<>();
            slow.service.fakeSwitch.status = status;
            wire.send(Wire.request("GET", "/v1/status", null)
                    + Wire.request("GET", "/v1/nothing", null)
                    + Wire.request("HEAD", "/v1/drops", null)
                    + Wire.request("GET", "/v1/config", null));
            assertEquals(200, slow.ask("GET", "/v1/config", null).status());
            slow.service.fakeSwitch.status = null;
            status.complete(FakeSwitch.ordinary());
            assertEquals("hv1", wire.read().json().path("name").asText());
            assertEquals(404, wire.read().status());
            assertEquals(200, wire.read(true).status());
            assertTrue(wire.read().json().has("tenants"));
        }
    }

    @Test
    void shouldCloseAfterAnswerWhenClientWantsItSo() throws IOException {
        try (Wire wire = served.connect()) {
            assertEquals(
                    "close",
                    wire.ask("GET", "/v1/drops", null, "Connection: close")
                            .headers()
                            .get("connection"));
            assertTrue(wire.ended());
        }
        try (Wire wire = served.connect()) {
            assertEquals(200, wire.send("GET /v1/drops HTTP/1.0\r\n\r\n").read().status());
            assertTrue(wire.ended());
        }
    }

    @Test
    void shouldCutOffClientsThatAreTooSlow() throws IOException {
        try (Served impatient = new Served(SHORT)) {
            try (Wire silent = impatient.connect()) {
                assertTrue(silent.ended());
            }
            try (Wire header = impatient.connect()) {
                assertTrue(header.send("GET /v1/status HTTP/1.1\r\nHo").ended());
            }
            try (Wire idle = impatient.connect()) {
                assertEquals(200, idle.ask("GET", "/v1/drops", null).status());
                assertTrue(idle.ended());
            }
            try (Wire body = impatient.connect()) {
                body.send("PUT /v1/config HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx");
                assertEquals(408, body.read().status());
                assertTrue(body.ended());
            }
        }
    }

    @Test
    void shouldSayThatSwitchDidNotConfirmInTime() throws IOException {
        try (Served impatient = new Served(SHORT)) {
            impatient.service.workers = new CompletableFuture<>();
            final Wire.Response late = impatient.ask("PATCH", "/v1/config", "{\"tenants\": {}, \"ports\": {}}");
            assertEquals(504, late.status());
            assertTrue(late.detail().contains("may still do it"), late.detail());
        }
    }

    @Test
    void shouldGoOnWhenRequestIsCutOffAnywhere() throws IOException {
        final byte[] whole = Wire.request("PUT", "/v1/ports/x", "{\"network\":\"acme/web\",\"tap\":\"x\"}")
                .getBytes(StandardCharsets.UTF_8);
        for (int length = 0; length < whole.length; length++) {
            try (Wire wire = served.connect()) {
                wire.send(java.util.Arrays.copyOf(whole, length)).endOutput();
                try {
                    assertEquals(400, wire.read().status());
                } catch (final EOFException e) {
                    // Nothing was answered to half a request, which is as good.
                }
            }
        }
        assertFalse(served.service.config().ports().containsKey("x"));
        assertEquals(200, served.ask("GET", "/v1/status", null).status());
    }

    @Test
    void shouldGoOnWhenRequestIsAnyBytes() throws IOException {
        final long seed = new Random().nextLong();
        final Random random = new Random(seed);
        final byte[] sound = Wire.request("PATCH", "/v1/config?dry-run=true", "{\"ports\":{}}", "Accept: */*")
                .getBytes(StandardCharsets.UTF_8);
        for (int round = 0; round < 300; round++) {
            final byte[] bytes = sound.clone();
            for (int i = random.nextInt(6); i >= 0; i--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            try (Wire wire = served.connect()) {
                wire.send(bytes).endOutput();
                try {
                    final int status = wire.read().status();
                    assertTrue(status < 500 || status == 501 || status == 505, "seed " + seed + ": " + status);
                } catch (final EOFException e) {
                    // It waited for the rest of what it took for a request.
                }
            } catch (final IOException e) {
                // It had answered and ended the connection before all was sent.
            }
        }
        assertEquals(200, served.ask("GET", "/v1/status", null).status(), "seed " + seed);
        assertEquals(1, served.service.revision(), "seed " + seed);
    }

    @Test
    void shouldAnswerManyClientsAtOnce() throws Exception {
        try (Served many = new Served();
                ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
            final List<Future<Integer>> made = new ArrayList<>();
            for (int i = 0; i < 16; i++) {
                final String port = "p" + i;
                made.add(clients.submit(() -> {
                    try (Wire wire = many.connect()) {
                        final String body = "{\"network\":\"acme/web\",\"tap\":\"" + port + "\"}";
                        final int status =
                                wire.ask("PUT", "/v1/ports/" + port, body).status();
                        assertEquals(
                                200, wire.ask("GET", "/v1/ports/" + port, null).status());
                        return status;
                    }
                }));
            }
            for (final Future<Integer> status : made) {
                assertEquals(201, status.get());
            }
            assertEquals(17, many.service.config().ports().size());
            assertEquals(17, many.service.revision());
        }
    }

    @Test
    void shouldMakeThingOnceWhenManyWantIt() throws Exception {
        try (Served many = new Served();
                ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
            final List<Future<Integer>> made = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                made.add(clients.submit(() -> many.ask(
                                "POST", "/v1/ports", "{\"name\":\"vm2\",\"network\":\"acme/web\",\"tap\":\"vm2\"}")
                        .status()));
            }
            final List<Integer> statuses = new ArrayList<>();
            for (final Future<Integer> status : made) {
                statuses.add(status.get());
            }
            assertEquals(1, statuses.stream().filter(s -> s == 201).count(), statuses::toString);
            assertEquals(7, statuses.stream().filter(s -> s == 409).count(), statuses::toString);
        }
    }

    @Test
    void shouldNotAnswerAfterItWasClosed() throws IOException {
        final Served closing = new Served();
        try (Wire wire = closing.connect()) {
            assertEquals(200, wire.ask("GET", "/v1/drops", null).status());
            closing.close();
            assertTrue(wire.ended());
            assertThrows(IOException.class, closing::connect);
        }
    }
}
