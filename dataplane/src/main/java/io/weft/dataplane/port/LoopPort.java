package io.weft.dataplane.port;

import io.weft.dataplane.Burst;
import io.weft.dataplane.TxQueue;
import io.weft.encap.Mem;

/**
 * A port for measuring everything but ports: gives the same frames again and again without copying, and copies what is
 * sent to it, once, into slots that come around, as a guest's buffers do. A frame whose bytes the switch changes (a tag taken off) stays changed, so give it frames that are
 * forwarded as they are.
 *
 * <p>Owned by the worker.
 */
public final class LoopPort implements Port, PortQueue {
    private static final int ALIGNMENT = 64;
    private static final int SLOTS = 256;
    private static final int SLOT = 2048;

    private final long[] frames;
    private final int[] lengths;
    private final int mtu;
    private int next;
    private long sentFrames;
    private long sentBytes;
    private final long slots = Mem.allocate((long) SLOTS * SLOT, ALIGNMENT);
    private int slot;

    /** @param templates frames to give in turn; none: the port only counts what is sent to it */
    public LoopPort(final int mtu, final byte[]... templates) {
        this.mtu = mtu;
        // A burst needs a slot for each frame: a frame's headroom is written while the others are still under way.
        final int rounds = templates.length == 0 ? 0 : Math.ceilDiv(Burst.CAPACITY, templates.length);
        final int slots = rounds * templates.length;
        frames = new long[slots];
        lengths = new int[slots];
        for (int i = 0; i < slots; i++) {
            final byte[] template = templates[i % templates.length];
            frames[i] = Mem.allocate(Burst.HEADROOM + template.length, ALIGNMENT) + Burst.HEADROOM;
            lengths[i] = template.length;
            Mem.copy(template, 0, frames[i], template.length);
        }
    }

    @Override
    public int rxBurst(final Burst burst) {
        if (frames.length == 0) {
            return 0;
        }
        while (burst.size < Burst.CAPACITY) {
            burst.add(frames[next], lengths[next]);
            next = next + 1 == frames.length ? 0 : next + 1;
        }
        return burst.size;
    }

    @Override
    public void rxRelease() {}

    @Override
    public void txBurst(final Burst burst, final TxQueue tx) {
        sentFrames += tx.size;
        for (int i = 0; i < tx.size; i++) {
            final int frame = tx.frame[i];
            final int prefix = tx.prefixLength[i];
            final int skip = tx.skip[i];
            final long to = slots + (long) slot * SLOT;
            slot = (slot + 1) & (SLOTS - 1);
            if (prefix != 0) {
                Mem.copy(tx.prefix[i], to, prefix);
            }
            // What lies beyond the head, or beyond a slot, is not what this port measures.
            final int bytes = Math.min(burst.headLength[frame] - skip, SLOT - prefix);
            Mem.copy(burst.head[frame] + skip, to + prefix, bytes);
            sentBytes += prefix + burst.length[frame] - skip;
        }
    }

    public long sentFrames() {
        return sentFrames;
    }

    public long sentBytes() {
        return sentBytes;
    }

    @Override
    public int offloads() {
        return CSUM | TSO4 | TSO6 | USO;
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
    public void close() {}
}
