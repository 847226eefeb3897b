package io.weft.dataplane.vhost;

import io.weft.dataplane.sys.Libc;

/**
 * What the frontend said of one ring, and where it lies. It is started while it has a {@link #queue}.
 *
 * <p>Owned by the thread that runs the device.
 */
final class Ring {
    static final int MAX_SIZE = 32_768;
    /** VHOST_VRING_F_LOG: writes to the used ring are marked. */
    private static final int LOG = 1;

    private static final int SPLIT_DRIVER = 2;
    private static final int SPLIT_DEVICE = 4;
    private static final int PACKED_EVENT = 4;
    private static final int DESCRIPTOR = 16;

    final int index;
    int size;
    /** Addresses in the frontend; 0 in all while it said none. */
    long descriptors;

    long driver;
    long device;
    int flags;
    long usedLog;
    int base;
    /** Whether {@link #base} is where it stands by our own account, not by the frontend's. */
    boolean exact;

    boolean enabled;
    /** Whether SET_VRING_KICK asked for it to be started. */
    boolean kicked;

    int kickFd = -1;
    int callFd = -1;
    int errFd = -1;

    /** Null: stopped. */
    Virtqueue queue;

    boolean brokenTold;

    Ring(final int index) {
        this.index = index;
    }

    boolean hasAddresses() {
        return descriptors != 0 || driver != 0 || device != 0;
    }

    boolean isAt(final long otherDescriptors, final long otherDriver, final long otherDevice) {
        return descriptors == otherDescriptors && driver == otherDriver && device == otherDevice;
    }

    /** Guest address by which writes to the used ring are marked, or -1 where they are not. */
    long usedLog() {
        return (flags & LOG) == 0 ? -1 : usedLog;
    }

    /**
     * Where the ring lies in this process, checked.
     *
     * @param account what is known of where it stands
     * @throws Refusal soft where a part lies outside the memory, which may change
     */
    RingSetup place(final GuestMemory memory, final long features, final Account account, final long inflight)
            throws Refusal {
        final boolean packed = (features & VirtioFeatures.RING_PACKED) != 0;
        if (!packed && Integer.bitCount(size) != 1) {
            throw Refusal.of("ring " + index + ": a split ring of " + size + " descriptors, not a power of two");
        }
        final long event = (features & VirtioFeatures.EVENT_IDX) != 0 ? Short.BYTES : 0;
        final long table = (long) DESCRIPTOR * size;
        final long driverBytes = packed ? PACKED_EVENT : 4 + 2L * size + event;
        final long deviceBytes = packed ? PACKED_EVENT : 4 + 8L * size + event;
        return new RingSetup(
                index,
                features,
                size,
                part(memory, descriptors, table, DESCRIPTOR, packed ? "descriptor ring" : "descriptor table"),
                part(memory, driver, driverBytes, packed ? PACKED_EVENT : SPLIT_DRIVER, driverName(packed)),
                part(memory, device, deviceBytes, packed ? PACKED_EVENT : SPLIT_DEVICE, deviceName(packed)),
                memory.guestOfUser(descriptors, table),
                memory.guestOfUser(device, deviceBytes),
                base,
                memory,
                account.resumed(),
                account.journal(),
                inflight);
    }

    /**
     * Where a ring stands as far as we know.
     *
     * @param resumed whether {@code journal} holds it
     */
    record Account(boolean resumed, RingJournal journal) {}

    private static String driverName(final boolean packed) {
        return packed ? "driver's event area" : "available ring";
    }

    private static String deviceName(final boolean packed) {
        return packed ? "device's event area" : "used ring";
    }

    private long part(
            final GuestMemory memory, final long user, final long length, final int alignment, final String name)
            throws Refusal {
        final long host = memory.ofUser(user, length);
        if (((user | host) & (alignment - 1)) != 0) {
            throw Refusal.of(at(name, user) + " is not aligned to " + alignment + " bytes");
        }
        if (host == GuestMemory.NONE) {
            throw Refusal.soft(at(name, user) + " (" + length + " bytes) does not lie in one region of the memory");
        }
        return host;
    }

    private String at(final String name, final long user) {
        return "ring " + index + ": " + name + " at 0x" + Long.toHexString(user);
    }

    /** Forgets all but the descriptors to signal, as after a reset. */
    void reset() {
        size = 0;
        descriptors = 0;
        driver = 0;
        device = 0;
        flags = 0;
        usedLog = 0;
        base = 0;
        exact = false;
        closeKick();
    }

    void closeKick() {
        kicked = false;
        kickFd = replace(kickFd, -1);
    }

    void close() {
        closeKick();
        callFd = replace(callFd, -1);
        errFd = replace(errFd, -1);
    }

    /** Closes the old descriptor and returns the new one. */
    static int replace(final int old, final int fd) {
        if (old >= 0) {
            Libc.close(old);
        }
        return fd;
    }
}
