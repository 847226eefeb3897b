package io.weft.control.http;

import io.weft.dataplane.api.Rows;
import java.util.Map;

/** What the switch says of one thing, without what its configuration says already; null where it knows nothing of it. */
final class Status {
    private Status() {}

    static Map<String, Object> tenant(final Rows.Status status, final String name) {
        return status.tenants().stream()
                .filter(row -> row.name().equals(name))
                .findFirst()
                .<Map<String, Object>>map(row -> Map.of("flows", row.flows(), "networks", row.networks()))
                .orElse(null);
    }

    static Map<String, Object> network(final Rows.Status status, final String key) {
        return status.networks().stream()
                .filter(row -> row.key().equals(key))
                .findFirst()
                .<Map<String, Object>>map(row -> Map.of("macs", row.macs(), "ports", row.ports(), "mtu", row.mtu()))
                .orElse(null);
    }

    static Map<String, Object> port(final Rows.Status status, final String name) {
        return status.ports().stream()
                .filter(row -> row.name().equals(name))
                .findFirst()
                .map(row -> {
                    final Map<String, Object> map = Json.map(row);
                    map.remove("name");
                    return map;
                })
                .orElse(null);
    }

    /** What a tunnel carried, or null where no frame went through it. */
    static Map<String, Object> tunnel(final Rows.Status status, final String network, final String endpoint) {
        return status.tunnels().stream()
                .filter(row -> row.network().equals(network) && row.endpoint().equals(endpoint))
                .findFirst()
                .map(Status::tunnel)
                .orElse(null);
    }

    static Map<String, Object> tunnel(final Rows.TunnelRow row) {
        final Map<String, Object> map = Json.map(row);
        map.keySet().removeAll(java.util.List.of("network", "endpoint", "configured"));
        return map;
    }
}
