package io.weft.control.http;

import io.weft.dataplane.api.Rows;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** JSON Schemas (2020-12) of what the API takes and gives. Those of rows are made of the records themselves. */
final class Schemas {
    private static final Map<String, Object> TEXT = Map.of("type", "string");
    private static final Map<String, Object> NUMBER = Map.of("type", "integer");
    private static final Map<String, Object> FLAG = Map.of("type", "boolean");
    private static final Map<String, Object> ANY = Map.of("type", "object");

    private Schemas() {}

    static Map<String, Object> reference(final String name) {
        return Map.of("$ref", "#/components/schemas/" + name);
    }

    static Map<String, Object> all() {
        final Map<String, Object> all = new TreeMap<>();
        rows(all);
        things(all);
        tables(all);
        all.put("OpenApi", ANY);
        all.put(
                "TraceRequest",
                object(
                        "port",
                        TEXT,
                        "underlay",
                        FLAG,
                        "endpoint",
                        TEXT,
                        "vni",
                        NUMBER,
                        "encap",
                        choice("vxlan", "nvgre", "geneve"),
                        "frame",
                        TEXT));
        all.put("Pcapng", Map.of("type", "string", "format", "binary"));
        all.put("Health", object("state", choice("starting", "running")));
        all.put(
                "Problem",
                object("type", TEXT, "title", TEXT, "status", NUMBER, "detail", TEXT, "complaints", list(TEXT)));
        return all;
    }

    private static void rows(final Map<String, Object> all) {
        for (final Class<?> type : Rows.class.getDeclaredClasses()) {
            if (type.isRecord()) {
                all.put(type.getSimpleName(), record(type));
            }
        }
        @SuppressWarnings("unchecked")
        final Map<String, Object> page = new LinkedHashMap<>(
                (Map<String, Object>) record(Rows.Status.class).get("properties"));
        page.putAll(Map.of(
                "name",
                TEXT,
                "version",
                TEXT,
                "state",
                TEXT,
                "started",
                TEXT,
                "uptime-ms",
                NUMBER,
                "revision",
                NUMBER));
        all.put("Status", Map.of("type", "object", "properties", page));
        all.put("NeighborList", object("neighbors", list(reference("NeighborRow"))));
        all.put(
                "Stats",
                object(
                        "time",
                        TEXT,
                        "uptime-ms",
                        NUMBER,
                        "ports",
                        list(object("name", TEXT, "state", TEXT, "traffic", reference("Traffic"))),
                        "underlay",
                        reference("Traffic"),
                        "tunnels",
                        list(reference("TunnelRow")),
                        "workers",
                        list(reference("WorkerRow")),
                        "books",
                        reference("Books"),
                        "balanced",
                        FLAG));
    }

    private static void things(final Map<String, Object> all) {
        final Map<String, Object> network = object(
                "network",
                TEXT,
                "vni",
                NUMBER,
                "encap",
                choice("vxlan", "nvgre", "geneve"),
                "port",
                NUMBER,
                "peers",
                list(TEXT),
                "group",
                TEXT,
                "mac-limit",
                NUMBER,
                "mac-age",
                TEXT,
                "status",
                ANY);
        final Map<String, Object> port = object(
                "name",
                TEXT,
                "network",
                TEXT,
                "trunk",
                Map.of("type", "object", "additionalProperties", TEXT),
                "tap",
                TEXT,
                "vhost-user",
                TEXT,
                "mode",
                choice("client", "server"),
                "socket",
                object("owner", TEXT, "group", TEXT, "mode", TEXT),
                "queues",
                NUMBER,
                "mtu",
                NUMBER,
                "mac",
                TEXT,
                "status",
                ANY);
        thing(
                all,
                "Tenant",
                object("name", TEXT, "flow-cache", NUMBER, "networks", map(reference("Network")), "status", ANY));
        thing(all, "Network", network);
        thing(all, "Port", port);
        thing(all, "Peer", object("network", TEXT, "address", TEXT, "configured", FLAG, "status", ANY));
        thing(all, "Mac", reference("MacRow"));
        all.put(
                "Config",
                object(
                        "name",
                        TEXT,
                        "workers",
                        list(NUMBER),
                        "idle",
                        choice("adaptive", "poll"),
                        "state",
                        TEXT,
                        "api",
                        ANY,
                        "underlay",
                        ANY,
                        "tenants",
                        map(reference("Tenant")),
                        "ports",
                        map(reference("Port"))));
        all.put("Patch", Map.of("type", "object", "description", "JSON merge patch (RFC 7396) on the configuration"));
        all.put("Change", change(Map.of()));
    }

    /** A thing, the list of all and the answer to a change of one. */
    private static void thing(final Map<String, Object> all, final String name, final Map<String, Object> schema) {
        all.put(name, schema);
        all.put(name + "List", object(name.toLowerCase(Locale.ROOT) + "s", list(reference(name))));
        all.put(name + "Change", change(reference(name)));
    }

    private static void tables(final Map<String, Object> all) {
        all.put("MacList", object("macs", list(reference("MacRow")), "truncated", FLAG));
        all.put("FlowList", object("flows", list(reference("FlowRow")), "truncated", FLAG));
        all.put("DropList", object("drops", list(reference("DropRow")), "total", NUMBER));
        all.put("Emptied", object("outcome", TEXT, "changes", list(TEXT)));
        all.put("Event", object("id", TEXT, "time", TEXT, "type", TEXT, "subject", TEXT, "detail", TEXT));
    }

    private static Map<String, Object> change(final Map<String, Object> object) {
        return object(
                "outcome",
                choice("applied", "nothing-to-do", "dry-run"),
                "revision",
                NUMBER,
                "changes",
                list(TEXT),
                "warnings",
                list(TEXT),
                "object",
                object);
    }

    private static Map<String, Object> record(final Class<?> type) {
        final Map<String, Object> properties = new LinkedHashMap<>();
        for (final RecordComponent component : type.getRecordComponents()) {
            properties.put(kebab(component.getName()), type(component.getGenericType()));
        }
        return Map.of("type", "object", "properties", properties);
    }

    private static Map<String, Object> type(final Type type) {
        if (type instanceof ParameterizedType list) {
            return list(type(list.getActualTypeArguments()[0]));
        }
        final Class<?> plain = (Class<?>) type;
        if (plain.isRecord()) {
            return reference(plain.getSimpleName());
        }
        if (plain == String.class) {
            return TEXT;
        }
        if (plain == boolean.class) {
            return FLAG;
        }
        return plain == double.class ? Map.of("type", "number") : NUMBER;
    }

    private static String kebab(final String name) {
        return name.replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
    }

    private static Map<String, Object> object(final Object... pairs) {
        final Map<String, Object> properties = new LinkedHashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            properties.put((String) pairs[i], pairs[i + 1]);
        }
        return Map.of("type", "object", "properties", properties);
    }

    private static Map<String, Object> list(final Object items) {
        return Map.of("type", "array", "items", items);
    }

    private static Map<String, Object> map(final Object values) {
        return Map.of("type", "object", "additionalProperties", values);
    }

    private static Map<String, Object> choice(final String... words) {
        return Map.of("type", "string", "enum", List.of(words));
    }
}
