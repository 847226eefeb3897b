package io.weft.dataplane.underlay;

import io.weft.dataplane.api.UnderlaySpec;
import io.weft.encap.Encapsulation;
import io.weft.encap.Icmp;
import io.weft.encap.IpAddress;
import io.weft.encap.Ipv4;
import io.weft.encap.Ipv6;
import io.weft.encap.Mem;
import io.weft.encap.Nvgre;
import io.weft.encap.Udp;
import io.weft.encap.Vxlan;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/**
 * What routers say of paths that carry less than the link (RFC 1191; RFC 8201). Anybody can send such a message, so it is
 * believed only where it quotes a packet that this host can have sent: from our address to an endpoint that a tunnel goes
 * to, with that tunnel's port and, as far as it is quoted, its VNI, longer than what is said to fit. It only lowers, not
 * below what every path carries, and is forgotten after ten minutes.
 *
 * <p>Owned by the conductor.
 */
final class PathMtus {
    /** Below this an IPv4 path is not lowered: a forged message must not make us send crumbs. */
    static final int LEAST_4 = 576;

    /** Ages (RFC 1191, section 6.3). */
    static final long AGE = 600_000_000_000L;

    private static final int FIRST_ENTROPY_PORT = 49_152;
    private static final int MAX_PATHS = 16_384;
    private static final int NEXT_MTU = 6;

    private final UnderlaySpec spec;
    private final OwnAddresses own;
    private final Endpoints endpoints;
    private final OwnCounters counters;
    private final Map<IpAddress, Path> paths = new HashMap<>();
    private final List<IpAddress> changed = new ArrayList<>();

    PathMtus(final UnderlaySpec spec, final OwnAddresses own, final Endpoints endpoints, final OwnCounters counters) {
        this.spec = spec;
        this.own = own;
        this.endpoints = endpoints;
        this.counters = counters;
    }

    /** Bytes of the largest IP packet on the path, or 0 where nothing is known. */
    int mtu(final IpAddress endpoint) {
        final Path path = paths.get(endpoint);
        return path == null ? 0 : path.mtu;
    }

    void forget(final IpAddress endpoint) {
        paths.remove(endpoint);
    }

    /** Forgets what is old; returns whose path has changed since the last call. */
    List<IpAddress> run(final long now) {
        for (final Iterator<Map.Entry<IpAddress, Path>> all = paths.entrySet().iterator(); all.hasNext(); ) {
            final Map.Entry<IpAddress, Path> path = all.next();
            if (now - path.getValue().learned >= AGE) {
                all.remove();
                changed.add(path.getKey());
            }
        }
        final List<IpAddress> all = List.copyOf(changed);
        changed.clear();
        return all;
    }

    /** A destination unreachable with code 4, whose checksum is right. */
    void tooBig4(final long icmp, final int length, final long now) {
        final long ip = icmp + Icmp.HEADER_LENGTH;
        final int quoted = length - Icmp.HEADER_LENGTH;
        if (quoted < Ipv4.MIN_HEADER_LENGTH + Udp.HEADER_LENGTH
                || Ipv4.version(ip) != 4
                || Ipv4.headerLength(ip) != Ipv4.MIN_HEADER_LENGTH
                || (Ipv4.fragment(ip) & Ipv4.DONT_FRAGMENT) == 0
                || (Ipv4.fragment(ip) & (Ipv4.MORE_FRAGMENTS | Ipv4.OFFSET_MASK)) != 0) {
            counters.pathsForged++;
            return;
        }
        // Routers older than RFC 1191 say 0: the next common size below the packet's (section 7.1) is what fits then.
        final int said = Mem.getShort(icmp + NEXT_MTU);
        final int size = Ipv4.totalLength(ip);
        learn(
                IpAddress.v4(Ipv4.source(ip)),
                IpAddress.v4(Ipv4.destination(ip)),
                Ipv4.protocol(ip),
                ip + Ipv4.MIN_HEADER_LENGTH,
                quoted - Ipv4.MIN_HEADER_LENGTH,
                size,
                said == 0 ? plateauBelow(size) : said,
                LEAST_4,
                now);
    }

