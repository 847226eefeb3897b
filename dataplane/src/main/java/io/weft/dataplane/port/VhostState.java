package io.weft.dataplane.port;

import io.weft.dataplane.Burst;
import io.weft.dataplane.vhost.VirtioFeatures;

/**
 * What a guest negotiated and its queues have to know, in the words of the data path.
 *
 * <p>Written by the conductor, read by the workers; what changes here while rings run changes between two bursts or has
 * no order with them.
 */
final class VhostState {
    /** Ethernet header and the tag that a trunk, or a network that keeps inner tags, adds. */
    private static final int LINK = 14 + 4;

    private static final int LEGACY_HEADER = 10;

    private final Steering steering = new Steering();
    private final int pairs;
    private volatile int activePairs = 1;
    private volatile long features;
    private volatile int headerLength = VnetHeader.LENGTH;
    private volatile int offloads;
    private volatile int maxFrame;

    VhostState(final int pairs, final int mtu) {
        this.pairs = pairs;
        maxFrame = mtu + LINK;
    }

    /** The guest's driver uses these from now on. */
    void negotiated(final long bits) {
        features = bits;
        headerLength =
                has(VirtioFeatures.VERSION_1) || has(VirtioFeatures.MRG_RXBUF) ? VnetHeader.LENGTH : LEGACY_HEADER;
        int takes = 0;
        if (has(VirtioFeatures.GUEST_CSUM)) {
            takes |= PortQueue.CSUM;
            takes |= has(VirtioFeatures.GUEST_TSO4) ? PortQueue.TSO4 : 0;
            takes |= has(VirtioFeatures.GUEST_TSO6) ? PortQueue.TSO6 : 0;
            takes |= has(VirtioFeatures.GUEST_USO4) && has(VirtioFeatures.GUEST_USO6) ? PortQueue.USO : 0;
        }
        offloads = takes;
    }

    void mtu(final int mtu) {
        maxFrame = mtu + LINK;
    }

    void activePairs(final int count) {
        activePairs = Math.max(1, count);
    }

    /** Queue pairs that the guest receives through now, at least 1. */
    int activePairs() {
        return activePairs;
    }

    int pairs() {
        return pairs;
    }

    Steering steering() {
        return steering;
    }

    private boolean has(final long feature) {
        return (features & feature) != 0;
    }

    /** Bytes of the virtio-net header (virtio 1.2, 5.1.6.1): without VERSION_1 and MRG_RXBUF it has no num_buffers. */
    int headerLength() {
        return headerLength;
    }

    boolean mergesBuffers() {
        return has(VirtioFeatures.MRG_RXBUF);
    }

    boolean guestTakesChecksums() {
        return (offloads & PortQueue.CSUM) != 0;
    }

    int offloads() {
        return offloads;
    }

    /** Bytes of the largest frame that is not to be segmented. */
    int maxFrame() {
        return maxFrame;
    }

    /** Whether the guest negotiated to receive a frame with these offload words; they may come from another worker. */
    boolean takes(final int vnetFlags, final int gsoType) {
        final int needed =
                switch (gsoType) {
                    case Burst.GSO_NONE -> (vnetFlags & Burst.NEEDS_CSUM) == 0 ? 0 : PortQueue.CSUM;
                    case Burst.GSO_TCPV4 -> PortQueue.TSO4;
                    case Burst.GSO_TCPV6 -> PortQueue.TSO6;
                    case Burst.GSO_UDP_L4 -> PortQueue.USO;
                    default -> -1;
                };
        return (offloads & needed) == needed;
    }

    /** Whether the guest negotiated to send frames with these offload words. */
    boolean guestMaySend(final int vnetFlags, final int gsoType) {
        final long needed =
                switch (gsoType) {
                    case Burst.GSO_NONE -> VirtioFeatures.CSUM;
                    case Burst.GSO_TCPV4 -> VirtioFeatures.CSUM | VirtioFeatures.HOST_TSO4;
                    case Burst.GSO_TCPV6 -> VirtioFeatures.CSUM | VirtioFeatures.HOST_TSO6;
                    case Burst.GSO_UDP_L4 -> VirtioFeatures.CSUM | VirtioFeatures.HOST_USO;
                    default -> -1;
                };
        return (features & needed) == needed;
    }
}
