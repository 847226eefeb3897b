package io.weft.dataplane.underlay;

import io.weft.dataplane.api.SwitchException;
import io.weft.dataplane.api.UnderlaySpec;
import io.weft.dataplane.sys.ErrnoException;
import io.weft.dataplane.sys.NetDevices;
import io.weft.dataplane.sys.Netlink;
import io.weft.dataplane.sys.NetlinkMessage;
import io.weft.dataplane.sys.Routes;
import io.weft.dataplane.sys.Sockets;
import io.weft.encap.IpAddress;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Asks the kernel for the way to endpoints, on a NIC that it shares with the switch: routes and neighbours are its own,
 * and it resolves. It is told now and then that neighbours are in use, which keeps them fresh, and its notifications say
 * when something changed.
 *
 * <p>Owned by the conductor.
 */
public final class KernelResolver implements Resolver {
    private static final int GROUPS = Netlink.GROUP_LINK
            | Netlink.GROUP_NEIGH
            | Netlink.GROUP_IPV4_IFADDR
            | Netlink.GROUP_IPV6_IFADDR
            | Netlink.GROUP_IPV4_ROUTE
            | Netlink.GROUP_IPV6_ROUTE;

    /** A neighbour is asked for again this often while it is not known, and is said to be in use. */
    private static final long REFRESH_NANOS = TimeUnit.SECONDS.toNanos(1);
    /** Notifications come in swarms. */
    private static final long SETTLE_NANOS = TimeUnit.MILLISECONDS.toNanos(2);

    /** Two looks take some microseconds an endpoint: a tenth of the time at most. */
    private static final long LOOK_NANOS = TimeUnit.MICROSECONDS.toNanos(50);
    /** Refreshes between two looks at neighbours that are known: less than the kernel's time for a reachable one. */
    private static final int KEEP_FRESH = 10;

    private final UnderlaySpec spec;
    private final String device;
    private final Routes routes;
    private final Netlink events;
    private final Map<IpAddress, Way> ways = new LinkedHashMap<>();

    private UnderlayHost host;
    private Consumer<IpAddress> changed;
    private boolean isClosed;
    private boolean isLooking;
    private int refreshes;

    /** What is known of one endpoint. */
    private static final class Way {
        private Hop hop = Hop.UNKNOWN;
        private Routes.Route route;
        private String fault = "";
    }

    /** @param device that packets leave by; a route by another is an error of its endpoint */
    public KernelResolver(final UnderlaySpec spec, final String device) {
        this.spec = spec;
        this.device = device;
        Routes opened = null;
        try {
            opened = new Routes();
            events = new Netlink(GROUPS);
        } catch (final ErrnoException failed) {
            if (opened != null) {
                opened.close();
            }
            throw new SwitchException(failed.getMessage(), failed);
        }
        routes = opened;
    }

    @Override
    public void start(final UnderlayHost underlayHost, final Consumer<IpAddress> listener) {
        host = underlayHost;
        changed = listener;
        host.reactor().watch(events.fd(), this::notified);
        host.reactor().after(REFRESH_NANOS, this::refresh);
    }

    private void notified() {
        final boolean[] relevant = new boolean[1];
        final boolean complete = events.read(message -> relevant[0] |= isRelevant(message));
        if ((relevant[0] || !complete) && !isLooking) {
            isLooking = true;
            host.reactor().after(SETTLE_NANOS + ways.size() * LOOK_NANOS, this::lookAgain);
        }
    }

    private static boolean isRelevant(final long message) {
        return switch (NetlinkMessage.type(message)) {
            case NetlinkMessage.NEW_LINK,
                    NetlinkMessage.DELETE_LINK,
                    NetlinkMessage.NEW_ADDRESS,
                    NetlinkMessage.DELETE_ADDRESS,
                    NetlinkMessage.NEW_ROUTE,
                    NetlinkMessage.DELETE_ROUTE,
                    NetlinkMessage.NEW_NEIGHBOR,
                    NetlinkMessage.DELETE_NEIGHBOR -> true;
            default -> false;
        };
    }

