package io.weft.control.config;

import static io.weft.control.config.Complaining.UNDERLAY;
import static io.weft.control.config.Complaining.assertComplaints;
import static io.weft.control.config.Complaining.good;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.control.config.Config.Device;
import io.weft.control.config.Config.FixedMac;
import io.weft.control.config.Config.Idle;
import io.weft.control.config.Config.Network;
import io.weft.control.config.Config.Port;
import io.weft.dataplane.api.NetworkSpec.UdpChecksum;
import io.weft.encap.Encapsulation;
import io.weft.encap.IpAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigReaderTest {
    private static final String WHOLE = """
            name: hv1                        # this host
            workers: [2, 3]
            idle: poll
            state: /var/lib/weft2
            api:
              unix: /run/weft/other.sock
              http: 127.0.0.1:4780
              token-file: /etc/weft/token
            underlay:
              address: [10.1.0.1, "fd00:1::1"]
              accept: any
              device: kernel
              mtu: 1600
            tenants:
              acme:
                flow-cache: 128k
                networks:
                  web: {vni: 5001, encap: vxlan, port: 8472, peers: [10.2.0.1, 10.3.0.1], mac-limit: 4Ki, mac-age: 5m}
                  db:  {vni: 6002, encap: nvgre, peers: [10.2.0.1], flow-id: off}
                  lab: {vni: 5003, encap: geneve, peers: ["fd00:2::1"], inner-vlan: keep, udp-checksum: on,
                        group: ff05::1, macs: {"02:00:00:00:00:01": h1, "02:00:00:00:00:02@10": "fd00:2::1"}}
            ports:
              h1:  {network: acme/lab, tap: h1, queues: 2, mtu: 1450, mac: 02:00:00:00:00:01}
              fw:  {trunk: {10: acme/web, 20: acme/db}, tap: fw}
            """;

    @Test
    void shouldReadEveryKey() {
        final Config config = good(WHOLE);
        assertEquals("hv1", config.name());
        assertEquals(List.of(2, 3), config.workers());
        assertEquals(Idle.POLL, config.idle());
        assertEquals("/var/lib/weft2", config.state());
        assertEquals(new Config.Api("/run/weft/other.sock", "127.0.0.1:4780", "/etc/weft/token", null), config.api());
        assertEquals(List.of(ip("10.1.0.1"), ip("fd00:1::1")), config.underlay().addresses());
        assertTrue(config.underlay().acceptAny());
        assertEquals(1600, config.underlay().mtu());
        assertEquals(Device.KERNEL, config.underlay().device());
        assertEquals(131_072, config.tenants().get("acme").flowCache());
        assertEquals(
                network(5001, Encapsulation.VXLAN, 8472, List.of(ip("10.2.0.1"), ip("10.3.0.1")), false, 4096),
                config.network("acme/web"));
        assertEquals(
                new Network(
                        6002,
                        Encapsulation.NVGRE,
                        0,
                        List.of(ip("10.2.0.1")),
                        null,
                        false,
                        false,
                        UdpChecksum.AUTO,
                        8192,
                        300_000,
                        new java.util.TreeMap<>()),
                config.network("acme/db"));
        final Network lab = config.network("acme/lab");
        assertEquals(6081, lab.port());
        assertTrue(lab.keepInnerVlan());
        assertEquals(UdpChecksum.ON, lab.udpChecksum());
        assertEquals(ip("ff05::1"), lab.group());
        assertEquals(
                Map.of(new FixedMac(-1, 0x020000000001L), "h1", new FixedMac(10, 0x020000000002L), "fd00:2::1"),
                lab.macs());
        assertEquals(
                new Port(Device.tap("h1"), "acme/lab", new java.util.TreeMap<>(), 2, 1450, 0x020000000001L),
                config.ports().get("h1"));
        assertEquals(
                Map.of(10, "acme/web", 20, "acme/db"), config.ports().get("fw").trunk());
        assertTrue(config.ports().get("fw").isTrunk());
    }

    private static Network network(
            final int vni,
            final Encapsulation encap,
            final int port,
            final List<IpAddress> peers,
            final boolean flowId,
            final int macLimit) {
        return new Network(
                vni,
                encap,
                port,
                peers,
                null,
                flowId,
                false,
                UdpChecksum.AUTO,
                macLimit,
                300_000,
                new java.util.TreeMap<>());
    }

    private static IpAddress ip(final String text) {
        return IpAddress.parse(text);
    }

    @Test
    void shouldUseOrdinaryValuesWhenLittleIsSaid() {
        final Config config = good(
                "underlay: {address: 10.1.0.1}\ntenants: {acme: {networks: {web: {vni: 5}, n: {vni: 4096, encap: nvgre}}}}");
        assertEquals("", config.name());
        assertEquals(List.of(), config.workers());
        assertEquals(Idle.ADAPTIVE, config.idle());
        assertEquals("/var/lib/weft", config.state());
        assertEquals("/run/weft/api.sock", config.api().unix());
        assertNull(config.api().http());
        assertEquals(65_536, config.tenants().get("acme").flowCache());
        assertEquals(Encapsulation.VXLAN, config.network("acme/web").encap());
        assertEquals(4789, config.network("acme/web").port());
        assertTrue(config.network("acme/n").flowId());
        assertFalse(config.network("acme/web").flowId());
    }

    @Test
    void shouldReadJsonAndAnchors() {
        final Config json = good(
                "{\"underlay\": {\"address\": [\"10.1.0.1\"]},\n  \"tenants\": {\"a\": {\"networks\": {\"w\": {\"vni\": 9, \"inner-vlan\": \"keep\"}}}}}");
        assertTrue(json.network("a/w").keepInnerVlan());
        final Config anchored = good(
                UNDERLAY + "tenants:\n  a: {networks: {w: {vni: 9, peers: &p [10.2.0.1]}, x: {vni: 10, peers: *p}}}\n");
        assertEquals(anchored.network("a/w").peers(), anchored.network("a/x").peers());
    }

    @Test
    void shouldNameTheNearestKeyWhenOneIsUnknown() {
        assertComplaints(
                UNDERLAY + "tenant:\n  acme: {}\nports:\n  h1: {netwrok: a/b, tap: h1}\n",
                "f.yaml:2: tenant: unknown key; did you mean \"tenants\"?",
                "f.yaml:5: ports.h1: network is missing: tenant/name of the port's network (or trunk: {VLAN: tenant/name})",
                "f.yaml:5: ports.h1.netwrok: unknown key; did you mean \"network\"?");
        assertComplaints(
                UNDERLAY + "tenants:\n  acme:\n    colour: red\n",
                "f.yaml:4: tenants.acme.colour: unknown key; known keys are networks, flow-cache");
    }

    @Test
    void shouldTellEverythingAtOnceInTheFilesOrder() {
        assertComplaints(
                """
                workers: two
                idle: never
                underlay:
                  address: [10.1.0.300, 10.1.0.1]
                  mtu: 20
                  accept: some
                tenants:
                  acme:
                    flow-cache: lots
                    networks:
                      web: {vni: many, encap: vlxan, mac-age: 5, peers: [10.2.0.1, ten]}
                      db: {encap: nvgre, port: 4789, flow-id: maybe}
                ports:
                  h1: {network: acme/web}
                """,
                "f.yaml:1: workers: \"two\" is not a number from 0 to 65535",
                "f.yaml:2: idle: \"never\" is none of adaptive, poll",
                "f.yaml:4: underlay.address[0]: \"10.1.0.300\" is not an IP address",
                "f.yaml:5: underlay.mtu: \"20\" is not a number from 576 to 65535",
                "f.yaml:6: underlay.accept: \"some\" is none of peers, any",
                "f.yaml:9: tenants.acme.flow-cache: \"lots\" is not a number from 256 to 16777216 (units: k, M)",
                "f.yaml:11: tenants.acme.networks.web.vni: \"many\" is not a number from 1 to 16777215",
                "f.yaml:11: tenants.acme.networks.web.encap: \"vlxan\" is none of vxlan, nvgre, geneve",
                "f.yaml:11: tenants.acme.networks.web.mac-age: \"5\" is not a duration from 1s to 7d (units: ms, s, m, h, d)",
                "f.yaml:11: tenants.acme.networks.web.peers[1]: \"ten\" is not an IP address",
                "f.yaml:12: tenants.acme.networks.db: vni is missing: a number from 1 to 16777215 that all hosts give this network",
                "f.yaml:12: tenants.acme.networks.db.port: NVGRE travels over GRE, which has no ports; remove it",
                "f.yaml:12: tenants.acme.networks.db.flow-id: \"maybe\" is none of on, off",
                "f.yaml:14: ports.h1: has no device; give it one, such as tap: h1");
    }

    @Test
    void shouldSayTheKindWhenAValueIsOfTheWrongKind() {
        assertComplaints(
                "name: [a]\napi: 5\nunderlay: {address: {a: b}, accept: }\ntenants: [acme]\nports: {h1: tap}\n? [a, b]\n: c\n",
                "f.yaml:1: name: must be one value, not a list",
                "f.yaml:2: api: must be a mapping (key: value), not a single value",
                "f.yaml:3: underlay.address: must be one value, not a mapping",
                "f.yaml:3: underlay.accept: has no value; give one or remove the key",
                "f.yaml:4: tenants: must be a mapping (key: value), not a list",
                "f.yaml:5: ports.h1: must be a mapping (key: value), not a single value",
                "f.yaml:6: a key must be one word, not a list or a mapping");
    }

    @Test
    void shouldRefuseDuplicateKeys() {
        assertComplaints(
                UNDERLAY + "ports: {}\nports: {}\ntenants:\n  a: {networks: {w: {vni: 5, vni: 6}}}\n  a: {}\n",
                "f.yaml:3: ports: is given twice, first on line 2; remove one",
                "f.yaml:5: tenants.a.networks.w.vni: is given twice, first on line 5; remove one",
                "f.yaml:6: tenants.a: is given twice, first on line 5; remove one");
    }

    @Test
    void shouldGiveThePlaceWhenItIsNotYaml() {
        assertComplaints(
                "name: hv1\nunderlay: {address: [10.1.0.1}\n",
                "f.yaml:2: this is not YAML: expected ',' or ']', but got }");
        assertComplaints(
                "name: hv1\n\tidle: poll\n",
                "f.yaml:2: this is not YAML: found character '\\t(TAB)' that cannot start any token. (Do not use \\t(TAB) for indentation)");
        assertComplaints("a: *nowhere\n", "f.yaml:1: this is not YAML: found undefined alias nowhere");
        assertComplaints("- a\n- b\n", "f.yaml:1: must be a mapping (key: value)");
        assertComplaints("", "f.yaml: underlay: address is missing: this host's own address, which the tunnels end at");
        assertComplaints("a: 1\n---\nb: 2\n", "f.yaml:2: this is not YAML: but found another document");
    }

    @Test
    void shouldRefuseNestingThatHasNoEnd() {
        final List<String> lines = Complaining.lines(Complaining.read("[".repeat(100_000)));
        assertEquals(1, lines.size());
        assertTrue(lines.getFirst().startsWith("f.yaml: this is not YAML: Nesting Depth exceeded"), lines.getFirst());
    }

    @Test
    void shouldReadDevicesWhenCapturesTakeTheirPlace() {
        final String text = """
                underlay:
                  address: 10.1.0.1
                  device: {af-xdp: eth1}
                  mac: 02:00:00:00:aa:01
                  gateway: 10.1.0.254
                  prefix: 24
                  neighbors: {10.1.0.254: 02:00:00:00:bb:02}
                tenants: {acme: {networks: {web: {vni: 5}}}}
                ports:
                  vm1: {network: acme/web, vhost-user: /run/weft/vm1.sock, mode: client, queues: 1, mac: 02:00:00:00:00:01}
                  vm2: {network: acme/web, vhost-user: /run/weft/vm2.sock, mode: server, socket: {group: kvm, mode: 0660}}
                """;
        final ConfigReader.Reading reading = ConfigReader.read("f.yaml", text, Host.replay());
        assertEquals(List.of(), Complaining.lines(reading));
        assertNotNull(reading.config());
        assertEquals(
                new Device(
                        Device.Kind.VHOST_USER,
                        "/run/weft/vm2.sock",
                        Device.Mode.SERVER,
                        new Device.Socket(null, "kvm", 0660)),
                reading.config().ports().get("vm2").device());
        assertEquals(
                Map.of(ip("10.1.0.254"), 0x02000000bb02L),
                reading.config().underlay().neighbors());
    }

    @Test
    void shouldReadHowANicIsReached() {
        final String text = "underlay: {address: 10.1.0.1, device: {af-xdp: eth1, mode: zero-copy}}\n";
        final ConfigReader.Reading reading = ConfigReader.read("f.yaml", text, Host.any());
        assertEquals(List.of(), Complaining.lines(reading));
        assertEquals(
                new Device(Device.Kind.AF_XDP, "eth1", Device.Mode.ZERO_COPY, null),
                reading.config().underlay().device());
        assertComplaints(
                text.replace("mode: zero-copy", "queues: 4"),
                "f.yaml:1: underlay.device.queues: af-xdp serves every queue of the NIC: set how many it has with"
                        + " `ethtool -L eth1 combined 4`");
        assertComplaints(
                text.replace("af-xdp", "af-packet"),
                "f.yaml:1: underlay.device.mode: belongs to vhost-user ports; this is a af-packet, so remove it");
    }

    @Test
    void shouldSayWhatIsWrongWithTheFileItself(@TempDir final Path folder) throws Exception {
        final Path missing = folder.resolve("none.yaml");
        assertEquals(
                List.of(missing + ": there is no such file"),
                Complaining.lines(ConfigReader.readFile(missing, Host.any())));
        final Path binary = folder.resolve("binary.yaml");
        Files.write(binary, new byte[] {(byte) 0xff, (byte) 0xfe, 0});
        assertEquals(
                List.of(binary + ": is not a text in UTF-8"),
                Complaining.lines(ConfigReader.readFile(binary, Host.any())));
        Files.writeString(binary, "name: \"a\0b\"\n" + UNDERLAY);
        assertTrue(Complaining.lines(ConfigReader.readFile(binary, Host.any()))
                .getFirst()
                .contains(": this is not YAML: "));
    }
}
