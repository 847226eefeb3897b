package io.weft.dataplane.underlay;

import io.weft.encap.Encapsulation;
import io.weft.encap.IpAddress;
import io.weft.encap.OuterPacket;
import java.util.Collection;
import java.util.Map;

/**
 * What a layer-2 underlay takes from the wire: destinations (own addresses and joined groups) and tunnels (UDP ports,
 * and NVGRE). Few of each, so they are looked through. Immutable; a change is a new one.
 */
final class Accepted {
    /** From {@link #udp} and {@link #gre}: nobody listens there. */
    static final int NONE = -1;

    private static final int NVGRE = Encapsulation.NVGRE.ordinal();

    private final int[] ports;
    private final int[] encapsulations;
    private final boolean nvgre;
    private final long[] high;
    private final long[] low;
    private final int[] family;

    /**
     * @param listeners encapsulation by UDP port; NVGRE by 0
     * @param destinations own addresses and groups
     */
    Accepted(final Map<Integer, Encapsulation> listeners, final Collection<IpAddress> destinations) {
        nvgre = listeners.get(0) == Encapsulation.NVGRE;
        ports = listeners.keySet().stream().mapToInt(Integer::intValue).toArray();
        encapsulations = listeners.values().stream().mapToInt(Enum::ordinal).toArray();
        high = destinations.stream().mapToLong(IpAddress::hi).toArray();
        low = destinations.stream().mapToLong(IpAddress::lo).toArray();
        family = destinations.stream().mapToInt(IpAddress::family).toArray();
    }

    boolean isDestination(final OuterPacket packet) {
        return contains(packet.frame.ipVersion, packet.destinationHigh, packet.destinationLow);
    }

    /** Says whether a packet claims to come from this host, or a group: nothing to be learned from (RFC 1122, 3.2.1.3). */
    boolean isImpossibleSource(final OuterPacket packet) {
        final int version = packet.frame.ipVersion;
        final boolean group = version == 4 ? packet.sourceLow >>> 28 >= 0xe : packet.sourceHigh >>> 56 == 0xff;
        final boolean none = (packet.sourceHigh | packet.sourceLow) == 0;
        // As Linux does: peers of IPv4 are looked up by their mapped address, which nobody on the wire may claim.
        final boolean mapped = version == 6 && packet.sourceHigh == 0 && packet.sourceLow >>> 32 == 0xffff;
        return group || none || mapped || contains(version, packet.sourceHigh, packet.sourceLow);
    }

    private boolean contains(final int version, final long hi, final long lo) {
        for (int i = 0; i < low.length; i++) {
            if (low[i] == lo && high[i] == hi && family[i] == version) {
                return true;
            }
        }
        return false;
    }

    /** Ordinal of the encapsulation that a UDP packet for this port carries, or {@link #NONE}. */
    int udp(final int port) {
        for (int i = 0; i < ports.length; i++) {
            if (ports[i] == port && port != 0) {
                return encapsulations[i];
            }
        }
        return NONE;
    }

    /** Ordinal of NVGRE where it is listened to, or {@link #NONE}. */
    int gre() {
        return nvgre ? NVGRE : NONE;
    }
}
