package io.weft.control.http;

import io.weft.control.ControlService;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/** The stream of events. */
final class EventRoutes {
    private static final Route.Query TYPE =
            new Route.Query("type", "string", "only this type, or all types that begin with it and a dot");
    private static final Route.Query AFTER =
            new Route.Query("after", "string", "id after which to go on; the header Last-Event-ID says the same");

    private final Supplier<ControlService> service;
    private final Limits limits;
    private final ApiCounters counters;

    EventRoutes(final Supplier<ControlService> service, final Limits limits, final ApiCounters counters) {
        this.service = service;
        this.limits = limits;
        this.counters = counters;
    }

    List<Route> all() {
        return List.of(Route.get(
                "/v1/events", "What happens, as server-sent events", "Event", List.of(TYPE, AFTER), this::events));
    }

    private CompletableFuture<Answer> events(final Call call) {
        Objects.requireNonNull(service.get(), "refused while there is none");
        if (counters.subscribers.get() >= limits.subscribers()) {
            throw Problem.of(503, limits.subscribers() + " readers follow the events already: end one of them");
        }
        final String after = call.query("after") != null ? call.query("after") : call.lastEventId();
        return Routes.now(Answer.stream(new EventHub.Request(after, call.query("type"))));
    }
}
