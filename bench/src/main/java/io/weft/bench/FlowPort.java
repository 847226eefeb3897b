package io.weft.bench;

import io.weft.dataplane.Burst;
import io.weft.dataplane.TxQueue;
import io.weft.dataplane.port.Port;
import io.weft.dataplane.port.PortQueue;
import io.weft.dataplane.sys.ErrnoException;
import io.weft.dataplane.sys.EventFd;
import io.weft.encap.Mem;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Objects;

/**
 * A memory port that makes its frames as it gives them, in slots that come around as a guest's buffers do: so a million
 * addresses or flows take no more memory than one. What is sent to it is copied, once, into other such slots.
 *
 * <p>An idle one can be slept on; one that {@link #give gives} frames always has some. Its memory is never given back. Owned by the worker but for what
 * says otherwise.
 */
final class FlowPort implements Port, PortQueue {
    private static final int MTU = 1500;
    private static final int SLOTS = 512;
    private static final int IDLE_SLOTS = 2;
    private static final int SLOT = 512;
    private static final int BYTES = 60;
    private static final int TAGGED = BYTES + 4;
    private static final VarHandle SENT;

    static {
        try {
            SENT = MethodHandles.lookup().findVarHandle(FlowPort.class, "sent", long.class);
        } catch (final ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /**
     * What a port gives, in turn.
     *
     * @param first destination of the first frame, or when {@code teach}, its source
     * @param macs addresses from there on
     * @param other the other address of each frame
     * @param flows UDP ports
     * @param vlans tags from 1 on; 0: no tag
     * @param burst frames at once, at most
     * @param teach gives each address once, as a source
     */
    record Pattern(long first, int macs, long other, int flows, int vlans, int burst, boolean teach) {}

    private final EventFd wake;
    private final int queues;
    private final int slots;
    private final long given;
    private final long taken;
    private int givenSlot;
    private int takenSlot;
    private Pattern now;
    private int mac;
    private int flow;
    private int vlan;
    /** Set by any thread. */
    private volatile Pattern pattern;
    /** Read by any thread. */
    private volatile boolean taught;

    @SuppressWarnings("unused") // by its handle
    private long sent;

    /**
     * @param sleeps whether the worker may sleep on it; then it never gives anything
     * @param queues more than one only where nothing is given or sent: all are this
     */
    FlowPort(final boolean sleeps, final int queues) {
        this.queues = queues;
        slots = sleeps ? IDLE_SLOTS : SLOTS;
        given = Mem.allocate((long) slots * SLOT, 64);
        taken = Mem.allocate((long) slots * SLOT, 64);
        try {
            wake = sleeps ? new EventFd() : null;
        } catch (final ErrnoException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Begins to give; null: nothing more. By any thread. */
    void give(final Pattern value) {
        taught = false;
        pattern = value;
    }

    /** Whether every address was taught. By any thread. */
    boolean isTaught() {
        return taught;
    }

    /** Frames sent to this port. By any thread. */
    long sent() {
        return (long) SENT.getAcquire(this);
    }

    @Override
    public int rxBurst(final Burst burst) {
        final Pattern p = pattern;
        if (!Objects.equals(p, now)) {
            now = p;
            mac = flow = vlan = 0;
        }
        if (p == null || taught) {
            return 0;
        }
        while (burst.size < p.burst && !taught) {
            add(burst, p);
        }
        return burst.size;
    }

    private void add(final Burst burst, final Pattern p) {
        final long slot = given + (long) givenSlot * SLOT + Burst.HEADROOM;
        givenSlot = (givenSlot + 1) & (slots - 1);
        final long address = p.first + mac;
        final long at = header(slot, p.teach ? p.other : address, p.teach ? address : p.other, p.vlans);
        udp(at);
        burst.add(slot, p.vlans == 0 ? BYTES : TAGGED);
        if (++mac == p.macs) {
            mac = 0;
            taught = p.teach;
        }
        if (++flow == p.flows) {
            flow = 0;
        }
        if (++vlan >= p.vlans) {
            vlan = 0;
        }
    }

    /** Writes the Ethernet header; returns where the IP header begins. */
    private long header(final long frame, final long to, final long from, final int vlans) {
        Mem.putInt(frame, (int) (to >>> 16));
        Mem.putShort(frame + 4, (int) to);
        Mem.putShort(frame + 6, (int) (from >>> 32));
        Mem.putInt(frame + 8, (int) from);
        if (vlans == 0) {
            Mem.putShort(frame + 12, 0x0800);
            return frame + 14;
        }
        Mem.putInt(frame + 12, 0x8100_0000 | (1 + vlan));
        Mem.putShort(frame + 16, 0x0800);
        return frame + 18;
    }

    private void udp(final long ip) {
        Mem.putLong(ip, 0x4500_002e_0000_4000L);
        Mem.putInt(ip + 8, 0x4011_0000);
        Mem.putInt(ip + 12, 0x0a00_0001);
        Mem.putInt(ip + 16, 0x0a01_0001);
        Mem.putShort(ip + 20, 1024 + (flow & 0x7fff));
        Mem.putShort(ip + 22, 1024 + (flow >>> 15));
        Mem.putInt(ip + 24, 26 << 16);
    }

    @Override
    public void rxRelease() {}

    @Override
    public void txBurst(final Burst burst, final TxQueue tx) {
        for (int i = 0; i < tx.size; i++) {
            final int frame = tx.frame[i];
            final int prefix = tx.prefixLength[i];
            final int skip = tx.skip[i];
            final long to = taken + (long) takenSlot * SLOT;
            takenSlot = (takenSlot + 1) & (slots - 1);
            if (prefix != 0) {
                Mem.copy(tx.prefix[i], to, prefix);
            }
            final int bytes = Math.min(burst.headLength[frame] - skip, SLOT - prefix);
            Mem.copy(burst.head[frame] + skip, to + prefix, bytes);
        }
        SENT.setRelease(this, sent + tx.size);
    }

    @Override
    public int offloads() {
        return CSUM | TSO4 | TSO6 | USO;
    }

    @Override
    public int wakeFd() {
        return wake == null ? -1 : wake.fd();
    }

    @Override
    public int queues() {
        return queues;
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
        return MTU;
    }

    @Override
    public void close() {
        if (wake != null) {
            wake.close();
        }
    }
}
