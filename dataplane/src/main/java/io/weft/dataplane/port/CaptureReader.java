package io.weft.dataplane.port;

import io.weft.dataplane.api.SwitchException;
import java.io.EOFException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Timestamp;
import java.util.concurrent.TimeoutException;
import org.pcap4j.core.NotOpenException;
import org.pcap4j.core.PcapHandle;
import org.pcap4j.core.PcapNativeException;
import org.pcap4j.packet.namednumber.DataLinkType;

/**
 * Reads a capture of Ethernet frames record by record: pcap with times in microseconds or nanoseconds, or pcapng. Begins
 * before the first record.
 *
 * <p>Owned by the thread that opened it.
 */
public final class CaptureReader implements AutoCloseable {
    private final Path file;
    private final PcapHandle handle;
    private byte[] frame;
    private int length;
    private long nanos;
    private int record;

    /** Says whether captures can be read and written here: whether libpcap is installed. */
    public static boolean isSupported() {
        return Libpcap.isPresent();
    }

    /** @throws SwitchException in one line, when there is no such capture or it is not one of Ethernet */
    public CaptureReader(final Path file) {
        this.file = file;
        if (!Files.isReadable(file)) {
            throw new SwitchException(file + ": no such file, or not to be read");
        }
        try {
            handle = Libpcap.openForReading(file.toString());
        } catch (final PcapNativeException e) {
            throw new SwitchException(file + ": not a capture: " + Libpcap.text(e), e);
        }
        final DataLinkType type = handle.getDlt();
        if (!DataLinkType.EN10MB.equals(type)) {
            handle.close();
            throw new SwitchException(file + ": link type " + type + "; only captures of Ethernet frames are read");
        }
    }

    /**
     * Goes to the next record. Returns false after the last.
     *
     * @throws SwitchException naming file and record, where the file is damaged
     */
    public boolean next() {
        record++;
        try {
            frame = handle.getNextRawPacketEx();
        } catch (final EOFException e) {
            frame = null;
            return false;
        } catch (final PcapNativeException e) {
            throw new SwitchException(file + ": record " + record + ": " + Libpcap.text(e), e);
        } catch (final TimeoutException | NotOpenException e) {
            throw new SwitchException(file + ": record " + record + ": " + e, e);
        }
        length = handle.getOriginalLength();
        final Timestamp time = handle.getTimestamp();
        nanos = Math.floorDiv(time.getTime(), 1000L) * 1_000_000_000L + time.getNanos();
        return true;
    }

    /** The bytes that were captured. */
    public byte[] frame() {
        return frame;
    }

    /** Bytes that the frame had on the wire; more than {@link #frame} has where the capture cut it off. */
    public int length() {
        return length;
    }

    /** Nanoseconds since 1970. */
    public long nanos() {
        return nanos;
    }

    /** Number of the record, from 1. */
    public int record() {
        return record;
    }

    @Override
    public void close() {
        handle.close();
    }
}
