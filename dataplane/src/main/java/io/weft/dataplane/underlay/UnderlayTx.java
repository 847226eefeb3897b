package io.weft.dataplane.underlay;

import io.weft.dataplane.Burst;
import io.weft.dataplane.DropReason;
import io.weft.dataplane.Tunnel;
import io.weft.dataplane.TxQueue;

/** What one worker sends tunnels' packets through. Owned by the worker. */
public interface UnderlayTx {
    /**
     * Prepares a new tunnel: builds its outer header and sets {@link Tunnel#prepared}. Not on a frame's way.
     *
     * @return false when the tunnel cannot work (no own address of its family)
     */
    boolean prepare(Tunnel tunnel);

    /** Prepares a tunnel anew, since more is known of its path, or something else. */
    default void prepareAgain(final Tunnel tunnel) {}

    /** Frees what {@link #prepare} took. */
    void forget(Tunnel tunnel);

    /**
     * Encapsulates and sends every entry, in order for each tunnel, synchronously. Sets {@link TxQueue#refused} for those
     * not sent. Headers go into the frame's headroom, or into {@link TxQueue#scratch} where the entry is shared. The
     * outer ECN is the frame's own (RFC 6040, normal mode), entropy comes from {@link Burst#hash}.
     *
     * @param tunnels by {@link TxQueue#tunnel}
     */
    void txBurst(Burst burst, TxQueue tx, Tunnel[] tunnels);

    /** Why a frame of that many bytes, outer headers not counted, cannot go into the tunnel; else none. Changes nothing. */
    DropReason refusal(Tunnel tunnel, int innerLength);

    /** Sends frames that another worker encapsulated and handed over, as they are; {@code refused} as in {@link #txBurst}. */
    default void deliver(final Burst burst, final TxQueue tx) {
        throw new UnsupportedOperationException("nobody hands over to this underlay");
    }

    /**
     * Gives back frames that waited for their tunnel ({@link TxQueue#WAITING}) and need not any longer: into the burst,
     * each with its tunnel, which may have been forgotten since. They are good until the next {@link #txBurst}.
     *
     * @param burst cleared
     * @param of by frame of the burst
     * @return frames; 0: none
     */
    default int takeWaiting(final Burst burst, final Tunnel[] of) {
        return 0;
    }

    /** Bytes of the largest outer IP packet, as far as it is known; a route may say otherwise. */
    int mtu();

    /** The same for a tunnel: less where its path is known to carry less. May change between bursts. */
    default int mtu(final Tunnel tunnel) {
        return mtu();
    }

    /** Offload words that it takes, as {@code PortSender.offloads}. */
    int offloads();
}
