package io.weft.dataplane;

import io.weft.dataplane.port.PortSender;
import io.weft.encap.Mem;
import java.util.Arrays;

/**
 * Puts segments of a flow together for an egress that takes large frames (GRO): into what {@link Segmenter}, Linux or a
 * guest would cut back into exactly the frames that came. Everything else goes as it is. The frames of a flow keep their
 * order, and a merged frame stands where its first stood.
 *
 * <p>A frame joins the one before it when the headers differ by nothing but what counting up gives, its size is that of
 * the first or, as the last, less, and all checksums are right. The sums come last: what does not fit is not read.
 *
 * <p>Owned by the worker.
 */
final class Merger {
    private static final int OFFLOADS = PortSender.TSO4 | PortSender.TSO6 | PortSender.USO;
    private static final int NONE = -1;
    /** A device takes less than 64 KiB in one frame, its Ethernet header included. */
    private static final int MAX_LENGTH = 65_535;
    /** Pieces of one frame, so that a {@code writev} takes it. */
    private static final int MAX_PIECES = 512;

    private final MergeCandidate frame = new MergeCandidate();
    private final MergeRuns runs = new MergeRuns();
    private final MergedFrames merged = new MergedFrames();
    /** By {@link MergeCandidate#place}: the entry that a run began with and that may go on, or {@link #NONE}. */
    private final int[] open = new int[MergeCandidate.PLACES];

    private int found;

    /** Whether there is anything to be merged for an egress with these offloads. */
    static boolean isFor(final int offloads) {
        return (offloads & OFFLOADS) != 0 && (offloads & PortSender.CSUM) != 0;
    }

    /**
     * Looks for runs in a queue.
     *
     * @return what is to be sent instead: {@code tx} itself where there is none, else entries that refer to frames of
     *     {@code burst} and to merged ones behind them, valid until the next call
     */
    TxQueue merge(final Burst burst, final TxQueue tx, final int offloads) {
        if (tx.size < 2) {
            return tx;
        }
        found = 0;
        Arrays.fill(open, NONE);
        for (int e = 0; e < tx.size; e++) {
            runs.alone(e);
            place(burst, tx, e, offloads);
        }
        return found == 0 ? tx : merged.make(burst, tx, runs);
    }

    private void place(final Burst burst, final TxQueue tx, final int e, final int offloads) {
        final int i = tx.frame[e];
        final int look = frame.look(burst, i, offloads);
        if (look == MergeCandidate.OTHER) {
            return;
        }
        if (look == MergeCandidate.UNKNOWN) {
            // Nothing that came after it may come to stand before it.
            Arrays.fill(open, NONE);
            return;
        }
        final int at = frame.place;
        final int first = open[at];
        if (look != MergeCandidate.MERGEABLE) {
            open[at] = NONE;
        } else if (first == NONE || !join(burst, tx, first, e)) {
            open[at] = NONE;
            if (frame.canBegin()) {
                runs.begin(e, frame, pieces(burst, i));
                open[at] = e;
            }
        } else if (frame.ends || frame.payload < runs.size[first]) {
            open[at] = NONE;
        }
    }

    /** Adds the frame looked at to a run, where it is the next of it. */
    private boolean join(final Burst burst, final TxQueue tx, final int first, final int e) {
        final int i = tx.frame[e];
        final int begin = tx.frame[first];
        final int count = runs.count[first];
        final int pieces = pieces(burst, i);
        if (!runs.fits(first, frame, MAX_LENGTH)
                || runs.pieces[first] + pieces > MAX_PIECES
                || !frame.follows(burst.head[begin], burst.head[i], count, runs.payload[first])
                || !isSentAlike(tx, first, e)) {
            return false;
        }
        if (count == 1) {
            if (found == Burst.MERGED || !frame.isVerified(burst, begin)) {
                return false;
            }
        }
        if (!frame.isVerified(burst, i)) {
            return false;
        }
        if (count == 1) {
            found++;
        }
        runs.append(first, e, frame, pieces);
        return true;
    }

    /** The tag that a trunk pushes must be the same, too. */
    private static boolean isSentAlike(final TxQueue tx, final int a, final int b) {
        final int bytes = tx.prefixLength[a];
        if (tx.prefixLength[b] != bytes || tx.skip[b] != tx.skip[a]) {
            return false;
        }
        for (int at = 0; at < bytes; at++) {
            if (Mem.getByte(tx.prefix[a] + at) != Mem.getByte(tx.prefix[b] + at)) {
                return false;
            }
        }
        return true;
    }

    /** The body's, and what of the head is payload. */
    private static int pieces(final Burst burst, final int i) {
        return burst.segmentCount[i] + 1;
    }
}
