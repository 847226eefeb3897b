package io.weft.control.config;

import io.weft.control.config.Config.Device;
import io.weft.control.config.Config.FixedMac;
import io.weft.control.config.Config.Network;
import io.weft.control.config.Config.Port;
import io.weft.control.config.Config.Tenant;
import io.weft.dataplane.api.NetworkSpec.UdpChecksum;
import io.weft.encap.IpAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * The steps from one configuration to another, in an order in which nothing ever names what is not there and no VNI,
 * UDP port or device is taken twice: all removals, inside out, then all additions.
 *
 * <p>A network whose identifier, encapsulation or UDP port changes is another network: it is removed and added. So is one
 * that changes whether its port takes zero checksums over IPv6, which the switch wants alike of all networks on a port at
 * every moment; a port with any change; and a port whose network goes or becomes another, because the switch does not
 * remove a network that a port uses. But a guest's port that keeps its socket is changed in place, and detached while its
 * network is away, so that the guest's link stays up. Where a network gets or loses its multicast group its peers are removed and added,
 * because being flooded to or not is settled when a peer is added. Owned by the thread that asks.
 */
public final class ConfigDiff {
    private final Config actual;
    private final Config wanted;
    private final List<Change> removals = new ArrayList<>();
    private final List<Change> additions = new ArrayList<>();

    private ConfigDiff(final Config actual, final Config wanted) {
        this.actual = actual;
        this.wanted = wanted;
    }

    /** The steps for tenants, networks, peers, ports and fixed addresses; none if both say the same. */
    public static List<Change> between(final Config actual, final Config wanted) {
        final ConfigDiff diff = new ConfigDiff(actual, wanted);
        diff.macs();
        diff.ports();
        diff.networks();
        diff.tenants();
        final List<Change> all = new ArrayList<>(diff.removals);
        all.addAll(diff.additions.reversed());
        return all;
    }

    /** What cannot be changed while the switch runs: a complaint for each key that differs. */
    public static List<Complaint> fixed(final Config actual, final Config wanted) {
        final List<Complaint> complaints = new ArrayList<>();
        fixed(complaints, "name", actual.name(), wanted.name());
        fixed(complaints, "workers", actual.workers(), wanted.workers());
        fixed(complaints, "idle", Words.word(actual.idle()), Words.word(wanted.idle()));
        fixed(complaints, "state", actual.state(), wanted.state());
        final Map<String, Object> from = ConfigWriter.tree(actual);
        final Map<String, Object> to = ConfigWriter.tree(wanted);
        fixedSection(complaints, "api", from, to);
        fixedSection(complaints, "underlay", from, to);
        return complaints;
    }

    private static void fixedSection(
            final List<Complaint> complaints,
            final String key,
            final Map<String, Object> from,
            final Map<String, Object> to) {
        final Map<?, ?> old = (Map<?, ?>) from.getOrDefault(key, Map.of());
        final Map<?, ?> changed = (Map<?, ?>) to.getOrDefault(key, Map.of());
        final List<Object> keys = new ArrayList<>(old.keySet());
        changed.keySet().stream().filter(k -> !old.containsKey(k)).forEach(keys::add);
        keys.forEach(k -> fixed(complaints, key + "." + k, old.get(k), changed.get(k)));
    }

    private static void fixed(final List<Complaint> complaints, final String key, final Object from, final Object to) {
        if (!Objects.equals(from, to)) {
            complaints.add(Complaint.of(
                    key,
                    "cannot change while the switch runs (" + text(from) + " -> " + text(to)
                            + "); change it in the file and restart"));
        }
    }

    private static String text(final Object value) {
        return value == null || "".equals(value) || List.of().equals(value) ? "not set" : value.toString();
    }

    // Additions are gathered in the order of removals and reversed at the end: what goes last comes first.

    private void macs() {
        actual.networks().forEach((key, network) -> {
            final boolean stays = staysNetwork(key);
            network.macs().forEach((mac, location) -> {
                // A network that goes takes its addresses along; but those at ports go before their ports do.
                if (stays ? !staysMac(key, mac, location) : actual.ports().containsKey(location)) {
                    removals.add(new Change.RemoveMac(key, mac, location));
                }
            });
        });
        wanted.networks()
                .forEach((key, network) -> network.macs().forEach((mac, location) -> {
                    if (!staysNetwork(key) || !staysMac(key, mac, location)) {
                        additions.add(new Change.AddMac(key, mac, location));
                    }
                }));
    }

