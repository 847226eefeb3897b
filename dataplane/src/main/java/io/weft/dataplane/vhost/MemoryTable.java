package io.weft.dataplane.vhost;

import io.weft.dataplane.sys.ErrnoException;
import io.weft.dataplane.sys.FileStat;
import io.weft.dataplane.sys.Libc;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * The regions of a guest's memory that the frontend shares (vhost-user, SET_MEM_TABLE, ADD_MEM_REG, REM_MEM_REG), each
 * mapped. A change is prepared whole, a table beside the old one, with the regions in it that are the same; then nobody
 * may use the old one any more, and {@link #become} unmaps what is not in the new one.
 *
 * <p>Owned by the thread that runs the device.
 */
final class MemoryTable {
    /** Regions that there may be at a time. */
    static final int SLOTS = 64;

    /** A region as the frontend describes it. */
    record Wanted(long guest, long size, long user, long offset) {
        @Override
        public String toString() {
            return "region at guest address 0x" + Long.toHexString(guest);
        }
    }

    private record Slot(Wanted wanted, SharedFile file) {
        GuestMemory.Region region() {
            return new GuestMemory.Region(
                    wanted.guest(),
                    wanted.user(),
                    wanted.size(),
                    file.address(),
                    file.fd(),
                    file.mapping(),
                    file.mapped());
        }
    }

    private final List<Slot> slots;
    private final GuestMemory memory;

    private MemoryTable(final List<Slot> slots) {
        this.slots = List.copyOf(slots);
        memory = new GuestMemory(slots.stream().map(Slot::region).toList());
    }

    static MemoryTable empty() {
        return new MemoryTable(List.of());
    }

    GuestMemory memory() {
        return memory;
    }

    int regions() {
        return slots.size();
    }

    boolean isSealed() {
        return slots.stream().allMatch(slot -> slot.file().isSealed());
    }

    /** Whether a region's file became smaller than the region. */
    boolean shrank() {
        return slots.stream().anyMatch(slot -> slot.file().isShort());
    }

    /**
     * What tells this guest's memory from another's: device and inode of the region with the lowest guest address. 0
     * where there is no memory.
     */
    long identity() {
        final Slot first = slots.stream()
                .min((a, b) ->
                        Long.compareUnsigned(a.wanted().guest(), b.wanted().guest()))
                .orElse(null);
        return first == null
                ? 0
                : first.file().inode() ^ Long.rotateLeft(first.file().device(), Integer.SIZE);
    }

    /**
     * A table of these regions; what this one has mapped already is used again.
     *
     * @param fds one for each region, in the same order; closed, or owned by the table's regions, in any case
     */
    MemoryTable with(final List<Wanted> wanted, final int[] fds) throws Refusal {
        final List<Slot> next = new ArrayList<>();
        int taken = 0;
        try {
            check(wanted);
            for (; taken < fds.length; taken++) {
                next.add(slot(wanted.get(taken), fds[taken]));
            }
            return new MemoryTable(next);
        } catch (final Refusal refused) {
            for (int i = taken; i < fds.length; i++) {
                Libc.close(fds[i]);
            }
            next.stream()
                    .filter(slot -> !slots.contains(slot))
                    .forEach(slot -> slot.file().close());
            throw refused;
        }
    }

    /**
     * This table and one region more; {@code fd} is closed, or owned by the region, in any case. The very same region
     * once more is no change: QEMU before 8.1 adds each one for every queue pair.
     */
    MemoryTable plus(final Wanted wanted, final int fd) throws Refusal {
        try {
            if (slots.stream().anyMatch(slot -> slot.wanted().equals(wanted) && isFile(slot.file(), fd))) {
                Libc.close(fd);
                return this;
            }
            if (slots.size() == SLOTS) {
                throw Refusal.of("there are " + SLOTS + " regions already");
            }
            final List<Wanted> all =
                    new ArrayList<>(slots.stream().map(Slot::wanted).toList());
            all.add(wanted);
            check(all);
            final List<Slot> next = new ArrayList<>(slots);
            next.add(new Slot(wanted, map(wanted, fd)));
            return new MemoryTable(next);
        } catch (final Refusal refused) {
            Libc.close(fd);
            throw refused;
        }
    }

    /** Whether there is a region with these addresses and of this size; its offset does not matter. */
    boolean has(final Wanted region) {
        return slots.stream().anyMatch(slot -> isAt(slot, region));
    }

    /** This table without a region; its offset does not matter. */
    MemoryTable minus(final Wanted gone) throws Refusal {
        final List<Slot> next = new ArrayList<>(slots);
        if (!next.removeIf(slot -> isAt(slot, gone))) {
            throw Refusal.of("there is no such " + gone + " of " + Long.toUnsignedString(gone.size()) + " bytes");
        }
        return new MemoryTable(next);
    }

    private static boolean isAt(final Slot slot, final Wanted region) {
        return slot.wanted().guest() == region.guest()
                && slot.wanted().user() == region.user()
                && slot.wanted().size() == region.size();
    }

    /** Whether the other table has the same regions of the same files. */
    boolean isSame(final MemoryTable other) {
        return slots.equals(other.slots);
    }

    /** Nobody uses this table any more; closes its regions that are not in {@code next}. */
    MemoryTable become(final MemoryTable next) {
        for (final Slot slot : slots) {
            if (!next.slots.contains(slot)) {
                slot.file().close();
            }
        }
        return next;
    }

    private Slot slot(final Wanted wanted, final int fd) throws Refusal {
        for (final Slot slot : slots) {
            if (slot.wanted().equals(wanted) && isFile(slot.file(), fd)) {
                Libc.close(fd);
                return slot;
            }
        }
        return new Slot(wanted, map(wanted, fd));
    }

    private static boolean isFile(final SharedFile file, final int fd) {
        try {
            final FileStat stat = FileStat.of(fd);
            return stat.device() == file.device() && stat.inode() == file.inode() && !file.isShort();
        } catch (final ErrnoException failed) {
            return false;
        }
    }

    private static SharedFile map(final Wanted wanted, final int fd) throws Refusal {
        return SharedFile.map(fd, wanted.offset(), wanted.size(), wanted.toString());
    }

    private static void check(final List<Wanted> wanted) throws Refusal {
        for (final Wanted one : wanted) {
            if (one.size() <= 0 || wraps(one.guest(), one.size()) || wraps(one.user(), one.size())) {
                throw Refusal.of(one + " of " + Long.toUnsignedString(one.size()) + " bytes wraps around");
            }
        }
        checkOverlap(wanted, Comparator.comparing(Wanted::guest, Long::compareUnsigned), true);
        checkOverlap(wanted, Comparator.comparing(Wanted::user, Long::compareUnsigned), false);
    }

    private static boolean wraps(final long at, final long size) {
        return at + size < at || Long.compareUnsigned(at + size, at) < 0;
    }

    private static void checkOverlap(final List<Wanted> wanted, final Comparator<Wanted> order, final boolean guest)
            throws Refusal {
        final List<Wanted> sorted = wanted.stream().sorted(order).toList();
        for (int i = 1; i < sorted.size(); i++) {
            final Wanted before = sorted.get(i - 1);
            final Wanted one = sorted.get(i);
            final long distance = guest ? one.guest() - before.guest() : one.user() - before.user();
            if (Long.compareUnsigned(distance, before.size()) < 0) {
                throw Refusal.of(before + " and " + one + " overlap"
                        + (guest ? "" : " in the frontend's addresses, 0x" + Long.toHexString(one.user())));
            }
        }
    }
}
