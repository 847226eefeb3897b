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
 * The sending sockets of all workers. The conductor opens them before the first network of their kind is there, since the
 * source ports of a family take tens of milliseconds, which a worker must not stand still; workers then find them.
 */
final class KernelSenders implements AutoCloseable {
    private final KernelUnderlay underlay;
    private final Map<Integer, SenderPorts> ports = new HashMap<>();
    private final Map<Integer, UnderlaySocket> raw = new HashMap<>();

    KernelSenders(final KernelUnderlay underlay) {
        this.underlay = underlay;
    }

    /** Opens what the workers will want for an encapsulation, on all of the underlay's addresses. */
    void open(final Encapsulation encapsulation, final int workers) {
        for (int worker = 0; worker < workers; worker++) {
            for (final int family : new int[] {4, 6}) {
                if (underlay.address(family) != null) {
                    if (encapsulation.isUdp()) {
                        ports(worker, family);
                    } else {
                        raw(worker, family);
                    }
                }
            }
        }
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
