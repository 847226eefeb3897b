package io.weft.control.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What each route does, with a service that keeps what it is told. */
class RoutesTest {
    private Served served;
    private Wire wire;

    @BeforeEach
    void open() throws IOException {
        served = new Served();
        wire = served.connect();
    }

    @AfterEach
    void close() throws IOException {
        wire.close();
        served.close();
    }

    private JsonNode get(final String target) throws IOException {
        final Wire.Response answer = wire.ask("GET", target, null);
        assertEquals(200, answer.status(), answer.body());
        assertEquals("application/json", answer.headers().get("content-type"));
        assertEquals("no-store", answer.headers().get("cache-control"));
        return answer.json();
    }

    private JsonNode change(final int status, final String method, final String target, final String body)
            throws IOException {
        final Wire.Response answer = wire.ask(method, target, body);
        assertEquals(status, answer.status(), answer.body());
        return answer.json();
    }

    @Test
    void shouldGiveConfigurationAsJsonOrYaml() throws IOException {
        assertEquals(
                5001, get("/v1/config").at("/tenants/acme/networks/web/vni").asInt());
        final Wire.Response yaml = wire.ask("GET", "/v1/config", null, "Accept: application/yaml");
        assertEquals("application/yaml", yaml.headers().get("content-type"));
        assertEquals(served.service.configText(), yaml.body());
        assertEquals("\"1\"", yaml.headers().get("etag"));
        final Wire.Response both =
                wire.ask("GET", "/v1/config", null, "Accept: application/json, application/yaml;q=0.5");
        assertEquals("application/json", both.headers().get("content-type"));
    }

    @Test
    void shouldApplyWholeConfigurationAndSayWhatItDid() throws IOException {
        final String wanted = served.service.configText().replace("5001", "5002");
        final Wire.Response dry = wire.ask("PUT", "/v1/config?dry-run=true", wanted, "Content-Type: application/yaml");
        assertEquals("dry-run", dry.json().path("outcome").asText());
        assertEquals(
                5001, dry.json().at("/object/tenants/acme/networks/web/vni").asInt());
        final Wire.Response done = wire.ask("PUT", "/v1/config", wanted, "Content-Type: application/yaml");
        assertEquals(200, done.status());
        assertEquals("applied", done.json().path("outcome").asText());
        assertEquals(2, done.json().path("revision").asInt());
        assertEquals(1, done.json().path("changes").size());
        assertEquals(
                5002, done.json().at("/object/tenants/acme/networks/web/vni").asInt());
        assertEquals("\"2\"", done.headers().get("etag"));
    }

    @Test
    void shouldTellAllComplaintsWithTheirPlacesWhenConfigurationIsWrong() throws IOException {
        final String wrong = "name: hv1\nunderlay: {adress: 127.0.0.1}\ntenants: {t: {networks: {n: {vni: x}}}}\n";
        final Wire.Response answer =
                wire.ask("PUT", "/v1/config?file=weft.yaml", wrong, "Content-Type: application/yaml");
        assertEquals(400, answer.status());
        final JsonNode problem = answer.json();
        assertEquals("Bad Request", problem.path("title").asText());
        assertEquals(400, problem.path("status").asInt());
        assertTrue(problem.path("complaints").size() >= 2, problem.toString());
        assertTrue(problem.path("complaints").get(0).asText().startsWith("weft.yaml:2"), problem.toString());
        assertTrue(problem.path("detail").asText().contains(" more)"), problem.toString());
        assertFalse(problem.path("detail").asText().contains("\n"));
        assertTrue(problem.toString().contains("address"), "names the nearest key: " + problem);
        assertEquals(1, served.service.revision());
    }

    @Test
    void shouldRefuseBodiesThatAreNoConfiguration() throws IOException {
        final String json = "Content-Type: application/json";
        assertEquals(400, wire.ask("PUT", "/v1/config", "", json).status());
        assertEquals(
                415,
                wire.ask("PUT", "/v1/config", "x", "Content-Type: image/png").status());
        assertEquals(
                415,
                wire.ask("PATCH", "/v1/config", "a: 1", "Content-Type: application/yaml")
                        .status());
        for (final String body : new String[] {
            "{", "[]", "null", "7", "{} {}", "{\"a\":1,\"a\":2}", "{'a':1}", "[".repeat(100_000), "{\"a\":".repeat(70)
        }) {
            final Wire.Response answer = wire.ask("PATCH", "/v1/config", body, json);
            assertEquals(400, answer.status(), body);
            assertFalse(answer.detail().contains("\n"), answer.detail());
        }
        wire.send("PUT /v1/config HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n")
                .send(new byte[] {(byte) 0xff});
        assertEquals("the body is not UTF-8", wire.read().detail());
        assertEquals(1, served.service.revision());
    }

