package io.weft.dataplane.underlay;

import io.weft.dataplane.Overhead;
import io.weft.dataplane.Tunnel;
import io.weft.dataplane.api.NetworkSpec;
import io.weft.dataplane.sys.MessageBatch;
import io.weft.dataplane.sys.SocketAddresses;
import io.weft.dataplane.sys.Sockets;
import io.weft.encap.Encapsulation;
import io.weft.encap.IpAddress;
import io.weft.encap.TunnelHeader;

/**
 * What sending into a tunnel takes: its header, where to, and through which kind of socket. Owned by the worker.
 */
final class KernelTunnel {
    final TunnelHeader header;
    final long[] name;
    final int nameLength;
    /** 4 or 6. */
    final int family;

    /** One of {@link SendGroups}' kinds of socket. */
    final int kind;
    /** Bytes of the largest inner frame, or a number that no frame reaches where only the kernel knows. */
    final int maxInner;
    /** Whether runs of frames may be left to the kernel to cut; false once a device has refused that. */
    boolean segments;

    /**
     * @param scope index of the interface for link-local addresses and groups, or 0
     * @param mtu bytes of the largest outer packet, or 0: what the kernel takes
     */
    KernelTunnel(final Tunnel tunnel, final int scope, final int mtu) {
        final NetworkSpec spec = tunnel.network.spec();
        final IpAddress endpoint = tunnel.endpoint;
        final boolean udp = spec.encap().isUdp();
        family = endpoint.family();
        header = new TunnelHeader(spec.encap(), spec.vni(), spec.flowId());
        final int socketFamily = family == 4 ? Sockets.AF_INET : Sockets.AF_INET6;
        name = MessageBatch.nameWords(socketFamily, endpoint.hi(), endpoint.lo(), udp ? spec.port() : 0, scope);
        nameLength = family == 4 ? SocketAddresses.SIZE_V4 : SocketAddresses.SIZE_V6;
        kind = kind(spec, family);
        segments = kind == SendGroups.CHECKSUM || kind == SendGroups.EITHER;
        maxInner = mtu == 0 ? Integer.MAX_VALUE : mtu - Overhead.outer(spec.encap(), family);
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
