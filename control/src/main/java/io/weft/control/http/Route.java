package io.weft.control.http;

import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * One method of one path: what it does and what /openapi.json says of it.
 *
 * @param template path with {@code {name}} for what a segment stands for
 * @param query parameters that it knows; all others are refused
 * @param body name of the body's schema, or null for none
 * @param answer name of the answer's schema
 */
record Route(
        String method,
        String template,
        String summary,
        List<Query> query,
        String body,
        String answer,
        Handler handler) {

    static Route get(
            final String template,
            final String summary,
            final String answer,
            final List<Query> query,
            final Handler handler) {
        return new Route("GET", template, summary, query, null, answer, handler);
    }

    static Route delete(
            final String template,
            final String summary,
            final String answer,
            final List<Query> query,
            final Handler handler) {
        return new Route("DELETE", template, summary, query, null, answer, handler);
    }

    /** A parameter of the query; {@code type} as JSON Schema has it. */
    record Query(String name, String type, String meaning) {}

    /** Answers on the API's thread; must not block. A {@link Problem} may be thrown or be the future's failure. */
    @FunctionalInterface
    interface Handler {
        CompletableFuture<Answer> handle(Call call);
    }
}
