package io.weft.dataplane.vhost;

import io.weft.dataplane.sys.EventFd;
import io.weft.dataplane.sys.Libc;
import java.util.ArrayList;
import java.util.List;

/**
 * What a session has set up: features, memory, rings, log. docs/vhost-user.md says how a ring's life goes and how it is
 * taken from its worker.
 *
 * <p>Owned by the thread that runs the device; a started ring's {@link Virtqueue} is its worker's.
 */
final class DeviceState {
    /** Bits of SET_FEATURES that are not the guest's. */
    static final long PROTOCOL_BITS = VirtioFeatures.PROTOCOL_FEATURES | VirtioFeatures.LOG_ALL;

    private final VhostHandler handler;
    private final Teller teller;
    private final DeviceRecord record;
    /** Features with which the guest was served before this session. */
    private final long before;

    private final long offered;
    private final Ring[] rings;

    private long features;
    private MemoryTable table = MemoryTable.empty();
    private SharedLog log;
    private int logFd = -1;
    private Inflight inflight;

    DeviceState(
            final VhostHandler handler,
            final Teller teller,
            final DeviceRecord record,
            final long offered,
            final int rings) {
        this.handler = handler;
        this.teller = teller;
        this.record = record;
        this.offered = offered;
        before = record.features();
        this.rings = new Ring[rings];
        for (int r = 0; r < rings; r++) {
            this.rings[r] = new Ring(r);
        }
    }

    long offered() {
        return offered;
    }

    /** What the guest uses. */
    long negotiated() {
        return features & ~PROTOCOL_BITS;
    }

    boolean isPacked() {
        return (features & VirtioFeatures.RING_PACKED) != 0;
    }

    MemoryTable table() {
        return table;
    }

    Ring ring(final long index) throws Refusal {
        if (index < 0 || index >= rings.length) {
            throw Refusal.malformed("ring " + index + " of " + rings.length);
        }
        return rings[(int) index];
    }

    Ring[] rings() {
        return rings;
    }

    /** Whether any ring is started. */
    boolean isServing() {
        for (final Ring ring : rings) {
            if (ring.queue != null) {
                return true;
            }
        }
        return false;
    }

    void setFeatures(final long value) throws Refusal {
        final long foreign = value & ~offered;
        if (foreign != 0) {
            throw Refusal.of("features that were not offered: " + VirtioFeatures.names(foreign));
        }
        final long changed = value ^ features;
        if ((changed & ~PROTOCOL_BITS) != 0) {
            for (final Ring ring : rings) {
                if (ring.queue != null) {
                    throw Refusal.of("features change while ring " + ring.index + " runs: "
                            + VirtioFeatures.names(changed & ~PROTOCOL_BITS));
                }
            }
        }
        features = value;
        if ((value & VirtioFeatures.PROTOCOL_FEATURES) == 0) {
            for (final Ring ring : rings) {
                enable(ring, true);
            }
        }
        if ((changed & VirtioFeatures.LOG_ALL) != 0) {
            relog();
        }
        handler.negotiated(negotiated());
    }

    void enable(final Ring ring, final boolean enabled) {
        if (ring.enabled != enabled) {
            ring.enabled = enabled;
            handler.onOwner(ring.index, () -> handler.ringEnabled(ring.index, enabled));
        }
    }

    // Memory

    /** Takes the descriptors in any case. */
    void setMemory(final List<MemoryTable.Wanted> wanted, final int[] fds) throws Refusal {
        become(table.with(wanted, fds));
    }

    /** Takes the descriptor in any case. */
    void addMemory(final MemoryTable.Wanted wanted, final int fd) throws Refusal {
        become(table.plus(wanted, fd));
    }

    boolean hasMemory(final MemoryTable.Wanted region) {
        return table.has(region);
    }

    void removeMemory(final MemoryTable.Wanted wanted) throws Refusal {
        become(table.minus(wanted));
    }

    /** Whether something that is mapped was cut off. */
    boolean shrank() {
        return table.shrank()
                || (log != null && log.file().isShort())
                || (inflight != null && inflight.file().isShort());
    }

    private void become(final MemoryTable next) {
        if (!next.isSame(table)) {
            final MemoryTable old = table;
            try {
                withoutRings(() -> table = old.become(next));
            } finally {
                if (table == old) {
                    next.become(old);
                }
            }
        }
    }

