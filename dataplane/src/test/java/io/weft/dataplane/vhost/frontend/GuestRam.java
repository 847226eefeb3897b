package io.weft.dataplane.vhost.frontend;

import io.weft.dataplane.sys.Errno;
import io.weft.dataplane.sys.Libc;
import io.weft.dataplane.vhost.GuestMemory;
import java.util.ArrayList;
import java.util.List;

/**
 * A guest's memory: regions, each in a memfd of its own, mapped here for the driver's side. Pages that nobody touches
 * take no room, so regions may be large and lie anywhere.
 *
 * <p>Owned by one thread.
 */
public final class GuestRam implements AutoCloseable {
    /** Where the frontend says that its memory is, when nothing else is asked for: far from guest-physical addresses. */
    public static final long USER_BASE = 0x7f00_0000_0000L;

    private static final int PAGE = 4096;

    /**
     * One region.
     *
     * @param guest first guest-physical address
     * @param user first address in the frontend, as told to the device; nothing need be mapped there
     * @param offset of the region in its file
     * @param fd of the file
     * @param host where the region (not the file) is mapped here
     */
    public record Slot(long guest, long user, long size, long offset, int fd, long host) {
        /** Whether a guest-physical address is in it. */
        public boolean holds(final long address) {
            return Long.compareUnsigned(address - guest, size) < 0;
        }
    }

    private final List<Slot> slots = new ArrayList<>();
    private long next;

    /** Memory with a single region from guest-physical address 0 on. */
    public static GuestRam of(final long size) {
        return new GuestRam().region(0, USER_BASE, size, 0);
    }

    /** Adds a region; what {@link #allocate} gives out comes from the one that was added last. */
    public GuestRam region(final long guest, final long user, final long size, final long offset) {
        final int fd = check("memfd", Libc.memfd("guest", offset + size));
        final long host = Libc.mmap(0, size, Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_SHARED, fd, offset);
        check("map a guest's region", host < 0 ? (int) host : 0);
        slots.add(new Slot(guest, user, size, offset, fd, host));
        next = guest;
        return this;
    }

    /** Takes a region away again. */
    public void remove(final Slot slot) {
        if (slots.remove(slot)) {
            Libc.munmap(slot.host(), slot.size());
            Libc.close(slot.fd());
        }
    }

    public List<Slot> slots() {
        return List.copyOf(slots);
    }

    public Slot slot(final int n) {
        return slots.get(n);
    }

    /** Where a guest-physical address is mapped here. */
    public long host(final long guest) {
        final Slot slot = slotOf(guest);
        return slot.host() + guest - slot.guest();
    }

    /** The frontend's address of a guest-physical address. */
    public long user(final long guest) {
        final Slot slot = slotOf(guest);
        return slot.user() + guest - slot.guest();
    }

    private Slot slotOf(final long guest) {
        for (int s = 0; s < slots.size(); s++) {
            if (slots.get(s).holds(guest)) {
                return slots.get(s);
            }
        }
        throw new IllegalArgumentException("no guest memory at 0x" + Long.toHexString(guest));
    }

    /** Gives out the next {@code bytes} of the region added last, as a guest-physical address. */
    public long allocate(final long bytes, final int alignment) {
        final long at = next + alignment - 1 & -alignment;
        final Slot last = slots.getLast();
        if (at + bytes > last.guest() + last.size()) {
            throw new IllegalStateException("the guest's memory is used up");
        }
        next = at + bytes;
        return at;
    }

    /** Begins giving out memory at a guest-physical address. */
    public void allocateFrom(final long guest) {
        next = guest;
    }

    /**
     * The same memory as a device would map it, elsewhere than here, for tests that drive rings without a socket. The
     * mappings last until {@link #unmap}.
     */
    public GuestMemory map() {
        final List<GuestMemory.Region> regions = new ArrayList<>();
        for (final Slot slot : slots) {
            final long length = slot.size() + PAGE - 1 & -PAGE;
            final long host =
                    Libc.mmap(0, length, Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_SHARED, slot.fd(), slot.offset());
            check("map a guest's region", host < 0 ? (int) host : 0);
            regions.add(new GuestMemory.Region(slot.guest(), slot.user(), slot.size(), host, slot.fd(), host, length));
        }
        return new GuestMemory(regions);
    }

    /** Ends what {@link #map} began. */
    public static void unmap(final GuestMemory memory) {
        for (final GuestMemory.Region region : memory.regions()) {
            Libc.munmap(region.mapping(), region.mapped());
        }
    }

    @Override
    public void close() {
        for (final Slot slot : List.copyOf(slots)) {
            remove(slot);
        }
    }

    private static int check(final String what, final int result) {
        if (result < 0) {
            throw new IllegalStateException(Errno.message(what, result));
        }
        return result;
    }
}
