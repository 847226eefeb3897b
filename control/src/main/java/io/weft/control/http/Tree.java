package io.weft.control.http;

import io.weft.control.ControlService;
import io.weft.control.config.Config;
import io.weft.control.config.Words;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** Reads the configuration as maps, and bodies that name one thing of it. */
final class Tree {
    private Tree() {}

    /** The map that the keys lead to; empty where there is none. */
    static Map<String, Object> at(final Map<String, Object> tree, final String... keys) {
        Map<?, ?> here = tree;
        for (final String key : keys) {
            here = here.get(key) instanceof Map<?, ?> next ? next : Map.of();
        }
        return copy(here);
    }

    /** @param tree the configuration's, made once for all that are asked for */
    static Map<String, Object> tenant(final Config config, final Map<String, Object> tree, final String name) {
        final Map<String, Object> view = named("name", name, at(tree, "tenants", name));
        final Config.Tenant tenant = config.tenants().get(name);
        if (tenant != null) {
            view.putIfAbsent("flow-cache", tenant.flowCache());
        }
        return view;
    }

    /** As configured, with what a file may leave out. */
    static Map<String, Object> network(final Config config, final Map<String, Object> tree, final String key) {
        final int slash = key.indexOf('/');
        final String tenant = key.substring(0, slash);
        final Map<String, Object> view =
                named("network", key, at(tree, "tenants", tenant, "networks", key.substring(slash + 1)));
        final Config.Network network = config.network(key);
        if (network != null) {
            view.putIfAbsent("encap", network.encap().name().toLowerCase(Locale.ROOT));
            if (network.port() > 0) {
                view.putIfAbsent("port", network.port());
            }
            view.putIfAbsent("peers", List.of());
            view.putIfAbsent("mac-limit", network.macLimit());
            view.putIfAbsent("mac-age", network.macAgeMs() + "ms");
        }
        return view;
    }

    static Map<String, Object> port(final Config config, final Map<String, Object> tree, final String name) {
        return named("name", name, at(tree, "ports", name));
    }

    /** Takes out what a GET adds to a thing: its name, which must be the one of the path, and its status. */
    static Map<String, Object> without(final Map<String, Object> body, final String key, final String path) {
        final Map<String, Object> wanted = new LinkedHashMap<>(body);
        wanted.remove("status");
        final Object name = wanted.remove(key);
        if (name != null && !name.equals(path)) {
            throw Problem.of(400, key + " is \"" + name + "\" in the body, but \"" + path + "\" in the path");
        }
        return wanted;
    }

    /** A text that the body must have. */
    static String text(final Map<String, Object> body, final String key) {
        if (body.get(key) instanceof String text && !text.isBlank()) {
            return text;
        }
        throw Problem.of(400, key + " is missing, or is no text: say which");
    }

    static void refuseUnknown(final Map<String, Object> body, final Set<String> known) {
        for (final String key : body.keySet()) {
            if (!known.contains(key)) {
                throw Problem.of(400, "unknown key \"" + Uris.printable(key) + "\": " + Words.hint(key, known, "keys"));
            }
        }
    }

    static Problem missing(final String what, final String name, final Collection<String> there, final String plural) {
        return Problem.of(
                404, "there is no " + what + " \"" + Uris.printable(name) + "\": " + Words.hint(name, there, plural));
    }

    /** The key of a network that is there. */
    static String existingNetwork(final ControlService service, final String key) {
        if (service.config().network(key) == null) {
            throw missing("network", key, service.config().networks().keySet(), "networks");
        }
        return key;
    }

    static String existingTenant(final ControlService service, final String name) {
        if (!service.config().tenants().containsKey(name)) {
            throw missing("tenant", name, service.config().tenants().keySet(), "tenants");
        }
        return name;
    }

    private static Map<String, Object> named(final String key, final String name, final Map<String, Object> rest) {
        final Map<String, Object> named = new LinkedHashMap<>();
        named.put(key, name);
        named.putAll(rest);
        return named;
    }

    private static Map<String, Object> copy(final Map<?, ?> map) {
        final Map<String, Object> copy = new LinkedHashMap<>();
        map.forEach((key, value) -> copy.put(String.valueOf(key), value));
        return copy;
    }
}
