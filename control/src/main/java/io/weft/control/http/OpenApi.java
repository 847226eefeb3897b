package io.weft.control.http;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** The API's description in OpenAPI 3.1, made of the routes that answer. */
final class OpenApi {
    private static final String PATH = "/openapi.json";

    private OpenApi() {}

    /** The route that gives the description of the others and itself. */
    static Route route(final List<Route> others) {
        final Description description = new Description();
        final Route self = Route.get(PATH, "This description", "OpenApi", List.of(), description);
        final List<Route> all = new ArrayList<>(others);
        all.add(self);
        description.json = Json.bytes(document(all));
        return self;
    }

    /** Made after its route, which it describes too. */
    private static final class Description implements Route.Handler {
        private byte[] json;

        @Override
        public CompletableFuture<Answer> handle(final Call call) {
            return Routes.now(Answer.bytes(Answer.JSON, json));
        }
    }

    private static Map<String, Object> document(final List<Route> routes) {
        final Map<String, Object> paths = new LinkedHashMap<>();
        for (final Route route : routes) {
            @SuppressWarnings("unchecked")
            final Map<String, Object> item =
                    (Map<String, Object>) paths.computeIfAbsent(route.template(), path -> new LinkedHashMap<>());
            item.put(route.method().toLowerCase(Locale.ROOT), operation(route));
        }
        final Map<String, Object> document = new LinkedHashMap<>();
        document.put("openapi", "3.1.0");
        document.put(
                "info",
                Map.of(
                        "title",
                        "Weft",
                        "version",
                        ApiServer.version(),
                        "description",
                        "The control API of a virtual switch. docs/api.md tells what holds for all routes."));
        document.put("servers", List.of(Map.of("url", "http://localhost", "description", "over api.unix or api.http")));
        document.put("security", List.of(Map.of(), Map.of("token", List.of())));
        document.put("paths", paths);
        document.put(
                "components",
                Map.of(
                        "schemas",
                        Schemas.all(),
                        "securitySchemes",
                        Map.of("token", Map.of("type", "http", "scheme", "bearer"))));
        return document;
    }

    private static Map<String, Object> operation(final Route route) {
        final Map<String, Object> operation = new LinkedHashMap<>();
        operation.put("operationId", id(route));
        operation.put("summary", route.summary());
        final List<Object> parameters = parameters(route);
        if (!parameters.isEmpty()) {
            operation.put("parameters", parameters);
        }
        if (route.body() != null) {
            operation.put("requestBody", Map.of("required", true, "content", bodies(route)));
        }
        final Map<String, Object> responses = new LinkedHashMap<>();
        responses.put("200", Map.of("description", route.summary(), "content", answers(route)));
        if (route.answer().endsWith("Change") && !route.method().equals("DELETE")) {
            responses.put("201", Map.of("description", "The same, newly made", "content", answers(route)));
        }
        responses.put(
                "default",
                Map.of(
                        "description",
                        "Refused",
                        "content",
                        Map.of(Answer.PROBLEM, content(Schemas.reference("Problem")))));
        operation.put("responses", responses);
        return operation;
    }

    private static List<Object> parameters(final Route route) {
        final List<Object> parameters = new ArrayList<>();
        for (final String part : route.template().split("/", -1)) {
            if (part.startsWith("{")) {
                parameters.add(Map.of(
                        "name",
                        part.substring(1, part.length() - 1),
                        "in",
                        "path",
                        "required",
                        true,
                        "schema",
                        Map.of("type", "string")));
            }
        }
        for (final Route.Query query : route.query()) {
            parameters.add(Map.of(
                    "name",
                    query.name(),
                    "in",
                    "query",
                    "description",
                    query.meaning(),
                    "schema",
                    Map.of("type", query.type())));
        }
        return parameters;
    }

    private static Map<String, Object> bodies(final Route route) {
        final Map<String, Object> schema = content(Schemas.reference(route.body()));
        return switch (route.body()) {
            case "Config" -> Map.of(Answer.JSON, schema, Answer.YAML, schema);
            case "Patch" -> Map.of("application/merge-patch+json", schema, Answer.JSON, schema);
            default -> Map.of(Answer.JSON, schema);
        };
    }

    private static Map<String, Object> answers(final Route route) {
        if (route.answer().equals("text/plain")) {
            return Map.of("text/plain", content(Map.of("type", "string")));
        }
        final Map<String, Object> schema = content(Schemas.reference(route.answer()));
        return switch (route.answer()) {
            case "Config" -> Map.of(Answer.JSON, schema, Answer.YAML, schema);
            case "Pcapng" -> Map.of("application/x-pcapng", schema);
            case "Event" -> Map.of("text/event-stream", schema);
            default -> Map.of(Answer.JSON, schema);
        };
    }

    private static Map<String, Object> content(final Object schema) {
        return Map.of("schema", schema);
    }

    /** {@code DELETE /v1/macs/{tenant}/{network}} is {@code delete-macs-tenant-network}. */
    private static String id(final Route route) {
        final String path = route.template().replace("/v1/", "/").replaceAll("[^a-z]+", "-");
        return route.method().toLowerCase(Locale.ROOT) + path.replaceAll("-$", "");
    }
}
