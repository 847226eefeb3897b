package io.weft.dataplane.port;

import io.weft.dataplane.Burst;
import io.weft.dataplane.TxQueue;
import io.weft.dataplane.sys.Epoll;
import io.weft.dataplane.sys.ErrnoException;
import io.weft.dataplane.sys.Events;

/**
 * One queue of a NIC by AF_XDP. Its socket is another one when the device went away and came back; what is slept on is an
 * epoll instance that stays.
 *
 * <p>Owned by one worker; the conductor opens and closes it, and watches the socket or no longer.
 */
final class XdpQueue implements PortQueue {
    private final Epoll wake = new Epoll(1);
    private XdpChannel channel;
    private XdpRx rx;
    private XdpTx tx;

    XdpQueue(final XdpChannel channel) throws ErrnoException {
        use(channel);
        watch();
    }

    @Override
    public int rxBurst(final Burst burst) {
        if (tx.isPending()) {
            tx.kick();
        }
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
    public boolean arm() {
        return !tx.isPending() && rx.isEmpty();
    }

    @Override
    public int offloads() {
        return 0;
    }

    /** By the conductor: packets wake the worker. */
    void watch() {
        wake.add(channel.socket.fd(), Events.EPOLLIN, 0);
    }

    /** By the conductor: nothing does, for a socket whose device is gone is in error for ever. */
    void unwatch() {
        wake.remove(channel.socket.fd());
    }

    XdpChannel channel() {
        return channel;
    }

    /** On the worker, or before it polls. */
    void use(final XdpChannel next) {
        channel = next;
        rx = next.rx;
        tx = next.tx;
    }

    void close() {
        channel.close();
        wake.close();
    }
}
