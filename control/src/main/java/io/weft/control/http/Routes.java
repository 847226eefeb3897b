package io.weft.control.http;

import io.weft.control.ControlService;
import io.weft.control.ControlService.Result;
import io.weft.control.http.Route.Query;
import io.weft.dataplane.api.Rows;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Function;
import java.util.function.Supplier;

/** What all routes share: the service, the order of changes, and the API's thread, on which answers are made. */
final class Routes {
    static final Query DRY_RUN = new Query("dry-run", "boolean", "only say what would be done");
    static final Query TENANT = new Query("tenant", "string", "only of this tenant");
    static final Query NETWORK = new Query("network", "string", "only of this network: tenant/name");
    static final Query VLAN = new Query("vlan", "integer", "inner VLAN; none where it is left out");
    static final Query LIMIT = new Query("limit", "integer", "rows at most; 1,000 where it is left out");

    private final Supplier<ControlService> service;
    private final Changes changes;
    private final Executor thread;

    /** @param service throws {@link Problem} 503 while there is none */
    Routes(final Supplier<ControlService> service, final Changes changes, final Executor thread) {
        this.service = service;
        this.changes = changes;
        this.thread = thread;
    }

    ControlService service() {
        return service.get();
    }

    /** An answer made of the switch's status. */
    CompletableFuture<Answer> status(final Function<Rows.Status, Answer> answer) {
        return later(service().switchControl().status(), answer);
    }

    <T> CompletableFuture<Answer> later(final CompletableFuture<T> question, final Function<T, Answer> answer) {
        return question.thenApplyAsync(answer, thread);
    }

    static CompletableFuture<Answer> now(final Answer answer) {
        return CompletableFuture.completedFuture(answer);
    }

    /** A change that is made when those before it are, and only if the revision is still the one that the caller saw. */
    CompletableFuture<Answer> change(
            final Call call,
            final Function<ControlService, CompletableFuture<Result>> change,
            final Function<ControlService, Object> object) {
        return change(call, s -> false, change, object);
    }

    /** @param made whether the thing is not there yet, asked just before the change */
    CompletableFuture<Answer> change(
            final Call call,
            final Function<ControlService, Boolean> made,
            final Function<ControlService, CompletableFuture<Result>> change,
            final Function<ControlService, Object> object) {
        final ControlService s = service();
        final CompletableFuture<Answer> done = changes.run(() -> {
            requireRevision(call, s);
            final boolean isNew = made.apply(s);
            return change.apply(s).thenApply(result -> Results.answer(result, isNew, object.apply(s)));
        });
        return later(done, answer -> answer);
    }

    private static void requireRevision(final Call call, final ControlService service) {
        if (call.ifMatch() == null || call.ifMatch().equals("*")) {
            return;
        }
        final String now = Results.etag(service.revision());
        if (!List.of(call.ifMatch().split("\\s*,\\s*")).contains(now)) {
            throw Problem.of(412, "the configuration was changed meanwhile (it is revision " + now + "): get it again");
        }
    }
}
