package io.weft.cli.client;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * An HTTP/1.1 answer whose header was read (RFC 9112): its body is chunked, of known length, or ends with the connection.
 *
 * @param contentType without parameters, in lower case
 * @param body decoded; read by one thread
 */
record Answer(int status, String contentType, InputStream body) {
    private static final int MAX_BODY = 256 * 1024 * 1024;
    private static final int MAX_HEADERS = 200;

    static Answer read(final Connection connection) throws IOException {
        int status = status(connection.line());
        while (status >= 100 && status < 200) {
            skipHeaders(connection);
            status = status(connection.line());
        }
        String type = "";
        long length = -1;
        boolean chunked = false;
        int headers = 0;
        for (String line = connection.line(); !line.isEmpty(); line = connection.line()) {
            if (++headers > MAX_HEADERS) {
                throw new IOException("too many headers");
            }
            final int colon = line.indexOf(':');
            final String name = colon < 0 ? "" : line.substring(0, colon).toLowerCase(Locale.ROOT);
            final String value = line.substring(colon + 1).strip();
            switch (name) {
                case "content-type" -> type = value.split(";", 2)[0].strip().toLowerCase(Locale.ROOT);
                case "content-length" -> length = number(value, 10);
                case "transfer-encoding" -> chunked = value.equalsIgnoreCase("chunked");
                default -> {}
            }
        }
        if (chunked) {
            return new Answer(status, type, new Chunks(connection));
        }
        return new Answer(status, type, length < 0 ? connection : new Sized(connection, length));
    }

    /** The whole body. */
    String text(final String method) throws IOException {
        if (method.equals("HEAD") || status == 204 || status == 304) {
            return "";
        }
        final byte[] bytes = body.readNBytes(MAX_BODY);
        if (bytes.length == MAX_BODY) {
            throw new IOException("it is too long");
        }
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static void skipHeaders(final Connection connection) throws IOException {
        while (!connection.line().isEmpty()) {
            // An interim answer's headers say nothing that is used here.
        }
    }

    private static int status(final String line) throws IOException {
        final boolean http = line.startsWith("HTTP/1.") && line.length() >= 12;
        if (!http) {
            throw new IOException("it is not HTTP");
        }
        return (int) number(line.substring(9, 12), 10);
    }

    private static long number(final String text, final int radix) throws IOException {
        try {
            return Long.parseUnsignedLong(text.strip(), radix);
        } catch (final NumberFormatException e) {
            throw new IOException("a number is wrong", e);
        }
    }

    /** A body of known length; a shorter one is an error, not an end. Owned by its reader. */
    private static final class Sized extends InputStream {
        private final InputStream from;
        private long left;

        Sized(final InputStream from, final long length) {
            this.from = from;
            this.left = length;
        }

        @Override
        public int read() throws IOException {
            final byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(final byte[] to, final int at, final int length) throws IOException {
            if (left == 0) {
                return -1;
            }
            final int count = from.read(to, at, (int) Math.min(left, length));
            if (count < 0) {
                throw new EOFException("it is too short");
            }
            left -= count;
            return count;
        }
    }

    /** The chunked coding (RFC 9112, section 7.1). Owned by its reader. */
    private static final class Chunks extends InputStream {
        private final Connection from;
        private long left;
        private boolean first = true;
        private boolean ended;

        Chunks(final Connection from) {
            this.from = from;
        }

        @Override
        public int read() throws IOException {
            final byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(final byte[] to, final int at, final int length) throws IOException {
            if (left == 0 && !ended) {
                next();
            }
            if (ended) {
                return -1;
            }
            final int count = from.read(to, at, (int) Math.min(left, length));
            if (count < 0) {
                throw new EOFException("it is too short");
            }
            left -= count;
            return count;
        }

        private void next() throws IOException {
            if (!first) {
                from.line();
            }
            first = false;
            left = number(from.line().split(";", 2)[0], 16);
            if (left == 0) {
                ended = true;
                skipHeaders(from);
            }
        }
    }
}
