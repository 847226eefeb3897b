package io.weft.control.http;

import io.weft.control.ControlService;
import io.weft.control.config.Config;
import io.weft.dataplane.api.Rows;
import io.weft.encap.IpAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/** The other hosts of each network: those configured and those that frames came from. */
final class PeerRoutes {
    private static final String ONE = "/v1/peers/{tenant}/{network}/{address}";

    private final Routes routes;

    PeerRoutes(final Routes routes) {
        this.routes = routes;
    }

    List<Route> all() {
        return List.of(
                Route.get("/v1/peers", "All peers", "PeerList", List.of(Routes.NETWORK), this::list),
                new Route("POST", "/v1/peers", "Adds a peer", List.of(), "Peer", "PeerChange", this::post),
                Route.get(ONE, "One peer", "Peer", List.of(), this::get),
                new Route("PUT", ONE, "Adds a peer that may be there", List.of(), null, "PeerChange", this::put),
                Route.delete(ONE, "Removes a peer", "Change", List.of(), this::delete));
    }

    private CompletableFuture<Answer> list(final Call call) {
        final String network = call.query("network");
        if (network != null) {
            Tree.existingNetwork(routes.service(), network);
        }
        return routes.status(status -> Answer.json(Map.of("peers", rows(status, network))));
    }

    private CompletableFuture<Answer> get(final Call call) {
        final String network = Tree.existingNetwork(routes.service(), call.network());
        final IpAddress address = address(call.argument("address"));
        return routes.status(status -> rows(status, network).stream()
                .filter(row -> row.get("address").equals(address.toString()))
                .findFirst()
                .map(Answer::json)
                .orElseThrow(() -> missing(routes.service(), network, address)));
    }

    private CompletableFuture<Answer> post(final Call call) {
        final Map<String, Object> body = call.object();
        Tree.refuseUnknown(body, Set.of("network", "address", "configured", "status"));
        final String network = Tree.text(body, "network");
        final IpAddress address = address(Tree.text(body, "address"));
        return add(call, network, address, true);
    }

    private CompletableFuture<Answer> put(final Call call) {
        return add(call, call.network(), address(call.argument("address")), false);
    }

    private CompletableFuture<Answer> add(
            final Call call, final String network, final IpAddress address, final boolean onlyNew) {
        return routes.change(
                call,
                s -> {
                    final boolean there = isPeer(s, network, address);
                    if (there && onlyNew) {
                        throw Problem.of(409, address + " is a peer of " + network + " already");
                    }
                    return !there;
                },
                s -> s.addPeer(network, address.toString()),
                s -> object(network, address.toString()));
    }

    private CompletableFuture<Answer> delete(final Call call) {
        final String network = call.network();
        final IpAddress address = address(call.argument("address"));
        return routes.change(
                call,
                s -> {
                    if (!isPeer(s, network, address)) {
                        throw missing(s, network, address);
                    }
                    return false;
                },
                s -> s.removePeer(network, address.toString()),
                s -> null);
    }

    private static boolean isPeer(final ControlService service, final String key, final IpAddress address) {
        Tree.existingNetwork(service, key);
        return service.config().network(key).peers().contains(address);
    }

    private List<Map<String, Object>> rows(final Rows.Status status, final String only) {
        final Config config = routes.service().config();
        final List<Map<String, Object>> rows = new ArrayList<>();
        config.networks().forEach((key, network) -> {
            if (only == null || only.equals(key)) {
                network.peers().forEach(peer -> {
                    final Map<String, Object> row = object(key, peer.toString());
                    row.put("status", Status.tunnel(status, key, peer.toString()));
                    rows.add(row);
                });
            }
        });
        for (final Rows.TunnelRow tunnel : status.tunnels()) {
            if (!tunnel.configured() && (only == null || only.equals(tunnel.network()))) {
                final Map<String, Object> row = object(tunnel.network(), tunnel.endpoint());
                row.put("configured", false);
                row.put("status", Status.tunnel(tunnel));
                rows.add(row);
            }
        }
        return rows;
    }

    private static Map<String, Object> object(final String network, final String address) {
        final Map<String, Object> object = new LinkedHashMap<>();
        object.put("network", network);
        object.put("address", address);
        object.put("configured", true);
        return object;
    }

    private static IpAddress address(final String text) {
        try {
            return IpAddress.parse(text);
        } catch (final IllegalArgumentException e) {
            throw Problem.of(400, "address: " + Uris.printable(e.getMessage()));
        }
    }

    private static Problem missing(final ControlService service, final String network, final IpAddress address) {
        final List<String> there = service.config().network(network).peers().stream()
                .map(IpAddress::toString)
                .toList();
        return Tree.missing("peer", address.toString(), there, "peers of " + network);
    }
}
