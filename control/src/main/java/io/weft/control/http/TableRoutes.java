package io.weft.control.http;

import io.weft.control.ControlService;
import io.weft.control.config.Macs;
import io.weft.dataplane.api.Rows;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/** The tables that frames fill: MAC addresses and flows. */
final class TableRoutes {
    private static final String OF_NETWORK = "/v1/macs/{tenant}/{network}";
    private static final String ONE = OF_NETWORK + "/{mac}";
    private static final int ROWS = 1_000;
    private static final int MAX_ROWS = 1_000_000;

    private final Routes routes;

    TableRoutes(final Routes routes) {
        this.routes = routes;
    }

    List<Route> all() {
        final List<Route.Query> one = List.of(Routes.VLAN);
        return List.of(
                Route.get(
                        "/v1/macs",
                        "MAC addresses, fixed and learned",
                        "MacList",
                        List.of(Routes.NETWORK, Routes.LIMIT),
                        call -> macs(call, call.query("network"))),
                new Route("POST", "/v1/macs", "Fixes an address to a place", List.of(), "Mac", "MacChange", this::post),
                Route.delete(
                        "/v1/macs",
                        "Forgets what was learned",
                        "Emptied",
                        List.of(Routes.NETWORK),
                        call -> flushMacs(call.query("network"))),
                Route.get(
                        OF_NETWORK,
                        "MAC addresses of a network",
                        "MacList",
                        List.of(Routes.LIMIT),
                        call -> macs(call, call.network())),
                Route.delete(
                        OF_NETWORK,
                        "Forgets what was learned in a network",
                        "Emptied",
                        List.of(),
                        call -> flushMacs(call.network())),
                Route.get(ONE, "One MAC address", "Mac", one, this::mac),
                Route.delete(ONE, "Forgets an address, fixed or learned", "Change", one, this::delete),
                Route.get(
                        "/v1/flows",
                        "Flow cache entries",
                        "FlowList",
                        List.of(Routes.TENANT, Routes.LIMIT),
                        this::flows),
                Route.delete(
                        "/v1/flows", "Empties the flow cache", "Emptied", List.of(Routes.TENANT), this::flushFlows));
    }

    private CompletableFuture<Answer> macs(final Call call, final String network) {
        final ControlService service = routes.service();
        if (network != null) {
            Tree.existingNetwork(service, network);
        }
        final int limit = call.number("limit", ROWS, 1, MAX_ROWS);
        return routes.later(service.switchControl().macs(network, limit + 1), rows -> table("macs", rows, limit));
    }

    private CompletableFuture<Answer> mac(final Call call) {
        final ControlService service = routes.service();
        final String network = Tree.existingNetwork(service, call.network());
        final String mac = canonical(call.argument("mac"));
        final int vlan = call.number("vlan", -1, 0, 4_094);
        return routes.later(
                service.switchControl().macs(network, MAX_ROWS),
                rows -> rows.stream()
                        .filter(row -> row.mac().equals(mac) && row.vlan() == vlan)
                        .findFirst()
                        .map(Answer::json)
                        .orElseThrow(() -> Problem.of(404, network + " knows no " + mac + inVlan(vlan))));
    }

    private CompletableFuture<Answer> post(final Call call) {
        final Map<String, Object> body = call.object();
        Tree.refuseUnknown(body, Set.of("network", "mac", "vlan", "location", "fixed", "idle-ms"));
        final String network = Tree.text(body, "network");
        final String mac = canonical(Tree.text(body, "mac"));
        final String location = Tree.text(body, "location");
        final int vlan = vlan(body.get("vlan"));
        return routes.change(
                call,
                s -> {
                    Tree.existingNetwork(s, network);
                    return true;
                },
                s -> s.addMac(network, vlan, mac, location),
                s -> new Rows.MacRow(network, vlan, mac, location, true, 0));
    }

    private CompletableFuture<Answer> delete(final Call call) {
        final String network = call.network();
        final String mac = canonical(call.argument("mac"));
        final int vlan = call.number("vlan", -1, 0, 4_094);
        return routes.change(
                call,
                s -> {
                    Tree.existingNetwork(s, network);
                    return false;
                },
                s -> s.removeMac(network, vlan, mac),
                s -> null);
    }

    private CompletableFuture<Answer> flushMacs(final String network) {
        final ControlService service = routes.service();
        if (network != null) {
            Tree.existingNetwork(service, network);
        }
        final String what = "forget learned addresses of " + (network == null ? "all networks" : network);
        return routes.later(service.switchControl().flushMacs(network), done -> Results.emptied(what));
    }

    private CompletableFuture<Answer> flows(final Call call) {
        final ControlService service = routes.service();
        final String tenant = call.query("tenant");
        if (tenant != null) {
            Tree.existingTenant(service, tenant);
        }
        final int limit = call.number("limit", ROWS, 1, MAX_ROWS);
        return routes.later(service.switchControl().flows(tenant, limit + 1), rows -> table("flows", rows, limit));
    }

    private CompletableFuture<Answer> flushFlows(final Call call) {
        final ControlService service = routes.service();
        final String tenant = call.query("tenant");
        if (tenant != null) {
            Tree.existingTenant(service, tenant);
        }
        final String what = "empty the flow cache of " + (tenant == null ? "all tenants" : tenant);
        return routes.later(service.switchControl().flushFlows(tenant), done -> Results.emptied(what));
    }

    /** @param rows one more than the limit where there are more */
    private static Answer table(final String key, final List<?> rows, final int limit) {
        final Map<String, Object> body = new LinkedHashMap<>();
        body.put(key, rows.size() > limit ? rows.subList(0, limit) : rows);
        body.put("truncated", rows.size() > limit);
        return Answer.json(body);
    }

    private static String canonical(final String text) {
        final long mac = Macs.parse(text);
        if (mac < 0) {
            throw Problem.of(400, "mac is six bytes like 02:00:00:00:00:01, not \"" + Uris.printable(text) + "\"");
        }
        return Macs.format(mac);
    }

    private static int vlan(final Object value) {
        if (value == null) {
            return -1;
        }
        if (value instanceof Integer vlan && vlan >= -1 && vlan <= 4_094) {
            return vlan;
        }
        throw Problem.of(400, "vlan is a number from 0 to 4094, or -1 for none");
    }

    private static String inVlan(final int vlan) {
        return vlan < 0 ? "" : " in VLAN " + vlan;
    }
}
