package io.weft.dataplane.underlay;

import io.weft.dataplane.api.SwitchException;
import io.weft.dataplane.sys.ErrnoException;
import io.weft.dataplane.sys.RawSocket;
import io.weft.dataplane.sys.UnderlaySocket;
import io.weft.encap.Encapsulation;
import io.weft.encap.IpAddress;
import java.util.HashMap;
import java.util.Map;

/**
 * The sending sockets of all workers, opened when a worker's first tunnel of a family needs them: a switch whose tunnels
 * are all of one kind does not open the others. Any worker and the conductor call it, never for a frame.
 */
final class KernelSenders implements AutoCloseable {
    private final KernelUnderlay underlay;
    private final Map<Integer, SenderPorts> ports = new HashMap<>();
    private final Map<Integer, UnderlaySocket> raw = new HashMap<>();

    KernelSenders(final KernelUnderlay underlay) {
        this.underlay = underlay;
    }

    /** The source ports of a worker and family. */
    synchronized SenderPorts ports(final int worker, final int family) {
        final int key = worker << 3 | family;
        SenderPorts found = ports.get(key);
        if (found == null) {
            try {
                found = new SenderPorts(underlay.address(family), worker);
            } catch (final ErrnoException failed) {
                throw new SwitchException(failed.getMessage(), failed);
            }
            ports.put(key, found);
        }
        return found;
    }

    /** The raw socket of a worker and family. */
    synchronized UnderlaySocket raw(final int worker, final int family) {
        final int key = worker << 3 | family;
        UnderlaySocket found = raw.get(key);
        if (found == null) {
            final IpAddress own = underlay.address(family);
            try {
                found = RawSocket.sender(KernelUnderlay.socketFamily(own), own.hi(), own.lo());
            } catch (final ErrnoException failed) {
                throw new SwitchException(failed.getMessage(), failed);
            }
            raw.put(key, found);
        }
        return found;
    }

    /** Lets a worker's sockets of an encapsulation send to groups, through the interface of the own address. */
    synchronized void toGroups(final int worker, final int family, final Encapsulation encapsulation) {
        final IpAddress own = underlay.address(family);
        final int index = KernelUnderlay.interfaceIndex(own);
        try {
            if (encapsulation.isUdp()) {
                ports(worker, family).sendGroupsFrom(own, index);
            } else {
                raw(worker, family).sendGroupsFrom(own.lo(), index);
            }
        } catch (final ErrnoException failed) {
            throw new SwitchException(failed.getMessage(), failed);
        }
    }

    @Override
    public synchronized void close() {
        ports.values().forEach(SenderPorts::close);
        ports.clear();
        raw.values().forEach(UnderlaySocket::close);
        raw.clear();
    }
}
