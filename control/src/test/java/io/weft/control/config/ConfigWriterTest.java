package io.weft.control.config;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ConfigWriterTest {
    @Test
    void shouldReadBackEqualWhenWritten() {
        for (long seed = 1; seed <= 500; seed++) {
            final Config config = RandomConfig.any(new Random(seed));
            final String yaml = ConfigWriter.yaml(config);
            final ConfigReader.Reading reading = ConfigReader.read("seed-" + seed, yaml, Host.any());
            assertEquals(List.of(), Complaining.lines(reading), yaml);
            assertEquals(config, reading.config(), "seed " + seed + "\n" + yaml);
            assertEquals(yaml, ConfigWriter.yaml(reading.config()), "seed " + seed);
        }
    }

    @Test
    void shouldWriteWhatAPersonWouldWrite() {
        final String text = """
                name: hv1
                workers: [2, 3]
                underlay:
                  address: [10.1.0.1, "fd00:1::1"]
                  mtu: 1600
                tenants:
                  acme:
                    flow-cache: 131072
                    networks:
                      db: {vni: 6002, encap: nvgre, peers: [10.2.0.1], flow-id: off}
                      web: {vni: 5001, encap: vxlan, peers: [10.2.0.1, 10.3.0.1], mac-age: 60s}
                  "on": {}
                ports:
                  fw: {trunk: {10: acme/web, 20: acme/db}, tap: fw}
                  h1: {network: acme/web, tap: h1, mac: "02:00:00:00:00:01"}
                """;
        assertEquals(text, ConfigWriter.yaml(Complaining.good(text)));
    }

    @Test
    void shouldWriteDevicesThatOnlyReplayTakes() {
        final String text = """
                underlay:
                  address: [10.1.0.1]
                  device: {af-xdp: eth1}
                  mac: "02:00:00:00:aa:01"
                  gateway: [10.1.0.254]
                  prefix: 24
                  neighbors: {10.1.0.254: "02:00:00:00:bb:02"}
                tenants:
                  acme:
                    networks:
                      web: {vni: 5, encap: vxlan}
                ports:
                  vm2: {network: acme/web, vhost-user: /run/vm2.sock, mode: server, socket: {group: kvm, mode: "0660"}}
                """;
        assertEquals(
                text,
                ConfigWriter.yaml(ConfigReader.read(null, text, Host.replay()).config()));
    }

    @Test
    void shouldWriteGuestsSockets() {
        final String text = """
                underlay:
                  address: [10.1.0.1]
                tenants:
                  acme:
                    networks:
                      web: {vni: 5, encap: vxlan}
                ports:
                  vm1: {network: acme/web, vhost-user: /run/vm1.sock, mode: client, queues: 2, mtu: 1400, mac: "02:00:00:00:00:01"}
                  vm2: {network: acme/web, vhost-user: /run/vm2.sock, mode: server, socket: {owner: me, group: kvm, mode: "0660"}}
                  vm3: {trunk: {10: acme/web}, vhost-user: /run/vm3.sock, mode: server}
                """;
        assertEquals(text, ConfigWriter.yaml(Complaining.good(text)));
    }

    @Test
    void shouldQuoteWhatOtherReadersWouldTakeForSomethingElse() {
        assertEquals(
                "{a: plain, b: \"on\", c: \"1\", d: \"1:2\", e: \"a: b\", f: \"\", g: \"\\u0007\\\"\", h: on, i: 5, j: [x], k: {}, 2: \"null\"}\n",
                YamlText.of(Map.of("x", ordered())).substring("x: ".length()));
    }

    private static Map<String, Object> ordered() {
        final Map<String, Object> map = new java.util.LinkedHashMap<>();
        map.put("a", "plain");
        map.put("b", "on");
        map.put("c", "1");
        map.put("d", "1:2");
        map.put("e", "a: b");
        map.put("f", "");
        map.put("g", "\u0007\"");
        map.put("h", true);
        map.put("i", 5);
        map.put("j", List.of("x"));
        map.put("k", Map.of());
        map.put("2", "null");
        return map;
    }

    @Test
    void shouldKeepUnits() {
        for (final String text : List.of("1s", "300s", "600s", "61s", "11m", "2h", "1d", "7d", "1500ms", "3601s")) {
            final long ms = Units.duration(text);
            assertEquals(text, Units.formatDuration(ms));
        }
        assertEquals(-1, Units.duration("5"));
        assertEquals(-1, Units.duration("999999999999999d"));
        assertEquals(-1, Units.duration("-5s"));
        assertEquals(65_536, Units.size("64k"));
        assertEquals(65_536, Units.size("64 KiB"));
        assertEquals(1 << 20, Units.size("1MiB"));
        assertEquals(17, Units.size("17"));
        assertEquals(-1, Units.size("1T"));
        assertEquals(-1, Units.size("999999999999999g"));
    }
}
