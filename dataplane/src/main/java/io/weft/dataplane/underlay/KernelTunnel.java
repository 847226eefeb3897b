package io.weft.dataplane.underlay;

import io.weft.dataplane.Overhead;
import io.weft.dataplane.Tunnel;
import io.weft.dataplane.api.NetworkSpec;
import io.weft.dataplane.sys.MessageBatch;
import io.weft.dataplane.sys.PathMtu;
import io.weft.dataplane.sys.SocketAddresses;
import io.weft.dataplane.sys.Sockets;
import io.weft.encap.Encapsulation;
import io.weft.encap.IpAddress;
import io.weft.encap.TunnelHeader;

/**
 * What sending into a tunnel takes: its header, where to, and through which kind of socket. Owned by the worker.
 */
final class KernelTunnel {
    /** A path that carries more again is found after so long. */
    private static final long KEEP_NANOS = 10_000_000_000L;
    /** The kernel is not asked more often than this. */
    private static final long PAUSE_NANOS = 1_000_000;

    final TunnelHeader header;
    final long[] name;
    final int nameLength;
    /** 4 or 6. */
    final int family;

    /** One of {@link SendGroups}' kinds of socket. */
    final int kind;
    /** Bytes of the largest inner frame, or a number that no frame reaches where only the kernel knows. */
    final int maxInner;

    private final IpAddress endpoint;
    private final int scope;
    /** The underlay's MTU, which the path's never exceeds where it is configured; and what was heard of the path last. */
    private final int configuredMtu;

    private int pathMtu;
    private long askedNanos;
    private boolean refused;
    /** Whether runs of frames may be left to the kernel to cut; false once a device has refused that. */
    boolean segments;

    /**
     * @param scope index of the interface for link-local addresses and groups, or 0
     * @param mtu bytes of the largest outer packet, or 0: what the kernel takes
     */
    KernelTunnel(final Tunnel tunnel, final int scope, final int mtu) {
        final NetworkSpec spec = tunnel.network.spec();
        endpoint = tunnel.endpoint;
        this.scope = scope;
        configuredMtu = mtu;
        final boolean udp = spec.encap().isUdp();
        family = endpoint.family();
        header = new TunnelHeader(spec.encap(), spec.vni(), spec.flowId());
        name = MessageBatch.nameWords(socketFamily(), endpoint.hi(), endpoint.lo(), udp ? spec.port() : 0, scope);
        nameLength = family == 4 ? SocketAddresses.SIZE_V4 : SocketAddresses.SIZE_V6;
        kind = kind(spec, family);
        segments = kind == SendGroups.CHECKSUM || kind == SendGroups.EITHER;
        maxInner = mtu == 0 ? Integer.MAX_VALUE : mtu - Overhead.outer(spec.encap(), family);
        ask();
    }

    private int socketFamily() {
        return family == 4 ? Sockets.AF_INET : Sockets.AF_INET6;
    }

    private void ask() {
        final int path = PathMtu.ask(socketFamily(), endpoint.hi(), endpoint.lo(), scope);
        pathMtu = path == 0 ? configuredMtu : configuredMtu == 0 ? path : Math.min(path, configuredMtu);
        askedNanos = System.nanoTime();
        refused = false;
    }

    /**
     * Bytes of the largest outer packet, or 0 where nothing is known. The kernel is asked again now and then, as it learns
     * and forgets; and when it has refused a packet. The conductor asks, too: either finds the same.
     */
    int mtu() {
        final long age = System.nanoTime() - askedNanos;
        if (age > KEEP_NANOS || (refused && age > PAUSE_NANOS)) {
            ask();
        }
        return pathMtu;
    }

    /** The kernel says that a packet was too big. */
    void tooBig() {
        refused = true;
    }

    /**
     * VXLAN over IPv4 sends no checksum unless told (RFC 7348, section 4.1), but for frames that the kernel cuts out of
     * one message, which must have one: receivers take both. All else has one unless told otherwise.
     */
    private static int kind(final NetworkSpec spec, final int family) {
        if (!spec.encap().isUdp()) {
            return SendGroups.RAW;
        }
        return switch (spec.udpChecksum()) {
            case ON -> SendGroups.CHECKSUM;
            case OFF -> SendGroups.PLAIN;
            case AUTO -> spec.encap() == Encapsulation.VXLAN && family == 4 ? SendGroups.EITHER : SendGroups.CHECKSUM;
        };
    }
}
