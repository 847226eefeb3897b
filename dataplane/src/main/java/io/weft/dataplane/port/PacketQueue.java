package io.weft.dataplane.port;

import io.weft.dataplane.Burst;
import io.weft.dataplane.TxQueue;
import io.weft.dataplane.sys.Epoll;
import io.weft.dataplane.sys.ErrnoException;
import io.weft.dataplane.sys.Events;

/**
 * A worker's share of a NIC by packet sockets. They are others when the device went away and came back; what is slept on
 * is an epoll instance that stays.
 *
 * <p>Owned by one worker; the conductor opens and closes it, and watches the socket or no longer.
 */
final class PacketQueue implements PortQueue {
    private final Epoll wake = new Epoll(1);
    private PacketRx rx;
    private PacketTx tx;

    PacketQueue(final PacketRx rx, final PacketTx tx) throws ErrnoException {
        use(rx, tx);
        watch();
    }

    @Override
    public int rxBurst(final Burst burst) {
        return rx.receive(burst);
    }

    @Override
    public void rxRelease() {
        rx.release();
    }

    @Override
    public void txBurst(final Burst burst, final TxQueue queue) {
        tx.send(burst, queue);
    }

    @Override
    public int wakeFd() {
        return wake.fd();
    }

    @Override
    public int offloads() {
        return 0;
    }

    /** By the conductor: frames wake the worker. */
    void watch() {
        wake.add(rx.socket().fd(), Events.EPOLLIN, 0);
    }

    /** By the conductor: nothing does. */
    void unwatch() {
        wake.remove(rx.socket().fd());
    }

    PacketRx rx() {
        return rx;
    }

    PacketTx tx() {
        return tx;
    }

    /** On the worker, or before it polls. */
    void use(final PacketRx nextRx, final PacketTx nextTx) {
        rx = nextRx;
        tx = nextTx;
    }

    void close() {
        close(rx, tx);
        wake.close();
    }

    static void close(final PacketRx rx, final PacketTx tx) {
        rx.socket().close();
        tx.socket().close();
        tx.close();
    }
}
