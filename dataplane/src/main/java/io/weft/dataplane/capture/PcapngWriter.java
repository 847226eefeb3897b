package io.weft.dataplane.capture;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Writes a capture in pcapng (draft-ietf-opsawg-pcapng): one section, one interface of Ethernet frames with times in
 * nanoseconds. A block is given to the stream in one piece.
 *
 * <p>Owned by one thread.
 */
public final class PcapngWriter {
    static final int SECTION = 0x0a0d0d0a;
    static final int INTERFACE = 1;
    static final int STATISTICS = 5;
    static final int PACKET = 6;
    static final int MAGIC = 0x1a2b3c4d;

    static final int COMMENT = 1;
    static final int FLAGS = 2;
    private static final int APPLICATION = 4;
    private static final int NAME = 2;
    private static final int DESCRIPTION = 3;
    private static final int RESOLUTION = 9;
    private static final int FILTER = 11;
    static final int RECEIVED = 4;
    static final int LOST = 5;
    static final int DELIVERED = 8;

    private static final int ETHERNET = 1;
    private static final int NANOSECONDS = 9;
    private static final int INBOUND = 1;
    private static final int OUTBOUND = 2;

    private final OutputStream out;
    private ByteBuffer block = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);

    public PcapngWriter(final OutputStream out) {
        this.out = out;
    }

    /**
     * Writes what stands before the frames.
     *
     * @param application that captures
     * @param name of the interface
     * @param description of the interface
     * @param filter expression, or null
     * @param snaplen bytes of a frame that are kept at most
     */
    public void begin(
            final String application,
            final String name,
            final String description,
            final String filter,
            final int snaplen)
            throws IOException {
        start(SECTION);
        block.putInt(MAGIC).putShort((short) 1).putShort((short) 0).putLong(-1);
        option(APPLICATION, application);
        end();
        start(INTERFACE);
        block.putShort((short) ETHERNET).putShort((short) 0).putInt(snaplen);
        option(NAME, name);
        option(DESCRIPTION, description);
        option(RESOLUTION, new byte[] {NANOSECONDS});
        if (filter != null) {
            option(FILTER, "\0" + filter);
        }
        end();
    }

    public void frame(final CapturedFrame frame) throws IOException {
        start(PACKET);
        block.putInt(0);
        time(frame.epochNanos);
        block.putInt(frame.captured).putInt(frame.length);
        room(frame.captured + 4);
        block.put(frame.bytes, 0, frame.captured);
        pad();
        if (frame.direction != 0) {
            room(8);
            block.putShort((short) FLAGS).putShort((short) 4);
            block.putInt(frame.direction == CaptureRing.IN ? INBOUND : OUTBOUND);
        }
        if (frame.comment != null) {
            option(COMMENT, frame.comment);
        }
        end();
    }

    /**
     * Writes the counts so far; the last ones written are the capture's.
     *
     * @param delivered frames that were written
     * @param lost frames that did not fit on the way
     */
    public void counts(final long epochNanos, final long delivered, final long lost) throws IOException {
        start(STATISTICS);
        block.putInt(0);
        time(epochNanos);
        option(RECEIVED, delivered + lost);
        option(LOST, lost);
        option(DELIVERED, delivered);
        end();
    }

    private void time(final long nanos) {
        block.putInt((int) (nanos >>> 32)).putInt((int) nanos);
    }

    private void start(final int type) {
        block.clear();
        block.putInt(type).putInt(0);
    }

    private void option(final int code, final String text) {
        option(code, text.getBytes(StandardCharsets.UTF_8));
    }

    private void option(final int code, final long number) {
        room(12);
        block.putShort((short) code).putShort((short) 8).putLong(number);
    }

    private void option(final int code, final byte[] value) {
        final int length = Math.min(value.length, 0xffff);
        room(length + 8);
        block.putShort((short) code).putShort((short) length).put(value, 0, length);
        pad();
    }

    private void pad() {
        while ((block.position() & 3) != 0) {
            block.put((byte) 0);
        }
    }

    private void end() throws IOException {
        room(8);
        block.putInt(0);
        final int length = block.position() + 4;
        block.putInt(length).putInt(4, length);
        out.write(block.array(), 0, length);
    }

    private void room(final int bytes) {
        if (block.remaining() < bytes + 16) {
            final int position = block.position();
            block = ByteBuffer.wrap(Arrays.copyOf(block.array(), 2 * (block.capacity() + bytes)))
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .position(position);
        }
    }
}
