package io.weft.dataplane;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.dataplane.api.NetworkSpec;
import io.weft.dataplane.api.NetworkSpec.UdpChecksum;
import io.weft.dataplane.api.UnderlaySpec;
import io.weft.dataplane.port.RxQueue;
import io.weft.dataplane.sys.Epoll;
import io.weft.dataplane.sys.ErrnoException;
import io.weft.dataplane.sys.Events;
import io.weft.dataplane.underlay.KernelUnderlay;
import io.weft.dataplane.underlay.Underlay;
import io.weft.encap.Encapsulation;
import io.weft.encap.IpAddress;
import io.weft.encap.Mem;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** One host's end of tunnels over the kernel's sockets, pumped by hand. */
final class KernelEnd implements AutoCloseable {
    static final int VNI = 5001;
    private static final int SLOT = 2048;

    final KernelUnderlay underlay;
    final Burst burst = new Burst();
    final Burst in = new Burst();
    final TxQueue tx = new TxQueue();
    private final List<RxQueue> queues = new ArrayList<>();
    private final List<Tunnel> tunnels = new ArrayList<>();
    private final long frames = Mem.allocate((long) Burst.CAPACITY * SLOT, 64);

    KernelEnd(final int mtu, final String... addresses) {
        final List<IpAddress> own =
                Arrays.stream(addresses).map(IpAddress::parse).toList();
        underlay = new KernelUnderlay(
                new UnderlaySpec(own, true, UnderlaySpec.Device.KERNEL, 0, List.of(), 24, Map.of(), mtu), 1);
    }

    void listen(final Encapsulation encapsulation, final int port, final boolean zeroChecksum6) {
        add(underlay.listen(encapsulation, port, zeroChecksum6));
    }

    void join(final Encapsulation encapsulation, final int port, final String group) {
        add(underlay.join(encapsulation, port, IpAddress.parse(group)));
    }

    Tunnel tunnel(final Encapsulation encapsulation, final UdpChecksum checksum, final int port, final String to) {
        final NetworkSpec spec =
                new NetworkSpec("t", "n", VNI, encapsulation, port, true, false, checksum, 100, 300_000, null);
        final Tunnel tunnel = new Tunnel(tunnels.size(), new Network(0, 0, spec), IpAddress.parse(to), true);
        tunnels.add(tunnel);
        underlay.tx(0).prepare(tunnel);
        return tunnel;
    }

    /** Puts a frame of that many bytes, each of them {@code mark}, into the tunnel's queue; returns its entry. */
    int put(final Tunnel tunnel, final int bytes, final int mark, final int hash) {
        final long head = frames + (long) burst.size * SLOT + Burst.HEADROOM;
        Mem.fill(head, Math.min(bytes, SLOT - Burst.HEADROOM), mark);
        return put(tunnel, head, bytes, hash);
    }

    int put(final Tunnel tunnel, final long head, final int bytes, final int hash) {
        final int i = burst.size;
        burst.add(head, bytes);
        burst.hash[i] = hash;
        burst.ecn[i] = 0;
        return tx.add(i, tunnel.id, false);
    }

    /** Sends what was put and forgets it; the reasons stay in {@link TxQueue#refused}. */
    void send() {
        underlay.tx(0).txBurst(burst, tx, tunnels.toArray(Tunnel[]::new));
        burst.clear();
        tx.clear();
    }

    /** Fills {@link #in} with the next burst, waiting for it; returns its frames. */
    int receive() throws ErrnoException {
        try (Epoll epoll = new Epoll(1)) {
            for (int i = 0; i < queues.size(); i++) {
                epoll.add(queues.get(i).wakeFd(), Events.EPOLLIN, i);
            }
            int count = poll();
            if (count == 0) {
                assertTrue(epoll.await(10_000) > 0, "nothing came in 10 s");
                count = poll();
            }
            return count;
        }
    }

    /** The same without waiting; 0: nothing is there. */
    int poll() {
        in.clear();
        for (final RxQueue queue : queues) {
            final int count = queue.rxBurst(in);
            if (count > 0) {
                queue.rxRelease();
                return count;
            }
        }
        return 0;
    }

    RxQueue queue(final int index) {
        return queues.get(index);
    }

    byte[] frame(final int i) {
        return Mem.bytes(in.head[i], in.length[i]);
    }

    @Override
    public void close() {
        underlay.close();
    }

    private void add(final List<Underlay.Listener> listeners) {
        listeners.forEach(listener -> queues.add(listener.queue()));
    }
}
