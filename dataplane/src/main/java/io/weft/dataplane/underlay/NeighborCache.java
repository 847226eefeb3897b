package io.weft.dataplane.underlay;

import io.weft.dataplane.underlay.Neighbor.State;
import io.weft.encap.IpAddress;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.function.Consumer;

/**
 * Next hops and their MAC addresses (RFC 826; RFC 4861, section 7.3). Only who is wanted is in it: what others say makes
 * no entries. A known neighbour is asked again, itself, before its entry grows stale; one that says it has moved is
 * believed when its old address no longer answers, so that a forged message moves nothing.
 *
 * <p>Owned by the conductor.
 */
final class NeighborCache {
    /** Neighbours at most; endpoints behind further ones stay unknown. */
    static final int LIMIT = 16_384;
    /** Requests for one that is not known, before it counts as failed. */
    static final int TRIES = 4;

    private static final long MILLI = 1_000_000L;
    private static final long FIRST_WAIT = 250 * MILLI;
    private static final long PROBE_WAIT = 500 * MILLI;
    private static final int UNICAST_PROBES = 2;
    /** How long an answer is good (RFC 4861's REACHABLE_TIME). */
    static final long REACHABLE = 30_000 * MILLI;

    /** How long after an answer another claim is looked into: else a flood of claims would use up all {@link #asks}. */
    private static final long SETTLED = 1_000 * MILLI;

    private static final long FAILED_FIRST = 5_000 * MILLI;
    private static final long FAILED_MOST = 60_000 * MILLI;
    /** Requests a second in all, and at once. */
    private static final int ASK_RATE = 1_000;

    private static final int ASK_RESERVE = 256;
    private static final long ASK_LATER = 10 * MILLI;

    private final Map<IpAddress, Neighbor> neighbors = new HashMap<>();
    private final PriorityQueue<Due> due = new PriorityQueue<>(Comparator.comparingLong(Due::at));
    private final Deque<Neighbor> changed = new ArrayDeque<>();
    private final TokenBucket asks = new TokenBucket(ASK_RATE, ASK_RESERVE);
    private final Asker asker;
    private long refused;
    private long moves;

    /** Sends a request for a neighbour, to its MAC where that is not 0. */
    @FunctionalInterface
    interface Asker {
        void ask(IpAddress address, long mac);
    }

    NeighborCache(final Asker asker) {
        this.asker = asker;
    }

    /** One more endpoint is behind this next hop; null when there is no room for another. */
    Neighbor acquire(final IpAddress address, final long now) {
        Neighbor neighbor = neighbors.get(address);
        if (neighbor == null) {
            if (neighbors.size() >= LIMIT) {
                refused++;
                return null;
            }
            neighbor = new Neighbor(address);
            neighbors.put(address, neighbor);
            at(neighbor, now);
        }
        neighbor.users++;
        return neighbor;
    }

    void release(final Neighbor neighbor) {
        if (--neighbor.users == 0) {
            neighbors.remove(neighbor.address);
        }
    }

    Neighbor find(final IpAddress address) {
        return neighbors.get(address);
    }

    Collection<Neighbor> all() {
        return neighbors.values();
    }

    /** Next hops that there was no room for. */
    long refused() {
        return refused;
    }

    /** Neighbours whose MAC became another. */
    long moves() {
        return moves;
    }

    /** A neighbour's own answer to a question of ours. */
    void answered(final Neighbor neighbor, final long mac, final long now) {
        if (neighbor.state == State.REACHABLE && neighbor.mac != mac) {
            claimed(neighbor, mac, now);
            return;
        }
        if (neighbor.state == State.PROBED && neighbor.mac != mac && neighbor.asked <= UNICAST_PROBES) {
            // Its old address has not had the time to answer yet.
            return;
        }
        moves += neighbor.mac != Neighbors.UNKNOWN && neighbor.mac != mac ? 1 : 0;
        final boolean news = neighbor.mac != mac || neighbor.state == State.FAILED;
        neighbor.mac = mac;
        neighbor.state = State.REACHABLE;
        neighbor.asked = 0;
        neighbor.failures = 0;
        neighbor.heard = now;
        // Not all at once: spread by the address, over half to the whole of the time.
        at(neighbor, now + REACHABLE / 2 + (neighbor.address.hashCode() & 0xff) * (REACHABLE / 512));
        if (news) {
            changed.add(neighbor);
        }
    }

