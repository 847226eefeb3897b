package io.weft.dataplane;

import io.weft.dataplane.port.Port;
import io.weft.dataplane.port.PortQueue;
import io.weft.encap.Mem;

/**
 * A port that gives the same frames again and again, each time as they were made, and counts what is sent to it. It
 * allocates nothing once it is there.
 *
 * <p>Owned by the test's thread.
 */
final class TemplatePort implements Port {
    private static final int SLOT = Burst.HEADROOM + 16_384;

    private final Queue[] queues;
    private final byte[][] templates;
    private int vnetFlags;
    private int gsoType;
    private int gsoSize;
    private int csumStart;
    private int csumOffset;
    /** Frames that were sent to it. */
    long sent;

    /** The frames come from the first queue; the others are for sending. */
    TemplatePort(final int queues, final byte[]... templates) {
        this.templates = templates;
        this.queues = new Queue[queues];
        for (int q = 0; q < queues; q++) {
            this.queues[q] = new Queue(q == 0);
        }
    }

    /** Offload words of all frames. */
    TemplatePort words(final int flags, final int type, final int size, final int start, final int offset) {
        vnetFlags = flags;
        gsoType = type;
        gsoSize = size;
        csumStart = start;
        csumOffset = offset;
        return this;
    }

    @Override
    public int queues() {
        return queues.length;
    }

    @Override
    public PortQueue queue(final int index) {
        return queues[index];
    }

    @Override
    public String state() {
        return "up";
    }

    @Override
    public int mtu() {
        return 1500;
    }

    @Override
    public void close() {}

    private final class Queue implements PortQueue {
        private final boolean gives;
        private final long slots;
        private int next;

        Queue(final boolean gives) {
            this.gives = gives && templates.length > 0;
            slots = this.gives ? Mem.allocate((long) Burst.CAPACITY * SLOT, 64) : 0;
        }

        @Override
        public int rxBurst(final Burst burst) {
            while (gives && burst.size < Burst.CAPACITY) {
                final int i = burst.size;
                final byte[] template = templates[next];
                next = next + 1 == templates.length ? 0 : next + 1;
                final long at = slots + (long) i * SLOT + Burst.HEADROOM;
                Mem.copy(template, 0, at, template.length);
                burst.add(at, template.length);
                burst.vnetFlags[i] = vnetFlags;
                burst.gsoType[i] = gsoType;
                burst.gsoSize[i] = gsoSize;
                burst.csumStart[i] = csumStart;
                burst.csumOffset[i] = csumOffset;
            }
            return burst.size;
        }

        @Override
        public void rxRelease() {}

        @Override
        public void txBurst(final Burst burst, final TxQueue tx) {
            sent += tx.size;
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
        public boolean arm() {
            return false;
        }

        @Override
        public void disarm() {}
    }
}
