package io.weft.dataplane.capture;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.dataplane.DropReason;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class PcapngTest {
    private static final long TIME = 1_700_000_000_123_456_789L;

    private static CapturedFrame frame(final int direction, final DropReason reason, final byte... bytes) {
        final CapturedFrame frame = new CapturedFrame();
        frame.epochNanos = TIME;
        frame.direction = direction;
        frame.reason = reason;
        frame.captured = bytes.length;
        frame.length = bytes.length + 7;
        System.arraycopy(bytes, 0, frame.room(bytes.length), 0, bytes.length);
        frame.explain();
        return frame;
    }

    private static byte[] capture() throws IOException {
        final ByteArrayOutputStream out = new ByteArrayOutputStream();
        final PcapngWriter writer = new PcapngWriter(out);
        writer.begin("weft", "vm1", "access port", "udp", 65_600);
        writer.frame(frame(CaptureRing.IN, DropReason.NONE, (byte) 1, (byte) 2, (byte) 3));
        writer.frame(frame(CaptureRing.OUT, DropReason.PORT_FULL, new byte[60_000]));
        writer.counts(TIME, 2, 5);
        return out.toByteArray();
    }

    /** Byte by byte as the draft says, with no help of the reader's. */
    @Test
    void shouldWriteBlocksAsTheDraftSays() throws IOException {
        final byte[] bytes = capture();
        final ByteBuffer all = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        assertEquals(0x0a0d0d0a, all.getInt(0));
        assertEquals(0x1a2b3c4d, all.getInt(8));
        assertEquals(1, all.getShort(12));
        assertEquals(0, all.getShort(14));
        assertEquals(-1, all.getLong(16));
        int at = block(all, 0);
        assertEquals(1, all.getInt(at));
        assertEquals(1, all.getShort(at + 8), "Ethernet");
        assertEquals(65_600, all.getInt(at + 12));
        assertArrayEquals("vm1".getBytes(StandardCharsets.UTF_8), option(all, at + 16, 2));
        assertArrayEquals(new byte[] {9}, option(all, at + 16, 9));
        assertArrayEquals("\0udp".getBytes(StandardCharsets.UTF_8), option(all, at + 16, 11));
        at = block(all, at);
        assertEquals(6, all.getInt(at));
        assertEquals(0, all.getInt(at + 8));
        assertEquals(TIME, (long) all.getInt(at + 12) << 32 | (all.getInt(at + 16) & 0xffff_ffffL));
        assertEquals(3, all.getInt(at + 20));
        assertEquals(10, all.getInt(at + 24));
        assertArrayEquals(new byte[] {1, 2, 3, 0}, Arrays.copyOfRange(bytes, at + 28, at + 32));
        assertArrayEquals(new byte[] {1, 0, 0, 0}, option(all, at + 32, 2));
        assertNull(option(all, at + 32, 1));
        at = block(all, at);
        assertArrayEquals(new byte[] {2, 0, 0, 0}, option(all, at + 28 + 60_000, 2));
        assertEquals(
                "dropped: port-full: " + DropReason.PORT_FULL.text(),
                new String(option(all, at + 28 + 60_000, 1), StandardCharsets.UTF_8));
        at = block(all, at);
        assertEquals(5, all.getInt(at));
        assertEquals(
                5,
                ByteBuffer.wrap(option(all, at + 20, 5))
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .getLong());
        assertEquals(bytes.length, block(all, at));
    }

    private static int block(final ByteBuffer all, final int at) {
        final int length = all.getInt(at + 4);
        assertEquals(0, length & 3);
        assertEquals(length, all.getInt(at + length - 4));
        return at + length;
    }

    private static byte[] option(final ByteBuffer all, final int from, final int code) {
        int at = from;
        while (all.getShort(at) != 0) {
            final int length = all.getShort(at + 2) & 0xffff;
            if (all.getShort(at) == code) {
                final byte[] value = new byte[length];
                all.get(at + 4, value);
                return value;
            }
            at += 4 + ((length + 3) & -4);
        }
        return null;
    }

    @Test
    void shouldReadWhatItWrote() throws IOException {
        final PcapngReader reader = new PcapngReader(new ByteArrayInputStream(capture()));
        final CapturedFrame frame = new CapturedFrame();
        assertTrue(reader.next());
        assertTrue(reader.next());
        assertFalse(reader.isFrame());
        assertTrue(reader.next());
        assertTrue(reader.isFrame());
        reader.frame(frame);
        assertEquals(TIME, frame.epochNanos);
        assertEquals(CaptureRing.IN, frame.direction);
        assertEquals(10, frame.length);
        assertNull(frame.comment);
        assertTrue(reader.next());
        reader.frame(frame);
        assertEquals(60_000, frame.captured);
        assertEquals(CaptureRing.OUT, frame.direction);
        assertTrue(frame.comment.startsWith("dropped: port-full"));
        assertTrue(reader.next());
        assertEquals(2, reader.delivered());
        assertEquals(5, reader.lost());
        assertFalse(reader.next());
    }

    @Test
    void shouldTellWhatBreaksOff() throws IOException {
        final byte[] bytes = capture();
        final PcapngReader reader = new PcapngReader(new ByteArrayInputStream(Arrays.copyOf(bytes, bytes.length - 1)));
        for (int i = 0; i < 4; i++) {
            assertTrue(reader.next());
        }
        assertThrows(EOFException.class, reader::next);
        assertThrows(IOException.class, () -> new PcapngReader(new ByteArrayInputStream(new byte[64])).next());
    }
}