    private void lookAgain() {
        isLooking = false;
        if (!isClosed) {
            List.copyOf(ways.keySet()).forEach(this::look);
        }
    }

    private void refresh() {
        if (isClosed) {
            return;
        }
        final boolean all = ++refreshes % KEEP_FRESH == 0;
        for (final IpAddress endpoint : List.copyOf(ways.keySet())) {
            final Way way = ways.get(endpoint);
            if (way.hop.mac() == Neighbors.UNKNOWN) {
                look(endpoint);
            }
            if (way.route != null && way.fault.isEmpty() && (all || way.hop.mac() == Neighbors.UNKNOWN)) {
                use(way.route);
            }
        }
        host.reactor().after(REFRESH_NANOS, this::refresh);
    }

    private void use(final Routes.Route route) {
        routes.use(route.ifindex(), route.family(), route.nextHi(), route.nextLo());
    }

    @Override
    public void want(final IpAddress endpoint) {
        final Way way = new Way();
        ways.put(endpoint, way);
        look(endpoint);
        if (way.route != null && way.fault.isEmpty()) {
            use(way.route);
            look(endpoint);
        }
    }

    @Override
    public void forget(final IpAddress endpoint) {
        ways.remove(endpoint);
    }

    @Override
    public Hop hop(final IpAddress endpoint) {
        final Way way = ways.get(endpoint);
        return way == null ? Hop.UNKNOWN : way.hop;
    }

    /** What is wrong with an endpoint's route, in words; empty: nothing. */
    @Override
    public String fault(final IpAddress endpoint) {
        final Way way = ways.get(endpoint);
        return way == null ? "" : way.fault;
    }

    private void look(final IpAddress endpoint) {
        final Way way = ways.get(endpoint);
        final IpAddress source = source(endpoint.family());
        way.route = source == null
                ? null
                : routes.route(family(endpoint), endpoint.hi(), endpoint.lo(), source.hi(), source.lo());
        final String fault = faultOf(way.route, source);
        if (!fault.equals(way.fault) && !fault.isEmpty()) {
            host.log("tunnels to " + endpoint + ": " + fault);
        }
        way.fault = fault;
        final Hop found = fault.isEmpty() ? hopOf(way.route, source) : Hop.UNKNOWN;
        if (!found.equals(way.hop)) {
            final boolean isNewNeighbor = found.mac() == Neighbors.UNKNOWN && fault.isEmpty();
            way.hop = found;
            changed.accept(endpoint);
            if (isNewNeighbor) {
                use(way.route);
            }
        }
    }

    private Hop hopOf(final Routes.Route route, final IpAddress source) {
        final long mac = routes.neighbor(route.ifindex(), route.family(), route.nextHi(), route.nextLo());
        return new Hop(mac == 0 ? Neighbors.UNKNOWN : mac, source, route.mtu());
    }

    private String faultOf(final Routes.Route route, final IpAddress source) {
        if (route == null) {
            return source == null ? "no own address of that family" : "no route from " + source;
        }
        if (!route.unicast()) {
            return "the route from " + source + " leads to this host, or nowhere";
        }
        return route.ifindex() == NetDevices.index(device)
                ? ""
                : "the route from " + source + " does not leave by " + device
                        + ": add one that does, or use device: kernel";
    }

    private IpAddress source(final int family) {
        for (final IpAddress address : spec.addresses()) {
            if (address.family() == family) {
                return address;
            }
        }
        return null;
    }

    private static int family(final IpAddress address) {
        return address.isIpv4() ? Sockets.AF_INET : Sockets.AF_INET6;
    }

    @Override
    public void close() {
        isClosed = true;
        if (host != null) {
            host.reactor().unwatch(events.fd());
        }
        events.close();
        routes.close();
    }
}
