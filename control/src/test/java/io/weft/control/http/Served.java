package io.weft.control.http;

import io.weft.control.config.Config;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;

/** A server on a Unix socket of its own, with a service that keeps what it is told. */
final class Served implements AutoCloseable {
    final FakeService service = new FakeService();
    final String path;
    private final Path dir;
    private final ApiServer server;

    Served(final Limits limits) throws IOException {
        dir = Files.createTempDirectory("weft-api");
        path = dir.resolve("api.sock").toString();
        server = ApiServer.open(new Config.Api(path, null, null, null), limits, Transport.best());
        server.serve(service);
    }

    Served() throws IOException {
        this(Limits.DEFAULT);
    }

    Wire connect() throws IOException {
        return Wire.unix(path);
    }

    /** One request on a connection of its own. */
    Wire.Response ask(final String method, final String target, final String body, final String... headers)
            throws IOException {
        try (Wire wire = connect()) {
            return wire.ask(method, target, body, headers);
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
        try (Stream<Path> files = Files.walk(dir)) {
            for (final Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
