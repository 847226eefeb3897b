package io.weft.dataplane.underlay;

import io.weft.encap.IpAddress;

/** A next hop that is resolved. Owned by the conductor. */
final class Neighbor {
    /** What is known of it. */
    enum State {
        /** Asked for, for the first time or again; frames wait. */
        RESOLVING,
        REACHABLE,
        /** Known, and asked itself whether it is still there. */
        PROBED,
        /** It did not answer; frames are dropped for a while. */
        FAILED
    }

    final IpAddress address;
    State state = State.RESOLVING;
    long mac = Neighbors.UNKNOWN;
    /** Endpoints behind it that are wanted. */
    int users;
    /** Requests sent since the state began. */
    int asked;
    /** Times in a row that it did not answer. */
    int failures;
    /** When something is to be done next. */
    long due;
    /** When it was last heard, in the clock's nanoseconds. */
    long heard;

    Neighbor(final IpAddress address) {
        this.address = address;
    }
}
