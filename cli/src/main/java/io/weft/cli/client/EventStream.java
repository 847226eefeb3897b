package io.weft.cli.client;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;

/**
 * Reads server-sent events (WHATWG HTML, section 9.2) until the switch ends the stream or {@link #close()}, which any
 * thread may call to end a waiting {@link #next()}. Else owned by one thread.
 */
public final class EventStream implements AutoCloseable {
    private final Connection connection;
    private final BufferedReader lines;
    private volatile boolean closed;

    EventStream(final Connection connection, final InputStream body) {
        this.connection = connection;
        this.lines = new BufferedReader(new InputStreamReader(body, StandardCharsets.UTF_8));
    }

    /** The next event, however long it takes; null at the stream's end. */
    public Event next() {
        try {
            return read();
        } catch (final IOException e) {
            if (closed) {
                return null;
            }
            throw new ApiException("the switch ended the stream of events: is it still running?", e);
        }
    }

    private Event read() throws IOException {
        String id = "";
        String type = "message";
        StringBuilder data = null;
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            if (line.isEmpty()) {
                if (data != null) {
                    return new Event(id, type, data.toString());
                }
            } else if (line.startsWith("id:")) {
                id = value(line, 3);
            } else if (line.startsWith("event:")) {
                type = value(line, 6);
            } else if (line.startsWith("data:")) {
                data = data == null ? new StringBuilder() : data.append('\n');
                data.append(value(line, 5));
            }
        }
        return null;
    }

    private static String value(final String line, final int from) {
        final boolean space = line.length() > from && line.charAt(from) == ' ';
        return line.substring(space ? from + 1 : from);
    }

    @Override
    public void close() {
        closed = true;
        connection.close();
    }
}
