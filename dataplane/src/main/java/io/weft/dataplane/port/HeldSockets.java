package io.weft.dataplane.port;

import io.weft.dataplane.api.SwitchException;
import io.weft.dataplane.sys.Errno;
import io.weft.dataplane.sys.ErrnoException;
import io.weft.dataplane.sys.NetDevices;
import io.weft.dataplane.sys.RawSocket;
import io.weft.dataplane.sys.Sockets;
import io.weft.dataplane.sys.UdpSocket;
import io.weft.dataplane.sys.UnderlaySocket;
import io.weft.encap.IpAddress;
import java.util.Collection;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/**
 * Sockets of the kernel's for what a shared NIC gives the switch: they keep another program from the same UDP port, the
 * kernel from answering "port unreachable" to what it sees of tunnels, and they join groups. What reaches them is dropped
 * unread.
 *
 * <p>Owned by the conductor.
 */
final class HeldSockets implements AutoCloseable {
    private static final int GRE = 0;
    private static final int GROUP = -1;

    private final Map<Key, UnderlaySocket> sockets = new HashMap<>();

    /** @param port UDP port, {@link #GRE} or {@link #GROUP} */
    private record Key(IpAddress address, int port) {}

    /** Holds exactly this; throws {@link SwitchException} where a port is somebody else's. */
    void hold(final Collection<Integer> udpPorts, final boolean gre, final Collection<IpAddress> destinations) {
        final Set<Key> wanted = new LinkedHashSet<>();
        for (final IpAddress address : destinations) {
            if (address.isMulticast()) {
                wanted.add(new Key(address, GROUP));
                continue;
            }
            udpPorts.forEach(port -> wanted.add(new Key(address, port)));
            if (gre) {
                wanted.add(new Key(address, GRE));
            }
        }
        final Iterator<Map.Entry<Key, UnderlaySocket>> all = sockets.entrySet().iterator();
        while (all.hasNext()) {
            final Map.Entry<Key, UnderlaySocket> entry = all.next();
            if (!wanted.contains(entry.getKey())) {
                entry.getValue().close();
                all.remove();
            }
        }
        for (final Key key : wanted) {
            if (!sockets.containsKey(key)) {
                open(key, destinations);
            }
        }
    }

    private void open(final Key key, final Collection<IpAddress> own) {
        try {
            final UnderlaySocket socket = key.port == GROUP ? joined(key.address, own) : held(key.address, key.port);
            if (socket != null) {
                sockets.put(key, socket);
            }
        } catch (final ErrnoException failed) {
            // An address that is not there yet is not answered for either.
            if (failed.errno() != Errno.EADDRNOTAVAIL) {
                throw new SwitchException(failed.getMessage(), failed);
            }
        }
    }

    private static UnderlaySocket held(final IpAddress address, final int port) throws ErrnoException {
        return port == GRE
                ? RawSocket.sender(family(address), address.hi(), address.lo())
                : UdpSocket.sender(family(address), address.hi(), address.lo(), port, true, true);
    }

    private static UnderlaySocket joined(final IpAddress group, final Collection<IpAddress> own) throws ErrnoException {
        for (final IpAddress local : own) {
            if (local.family() == group.family()
                    && !local.isMulticast()
                    && NetDevices.indexOf(family(local), local.hi(), local.lo()) != 0) {
                final UnderlaySocket socket = UdpSocket.sender(family(local), local.hi(), local.lo(), 0, true, true);
                try {
                    socket.join(group.hi(), group.lo(), local.hi(), local.lo());
                    return socket;
                } catch (final ErrnoException failed) {
                    socket.close();
                    throw failed;
                }
            }
        }
        return null;
    }

    private static int family(final IpAddress address) {
        return address.isIpv4() ? Sockets.AF_INET : Sockets.AF_INET6;
    }

    @Override
    public void close() {
        sockets.values().forEach(UnderlaySocket::close);
        sockets.clear();
    }
}
