package io.weft.dataplane.capture;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Reads what {@link PcapngWriter} writes, block by block, as it comes; blocks of other kinds are passed over by whoever
 * asks for frames. Not a reader of anybody's files: it knows one byte order and one interface.
 *
 * <p>Owned by one thread.
 */
public final class PcapngReader {
    private static final int HEADER = 8;
    private static final int TRAILER = 4;
    private static final int MAX_BLOCK = 1 << 24;
    private static final int FRAME_FIELDS = 28;

    private final InputStream in;
    private byte[] bytes = new byte[4096];
    private ByteBuffer block;
    private int length;
    private long delivered;
    private long lost;

    public PcapngReader(final InputStream in) {
        this.in = in;
    }

    /** Goes to the next block; false at the end. A block that breaks off is an {@link EOFException}. */
    public boolean next() throws IOException {
        final int begun = in.readNBytes(bytes, 0, HEADER);
        if (begun == 0) {
            return false;
        }
        if (begun < HEADER) {
            throw new EOFException("the capture broke off");
        }
        length = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt(4);
        if (length < HEADER + TRAILER || length > MAX_BLOCK || (length & 3) != 0) {
            throw new IOException("this is no capture");
        }
        if (bytes.length < length) {
            bytes = java.util.Arrays.copyOf(bytes, length);
        }
        if (in.readNBytes(bytes, HEADER, length - HEADER) < length - HEADER) {
            throw new EOFException("the capture broke off");
        }
        block = ByteBuffer.wrap(bytes, 0, length).order(ByteOrder.LITTLE_ENDIAN);
        if (block.getInt(0) == PcapngWriter.STATISTICS) {
            counts();
        }
        return true;
    }

    /** The block as it came, {@link #length} bytes; overwritten by the next. */
    public byte[] block() {
        return bytes;
    }

    public int length() {
        return length;
    }

    public boolean isFrame() {
        return block.getInt(0) == PcapngWriter.PACKET && length >= HEADER + FRAME_FIELDS - 8 + TRAILER;
    }

    /** Frames that were written, by the last counts that came. */
    public long delivered() {
        return delivered;
    }

    /** Frames that did not fit on the way, by the last counts that came. */
    public long lost() {
        return lost;
    }

    /** Reads the block, which {@link #isFrame}; what became of it is in the comment alone. */
    public void frame(final CapturedFrame into) throws IOException {
        into.epochNanos = (long) block.getInt(12) << 32 | (block.getInt(16) & 0xffff_ffffL);
        into.captured = block.getInt(20);
        into.length = block.getInt(24);
        if (into.captured < 0 || into.captured > length - FRAME_FIELDS - TRAILER) {
            throw new IOException("a frame is longer than its block");
        }
        System.arraycopy(bytes, FRAME_FIELDS, into.room(into.captured), 0, into.captured);
        into.direction = 0;
        into.comment = null;
        options(FRAME_FIELDS + ((into.captured + 3) & -4), (code, at, size) -> {
            if (code == PcapngWriter.FLAGS && size == 4) {
                into.direction = block.getInt(at) & 3;
            } else if (code == PcapngWriter.COMMENT) {
                into.comment = new String(bytes, at, size, StandardCharsets.UTF_8);
            }
        });
    }

    private void counts() {
        options(HEADER + 12, (code, at, size) -> {
            if (code == PcapngWriter.DELIVERED && size == 8) {
                delivered = block.getLong(at);
            } else if (code == PcapngWriter.LOST && size == 8) {
                lost = block.getLong(at);
            }
        });
    }

    @FunctionalInterface
    private interface Option {
        void take(int code, int at, int size);
    }

    private void options(final int from, final Option option) {
        int at = from;
        while (at + 4 <= length - TRAILER) {
            final int code = block.getShort(at) & 0xffff;
            final int size = block.getShort(at + 2) & 0xffff;
            if (code == 0 || at + 4 + size > length - TRAILER) {
                return;
            }
            option.take(code, at + 4, size);
            at += 4 + ((size + 3) & -4);
        }
    }
}
