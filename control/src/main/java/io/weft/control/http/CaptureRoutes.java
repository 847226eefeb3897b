package io.weft.control.http;

import io.weft.control.ControlService;
import io.weft.control.config.Units;
import io.weft.dataplane.Burst;
import io.weft.dataplane.api.CaptureSpec;
import io.weft.dataplane.api.SwitchException;
import io.weft.dataplane.port.CaptureFilter;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/** Frames as they pass a port. */
final class CaptureRoutes {
    private static final int MIN_SNAPLEN = 14;
    private static final Set<String> DIRECTIONS = Set.of("in", "out", "drop");
    private static final List<Route.Query> QUERY = List.of(
            new Route.Query("port", "string", "the port's name, or underlay; needed"),
            new Route.Query("filter", "string", "what passes, as tcpdump takes it; all where it is left out"),
            new Route.Query(
                    "direction",
                    "string",
                    "in (from the port), out (to the port), drop, or several of them with commas; all where it is left out"),
            new Route.Query("snaplen", "integer", "bytes of a frame that are kept; all where it is left out"),
            new Route.Query("count", "integer", "frames after which it ends"),
            new Route.Query("duration", "string", "time after which it ends, such as 30s"));

    private final Routes routes;

    CaptureRoutes(final Routes routes) {
        this.routes = routes;
    }

    List<Route> all() {
        return List.of(Route.get(
                "/v1/capture",
                "Frames as they pass a port or are dropped, as a stream of pcapng",
                "Pcapng",
                QUERY,
                this::capture));
    }

    private CompletableFuture<Answer> capture(final Call call) {
        final ControlService service = routes.service();
        final String port = port(service, call.query("port"));
        final List<String> directions = directions(call.query("direction"));
        final int snaplen =
                Math.min(Burst.MAX_FRAME, call.number("snaplen", Burst.MAX_FRAME, MIN_SNAPLEN, Integer.MAX_VALUE));
        final int count = call.number("count", 0, 1, Integer.MAX_VALUE);
        final long millis = duration(call.query("duration"));
        return filter(call.query("filter")).thenCompose(filter -> {
            final CaptureSpec spec = new CaptureSpec(
                    port,
                    directions.contains("in"),
                    directions.contains("out"),
                    directions.contains("drop"),
                    snaplen,
                    filter);
            return service.switchControl()
                    .capture(spec)
                    .thenApply(capture ->
                            Answer.stream("application/x-pcapng", new CaptureStream(capture, spec, count, millis)));
        });
    }

    private static String port(final ControlService service, final String name) {
        if (name == null || name.isEmpty()) {
            throw Problem.of(400, "port is missing: say which, or underlay");
        }
        final Set<String> known = service.config().ports().keySet();
        if (!known.contains(name) && !name.equals(CaptureSpec.UNDERLAY)) {
            final List<String> all = new ArrayList<>(known);
            all.add(CaptureSpec.UNDERLAY);
            throw Tree.missing("port", name, all, "ports");
        }
        return name;
    }

    private static List<String> directions(final String text) {
        if (text == null || text.isEmpty()) {
            return List.copyOf(DIRECTIONS);
        }
        final List<String> wanted = List.of(text.split(",", -1));
        if (!DIRECTIONS.containsAll(wanted)) {
            throw Problem.of(
                    400,
                    "direction is in, out, drop, or several of them with commas, not \"" + Uris.printable(text) + "\"");
        }
        return wanted;
    }

    private static long duration(final String text) {
        if (text == null) {
            return 0;
        }
        final long millis = Units.duration(text);
        if (millis <= 0) {
            throw Problem.of(400, "duration is a time like 30s or 5m, not \"" + Uris.printable(text) + "\"");
        }
        return millis;
    }

    /** Compiled beside the API's thread: it may look up names of hosts. */
    private static CompletableFuture<CaptureFilter> filter(final String expression) {
        if (expression == null || expression.isBlank()) {
            return CompletableFuture.completedFuture(null);
        }
        return CompletableFuture.supplyAsync(
                () -> {
                    try {
                        return CaptureFilter.compile(expression);
                    } catch (final SwitchException e) {
                        throw Problem.of(400, Uris.printable(e.getMessage()));
                    }
                },
                task -> Thread.ofPlatform().daemon().name("weft-filter").start(task));
    }
}
