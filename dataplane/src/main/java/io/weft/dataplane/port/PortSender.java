package io.weft.dataplane.port;

import io.weft.dataplane.Burst;
import io.weft.dataplane.TxQueue;

/** Where a worker puts frames for a port. Owned by that worker. */
public interface PortSender {
    /** Bits of {@link #offloads}: takes frames whose TCP or UDP checksum is still to be filled in. */
    int CSUM = 1;

    int TSO4 = 2;
    int TSO6 = 4;
    /** Takes UDP frames to be segmented ({@link Burst#GSO_UDP_L4}). */
    int USO = 8;

    /**
     * Sends every entry, in order, synchronously: nothing refers to the frames afterwards. Offsets of offload words are
     * from the frame's head: what is sent has them {@code prefixLength - skip} further.
     *
     * @param tx entries over {@code burst}; {@link TxQueue#refused} is set for those not sent
     */
    void txBurst(Burst burst, TxQueue tx);

    /** Offload words that this egress takes; for others the pipeline does the work before. May change between bursts. */
    int offloads();

    /** Whether {@link Burst#hash} must be there: for a choice of queues, or to be handed on. */
    default boolean needsHash() {
        return false;
    }
}
