package io.weft.control.http;

import io.weft.control.ControlService;
import io.weft.control.http.Route.Query;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/** The configuration as a whole. */
final class ConfigRoutes {
    private static final Query FILE = new Query("file", "string", "name of the file, for complaints");
    private static final Set<String> TYPES =
            Set.of("", "application/json", "application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml");

    private final Routes routes;

    ConfigRoutes(final Routes routes) {
        this.routes = routes;
    }

    List<Route> all() {
        final List<Query> query = List.of(Routes.DRY_RUN, FILE);
        return List.of(
                Route.get("/v1/config", "The configuration as applied", "Config", List.of(), this::get),
                new Route(
                        "PUT",
                        "/v1/config",
                        "Makes the switch what the body says",
                        query,
                        "Config",
                        "Change",
                        this::put),
                new Route(
                        "PATCH",
                        "/v1/config",
                        "Changes what the body names (RFC 7396)",
                        List.of(Routes.DRY_RUN),
                        "Patch",
                        "Change",
                        this::patch));
    }

    private CompletableFuture<Answer> get(final Call call) {
        final ControlService service = routes.service();
        final String accept = call.accept().toLowerCase(Locale.ROOT);
        final int yaml = accept.indexOf("yaml");
        final int json = accept.indexOf("json");
        final boolean wantsYaml = yaml >= 0 && (json < 0 || yaml < json);
        final long revision = service.revision();
        final Answer answer = wantsYaml
                ? Answer.bytes(Answer.YAML, service.configText().getBytes(StandardCharsets.UTF_8))
                : Answer.json(service.configTree());
        return Routes.now(answer.with("ETag", Results.etag(revision)));
    }

    private CompletableFuture<Answer> put(final Call call) {
        if (!TYPES.contains(call.contentType())) {
            throw Problem.of(415, "send JSON or YAML (application/json, application/yaml), not " + call.contentType());
        }
        if (call.body().length == 0) {
            throw Problem.of(400, "the body is empty: send the whole configuration");
        }
        final String text = utf8(call.body());
        final boolean dryRun = call.flag("dry-run");
        return routes.change(call, s -> s.apply(call.query("file"), text, dryRun), ControlService::configTree);
    }

    private CompletableFuture<Answer> patch(final Call call) {
        final var patch = call.object();
        final boolean dryRun = call.flag("dry-run");
        return routes.change(call, s -> s.patch(patch, dryRun), ControlService::configTree);
    }

    private static String utf8(final byte[] body) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(body))
                    .toString();
        } catch (final CharacterCodingException e) {
            throw Problem.of(400, "the body is not UTF-8");
        }
    }
}
