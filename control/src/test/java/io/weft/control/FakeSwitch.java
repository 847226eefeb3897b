package io.weft.control;

import io.weft.dataplane.api.NetworkSpec;
import io.weft.dataplane.api.PortSpec;
import io.weft.dataplane.api.Rows;
import io.weft.dataplane.api.SwitchControl;
import io.weft.dataplane.api.SwitchException;
import io.weft.dataplane.api.TenantSpec;
import io.weft.encap.IpAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;

/** Remembers what it is told as one text for each thing it has, and fails where the test wants. */
final class FakeSwitch implements SwitchControl {
    final Map<String, String> things = new TreeMap<>();
    final List<String> orders = new ArrayList<>();
    Predicate<String> fails = _ -> false;

    private CompletableFuture<Void> set(final String key, final Object value) {
        final String order = "set " + key;
        orders.add(order);
        if (fails.test(order)) {
            return CompletableFuture.failedFuture(new SwitchException("no " + key + " today; try tomorrow"));
        }
        things.put(key, String.valueOf(value));
        return CompletableFuture.completedFuture(null);
    }

    private CompletableFuture<Void> remove(final String key) {
        final String order = "remove " + key;
        orders.add(order);
        if (fails.test(order) || !things.containsKey(key) || isUsed(key)) {
            return CompletableFuture.failedFuture(new SwitchException("cannot remove " + key));
        }
        things.keySet().removeIf(thing -> thing.equals(key) || thing.endsWith(" of " + key));
        return CompletableFuture.completedFuture(null);
    }

    private boolean isUsed(final String key) {
        final String networks = "network " + key.substring(key.indexOf(' ') + 1) + "/";
        return key.startsWith("tenant ") && things.keySet().stream().anyMatch(thing -> thing.startsWith(networks));
    }

    @Override
    public CompletableFuture<Void> putTenant(final TenantSpec tenant) {
        return set("tenant " + tenant.name(), tenant);
    }

    @Override
    public CompletableFuture<Void> removeTenant(final String name) {
        return remove("tenant " + name);
    }

    @Override
    public CompletableFuture<Void> putNetwork(final NetworkSpec network) {
        return set("network " + network.key(), network);
    }

    @Override
    public CompletableFuture<Void> removeNetwork(final String key) {
        return remove("network " + key);
    }

    @Override
    public CompletableFuture<Void> putPort(final PortSpec port) {
        if (things.containsKey("port " + port.name()) && port.kind() != PortSpec.Kind.VHOST_USER) {
            return CompletableFuture.failedFuture(new SwitchException("port " + port.name() + " is there already"));
        }
        return set("port " + port.name(), port);
    }

    @Override
    public CompletableFuture<Void> removePort(final String name) {
        return remove("port " + name);
    }

    @Override
    public CompletableFuture<Void> addPeer(final String network, final IpAddress endpoint) {
        return set("peer " + endpoint + " of network " + network, "");
    }

    @Override
    public CompletableFuture<Void> removePeer(final String network, final IpAddress endpoint) {
        return remove("peer " + endpoint + " of network " + network);
    }

    @Override
    public CompletableFuture<Void> addMac(final String network, final int vlan, final long mac, final String location) {
        return set("mac " + vlan + " " + Long.toHexString(mac) + " of network " + network, location);
    }

    @Override
    public CompletableFuture<Void> removeMac(final String network, final int vlan, final long mac) {
        return remove("mac " + vlan + " " + Long.toHexString(mac) + " of network " + network);
    }

    @Override
    public CompletableFuture<Void> flushMacs(final String network) {
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public CompletableFuture<Void> flushFlows(final String tenant) {
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public CompletableFuture<Rows.Status> status() {
        throw new UnsupportedOperationException();
    }

    @Override
    public CompletableFuture<List<Rows.MacRow>> macs(final String network, final int limit) {
        return CompletableFuture.completedFuture(List.of());
    }

    @Override
    public CompletableFuture<List<Rows.FlowRow>> flows(final String tenant, final int limit) {
        return CompletableFuture.completedFuture(List.of());
    }

    @Override
    public CompletableFuture<List<Rows.DropRow>> drops() {
        return CompletableFuture.completedFuture(List.of());
    }

    @Override
    public void onEvent(final EventListener listener) {
        // Nothing happens here.
    }
}
