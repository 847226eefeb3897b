package io.weft.dataplane.vhost.frontend;

import io.weft.dataplane.vhost.GuestMemory;
import io.weft.dataplane.vhost.RingJournal;
import io.weft.dataplane.vhost.RingSetup;
import io.weft.dataplane.vhost.VirtioFeatures;
import io.weft.encap.Mem;
import java.lang.invoke.VarHandle;

/**
 * A virtio driver's side of a ring (virtio 1.2, sections 2.7 and 2.8): chains are built by {@link #buffer} and
 * {@link #add}, made available together by {@link #publish}, and taken back by {@link #collect}. It checks what the
 * device hands back: a chain that is not the device's, or more bytes than it has room for, is an
 * {@link IllegalStateException}.
 *
 * <p>Nothing is allocated after construction, so that it can drive load. Owned by one thread.
 */
public abstract class DriverRing {
    public static final int NEXT = 1;
    public static final int WRITE = 2;
    public static final int INDIRECT = 4;
    /** Descriptors of an indirect table. */
    public static final int TABLE = 64;

    static final int DESCRIPTOR = 16;
    private static final int MAX_BUFFERS = 32_768;

    /** Guest-physical addresses: split: table, available ring, used ring; packed: ring, driver's and device's area. */
    public final long descriptors;

    public final long driver;
    public final long device;
    public final int size;

    /** What {@link #collect} returned: the chain's cookie and the bytes that the device says it wrote. */
    public final long[] cookie;

    public final int[] length;

    final GuestRam ram;
    final long ring;
    final long driverArea;
    final long deviceArea;
    final boolean eventIdx;
    final boolean inOrder;
    final long tables;
    final long tablesHost;

    // The chain that is being built.
    final long[] address = new long[MAX_BUFFERS];
    final int[] bytes = new int[MAX_BUFFERS];
    final boolean[] writable = new boolean[MAX_BUFFERS];
    int buffers;

    /** Of the chains the device has, by head or id: cookie, writable bytes, descriptors taken (0: not the device's). */
    final long[] cookies;

    final long[] room;
    final int[] taken;

    DriverRing(
            final GuestRam ram,
            final int size,
            final long features,
            final long descriptorBytes,
            final long driverBytes,
            final long deviceBytes) {
        this.ram = ram;
        this.size = size;
        descriptors = ram.allocate(descriptorBytes, DESCRIPTOR);
        driver = ram.allocate(driverBytes, 4);
        device = ram.allocate(deviceBytes, 4);
        ring = ram.host(descriptors);
        driverArea = ram.host(driver);
        deviceArea = ram.host(device);
        eventIdx = (features & VirtioFeatures.EVENT_IDX) != 0;
        inOrder = (features & VirtioFeatures.IN_ORDER) != 0;
        final boolean indirect = (features & VirtioFeatures.INDIRECT_DESC) != 0;
        tables = indirect ? ram.allocate((long) size * TABLE * DESCRIPTOR, DESCRIPTOR) : 0;
        tablesHost = indirect ? ram.host(tables) : 0;
        cookie = new long[size];
        length = new int[size];
        cookies = new long[size];
        room = new long[size];
        taken = new int[size];
    }

    /** A ring of the kind that the features say, in memory that the guest gives out, at its start. */
    public static DriverRing of(final GuestRam ram, final int size, final long features) {
        return (features & VirtioFeatures.RING_PACKED) != 0
                ? new PackedDriver(ram, size, features, 1 << 15)
                : new SplitDriver(ram, size, features, 0);
    }

    /** Adds a buffer to the chain that is being built. */
    public final DriverRing buffer(final long guest, final int length, final boolean deviceWrites) {
        address[buffers] = guest;
        bytes[buffers] = length;
        writable[buffers] = deviceWrites;
        buffers++;
        return this;
    }

    /**
     * Ends the chain: it will be available with the next {@link #publish}.
     *
     * @param mark what {@link #collect} returns as its cookie
     * @return false when there is no room for it; the buffers are forgotten
     */
    public final boolean add(final long mark) {
        final boolean added = buffers <= free() && append(mark, buffers, 0);
        buffers = 0;
        return added;
    }

