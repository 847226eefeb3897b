package io.weft.dataplane;

import io.weft.dataplane.api.NetworkSpec;
import io.weft.encap.Encapsulation;
import io.weft.encap.Ethernet;
import io.weft.encap.Vlan;

/**
 * Bytes that a tunnel takes of the underlay's MTU before a tenant's layer-3 packet. The outer Ethernet header and its tag
 * are no part of that MTU.
 */
public final class Overhead {
    private static final int IPV4 = 20;
    private static final int IPV6 = 40;
    private static final int UDP = 8;
    /** VXLAN, Geneve without options, and GRE with a key alike. */
    private static final int TUNNEL = 8;

    private Overhead() {}

    /** Outer IP, UDP unless NVGRE, tunnel header, inner Ethernet header, and a tag where tags travel. */
    public static int bytes(final NetworkSpec network, final int family) {
        return bytes(network.encap(), family, network.keepInnerVlan());
    }

    /** As {@link #bytes(NetworkSpec, int)}: VXLAN and Geneve 50 over IPv4 and 70 over IPv6, NVGRE 42 and 62, a tag 4. */
    public static int bytes(final Encapsulation encap, final int family, final boolean innerTag) {
        return outer(encap, family) + Ethernet.HEADER_LENGTH + (innerTag ? Vlan.TAG_LENGTH : 0);
    }

    /** Outer IP, UDP unless NVGRE, and tunnel header: what comes before an inner frame. */
    public static int outer(final Encapsulation encap, final int family) {
        return (family == 6 ? IPV6 : IPV4) + (encap.isUdp() ? UDP : 0) + TUNNEL;
    }
}
