package io.weft.dataplane.underlay;

import io.weft.dataplane.Burst;
import io.weft.dataplane.Tunnel;
import io.weft.dataplane.TxQueue;
import io.weft.dataplane.sys.Region;
import io.weft.encap.Mem;

/**
 * Frames for tunnels whose next hop is being resolved (RFC 1122, section 2.3.2.2): a few of each tunnel, and not many in
 * all. Nobody waits long: who resolves says yes or no within seconds.
 *
 * <p>Owned by the worker.
 */
final class WaitingFrames implements AutoCloseable {
    static final int PER_TUNNEL = 4;
    static final int FRAMES = 64;

    private final int slot;
    private final Region region;
    private final Tunnel[] tunnels = new Tunnel[FRAMES];
    private final int[] length = new int[FRAMES];
    private final int[] hash = new int[FRAMES];
    private final int[] ecn = new int[FRAMES];
    private int count;

    WaitingFrames(final int mtu) {
        // An inner frame is shorter than the outer packet that it has to fit.
        slot = Burst.HEADROOM + ((Math.min(mtu, Burst.MAX_FRAME) + 63) & -64) + 64;
        region = new Region((long) slot * FRAMES);
    }

    /** Copies entry {@code e}; false when its tunnel has enough waiting, or all have. */
    boolean hold(final Burst burst, final TxQueue tx, final int e, final Tunnel tunnel) {
        final int frame = tx.frame[e];
        final int prefix = tx.prefixLength[e];
        final int skip = tx.skip[e];
        final int bytes = prefix + burst.length[frame] - skip;
        final int s = bytes > slot - Burst.HEADROOM ? -1 : freeSlot(tunnel);
        if (s < 0) {
            return false;
        }
        long to = address(s);
        if (prefix != 0) {
            Mem.copy(tx.prefix[e], to, prefix);
        }
        to += prefix;
        Mem.copy(burst.head[frame] + skip, to, burst.headLength[frame] - skip);
        to += burst.headLength[frame] - skip;
        final int first = burst.firstSegment[frame];
        for (int k = first; k < first + burst.segmentCount[frame]; k++) {
            Mem.copy(burst.segmentAddress[k], to, burst.segmentLength[k]);
            to += burst.segmentLength[k];
        }
        tunnels[s] = tunnel;
        length[s] = bytes;
        hash[s] = burst.hash[frame];
        ecn[s] = burst.ecn[frame];
        count++;
        return true;
    }

    private int freeSlot(final Tunnel tunnel) {
        int free = -1;
        int of = 0;
        for (int s = 0; s < FRAMES; s++) {
            if (tunnels[s] == null) {
                free = s;
            } else if (tunnels[s] == tunnel && ++of == PER_TUNNEL) {
                return -1;
            }
        }
        return free;
    }

    private long address(final int s) {
        return region.address() + (long) s * slot + Burst.HEADROOM;
    }

    /**
     * Gives frames whose tunnel no longer waits into the burst; they are good until the next {@link #hold}.
     *
     * @param of by frame of the burst: its tunnel, which may be forgotten by now
     */
    int take(final Burst burst, final Tunnel[] of, final Object pending) {
        for (int s = FRAMES - 1; s >= 0 && count > 0 && burst.size < Burst.CAPACITY; s--) {
            final Tunnel tunnel = tunnels[s];
            if (tunnel == null || pending.equals(tunnel.prepared)) {
                continue;
            }
            final int i = burst.size;
            burst.add(address(s), length[s]);
            burst.hash[i] = hash[s];
            burst.ecn[i] = ecn[s];
            of[i] = tunnel;
            tunnels[s] = null;
            count--;
        }
        return burst.size;
    }

    @Override
    public void close() {
        region.close();
    }
}
