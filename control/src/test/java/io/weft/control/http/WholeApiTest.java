package io.weft.control.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.weft.control.Specs;
import io.weft.control.SwitchDaemon;
import io.weft.control.config.Config;
import io.weft.control.config.Host;
import io.weft.dataplane.Switch;
import io.weft.dataplane.SwitchContext;
import io.weft.dataplane.api.SwitchControl;
import io.weft.dataplane.api.UnderlaySpec;
import io.weft.dataplane.port.MemoryPort;
import io.weft.dataplane.underlay.LayerTwoUnderlay;
import io.weft.dataplane.underlay.Neighbors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The API of a whole daemon: its sockets, its configuration, its state folder, and a switch between memory ports. */
class WholeApiTest {
    @TempDir
    Path folder;

    private final MemoryPort wire = new MemoryPort(1, 1600, 0, 64, false);
    private SwitchDaemon daemon;

    @BeforeEach
    void start() throws IOException {
        final Path file = Files.writeString(
                folder.resolve("weft.yaml"),
                "state: " + folder.resolve("state") + "\napi: {unix: " + socket() + "}\n" + FakeService.START);
        daemon = SwitchDaemon.start(file, false, this::launch, Host::any, line -> {});
    }

    @AfterEach
    void stop() {
        daemon.close();
    }

    private Path socket() {
        return folder.resolve("api.sock");
    }

    private SwitchDaemon.Launched launch(final Config config, final Path state) {
        final Switch running = Switch.launch(new SwitchContext()
                .underlay(Specs.underlay(config.underlay(), UnderlaySpec.Device.MEMORY))
                .macCapacity(1 << 14)
                .maxNetworks(256)
                .maxTunnels(1024)
                .portFactory((port, workers, mtu) -> new MemoryPort())
                .underlayFactory(
                        (spec, workers) -> new LayerTwoUnderlay(spec, wire, workers, Neighbors.derived(spec))));
        return new SwitchDaemon.Launched() {
            @Override
            public SwitchControl control() {
                return running.control();
            }

            @Override
            public void close() {
                running.close();
            }
        };
    }

    private Wire.Response ask(final String method, final String target, final String body) throws IOException {
        try (Wire connection = Wire.unix(socket().toString())) {
            return connection.ask(method, target, body);
        }
    }

    private JsonNode expect(final int status, final String method, final String target, final String body)
            throws IOException {
        final Wire.Response answer = ask(method, target, body);
        assertEquals(status, answer.status(), answer.body());
        return answer.json();
    }

    @Test
    void shouldTakeBackWhatItGaveOfEachThing() throws IOException {
        for (final String thing : new String[] {"/v1/tenants/acme", "/v1/networks/acme/web", "/v1/ports/vm1"}) {
            final JsonNode got = expect(200, "GET", thing, null);
            assertTrue(got.path("status").isObject(), got.toString());
            final JsonNode put = expect(200, "PUT", thing, got.toString());
            assertEquals("nothing-to-do", put.path("outcome").asText(), put.toString());
        }
        final String config = ask("GET", "/v1/config", null).body();
        assertEquals(
                "nothing-to-do",
                expect(200, "PUT", "/v1/config", config).path("outcome").asText());
    }

    @Test
    void shouldAnswerAfterWorkersTookChange() throws IOException {
        final JsonNode made = expect(201, "PUT", "/v1/ports/vm2", "{\"network\":\"acme/web\",\"tap\":\"vm2\"}");
        assertEquals("applied", made.path("outcome").asText());
        assertEquals(1, made.path("changes").size());
        assertEquals(
                "up",
                expect(200, "GET", "/v1/ports/vm2", null).at("/status/state").asText());
        assertEquals(2, expect(200, "GET", "/v1/status", null).path("ports").size());
        final JsonNode refused = expect(400, "PUT", "/v1/ports/vm3", "{\"network\":\"acme/web\",\"tap\":\"vm2\"}");
        assertTrue(refused.path("detail").asText().contains("vm2"), refused.toString());
        expect(200, "DELETE", "/v1/ports/vm2", null);
        expect(404, "GET", "/v1/ports/vm2", null);
        assertTrue(expect(200, "GET", "/v1/stats", null).path("balanced").asBoolean());
    }

