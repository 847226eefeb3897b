package io.weft.dataplane;

import io.weft.dataplane.api.NetworkSpec;
import io.weft.encap.Ethernet;
import io.weft.encap.Vlan;

/** Bytes that a tunnel takes of the underlay's MTU before a tenant's layer-3 packet. */
public final class Overhead {
    private static final int IPV4 = 20;
    private static final int IPV6 = 40;
    private static final int UDP = 8;
    /** VXLAN, Geneve without options, and GRE with a key alike. */
    private static final int TUNNEL = 8;

    private Overhead() {}

    /** Outer IP, UDP unless NVGRE, tunnel header, inner Ethernet header, and a tag where tags travel. */
    public static int bytes(final NetworkSpec network, final int family) {
        return outer(network, family) + Ethernet.HEADER_LENGTH + (network.keepInnerVlan() ? Vlan.TAG_LENGTH : 0);
    }

    /** Outer IP, UDP unless NVGRE, and tunnel header. */
    static int outer(final NetworkSpec network, final int family) {
        return (family == 6 ? IPV6 : IPV4) + (network.encap().isUdp() ? UDP : 0) + TUNNEL;
    }
}