    /** A packet too big, whose checksum is right. */
    void tooBig6(final long icmp, final int length, final long now) {
        final long ip = icmp + Icmp.HEADER_LENGTH;
        final int quoted = length - Icmp.HEADER_LENGTH;
        if (quoted < Ipv6.HEADER_LENGTH + Udp.HEADER_LENGTH || Ipv6.version(ip) != 6) {
            counters.pathsForged++;
            return;
        }
        final long said = Mem.getInt(icmp + 4) & 0xffff_ffffL;
        learn(
                IpAddress.v6(Ipv6.sourceHigh(ip), Ipv6.sourceLow(ip)),
                IpAddress.v6(Ipv6.destinationHigh(ip), Ipv6.destinationLow(ip)),
                Ipv6.nextHeader(ip),
                ip + Ipv6.HEADER_LENGTH,
                quoted - Ipv6.HEADER_LENGTH,
                Ipv6.HEADER_LENGTH + Ipv6.payloadLength(ip),
                (int) Math.min(said, 65_535),
                Ipv6.MIN_MTU,
                now);
    }

    private static int plateauBelow(final int size) {
        for (final int plateau : new int[] {8_166, 4_352, 2_002, 1_492, 1_006}) {
            if (plateau < size) {
                return plateau;
            }
        }
        return LEAST_4;
    }

    private void learn(
            final IpAddress source,
            final IpAddress endpoint,
            final int protocol,
            final long l4,
            final int quoted,
            final int size,
            final int said,
            final int least,
            final long now) {
        final int before = mtu(endpoint) == 0 ? spec.mtu() : mtu(endpoint);
        final boolean plausible = own.addresses().contains(source)
                && size > said
                && size <= spec.mtu()
                && said >= least
                && isTunnels(endpoint, protocol, l4, quoted, size);
        if (!plausible || (paths.size() >= MAX_PATHS && !paths.containsKey(endpoint))) {
            counters.pathsForged++;
            return;
        }
        if (said < before) {
            paths.put(endpoint, new Path(said, now));
            counters.pathsLowered++;
            changed.add(endpoint);
        } else if (said == before && paths.containsKey(endpoint)) {
            // Still so: packets that were on their way.
            paths.put(endpoint, new Path(said, now));
        }
    }

    /** Whether a tunnel of ours can have sent this, as far as it is quoted. */
    private boolean isTunnels(
            final IpAddress endpoint, final int protocol, final long l4, final int quoted, final int size) {
        for (final Endpoints.Path path : endpoints.pathsTo(endpoint)) {
            if (protocol == Ipv4.PROTOCOL_GRE && path.encap() == Encapsulation.NVGRE) {
                if (Nvgre.isNvgre(Mem.getInt(l4)) && Nvgre.vsid(l4) == path.vni()) {
                    return true;
                }
            } else if (protocol == Ipv4.PROTOCOL_UDP
                    && path.encap().isUdp()
                    && Udp.destinationPort(l4) == path.port()
                    && Udp.sourcePort(l4) >= FIRST_ENTROPY_PORT
                    && Udp.length(l4) == size - (endpoint.isIpv4() ? Ipv4.MIN_HEADER_LENGTH : Ipv6.HEADER_LENGTH)
                    && isVni(path, l4 + Udp.HEADER_LENGTH, quoted - Udp.HEADER_LENGTH)) {
                return true;
            }
        }
        return false;
    }

    /** VXLAN and Geneve have it at the same place (RFC 7348, section 5; RFC 8926, section 3.1). */
    private static boolean isVni(final Endpoints.Path path, final long header, final int quoted) {
        return quoted < Vxlan.HEADER_LENGTH || Mem.getInt(header + 4) >>> 8 == path.vni();
    }

    private record Path(int mtu, long learned) {}
}
