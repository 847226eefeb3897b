package io.weft.dataplane.port;

import io.weft.dataplane.sys.XdpSocket;

/** An AF_XDP socket with its two halves. Owned by the conductor; the halves by the worker while it has them. */
final class XdpChannel {
    private static final int ETHERNET = 14;
    private static final int TAGS = 8;

    final XdpSocket socket;
    final XdpRx rx;
    final XdpTx tx;

    /** @param mtu bytes of the largest IP packet */
    XdpChannel(final XdpSocket socket, final int mtu) {
        this.socket = socket;
        rx = new XdpRx(socket, maxFrame(mtu));
        tx = new XdpTx(socket, maxFrame(mtu), socket.isZeroCopy());
    }

    static int maxFrame(final int mtu) {
        return mtu + ETHERNET + TAGS;
    }

    void close() {
        socket.close();
        rx.close();
    }
}
