package io.weft.dataplane.api;

import io.weft.dataplane.capture.CapturedFrame;

/**
 * A capture that goes on. Frames wait in a bounded ring, which the reader must ask often: what does not fit is lost and
 * counted. A reader that does not ask for half a minute is taken for dead, and its capture ended.
 *
 * <p>Owned by its reader; {@link #close} by any thread.
 */
public interface Capture extends AutoCloseable {
    /**
     * Gives frames that wait and pass the filter, in the order of their times.
     *
     * @param limit frames that are looked at, at most
     * @return frames that were looked at; 0: none wait
     */
    int poll(Sink sink, int limit);

    /** Ends the taking of frames; those that wait can still be had. Returns when no worker sees the capture any more. */
    void stop();

    /** Frames so far that did not fit the ring. */
    long lost();

    /** Null while it goes on, else why it ended. */
    String ended();

    /** What is captured, in a line. */
    String description();

    /** Gives everything back; nothing can be read any more. */
    @Override
    void close();

    /** Takes frames. */
    @FunctionalInterface
    interface Sink {
        /** @param frame valid until this returns; returns whether to go on */
        boolean onFrame(CapturedFrame frame);
    }
}
