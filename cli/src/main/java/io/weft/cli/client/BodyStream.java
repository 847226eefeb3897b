package io.weft.cli.client;

import java.io.IOException;
import java.io.InputStream;

/**
 * An answer's body that comes as long as the switch sends it. {@link #close()} may be called by any thread and ends a
 * waiting read. Else owned by one thread.
 */
public final class BodyStream implements AutoCloseable {
    private final Connection connection;
    private final InputStream body;
    private volatile boolean closed;

    BodyStream(final Connection connection, final InputStream body) {
        this.connection = connection;
        this.body = body;
    }

    /** What comes; reading fails with {@link IOException} when the switch breaks off. */
    public InputStream body() {
        return body;
    }

    /** Whether it was {@link #close closed} on this side, so that a failed read is no failure. */
    public boolean isClosed() {
        return closed;
    }

    @Override
    public void close() {
        closed = true;
        connection.close();
    }
}
