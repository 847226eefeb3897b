package io.weft.control.http;

import io.weft.control.ControlService;
import io.weft.control.ControlService.Result;
import io.weft.control.config.Config;
import io.weft.control.config.ConfigWriter;
import io.weft.dataplane.api.Rows;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/**
 * Lists, shows, makes, changes and removes tenants, networks and ports: three kinds of thing that differ in their {@link
 * Kind} only.
 */
final class ThingRoutes {
    private final Routes routes;
    private final Kind kind;

    private ThingRoutes(final Routes routes, final Kind kind) {
        this.routes = routes;
        this.kind = kind;
    }

    static List<Route> all(final Routes routes) {
        final List<Route> all = new ArrayList<>();
        for (final Kind kind : List.of(TENANT, NETWORK, PORT)) {
            all.addAll(new ThingRoutes(routes, kind).five());
        }
        return all;
    }

    /**
     * @param key of the name in a thing's object
     * @param path template of one of them
     * @param names those that are there
     * @param wanted one as configured
     * @param status what the switch says of one, or null
     */
    private record Kind(
            String word,
            String plural,
            String key,
            String path,
            String schema,
            Function<Call, String> name,
            Function<Config, Collection<String>> names,
            View wanted,
            Actual status,
            Put put,
            Remove remove) {}

    private interface View {
        Map<String, Object> of(Config config, Map<String, Object> tree, String name);
    }

    private interface Actual {
        Map<String, Object> of(Rows.Status status, String name);
    }

    private interface Put {
        CompletableFuture<Result> in(ControlService service, String name, Map<String, Object> body);
    }

    private interface Remove {
        CompletableFuture<Result> from(ControlService service, String name);
    }

    private static final Kind TENANT = new Kind(
            "tenant",
            "tenants",
            "name",
            "/v1/tenants/{tenant}",
            "Tenant",
            call -> call.argument("tenant"),
            config -> config.tenants().keySet(),
            Tree::tenant,
            Status::tenant,
            ControlService::putTenant,
            ControlService::removeTenant);
    private static final Kind NETWORK = new Kind(
            "network",
            "networks",
            "network",
            "/v1/networks/{tenant}/{network}",
            "Network",
            Call::network,
            config -> config.networks().keySet(),
            Tree::network,
            Status::network,
            ControlService::putNetwork,
            ControlService::removeNetwork);
    private static final Kind PORT = new Kind(
            "port",
            "ports",
            "name",
            "/v1/ports/{port}",
            "Port",
            call -> call.argument("port"),
            config -> config.ports().keySet(),
            Tree::port,
            Status::port,
            ControlService::putPort,
            ControlService::removePort);

    private List<Route> five() {
        final String list = "/v1/" + kind.plural;
        final List<Route.Query> query = kind.word.equals("network") ? List.of(Routes.TENANT) : List.of();
        return List.of(
                Route.get(list, "All " + kind.plural, kind.schema + "List", query, this::list),
                new Route(
                        "POST",
                        list,
                        "Makes a " + kind.word,
                        List.of(),
                        kind.schema,
                        kind.schema + "Change",
                        this::post),
                Route.get(kind.path, "One " + kind.word, kind.schema, List.of(), this::get),
                new Route(
                        "PUT",
                        kind.path,
                        "Makes or changes a " + kind.word,
                        List.of(),
                        kind.schema,
                        kind.schema + "Change",
                        this::put),
                Route.delete(kind.path, "Removes a " + kind.word, "Change", List.of(), this::delete));
    }

    private CompletableFuture<Answer> list(final Call call) {
        final String tenant = call.query("tenant");
        if (tenant != null) {
            Tree.existingTenant(routes.service(), tenant);
        }
        return routes.status(status -> {
            final ControlService service = routes.service();
            final List<Map<String, Object>> all = new ArrayList<>();
            final Config config = service.config();
            final Map<String, Object> tree = ConfigWriter.tree(config);
            for (final String name : kind.names.apply(config)) {
                if (tenant == null || name.startsWith(tenant + "/")) {
                    all.add(view(kind.wanted.of(config, tree, name), status, name));
                }
            }
            return Answer.json(Map.of(kind.plural, all));
        });
    }

    private CompletableFuture<Answer> get(final Call call) {
        final String name = kind.name.apply(call);
        requireThere(routes.service(), name);
        return routes.status(status -> {
            requireThere(routes.service(), name);
            return Answer.json(view(wanted(routes.service(), name), status, name));
        });
    }

    private CompletableFuture<Answer> put(final Call call) {
        final String name = kind.name.apply(call);
        final Map<String, Object> body = Tree.without(call.object(), kind.key, name);
        return routes.change(call, s -> !isThere(s, name), s -> kind.put.in(s, name, body), s -> wanted(s, name));
    }

    private CompletableFuture<Answer> post(final Call call) {
        final Map<String, Object> sent = call.object();
        final String name = Tree.text(sent, kind.key);
        if (kind.word.equals("network") && name.indexOf('/') < 1) {
            throw Problem.of(400, "network is TENANT/NAME, not \"" + Uris.printable(name) + "\"");
        }
        final Map<String, Object> body = Tree.without(sent, kind.key, name);
        return routes.change(
                call,
                s -> {
                    if (isThere(s, name)) {
                        throw Problem.of(
                                409,
                                "the " + kind.word + " \"" + name
                                        + "\" is there already: use another name, or change it (`weft "
                                        + kind.word + " set`, PUT)");
                    }
                    return true;
                },
                s -> kind.put.in(s, name, body),
                s -> wanted(s, name));
    }

    private CompletableFuture<Answer> delete(final Call call) {
        final String name = kind.name.apply(call);
        return routes.change(
                call,
                s -> {
                    requireThere(s, name);
                    return false;
                },
                s -> kind.remove.from(s, name),
                s -> null);
    }

    private boolean isThere(final ControlService service, final String name) {
        return kind.names.apply(service.config()).contains(name);
    }

    private void requireThere(final ControlService service, final String name) {
        if (!isThere(service, name)) {
            throw Tree.missing(kind.word, name, kind.names.apply(service.config()), kind.plural);
        }
    }

    private Map<String, Object> wanted(final ControlService service, final String name) {
        return kind.wanted.of(service.config(), service.configTree(), name);
    }

    private Map<String, Object> view(final Map<String, Object> wanted, final Rows.Status status, final String name) {
        final Map<String, Object> view = new LinkedHashMap<>(wanted);
        view.put("status", kind.status.of(status, name));
        return view;
    }
}
