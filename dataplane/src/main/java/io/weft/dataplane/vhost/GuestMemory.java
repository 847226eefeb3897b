package io.weft.dataplane.vhost;

import java.util.List;

/**
 * A guest's memory as this process maps it. Descriptors hold guest-physical addresses; ring addresses are the frontend's
 * user addresses (vhost-user, "Ring state machine" and "Memory access").
 *
 * <p>Immutable. Who made it keeps it mapped while any {@link Virtqueue} that was opened over it is in use.
 */
public final class GuestMemory {
    /** No such address. */
    public static final long NONE = 0;

    /** Without any region. */
    public static final GuestMemory EMPTY = new GuestMemory(List.of());

    /**
     * One region.
     *
     * @param guest first guest-physical address
     * @param user first address in the frontend
     * @param size bytes, above 0
     * @param host where it is mapped here
     * @param fd open while the region is mapped, so that its size can be asked for; the memory table's owner closes it
     * @param mapping start of the mapping, which may lie before {@code host}
     * @param mapped bytes of the mapping
     */
    public record Region(long guest, long user, long size, long host, int fd, long mapping, long mapped) {
        public Region {
            if (size <= 0 || guest + size < guest || user + size < user) {
                throw new IllegalArgumentException("region of " + Long.toUnsignedString(size) + " bytes at 0x"
                        + Long.toHexString(guest) + " wraps around");
            }
        }
    }

    private final Region[] regions;
    // The fields of the regions side by side, for the search.
    private final long[] guest;
    private final long[] size;
    private final long[] host;

    public GuestMemory(final List<Region> regions) {
        this.regions = regions.toArray(Region[]::new);
        guest = regions.stream().mapToLong(Region::guest).toArray();
        size = regions.stream().mapToLong(Region::size).toArray();
        host = regions.stream().mapToLong(Region::host).toArray();
    }

    public List<Region> regions() {
        return List.of(regions);
    }

    /** Where {@code length} bytes of the frontend's address space lie here if they lie in one region, else {@link #NONE}. */
    public long ofUser(final long user, final long length) {
        final int r = regionOfUser(user, length);
        return r < 0 ? NONE : regions[r].host() + user - regions[r].user();
    }

    /** The guest-physical address of what lies whole in one region at the frontend's address, else -1. */
    public long guestOfUser(final long user, final long length) {
        final int r = regionOfUser(user, length);
        return r < 0 ? -1 : regions[r].guest() + user - regions[r].user();
    }

    private int regionOfUser(final long user, final long length) {
        for (int r = 0; r < regions.length; r++) {
            final long offset = user - regions[r].user();
            if (Long.compareUnsigned(offset, regions[r].size()) < 0
                    && Long.compareUnsigned(length, regions[r].size() - offset) <= 0) {
                return r;
            }
        }
        return -1;
    }

    /** Number of the region with a guest-physical address, or -1. */
    int regionOf(final long address) {
        for (int r = 0; r < guest.length; r++) {
            if (Long.compareUnsigned(address - guest[r], size[r]) < 0) {
                return r;
            }
        }
        return -1;
    }

    /** First guest-physical address of region {@code r}. */
    long guest(final int r) {
        return guest[r];
    }

    long size(final int r) {
        return size[r];
    }

    long host(final int r) {
        return host[r];
    }
}
