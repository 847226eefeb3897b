package io.weft.dataplane.vhost;

/** What a frontend does to its device, told to whoever moves the frames. Called by the thread that runs the device. */
public interface VhostHandler {
    /**
     * Runs an action on the thread that owns a ring, between two bursts, and returns when it is done.
     *
     * @throws RuntimeException what the action threw, InternalError (a truncated region) included as its cause
     */
    void onOwner(int ring, Runnable action);

    /**
     * By {@link #onOwner}: the ring is served by this queue from now on. The same queue again: its kick descriptor is
     * another ({@link Virtqueue#kickFd}); a descriptor is closed only after the ring was told of the new one or none.
     *
     * @param ring 2n: receive ring of queue pair n (we write), 2n+1: its transmit ring (we read)
     * @param queue null: the ring is stopped, and its memory must not be touched any more
     */
    void ringChanged(int ring, Virtqueue queue);

    /** By {@link #onOwner}: whether the ring is enabled; it is told for stopped rings too. */
    void ringEnabled(int ring, boolean enabled);

    /** A session began: the socket is connected, nothing is negotiated. */
    void connected();

    /** SET_FEATURES: what the guest's driver uses from now on; virtio feature bits without those of the protocol. */
    void negotiated(long features);

    /** The session is over, every ring was stopped before. */
    void disconnected(String why);

    /** NET_SET_MTU, 68 to 65535. Returns null, or why the port cannot carry packets of that size and what to do. */
    String setMtu(int mtu);

    /** SEND_RARP: the guest with this address runs here now. */
    void sendRarp(long mac);

    /** Something for the operator's log: what happened and what to do; one line. */
    void tell(String line);
}
