package io.weft.cli;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** Answers given requests with given bodies and keeps what was asked. */
final class CannedApi implements AutoCloseable {
    private final HttpServer server;
    private final Map<String, Canned> answers = new ConcurrentHashMap<>();
    final List<String> requests = new CopyOnWriteArrayList<>();

    private record Canned(int status, String type, String body) {}

    CannedApi() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            final String asked = exchange.getRequestMethod() + " " + exchange.getRequestURI();
            final String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
            requests.add(body.isEmpty() ? asked : asked + " " + body);
            final Canned canned = answers.getOrDefault(
                    asked, new Canned(404, "application/problem+json", "{\"detail\": \"nothing canned for it\"}"));
            final byte[] bytes = canned.body.getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", canned.type);
            exchange.sendResponseHeaders(canned.status, bytes.length);
            exchange.getResponseBody().write(bytes);
            exchange.close();
        });
        server.start();
    }

    /** @param request method and path, such as {@code GET /v1/ports} */
    CannedApi answer(final String request, final int status, final String body) {
        answers.put(request, new Canned(status, status < 300 ? "application/json" : "application/problem+json", body));
        return this;
    }

    CannedApi text(final String request, final String type, final String body) {
        answers.put(request, new Canned(200, type, body));
        return this;
    }

    String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
