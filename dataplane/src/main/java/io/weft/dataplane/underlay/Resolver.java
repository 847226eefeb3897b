package io.weft.dataplane.underlay;

import io.weft.encap.IpAddress;
import java.util.function.Consumer;

/**
 * Finds the way to tunnels' endpoints: the next hop's MAC address, and what the route has to say. One resolves itself, on
 * a port that the switch has to itself; another asks the kernel, on a device that it shares with it.
 *
 * <p>Fixed neighbours of the configuration win over what is found here.
 *
 * <p>Owned by the conductor.
 */
public interface Resolver extends AutoCloseable {
    /**
     * Called once, before the first {@link #want}.
     *
     * @param host reactor, events and log
     * @param changed to be told of an endpoint whose {@link #hop} has become another; possibly from within {@link #want}
     */
    void start(UnderlayHost host, Consumer<IpAddress> changed);

    /**
     * The way to an endpoint is needed from now on. Called once for each endpoint until {@link #forget}, however many
     * tunnels go there; not for multicast groups.
     */
    void want(IpAddress endpoint);

    void forget(IpAddress endpoint);

    /** What is known now of the way to a wanted endpoint; {@link Hop#UNKNOWN} when nothing is. */
    Hop hop(IpAddress endpoint);

    /** What is wrong with the way to an endpoint, in words; empty: nothing, or it is only not known yet. */
    default String fault(final IpAddress endpoint) {
        return "";
    }

    @Override
    void close();

    /**
     * The way to an endpoint.
     *
     * @param mac of the next hop, or {@link Neighbors#PENDING} while it is asked for, or {@link Neighbors#UNKNOWN} when
     *     it does not answer
     * @param source own address that packets leave with, or null: the underlay's of that family
     * @param mtu bytes of the largest IP packet on that way, or 0: the underlay's
     */
    record Hop(long mac, IpAddress source, int mtu) {
        public static final Hop UNKNOWN = new Hop(Neighbors.UNKNOWN, null, 0);

        /** It is being asked for: frames may wait for the answer. */
        public static final Hop PENDING = new Hop(Neighbors.PENDING, null, 0);

        /** A next hop about which nothing else is known. */
        public static Hop of(final long mac) {
            return new Hop(mac, null, 0);
        }
    }
}