    private void ports() {
        actual.ports().forEach((name, port) -> {
            if (!staysPort(name) && !keepsSocket(name)) {
                removals.add(new Change.RemovePort(name, port));
            } else if (!stayNetworks(port)) {
                removals.add(new Change.PutPort(name, port, Changes.detached(port)));
            }
        });
        final List<Change> added = new ArrayList<>();
        wanted.ports().forEach((name, port) -> {
            if (staysPort(name)) {
                return;
            }
            final Port old = actual.ports().get(name);
            added.add(
                    !keepsSocket(name)
                            ? new Change.AddPort(name, port)
                            : new Change.PutPort(name, stayNetworks(old) ? old : Changes.detached(old), port));
        });
        additions.addAll(added.reversed());
    }

    private void networks() {
        final List<Change> removedNetworks = new ArrayList<>();
        actual.networks().forEach((key, network) -> {
            if (!staysNetwork(key)) {
                removedNetworks.add(new Change.RemoveNetwork(key, network));
                return;
            }
            network.peers().stream()
                    .filter(peer -> !staysPeer(key, peer))
                    .forEach(peer -> removals.add(new Change.RemovePeer(key, peer)));
        });
        removals.addAll(removedNetworks);
        final List<Change> added = new ArrayList<>();
        final List<Change> addedPeers = new ArrayList<>();
        wanted.networks().forEach((key, network) -> {
            final Network old = staysNetwork(key) ? actual.network(key) : null;
            if (old == null) {
                added.add(new Change.AddNetwork(key, network));
            } else if (!Changes.bare(old).equals(Changes.bare(network))) {
                added.add(new Change.PutNetwork(key, old, network));
            }
            network.peers().stream()
                    .filter(peer -> old == null || !staysPeer(key, peer))
                    .forEach(peer -> addedPeers.add(new Change.AddPeer(key, peer)));
        });
        additions.addAll(addedPeers.reversed());
        additions.addAll(added.reversed());
    }

    private void tenants() {
        final List<Change> added = new ArrayList<>();
        actual.tenants().keySet().stream()
                .filter(name -> !wanted.tenants().containsKey(name))
                .forEach(name -> removals.add(new Change.RemoveTenant(name)));
        wanted.tenants().forEach((name, tenant) -> {
            final Tenant old = actual.tenants().get(name);
            if (old == null) {
                added.add(new Change.AddTenant(name, tenant));
            } else if (old.flowCache() != tenant.flowCache()) {
                added.add(new Change.PutTenant(name, old, tenant));
            }
        });
        additions.addAll(added.reversed());
    }

    private boolean staysNetwork(final String key) {
        final Network from = actual.network(key);
        final Network to = wanted.network(key);
        return from != null
                && to != null
                && from.vni() == to.vni()
                && from.encap() == to.encap()
                && from.port() == to.port()
                && (zeroChecksums(from) == zeroChecksums(to)
                        || !actual.underlay().has(true));
    }

    private static boolean zeroChecksums(final Network network) {
        return network.udpChecksum() == UdpChecksum.OFF;
    }

    /** In a network that stays. */
    private boolean staysPeer(final String key, final IpAddress peer) {
        final Network from = actual.network(key);
        final Network to = wanted.network(key);
        return from.peers().contains(peer)
                && to.peers().contains(peer)
                && (from.group() == null) == (to.group() == null);
    }

    private boolean staysPort(final String name) {
        final Port from = actual.ports().get(name);
        return from != null && from.equals(wanted.ports().get(name)) && stayNetworks(from);
    }

    private boolean stayNetworks(final Port port) {
        return port.networks().stream().allMatch(this::staysNetwork);
    }

    /** A guest's port that need not be opened again. */
    private boolean keepsSocket(final String name) {
        final Port from = actual.ports().get(name);
        final Port to = wanted.ports().get(name);
        return from != null
                && to != null
                && from.device().kind() == Device.Kind.VHOST_USER
                && from.device().equals(to.device())
                && from.queues() == to.queues();
    }

    /** In a network that stays: a fixed address stays where it is unless its place goes, if only to come again. */
    private boolean staysMac(final String key, final FixedMac mac, final String location) {
        final boolean same = location.equals(actual.network(key).macs().get(mac))
                && location.equals(wanted.network(key).macs().get(mac));
        return same
                && (actual.ports().containsKey(location)
                        ? staysPort(location)
                        : actual.network(key).peers().stream()
                                .filter(peer -> peer.toString().equals(location))
                                .allMatch(peer -> staysPeer(key, peer)));
    }
}
