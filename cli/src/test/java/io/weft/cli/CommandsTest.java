package io.weft.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CommandsTest {
    private static final String APPLIED =
            "{\"outcome\": \"applied\", \"revision\": 7, \"changes\": [\"add port vm1: tap vm1 in acme/web\"],"
                    + " \"warnings\": [\"beware\"], \"object\": null}";

    @TempDir
    private Path folder;

    private CannedApi api;

    @BeforeEach
    void start() throws IOException {
        api = new CannedApi();
    }

    @AfterEach
    void stop() {
        api.close();
    }

    @Test
    void shouldPrintWhatWasDoneWhenPortIsAdded() {
        api.answer("POST /v1/ports", 201, APPLIED);
        final Ran ran = Ran.weft(
                api,
                "port",
                "add",
                "vm1",
                "--network",
                "acme/web",
                "--tap",
                "vm1",
                "--mtu",
                "1400",
                "--mac",
                "02:00:00:00:00:01");
        assertEquals(new Ran(0, "add port vm1: tap vm1 in acme/web\n", "weft: beware\n"), ran);
        assertEquals(
                List.of("POST /v1/ports {\"network\":\"acme/web\",\"tap\":\"vm1\",\"mac\":\"02:00:00:00:00:01\","
                        + "\"mtu\":1400,\"name\":\"vm1\"}"),
                api.requests);
    }

    @Test
    void shouldSendTrunkByVlan() {
        api.answer("POST /v1/ports", 201, APPLIED);
        Ran.weft(api, "port", "add", "fw", "--trunk", "10=acme/web,20=acme/db", "--tap", "fw");
        assertEquals(
                List.of("POST /v1/ports {\"trunk\":{\"10\":\"acme/web\",\"20\":\"acme/db\"},\"tap\":\"fw\","
                        + "\"name\":\"fw\"}"),
                api.requests);
    }

    @Test
    void shouldAddAGuestsPort() {
        api.answer("POST /v1/ports", 201, APPLIED);
        Ran.weft(api, "port", "add", "vm1", "--network", "acme/web", "--vhost-user", "/run/vm1", "--queues", "2");
        Ran.weft(
                api,
                "port",
                "add",
                "vm2",
                "--network",
                "acme/web",
                "--vhost-user",
                "/run/vm2",
                "--mode",
                "server",
                "--socket-owner",
                "me",
                "--socket-group",
                "kvm",
                "--socket-mode",
                "0660");
        assertEquals(
                List.of(
                        "POST /v1/ports {\"network\":\"acme/web\",\"vhost-user\":\"/run/vm1\",\"queues\":2,"
                                + "\"name\":\"vm1\"}",
                        "POST /v1/ports {\"network\":\"acme/web\",\"vhost-user\":\"/run/vm2\",\"mode\":\"server\","
                                + "\"socket\":{\"owner\":\"me\",\"group\":\"kvm\",\"mode\":\"0660\"},\"name\":\"vm2\"}"),
                api.requests);
        final Ran both = Ran.weft(api, "port", "add", "x", "--network", "a/b", "--tap", "x", "--vhost-user", "/run/x");
        assertEquals(2, both.status());
        final Ran without = Ran.weft(api, "port", "add", "x", "--network", "a/b", "--mode", "server");
        assertEquals(2, without.status());
    }

    private static final String GUEST = """
            {"name": "vm1", "network": "acme/web", "vhost-user": "/run/vm1", "mode": "server", "status": {
              "kind": "vhost-user", "device": "/run/vm1", "networks": ["acme/web"], "state": "up", "queues": 2,
              "mtu": 1450, "mac": "",
              "traffic": {"rx-frames": 1200, "rx-bytes": 90000, "tx-frames": 3, "tx-bytes": 180, "rx-dropped": 1,
                "tx-dropped": 0},
              "vhost": {"role": "server", "path": "/run/vm1", "features": ["csum", "mrg_rxbuf", "version_1"],
                "pairs-enabled": 1, "pairs-offered": 2, "unsealed": true, "host-mtu": 1450, "refused-mtu": 1500, "rings": [
                  {"index": 0, "size": 256, "enabled": true, "faults": 0, "broken": ""},
                  {"index": 1, "size": 1024, "enabled": true, "faults": 7, "broken": "available index too far"}]}}}""";

    @Test
    void shouldListGuestsWithWhatTheyNegotiated() {
        api.answer(
                "GET /v1/ports",
                200,
                "{\"ports\": [" + GUEST + ", {\"name\": \"h1\", \"network\": \"acme/web\", \"tap\": \"h1\","
                        + " \"status\": {\"kind\": \"tap\", \"device\": \"h1\", \"state\": \"up\", \"queues\": 1,"
                        + " \"mtu\": 1450, \"vhost\": null}}]}");
        assertEquals("""
                PORT  KIND        DEVICE    NETWORKS   MTU  HOST_MTU  MAC  QUEUES     RINGS  FAULTS  STATE  FEATURES
                vm1   vhost-user  /run/vm1  acme/web  1450      1450  -    1 of 2  256+1024       7  up     csum mrg_rxbuf version_1
                h1    tap         h1        acme/web  1450         -  -         1         -       -  up     -
                """, Ran.weft(api, "port", "ls").out());
    }

    @Test
    void shouldShowAGuestWithItsRings() {
        api.answer("GET /v1/ports/vm1", 200, GUEST);
        assertEquals("""
                PORT                 vm1
                state                up
                kind                 vhost-user
                device               /run/vm1
                networks             acme/web
                mtu                  1450
                only source address  any
                queue pairs          1 of 2
                host_mtu for QEMU    1450 (it has 1500, which is refused)
                we are the socket's  server
                features             csum mrg_rxbuf version_1
                memory               not sealed against shrinking
                ring 0               to the guest, 256 descriptors, enabled, 0 faults
                ring 1               from the guest, 1024 descriptors, enabled, 7 faults; stopped: available index too far
                received             1,200 frames (90.0 kB), dropped 1
                sent                 3 frames (180 B), dropped 0
                """, Ran.weft(api, "port", "ls", "vm1").out());
    }

    @Test
    void shouldNotMakeAnythingWhenWhatIsToBeSetIsNotThere() {
        api.answer("GET /v1/tenants/acme", 404, "{\"detail\": \"there is no tenant acme\"}");
        final Ran ran = Ran.weft(api, "tenant", "set", "acme", "--flow-cache", "1000");
        assertEquals(new Ran(1, "", "weft: there is no tenant acme\n"), ran);
        assertEquals(List.of("GET /v1/tenants/acme"), api.requests);
    }

    @Test
    void shouldAddNetworkWithItsKeys() {
        api.answer("POST /v1/networks", 201, APPLIED);
        Ran.weft(
                api,
                "network",
                "add",
                "acme/db",
                "--vni",
                "6002",
                "--encap",
                "nvgre",
                "--peer",
                "10.2.0.1",
                "--flow-id",
                "off",
                "--mac-age",
                "5m");
        assertEquals(
                List.of("POST /v1/networks {\"encap\":\"nvgre\",\"peers\":[\"10.2.0.1\"],\"flow-id\":\"off\","
                        + "\"mac-age\":\"5m\",\"network\":\"acme/db\",\"vni\":6002}"),
                api.requests);
    }

    @Test
    void shouldEscapeAddressesInPaths() {
        api.answer("PUT /v1/peers/acme/web/fd00%3A2%3A%3A1", 200, "{\"outcome\": \"nothing-to-do\", \"changes\": []}");
        final Ran ran = Ran.weft(api, "peer", "add", "acme/web", "fd00:2::1");
        assertEquals(new Ran(0, "nothing to do: it is so already\n", ""), ran);
    }

    @Test
    void shouldFixForgetAndFlushAddresses() {
        api.answer("POST /v1/macs", 201, APPLIED);
        api.answer("DELETE /v1/macs/acme/web/02%3A00%3A00%3A00%3A00%3A07?vlan=9", 200, APPLIED);
        api.answer("DELETE /v1/macs/acme/web", 200, APPLIED);
        assertEquals(
                0,
                Ran.weft(api, "mac", "add", "acme/web", "02:00:00:00:00:07", "vm1", "--vlan", "9")
                        .status());
        assertEquals(
                0,
                Ran.weft(api, "mac", "rm", "acme/web", "02:00:00:00:00:07", "--vlan", "9")
                        .status());
        assertEquals(0, Ran.weft(api, "mac", "flush", "acme/web").status());
        assertEquals(
                "POST /v1/macs {\"network\":\"acme/web\",\"mac\":\"02:00:00:00:00:07\",\"location\":\"vm1\",\"vlan\":9}",
                api.requests.getFirst());
    }

    @Test
    void shouldPrintEveryComplaintAndEndWithOneWhenFileIsWrong() throws IOException {
        final Path file = Files.writeString(folder.resolve("weft.yaml"), "tenants: {}\n");
        api.answer(
                "PUT /v1/config?file=" + file.toString().replace("/", "%2F") + "&dry-run=true",
                400,
                "{\"detail\": \"2 complaints\", \"complaints\": [\"weft.yaml:3: a\", \"weft.yaml:9: b\"]}");
        final Ran ran = Ran.weft(api, "apply", "-f", file.toString(), "--dry-run");
        assertEquals(new Ran(1, "", "weft.yaml:3: a\nweft.yaml:9: b\nweft: nothing was changed: 2 complaints\n"), ran);
    }

    @Test
    void shouldSayWhatToDoWhenFileIsNotThere() {
        final Ran ran = Ran.weft(api, "apply", "-f", folder.resolve("none.yaml").toString());
        assertEquals(1, ran.status());
        assertEquals(1, ran.err().lines().count(), ran.err());
        assertTrue(api.requests.isEmpty());
    }

    @Test
    void shouldPrintConfigurationAsItCame() {
        api.text("GET /v1/config", "application/yaml", "name: hv1\n");
        assertEquals(new Ran(0, "name: hv1\n", ""), Ran.weft(api, "config"));
    }

    @Test
    void shouldAlignTableAndSayUnits() {
        api.answer(
                "GET /v1/macs?network=acme%2Fweb",
                200,
                "{\"macs\": [{\"network\": \"acme/web\", \"vlan\": -1, \"mac\": \"02:00:00:00:00:01\","
                        + " \"location\": \"vm1\", \"fixed\": false, \"idle-ms\": 65000},"
                        + "{\"network\": \"acme/web\", \"vlan\": 10, \"mac\": \"02:00:00:00:00:02\","
                        + " \"location\": \"10.2.0.1\", \"fixed\": true, \"idle-ms\": 0}], \"truncated\": true}");
        final Ran ran = Ran.weft(api, "mac", "ls", "acme/web");
        assertEquals("""
                NETWORK   VLAN  MAC                AT        HOW           IDLE
                acme/web     -  02:00:00:00:00:01  vm1       learned  1 min 5 s
                acme/web    10  02:00:00:00:00:02  10.2.0.1  fixed            -
                ... and more: --limit N shows them
                """, ran.out());
    }

    @Test
    void shouldPrintAnswerAsJsonOrYamlWhenAsked() {
        api.answer("GET /v1/tenants", 200, "{\"tenants\": [{\"name\": \"acme\", \"flow-cache\": 4}]}");
        assertEquals(
                "tenants:\n- name: acme\n  flow-cache: 4\n",
                Ran.weft(api, "tenant", "ls", "-o", "yaml").out());
        assertTrue(Ran.weft(api, "tenant", "ls", "-o", "json").out().contains("\"name\" : \"acme\""));
    }

    @Test
    void shouldExplainDropsMostFrequentFirst() {
        api.answer(
                "GET /v1/drops",
                200,
                "{\"drops\": [{\"reason\": \"vlan-tag\", \"text\": \"a VLAN tag on an access port\", \"port\": \"vm1\","
                        + " \"network\": \"acme/web\", \"count\": 3}, {\"reason\": \"unknown-vni\", \"text\": \"no network"
                        + " has this VNI\", \"port\": \"underlay\", \"network\": null, \"count\": 1200}], \"total\": 1203}");
        assertEquals("""
                FRAMES  PORT      NETWORK   REASON       IN WORDS
                 1,200  underlay  -         unknown-vni  no network has this VNI
                     3  vm1       acme/web  vlan-tag     a VLAN tag on an access port
                """, Ran.weft(api, "drops").out());
    }

    @Test
    void shouldPrintOnePageOfStatus() {
        api.answer("GET /v1/status", 200, """
                {"name": "hv1", "version": "0.1.0", "state": "running", "uptime-ms": 7380000, "revision": 3,
                 "workers": [{"id": 0, "cpu": -1, "busy": 0.25, "asleep": true, "loops": 1, "orders": 2, "polled": 1,
                   "parked": 2}],
                 "tenants": [{"name": "acme", "flow-cache": 65536, "flows": 12, "networks": 1}],
                 "networks": [{"key": "acme/web", "vni": 5001, "encap": "vxlan", "port": 4789, "macs": 2,
                   "mac-limit": 8192, "ports": 1, "peers": ["10.2.0.1"], "group": null, "mtu": 1450}],
                 "ports": [{"name": "vm1", "kind": "tap", "device": "vm1", "networks": ["acme/web"], "state": "up",
                   "queues": 1, "mtu": 1450, "mac": null, "traffic": {"rx-frames": 10, "rx-bytes": 1000,
                   "tx-frames": 20, "tx-bytes": 2000, "rx-dropped": 1, "tx-dropped": 2}}],
                 "tunnels": [], "underlay": {"rx-frames": 1, "rx-bytes": 1500000},
                 "books": {"received": 11, "generated": 0, "copies": 1, "segments": 0, "sent": 9, "dropped": 3,
                   "held": 0, "merged": 0},
                 "problems": ["port vm2: no such device; make it"]}
                """);
        final Ran ran = Ran.weft(api, "status");
        assertEquals(0, ran.status(), ran.err());
        assertTrue(ran.out().startsWith("hv1: running, up 2 h 3 min, weft 0.1.0, configuration 3\n"), ran.out());
        assertTrue(ran.out().contains("  ! port vm2: no such device; make it\n"), ran.out());
        assertTrue(ran.out().contains("  acme/web  5001  vxlan:4789      1     2  8,192  1450  10.2.0.1\n"), ran.out());
        assertTrue(ran.out().contains("1.50 MB"), ran.out());
        assertTrue(ran.out().contains("balanced"), ran.out());
        assertTrue(ran.out().lines().count() < 50, ran.out());
    }

    @Test
    void shouldShowRatesBetweenTwoLooks() {
        api.answer(
                "GET /v1/stats",
                200,
                "{\"ports\": [{\"name\": \"vm1\", \"state\": \"up\", \"traffic\": {\"rx-frames\": 5000}}],"
                        + " \"underlay\": {\"tx-frames\": 7}}");
        final Ran ran = Ran.weft(api, "stats", "--interval", "0.01");
        assertEquals(0, ran.status(), ran.err());
        assertTrue(ran.out().contains("vm1"), ran.out());
        assertTrue(ran.out().contains("5,000"), ran.out());
        assertFalse(ran.out().contains("NaN"), ran.out());
        assertEquals(1, Ran.weft(api, "stats", "vm9", "--interval", "0.01").status());
        assertEquals(2, api.requests.stream().filter("GET /v1/stats"::equals).count() / 2);
    }

    @Test
    void shouldEndWithOneLineWhenNoSwitchAnswers() {
        final Ran ran = Ran.weft("status", "--api", folder.resolve("none.sock").toString());
        assertEquals(1, ran.status());
        assertEquals(1, ran.err().lines().count(), ran.err());
        assertTrue(ran.err().contains("weft run"), ran.err());
    }
}
