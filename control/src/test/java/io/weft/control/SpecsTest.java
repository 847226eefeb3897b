package io.weft.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.weft.control.config.Complaining;
import io.weft.control.config.Config;
import io.weft.control.config.ConfigReader;
import io.weft.control.config.Host;
import io.weft.control.config.Overhead;
import io.weft.dataplane.api.NetworkSpec;
import io.weft.dataplane.api.SwitchException;
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
    void shouldRefuseADeviceOfALaterVersion() {
        final Config config = ConfigReader.read(null, """
                        underlay: {address: 10.1.0.1}
                        tenants: {a: {networks: {w: {vni: 5}}}}
                        ports: {vm: {network: a/w, vhost-user: /run/vm.sock}}
                        """, Host.replay()).config();
        final SwitchException refused = assertThrows(
                SwitchException.class, () -> Specs.port("vm", config.ports().get("vm")));
        assertEquals("port vm: vhost-user is not in this version; use tap: NAME", refused.getMessage());
    }
}
