package io.weft.dataplane.port;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.weft.dataplane.Burst;
import io.weft.dataplane.DropReason;
import io.weft.dataplane.TestFrames;
import io.weft.dataplane.TxQueue;
import io.weft.dataplane.api.SwitchException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CaptureTest {
    private static final long TIME = 1_700_000_000_123_456_789L;

    @TempDir
    private Path folder;

    @BeforeAll
    static void needsLibpcap() {
        assumeTrue(CaptureReader.isSupported(), "libpcap is not installed");
    }

    private static byte[] header(final int magic, final int linkType) {
        final ByteBuffer header = ByteBuffer.allocate(24).order(ByteOrder.LITTLE_ENDIAN);
        header.putInt(magic).putShort((short) 2).putShort((short) 4).putLong(0);
        return header.putInt(65_535).putInt(linkType).array();
    }

    private static byte[] record(final int seconds, final int fraction, final int length, final byte[] bytes) {
        final ByteBuffer header = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN);
        header.putInt(seconds).putInt(fraction).putInt(bytes.length).putInt(length);
        return TestFrames.concat(header.array(), bytes);
    }

    private Path file(final byte[]... parts) throws IOException {
        return Files.write(folder.resolve("file"), TestFrames.concat(parts));
    }

    @Test
    void shouldReadWhatWasWritten() {
        final Path file = folder.resolve("out.pcap");
        final byte[] big = new byte[Burst.MAX_FRAME];
        Arrays.fill(big, (byte) 7);
        try (CaptureWriter writer = new CaptureWriter(file)) {
            writer.write(TIME, new byte[60]);
            writer.write(TIME + 1, big);
        }
        try (CaptureReader reader = new CaptureReader(file)) {
            assertTrue(reader.next());
            assertEquals(TIME, reader.nanos());
            assertArrayEquals(new byte[60], reader.frame());
            assertTrue(reader.next());
            assertEquals(TIME + 1, reader.nanos());
            assertEquals(2, reader.record());
            assertArrayEquals(big, reader.frame());
            assertFalse(reader.next());
        }
    }

    @Test
    void shouldReadMicrosecondsAndNanoseconds() throws IOException {
        try (CaptureReader reader = new CaptureReader(file(header(0xa1b2c3d4, 1), record(5, 7, 60, new byte[60])))) {
            assertTrue(reader.next());
            assertEquals(5_000_007_000L, reader.nanos());
        }
        try (CaptureReader reader = new CaptureReader(file(header(0xa1b23c4d, 1), record(5, 7, 60, new byte[60])))) {
            assertTrue(reader.next());
            assertEquals(5_000_000_007L, reader.nanos());
        }
    }

    @Test
    void shouldReadPcapng() throws IOException {
        final ByteBuffer bytes = ByteBuffer.allocate(28 + 20 + 36).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putInt(0x0a0d0d0a)
                .putInt(28)
                .putInt(0x1a2b3c4d)
                .putShort((short) 1)
                .putShort((short) 0)
                .putLong(-1);
        bytes.putInt(28);
        bytes.putInt(1)
                .putInt(20)
                .putShort((short) 1)
                .putShort((short) 0)
                .putInt(65_535)
                .putInt(20);
        bytes.putInt(6)
                .putInt(36)
                .putInt(0)
                .putInt(0)
                .putInt(2_000_003)
                .putInt(4)
                .putInt(4)
                .putInt(0x04030201);
        bytes.putInt(36);
        try (CaptureReader reader = new CaptureReader(file(bytes.array()))) {
            assertTrue(reader.next());
            assertEquals(2_000_003_000L, reader.nanos());
            assertArrayEquals(new byte[] {1, 2, 3, 4}, reader.frame());
        }
    }

    @Test
    void shouldNameFileAndRecordWhenCaptureIsDamaged() throws IOException {
        final Path file = file(
                header(0xa1b2c3d4, 1),
                record(5, 7, 60, new byte[60]),
                Arrays.copyOf(record(5, 8, 60, new byte[60]), 40));
        try (CaptureReader reader = new CaptureReader(file)) {
            assertTrue(reader.next());
            final SwitchException e = assertThrows(SwitchException.class, reader::next);
            assertTrue(e.getMessage().startsWith(file + ": record 2: truncated"), e.getMessage());
            assertFalse(e.getMessage().contains("\n"));
        }
    }

    @Test
    void shouldSayWhatIsWrongWhenThereIsNoCapture() throws IOException {
        final Path absent = folder.resolve("absent");
        assertEquals(
                absent + ": no such file, or not to be read",
                assertThrows(SwitchException.class, () -> new CaptureReader(absent))
                        .getMessage());
        final Path text = file("not a capture at all, but text".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        assertTrue(assertThrows(SwitchException.class, () -> new CaptureReader(text))
                .getMessage()
                .startsWith(text + ": not a capture: "));
        final Path cooked = file(header(0xa1b2c3d4, 113));
        assertTrue(assertThrows(SwitchException.class, () -> new CaptureReader(cooked))
                .getMessage()
                .contains("only captures of Ethernet"));
    }

    @Test
    void shouldRefuseFrameWhenCaptureCutItOff() throws IOException {
        final Path file = file(header(0xa1b2c3d4, 1), record(1, 0, 90, new byte[60]), record(2, 0, 70, new byte[70]));
        final PcapPort port = new PcapPort(new CaptureReader(file), folder.resolve("out.pcap"), 1500, () -> TIME);
        final Burst burst = new Burst();
        assertEquals(1_000_000_000L, port.nextNanos());
        assertEquals(0, port.rxBurst(burst));
        port.due();
        assertEquals(1, port.rxBurst(burst));
        assertEquals(DropReason.TRUNCATED.ordinal(), burst.refused[0]);
        port.rxRelease();
        assertEquals(2_000_000_000L, port.nextNanos());
        burst.clear();
        assertEquals(0, port.rxBurst(burst));
        port.due();
        assertEquals(1, port.rxBurst(burst));
        assertEquals(0, burst.refused[0]);

        final TxQueue tx = new TxQueue();
        tx.add(0, 0, false);
        tx.skip[0] = 10;
        port.txBurst(burst, tx);
        port.rxRelease();
        assertEquals(PcapPort.NEVER, port.nextNanos());
        assertEquals(1, port.sent());
        port.close();
        try (CaptureReader written = new CaptureReader(folder.resolve("out.pcap"))) {
            assertTrue(written.next());
            assertEquals(60, written.frame().length);
            assertEquals(TIME, written.nanos());
        }
    }
}
