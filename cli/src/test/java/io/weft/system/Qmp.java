package io.weft.system;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.BooleanSupplier;

/** QEMU's machine protocol. Owned by the test's thread. */
final class Qmp implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final ObjectMapper JSON = new ObjectMapper();

    private final LineSocket socket;
    private final List<JsonNode> events = new ArrayList<>();

    private Qmp(final LineSocket socket) {
        this.socket = socket;
    }

    /** Connects; QEMU answers only when the switch has connected to its NIC's socket, or it to the switch. */
    static Qmp connect(final Path path, final BooleanSupplier alive) {
        final Qmp qmp = new Qmp(LineSocket.connect(path, LIMIT, alive));
        qmp.socket.take(line -> line.contains("\"QMP\""), "greeting of QEMU", LIMIT);
        qmp.execute("qmp_capabilities");
        return qmp;
    }

    static ObjectNode object() {
        return JSON.createObjectNode();
    }

    JsonNode execute(final String command) {
        return execute(command, object());
    }

    /** Runs a command and returns its answer; fails the test where QEMU refuses. */
    JsonNode execute(final String command, final ObjectNode arguments) {
        final ObjectNode request = object().put("execute", command);
        request.set("arguments", arguments);
        socket.send(request.toString());
        final JsonNode answer = next(node -> node.has("return") || node.has("error"), "answer to " + command);
        if (answer.has("error")) {
            throw new AssertionError(command + " " + arguments + ": "
                    + answer.path("error").path("desc").asText());
        }
        return answer.path("return");
    }

    /** Waits for an event, which may have come before; of this device, where one is named. */
    JsonNode awaitEvent(final String name, final String device) {
        for (final Iterator<JsonNode> seen = events.iterator(); seen.hasNext(); ) {
            final JsonNode event = seen.next();
            if (matches(event, name, device)) {
                seen.remove();
                return event;
            }
        }
        final JsonNode event = next(node -> matches(node, name, device), "event " + name);
        events.remove(event);
        return event;
    }

    private static boolean matches(final JsonNode node, final String name, final String device) {
        return name.equals(node.path("event").asText())
                && (device == null
                        || device.equals(node.path("data").path("device").asText()));
    }

    private interface Test {
        boolean of(JsonNode node);
    }

    private JsonNode next(final Test test, final String what) {
        final JsonNode[] found = new JsonNode[1];
        socket.take(
                line -> {
                    final JsonNode node = parse(line);
                    if (node.has("event")) {
                        events.add(node);
                    }
                    found[0] = node;
                    return test.of(node);
                },
                what,
                LIMIT);
        return found[0];
    }

    private static JsonNode parse(final String line) {
        try {
            return JSON.readTree(line);
        } catch (final JsonProcessingException e) {
            throw new AssertionError("QEMU said: " + line, e);
        }
    }

    @Override
    public void close() {
        socket.close();
    }
}
