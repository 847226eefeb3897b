package io.weft.dataplane.port;

import io.weft.dataplane.sys.XdpSocket;
import io.weft.encap.Mem;

/**
 * One ring between the switch and the kernel: one side puts in, the other takes out, and each publishes how many it ever
 * did. The kernel's counts are looked at only as differences that fit the ring, so that a wrong one cannot lead outside.
 *
 * <p>Owned by the worker.
 */
final class XdpRing {
    private static final int DESCRIPTOR = 16;

    private final long producerAt;
    private final long consumerAt;
    private final long entries;
    private final long flags;
    private final int size;
    private final int mask;
    /** What this side has put in or taken out; published by {@link #publishProduced} or {@link #publishConsumed}. */
    private int own;
    /** The other side's count when it was last looked at. */
    private int seen;

    /** @param size entries, a power of two */
    XdpRing(final XdpSocket.Ring ring, final int size) {
        producerAt = ring.producer();
        consumerAt = ring.consumer();
        entries = ring.entries();
        flags = ring.flags();
        this.size = size;
        mask = size - 1;
    }

    /** Entries that wait to be taken out, looked up when fewer than {@code enough} are known of. */
    int waiting(final int enough) {
        int known = seen - own;
        if (known < enough) {
            seen = Mem.getIntAcquire(producerAt);
            known = seen - own;
        }
        return known < 0 || known > size ? 0 : known;
    }

    /** Entries that may be put in, looked up when fewer than {@code enough} are known of. */
    int room(final int enough) {
        int known = size - (own - seen);
        if (known < enough) {
            seen = Mem.getIntAcquire(consumerAt);
            known = size - (own - seen);
        }
        return known < 0 || known > size ? 0 : known;
    }

    /** Whether the other side has taken out all that was put in. */
    boolean isDrained() {
        seen = Mem.getIntAcquire(consumerAt);
        return seen == own;
    }

    void publishConsumed() {
        Mem.putIntRelease(consumerAt, own);
    }

    void publishProduced() {
        Mem.putIntRelease(producerAt, own);
    }

    boolean needsWakeup() {
        return (Mem.getIntNative(flags) & XdpSocket.NEED_WAKEUP) != 0;
    }

    /** Where the next descriptor is, taken out or put in by this. */
    long nextDescriptor() {
        return entries + (own++ & mask) * (long) DESCRIPTOR;
    }

    /** Where the next frame's address is, taken out or put in by this. */
    long nextAddress() {
        return entries + (own++ & mask) * (long) Long.BYTES;
    }
}
