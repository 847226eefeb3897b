package io.weft.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.weft.cli.client.ApiClient;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Map;
import java.util.StringJoiner;
import java.util.concurrent.Callable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** A command that asks a running switch. */
abstract class ApiCommand implements Callable<Integer> {
    private static final ObjectMapper JSON = new ObjectMapper();

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--api",
            paramLabel = "PATH|URL",
            description = "the switch: its socket's path or http://HOST:PORT; default $WEFT_API, else "
                    + ApiClient.DEFAULT_API)
    private String api;

    @Option(
            names = "--token-file",
            paramLabel = "FILE",
            description = "token for an API over TCP; default $WEFT_TOKEN holds it")
    private Path tokenFile;

    @Mixin
    private Output output;

    /** Prints; throws what the entry turns into one line and exit status 1. */
    abstract void execute();

    @Override
    public final Integer call() {
        execute();
        return 0;
    }

    final CommandSpec spec() {
        return spec;
    }

    final Output output() {
        return output;
    }

    final PrintWriter out() {
        return spec.commandLine().getOut();
    }

    final PrintWriter err() {
        return spec.commandLine().getErr();
    }

    final ApiClient client() {
        return ApiClient.of(api, tokenFile, System.getenv());
    }

    final JsonNode get(final String path) {
        return client().send("GET", path, null).orFail().json();
    }

    /** Makes a change and prints what was done. */
    final void change(final String method, final String path, final Map<String, Object> body) {
        final String json = body == null ? null : JSON.valueToTree(body).toString();
        printChange(client().send(method, path, json).orFail().json());
    }

    final void printChange(final JsonNode answer) {
        answer.path("warnings").forEach(warning -> err().println("weft: " + warning.asText()));
        err().flush();
        output.print(out(), answer, () -> {
            final StringBuilder text = new StringBuilder();
            answer.path("changes").forEach(line -> text.append(line.asText()).append('\n'));
            switch (answer.path("outcome").asText()) {
                case "nothing-to-do" -> text.append("nothing to do: it is so already\n");
                case "dry-run" -> text.append("dry run: nothing was changed\n");
                default -> {
                    if (text.isEmpty()) {
                        text.append("done\n");
                    }
                }
            }
            return text.toString();
        });
    }

    /** A path with the key's parts, {@code tenant/name}, as segments. */
    static String path(final String route, final String... keys) {
        final StringJoiner path = new StringJoiner("/").add(route);
        for (final String key : keys) {
            for (final String part : key.split("/", -1)) {
                path.add(ApiClient.segment(part));
            }
        }
        return path.toString();
    }

    /** @param pairs name and value in turn; a null value leaves the pair out */
    static String query(final String path, final Object... pairs) {
        final StringBuilder query = new StringBuilder(path);
        char separator = '?';
        for (int i = 0; i < pairs.length; i += 2) {
            if (pairs[i + 1] != null) {
                query.append(separator).append(pairs[i]).append('=');
                query.append(ApiClient.segment(pairs[i + 1].toString()));
                separator = '&';
            }
        }
        return query.toString();
    }

    /** A usage error where the key is not {@code tenant/name}. */
    final String networkKey(final String key) {
        final int slash = key.indexOf('/');
        if (slash <= 0 || slash != key.lastIndexOf('/') || slash == key.length() - 1) {
            throw new picocli.CommandLine.ParameterException(
                    spec.commandLine(), "'" + key + "' is no network: write TENANT/NETWORK, such as acme/web");
        }
        return key;
    }
}
