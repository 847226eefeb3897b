package io.weft.dataplane.underlay;

import io.weft.dataplane.api.SwitchException;
import io.weft.dataplane.api.UnderlaySpec;
import io.weft.dataplane.sys.ErrnoException;
import io.weft.dataplane.sys.NetDevices;
import io.weft.dataplane.sys.RawSocket;
import io.weft.dataplane.sys.Sockets;
import io.weft.dataplane.sys.UdpSocket;
import io.weft.dataplane.sys.UnderlaySocket;
import io.weft.encap.Encapsulation;
import io.weft.encap.IpAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The kernel's UDP and raw sockets as underlay: it routes, resolves neighbours, checks checksums and puts fragments
 * together (its counts are {@link KernelDrops}); nothing that is sent is ever fragmented.
 *
 * <p>Each worker has a receiver of its own on each (address, UDP port), among which the kernel spreads flows. Every raw
 * socket and every group's socket would be given a copy, so of those there is one. A port is taken for this switch alone:
 * a second program on it fails to start instead of stealing half of the frames.
 *
 * <p>Owned by the conductor; workers reach {@link KernelSenders} through it when a tunnel is made.
 */
public final class KernelUnderlay implements Underlay {
    private final List<IpAddress> addresses;
    private final int configuredMtu;
    private final int mtu;
    private final KernelTx[] workers;
    private final Map<Key, List<Listener>> receivers = new HashMap<>();
    /** UDP ports on which IPv6 datagrams without a checksum are taken. */
    private final Set<Integer> zeroChecksum6 = new HashSet<>();

    private final KernelSenders senders;
    private final KernelDrops drops = new KernelDrops();

    /** A (encapsulation, port), or with {@code group} what was joined for it. */
    private record Key(Encapsulation encapsulation, int udpPort, IpAddress group) {}

    /** An underlay of {@code workers} workers; nothing is opened yet. */
    public KernelUnderlay(final UnderlaySpec spec, final int workers) {
        addresses = spec.addresses();
        configuredMtu = spec.mtu();
        mtu = configuredMtu != 0 ? configuredMtu : deviceMtu();
        senders = new KernelSenders(this);
        this.workers = new KernelTx[workers];
        for (int i = 0; i < workers; i++) {
            this.workers[i] = new KernelTx(this, i);
        }
    }

    @Override
    public UnderlayTx tx(final int worker) {
        return workers[worker];
    }

    @Override
    public List<Listener> listen(final Encapsulation encapsulation, final int udpPort, final boolean zeroChecksum6) {
        final Key key = new Key(encapsulation, udpPort, null);
        if (receivers.containsKey(key)) {
            allowZeroChecksum(encapsulation, udpPort, zeroChecksum6);
            return List.of();
        }
        refuseSharedPort(encapsulation, udpPort);
        senders.open(encapsulation, workers.length);
        final List<Listener> opened = new ArrayList<>();
        try {
            for (final IpAddress address : addresses) {
                if (encapsulation.isUdp()) {
                    openUdp(address, encapsulation, udpPort, opened);
                } else {
                    opened.add(listener(0, openRaw(address), encapsulation, 0));
                }
            }
        } catch (final ErrnoException failed) {
            close(opened);
            throw new SwitchException(failed.getMessage(), failed);
        }
        receivers.put(key, List.copyOf(opened));
        allowZeroChecksum(encapsulation, udpPort, zeroChecksum6);
        return opened;
    }

    @Override
    public void unlisten(final Encapsulation encapsulation, final int udpPort) {
        close(receivers.remove(new Key(encapsulation, udpPort, null)));
        zeroChecksum6.remove(udpPort);
    }

    @Override
    public List<Listener> join(final Encapsulation encapsulation, final int udpPort, final IpAddress group) {
        final IpAddress own = address(group.family());
        if (own == null) {
            throw new SwitchException("group " + group + ": the underlay has no address of its family");
        }
        try {
            final UnderlaySocket socket = openGroup(encapsulation, udpPort, group, own);
            socket.allowZeroChecksum6(zeroChecksum6.contains(udpPort));
            final int worker = Math.floorMod(group.hashCode(), workers.length);
            final List<Listener> opened = List.of(listener(worker, socket, encapsulation, udpPort));
            receivers.put(new Key(encapsulation, udpPort, group), opened);
            return opened;
        } catch (final ErrnoException failed) {
            throw new SwitchException(failed.getMessage(), failed);
        }
    }