    /** What a neighbour says without being asked: that it is there, perhaps elsewhere. It is asked, not believed. */
    void claimed(final Neighbor neighbor, final long mac, final long now) {
        if (neighbor.state == State.FAILED) {
            neighbor.state = State.RESOLVING;
            neighbor.asked = 0;
            at(neighbor, now);
        } else if (neighbor.state == State.REACHABLE && neighbor.mac != mac) {
            neighbor.state = State.PROBED;
            neighbor.asked = 0;
            at(neighbor, Math.max(now, neighbor.heard + SETTLED));
        }
    }

    /** Asks for everybody anew: the link has come back. */
    void again(final long now) {
        for (final Neighbor neighbor : neighbors.values()) {
            if (neighbor.state == State.FAILED) {
                neighbor.state = State.RESOLVING;
            } else if (neighbor.state == State.REACHABLE) {
                neighbor.state = State.PROBED;
            }
            neighbor.asked = 0;
            at(neighbor, now);
        }
    }

    /** Does what is due. */
    void run(final long now) {
        while (!due.isEmpty() && due.peek().at - now <= 0) {
            final Due next = due.poll();
            final Neighbor neighbor = next.neighbor;
            if (neighbor.due == next.at && neighbor.users > 0 && neighbors.get(neighbor.address) == neighbor) {
                step(neighbor, now);
            }
        }
    }

    /** Tells whose MAC, or whose being there, has changed since the last call. */
    void tell(final Consumer<Neighbor> listener) {
        while (!changed.isEmpty()) {
            listener.accept(changed.poll());
        }
    }

    private void step(final Neighbor neighbor, final long now) {
        switch (neighbor.state) {
            case REACHABLE -> {
                neighbor.state = State.PROBED;
                neighbor.asked = 0;
                ask(neighbor, now);
            }
            case RESOLVING, PROBED -> {
                if (neighbor.asked < TRIES + (neighbor.state == State.PROBED ? UNICAST_PROBES : 0)) {
                    ask(neighbor, now);
                } else {
                    fail(neighbor, now);
                }
            }
            case FAILED -> {
                neighbor.state = State.RESOLVING;
                neighbor.asked = 0;
                changed.add(neighbor);
                ask(neighbor, now);
            }
        }
    }

    private void ask(final Neighbor neighbor, final long now) {
        if (!asks.take(now)) {
            at(neighbor, now + ASK_LATER);
            return;
        }
        final boolean unicast = neighbor.state == State.PROBED && neighbor.asked < UNICAST_PROBES;
        asker.ask(neighbor.address, unicast ? neighbor.mac : 0);
        neighbor.asked++;
        at(neighbor, now + (unicast ? PROBE_WAIT : FIRST_WAIT << Math.min(3, neighbor.asked - 1)));
    }

    private void fail(final Neighbor neighbor, final long now) {
        neighbor.state = State.FAILED;
        neighbor.mac = Neighbors.UNKNOWN;
        final long wait = Math.min(FAILED_MOST, FAILED_FIRST << Math.min(8, neighbor.failures));
        neighbor.failures++;
        neighbor.asked = 0;
        at(neighbor, now + wait);
        changed.add(neighbor);
    }

    private void at(final Neighbor neighbor, final long when) {
        neighbor.due = when;
        due.add(new Due(when, neighbor));
    }

    private record Due(long at, Neighbor neighbor) {}
}
