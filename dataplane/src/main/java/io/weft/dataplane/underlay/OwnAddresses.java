package io.weft.dataplane.underlay;

import io.weft.dataplane.api.UnderlaySpec;
import io.weft.encap.IpAddress;
import java.util.ArrayList;
import java.util.List;

/**
 * This host's addresses on an underlay of its own, and what is on its link. Immutable.
 *
 * @param mac of this end
 * @param addresses configured ones, the tunnels' endpoints
 * @param linkLocal made from the MAC (RFC 4291, appendix A), or null where no IPv6 is spoken
 */
record OwnAddresses(UnderlaySpec spec, long mac, List<IpAddress> addresses, IpAddress linkLocal) {
    private static final long LINK_LOCAL = 0xfe80_0000_0000_0000L;
    private static final long UNIVERSAL = 0x0200_0000_0000_0000L;

    OwnAddresses {
        addresses = List.copyOf(addresses);
    }

    static OwnAddresses of(final UnderlaySpec spec) {
        final boolean six = spec.addresses().stream().anyMatch(address -> !address.isIpv4());
        final long mac = spec.mac();
        final long low = (mac & 0xffff_ff00_0000L) << 16 | 0xff_fe00_0000L | (mac & 0xff_ffffL);
        return new OwnAddresses(spec, mac, spec.addresses(), six ? IpAddress.v6(LINK_LOCAL, low ^ UNIVERSAL) : null);
    }

    boolean isOwn(final IpAddress address) {
        return addresses.contains(address) || address.equals(linkLocal);
    }

    /** Whether a neighbour may have this address: one host's, on the link, not ours. */
    boolean isNeighbor(final IpAddress address) {
        return !address.isMulticast()
                && !address.isUnspecified()
                && !isOwn(address)
                && (Neighbors.isOnLink(spec, address)
                        || spec.gateway().contains(address)
                        || spec.neighbors().containsKey(address)
                        || Neighbors.nextHop(spec, address).equals(address));
    }

    /** The address that a neighbour is asked from: on its link where one is, else the first of its family. */
    IpAddress sourceFor(final IpAddress neighbor) {
        IpAddress source = null;
        for (final IpAddress own : addresses) {
            if (own.family() == neighbor.family()
                    && (source == null
                            || (Neighbors.sameLink(spec, own, neighbor)
                                    && !Neighbors.sameLink(spec, source, neighbor)))) {
                source = own;
            }
        }
        return source;
    }

    /** Addresses that neighbours of IPv6 may ask for. */
    List<IpAddress> all() {
        final List<IpAddress> all = new ArrayList<>(addresses);
        if (linkLocal != null) {
            all.add(linkLocal);
        }
        return all;
    }
}
