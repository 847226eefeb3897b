package io.weft.dataplane.underlay;

import io.weft.dataplane.Tunnel;
import io.weft.dataplane.api.NetworkSpec;
import io.weft.dataplane.underlay.Resolver.Hop;
import io.weft.encap.Encapsulation;
import io.weft.encap.IpAddress;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Endpoints that tunnels of any worker go to, and what is known of the way to each. A worker says so when it makes or
 * forgets a tunnel, which is not on a frame's way; the conductor compares now and then with what it has asked its
 * {@link Resolver}.
 *
 * <p>Counts are shared by the workers; the rest is owned by the conductor, and its answers are read by the workers.
 */
final class Endpoints {
    private final Map<IpAddress, Map<Path, Integer>> users = new ConcurrentHashMap<>();
    private final Map<IpAddress, Hop> hops = new ConcurrentHashMap<>();
    private final Set<IpAddress> asked = new HashSet<>();
    private volatile boolean changed;

    /** What a tunnel's packets show of it, but for their addresses. */
    record Path(Encapsulation encap, int port, int vni) {
        static Path of(final Tunnel tunnel) {
            final NetworkSpec network = tunnel.network.spec();
            return new Path(network.encap(), network.port(), network.vni());
        }
    }

    /** A tunnel goes there; by any worker. */
    void acquire(final Tunnel tunnel) {
        users.compute(tunnel.endpoint, (key, before) -> {
            final Map<Path, Integer> paths = before == null ? new ConcurrentHashMap<>() : before;
            paths.merge(Path.of(tunnel), 1, Integer::sum);
            return paths;
        });
        // Said when it is there to be seen, so that whoever clears it first has not missed it.
        changed = true;
    }

    /** A tunnel no longer goes there; by any worker. */
    void release(final Tunnel tunnel) {
        users.computeIfPresent(tunnel.endpoint, (key, paths) -> {
            paths.computeIfPresent(Path.of(tunnel), (path, count) -> count == 1 ? null : count - 1);
            return paths.isEmpty() ? null : paths;
        });
        changed = true;
    }

    /** What goes there now; by any thread. */
    Set<Path> pathsTo(final IpAddress endpoint) {
        return users.getOrDefault(endpoint, Map.of()).keySet();
    }

    /** What is known of the way, {@link Hop#PENDING} before anything was asked; by any thread. */
    Hop hop(final IpAddress endpoint) {
        return hops.getOrDefault(endpoint, Hop.PENDING);
    }

    /** Returns whether there is something new for {@link #update}. */
    boolean isChanged() {
        return changed;
    }

    /** Asks the resolver for endpoints that have come, and no longer for those that have gone. */
    void update(final Resolver resolver) {
        changed = false;
        for (final IpAddress endpoint : users.keySet()) {
            if (asked.add(endpoint)) {
                resolver.want(endpoint);
            }
        }
        asked.removeIf(endpoint -> {
            if (users.containsKey(endpoint)) {
                return false;
            }
            resolver.forget(endpoint);
            hops.remove(endpoint);
            return true;
        });
    }

    /** Takes the resolver's answer over. Returns whether it is another than before. */
    boolean answer(final IpAddress endpoint, final Hop hop) {
        return asked.contains(endpoint) && !hop.equals(hops.put(endpoint, hop));
    }

    /** What is wrong with the ways, in words: of one endpoint, with how many others; empty: nothing. */
    String fault(final Resolver resolver) {
        final List<IpAddress> faulty = asked.stream()
                .filter(endpoint -> !resolver.fault(endpoint).isEmpty())
                .sorted()
                .toList();
        return faulty.isEmpty()
                ? ""
                : "tunnels to " + faulty.getFirst() + ": " + resolver.fault(faulty.getFirst())
                        + (faulty.size() == 1 ? "" : "; and " + (faulty.size() - 1) + " other endpoints");
    }
}
