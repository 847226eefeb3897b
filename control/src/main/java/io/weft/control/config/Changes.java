package io.weft.control.config;

import io.weft.control.config.Config.Device;
import io.weft.control.config.Config.FixedMac;
import io.weft.control.config.Config.Network;
import io.weft.control.config.Config.Port;
import io.weft.control.config.Config.Tenant;
import io.weft.encap.IpAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.StringJoiner;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

/** What a {@link Change} makes of a configuration, and its words. */
public final class Changes {
    private Changes() {}

    /** Returns the configuration with the change made. */
    public static Config apply(final Config config, final Change change) {
        return switch (change) {
            case Change.AddTenant add ->
                tenant(config, add.name(), new Tenant(add.tenant().flowCache(), new TreeMap<>()));
            case Change.PutTenant put ->
                tenant(
                        config,
                        put.name(),
                        new Tenant(
                                put.to().flowCache(),
                                config.tenants().get(put.name()).networks()));
            case Change.RemoveTenant remove -> tenant(config, remove.name(), null);
            case Change.AddNetwork add -> network(config, add.key(), _ -> bare(add.network()));
            case Change.PutNetwork put ->
                network(config, put.key(), there(old -> withMacs(withPeers(put.to(), old.peers()), old.macs())));
            case Change.RemoveNetwork remove -> network(config, remove.key(), _ -> null);
            case Change.AddPeer add ->
                network(config, add.network(), there(old -> withPeers(old, plus(old.peers(), add.endpoint()))));
            case Change.RemovePeer remove ->
                network(config, remove.network(), there(old -> withPeers(old, minus(old.peers(), remove.endpoint()))));
            case Change.AddPort add -> port(config, add.name(), add.port());
            case Change.PutPort put -> port(config, put.name(), put.to());
            case Change.RemovePort remove -> port(config, remove.name(), null);
            case Change.AddMac add ->
                network(config, add.network(), there(old -> withMacs(old, put(old.macs(), add.mac(), add.location()))));
            case Change.RemoveMac remove ->
                network(config, remove.network(), there(old -> withMacs(old, put(old.macs(), remove.mac(), null))));
        };
    }

    private static Config tenant(final Config config, final String name, final Tenant tenant) {
        return config.with(put(config.tenants(), name, tenant), config.ports());
    }

    private static Config port(final Config config, final String name, final Port port) {
        return config.with(config.tenants(), put(config.ports(), name, port));
    }

    private static Config network(final Config config, final String key, final UnaryOperator<Network> change) {
        final int slash = key.indexOf('/');
        final String tenant = key.substring(0, slash);
        final String name = key.substring(slash + 1);
        final Tenant old = config.tenants().get(tenant);
        if (old == null) {
            return config;
        }
        final Network network = change.apply(old.networks().get(name));
        return tenant(config, tenant, new Tenant(old.flowCache(), put(old.networks(), name, network)));
    }

    /** What is not there, because its own step failed, stays away. */
    private static UnaryOperator<Network> there(final UnaryOperator<Network> change) {
        return old -> old == null ? null : change.apply(old);
    }

    private static <K, V> SortedMap<K, V> put(final SortedMap<K, V> map, final K key, final V value) {
        final SortedMap<K, V> copy = new TreeMap<>(map);
        if (value == null) {
            copy.remove(key);
        } else {
            copy.put(key, value);
        }
        return copy;
    }

    private static List<IpAddress> plus(final List<IpAddress> peers, final IpAddress peer) {
        final List<IpAddress> copy = new ArrayList<>(peers);
        copy.add(peer);
        return copy;
    }

    private static List<IpAddress> minus(final List<IpAddress> peers, final IpAddress peer) {
        return peers.stream().filter(other -> !other.equals(peer)).toList();
    }

    static Network bare(final Network network) {
        return withMacs(withPeers(network, List.of()), new TreeMap<>());
    }

    static Network withPeers(final Network n, final List<IpAddress> peers) {
        return new Network(
                n.vni(),
                n.encap(),
                n.port(),
                peers,
                n.group(),
                n.flowId(),
                n.keepInnerVlan(),
                n.udpChecksum(),
                n.macLimit(),
                n.macAgeMs(),
                n.macs(),
                n.mssClamp());
    }

    static Network withMacs(final Network n, final SortedMap<FixedMac, String> macs) {
        return new Network(
                n.vni(),
                n.encap(),
                n.port(),
                n.peers(),
                n.group(),
                n.flowId(),
                n.keepInnerVlan(),
                n.udpChecksum(),
                n.macLimit(),
                n.macAgeMs(),
                macs,
                n.mssClamp());
    }

    /** The port in no network. */
    static Port detached(final Port port) {
        return new Port(port.device(), null, new TreeMap<>(), port.queues(), port.mtu(), port.mac());
    }

    static String what(final Network network) {
        final boolean ordinary = network.port() == network.encap().defaultPort();
        return " (" + network.encap().label() + " " + network.vni() + (ordinary ? "" : ", port " + network.port())
                + ")";
    }

    static String what(final Port port) {
        return " (" + port.device() + (port.device().mode() == Device.Mode.SERVER ? " (server)" : "") + " on "
                + where(port)
                + (port.queues() == 0 ? "" : ", queues " + port.queues())
                + (port.mtu() == 0 ? "" : ", mtu " + port.mtu())
                + (port.mac() == 0 ? "" : ", mac " + Macs.format(port.mac())) + ")";
    }

    private static String where(final Port port) {
        if (!port.isTrunk()) {
            return port.network();
        }
        if (port.trunk().isEmpty()) {
            return "none";
        }
        final StringJoiner vlans = new StringJoiner(", ", "trunk {", "}");
        port.trunk().forEach((vlan, network) -> vlans.add(vlan + ": " + network));
        return vlans.toString();
    }

    static String difference(final Network from, final Network to) {
        final Differences words = new Differences();
        words.add("group", from.group() == null ? "none" : from.group(), to.group() == null ? "none" : to.group());
        words.add("flow-id", onOff(from.flowId()), onOff(to.flowId()));
        words.add("inner-vlan", from.keepInnerVlan() ? "keep" : "drop", to.keepInnerVlan() ? "keep" : "drop");
        words.add("udp-checksum", Words.word(from.udpChecksum()), Words.word(to.udpChecksum()));
        words.add("mss-clamp", onOff(from.mssClamp()), onOff(to.mssClamp()));
        words.add("mac-limit", from.macLimit(), to.macLimit());
        words.add("mac-age", Units.formatDuration(from.macAgeMs()), Units.formatDuration(to.macAgeMs()));
        return words.toString();
    }

    static String difference(final Port from, final Port to) {
        final Differences words = new Differences();
        words.add("network", where(from), where(to));
        words.add("mtu", orDefault(from.mtu()), orDefault(to.mtu()));
        words.add("mac", macOrAny(from.mac()), macOrAny(to.mac()));
        return words.toString();
    }

    private static String orDefault(final int mtu) {
        return mtu == 0 ? "default" : Integer.toString(mtu);
    }

    private static String macOrAny(final long mac) {
        return mac == 0 ? "any" : Macs.format(mac);
    }

    private static String onOff(final boolean on) {
        return on ? "on" : "off";
    }

    /** Lists what differs. */
    private static final class Differences {
        private final StringJoiner all = new StringJoiner(", ");

        void add(final String key, final Object from, final Object to) {
            if (!from.equals(to)) {
                all.add(key + " " + from + " -> " + to);
            }
        }

        @Override
        public String toString() {
            return all.toString();
        }
    }
}
