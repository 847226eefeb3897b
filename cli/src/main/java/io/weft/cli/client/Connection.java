package io.weft.cli.client;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;

/**
 * A connection to a switch, read and written with a time limit. Owned by one thread; {@link #close()} may be called by
 * any.
 */
abstract class Connection extends InputStream {
    private static final int MAX_LINE = 64 * 1024;

    /** @param millis without progress after which an operation fails; 0: never */
    abstract void patience(long millis) throws IOException;

    abstract void writeAll(ByteBuffer bytes) throws IOException;

    @Override
    public abstract void close();

    /** A header line without its end, at most 64 KiB. */
    String line() throws IOException {
        final StringBuilder line = new StringBuilder();
        for (int c = read(); c != '\n'; c = read()) {
            if (c < 0) {
                throw new EOFException("the answer broke off");
            }
            if (line.length() > MAX_LINE) {
                throw new IOException("the answer's header is too long");
            }
            line.append((char) c);
        }
        final int end = line.length();
        return end > 0 && line.charAt(end - 1) == '\r' ? line.substring(0, end - 1) : line.toString();
    }
}
