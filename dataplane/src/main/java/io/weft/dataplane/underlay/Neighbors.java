package io.weft.dataplane.underlay;

import io.weft.dataplane.api.UnderlaySpec;
import io.weft.encap.IpAddress;

/**
 * Where a layer-2 underlay sends packets for an address: the next hop and its MAC. Asked when a tunnel is prepared, never
 * for a frame; who learns a MAC later has the tunnels prepared again.
 */
@FunctionalInterface
public interface Neighbors {
    /** MAC that is not known. */
    long UNKNOWN = 0;

    /** MAC that is being asked for: frames wait. */
    long PENDING = -1;

    /** Returns the MAC of a next hop, an address on the underlay's own link, or {@link #UNKNOWN}. */
    long mac(IpAddress nextHop);

    /** Only what the configuration fixes. */
    static Neighbors fixed(final UnderlaySpec spec) {
        return nextHop -> spec.neighbors().getOrDefault(nextHop, UNKNOWN);
    }

    /**
     * What the configuration fixes, and for all others a MAC made from the address, so that a replay needs no neighbours
     * and gives the same bytes each time.
     */
    static Neighbors derived(final UnderlaySpec spec) {
        return nextHop -> spec.neighbors().getOrDefault(nextHop, derivedMac(nextHop));
    }

    /** {@code 02:00:} and the IPv4 address; {@code 02:06:} and the four words of the IPv6 address, xor-ed. */
    static long derivedMac(final IpAddress address) {
        final long low = (address.hi() ^ address.hi() >>> 32 ^ address.lo() ^ address.lo() >>> 32) & 0xffff_ffffL;
        return (address.isIpv4() ? 0x0200L : 0x0206L) << 32 | low;
    }

    /** MAC of a group (RFC 1112, section 6.4; RFC 2464, section 7). */
    static long groupMac(final IpAddress group) {
        return group.isIpv4()
                ? 0x0100_5e00_0000L | (group.lo() & 0x7f_ffffL)
                : 0x3333_0000_0000L | (group.lo() & 0xffff_ffffL);
    }

    /** The next hop towards an address: itself on the link, else the gateway of its family, where there is one. */
    static IpAddress nextHop(final UnderlaySpec spec, final IpAddress to) {
        if (spec.neighbors().containsKey(to) || isOnLink(spec, to)) {
            return to;
        }
        for (final IpAddress gateway : spec.gateway()) {
            if (gateway.family() == to.family()) {
                return gateway;
            }
        }
        return to;
    }

    /** Whether an address is a neighbour's, by the prefixes of this host's own. */
    static boolean isOnLink(final UnderlaySpec spec, final IpAddress to) {
        if (!to.isIpv4() && to.hi() >>> 54 == 0xfe80 >>> 6) {
            return true;
        }
        for (final IpAddress own : spec.addresses()) {
            if (sameLink(spec, own, to)) {
                return true;
            }
        }
        return false;
    }

    /** Whether two addresses have a prefix of the underlay's length in common. */
    static boolean sameLink(final UnderlaySpec spec, final IpAddress own, final IpAddress to) {
        if (own.family() != to.family()) {
            return false;
        }
        if (own.isIpv4()) {
            final int prefix = spec.prefix();
            return prefix > 0 && own.lo() >>> (32 - prefix) == to.lo() >>> (32 - prefix);
        }
        final int prefix = spec.prefix6();
        if (prefix == 0) {
            return false;
        }
        if (prefix <= 64) {
            return own.hi() >>> (64 - prefix) == to.hi() >>> (64 - prefix);
        }
        return own.hi() == to.hi() && own.lo() >>> (128 - prefix) == to.lo() >>> (128 - prefix);
    }
}