    @Override
    public void leave(final Encapsulation encapsulation, final int udpPort, final IpAddress group) {
        // The kernel leaves the group, and says so to routers, when its socket closes.
        close(receivers.remove(new Key(encapsulation, udpPort, group)));
    }

    @Override
    public Map<String, Long> dropsBefore() {
        return drops.since();
    }

    @Override
    public int mtu() {
        return mtu;
    }

    @Override
    public IpAddress address(final int family) {
        for (final IpAddress address : addresses) {
            if (address.family() == family) {
                return address;
            }
        }
        return null;
    }

    @Override
    public void close() {
        receivers.values().forEach(KernelUnderlay::close);
        receivers.clear();
        senders.close();
    }

    KernelSenders senders() {
        return senders;
    }

    /** What {@code underlay.mtu} says, or 0: what the kernel takes. */
    int configuredMtu() {
        return configuredMtu;
    }

    /** Index of the interface that link-local addresses and groups are reached through. */
    int scope(final IpAddress remote) {
        final boolean linkLocal = remote.family() == 6 && (remote.hi() >>> 54 == 0x3fa || remote.hi() >>> 56 == 0xff);
        return linkLocal ? interfaceIndex(address(6)) : 0;
    }

    static int interfaceIndex(final IpAddress own) {
        return NetDevices.indexOf(socketFamily(own), own.hi(), own.lo());
    }

    static int socketFamily(final IpAddress address) {
        return address.family() == 4 ? Sockets.AF_INET : Sockets.AF_INET6;
    }

    private void openUdp(
            final IpAddress address, final Encapsulation encapsulation, final int udpPort, final List<Listener> opened)
            throws ErrnoException {
        for (int worker = 0; worker < workers.length; worker++) {
            final UnderlaySocket socket =
                    UdpSocket.receiver(socketFamily(address), address.hi(), address.lo(), udpPort, worker == 0);
            opened.add(listener(worker, socket, encapsulation, udpPort));
        }
    }

    private static UnderlaySocket openRaw(final IpAddress address) throws ErrnoException {
        return RawSocket.receiver(socketFamily(address), address.hi(), address.lo(), 0);
    }

    private static UnderlaySocket openGroup(
            final Encapsulation encapsulation, final int udpPort, final IpAddress group, final IpAddress own)
            throws ErrnoException {
        final int family = socketFamily(group);
        final int scope = family == Sockets.AF_INET6 ? interfaceIndex(own) : 0;
        final UnderlaySocket socket = encapsulation.isUdp()
                ? UdpSocket.groupReceiver(family, group.hi(), group.lo(), udpPort, scope)
                : RawSocket.receiver(family, group.hi(), group.lo(), scope);
        try {
            socket.join(group.hi(), group.lo(), own.hi(), own.lo());
            return socket;
        } catch (final ErrnoException failed) {
            socket.close();
            throw failed;
        }
    }

    private static Listener listener(
            final int worker, final UnderlaySocket socket, final Encapsulation encapsulation, final int udpPort) {
        return new Listener(worker, new KernelRx(socket, encapsulation, udpPort));
    }

    /** Of one port two encapsulations would each be given half of the frames. */
    private void refuseSharedPort(final Encapsulation encapsulation, final int udpPort) {
        for (final Key key : receivers.keySet()) {
            if (encapsulation.isUdp() && key.udpPort == udpPort) {
                throw new SwitchException("UDP port " + udpPort + " carries " + key.encapsulation.label()
                        + " already: give " + encapsulation.label() + " another port");
            }
        }
    }

    /** On all sockets of the port, the groups' too. */
    private void allowZeroChecksum(final Encapsulation encapsulation, final int udpPort, final boolean allowed) {
        if (allowed) {
            zeroChecksum6.add(udpPort);
        } else {
            zeroChecksum6.remove(udpPort);
        }
        receivers.forEach((key, listeners) -> {
            if (key.encapsulation == encapsulation && key.udpPort == udpPort) {
                listeners.forEach(
                        listener -> ((KernelRx) listener.queue()).socket().allowZeroChecksum6(allowed));
            }
        });
    }

    private static void close(final List<Listener> opened) {
        opened.forEach(listener -> ((KernelRx) listener.queue()).close());
    }

    private int deviceMtu() {
        int least = Integer.MAX_VALUE;
        for (final IpAddress address : addresses) {
            final int device = NetDevices.mtuOf(socketFamily(address), address.hi(), address.lo());
            least = device > 0 ? Math.min(least, device) : least;
        }
        return least == Integer.MAX_VALUE ? 1500 : least;
    }
}
