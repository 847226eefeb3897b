package io.weft.dataplane.port;

import io.weft.dataplane.Burst;
import io.weft.dataplane.DropReason;
import io.weft.dataplane.sys.Region;
import io.weft.dataplane.sys.XdpSocket;
import io.weft.encap.Mem;

/**
 * The receiving half of an AF_XDP socket. A packet is used where the kernel put it, and its frame goes back when the burst
 * is done; one that lies in several frames is put together in a slot. What the kernel says of frames is checked before it
 * is used. The lower half of the packet memory is for receiving.
 *
 * <p>Owned by the worker; made and closed by the conductor.
 */
final class XdpRx {
    /** Descriptors taken at once: those of a burst's packets. */
    private static final int HELD = 256;

    private static final int ETHERNET = 14;
    /** Packets of several frames: one a burst's place and one that is not complete yet. */
    private static final int SLOTS = Burst.CAPACITY + 1;

    private static final int DESCRIPTOR_LENGTH = 8;
    private static final int DESCRIPTOR_OPTIONS = 12;

    private final XdpSocket socket;
    private final long umem;
    private final long umemBytes;
    private final int frameBytes;
    private final XdpRing ring;
    private final XdpRing fill;

    private final long[] held = new long[HELD];
    private int heldCount;

    private final Region large;
    private final int slotBytes;
    private int slot;
    /** Bytes of the packet that is being put together in {@link #slot}; 0: none. */
    private int partial;

    private boolean partialBad;

    /** @param maxFrame bytes of the longest packet */
    XdpRx(final XdpSocket socket, final int maxFrame) {
        this.socket = socket;
        umem = socket.umem();
        umemBytes = socket.umemBytes();
        frameBytes = socket.frameBytes();
        final int entries = socket.entries();
        ring = new XdpRing(socket.rx(), entries);
        fill = new XdpRing(socket.fill(), entries);
        for (int i = 0; i < entries; i++) {
            Mem.putLongNative(fill.nextAddress(), (long) i * frameBytes);
        }
        fill.publishProduced();
        slotBytes = maxFrame + Burst.HEADROOM + 63 & -64;
        large = new Region((long) slotBytes * SLOTS);
    }

    /** Adds what waits to the burst; returns its size. */
    int receive(final Burst burst) {
        final int waiting = ring.waiting(Burst.CAPACITY);
        if (waiting == 0) {
            return 0;
        }
        final int count = Math.min(waiting, HELD);
        int taken = 0;
        while (taken < count && burst.size < Burst.CAPACITY) {
            take(burst, ring.nextDescriptor());
            taken++;
        }
        ring.publishConsumed();
        if (burst.size == 0) {
            // All of it belongs to a packet whose end is not there yet: nobody will release.
            release();
        }
        return burst.size;
    }

    private void take(final Burst burst, final long descriptor) {
        final long address = Mem.getLongNative(descriptor);
        final int length = Mem.getIntNative(descriptor + DESCRIPTOR_LENGTH);
        final boolean more = (Mem.getIntNative(descriptor + DESCRIPTOR_OPTIONS) & XdpSocket.PKT_CONTD) != 0;
        final boolean inside = Long.compareUnsigned(address, umemBytes) < 0;
        if (inside) {
            held[heldCount++] = address & -frameBytes;
        }
        final boolean good = inside && length >= 0 && length <= frameBytes - (int) (address & frameBytes - 1);
        if (more || partial != 0) {
            join(burst, umem + address, good ? length : -1, more);
            return;
        }
        final int i = burst.size;
        burst.add(good ? umem + address : umem, good ? length : 0);
        if (!good) {
            burst.refused[i] = DropReason.PORT_ERROR.ordinal();
        } else if (length < ETHERNET) {
            burst.refused[i] = DropReason.TOO_SHORT.ordinal();
        }
    }

    /** Puts a piece of a packet behind those that came before it. */
    private void join(final Burst burst, final long from, final int length, final boolean more) {
        final long to = large.address() + (long) slotBytes * slot + Burst.HEADROOM;
        if (length < 0 || partial + length > slotBytes - Burst.HEADROOM) {
            partialBad = true;
        } else {
            Mem.copy(from, to + partial, length);
            partial += length;
        }
        if (more) {
            // A first piece of no bytes would look like none.
            partialBad |= partial == 0;
            partial = Math.max(partial, 1);
            return;
        }
        final int i = burst.size;
        burst.add(to, partialBad ? 0 : partial);
        if (partialBad) {
            burst.refused[i] = DropReason.TRUNCATED.ordinal();
        }
        partial = 0;
        partialBad = false;
        slot = slot + 1 == SLOTS ? 0 : slot + 1;
    }

    /** Gives the burst's frames back to the kernel. */
    void release() {
        for (int i = 0; i < heldCount; i++) {
            // There is room: no more frames go round than the ring has entries.
            Mem.putLongNative(fill.nextAddress(), held[i]);
        }
        heldCount = 0;
        fill.publishProduced();
        if (fill.needsWakeup()) {
            socket.kickFill();
        }
    }

    boolean isEmpty() {
        return ring.waiting(1) == 0;
    }

    void close() {
        large.close();
    }
}