    @Test
    void shouldRefuseWhatIsInUseAndWhatNeedsRestart() throws IOException {
        final Wire.Response inUse = ask("DELETE", "/v1/networks/acme/web", null);
        assertTrue(inUse.status() == 409 || inUse.status() == 400, inUse.body());
        assertTrue(inUse.detail().contains("vm1"), inUse.detail());
        final Wire.Response fixed = ask("PATCH", "/v1/config", "{\"name\": \"other\"}");
        assertEquals(409, fixed.status(), fixed.body());
        assertEquals("hv1", expect(200, "GET", "/v1/status", null).path("name").asText());
    }

    @Test
    void shouldFixShowAndForgetAddresses() throws IOException {
        final String body = "{\"network\":\"acme/web\",\"mac\":\"02:00:00:00:00:07\",\"location\":\"vm1\"}";
        assertEquals(
                "applied", expect(201, "POST", "/v1/macs", body).path("outcome").asText());
        final JsonNode row = expect(200, "GET", "/v1/macs/acme/web/02:00:00:00:00:07", null);
        assertTrue(row.path("fixed").asBoolean());
        assertEquals("vm1", row.path("location").asText());
        expect(200, "DELETE", "/v1/macs/acme/web", null);
        assertEquals(1, expect(200, "GET", "/v1/macs", null).path("macs").size(), "a flush leaves what is fixed");
        expect(200, "DELETE", "/v1/macs/acme/web/02:00:00:00:00:07", null);
        expect(404, "DELETE", "/v1/macs/acme/web/02:00:00:00:00:07", null);
        expect(404, "GET", "/v1/macs/acme/web/02:00:00:00:00:07", null);
        expect(200, "DELETE", "/v1/flows", null);
    }

    @Test
    void shouldTellChangesAsEventsAndMetrics() throws IOException {
        try (Wire events = Wire.unix(socket().toString())) {
            events.send(Wire.request("GET", "/v1/events?type=port", null));
            assertEquals("HTTP/1.1 200 OK", events.line());
            expect(201, "PUT", "/v1/ports/vm2", "{\"network\":\"acme/web\",\"tap\":\"vm2\"}");
            String line = events.line();
            while (!line.startsWith("data: ")) {
                line = events.line();
            }
            final JsonNode event = Json.MAPPER.readTree(line.substring(6));
            assertEquals("vm2", event.path("subject").asText(), line);
            assertTrue(event.path("type").asText().startsWith("port."), line);
        }
        final String metrics = ask("GET", "/metrics", null).body();
        assertTrue(metrics.contains("weft_port_up{port=\"vm2\"} 1\n"), metrics);
        assertTrue(metrics.contains("weft_books_frames_total{entry=\"received\"} 0\n"), metrics);
    }

    @Test
    void shouldTakeChangesFromManyClientsAndLoseNone() throws Exception {
        try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
            final List<Future<Integer>> made = new ArrayList<>();
            for (int i = 0; i < 12; i++) {
                final String name = "p" + i;
                made.add(clients.submit(
                        () -> ask("PUT", "/v1/ports/" + name, "{\"network\":\"acme/web\",\"tap\":\"" + name + "\"}")
                                .status()));
            }
            for (final Future<Integer> status : made) {
                assertEquals(201, status.get());
            }
        }
        assertEquals(13, expect(200, "GET", "/v1/ports", null).path("ports").size());
        final JsonNode network = expect(200, "GET", "/v1/networks/acme/web", null);
        assertEquals(13, network.at("/status/ports").asInt(), network.toString());
    }

    @Test
    void shouldLeaveNoSocketBehind() {
        daemon.close();
        assertFalse(Files.exists(socket()));
    }
}
