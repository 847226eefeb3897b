package io.weft.dataplane.vhost;

/**
 * All that is needed to serve a ring. Addresses of the ring's parts are this process's, checked: each part lies whole
 * within one region of {@code memory}, aligned as virtio 1.2, section 2.7 and 2.8 want it.
 *
 * @param index of the ring in its device: even ones are written to, odd ones read
 * @param features negotiated
 * @param size descriptors: a power of two for a split ring; at most 32,768
 * @param descriptors split: descriptor table; packed: the ring
 * @param driver split: available ring; packed: the driver's event area
 * @param device split: used ring; packed: the device's event area
 * @param descriptorsGuest guest-physical address of {@code descriptors}, for the dirty log
 * @param deviceGuest guest-physical address of {@code device}, for the dirty log
 * @param base as SET_VRING_BASE said: split: available index; packed: index and wrap counter (bit 15), and the used
 *     ones in bits 16 to 31
 * @param resumed whether the last session ended without GET_VRING_BASE and {@code journal} holds where it was
 * @param journal where a packed ring's position is kept; never null
 * @param inflight address of the ring's part of an inflight region, or 0
 */
public record RingSetup(
        int index,
        long features,
        int size,
        long descriptors,
        long driver,
        long device,
        long descriptorsGuest,
        long deviceGuest,
        int base,
        GuestMemory memory,
        boolean resumed,
        RingJournal journal,
        long inflight) {

    /** Whether the guest receives through it. */
    public boolean isReceive() {
        return (index & 1) == 0;
    }

    public boolean has(final long feature) {
        return (features & feature) != 0;
    }
}
