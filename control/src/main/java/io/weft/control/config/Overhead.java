package io.weft.control.config;

import io.weft.control.config.Config.Network;
import io.weft.control.config.Config.Underlay;
import io.weft.encap.Encapsulation;
import io.weft.encap.IpAddress;
import java.util.stream.Stream;

/**
 * What a tunnel takes of the underlay's MTU: the outer IP header, the tunnel's, and the inner frame's Ethernet header.
 */
public final class Overhead {
    private Overhead() {}

    /**
     * Bytes that a layer-3 packet loses to the tunnel: VXLAN and Geneve (no options are sent) 50 over IPv4 and 70 over
     * IPv6, NVGRE 42 and 62; with an inner tag 4 more.
     */
    public static int of(final Encapsulation encap, final boolean ipv6, final boolean innerTag) {
        return io.weft.dataplane.Overhead.bytes(encap, ipv6 ? 6 : 4, innerTag);
    }

    /** The most that the network's tunnels take; without peers and group, what they would over the host's addresses. */
    public static int of(final Network network, final Underlay underlay) {
        return of(network.encap(), overIpv6(network, underlay), network.keepInnerVlan());
    }

    static boolean overIpv6(final Network network, final Underlay underlay) {
        final Stream<IpAddress> group = network.group() == null ? Stream.empty() : Stream.of(network.group());
        final boolean fromAny = underlay.acceptAny() || (network.peers().isEmpty() && network.group() == null);
        final Stream<IpAddress> own = fromAny ? underlay.addresses().stream() : Stream.empty();
        return Stream.concat(own, Stream.concat(group, network.peers().stream()))
                .anyMatch(a -> !a.isIpv4());
    }
}
