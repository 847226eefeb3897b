package io.weft.dataplane.port;

import io.weft.dataplane.vhost.Reactor;

/** What an open port may ask of the switch. All calls are made by the conductor. */
public interface PortHost {
    /**
     * Runs an action on the worker that polls a queue, between two bursts, and returns when it is done. The queue is
     * polled from then on, as if it had been woken.
     *
     * @throws RuntimeException that the action failed; its cause is what it threw
     */
    void onWorker(int queue, Runnable action);

    /** Sockets and times of the conductor's loop. */
    Reactor reactor();

    /** A machine behind the port says that it is here now: told to its networks as if it had sent it (RARP). */
    void announce(long mac);

    /** An event about the port: {@code port.up}, {@code port.down} and what there is to say. */
    void event(String type, String detail);

    /** One line for the operator's log. */
    void log(String line);
}
