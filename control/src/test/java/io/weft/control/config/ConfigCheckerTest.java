package io.weft.control.config;

import static io.weft.control.config.Complaining.UNDERLAY;
import static io.weft.control.config.Complaining.assertComplaints;
import static io.weft.control.config.Complaining.good;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.weft.encap.Encapsulation;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class ConfigCheckerTest {
    private static final String BOTH = "underlay: {address: [10.1.0.1, \"fd00:1::1\"]}\n";

    private static String networks(final String... networks) {
        final StringBuilder text = new StringBuilder(UNDERLAY + "tenants:\n  a:\n    networks:\n");
        for (final String network : networks) {
            text.append("      ").append(network).append('\n');
        }
        return text.toString();
    }

    private static String ports(final String... ports) {
        final StringBuilder text =
                new StringBuilder(UNDERLAY + "tenants: {a: {networks: {w: {vni: 5}, x: {vni: 6}}}}\nports:\n");
        for (final String port : ports) {
            text.append("  ").append(port).append('\n');
        }
        return text.toString();
    }

    @Test
    void shouldRefuseVniOutOfRange() {
        assertComplaints(
                networks("v: {vni: 0}", "w: {vni: 16777216}", "x: {vni: -5}", "y: {vni: 16777215}"),
                "f.yaml:5: tenants.a.networks.v.vni: \"0\" is not a number from 1 to 16777215",
                "f.yaml:6: tenants.a.networks.w.vni: \"16777216\" is not a number from 1 to 16777215",
                "f.yaml:7: tenants.a.networks.x.vni: \"-5\" is not a number from 1 to 16777215");
    }

    @Test
    @Tag("N3")
    void shouldRefuseReservedVsids() {
        assertComplaints(
                networks(
                        "v: {vni: 1, encap: nvgre}",
                        "w: {vni: 0xFFF, encap: nvgre}",
                        "x: {vni: 0xFFFFFF, encap: nvgre}"),
                "f.yaml:5: tenants.a.networks.v.vni: 1 is a reserved VSID: NVGRE gives none up to 4095 to tenants"
                        + " (RFC 7637, section 3.4); take 4096 or more",
                "f.yaml:6: tenants.a.networks.w.vni: 4095 is a reserved VSID: NVGRE gives none up to 4095 to tenants"
                        + " (RFC 7637, section 3.4); take 4096 or more",
                "f.yaml:7: tenants.a.networks.x.vni: 16777215 is a reserved VSID: it is for vendors' own use between"
                        + " endpoints (RFC 7637, section 3.4); take 16777214 or less");
        good(networks("v: {vni: 4096, encap: nvgre}", "w: {vni: 0xFFFFFE, encap: nvgre}", "x: {vni: 4095}"));
    }

    @Test
    @Tag("N5")
    void shouldRefuseInnerVlanOverNvgre() {
        assertComplaints(
                networks("v: {vni: 5000, encap: nvgre, inner-vlan: keep}"),
                "f.yaml:5: tenants.a.networks.v.inner-vlan: NVGRE must not carry a tagged frame"
                        + " (RFC 7637, section 3.3); remove it, or take encap: vxlan");
        good(networks("v: {vni: 5000, encap: nvgre, inner-vlan: drop}", "w: {vni: 5001, inner-vlan: keep}"));
    }

    @Test
    void shouldNameBothNetworksWhenAVniIsTaken() {
        assertComplaints(
                UNDERLAY
                        + "tenants:\n  a: {networks: {w: {vni: 5}}}\n  b: {networks: {x: {vni: 5}, y: {vni: 5, port: 8472}}}\n",
                "f.yaml:4: tenants.b.networks.x.vni: VNI 5 (vxlan, port 4789) is taken by network a/w; give b/x another",
                "f.yaml:4: tenants.b.networks.y.vni: VNI 5 is taken by network b/x of the same tenant; give b/y another");
        assertComplaints(
                networks(
                        "v: {vni: 5000, encap: nvgre}",
                        "w: {vni: 5000, encap: nvgre}",
                        "x: {vni: 5000, encap: geneve}"),
                "f.yaml:6: tenants.a.networks.w.vni: VNI 5000 (nvgre) is taken by network a/v; give a/w another",
                "f.yaml:7: tenants.a.networks.x.vni: VNI 5000 is taken by network a/v of the same tenant; give a/x another");
        good(UNDERLAY + "tenants:\n  a: {networks: {w: {vni: 5}}}\n  b: {networks: {w: {vni: 5, port: 8472}}}\n");
    }

    @Test
    void shouldRefuseAUdpPortForTwoEncapsulations() {
        assertComplaints(
                networks("v: {vni: 5}", "w: {vni: 6, encap: geneve, port: 4789}"),
                "f.yaml:6: tenants.a.networks.w.port: UDP port 4789 carries vxlan (network a/v) and cannot carry geneve"
                        + " too; take another, such as 6081");
    }

    @Test
    void shouldRefuseKeysThatAnEncapsulationDoesNotHave() {
        assertComplaints(
                networks("v: {vni: 5000, encap: nvgre, udp-checksum: on}", "w: {vni: 6, flow-id: on}"),
                "f.yaml:5: tenants.a.networks.v.udp-checksum: NVGRE travels over GRE, which has no UDP checksum; remove it",
                "f.yaml:6: tenants.a.networks.w.flow-id: only NVGRE has a FlowID; vxlan has its entropy in the UDP port");
    }

    @Test
    void shouldRefusePeersThatCannotBe() {
        assertComplaints(
                networks(
                        "v: {vni: 5, peers: [10.1.0.1, 239.1.1.1, \"fd00::2\", 10.2.0.1, 10.2.0.1, 0.0.0.0, 255.255.255.255]}"),
                "f.yaml:5: tenants.a.networks.v.peers[0]: 10.1.0.1 is this host's own address; name the other hosts only",
                "f.yaml:5: tenants.a.networks.v.peers[1]: 239.1.1.1 is a multicast address; write it as group:",
                "f.yaml:5: tenants.a.networks.v.peers[2]: fd00::2 is IPv6, but this host has no such address; add one to"
                        + " underlay.address",
                "f.yaml:5: tenants.a.networks.v.peers[4]: 10.2.0.1 is given twice; remove one",
                "f.yaml:5: tenants.a.networks.v.peers[5]: 0.0.0.0 is not the address of a host",
                "f.yaml:5: tenants.a.networks.v.peers[6]: 255.255.255.255 is not the address of a host");
    }

    @Test
    void shouldCheckGroups() {
        assertComplaints(
                networks(
                        "v: {vni: 5, group: 10.0.0.5}",
                        "w: {vni: 6, group: \"ff05::1\", peers: [10.2.0.1]}",
                        "x: {vni: 7, group: 239.1.1.1}"),
                "f.yaml:5: tenants.a.networks.v.group: 10.0.0.5 is not a multicast address (224.0.0.0/4 or ff00::/8)",
                "f.yaml:6: tenants.a.networks.w.group: ff05::1 is IPv6, but this host has no such address; add one to"
                        + " underlay.address",
                "f.yaml:7: warning: tenants.a.networks.x.group: with accept: peers and no peers nothing can be received;"
                        + " name the peers, or set underlay.accept: any");
        good("underlay: {address: 10.1.0.1, accept: any}\ntenants: {a: {networks: {x: {vni: 7, group: 239.1.1.1}}}}");
    }

    @Test
    @Tag("U1")
    void shouldRefuseZeroChecksumOverIpv6WhenEndpointsAreNotNamed() {
        assertComplaints(
                "underlay: {address: \"fd00::1\", accept: any}\ntenants: {a: {networks: {x: {vni: 7, udp-checksum: off}}}}",
                "f.yaml:2: tenants.a.networks.x.udp-checksum: over IPv6 it may be off only between endpoints that are named"
                        + " (RFC 6936); give peers:, or remove it");
        good(
                "underlay: {address: \"fd00::1\"}\ntenants: {a: {networks: {x: {vni: 7, udp-checksum: off, peers: [\"fd00::2\"]}}}}");
    }

    @Test
    void shouldRefuseZeroChecksumsForHalfAPortOverIpv6() {
        final String networks =
                "tenants: {a: {networks: {w: {vni: 7}, x: {vni: 8, udp-checksum: off, peers: [10.2.0.1]}}}}";
        assertComplaints(
                BOTH + networks,
                "f.yaml:2: tenants.a.networks.x.udp-checksum: over IPv6 it holds for UDP port 4789 as a whole, which has it on for"
                        + " network a/w; set both alike, or give one another port");
        good(UNDERLAY + networks);
    }

    @Test
    void shouldSuggestTheNearestNetworkWhenAPortNamesAnUnknownOne() {
        assertComplaints(
                ports("h1: {network: a/v, tap: h1}", "h2: {network: zzz, tap: h2}", "h3: {trunk: {10: a/ww}, tap: h3}"),
                "f.yaml:4: ports.h1.network: there is no network \"a/v\"; did you mean \"a/w\"?",
                "f.yaml:5: ports.h2.network: there is no network \"zzz\"; networks are a/w, a/x",
                "f.yaml:6: ports.h3.trunk.10: there is no network \"a/ww\"; did you mean \"a/w\"?");
        assertComplaints(
                UNDERLAY + "ports: {h1: {network: a/w, tap: h1}}",
                "f.yaml:2: ports.h1.network: there is no network \"a/w\"; there are no networks");
    }

    @Test
    void shouldCheckTrunks() {
        assertComplaints(
                ports(
                        "h1: {trunk: {0: a/w, 4095: a/x, ten: a/w}, tap: h1}",
                        "h2: {trunk: {}, tap: h2}",
                        "h3: {trunk: {10: a/w, 20: a/w}, tap: h3}",
                        "h4: {trunk: {10: a/w}, network: a/x, tap: h4}"),
                "f.yaml:4: ports.h1.trunk.0: \"0\" is not a VLAN identifier from 1 to 4094",
                "f.yaml:4: ports.h1.trunk.4095: \"4095\" is not a VLAN identifier from 1 to 4094",
                "f.yaml:4: ports.h1.trunk.ten: \"ten\" is not a VLAN identifier from 1 to 4094",
                "f.yaml:5: ports.h2.trunk: is empty; name the networks: {10: tenant/name}",
                "f.yaml:6: ports.h3.trunk.20: network a/w is on VLAN 10 of this port already",
                "f.yaml:7: ports.h4: has both network and trunk; a port is in one network, or a trunk of several");
        good(ports("h1: {trunk: {1: a/w, 4094: a/x}, tap: h1}"));
    }

    @Test
    void shouldCheckDevices() {
        assertComplaints(
                ports(
                        "h1: {network: a/w, tap: one}",
                        "h2: {network: a/x, tap: one}",
                        "h3: {network: a/w, tap: sixteencharacter}",
                        "h4: {network: a/w, tap: \"a b\"}",
                        "h5: {network: a/w, tap: a/b}",
                        "h6: {network: a/w, tap: ..}",
                        "h7: {network: a/w, tap: \"\"}",
                        "h8: {network: a/w, tap: t8, vhost-user: /run/s}",
                        "h9: {network: a/w, tap: weft%d}"),
                "f.yaml:5: ports.h2.tap: tap one is taken by port h1; each port has a device of its own",
                "f.yaml:6: ports.h3.tap: \"sixteencharacter\" has 16 characters; an interface's name has at most 15",
                "f.yaml:7: ports.h4.tap: \"a b\" is not an interface's name: no spaces, no / : % and not . or ..",
                "f.yaml:8: ports.h5.tap: \"a/b\" is not an interface's name: no spaces, no / : % and not . or ..",
                "f.yaml:9: ports.h6.tap: \"..\" is not an interface's name: no spaces, no / : % and not . or ..",
                "f.yaml:10: ports.h7.tap: is empty; give the interface's name",
                "f.yaml:11: ports.h8: has two devices, tap and vhost-user; remove one",
                "f.yaml:12: ports.h9.tap: \"weft%d\" is not an interface's name: no spaces, no / : % and not . or ..");
        good(ports("h1: {network: a/w, tap: fifteencharacte}"));
    }

    @Test
    void shouldCheckGuestsSockets() {
        assertComplaints(
                ports(
                        "v1: {network: a/w, vhost-user: /run/one}",
                        "v2: {network: a/x, vhost-user: /run//./one, mode: server}",
                        "v3: {network: a/w, vhost-user: run/s}",
                        "v4: {network: a/w, vhost-user: \"\"}",
                        "v5: {network: a/w, vhost-user: /" + "x".repeat(107) + "}",
                        "v6: {network: a/w, vhost-user: /run/}",
                        "v7: {network: a/w, vhost-user: /run/weft/api.sock}",
                        "v8: {network: a/w, vhost-user: /run/8, queues: 17}",
                        "v9: {network: a/w, vhost-user: /run/9, mode: both}",
                        "t1: {network: a/w, tap: t1, mode: client, socket: {group: kvm}}"),
                "f.yaml:5: ports.v2.vhost-user: vhost-user /run//./one is taken by port v1; each port has a device of its own",
                "f.yaml:6: ports.v3.vhost-user: \"run/s\" is not a whole path; begin it with /, such as /run/weft/vm1.sock",
                "f.yaml:7: ports.v4.vhost-user: is empty; give the socket's path",
                "f.yaml:8: ports.v5.vhost-user: has 108 bytes, and a Unix socket's path at most 107; name a shorter one",
                "f.yaml:9: ports.v6.vhost-user: \"/run/\" is not the path of a file; name one, such as /run/weft/vm1.sock",
                "f.yaml:10: ports.v7.vhost-user: /run/weft/api.sock is the API's own socket (api.unix); name another",
                "f.yaml:11: ports.v8.queues: \"17\" is not a number from 1 to 16",
                "f.yaml:12: ports.v9.mode: \"both\" is none of client, server",
                "f.yaml:13: ports.t1.mode: belongs to vhost-user ports; this is a tap, so remove it",
                "f.yaml:13: ports.t1.socket: belongs to vhost-user ports; this is a tap, so remove it");
        good(ports("v: {network: a/w, vhost-user: /" + "x".repeat(106) + ", queues: 16, mtu: 9000}"));
    }

    @Test
    void shouldCheckWhoMayConnectToAGuestsSocket() {
        final Host host = new Host(_ -> true, _ -> 0, false, "root"::equals, "kvm"::equals, "/run"::equals);
        assertComplaints(
                host,
                ports(
                        "v1: {network: a/w, vhost-user: /run/1, mode: server, socket: {owner: root, group: kvm, mode: 0660}}",
                        "v2: {network: a/w, vhost-user: /run/2, mode: server, socket: {owner: me, group: us}}",
                        "v3: {network: a/w, vhost-user: /run/3, socket: {group: kvm}}",
                        "v4: {network: a/w, vhost-user: /run/4, mode: server, socket: {mode: 0960}}",
                        "v5: {network: a/w, vhost-user: /run/5, mode: server, socket: {mode: 0444}}",
                        "v6: {network: a/w, vhost-user: /srv/6, mode: server, socket: {user: root}}",
                        "v7: {network: a/w, vhost-user: /run/weft/7, mode: server}"),
                "f.yaml:5: ports.v2.socket.owner: there is no user \"me\" on this host; make it, or name another",
                "f.yaml:5: ports.v2.socket.group: there is no group \"us\" on this host; make it, or name another",
                "f.yaml:6: ports.v3.socket: is for a socket that the switch serves; in mode client the other side makes it:"
                        + " remove this, or say mode: server",
                "f.yaml:7: ports.v4.socket.mode: \"0960\" is not a file mode such as 0660",
                "f.yaml:8: ports.v5.socket.mode: lets nobody connect, which takes the right to write; such as 0660",
                "f.yaml:9: warning: ports.v6.vhost-user: there is no folder /srv yet; the port waits until somebody makes it",
                "f.yaml:9: ports.v6.socket.user: unknown key; known keys are group, mode, owner");
    }

    @Test
    void shouldSayWhatFitsWhenAPortsMtuDoesNot() {
        final Host host = new Host(_ -> true, _ -> 1500, false);
        final String tenants = """
                underlay: {address: [10.1.0.1, "fd00::1"]}
                tenants:
                  acme:
                    networks:
                      web: {vni: 5001, peers: [10.2.0.1]}
                      six: {vni: 5002, peers: [10.2.0.1, "fd00::2"]}
                      db:  {vni: 6002, encap: nvgre, peers: [10.2.0.1]}
                      db6: {vni: 6003, encap: nvgre, peers: ["fd00::2"]}
                      tag: {vni: 5004, encap: geneve, inner-vlan: keep, peers: [10.2.0.1]}
                ports:
                """;
        assertComplaints(
                host,
                tenants
                        + "  h1: {network: acme/web, tap: h1, mtu: 1500}\n  h2: {network: acme/six, tap: h2, mtu: 1431}\n"
                        + "  h3: {trunk: {1: acme/db, 2: acme/db6}, tap: h3, mtu: 1458}\n  h4: {network: acme/tag, tap: h4, mtu: 1447}\n",
                "f.yaml:11: ports.h1: mtu 1500 does not fit network acme/web: underlay mtu 1500 leaves 1450 (VXLAN over IPv4"
                        + " takes 50); set mtu: 1450 or underlay.mtu: 1550",
                "f.yaml:12: ports.h2: mtu 1431 does not fit network acme/six: underlay mtu 1500 leaves 1430 (VXLAN over IPv6"
                        + " takes 70); set mtu: 1430 or underlay.mtu: 1501",
                "f.yaml:13: ports.h3: mtu 1458 does not fit network acme/db6: underlay mtu 1500 leaves 1438 (NVGRE over IPv6"
                        + " takes 62); set mtu: 1438 or underlay.mtu: 1520",
                "f.yaml:14: ports.h4: mtu 1447 does not fit network acme/tag: underlay mtu 1500 leaves 1446 (Geneve with inner"
                        + " tags over IPv4 takes 54); set mtu: 1446 or underlay.mtu: 1501");
        final String fits = tenants
                + "  h1: {network: acme/web, tap: h1, mtu: 1450}\n  h3: {network: acme/db, tap: h3, mtu: 1458}\n";
        assertComplaints(host, fits);
        assertComplaints(Host.any(), tenants + "  h1: {network: acme/web, tap: h1, mtu: 9000}\n");
    }

    @Test
    void shouldRefuseAnUnderlayMtuThatTheInterfaceDoesNotHave() {
        assertComplaints(
                new Host(_ -> true, _ -> 1500, false),
                "underlay: {address: 10.1.0.1, mtu: 1600}",
                "f.yaml:1: underlay.mtu: 1600 is more than the 1500 of the interface that holds the address; raise that"
                        + " (ip link set dev NAME mtu 1600) or set underlay.mtu: 1500");
        assertComplaints(
                "underlay: {address: \"fd00::1\", mtu: 1000}",
                "f.yaml:1: underlay.mtu: 1000 is less than the 1280 that IPv6 needs");
    }

    @Test
    void shouldKnowWhatTunnelsTake() {
        assertEquals(50, Overhead.of(Encapsulation.VXLAN, false, false));
        assertEquals(70, Overhead.of(Encapsulation.VXLAN, true, false));
        assertEquals(42, Overhead.of(Encapsulation.NVGRE, false, false));
        assertEquals(62, Overhead.of(Encapsulation.NVGRE, true, false));
        assertEquals(50, Overhead.of(Encapsulation.GENEVE, false, false));
        assertEquals(70, Overhead.of(Encapsulation.GENEVE, true, false));
        assertEquals(54, Overhead.of(Encapsulation.VXLAN, false, true));
    }

    @Test
    void shouldCheckNames() {
        assertComplaints(
                "name: \"a b\"\n" + UNDERLAY
                        + "tenants:\n  \"a/b\": {networks: {\"\": {vni: 5}}}\nports:\n  underlay: {network: x/y, tap: u}\n",
                "f.yaml:1: name: \"a b\" is not a name: letters, digits, . _ - and at most 63 of them, beginning with a letter or"
                        + " digit",
                "f.yaml:4: tenants.a/b: \"a/b\" is not a name: letters, digits, . _ - and at most 63 of them, beginning with a"
                        + " letter or digit",
                "f.yaml:4: tenants.a/b.networks.: \"\" is not a name: letters, digits, . _ - and at most 63 of them, beginning"
                        + " with a letter or digit",
                "f.yaml:6: ports.underlay: the underlay has that name in listings and captures; take another",
                "f.yaml:6: ports.underlay.network: there is no network \"x/y\"; networks are a/b/");
    }

    @Test
    void shouldKeepTheApiFromStrangers() {
        assertComplaints(
                "api: {http: 0.0.0.0:4780}\n" + UNDERLAY,
                "f.yaml:1: api.http: 0.0.0.0 can be reached from other hosts; give api.tls, or listen on 127.0.0.1:4780",
                "f.yaml:1: api.http: over TCP every request carries a token; name its file in api.token-file");
        assertComplaints(
                "api: {http: 4780, unix: \"\"}\n" + UNDERLAY,
                "f.yaml:1: api.http: \"4780\" is not ADDRESS:PORT, such as 127.0.0.1:4780",
                "f.yaml:1: api.unix: is empty; give a path, such as /run/weft/api.sock");
        assertComplaints(
                "api: {tls: {certificate: a.pem}}\n" + UNDERLAY,
                "f.yaml:1: api.tls: key is missing: the path of a PEM file",
                "f.yaml:1: warning: api.tls: is of no use without api.http");
        assertComplaints(
                "api: {unix: /" + "x".repeat(107) + "}\n" + UNDERLAY,
                "f.yaml:1: api.unix: is longer than the 107 bytes that a Unix socket's path may have");
        good("api: {http: \"[::1]:4780\", token-file: /t}\n" + UNDERLAY);
        good("api: {http: \"[fd00::1]:4780\", tls: {certificate: a, key: b, client-ca: c}}\n" + UNDERLAY);
    }

    @Test
    void shouldCheckWorkers() {
        final Host two = new Host(cpu -> cpu < 2, _ -> 0, false);
        assertComplaints(
                two,
                "workers: [1, 1, 2]\n" + UNDERLAY,
                "f.yaml:1: workers[1]: CPU 1 is given twice; each worker has its own",
                "f.yaml:1: workers[2]: there is no CPU 2 online on this host");
    }

    @Test
    void shouldCheckUnderlay() {
        assertComplaints(
                """
                underlay:
                  address: [10.1.0.1, 10.1.0.2, 239.0.0.1]
                  mac: 02:00:00:00:00:01
                  gateway: 10.1.0.254
                  prefix: 24
                  neighbors: {10.1.0.254: 02:00:00:00:bb:02}
                """,
                "f.yaml:2: underlay.address[1]: at most one address of each family; 10.1.0.1 is already there",
                "f.yaml:2: underlay.address[2]: 239.0.0.1 cannot be a host's own address",
                "f.yaml:3: underlay.mac: belongs to a device that the switch owns; with device: kernel the kernel has it, remove it",
                "f.yaml:4: underlay.gateway: belongs to a device that the switch owns; with device: kernel the kernel has it,"
                        + " remove it",
                "f.yaml:5: underlay.prefix: belongs to a device that the switch owns; with device: kernel the kernel has it,"
                        + " remove it",
                "f.yaml:6: underlay.neighbors: belongs to a device that the switch owns; with device: kernel the kernel has it,"
                        + " remove it");
        good(BOTH);
    }

    @Test
    void shouldCheckAddressesOfStations() {
        assertComplaints(
                ports(
                        "h1: {network: a/w, tap: h1, mac: 02:00:00:00:00:01}",
                        "h2: {network: a/w, tap: h2, mac: 02:00:00:00:00:01}",
                        "h3: {network: a/w, tap: h3, mac: 01:00:5e:00:00:01}",
                        "h4: {network: a/w, tap: h4, mac: 2:0:0:0:0:1}",
                        "h5: {network: a/x, tap: h5, mac: 02:00:00:00:00:01}"),
                "f.yaml:5: ports.h2.mac: 02:00:00:00:00:01 is port h1's in network a/w",
                "f.yaml:6: ports.h3.mac: 01:00:5e:00:00:01 is a group's address; give the station's own",
                "f.yaml:7: ports.h4.mac: \"2:0:0:0:0:1\" is not a MAC address such as 02:00:00:00:00:01");
        assertComplaints(
                networks(
                        "v: {vni: 5, peers: [10.2.0.1], macs: {\"02:00:00:00:00:01\": 10.2.0.1, \"02:00:00:00:00:02\": h9,"
                                + " \"02:00:00:00:00:03@10\": 10.2.0.1, \"01:00:00:00:00:01\": 10.2.0.1, nonsense: h1}}"),
                "f.yaml:5: tenants.a.networks.v.macs.02:00:00:00:00:02: \"h9\" is neither a port nor a peer of a/v",
                "f.yaml:5: tenants.a.networks.v.macs.02:00:00:00:00:03@10: is in a VLAN, but the network does not keep tags; set"
                        + " inner-vlan: keep",
                "f.yaml:5: tenants.a.networks.v.macs.01:00:00:00:00:01: is not the address of a station (all zero, or a group's)",
                "f.yaml:5: tenants.a.networks.v.macs.nonsense: is not a MAC address such as 02:00:00:00:00:01, or"
                        + " 02:00:00:00:00:01@10 in VLAN 10");
    }

    @Test
    void shouldReadTheKernelsListOfCpus() {
        assertEquals("{0, 1, 2, 3, 8}", Host.cpus("0-3,8").toString());
    }
}
