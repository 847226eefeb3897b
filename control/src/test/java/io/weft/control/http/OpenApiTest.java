package io.weft.control.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class OpenApiTest {
    /** The API as promised; a route that is added or goes is to be added or to go here. */
    private static final Set<String> PROMISED = Set.of(
            "GET /v1/healthz",
            "GET /v1/status",
            "GET /v1/stats",
            "GET /v1/drops",
            "GET /v1/events",
            "GET /metrics",
            "GET /openapi.json",
            "GET /v1/config",
            "PUT /v1/config",
            "PATCH /v1/config",
            "GET /v1/tenants",
            "POST /v1/tenants",
            "GET /v1/tenants/{tenant}",
            "PUT /v1/tenants/{tenant}",
            "DELETE /v1/tenants/{tenant}",
            "GET /v1/neighbors",
            "GET /v1/networks",
            "POST /v1/networks",
            "GET /v1/networks/{tenant}/{network}",
            "PUT /v1/networks/{tenant}/{network}",
            "DELETE /v1/networks/{tenant}/{network}",
            "GET /v1/ports",
            "POST /v1/ports",
            "GET /v1/ports/{port}",
            "PUT /v1/ports/{port}",
            "DELETE /v1/ports/{port}",
            "GET /v1/peers",
            "POST /v1/peers",
            "GET /v1/peers/{tenant}/{network}/{address}",
            "PUT /v1/peers/{tenant}/{network}/{address}",
            "DELETE /v1/peers/{tenant}/{network}/{address}",
            "GET /v1/macs",
            "POST /v1/macs",
            "DELETE /v1/macs",
            "GET /v1/macs/{tenant}/{network}",
            "DELETE /v1/macs/{tenant}/{network}",
            "GET /v1/macs/{tenant}/{network}/{mac}",
            "DELETE /v1/macs/{tenant}/{network}/{mac}",
            "GET /v1/flows",
            "GET /v1/capture",
            "POST /v1/trace",
            "DELETE /v1/flows");

    @Test
    void shouldDescribeEachRouteThatAnswersAndNoOther() throws IOException {
        try (Served served = new Served();
                Wire wire = served.connect()) {
            final JsonNode document = wire.ask("GET", "/openapi.json", null).json();
            assertEquals("3.1.0", document.path("openapi").asText());
            final Set<String> described = new TreeSet<>();
            document.path("paths")
                    .properties()
                    .forEach(path -> path.getValue()
                            .fieldNames()
                            .forEachRemaining(
                                    method -> described.add(method.toUpperCase(Locale.ROOT) + " " + path.getKey())));
            assertEquals(new TreeSet<>(PROMISED), described);
            for (final String route : described) {
                assertAnswers(wire, route);
            }
        }
    }

    private static void assertAnswers(final Wire wire, final String route) throws IOException {
        final String[] parts = route.split(" ", 2);
        if (parts[1].equals("/v1/events")) {
            assertEquals(200, wire.ask("HEAD", parts[1], null).status());
            return;
        }
        final String path = parts[1].replace("{tenant}", "acme")
                .replace("{network}", "web")
                .replace("{port}", "vm1")
                .replace("{address}", "10.2.0.1")
                .replace("{mac}", "02:00:00:00:00:01");
        final Wire.Response answer = wire.ask(parts[0], path, parts[0].matches("GET|DELETE") ? null : "{}");
        assertNotEquals(405, answer.status(), route);
        assertFalse(answer.body().contains("see /openapi.json"), route + ": " + answer.body());
        assertTrue(answer.status() < 500, route + ": " + answer.body());
    }

    @Test
    void shouldReferToSchemasThatAreThereAndHaveOperationsOfDifferentNames() throws IOException {
        try (Served served = new Served()) {
            final JsonNode document = served.ask("GET", "/openapi.json", null).json();
            final Set<String> schemas = new HashSet<>();
            document.at("/components/schemas").fieldNames().forEachRemaining(schemas::add);
            final Set<String> used = new HashSet<>();
            document.findValues("$ref").forEach(ref -> used.add(ref.asText().replace("#/components/schemas/", "")));
            assertTrue(schemas.containsAll(used), () -> used + " not all in " + schemas);
            final var ids = document.findValuesAsText("operationId");
            assertEquals(PROMISED.size(), new HashSet<>(ids).size());
            for (final JsonNode path : document.path("paths")) {
                path.forEach(operation -> assertTrue(operation.path("responses").has("default")));
            }
        }
    }
}
