package io.weft.control;

import io.weft.control.config.Change;
import io.weft.control.config.Changes;
import io.weft.control.config.Config;
import io.weft.control.config.Config.FixedMac;
import io.weft.control.config.Config.Network;
import io.weft.control.config.ConfigReader;
import io.weft.control.config.Words;
import io.weft.encap.IpAddress;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/** Single changes as new wanted configurations; throws {@link Refusal} where what is named is not there. */
final class Edits {
    private Edits() {}

    static Config removeTenant(final Config config, final String name) {
        final Config.Tenant tenant = config.tenants().get(name);
        if (tenant == null) {
            throw Refusal.notFound(
                    "tenants." + name,
                    "there is no such tenant; "
                            + Words.hint(name, config.tenants().keySet(), "tenants"));
        }
        if (!tenant.networks().isEmpty()) {
            throw Refusal.conflict(
                    "tenants." + name,
                    "has networks: " + String.join(", ", tenant.networks().keySet()) + "; remove them first");
        }
        return Changes.apply(config, new Change.RemoveTenant(name));
    }

    static Config removeNetwork(final Config config, final String key) {
        final Network network = network(config, key);
        final List<String> users = config.ports().entrySet().stream()
                .filter(port -> port.getValue().networks().contains(key))
                .map(Map.Entry::getKey)
                .toList();
        if (!users.isEmpty()) {
            throw Refusal.conflict(path(key), "is used by ports: " + String.join(", ", users) + "; remove them first");
        }
        return Changes.apply(config, new Change.RemoveNetwork(key, network));
    }

    /** Addresses fixed to the port go with it. */
    static Config removePort(final Config config, final String name) {
        final Config.Port port = config.ports().get(name);
        if (port == null) {
            throw Refusal.notFound(
                    "ports." + name,
                    "there is no such port; " + Words.hint(name, config.ports().keySet(), "ports"));
        }
        Config wanted = Changes.apply(config, new Change.RemovePort(name, port));
        for (final String key : port.networks()) {
            wanted = withoutMacs(wanted, key, name::equals);
        }
        return wanted;
    }

    static Config addPeer(final Config config, final String key, final String address) {
        final IpAddress peer = address(key, address);
        return network(config, key).peers().contains(peer)
                ? config
                : Changes.apply(config, new Change.AddPeer(key, peer));
    }

    /** Addresses fixed to the peer go with it. */
    static Config removePeer(final Config config, final String key, final String address) {
        final IpAddress peer = address(key, address);
        final List<IpAddress> peers = network(config, key).peers();
        if (!peers.contains(peer)) {
            throw Refusal.notFound(
                    path(key) + ".peers",
                    "there is no peer " + peer + "; "
                            + Words.hint(
                                    peer.toString(),
                                    peers.stream().map(IpAddress::toString).toList(),
                                    "peers"));
        }
        return withoutMacs(Changes.apply(config, new Change.RemovePeer(key, peer)), key, peer.toString()::equals);
    }

    static Config addMac(final Config config, final String key, final FixedMac mac, final String location) {
        network(config, key);
        return Changes.apply(config, new Change.AddMac(key, mac, canonical(location)));
    }

    static Config removeMac(final Config config, final String key, final FixedMac mac) {
        return Changes.apply(config, new Change.RemoveMac(key, mac, ""));
    }

    static Network network(final Config config, final String key) {
        final Network network = config.network(key);
        if (network == null) {
            throw Refusal.notFound(
                    path(key),
                    "there is no such network; "
                            + Words.hint(key, config.networks().keySet(), "networks"));
        }
        return network;
    }

    static FixedMac mac(final String key, final int vlan, final String mac) {
        final FixedMac fixed = ConfigReader.fixedMac(vlan < 0 ? mac : mac + "@" + vlan);
        if (fixed == null || (vlan < 0 && fixed.vlan() >= 0)) {
            throw Refusal.invalid(
                    path(key) + ".macs",
                    Words.quoted(mac) + " is not a MAC address such as 02:00:00:00:00:01"
                            + (vlan < 0 ? "" : ", or " + vlan + " not a VLAN identifier from 1 to 4094"));
        }
        return fixed;
    }

    /** {@code tenant/name} as the path of its key. */
    static String path(final String key) {
        final int slash = key.indexOf('/');
        return slash < 0
                ? "tenants." + key
                : "tenants." + key.substring(0, slash) + ".networks." + key.substring(slash + 1);
    }

    private static Config withoutMacs(final Config config, final String key, final Predicate<String> at) {
        Config wanted = config;
        for (final Map.Entry<FixedMac, String> entry :
                config.network(key).macs().entrySet()) {
            if (at.test(entry.getValue())) {
                wanted = removeMac(wanted, key, entry.getKey());
            }
        }
        return wanted;
    }

    private static IpAddress address(final String key, final String text) {
        try {
            return IpAddress.parse(text);
        } catch (final IllegalArgumentException _) {
            throw Refusal.invalid(path(key) + ".peers", Words.quoted(text) + " is not an IP address");
        }
    }

    /** A peer's address as this program writes it; a port's name as it is. */
    private static String canonical(final String location) {
        try {
            return IpAddress.parse(location).toString();
        } catch (final IllegalArgumentException _) {
            return location;
        }
    }
}
