package io.weft.control.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.control.config.Config.FixedMac;
import io.weft.control.config.Config.Network;
import io.weft.control.config.Config.Port;
import io.weft.encap.IpAddress;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** Refuses what the switch refuses: what dangles, and what is taken twice. */
final class ModelSwitch {
    private final Set<String> tenants = new HashSet<>();
    private final Map<String, Network> networks = new HashMap<>();
    private final Map<String, Set<IpAddress>> peers = new HashMap<>();
    private final Map<String, Port> ports = new HashMap<>();
    private final Map<String, Map<FixedMac, String>> macs = new HashMap<>();

    void take(final Change change, final long seed) {
        final String why = "seed " + seed + ": " + change.describe();
        switch (change) {
            case Change.AddTenant add -> assertTrue(tenants.add(add.name()), why);
            case Change.PutTenant put -> assertTrue(tenants.contains(put.name()), why);
            case Change.RemoveTenant remove -> {
                assertTrue(networks.keySet().stream().noneMatch(key -> key.startsWith(remove.name() + "/")), why);
                assertTrue(tenants.remove(remove.name()), why);
            }
            case Change.AddNetwork add -> {
                assertTrue(tenants.contains(add.key().substring(0, add.key().indexOf('/'))), why);
                networks.forEach((key, other) -> assertFree(add.network(), other, why));
                assertEquals(null, networks.put(add.key(), add.network()), why);
                peers.put(add.key(), new HashSet<>());
                macs.put(add.key(), new HashMap<>());
            }
            case Change.PutNetwork put -> {
                final Network old = networks.put(put.key(), put.to());
                assertEquals(old.vni(), put.to().vni(), why);
                assertEquals(old.port(), put.to().port(), why);
                assertEquals(old.encap(), put.to().encap(), why);
                assertTrue(
                        (old.group() == null) == (put.to().group() == null)
                                || peers.get(put.key()).isEmpty(),
                        why);
            }
            case Change.RemoveNetwork remove -> {
                ports.values().forEach(port -> assertFalse(port.networks().contains(remove.key()), why));
                assertTrue(networks.remove(remove.key()) != null, why);
                peers.remove(remove.key());
                macs.remove(remove.key());
            }
            case Change.AddPeer add -> assertTrue(peers.get(add.network()).add(add.endpoint()), why);
            case Change.RemovePeer remove -> {
                assertFalse(
                        macs.get(remove.network())
                                .containsValue(remove.endpoint().toString()),
                        why);
                assertTrue(peers.get(remove.network()).remove(remove.endpoint()), why);
            }
            case Change.AddPort add -> {
                ports.values()
                        .forEach(port ->
                                assertFalse(port.device().equals(add.port().device()), why));
                assertTrue(networks.keySet().containsAll(add.port().networks()), why);
                assertEquals(null, ports.put(add.name(), add.port()), why);
            }
            case Change.PutPort put -> {
                assertEquals(put.from(), ports.get(put.name()), why);
                assertEquals(put.from().device(), put.to().device(), why);
                assertEquals(Config.Device.Kind.VHOST_USER, put.to().device().kind(), why);
                assertTrue(networks.keySet().containsAll(put.to().networks()), why);
                // What is fixed to it would be lost.
                macs.values().forEach(fixed -> assertFalse(fixed.containsValue(put.name()), why));
                ports.put(put.name(), put.to());
            }
            case Change.RemovePort remove -> {
                remove.port()
                        .networks()
                        .forEach(key -> assertFalse(macs.get(key).containsValue(remove.name()), why));
                assertTrue(ports.remove(remove.name()) != null, why);
            }
            case Change.AddMac add -> {
                final boolean atPort = ports.containsKey(add.location())
                        && ports.get(add.location()).networks().contains(add.network());
                assertTrue(
                        atPort
                                || peers.get(add.network()).stream()
                                        .anyMatch(peer -> peer.toString().equals(add.location())),
                        why);
                assertEquals(null, macs.get(add.network()).put(add.mac(), add.location()), why);
            }
            case Change.RemoveMac remove ->
                assertEquals(remove.location(), macs.get(remove.network()).remove(remove.mac()), why);
        }
    }

    private static void assertFree(final Network one, final Network other, final String why) {
        final boolean same = one.vni() == other.vni() && one.encap() == other.encap() && one.port() == other.port();
        assertFalse(same, why);
    }
}
