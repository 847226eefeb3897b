package io.weft.dataplane.port;

import io.weft.dataplane.Burst;

/** A source of frames that a worker polls. Owned by one worker from its order to poll it until it confirms the removal. */
public interface RxQueue {
    /** What {@link #quietPolls} says of queues that cost next to nothing to look at. */
    int QUIET_POLLS = 256;

    /**
     * Fills the burst from its start with what is waiting. A frame that the source itself refuses is there too, with
     * {@link Burst#refused}, so that it is counted.
     *
     * @param burst cleared
     * @return frames; 0: nothing is waiting
     */
    int rxBurst(Burst burst);

    /** Called once after each non-empty {@link #rxBurst}, when nothing refers to its frames any more. */
    void rxRelease();

    /** A descriptor that is readable while frames wait, for sleeping on; -1: this queue has to be polled. */
    int wakeFd();

    /** Asks to be woken through {@link #wakeFd}. Returns false when frames came meanwhile: poll again instead. */
    default boolean arm() {
        return true;
    }

    /**
     * Empty polls in a row after which the queue is no longer polled but watched: long enough that a busy one is not given
     * up between two bursts, short enough that polling 100 idle ones costs less than a millisecond.
     */
    default int quietPolls() {
        return QUIET_POLLS;
    }

    /** No longer asks: the queue is polled again. */
    default void disarm() {}
}
