package io.weft.dataplane.port;

import io.weft.dataplane.api.Rows;

/** An open port. The conductor opens and closes it; its queues belong to workers. Owned by the conductor. */
public interface Port extends AutoCloseable {
    /** Queue pairs, at least 1. */
    int queues();

    PortQueue queue(int index);

    /** "up"; what is waited for, beginning with {@link Rows#WAITING}; or in words what is wrong. */
    String state();

    /** What only a guest's port has to tell; null for others. */
    default Rows.VhostRow details() {
        return null;
    }

    /** Bytes of the largest layer-3 packet. */
    int mtu();

    /** Sets {@link #mtu}; returns false where an open port cannot change it. */
    default boolean mtu(final int bytes) {
        return bytes == mtu();
    }

    /** Own address of the port's device where it has one, else 0. */
    default long mac() {
        return 0;
    }

    /** Whether the machine wants a flow's frames on the queue pair from which it sent that flow; else any will do. */
    default boolean isSteered() {
        return false;
    }

    /**
     * One sender over all queue pairs of a port that {@link #isSteered}.
     *
     * @param pairs for each queue pair, where the sender's worker puts frames for it
     */
    default PortSender spread(final PortSender[] pairs) {
        return pairs[0];
    }

    /** Called once, when the workers poll the port. Throws {@link io.weft.dataplane.api.SwitchException}. */
    default void start(final PortHost host) {}

    /** Memory that a machine shares went away under a worker: whoever it was is to be closed. */
    default void checkMemory() {}

    /** Called when every worker has confirmed that it no longer touches the queues. */
    @Override
    void close();
}
