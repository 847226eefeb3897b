package io.weft.bench;

import io.weft.dataplane.Burst;
import io.weft.dataplane.TxQueue;
import io.weft.dataplane.port.Port;
import io.weft.dataplane.port.PortQueue;
import io.weft.encap.Mem;

/**
 * A memory port that gives frames of one size for ever, or none but its first, and copies what it is sent. Owned by the
 * worker; {@link #taken} may be read by anybody.
 */
final class SizedPort implements Port, PortQueue {
    /** The machine behind the port, and the one behind the tunnel. */
    static final long OWN = 0x0200_0000_00aaL;

    static final long FAR = 0x0200_0000_00bbL;

    private static final int SLOT = 2048;

    private final int bytes;
    private final boolean gives;
    private final long slots = Mem.allocate((long) Burst.CAPACITY * SLOT, 64);
    private final long sink = Mem.allocate(2L * SLOT, 64);
    private volatile long taken;
    private boolean isKnown;

    SizedPort(final int bytes, final boolean gives) {
        this.bytes = bytes;
        this.gives = gives;
        for (int i = 0; i < Burst.CAPACITY; i++) {
            frame(slot(i), bytes, i, FAR, OWN);
        }
    }

    /** Writes a UDP frame of so many bytes. */
    static void frame(final long at, final int bytes, final int flow, final long to, final long from) {
        Uplinks.ethernet(at, to, from);
        Uplinks.ipv4(at + 14, bytes - 14, 0x0a00_0001, 0x0a00_0002);
        Uplinks.udp(at + 34, 1024 + flow, 9, bytes - 34);
    }

    private long slot(final int i) {
        return slots + (long) i * SLOT + Burst.HEADROOM;
    }

    /** Frames sent to this port. */
    long taken() {
        return taken;
    }

    @Override
    public int rxBurst(final Burst burst) {
        final int count = gives ? Burst.CAPACITY : isKnown ? 0 : 1;
        isKnown = true;
        for (int i = 0; i < count; i++) {
            burst.add(slot(i), bytes);
        }
        return count;
    }

    @Override
    public void rxRelease() {}

    @Override
    @SuppressWarnings("NonAtomicVolatileUpdate") // one writer
    public void txBurst(final Burst burst, final TxQueue tx) {
        for (int i = 0; i < tx.size; i++) {
            Mem.copy(burst.head[tx.frame[i]], sink, Math.min(burst.headLength[tx.frame[i]], SLOT));
        }
        taken += tx.size;
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
        return 1500;
    }

    @Override
    public void close() {}
}