    /**
     * The same with the last {@code inTable} buffers in an indirect table; those before it are descriptors of the ring
     * (virtio 1.2, 2.7.5.3.1: only split rings may have both).
     */
    public final boolean addIndirect(final long mark, final int inTable) {
        final int direct = buffers - inTable;
        final boolean added = direct + 1 <= free() && append(mark, direct, inTable);
        buffers = 0;
        return added;
    }

    abstract boolean append(long mark, int direct, int inTable);

    /** Writes the table of a chain from its buffers; returns its guest-physical address. */
    final long writeTable(final int head, final int direct, final int inTable, final boolean chained) {
        final long offset = (long) head * TABLE * DESCRIPTOR;
        for (int i = 0; i < inTable; i++) {
            final int b = direct + i;
            final boolean more = chained && i + 1 < inTable;
            descriptor(
                    tablesHost + offset + (long) i * DESCRIPTOR,
                    address[b],
                    bytes[b],
                    chained ? (more ? NEXT : 0) | (writable[b] ? WRITE : 0) : 0,
                    chained ? more ? i + 1 : 0 : writable[b] ? WRITE : 0);
        }
        return tables + offset;
    }

    /** Writes sixteen bytes: address, length, and two words that split and packed descriptors use differently. */
    static void descriptor(final long at, final long address, final int length, final int third, final int fourth) {
        Mem.putLongNative(at, address);
        Mem.putIntNative(at + 8, length);
        Mem.putShortNative(at + 12, third);
        Mem.putShortNative(at + 14, fourth);
    }

    final long writableBytes() {
        long sum = 0;
        for (int i = 0; i < buffers; i++) {
            sum += writable[i] ? bytes[i] & 0xffffffffL : 0;
        }
        return sum;
    }

    /** Chain {@code head} is the device's. */
    final void give(final int head, final long mark, final int slots) {
        cookies[head] = mark;
        room[head] = writableBytes();
        taken[head] = slots;
    }

    /** Chain {@code head} is back; returns the descriptors it took. */
    final int take(final int head, final int used, final int n) {
        if (head < 0 || head >= size || taken[head] == 0) {
            throw new IllegalStateException("device used chain " + head + ", which it does not have");
        }
        if (Integer.compareUnsigned(used, 0) < 0 || (used & 0xffffffffL) > room[head]) {
            throw new IllegalStateException(
                    "device used " + Integer.toUnsignedString(used) + " bytes of a chain with " + room[head]);
        }
        cookie[n] = cookies[head];
        length[n] = used;
        final int slots = taken[head];
        taken[head] = 0;
        return slots;
    }

    /** Makes available what was added. Returns whether the device wants a kick. */
    public abstract boolean publish();

    /** Takes back at most {@code max} chains that the device used: {@link #cookie}, {@link #length}. */
    public abstract int collect(int max);

    /** Whether used chains wait. */
    public abstract boolean hasUsed();

    /** Asks for calls, or not to be called. Returns false when used chains wait already. */
    public abstract boolean wantCalls(boolean wanted);

    /** Descriptors that are free. */
    public abstract int free();

    /** What SET_VRING_BASE says for a device that begins where the driver is: what is available is still to be taken. */
    public abstract int base();

    /** Whether the device asks for kicks at all (with EVENT_IDX: whether at the next chain). */
    public abstract boolean wantsKick();

    static void fence() {
        VarHandle.fullFence();
    }

    /** The ring for a device without a socket. */
    public final RingSetup setup(
            final int index,
            final long features,
            final GuestMemory memory,
            final boolean resumed,
            final RingJournal journal) {
        return new RingSetup(
                index,
                features,
                size,
                memory.ofUser(ram.user(descriptors), 1),
                memory.ofUser(ram.user(driver), 1),
                memory.ofUser(ram.user(device), 1),
                descriptors,
                device,
                base(),
                memory,
                resumed,
                journal,
                0);
    }
}
