package io.weft.dataplane.vhost;

/** The loop of the thread that runs devices: it waits for descriptors and times. All calls are made on that thread. */
public interface Reactor {
    /** Calls {@code onReadable} while the descriptor is readable, hung up or in error; once a descriptor. */
    void watch(int fd, Runnable onReadable);

    /** No longer; to be called before the descriptor is closed. */
    void unwatch(int fd);

    /** Calls once, not before that time has passed. */
    void after(long nanos, Runnable action);
}
