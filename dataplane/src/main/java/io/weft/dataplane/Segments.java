package io.weft.dataplane;

import io.weft.dataplane.port.PortSender;

/**
 * A frame on its way through an egress that cannot segment it: cut into bursts of frames whose headers are the switch's
 * own and whose payloads are the frame's. {@link #begin}, then {@link #next} until it says no, sending {@link #burst}
 * each time.
 *
 * <p>Owned by the worker.
 */
final class Segments {
    private final Burst burst = new Burst();
    private final Segmenter segmenter = new Segmenter();

    /** Whether an egress with these offloads takes frames of this {@link Burst#gsoType} as they are. */
    static boolean takes(final int offloads, final int gsoType) {
        return switch (gsoType & ~Burst.GSO_ECN) {
            case Burst.GSO_NONE -> true;
            case Burst.GSO_TCPV4 -> (offloads & PortSender.TSO4) != 0;
            case Burst.GSO_TCPV6 -> (offloads & PortSender.TSO6) != 0;
            case Burst.GSO_UDP_L4 -> (offloads & PortSender.USO) != 0;
            default -> false;
        };
    }

    /**
     * Looks at the frame and begins; anything but {@link DropReason#NONE}: the frame cannot be cut.
     *
     * @param maxFrame bytes of the largest frame that may come of it
     */
    DropReason begin(final Burst from, final int i, final int maxFrame) {
        return segmenter.begin(from, i, maxFrame);
    }

    /** Frames that the frame begun will be cut into. */
    int count() {
        return segmenter.count();
    }

    /** Cuts the next burst of frames; false when there are no more. */
    boolean next() {
        burst.clear();
        return segmenter.fill(burst);
    }

    Burst burst() {
        return burst;
    }
}
