package io.weft.control.config;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class ConfigDiffTest {
    private static final String BASE = """
            underlay: {address: [10.1.0.1]}
            tenants:
              acme:
                networks:
                  web: {vni: 5001, peers: [10.2.0.1], macs: {"02:00:00:00:00:09": h1}}
                  db: {vni: 6002, encap: nvgre}
            ports:
              h1: {network: acme/web, tap: h1}
              h2: {trunk: {10: acme/web, 20: acme/db}, tap: h2}
            """;

    private static String[] lines(final String from, final String to) {
        return ConfigDiff.between(Complaining.good(from), Complaining.good(to)).stream()
                .map(Change::describe)
                .toArray(String[]::new);
    }

    private static void assertDiff(final String to, final String... lines) {
        assertEquals(String.join("\n", lines), String.join("\n", lines(BASE, to)));
    }

    @Test
    void shouldSayNothingWhenNothingDiffers() {
        assertDiff(BASE);
    }

    @Test
    void shouldBuildFromNothingInsideOut() {
        assertEquals("""
                + tenant acme
                + network acme/db (nvgre 6002)
                + network acme/web (vxlan 5001)
                + peer 10.2.0.1 of acme/web
                + port h1 (tap h1 on acme/web)
                + port h2 (tap h2 on trunk {10: acme/web, 20: acme/db})
                + mac 02:00:00:00:00:09 of acme/web at h1""", String.join("\n", lines("underlay: {address: [10.1.0.1]}", BASE)));
        assertEquals("""
                - mac 02:00:00:00:00:09 of acme/web at h1
                - port h1 (tap h1 on acme/web)
                - port h2 (tap h2 on trunk {10: acme/web, 20: acme/db})
                - network acme/db (nvgre 6002)
                - network acme/web (vxlan 5001)
                - tenant acme""", String.join("\n", lines(BASE, "underlay: {address: [10.1.0.1]}")));
    }

    @Test
    void shouldChangeInPlaceWhatCan() {
        assertDiff(
                """
                underlay: {address: [10.1.0.1]}
                tenants:
                  acme:
                    flow-cache: 1024
                    networks:
                      web: {vni: 5001, peers: [10.2.0.1, 10.3.0.1], mac-age: 60s, mac-limit: 100, inner-vlan: keep,
                            udp-checksum: on, macs: {"02:00:00:00:00:09": h1}}
                      db: {vni: 6002, encap: nvgre, flow-id: off}
                ports:
                  h1: {network: acme/web, tap: h1, mtu: 1400, mac: 02:00:00:00:00:01}
                  h2: {network: acme/db, tap: h2, queues: 2}
                """,
                "- mac 02:00:00:00:00:09 of acme/web at h1",
                "- port h1 (tap h1 on acme/web)",
                "- port h2 (tap h2 on trunk {10: acme/web, 20: acme/db})",
                "~ tenant acme: flow-cache 65536 -> 1024",
                "~ network acme/db: flow-id on -> off",
                "~ network acme/web: inner-vlan drop -> keep, udp-checksum auto -> on, mac-limit 8192 -> 100,"
                        + " mac-age 300s -> 60s",
                "+ peer 10.3.0.1 of acme/web",
                "+ port h1 (tap h1 on acme/web, mtu 1400, mac 02:00:00:00:00:01)",
                "+ port h2 (tap h2 on acme/db, queues 2)",
                "+ mac 02:00:00:00:00:09 of acme/web at h1");
    }

    @Test
    void shouldAddPeersAgainWhenTheNetworkGetsAGroup() {
        assertDiff(
                BASE.replace("{vni: 5001", "{vni: 5001, group: 239.1.1.1"),
                "- peer 10.2.0.1 of acme/web",
                "~ network acme/web: group none -> 239.1.1.1",
                "+ peer 10.2.0.1 of acme/web");
    }

    @Test
    void shouldReplaceANetworkWhenItsPortTakesZeroChecksumsOverIpv6() {
        final String six = BASE.replace("[10.1.0.1]", "[10.1.0.1, \"fd00::1\"]").replace("h1}}", "10.2.0.1}}");
        assertEquals("""
                - port h1 (tap h1 on acme/web)
                - port h2 (tap h2 on trunk {10: acme/web, 20: acme/db})
                - network acme/web (vxlan 5001)
                + network acme/web (vxlan 5001)
                + peer 10.2.0.1 of acme/web
                + port h1 (tap h1 on acme/web)
                + port h2 (tap h2 on trunk {10: acme/web, 20: acme/db})
                + mac 02:00:00:00:00:09 of acme/web at 10.2.0.1""", String.join("\n", lines(six, six.replace("{vni: 5001", "{vni: 5001, udp-checksum: off"))));
    }

    @Test
    void shouldRemoveAPeerAndAnAddress() {
        assertDiff(
                BASE.replace("peers: [10.2.0.1], macs: {\"02:00:00:00:00:09\": h1}", "mac-age: 300s"),
                "- mac 02:00:00:00:00:09 of acme/web at h1",
                "- peer 10.2.0.1 of acme/web");
    }

    @Test
    void shouldReplaceANetworkAndItsPortsWhenItsVniChanges() {
        assertDiff(
                BASE.replace("6002", "6003"),
                "- port h2 (tap h2 on trunk {10: acme/web, 20: acme/db})",
                "- network acme/db (nvgre 6002)",
                "+ network acme/db (nvgre 6003)",
                "+ port h2 (tap h2 on trunk {10: acme/web, 20: acme/db})");
        assertDiff(
                BASE.replace("{vni: 5001", "{vni: 5001, port: 8472"),
                "- mac 02:00:00:00:00:09 of acme/web at h1",
                "- port h1 (tap h1 on acme/web)",
                "- port h2 (tap h2 on trunk {10: acme/web, 20: acme/db})",
                "- network acme/web (vxlan 5001)",
                "+ network acme/web (vxlan 5001, port 8472)",
                "+ peer 10.2.0.1 of acme/web",
                "+ port h1 (tap h1 on acme/web)",
                "+ port h2 (tap h2 on trunk {10: acme/web, 20: acme/db})",
                "+ mac 02:00:00:00:00:09 of acme/web at h1");
    }

    @Test
    void shouldReplaceAPortAndItsAddressesWhenItsDeviceChanges() {
        assertDiff(
                BASE.replace("tap: h1", "tap: h3"),
                "- mac 02:00:00:00:00:09 of acme/web at h1",
                "- port h1 (tap h1 on acme/web)",
                "+ port h1 (tap h3 on acme/web)",
                "+ mac 02:00:00:00:00:09 of acme/web at h1");
    }

    private static final String GUEST = """
            underlay: {address: [10.1.0.1]}
            tenants: {a: {networks: {w: {vni: 5, macs: {"02:00:00:00:00:09": vm}}, x: {vni: 6}}}}
            ports: {vm: {network: a/w, vhost-user: /run/vm.sock}}
            """;

    private static void assertGuestDiff(final String from, final String to, final String... lines) {
        assertEquals(String.join("\n", lines), String.join("\n", lines(GUEST, GUEST.replace(from, to))));
    }

    @Test
    void shouldKeepAGuestsSocketWhenItsNetworkOrAddressChanges() {
        final String free = GUEST.replace(", macs: {\"02:00:00:00:00:09\": vm}", "");
        assertEquals(
                "~ port vm: network a/w -> a/x",
                String.join("\n", lines(free, free.replace("network: a/w", "network: a/x"))));
        assertGuestDiff(
                "/run/vm.sock}",
                "/run/vm.sock, mac: 02:00:00:00:00:01, mtu: 1400}",
                "- mac 02:00:00:00:00:09 of a/w at vm",
                "~ port vm: mtu default -> 1400, mac any -> 02:00:00:00:00:01",
                "+ mac 02:00:00:00:00:09 of a/w at vm");
    }

    @Test
    void shouldDetachAGuestWhileItsNetworkIsReplaced() {
        assertGuestDiff(
                "vni: 5",
                "vni: 7",
                "- mac 02:00:00:00:00:09 of a/w at vm",
                "~ port vm: network a/w -> none",
                "- network a/w (vxlan 5)",
                "+ network a/w (vxlan 7)",
                "~ port vm: network none -> a/w",
                "+ mac 02:00:00:00:00:09 of a/w at vm");
    }

    @Test
    void shouldOpenAGuestsPortAgainWhenItsSocketChanges() {
        assertGuestDiff(
                "/run/vm.sock}",
                "/run/vm.sock, mode: server}",
                "- mac 02:00:00:00:00:09 of a/w at vm",
                "- port vm (vhost-user /run/vm.sock on a/w)",
                "+ port vm (vhost-user /run/vm.sock (server) on a/w)",
                "+ mac 02:00:00:00:00:09 of a/w at vm");
        assertGuestDiff(
                "/run/vm.sock}",
                "/run/vm.sock, queues: 2}",
                "- mac 02:00:00:00:00:09 of a/w at vm",
                "- port vm (vhost-user /run/vm.sock on a/w)",
                "+ port vm (vhost-user /run/vm.sock on a/w, queues 2)",
                "+ mac 02:00:00:00:00:09 of a/w at vm");
    }

    @Test
    void shouldNameWhatNeedsARestart() {
        final Config from = Complaining.good(BASE);
        final Config to = Complaining.good("name: hv9\nworkers: [1]\nidle: poll\nstate: /tmp/s\napi: {unix: /tmp/u}\n"
                + BASE.replace("[10.1.0.1]", "[10.1.0.9], mtu: 1600"));
        assertEquals(
                """
                name: cannot change while the switch runs (not set -> hv9); change it in the file and restart
                workers: cannot change while the switch runs (not set -> [1]); change it in the file and restart
                idle: cannot change while the switch runs (adaptive -> poll); change it in the file and restart
                state: cannot change while the switch runs (/var/lib/weft -> /tmp/s); change it in the file and restart
                api.unix: cannot change while the switch runs (not set -> /tmp/u); change it in the file and restart
                underlay.address: cannot change while the switch runs ([10.1.0.1] -> [10.1.0.9]); change it in the file and restart
                underlay.mtu: cannot change while the switch runs (not set -> 1600); change it in the file and restart""",
                String.join(
                        "\n",
                        ConfigDiff.fixed(from, to).stream()
                                .map(Complaint::toString)
                                .toList()));
        assertEquals(List.of(), ConfigDiff.fixed(from, from));
    }

    @Test
    void shouldLeadFromAnyConfigurationToAnyOther() {
        for (long seed = 1; seed <= 500; seed++) {
            final Random random = new Random(seed);
            final Config from = RandomConfig.sameHost(random);
            final Config to = RandomConfig.sameHost(random);
            final ModelSwitch model = new ModelSwitch();
            Config config = from.with(new TreeMap<>(), new TreeMap<>());
            for (final Change change : ConfigDiff.between(config, from)) {
                model.take(change, seed);
                config = Changes.apply(config, change);
            }
            assertEquals(canonical(from), canonical(config), "seed " + seed);
            for (final Change change : ConfigDiff.between(from, to)) {
                model.take(change, seed);
                config = Changes.apply(config, change);
            }
            assertEquals(canonical(to), canonical(config), "seed " + seed);
            assertEquals(List.of(), ConfigDiff.between(to, config), "seed " + seed);
        }
    }

    /** The order of peers says nothing. */
    private static String canonical(final Config config) {
        Config sorted = config;
        for (final String key : config.networks().keySet()) {
            final Config.Network network = config.network(key);
            sorted = Changes.apply(sorted, new Change.RemoveNetwork(key, network));
            sorted = Changes.apply(sorted, new Change.AddNetwork(key, network));
            for (final var peer : network.peers().stream().sorted().toList()) {
                sorted = Changes.apply(sorted, new Change.AddPeer(key, peer));
            }
            for (final var mac : network.macs().entrySet()) {
                sorted = Changes.apply(sorted, new Change.AddMac(key, mac.getKey(), mac.getValue()));
            }
        }
        return ConfigWriter.yaml(sorted);
    }
}