    @Test
    void shouldRefuseChangeWhenSomebodyElseWasFaster() throws IOException {
        final String port = "{\"network\":\"acme/web\",\"tap\":\"vm2\"}";
        assertEquals(
                412, wire.ask("PUT", "/v1/ports/vm2", port, "If-Match: \"7\"").status());
        final Wire.Response made = wire.ask("PUT", "/v1/ports/vm2", port, "If-Match: \"9\", \"1\"");
        assertEquals(201, made.status(), made.body());
        assertEquals("\"2\"", made.headers().get("etag"));
        assertEquals(
                412,
                wire.ask("DELETE", "/v1/ports/vm2", null, "If-Match: \"1\"").status());
        assertEquals(
                200, wire.ask("DELETE", "/v1/ports/vm2", null, "If-Match: *").status());
    }

    @Test
    void shouldMakeShowChangeAndRemoveThings() throws IOException {
        assertEquals(
                "t2",
                change(201, "POST", "/v1/tenants", "{\"name\":\"t2\"}")
                        .at("/object/name")
                        .asText());
        change(409, "POST", "/v1/tenants", "{\"name\":\"t2\"}");
        final JsonNode network =
                change(201, "POST", "/v1/networks", "{\"network\":\"t2/n\",\"vni\":6000,\"encap\":\"vxlan\"}");
        assertEquals(6000, network.at("/object/vni").asInt());
        assertEquals(2, get("/v1/networks").path("networks").size());
        assertEquals(1, get("/v1/networks?tenant=t2").path("networks").size());
        assertEquals(
                201,
                wire.ask("PUT", "/v1/ports/vm2", "{\"network\":\"t2/n\",\"tap\":\"vm2\"}")
                        .status());
        assertEquals("t2/n", get("/v1/ports/vm2").path("network").asText());
        assertEquals(
                "nothing-to-do",
                change(200, "PUT", "/v1/ports/vm2", "{\"network\":\"t2/n\",\"tap\":\"vm2\"}")
                        .path("outcome")
                        .asText());
        assertTrue(change(200, "DELETE", "/v1/ports/vm2", null).path("object").isNull());
        assertEquals(
                "there is no port \"vm2\": did you mean \"vm1\"?",
                change(404, "DELETE", "/v1/ports/vm2", null).path("detail").asText());
        change(200, "DELETE", "/v1/networks/t2/n", null);
        change(200, "DELETE", "/v1/tenants/t2", null);
        assertEquals(1, get("/v1/tenants").path("tenants").size());
        change(404, "GET", "/v1/tenants/t2", null);
    }

    @Test
    void shouldTakeBackWhatItGave() throws IOException {
        for (final String thing : new String[] {"/v1/tenants/acme", "/v1/networks/acme/web", "/v1/ports/vm1"}) {
            final JsonNode got = get(thing);
            assertTrue(got.path("status").isObject(), thing);
            assertEquals(
                    "nothing-to-do",
                    change(200, "PUT", thing, got.toString()).path("outcome").asText(),
                    thing);
            final ObjectNode renamed = (ObjectNode) got;
            renamed.put(thing.contains("networks") ? "network" : "name", "other");
            change(400, "PUT", thing, renamed.toString());
        }
    }

    @Test
    void shouldNameNearestKeyWhenBodyHasUnknownOne() throws IOException {
        final String port = change(400, "PUT", "/v1/ports/vm2", "{\"netwrok\":\"acme/web\",\"tap\":\"vm2\"}")
                .toString();
        assertTrue(port.contains("netwrok") && port.contains("network"), port);
        final String peer = change(400, "POST", "/v1/peers", "{\"network\":\"acme/web\",\"adress\":\"10.0.0.1\"}")
                .path("detail")
                .asText();
        assertEquals("unknown key \"adress\": did you mean \"address\"?", peer);
        change(400, "POST", "/v1/ports", "{}");
        change(400, "POST", "/v1/networks", "{\"network\":\"web\"}");
    }

    @Test
    void shouldAddAndRemovePeersAndShowThoseLearned() throws IOException {
        final JsonNode peers = get("/v1/peers?network=acme/web").path("peers");
        assertEquals(2, peers.size());
        assertTrue(peers.get(0).path("configured").asBoolean());
        assertEquals(22, peers.get(0).at("/status/tx-frames").asInt());
        assertEquals("10.9.0.9", peers.get(1).path("address").asText());
        assertFalse(peers.get(1).path("configured").asBoolean());
        change(201, "POST", "/v1/peers", "{\"network\":\"acme/web\",\"address\":\"10.2.0.2\"}");
        change(409, "POST", "/v1/peers", "{\"network\":\"acme/web\",\"address\":\"10.2.0.2\"}");
        assertEquals(
                "nothing-to-do",
                change(200, "PUT", "/v1/peers/acme/web/10.2.0.2", "")
                        .path("outcome")
                        .asText());
        assertEquals(
                "10.2.0.2", get("/v1/peers/acme/web/10.2.0.2").path("address").asText());
        change(200, "DELETE", "/v1/peers/acme/web/10.2.0.2", null);
        change(404, "DELETE", "/v1/peers/acme/web/10.2.0.2", null);
        change(404, "GET", "/v1/peers/acme/web/10.2.0.2", null);
        change(404, "PUT", "/v1/peers/acme/wep/10.2.0.2", "");
        change(400, "PUT", "/v1/peers/acme/web/10.2.0", "");
    }

