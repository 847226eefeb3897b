package io.weft.dataplane.underlay;

import io.weft.dataplane.sys.Errno;
import io.weft.dataplane.sys.ErrnoException;
import io.weft.dataplane.sys.UdpSocket;
import io.weft.dataplane.sys.UnderlaySocket;
import io.weft.encap.FlowHash;
import io.weft.encap.IpAddress;
import java.util.ArrayList;
import java.util.List;

/**
 * The source ports of one worker and family: a UDP socket has one, so 64 of them are bound, one in each 64th of the range
 * that RFC 7348, section 5, recommends, and a flow's hash chooses. On each port there are two sockets, one that fills in
 * the UDP checksum and one that does not: a flow keeps its port whichever it takes.
 *
 * <p>The range overlaps the system's ephemeral ports: what is taken is passed over. Made and closed by the conductor or
 * the worker, used by the worker; immutable.
 */
final class SenderPorts implements AutoCloseable {
    static final int COUNT = 64;

    private static final int SHIFT = 32 - Integer.numberOfTrailingZeros(COUNT);
    private static final int SPREAD = (65_536 - FlowHash.SOURCE_PORT_MIN) / COUNT;
    /** Coprime to the spread: workers begin their search at different places. */
    private static final int STRIDE = 37;

    private final int[] checksum = new int[COUNT];
    private final int[] plain = new int[COUNT];
    private final List<UnderlaySocket> sockets = new ArrayList<>();

    /** Opens the sockets of worker {@code worker} on an own address. */
    SenderPorts(final IpAddress address, final int worker) throws ErrnoException {
        try {
            for (int i = 0; i < COUNT; i++) {
                final UnderlaySocket first = bindFree(address, i, worker);
                sockets.add(first);
                checksum[i] = first.fd();
                final UnderlaySocket second = UdpSocket.sender(
                        KernelUnderlay.socketFamily(address), address.hi(), address.lo(), first.port(), false, false);
                sockets.add(second);
                plain[i] = second.fd();
            }
        } catch (final ErrnoException failed) {
            close();
            throw failed;
        }
    }

    /** Which of the ports a flow's packets leave from. */
    static int index(final int hash) {
        return hash >>> SHIFT;
    }

    /** The socket's descriptor. */
    int fd(final int index, final boolean withChecksum) {
        return withChecksum ? checksum[index] : plain[index];
    }

    /** Sends to groups through the interface that holds the address. */
    void sendGroupsFrom(final IpAddress address, final int interfaceIndex) throws ErrnoException {
        for (final UnderlaySocket socket : sockets) {
            socket.sendGroupsFrom(address.lo(), interfaceIndex);
        }
    }

    @Override
    public void close() {
        sockets.forEach(UnderlaySocket::close);
        sockets.clear();
    }

    private static UnderlaySocket bindFree(final IpAddress address, final int index, final int worker)
            throws ErrnoException {
        final int base = FlowHash.SOURCE_PORT_MIN + index * SPREAD;
        ErrnoException taken = null;
        for (int probe = 0; probe < SPREAD; probe++) {
            final int port = base + (worker * STRIDE + probe) % SPREAD;
            try {
                return UdpSocket.sender(
                        KernelUnderlay.socketFamily(address), address.hi(), address.lo(), port, true, true);
            } catch (final ErrnoException failed) {
                if (failed.errno() != Errno.EADDRINUSE) {
                    throw failed;
                }
                taken = failed;
            }
        }
        throw taken;
    }
}
