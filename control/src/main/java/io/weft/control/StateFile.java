package io.weft.control;

import io.weft.dataplane.api.SwitchException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;

/**
 * The bytes of a state file, integers in network order:
 *
 * <pre>
 *   0  8  magic, WEFTCONF
 *   8  4  version, 1
 *  12  8  revision
 *  20  4  length of the text
 *  24  n  text, YAML in UTF-8
 *   .  4  CRC32C of all before
 * </pre>
 */
record StateFile(long revision, String text) {
    private static final long MAGIC = 0x57454654_434f4e46L;
    private static final int VERSION = 1;
    private static final int HEADER = 24;
    private static final int TRAILER = 4;

    byte[] bytes() {
        final byte[] body = text.getBytes(StandardCharsets.UTF_8);
        final ByteBuffer buffer = ByteBuffer.allocate(HEADER + body.length + TRAILER);
        buffer.putLong(MAGIC)
                .putInt(VERSION)
                .putLong(revision)
                .putInt(body.length)
                .put(body);
        return buffer.putInt(crc(buffer.array())).array();
    }

    /** Returns null if the bytes are not whole. */
    static StateFile parse(final byte[] bytes) {
        if (bytes.length < HEADER + TRAILER) {
            return null;
        }
        final ByteBuffer buffer = ByteBuffer.wrap(bytes);
        if (buffer.getLong() != MAGIC || buffer.getInt(bytes.length - TRAILER) != crc(bytes)) {
            return null;
        }
        final int version = buffer.getInt();
        if (version != VERSION) {
            throw new SwitchException("the state folder was written by another version of weft (format " + version
                    + "); run that, or name another folder in state:");
        }
        final long revision = buffer.getLong();
        if (buffer.getInt() != bytes.length - HEADER - TRAILER) {
            return null;
        }
        return new StateFile(
                revision, new String(bytes, HEADER, bytes.length - HEADER - TRAILER, StandardCharsets.UTF_8));
    }

    private static int crc(final byte[] bytes) {
        final CRC32C crc = new CRC32C();
        crc.update(bytes, 0, bytes.length - TRAILER);
        return (int) crc.getValue();
    }
}