    /** Takes every ring from its worker, changes something, and starts those that can be where they stood. */
    private void withoutRings(final Runnable change) {
        RuntimeException failed = null;
        for (final Ring ring : rings) {
            try {
                detach(ring);
            } catch (final RuntimeException thrown) {
                failed = thrown;
            }
        }
        if (failed != null) {
            // Somebody may still be using what the change would take away.
            throw failed;
        }
        change.run();
        for (final Ring ring : rings) {
            try {
                start(ring);
            } catch (final Refusal refused) {
                teller.tell(refused.getMessage() + "; it is stopped until it does");
            }
        }
    }

    // Rings

    void setSize(final Ring ring, final long size) throws Refusal {
        if (size <= 0 || size > Ring.MAX_SIZE) {
            throw Refusal.of("ring " + ring.index + ": size " + size + ", it may be 1 to " + Ring.MAX_SIZE);
        }
        if (ring.size != size) {
            detach(ring);
            ring.size = (int) size;
            start(ring);
        }
    }

    void setAddresses(
            final Ring ring,
            final int flags,
            final long descriptors,
            final long driver,
            final long device,
            final long usedLog)
            throws Refusal {
        ring.flags = flags;
        ring.usedLog = usedLog;
        if (ring.isAt(descriptors, driver, device)) {
            relog(ring);
        } else {
            detach(ring);
            ring.descriptors = descriptors;
            ring.driver = driver;
            ring.device = device;
            start(ring);
        }
    }

    void setBase(final Ring ring, final int base) throws Refusal {
        final boolean running = ring.queue != null;
        detach(ring);
        ring.base = base;
        ring.exact = running;
        start(ring);
    }

    /** Stops the ring and returns where it stands. */
    int getBase(final Ring ring) {
        stop(ring);
        return ring.base;
    }

    /** Starts the ring. The descriptor is the ring's from now on; -1: there is none, the ring is to be polled. */
    void setKick(final Ring ring, final int fd) throws Refusal {
        unblock(fd);
        final Virtqueue queue = ring.queue;
        if (queue != null) {
            handler.onOwner(ring.index, () -> {
                queue.kickFd(fd);
                handler.ringChanged(ring.index, queue);
            });
        }
        ring.kickFd = Ring.replace(ring.kickFd, fd);
        ring.kicked = true;
        start(ring);
    }

    /** The descriptor is the ring's from now on; -1: nothing is to be signalled. */
    void setCall(final Ring ring, final int fd) {
        unblock(fd);
        final Virtqueue queue = ring.queue;
        if (queue != null) {
            handler.onOwner(ring.index, () -> queue.callFd(fd));
        }
        ring.callFd = Ring.replace(ring.callFd, fd);
        if (queue != null) {
            signal(ring);
        }
    }

    /** The descriptor is the ring's from now on; -1: nothing is to be signalled. */
    void setError(final Ring ring, final int fd) {
        unblock(fd);
        ring.errFd = Ring.replace(ring.errFd, fd);
    }

    /** The frontend reads and writes it too: it must not be able to hold a worker up by what it does, or does not. */
    private static void unblock(final int fd) {
        if (fd >= 0) {
            final int flags = Libc.fcntl(fd, Libc.F_GETFL, 0);
            if (flags >= 0 && (flags & Libc.O_NONBLOCK) == 0) {
                Libc.fcntl(fd, Libc.F_SETFL, flags | Libc.O_NONBLOCK);
            }
        }
    }

    private void start(final Ring ring) throws Refusal {
        if (ring.queue != null || !ring.kicked || ring.size == 0 || !ring.hasAddresses() || table.regions() == 0) {
            return;
        }
        final long guest = table.identity();
        final RingJournal journal = record.journal(ring.index);
        final boolean running = journal.isRunning(guest, ring.descriptors, ring.size);
        final Ring.Account account = new Ring.Account(running && !ring.exact, journal);
        final long part = inflight == null ? 0 : inflight.part(ring.index, ring.size);
        final RingSetup setup = ring.place(table.memory(), negotiated(), account, part);
        checkContinued(ring, guest);
        if (!running) {
            journal.end();
            journal.begin(guest, ring.descriptors, ring.size);
        }
        record.serve(ring.index, guest, ring.descriptors, ring.size, negotiated());
        final Virtqueue queue = Virtqueue.open(setup);
        queue.kickFd(ring.kickFd);
        queue.callFd(ring.callFd);
        queue.log(dirty(), ring.usedLog());
        ring.brokenTold = false;
        ring.queue = queue;
        handler.onOwner(ring.index, () -> handler.ringChanged(ring.index, queue));
        // Whoever served the ring before may have ended between a used buffer and its signal.
        signal(ring);
    }

