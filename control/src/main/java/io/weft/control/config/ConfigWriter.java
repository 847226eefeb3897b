package io.weft.control.config;

import io.weft.control.config.Config.Api;
import io.weft.control.config.Config.Device;
import io.weft.control.config.Config.Idle;
import io.weft.control.config.Config.Network;
import io.weft.control.config.Config.Port;
import io.weft.control.config.Config.Tenant;
import io.weft.control.config.Config.Underlay;
import io.weft.dataplane.api.NetworkSpec.UdpChecksum;
import io.weft.encap.Encapsulation;
import io.weft.encap.IpAddress;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Writes a configuration as a file that reads back equal, leaving out what is as it would be anyway. There is no secret
 * to leave out: tokens and keys are named by path.
 */
public final class ConfigWriter {
    private ConfigWriter() {}

    /** The configuration as YAML. */
    public static String yaml(final Config config) {
        return YamlText.of(tree(config));
    }

    /** A tree such as {@link #tree}, perhaps with what no configuration has, as YAML. */
    public static String yaml(final Map<String, Object> tree) {
        return YamlText.of(tree);
    }

    /** The configuration as maps, lists, strings, numbers and booleans, keys in the order that files have them. */
    public static Map<String, Object> tree(final Config config) {
        final Map<String, Object> tree = new LinkedHashMap<>();
        put(tree, "name", config.name(), "");
        put(tree, "workers", config.workers(), List.of());
        put(tree, "idle", Words.word(config.idle()), Words.word(Idle.ADAPTIVE));
        put(tree, "state", config.state(), Config.DEFAULT_STATE);
        put(tree, "api", api(config.api()), Map.of());
        tree.put("underlay", underlay(config.underlay()));
        put(tree, "tenants", tenants(config), Map.of());
        final Map<String, Object> ports = new LinkedHashMap<>();
        config.ports().forEach((name, port) -> ports.put(name, port(port)));
        put(tree, "ports", ports, Map.of());
        return tree;
    }

    private static void put(
            final Map<String, Object> tree, final String key, final Object value, final Object ordinary) {
        if (value != null && !value.equals(ordinary)) {
            tree.put(key, value);
        }
    }

    private static Map<String, Object> api(final Api api) {
        final Map<String, Object> tree = new LinkedHashMap<>();
        put(tree, "unix", api.unix(), Config.DEFAULT_UNIX);
        put(tree, "http", api.http(), null);
        put(tree, "token-file", api.tokenFile(), null);
        if (api.tls() != null) {
            final Map<String, Object> tls = new LinkedHashMap<>();
            tls.put("certificate", api.tls().certificate());
            tls.put("key", api.tls().key());
            put(tls, "client-ca", api.tls().clientCa(), null);
            tree.put("tls", tls);
        }
        return tree;
    }

    private static Map<String, Object> underlay(final Underlay underlay) {
        final Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("address", texts(underlay.addresses()));
        put(tree, "accept", underlay.acceptAny() ? "any" : "peers", "peers");
        if (underlay.device().kind() != Device.Kind.KERNEL) {
            final Map<String, Object> device = new LinkedHashMap<>();
            device(device, underlay.device());
            put(device, "queues", underlay.queues(), 0);
            tree.put("device", device);
        }
        put(tree, "mac", mac(underlay.mac()), null);
        put(tree, "gateway", texts(underlay.gateway()), List.of());
        put(tree, "prefix", underlay.prefix(), 0);
        put(tree, "prefix6", underlay.prefix6(), 0);
        put(tree, "vlan", underlay.vlan(), 0);
        final Map<String, Object> neighbors = new LinkedHashMap<>();
        underlay.neighbors().keySet().stream()
                .sorted()
                .forEach(address -> neighbors.put(
                        address.toString(), Macs.format(underlay.neighbors().get(address))));
        put(tree, "neighbors", neighbors, Map.of());
        put(tree, "mtu", underlay.mtu(), 0);
        return tree;
    }

    private static Map<String, Object> tenants(final Config config) {
        final Map<String, Object> tenants = new LinkedHashMap<>();
        config.tenants().forEach((name, tenant) -> tenants.put(name, tenant(tenant)));
        return tenants;
    }

    private static Map<String, Object> tenant(final Tenant tenant) {
        final Map<String, Object> tree = new LinkedHashMap<>();
        put(tree, "flow-cache", tenant.flowCache(), Config.DEFAULT_FLOW_CACHE);
        final Map<String, Object> networks = new LinkedHashMap<>();
        tenant.networks().forEach((name, network) -> networks.put(name, network(network)));
        put(tree, "networks", networks, Map.of());
        return tree;
    }

    private static Map<String, Object> network(final Network network) {
        final Map<String, Object> tree = new LinkedHashMap<>();
        final boolean nvgre = network.encap() == Encapsulation.NVGRE;
        tree.put("vni", network.vni());
        tree.put("encap", network.encap().label());
        put(tree, "port", network.port(), network.encap().defaultPort());
        put(tree, "peers", texts(network.peers()), List.of());
        put(tree, "group", network.group() == null ? null : network.group().toString(), null);
        put(tree, "flow-id", nvgre ? network.flowId() : null, true);
        put(tree, "inner-vlan", network.keepInnerVlan() ? "keep" : null, null);
        put(tree, "udp-checksum", Words.word(network.udpChecksum()), Words.word(UdpChecksum.AUTO));
        put(tree, "mss-clamp", network.mssClamp() ? true : null, null);
        put(tree, "mac-limit", network.macLimit(), Config.DEFAULT_MAC_LIMIT);
        put(tree, "mac-age", Units.formatDuration(network.macAgeMs()), Units.formatDuration(Config.DEFAULT_MAC_AGE_MS));
        final Map<String, Object> macs = new LinkedHashMap<>();
        network.macs().forEach((mac, location) -> macs.put(mac.toString(), location));
        put(tree, "macs", macs, Map.of());
        return tree;
    }

    private static Map<String, Object> port(final Port port) {
        final Map<String, Object> tree = new LinkedHashMap<>();
        put(tree, "network", port.network(), null);
        final Map<String, Object> trunk = new LinkedHashMap<>();
        port.trunk().forEach((vlan, network) -> trunk.put(vlan.toString(), network));
        put(tree, "trunk", trunk, Map.of());
        device(tree, port.device());
        put(tree, "queues", port.queues(), 0);
        put(tree, "mtu", port.mtu(), 0);
        put(tree, "mac", mac(port.mac()), null);
        return tree;
    }

    private static void device(final Map<String, Object> tree, final Device device) {
        tree.put(device.kind().key(), device.name());
        put(tree, "mode", device.mode() == null ? null : Words.word(device.mode()), null);
        if (device.socket() != null) {
            final Map<String, Object> socket = new LinkedHashMap<>();
            put(socket, "owner", device.socket().owner(), null);
            put(socket, "group", device.socket().group(), null);
            socket.put(
                    "mode", String.format(Locale.ROOT, "%04o", device.socket().mode()));
            tree.put("socket", socket);
        }
    }

    private static String mac(final long mac) {
        return mac == 0 ? null : Macs.format(mac);
    }

    private static List<String> texts(final List<IpAddress> addresses) {
        return addresses.stream().map(IpAddress::toString).toList();
    }
}
