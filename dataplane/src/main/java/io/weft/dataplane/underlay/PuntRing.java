package io.weft.dataplane.underlay;

import io.weft.dataplane.Burst;
import io.weft.dataplane.DropReason;
import io.weft.dataplane.port.FrameRing;
import io.weft.dataplane.port.RingRx;
import io.weft.encap.Mem;
import io.weft.encap.ParsedFrame;
import java.util.function.LongSupplier;

/**
 * What a worker finds on the wire that is for the switch itself, on its way to the conductor: ARP, neighbour discovery,
 * ICMP. Bounded, and each neighbour has a share of it, so that one that floods us keeps no other from being heard.
 *
 * <p>Owned by the worker; {@link #ring} is drained by the conductor.
 */
final class PuntRing implements AutoCloseable {
    private static final int BYTES = 1 << 18;
    private static final int FRAMES = 256;
    /** More of a packet is of no use: an echo of more is not answered. */
    static final int MAX_FRAME = 9_216 + 64;

    private static final int SHARES = 256;
    private static final int PER_SECOND = 200;
    private static final int RESERVE = 64;
    private static final long MIX = 0x9e37_79b9_7f4a_7c15L;

    private final FrameRing frames = new FrameRing(BYTES, FRAMES);
    private final RingRx ring = new RingRx(frames, true);
    private final TokenBucket[] shares = new TokenBucket[SHARES];
    private final LongSupplier clock;

    PuntRing(final LongSupplier clock) {
        this.clock = clock;
        for (int i = 0; i < SHARES; i++) {
            shares[i] = new TokenBucket(PER_SECOND, RESERVE);
        }
    }

    /** Copies the frame for the conductor; says what became of it. */
    DropReason take(final Burst burst, final int i, final ParsedFrame frame) {
        final int share = (int) ((frame.source * MIX) >>> 56);
        if (!shares[share].take(clock.getAsLong())) {
            return DropReason.SLOW_PATH_LIMIT;
        }
        final int length = burst.length[i];
        final long to = length > MAX_FRAME ? 0 : frames.claim(length);
        if (to == 0) {
            return DropReason.SLOW_PATH_FULL;
        }
        int at = burst.headLength[i];
        Mem.copy(burst.head[i], to, at);
        final int first = burst.firstSegment[i];
        for (int s = first; s < first + burst.segmentCount[i]; s++) {
            Mem.copy(burst.segmentAddress[s], to + at, burst.segmentLength[s]);
            at += burst.segmentLength[s];
        }
        frames.commit();
        ring.publish();
        return DropReason.TAKEN;
    }

    /** The conductor's end; also what it sleeps on. */
    FrameRing ring() {
        return frames;
    }

    RingRx wake() {
        return ring;
    }

    @Override
    public void close() {
        ring.close();
        frames.close();
    }
}