    /** A driver that goes on where it was must still have what it had: it uses it without asking again. */
    private void checkContinued(final Ring ring, final long guest) throws Refusal {
        final long lost = before & ~negotiated();
        final boolean fresh = (ring.base & 0x7fff) == 0;
        if (lost != 0 && !fresh && !ring.exact && record.isServed(ring.index, guest, ring.descriptors, ring.size)) {
            throw Refusal.of("ring " + ring.index + ": the guest's driver goes on without features that it negotiated: "
                    + VirtioFeatures.names(lost)
                    + "; restart the guest, or the version of the switch that offered them");
        }
    }

    private static void signal(final Ring ring) {
        if (ring.callFd >= 0) {
            EventFd.signal(ring.callFd);
        }
    }

    private void stop(final Ring ring) {
        detach(ring);
        record.stop(ring.index);
        ring.closeKick();
    }

    private void detach(final Ring ring) {
        final Virtqueue queue = ring.queue;
        if (queue != null) {
            handler.onOwner(ring.index, () -> handler.ringChanged(ring.index, null));
            // Not before: while its worker did not let go, the memory may not go either, see close().
            ring.queue = null;
            ring.base = queue.base();
            ring.exact = true;
        }
    }

    // Log

    /** The descriptor is the log's where this returns, else the caller's. */
    void setLog(final int fd, final long size, final long offset) throws Refusal {
        final SharedLog old = log;
        log = SharedLog.map(fd, size, offset);
        relog();
        if (old != null) {
            old.file().close();
        }
    }

    /** The descriptor is the device's from now on. */
    void setLogFd(final int fd) {
        logFd = Ring.replace(logFd, fd);
    }

    private DirtyLog dirty() {
        return (features & VirtioFeatures.LOG_ALL) == 0 || log == null ? null : log.bits();
    }

    private void relog() {
        for (final Ring ring : rings) {
            relog(ring);
        }
    }

    private void relog(final Ring ring) {
        final Virtqueue queue = ring.queue;
        if (queue != null) {
            handler.onOwner(ring.index, () -> queue.log(dirty(), ring.usedLog()));
        }
    }

    // Inflight

    /** The region is the device's from now on. */
    void setInflight(final Inflight region) {
        final Inflight old = inflight;
        try {
            withoutRings(() -> {
                inflight = region;
                if (old != null) {
                    old.file().close();
                }
            });
        } finally {
            if (inflight == null || inflight.file() != region.file()) {
                region.file().close();
            }
        }
    }

    // The whole device

    /** Stops every ring as the driver's reset does. */
    void stopRings() {
        for (final Ring ring : rings) {
            stop(ring);
        }
    }

    /** RESET_DEVICE: as at the beginning, but for the memory and who owns the device. */
    void reset() {
        for (final Ring ring : rings) {
            stop(ring);
            enable(ring, false);
            ring.reset();
        }
        features = 0;
        closeLog();
        closeInflight();
        handler.negotiated(0);
    }

    /** Signals and tells rings that were stopped because of what the guest wrote into them. */
    void lookForBroken() {
        for (final Ring ring : rings) {
            if (ring.queue != null && ring.queue.isBroken() && !ring.brokenTold) {
                ring.brokenTold = true;
                teller.tell("ring " + ring.index + " is stopped: " + ring.queue.broken());
                if (ring.errFd >= 0) {
                    EventFd.signal(ring.errFd);
                }
            }
        }
    }

    /** The session is over: gives back everything. */
    void close() {
        final List<String> failed = new ArrayList<>();
        for (final Ring ring : rings) {
            try {
                detach(ring);
                enable(ring, false);
                ring.close();
            } catch (final RuntimeException | InternalError thrown) {
                failed.add("ring " + ring.index + ": " + thrown);
            }
        }
        if (!failed.isEmpty()) {
            // A worker that did not let go may still touch memory and descriptors: they stay as long as the process
            // runs.
            failed.forEach(teller::tell);
            return;
        }
        table = table.become(MemoryTable.empty());
        closeLog();
        closeInflight();
    }

    private void closeLog() {
        if (log != null) {
            log.file().close();
            log = null;
        }
        logFd = Ring.replace(logFd, -1);
    }

    private void closeInflight() {
        if (inflight != null) {
            inflight.file().close();
            inflight = null;
        }
    }
}
