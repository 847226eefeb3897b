package io.weft.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.control.ControlService.Outcome;
import io.weft.control.ControlService.Result;
import io.weft.control.config.Complaining;
import io.weft.control.config.Complaint;
import io.weft.control.config.Config;
import io.weft.control.config.Host;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ControllerTest {
    private static final String BASE = """
            underlay: {address: [10.1.0.1]}
            tenants:
              acme: {networks: {web: {vni: 5001, peers: [10.2.0.1]}}}
            ports:
              h1: {network: acme/web, tap: h1}
            """;

    private final FakeSwitch there = new FakeSwitch();
    private Config stored;
    private boolean full;
    private Controller controller;

    @BeforeEach
    void open() {
        final Config config = Complaining.good(BASE);
        new Reconciler(there).reconcile(config.with(new TreeMap<>(), new TreeMap<>()), config);
        there.orders.clear();
        stored = config;
        controller = new Controller(there, config, 1, this::store, Host::any);
    }

    @AfterEach
    void close() {
        controller.close();
    }

    private void store(final Config config, final long revision) throws IOException {
        if (full) {
            throw new IOException("No space left on device");
        }
        stored = config;
    }

    private static void assertResult(
            final CompletableFuture<Result> future, final Outcome outcome, final String... lines) {
        final Result result = future.join();
        final String said = String.join(
                "\n", result.complaints().stream().map(Complaint::toString).toList());
        final String did = String.join("\n", result.changes());
        assertEquals(String.join("\n", lines), did.isEmpty() ? said : said.isEmpty() ? did : did + "\n" + said);
        assertEquals(outcome, result.outcome());
    }

    @Test
    void shouldApplyAFileAsADifference() {
        assertResult(
                controller.apply("g.yaml", BASE.replace("5001,", "5001, mac-age: 60s,"), false),
                Outcome.APPLIED,
                "~ network acme/web: mac-age 300s -> 60s");
        assertEquals(List.of("set network acme/web"), there.orders);
        assertEquals(2, controller.revision());
        assertEquals(60_000, stored.network("acme/web").macAgeMs());
        assertEquals(stored, controller.config());
        assertEquals(stored, Complaining.good(controller.configText()));
    }

    @Test
    void shouldDoNothingWhenAllIsSo() {
        assertResult(controller.apply("g.yaml", BASE, false), Outcome.NOTHING_TO_DO);
        assertEquals(List.of(), there.orders);
        assertEquals(1, controller.revision());
    }

    @Test
    void shouldOnlySayWhatItWouldDoWhenAskedTo() {
        assertResult(
                controller.apply("g.yaml", BASE + "  h2: {network: acme/web, tap: h2}\n", true),
                Outcome.DRY_RUN,
                "+ port h2 (tap h2 on acme/web)");
        assertEquals(List.of(), there.orders);
    }

    @Test
    void shouldChangeNothingWhenTheFileIsWrong() {
        assertResult(
                controller.apply("g.yaml", BASE + "  h2: {network: acme/wbe, tap: h1}\nport: 5\n", false),
                Outcome.INVALID,
                "g.yaml:6: ports.h2.network: there is no network \"acme/wbe\"; did you mean \"acme/web\"?",
                "g.yaml:6: ports.h2.tap: tap h1 is taken by port h1; each port has a device of its own",
                "g.yaml:7: port: unknown key; did you mean \"ports\"?");
        assertEquals(List.of(), there.orders);
        assertEquals(1, controller.revision());
    }

    @Test
    void shouldRefuseWhatNeedsARestartWithItsPlace() {
        assertResult(
                controller.apply("g.yaml", "workers: [1]\n" + BASE.replace("10.1.0.1", "10.1.0.7"), false),
                Outcome.CONFLICT,
                "g.yaml:1: workers: cannot change while the switch runs (not set -> [1]); change it in the file and restart",
                "g.yaml:2: underlay.address: cannot change while the switch runs ([10.1.0.1] -> [10.1.0.7]); change it in the"
                        + " file and restart");
        assertEquals(List.of(), there.orders);
    }

    @Test
    void shouldTakeBackWhatWasDoneWhenTheSwitchFails() {
        final Map<String, String> before = new HashMap<>(there.things);
        there.fails = order -> order.equals("set port h2");
        assertResult(
                controller.apply(
                        "g.yaml",
                        BASE.replace("[10.2.0.1]", "[10.3.0.1]") + "  h2: {network: acme/web, tap: h2}\n",
                        false),
                Outcome.FAILED,
                "+ port h2 (tap h2 on acme/web): no port h2 today; try tomorrow");
        assertEquals(before, there.things);
        assertEquals(stored, controller.config());
        assertEquals(1, controller.revision());
    }

    @Test
    void shouldTakeTheChangeBackWhenItCannotBeKept() {
        final Map<String, String> before = new HashMap<>(there.things);
        full = true;
        assertResult(
                controller.addPeer("acme/web", "10.4.0.1"),
                Outcome.FAILED,
                "state: cannot be written (java.io.IOException: No space left on device); the change was taken back");
        assertEquals(before, there.things);
        assertEquals(stored, controller.config());
        full = false;
        assertResult(controller.addPeer("acme/web", "10.4.0.1"), Outcome.APPLIED, "+ peer 10.4.0.1 of acme/web");
    }

    @Test
    void shouldAddAndRemoveOneAtATime() {
        assertResult(controller.putTenant("blue", Map.of("flow-cache", "1k")), Outcome.APPLIED, "+ tenant blue");
        assertResult(
                controller.putNetwork("blue/db", Map.of("vni", 6002, "encap", "nvgre", "flow-id", false)),
                Outcome.APPLIED,
                "+ network blue/db (nvgre 6002)");
        assertResult(
                controller.putPort("h2", Map.of("trunk", Map.of("10", "blue/db"), "tap", "h2")),
                Outcome.APPLIED,
                "+ port h2 (tap h2 on trunk {10: blue/db})");
        assertResult(controller.addPeer("blue/db", "10.2.0.9"), Outcome.APPLIED, "+ peer 10.2.0.9 of blue/db");
        assertResult(controller.addPeer("blue/db", "10.2.0.9"), Outcome.NOTHING_TO_DO);
        assertResult(
                controller.addMac("blue/db", -1, "02:00:00:00:00:05", "h2"),
                Outcome.APPLIED,
                "+ mac 02:00:00:00:00:05 of blue/db at h2");
        assertResult(
                controller.removeTenant("blue"), Outcome.CONFLICT, "tenants.blue: has networks: db; remove them first");
        assertResult(
                controller.removeNetwork("blue/db"),
                Outcome.CONFLICT,
                "tenants.blue.networks.db: is used by ports: h2; remove them first");
        assertResult(
                controller.removePort("h2"),
                Outcome.APPLIED,
                "- mac 02:00:00:00:00:05 of blue/db at h2",
                "- port h2 (tap h2 on trunk {10: blue/db})");
        assertResult(controller.removePeer("blue/db", "10.2.0.9"), Outcome.APPLIED, "- peer 10.2.0.9 of blue/db");
        assertResult(controller.removeNetwork("blue/db"), Outcome.APPLIED, "- network blue/db (nvgre 6002)");
        assertResult(controller.removeTenant("blue"), Outcome.APPLIED, "- tenant blue");
        assertEquals(Complaining.good(BASE), controller.config());
        assertEquals(10, controller.revision());
    }

    @Test
    void shouldKeepWhatABodyDoesNotName() {
        assertResult(
                controller.putNetwork("acme/web", Map.of("mac-limit", "16k")),
                Outcome.APPLIED,
                "~ network acme/web: mac-limit 8192 -> 16384");
        assertEquals(5001, controller.config().network("acme/web").vni());
        assertResult(
                controller.putPort("h1", Map.of("network", "acme/web", "tap", "h1", "mtu", 1400)),
                Outcome.APPLIED,
                "- port h1 (tap h1 on acme/web)",
                "+ port h1 (tap h1 on acme/web, mtu 1400)");
        assertResult(
                controller.putPort("h1", Map.of("network", "acme/web", "tap", "h1")),
                Outcome.APPLIED,
                "- port h1 (tap h1 on acme/web, mtu 1400)",
                "+ port h1 (tap h1 on acme/web)");
    }

    @Test
    void shouldPatchAsRfc7396Says() {
        final Map<String, Object> peers = new HashMap<>();
        peers.put("peers", null);
        assertResult(
                controller.patch(Map.of("tenants", Map.of("acme", Map.of("networks", Map.of("web", peers)))), false),
                Outcome.APPLIED,
                "- peer 10.2.0.1 of acme/web");
        final Map<String, Object> gone = new HashMap<>();
        gone.put("ports", null);
        assertResult(controller.patch(gone, true), Outcome.DRY_RUN, "- port h1 (tap h1 on acme/web)");
        assertResult(
                controller.patch(Map.of("underlay", Map.of("mtu", 1600)), false),
                Outcome.CONFLICT,
                "underlay.mtu: cannot change while the switch runs (not set -> 1600); change it in the file and restart");
    }

    @Test
    void shouldSayWhatIsNotThere() {
        assertResult(
                controller.removeTenant("acne"),
                Outcome.NOT_FOUND,
                "tenants.acne: there is no such tenant; did you mean \"acme\"?");
        assertResult(
                controller.removeNetwork("acme/wb"),
                Outcome.NOT_FOUND,
                "tenants.acme.networks.wb: there is no such network; did you mean \"acme/web\"?");
        assertResult(
                controller.removePort("zzzz"), Outcome.NOT_FOUND, "ports.zzzz: there is no such port; ports are h1");
        assertResult(
                controller.removePeer("acme/web", "10.9.0.9"),
                Outcome.NOT_FOUND,
                "tenants.acme.networks.web.peers: there is no peer 10.9.0.9; did you mean \"10.2.0.1\"?");
        assertResult(
                controller.putNetwork("blue/db", Map.of("vni", 5)),
                Outcome.NOT_FOUND,
                "tenants.blue: there is no such tenant; add it first");
        assertResult(
                controller.addPeer("acme/db", "10.2.0.1"),
                Outcome.NOT_FOUND,
                "tenants.acme.networks.db: there is no such network; did you mean \"acme/web\"?");
        assertResult(
                controller.removeMac("acme/web", -1, "02:00:00:00:00:07"),
                Outcome.NOT_FOUND,
                "tenants.acme.networks.web.macs.02:00:00:00:00:07: cannot remove mac -1 20000000007 of network acme/web");
    }

    @Test
    void shouldSayWhatIsWrongWithASingleChange() {
        assertResult(
                controller.putNetwork("acme/db", Map.of("vni", 5001)),
                Outcome.INVALID,
                "tenants.acme.networks.db.vni: VNI 5001 (vxlan, port 4789) is taken by network acme/web; give acme/db"
                        + " another");
        assertResult(
                controller.putNetwork("db", Map.of("vni", 5001)),
                Outcome.INVALID,
                "tenants.db: a network is named TENANT/NAME");
        assertResult(
                controller.putPort("h2", Map.of("network", "acme/web", "tap", "h2", "mtuu", 5)),
                Outcome.INVALID,
                "ports.h2.mtuu: unknown key; did you mean \"mtu\"?");
        assertResult(
                controller.addPeer("acme/web", "ten"),
                Outcome.INVALID,
                "tenants.acme.networks.web.peers: \"ten\" is not an IP address");
        assertResult(
                controller.addPeer("acme/web", "10.1.0.1"),
                Outcome.INVALID,
                "tenants.acme.networks.web.peers[1]: 10.1.0.1 is this host's own address; name the other hosts only");
        assertResult(
                controller.addMac("acme/web", 10, "02:00:00:00:00:05", "h1"),
                Outcome.INVALID,
                "tenants.acme.networks.web.macs.02:00:00:00:00:05@10: is in a VLAN, but the network does not keep tags; set"
                        + " inner-vlan: keep");
        assertResult(
                controller.addMac("acme/web", -1, "nonsense", "h1"),
                Outcome.INVALID,
                "tenants.acme.networks.web.macs: \"nonsense\" is not a MAC address such as 02:00:00:00:00:01");
        assertEquals(List.of(), there.orders);
    }

    @Test
    void shouldTakeStrangeBodies() {
        final Map<String, Object> body = new HashMap<>();
        body.put("network", List.of(Map.of()));
        body.put("tap", "\u0000\n\"");
        final Result result = controller.putPort("h\n2", body).join();
        assertEquals(Outcome.INVALID, result.outcome());
        assertTrue(result.complaints().stream().noneMatch(c -> c.message().contains("\n")), result.toString());
    }

    @Test
    void shouldForgetALearnedAddress() {
        there.things.put("mac -1 20000000008 of network acme/web", "learned");
        assertResult(
                controller.removeMac("acme/web", -1, "02:00:00:00:00:08"),
                Outcome.APPLIED,
                "- mac 02:00:00:00:00:08 of acme/web");
        assertEquals(1, controller.revision());
    }

    @Test
    void shouldAnswerWhenStopping() {
        controller.close();
        assertResult(controller.addPeer("acme/web", "10.4.0.1"), Outcome.FAILED, "the switch is stopping");
    }
}
