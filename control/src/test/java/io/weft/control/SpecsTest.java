package io.weft.control;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.weft.control.config.Complaining;
import io.weft.control.config.Config;
import io.weft.control.config.Overhead;
import io.weft.dataplane.api.NetworkSpec;
import io.weft.dataplane.api.PortSpec;
import io.weft.dataplane.api.PortSpec.VhostSpec;
import org.junit.jupiter.api.Test;

class SpecsTest {
    @Test
    void shouldTakeAsMuchForATunnelAsTheDataPlaneDoes() {
        final Config config = Complaining.good("""
                underlay: {address: [10.1.0.1, "fd00::1"]}
                tenants:
                  a:
                    networks:
                      v4: {vni: 1, peers: [10.2.0.1]}
                      v6: {vni: 2, peers: ["fd00::2"], inner-vlan: keep}
                      n4: {vni: 5000, encap: nvgre, peers: [10.2.0.1]}
                      n6: {vni: 5001, encap: nvgre, peers: ["fd00::2"]}
                      g4: {vni: 6, encap: geneve, peers: [10.2.0.1], inner-vlan: keep}
                      g6: {vni: 7, encap: geneve, peers: [10.2.0.1, "fd00::2"]}
                """);
        config.networks().forEach((key, network) -> {
            final NetworkSpec spec = Specs.network(key, network);
            final int family = key.endsWith("6") ? 6 : 4;
            assertEquals(io.weft.dataplane.Overhead.bytes(spec, family), Overhead.of(network, config.underlay()), key);
        });
    }

    @Test
    void shouldNameAGuestsSocket() {
        final Config config = Complaining.good("""
                underlay: {address: [10.1.0.1]}
                tenants: {a: {networks: {w: {vni: 5}}}}
                ports:
                  vm1: {network: a/w, vhost-user: /run/vm1.sock}
                  vm2: {network: a/w, vhost-user: /run/vm2.sock, mode: server, queues: 4}
                  vm3: {network: a/w, vhost-user: /run/vm3.sock, mode: server, socket: {owner: me, group: kvm}}
                """);
        final PortSpec first = Specs.port("vm1", config.ports().get("vm1"));
        assertEquals(PortSpec.Kind.VHOST_USER, first.kind());
        assertEquals(1, first.queues());
        assertEquals(VhostSpec.client("/run/vm1.sock"), first.vhost());
        final PortSpec second = Specs.port("vm2", config.ports().get("vm2"));
        assertEquals(4, second.queues());
        assertEquals(VhostSpec.server("/run/vm2.sock"), second.vhost());
        assertEquals(
                new VhostSpec("/run/vm3.sock", VhostSpec.Mode.SERVER, "me", "kvm", 0660),
                Specs.port("vm3", config.ports().get("vm3")).vhost());
    }
}
