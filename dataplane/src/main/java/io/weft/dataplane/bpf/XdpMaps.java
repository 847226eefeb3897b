package io.weft.dataplane.bpf;

import io.weft.dataplane.sys.Bpf;
import io.weft.dataplane.sys.Errno;
import io.weft.dataplane.sys.ErrnoException;
import io.weft.dataplane.sys.Libc;
import io.weft.encap.IpAddress;
import io.weft.encap.Mem;
import java.lang.foreign.Arena;

/**
 * What an {@link XdpProgram} looks into: descriptors of the kernel's maps. UDP ports are an array, for which no helper is
 * called for a packet; addresses are IPv6 ones and mapped IPv4 ones.
 *
 * <p>Owned by the conductor.
 */
final class XdpMaps implements AutoCloseable {
    /** Index of {@link #ports} that stands for GRE. */
    static final int GRE = 65_536;
    /** Index of {@link #counters}: fragments that would be ours and went to the kernel. */
    static final int FRAGMENTS = 0;

    private static final int ADDRESSES = 1024;
    private static final int ADDRESS = 16;
    private static final long MAPPED = 0xffff_0000_0000L;

    private final int[] fds = {-1, -1, -1, -1};

    /** @param queues receive queues of the NIC */
    XdpMaps(final int queues) throws ErrnoException {
        try {
            fds[0] = Bpf.createMap("weft_ports", Bpf.MAP_TYPE_ARRAY, Integer.BYTES, Long.BYTES, GRE + 1);
            fds[1] = Bpf.createMap("weft_addresses", Bpf.MAP_TYPE_HASH, ADDRESS, Integer.BYTES, ADDRESSES);
            fds[2] = Bpf.createMap("weft_counters", Bpf.MAP_TYPE_ARRAY, Integer.BYTES, Long.BYTES, 1);
            fds[3] = Bpf.createMap("weft_sockets", Bpf.MAP_TYPE_XSKMAP, Integer.BYTES, Integer.BYTES, queues);
        } catch (final ErrnoException failed) {
            close();
            throw failed;
        }
    }

    int ports() {
        return fds[0];
    }

    int addresses() {
        return fds[1];
    }

    int counters() {
        return fds[2];
    }

    int sockets() {
        return fds[3];
    }

    void port(final int port, final boolean taken) {
        Bpf.update(ports(), port, taken ? 1 : 0);
    }

    /** Returns 0 or {@code -errno}: -E2BIG where there is no room. */
    int address(final IpAddress address, final boolean taken) {
        try (Arena arena = Arena.ofConfined()) {
            final long key = arena.allocate(ADDRESS + Long.BYTES, Long.BYTES).address();
            Mem.putLong(key, address.hi());
            Mem.putLong(key + Long.BYTES, address.isIpv4() ? MAPPED | address.lo() : address.lo());
            final int result = taken ? Bpf.update(addresses(), key, key + ADDRESS) : Bpf.delete(addresses(), key);
            return result == -Errno.ENOENT ? 0 : result;
        }
    }

    /** Gives packets of a queue to a socket; 0 or {@code -errno}. */
    int socket(final int queue, final int fd) {
        return Bpf.update(sockets(), queue, fd);
    }

    long counter(final int index) {
        return Bpf.lookup(counters(), index);
    }

    @Override
    public void close() {
        for (final int fd : fds) {
            if (fd >= 0) {
                Libc.close(fd);
            }
        }
    }
}
