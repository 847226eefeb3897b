package io.weft.control.http;

import io.weft.control.ControlService;
import io.weft.dataplane.api.Rows;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** What the switch is doing. */
final class StatusRoutes {
    private final Routes routes;
    private final BooleanSupplier serving;
    private final ApiCounters counters;
    private final long startNanos = System.nanoTime();
    private final Instant start = Instant.now();

    StatusRoutes(final Routes routes, final BooleanSupplier serving, final ApiCounters counters) {
        this.routes = routes;
        this.serving = serving;
        this.counters = counters;
    }

    List<Route> all() {
        return List.of(
                Route.get("/v1/healthz", "Whether it answers, and whether it runs", "Health", List.of(), this::health),
                Route.get("/v1/status", "Everything on one page", "Status", List.of(), this::status),
                Route.get("/v1/stats", "Counts since start", "Stats", List.of(), this::stats),
                Route.get("/v1/drops", "Drops by reason, port and network", "DropList", List.of(), this::drops),
                Route.get(
                        "/v1/neighbors",
                        "Next hops of an underlay of the switch's own",
                        "NeighborList",
                        List.of(),
                        this::neighbors),
                Route.get("/metrics", "Prometheus' text format 0.0.4", "text/plain", List.of(), this::metrics));
    }

    private CompletableFuture<Answer> health(final Call call) {
        final boolean running = serving.getAsBoolean();
        return Routes.now(Answer.json(running ? 200 : 503, Map.of("state", running ? "running" : "starting")));
    }

    private CompletableFuture<Answer> status(final Call call) {
        return routes.status(status -> {
            final ControlService service = routes.service();
            final Map<String, Object> body = new LinkedHashMap<>();
            body.put("name", service.config().name());
            body.put("version", ApiServer.version());
            body.put("state", status.problems().isEmpty() ? "running" : "degraded");
            body.put("started", start.toString());
            body.put("uptime-ms", TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startNanos));
            body.put("revision", service.revision());
            body.putAll(Json.map(status));
            return Answer.json(body);
        });
    }

    private CompletableFuture<Answer> stats(final Call call) {
        return routes.status(status -> {
            final Map<String, Object> body = new LinkedHashMap<>();
            body.put("time", Instant.now().toString());
            body.put("uptime-ms", TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startNanos));
            body.put("ports", status.ports().stream().map(StatusRoutes::port).toList());
            body.put("underlay", status.underlay());
            body.put("tunnels", status.tunnels());
            body.put("workers", status.workers());
            body.put("books", status.books());
            body.put("balanced", status.books().balanced());
            return Answer.json(body);
        });
    }

    private static Map<String, Object> port(final Rows.PortRow row) {
        final Map<String, Object> port = new LinkedHashMap<>();
        port.put("name", row.name());
        port.put("state", row.state());
        port.put("traffic", row.traffic());
        return port;
    }

    private CompletableFuture<Answer> drops(final Call call) {
        return routes.later(routes.service().switchControl().drops(), rows -> {
            final Map<String, Object> body = new LinkedHashMap<>();
            body.put("drops", rows);
            body.put("total", rows.stream().mapToLong(Rows.DropRow::count).sum());
            return Answer.json(body);
        });
    }

    private CompletableFuture<Answer> neighbors(final Call call) {
        return routes.status(
                status -> Answer.json(Map.of("neighbors", status.link().neighbors())));
    }

    private CompletableFuture<Answer> metrics(final Call call) {
        final ControlService service = routes.service();
        return routes.later(
                service.switchControl()
                        .status()
                        .thenCombine(
                                service.switchControl().drops(),
                                (status, drops) -> new MetricsPage()
                                        .host(service.config().name(), start)
                                        .status(status)
                                        .drops(drops)
                                        .api(counters)),
                page -> Answer.bytes(Answer.METRICS, page.bytes()));
    }
}