    @Test
    void shouldShowAndFlushTables() throws IOException {
        assertEquals(5, get("/v1/macs").path("macs").size());
        final JsonNode two = get("/v1/macs?network=acme/web&limit=2");
        assertEquals(2, two.path("macs").size());
        assertTrue(two.path("truncated").asBoolean());
        assertFalse(get("/v1/macs/acme/web?limit=5").path("truncated").asBoolean());
        assertEquals(
                3, get("/v1/macs/acme/web/02-00-00-00-00-03").path("idle-ms").asInt());
        change(404, "GET", "/v1/macs/acme/web/02:00:00:00:00:03?vlan=4", null);
        change(400, "GET", "/v1/macs/acme/web/02:00:00:00:00", null);
        change(404, "GET", "/v1/macs?network=acme/none", null);
        change(200, "DELETE", "/v1/macs/acme/web", null);
        change(200, "DELETE", "/v1/macs", null);
        assertEquals("acme", get("/v1/flows?tenant=acme").at("/flows/0/tenant").asText());
        change(404, "GET", "/v1/flows?tenant=none", null);
        change(200, "DELETE", "/v1/flows?tenant=acme", null);
        assertEquals(
                java.util.List.of("flush macs acme/web", "flush macs null", "flush flows acme"),
                served.service.fakeSwitch.calls);
    }

    @Test
    void shouldFixAndForgetAddresses() throws IOException {
        final JsonNode made = change(
                201,
                "POST",
                "/v1/macs",
                "{\"network\":\"acme/web\",\"mac\":\"02:00:00:00:00:AA\",\"location\":\"vm1\"}");
        assertEquals("02:00:00:00:00:aa", made.at("/object/mac").asText());
        assertTrue(made.at("/object/fixed").asBoolean());
        change(400, "POST", "/v1/macs", "{\"network\":\"acme/web\",\"mac\":\"x\",\"location\":\"vm1\"}");
        change(
                400,
                "POST",
                "/v1/macs",
                "{\"network\":\"acme/web\",\"mac\":\"02:00:00:00:00:01\",\"location\":\"vm1\",\"vlan\":5000}");
        change(404, "DELETE", "/v1/macs/acme/web/02:00:00:00:00:01?vlan=1", null);
    }

    @Test
    void shouldTellStatusStatsAndDrops() throws IOException {
        final JsonNode status = get("/v1/status");
        assertEquals("running", status.path("state").asText());
        assertEquals(1, status.path("revision").asInt());
        assertEquals(0.25, status.at("/workers/0/busy").asDouble());
        assertEquals(8192, status.at("/networks/0/mac-limit").asInt());
        final JsonNode stats = get("/v1/stats");
        assertEquals(11, stats.at("/ports/0/traffic/rx-frames").asInt());
        assertTrue(stats.path("balanced").asBoolean());
        assertFalse(stats.path("books").has("balanced"), "a record's own components only");
        served.service.fakeSwitch.drops = java.util.List.of(
                new io.weft.dataplane.api.Rows.DropRow("no-network", "no such network", "underlay", "", 3),
                new io.weft.dataplane.api.Rows.DropRow("tagged", "a tag on an access port", "vm1", "acme/web", 4));
        assertEquals(7, get("/v1/drops").path("total").asInt());
    }

    @Test
    void shouldAnswerInOneLineWhenSwitchFails() throws IOException {
        served.service.fakeSwitch.status = java.util.concurrent.CompletableFuture.failedFuture(
                new io.weft.dataplane.api.SwitchException("the worker is gone: start the switch again"));
        final Wire.Response refused = wire.ask("GET", "/v1/status", null);
        assertEquals(409, refused.status());
        assertEquals("the worker is gone: start the switch again", refused.detail());
        served.service.fakeSwitch.status =
                java.util.concurrent.CompletableFuture.failedFuture(new IllegalStateException("a\nb"));
        final Wire.Response fault = wire.ask("GET", "/v1/status", null);
        assertEquals(500, fault.status());
        assertEquals("a fault of the switch: a?b; see its output", fault.detail());
    }
}
