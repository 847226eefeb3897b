package io.weft.dataplane.port;

import io.weft.dataplane.Burst;
import io.weft.dataplane.DropReason;
import io.weft.dataplane.TxQueue;
import io.weft.encap.Mem;
import java.nio.file.Path;
import java.util.function.LongSupplier;

/**
 * A port to captures: frames come from one, when they are due, and what is sent goes to another. The capture to write is
 * made with the first frame that is sent.
 *
 * <p>Owned by the thread that replays, which is worker and conductor in one.
 */
public final class PcapPort implements Port, PortQueue {
    /** From {@link #nextNanos}: there are no more frames. */
    public static final long NEVER = Long.MAX_VALUE;

    private final CaptureReader in;
    private final Path out;
    private final int mtu;
    private final LongSupplier clock;
    private final long slot = Mem.allocate(Burst.HEADROOM + (long) Burst.MAX_FRAME, 64) + Burst.HEADROOM;
    private boolean waiting;
    private boolean due;
    private CaptureWriter writer;
    private long sent;

    /**
     * @param in may be null: nothing comes in
     * @param out is overwritten when something is sent
     * @param clock nanoseconds since 1970, for what is sent
     */
    public PcapPort(final CaptureReader in, final Path out, final int mtu, final LongSupplier clock) {
        this.in = in;
        this.out = out;
        this.mtu = mtu;
        this.clock = clock;
        waiting = in != null && in.next();
    }

    /** Time of the next frame in nanoseconds since 1970, or {@link #NEVER}. */
    public long nextNanos() {
        return waiting ? in.nanos() : NEVER;
    }

    /** Lets the next frame come in. */
    public void due() {
        due = waiting;
    }

    @Override
    public int rxBurst(final Burst burst) {
        if (!due) {
            return 0;
        }
        final byte[] frame = in.frame();
        final int bytes = Math.min(frame.length, Burst.MAX_FRAME);
        Mem.copy(frame, 0, slot, bytes);
        burst.add(slot, bytes);
        if (bytes < in.length()) {
            burst.refused[burst.size - 1] = DropReason.TRUNCATED.ordinal();
        }
        due = false;
        return 1;
    }

    @Override
    public void rxRelease() {
        waiting = in.next();
    }

    @Override
    public void txBurst(final Burst burst, final TxQueue tx) {
        if (tx.size != 0 && writer == null) {
            writer = new CaptureWriter(out);
        }
        for (int i = 0; i < tx.size; i++) {
            writer.write(clock.getAsLong(), gather(burst, tx, i));
            sent++;
        }
    }

    private static byte[] gather(final Burst burst, final TxQueue tx, final int i) {
        final int frame = tx.frame[i];
        final int skip = tx.skip[i];
        final int prefix = tx.prefixLength[i];
        final int headBytes = burst.headLength[frame] - skip;
        final byte[] bytes = new byte[prefix + burst.length[frame] - skip];
        if (prefix != 0) {
            Mem.copy(tx.prefix[i], bytes, 0, prefix);
        }
        Mem.copy(burst.head[frame] + skip, bytes, prefix, headBytes);
        int at = prefix + headBytes;
        final int first = burst.firstSegment[frame];
        for (int s = first; s < first + burst.segmentCount[frame]; s++) {
            Mem.copy(burst.segmentAddress[s], bytes, at, burst.segmentLength[s]);
            at += burst.segmentLength[s];
        }
        return bytes;
    }

    /** Frames written. */
    public long sent() {
        return sent;
    }

    @Override
    public int offloads() {
        return 0;
    }

    @Override
    public int wakeFd() {
        return -1;
    }

    @Override
    public int queues() {
        return 1;
    }

    @Override
    public PortQueue queue(final int index) {
        return this;
    }

    @Override
    public String state() {
        return "up";
    }

    @Override
    public int mtu() {
        return mtu;
    }

    @Override
    public void close() {
        if (in != null) {
            in.close();
        }
        if (writer != null) {
            writer.close();
        }
    }
}
