package io.weft.dataplane.api;

import io.weft.encap.IpAddress;
import java.util.List;
import java.util.Map;

/**
 * The underlay, fixed for the life of the switch.
 *
 * @param addresses this host's tunnel endpoints, at most one of each family is used as source
 * @param acceptAny decapsulate from any endpoint, not only from the network's peers
 * @param device the kernel's sockets, or a layer-2 port
 * @param mac an owned port's own MAC
 * @param gateway next hop off-subnet per family, or empty
 * @param prefix length of the owned port's IPv4 subnet
 * @param neighbors fixed neighbours
 * @param mtu bytes of the largest outer IP packet; 0: the device's
 * @param prefix6 length of the owned port's IPv6 subnet; 0: no address of that family is on the link but link-local ones
 * @param vlan identifier of the tag that packets have on an owned port, or 0 for none
 * @param port the layer-2 port of {@link Device#PORT}; null for other devices
 */
public record UnderlaySpec(
        List<IpAddress> addresses,
        boolean acceptAny,
        Device device,
        long mac,
        List<IpAddress> gateway,
        int prefix,
        Map<IpAddress, Long> neighbors,
        int mtu,
        int prefix6,
        int vlan,
        PortSpec port) {

    /** One without a tag, and no IPv6 addresses on the link but link-local ones. */
    public UnderlaySpec(
            final List<IpAddress> addresses,
            final boolean acceptAny,
            final Device device,
            final long mac,
            final List<IpAddress> gateway,
            final int prefix,
            final Map<IpAddress, Long> neighbors,
            final int mtu,
            final PortSpec port) {
        this(addresses, acceptAny, device, mac, gateway, prefix, neighbors, mtu, 0, 0, port);
    }

    /** One without a port of its own kind. */
    public UnderlaySpec(
            final List<IpAddress> addresses,
            final boolean acceptAny,
            final Device device,
            final long mac,
            final List<IpAddress> gateway,
            final int prefix,
            final Map<IpAddress, Long> neighbors,
            final int mtu) {
        this(addresses, acceptAny, device, mac, gateway, prefix, neighbors, mtu, 0, 0, null);
    }

    public UnderlaySpec {
        addresses = List.copyOf(addresses);
        gateway = List.copyOf(gateway);
        neighbors = Map.copyOf(neighbors);
    }

    /** The same with another MAC of its own, and another MTU. */
    public UnderlaySpec with(final long ownMac, final int ownMtu) {
        return new UnderlaySpec(
                addresses, acceptAny, device, ownMac, gateway, prefix, neighbors, ownMtu, prefix6, vlan, port);
    }

    /** What carries the tunnels. */
    public enum Device {
        KERNEL,
        /** A layer-2 port that is opened as {@link #port} says. */
        PORT,
        /** Frames from and to the program that holds the switch. */
        MEMORY,
        /** A capture in, another out. */
        PCAP
    }
}
