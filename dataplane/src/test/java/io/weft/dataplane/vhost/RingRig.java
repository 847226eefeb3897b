package io.weft.dataplane.vhost;

import io.weft.dataplane.vhost.frontend.DriverRing;
import io.weft.dataplane.vhost.frontend.GuestRam;
import io.weft.dataplane.vhost.frontend.PackedDriver;
import io.weft.dataplane.vhost.frontend.SplitDriver;
import io.weft.encap.Mem;

/** A driver's ring and the device's queue over the same guest memory, without a socket between them. */
final class RingRig implements AutoCloseable {
    /** Queue numbers: the guest transmits (we read), the guest receives (we write). */
    static final int TRANSMIT = 1;

    static final int RECEIVE = 0;
    /** Position at which a new ring begins. */
    static final int START = -1;

    final GuestRam ram;
    final GuestMemory memory;
    final long features;
    final int index;
    final long journalAddress = Mem.allocate(RingJournal.BYTES, Long.BYTES);
    final RingJournal journal = new RingJournal(journalAddress);
    final DriverRing driver;
    /** Address of the ring's part of an inflight region, or 0. */
    long inflight;

    Virtqueue queue;

    RingRig(final GuestRam ram, final int index, final long features, final int size, final int start) {
        this.ram = ram;
        this.index = index;
        this.features = features;
        driver = packed()
                ? new PackedDriver(ram, size, features, start == START ? 1 << 15 : start)
                : new SplitDriver(ram, size, features, start == START ? 0 : start);
        memory = ram.map();
        queue = open(false);
    }

    RingRig(final int index, final long features, final int size) {
        this(GuestRam.of(256 << 20), index, features, size, START);
    }

    boolean packed() {
        return (features & VirtioFeatures.RING_PACKED) != 0;
    }

    SplitDriver split() {
        return (SplitDriver) driver;
    }

    PackedDriver packedDriver() {
        return (PackedDriver) driver;
    }

    Virtqueue open(final boolean resumed) {
        final RingSetup s = driver.setup(index, features, memory, resumed, journal);
        return Virtqueue.open(new RingSetup(
                s.index(),
                s.features(),
                s.size(),
                s.descriptors(),
                s.driver(),
                s.device(),
                s.descriptorsGuest(),
                s.deviceGuest(),
                s.base(),
                s.memory(),
                s.resumed(),
                s.journal(),
                inflight));
    }

    /** Serves the ring anew, with an inflight region of the frontend's. */
    void withInflight() {
        inflight = Mem.allocate(
                packed() ? PackedInflight.bytes(driver.size) : SplitInflight.bytes(driver.size), Long.BYTES);
        journal.end();
        queue = open(false);
    }

    /** Bytes of chain {@code k} of those that the queue has taken. */
    byte[] read(final int k) {
        final byte[] all = new byte[(int) queue.bytes[k]];
        int at = 0;
        final int first = queue.firstSegment[k];
        for (int s = first; s < first + queue.segmentCount[k]; s++) {
            Mem.copy(queue.segmentAddress[s], all, at, queue.segmentLength[s]);
            at += queue.segmentLength[s];
        }
        return all;
    }

    /** Writes into chain {@code k} of those taken, from its start, and says so. */
    void write(final int k, final byte[] data) {
        int at = 0;
        for (int s = queue.firstSegment[k]; at < data.length; s++) {
            final int piece = Math.min(data.length - at, queue.segmentLength[s]);
            Mem.copy(data, at, queue.segmentAddress[s], piece);
            at += piece;
        }
        queue.written[k] = data.length;
    }

    /** Takes all that is there; the faults of the chains, in order. */
    int[] faults() {
        queue.fill(Virtqueue.CHAINS);
        final int[] faults = new int[queue.size];
        System.arraycopy(queue.fault, 0, faults, 0, queue.size);
        queue.complete();
        return faults;
    }

    @Override
    public void close() {
        GuestRam.unmap(memory);
        ram.close();
    }
}
