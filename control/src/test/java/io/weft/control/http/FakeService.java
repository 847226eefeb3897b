package io.weft.control.http;

import io.weft.control.ControlService;
import io.weft.control.config.Complaint;
import io.weft.control.config.Config;
import io.weft.control.config.ConfigReader;
import io.weft.control.config.ConfigWriter;
import io.weft.control.config.Host;
import io.weft.dataplane.api.SwitchControl;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** Keeps a configuration and checks it with the real reader; there is no switch that takes it. */
final class FakeService implements ControlService {
    static final String START = """
            name: hv1
            underlay: {address: 127.0.0.1}
            tenants:
              acme:
                networks:
                  web: {vni: 5001, encap: vxlan, peers: [10.2.0.1]}
            ports:
              vm1: {network: acme/web, tap: vm1}
            """;

    final FakeSwitch fakeSwitch = new FakeSwitch();
    /** A change waits for this, as it does for workers that take their time. */
    volatile CompletableFuture<Void> workers = CompletableFuture.completedFuture(null);

    private Config config = ConfigReader.read(null, START, Host.any()).config();
    private long revision = 1;

    @Override
    public synchronized Config config() {
        return config;
    }

    @Override
    public String configText() {
        return ConfigWriter.yaml(config());
    }

    @Override
    public Map<String, Object> configTree() {
        return ConfigWriter.tree(config());
    }

    @Override
    public synchronized long revision() {
        return revision;
    }

    @Override
    public CompletableFuture<Result> apply(final String file, final String text, final boolean dryRun) {
        return workers.thenApply(done -> take(ConfigReader.read(file, text, Host.any()), dryRun));
    }

    private synchronized Result take(final ConfigReader.Reading reading, final boolean dryRun) {
        if (!reading.ok()) {
            return new Result(Outcome.INVALID, List.of(), reading.complaints(), config, revision);
        }
        final List<String> changes = reading.config().equals(config) ? List.of() : List.of("change");
        if (dryRun) {
            return new Result(Outcome.DRY_RUN, changes, reading.complaints(), config, revision);
        }
        if (changes.isEmpty()) {
            return new Result(Outcome.NOTHING_TO_DO, changes, reading.complaints(), config, revision);
        }
        config = reading.config();
        revision++;
        return new Result(Outcome.APPLIED, changes, reading.complaints(), config, revision);
    }

    /** Changes the tree: {@code value} null takes the key away. */
    private CompletableFuture<Result> set(final Object value, final String... keys) {
        final Map<String, Object> tree = deep(configTree());
        Map<String, Object> here = tree;
        for (int i = 0; i < keys.length - 1; i++) {
            here = child(here, keys[i]);
        }
        if (value == null) {
            here.remove(keys[keys.length - 1]);
        } else {
            here.put(keys[keys.length - 1], value);
        }
        return apply(null, new String(Json.bytes(tree), java.nio.charset.StandardCharsets.UTF_8), false);
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> child(final Map<String, Object> map, final String key) {
        return (Map<String, Object>) map.computeIfAbsent(key, k -> new LinkedHashMap<>());
    }

    private static Map<String, Object> deep(final Map<String, Object> tree) {
        return Json.object(Json.bytes(tree));
    }

    @Override
    public CompletableFuture<Result> patch(final Map<String, Object> patch, final boolean dryRun) {
        final Map<String, Object> tree = deep(configTree());
        tree.putAll(patch);
        return apply(null, new String(Json.bytes(tree), java.nio.charset.StandardCharsets.UTF_8), dryRun);
    }

    @Override
    public CompletableFuture<Result> putTenant(final String name, final Map<String, Object> body) {
        final Map<String, Object> tenant = child(child(deep(configTree()), "tenants"), name);
        tenant.putAll(body);
        return set(tenant, "tenants", name);
    }

    @Override
    public CompletableFuture<Result> removeTenant(final String name) {
        return set(null, "tenants", name);
    }

    @Override
    public CompletableFuture<Result> putNetwork(final String key, final Map<String, Object> body) {
        final String[] parts = key.split("/", 2);
        final Map<String, Object> network =
                child(child(child(child(deep(configTree()), "tenants"), parts[0]), "networks"), parts[1]);
        network.putAll(body);
        return set(network, "tenants", parts[0], "networks", parts[1]);
    }

    @Override
    public CompletableFuture<Result> removeNetwork(final String key) {
        final String[] parts = key.split("/", 2);
        return set(null, "tenants", parts[0], "networks", parts[1]);
    }

    @Override
    public CompletableFuture<Result> putPort(final String name, final Map<String, Object> body) {
        return set(body, "ports", name);
    }

    @Override
    public CompletableFuture<Result> removePort(final String name) {
        return set(null, "ports", name);
    }

    @Override
    public CompletableFuture<Result> addPeer(final String network, final String address) {
        final List<Object> peers = new ArrayList<>(
                config().network(network).peers().stream().map(Object::toString).toList());
        if (!peers.contains(address)) {
            peers.add(address);
        }
        return putNetwork(network, Map.of("peers", peers));
    }

    @Override
    public CompletableFuture<Result> removePeer(final String network, final String address) {
        final List<Object> peers = new ArrayList<>(
                config().network(network).peers().stream().map(Object::toString).toList());
        peers.remove(address);
        return putNetwork(network, Map.of("peers", peers));
    }

    @Override
    public CompletableFuture<Result> addMac(
            final String network, final int vlan, final String mac, final String location) {
        return putNetwork(network, Map.of("macs", Map.of(vlan < 0 ? mac : mac + "@" + vlan, location)));
    }

    @Override
    public CompletableFuture<Result> removeMac(final String network, final int vlan, final String mac) {
        final Complaint complaint = Complaint.of(network, "knows no " + mac);
        return CompletableFuture.completedFuture(
                new Result(Outcome.NOT_FOUND, List.of(), List.of(complaint), config(), revision()));
    }

    @Override
    public SwitchControl switchControl() {
        return fakeSwitch;
    }
}
