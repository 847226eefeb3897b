package io.weft.dataplane.port;

import io.weft.dataplane.Burst;

/**
 * On which queue pair a guest last sent each flow, so that the flow's frames return there (virtio 1.2, section 5.1.6.5.6,
 * automatic receive steering). Keyed by the symmetric hash, which both directions of a flow share; flows that collide
 * share a pair.
 *
 * <p>Written and read by several workers without order: a frame that takes the pair of a moment ago is in no wrong place.
 */
final class Steering {
    private static final int FLOWS = 1 << 12;
    private static final byte UNKNOWN = -1;

    private final byte[] pairs = new byte[FLOWS];

    Steering() {
        java.util.Arrays.fill(pairs, UNKNOWN);
    }

    /** The guest sent these frames on a pair. */
    void sent(final Burst burst, final int pair) {
        for (int i = 0; i < burst.size; i++) {
            if (burst.refused[i] == 0) {
                pairs[burst.hash[i] & FLOWS - 1] = (byte) pair;
            }
        }
    }

    /** The pair for a frame of a flow, where {@code active} pairs are in use. */
    int pairOf(final int hash, final int active) {
        final int pair = pairs[hash & FLOWS - 1];
        return pair >= 0 && pair < active ? pair : Integer.remainderUnsigned(hash, active);
    }
}
