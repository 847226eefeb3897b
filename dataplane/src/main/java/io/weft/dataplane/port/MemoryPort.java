package io.weft.dataplane.port;

/**
 * A port to the program that holds the switch: tests, demo, and the underlay of a switch in memory. Frames are copied
 * once in each direction; when more wait than may, the switch's are dropped with their reason and the program's refused.
 *
 * <p>Owned by the conductor; see {@link MemoryQueue} for its queues.
 */
public final class MemoryPort implements Port {
    private static final int FRAMES = 1024;

    private final MemoryQueue[] queues;
    private final int mtu;
    private final long mac;

    public MemoryPort() {
        this(1, 1500, 0, FRAMES, false);
    }

    /**
     * @param queues queue pairs
     * @param mtu bytes of the largest layer-3 packet
     * @param mac own address, or 0
     * @param frames that may wait in each direction of a queue
     * @param wakes whether a worker can sleep on the queues
     */
    public MemoryPort(final int queues, final int mtu, final long mac, final int frames, final boolean wakes) {
        this.queues = new MemoryQueue[queues];
        for (int i = 0; i < queues; i++) {
            this.queues[i] = new MemoryQueue(frames, wakes);
        }
        this.mtu = mtu;
        this.mac = mac;
    }

    /** As {@link MemoryQueue#inject(byte[])} on the first queue. */
    public boolean inject(final byte[] frame) {
        return queues[0].inject(frame);
    }

    /** As {@link MemoryQueue#inject(byte[], int, int, int, int, int)} on the first queue. */
    public boolean inject(
            final byte[] frame,
            final int vnetFlags,
            final int gsoType,
            final int gsoSize,
            final int csumStart,
            final int csumOffset) {
        return queues[0].inject(frame, vnetFlags, gsoType, gsoSize, csumStart, csumOffset);
    }

    /** Takes the next frame sent on any queue, lowest queue first; null: none. */
    public byte[] poll() {
        final MemoryQueue.Sent sent = pollSent();
        return sent == null ? null : sent.frame();
    }

    /** As {@link #poll}, with its offload words. */
    public MemoryQueue.Sent pollSent() {
        for (final MemoryQueue queue : queues) {
            final MemoryQueue.Sent sent = queue.pollSent();
            if (sent != null) {
                return sent;
            }
        }
        return null;
    }

    /** Sets what all queues take from now on: bits of {@link PortQueue#offloads}. */
    public void setOffloads(final int bits) {
        for (final MemoryQueue queue : queues) {
            queue.setOffloads(bits);
        }
    }

    /** As {@link MemoryQueue#splitAt} on all queues. */
    public void splitAt(final int bytes) {
        for (final MemoryQueue queue : queues) {
            queue.splitAt(bytes);
        }
    }

    @Override
    public int queues() {
        return queues.length;
    }

    @Override
    public MemoryQueue queue(final int index) {
        return queues[index];
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
    public long mac() {
        return mac;
    }

    @Override
    public void close() {
        for (final MemoryQueue queue : queues) {
            queue.close();
        }
    }
}
