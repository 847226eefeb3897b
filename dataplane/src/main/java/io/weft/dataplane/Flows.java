package io.weft.dataplane;

import io.weft.encap.FlowHash;
import io.weft.encap.FrameParser;
import io.weft.encap.ParsedFrame;

/**
 * Finds a frame's flow, its hash and its ECN field, when somebody needs it and once: a tunnel for entropy, a port of
 * several queue pairs, a hand-off. Between two ports of one queue nobody does, and a fifth of the time a frame costs there
 * would go into headers that are not looked at.
 *
 * <p>Owned by the worker.
 */
final class Flows {
    /** In {@link Burst#ecn}: neither it nor the hash was asked for. */
    static final int NOT_ASKED = -2;

    private final ParsedFrame parsed = new ParsedFrame();
    private final long seed;

    /** @param seed of every hash of the switch */
    Flows(final long seed) {
        this.seed = seed;
    }

    /** Fills in {@link Burst#hash} and {@link Burst#ecn} unless they are there. */
    void find(final Burst burst, final int i) {
        if (burst.ecn[i] != NOT_ASKED) {
            return;
        }
        final long plain = FlowHash.ofPlain(burst.head[i], burst.headLength[i], burst.length[i], seed);
        if (plain != FlowHash.NOT_PLAIN) {
            burst.ecn[i] = (int) (plain >>> 32);
            burst.hash[i] = (int) plain;
        } else {
            FrameParser.parse(burst.head[i], burst.headLength[i], burst.length[i], parsed);
            burst.ecn[i] = parsed.ecn;
            burst.hash[i] = FlowHash.symmetric(burst.head[i], parsed, seed);
        }
    }
}
