package io.weft.dataplane.port;

import io.weft.dataplane.Burst;
import io.weft.dataplane.api.SwitchException;
import java.nio.file.Path;
import java.sql.Timestamp;
import org.pcap4j.core.NotOpenException;
import org.pcap4j.core.PcapDumper;
import org.pcap4j.core.PcapHandle;
import org.pcap4j.core.PcapNativeException;

/**
 * Writes a capture of Ethernet frames, pcap with times in nanoseconds. The same frames and times make the same file.
 *
 * <p>Owned by the thread that opened it.
 */
public final class CaptureWriter implements AutoCloseable {
    private final Path file;
    private final PcapHandle handle;
    private final PcapDumper dumper;

    /** @throws SwitchException in one line, when the file cannot be written */
    public CaptureWriter(final Path file) {
        this.file = file;
        PcapHandle opened = null;
        try {
            opened = Libpcap.openForWriting(Burst.MAX_FRAME);
            dumper = opened.dumpOpen(file.toString());
        } catch (final PcapNativeException | NotOpenException e) {
            if (opened != null) {
                opened.close();
            }
            throw new SwitchException(file + ": cannot be written: " + e.getMessage(), e);
        }
        handle = opened;
    }

    /** @param nanos since 1970 */
    public void write(final long nanos, final byte[] frame) {
        final Timestamp time = new Timestamp(Math.floorDiv(nanos, 1_000_000_000L) * 1000L);
        time.setNanos((int) Math.floorMod(nanos, 1_000_000_000L));
        try {
            dumper.dumpRaw(frame, time);
        } catch (final NotOpenException e) {
            throw new SwitchException(file + ": closed", e);
        }
    }

    @Override
    public void close() {
        dumper.close();
        handle.close();
    }
}
