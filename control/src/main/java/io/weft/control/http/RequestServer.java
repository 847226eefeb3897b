package io.weft.control.http;

import io.weft.dataplane.api.SwitchException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/** Has requests answered: finds what they ask for, waits for it within the limits, makes answers of failures. */
@SuppressWarnings("FutureReturnValueIgnored") // The last future of the chain logs what failed in it.
final class RequestServer {
    private static final System.Logger LOG = System.getLogger("weft.api");

    private final Router router;
    private final EventHub hub;
    private final Limits limits;
    private final ApiCounters counters;
    private final BooleanSupplier open;

    RequestServer(
            final Router router,
            final EventHub hub,
            final Limits limits,
            final ApiCounters counters,
            final BooleanSupplier open) {
        this.router = router;
        this.hub = hub;
        this.limits = limits;
        this.counters = counters;
        this.open = open;
    }

    Router router() {
        return router;
    }

    ApiCounters counters() {
        return counters;
    }

    /** Whether connections may be kept for another request. */
    boolean isOpen() {
        return open.getAsBoolean();
    }

    Limits limits() {
        return limits;
    }

    EventWriter eventWriter(final EventHub.Request request) {
        return new EventWriter(hub, request, limits, counters);
    }

    /** @param then called once, on the executor */
    void answer(final Incoming request, final Executor executor, final Consumer<Answer> then) {
        CompletableFuture<Answer> answer;
        try {
            answer = request.refusal() == null
                    ? request.route().handler().handle(request.call())
                    : CompletableFuture.failedFuture(request.refusal());
        } catch (final RuntimeException e) {
            answer = CompletableFuture.failedFuture(e);
        }
        final CompletableFuture<Void> written = answer.orTimeout(limits.answerMs(), TimeUnit.MILLISECONDS)
                .exceptionally(RequestServer::failed)
                .thenAcceptAsync(then, executor);
        written.exceptionally(failure -> {
            LOG.log(System.Logger.Level.ERROR, "an answer could not be written", failure);
            return null;
        });
    }

    private static Answer failed(final Throwable failure) {
        final Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        return switch (cause) {
            case final Problem problem -> problem.answer();
            case final SwitchException refused -> Problem.of(409, line(refused)).answer();
            case final TimeoutException e ->
                Problem.of(504, "the switch did not confirm in time; it may still do it: look before you ask again")
                        .answer();
            default -> {
                LOG.log(System.Logger.Level.ERROR, "a request failed", cause);
                yield Problem.of(500, "a fault of the switch: " + line(cause) + "; see its output")
                        .answer();
            }
        };
    }

    private static String line(final Throwable cause) {
        return Uris.printable(String.valueOf(cause.getMessage()));
    }
}
