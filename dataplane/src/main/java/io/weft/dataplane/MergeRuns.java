package io.weft.dataplane;

/**
 * The runs of frames that {@link Merger} found in a queue and {@link MergedFrames} makes one frame each of. Everything is
 * by entry of the queue: of a run that begins with it, but for {@link #next} and {@link #follows}.
 *
 * <p>Owned by the worker.
 */
final class MergeRuns {
    /** In {@link #next}: the last. */
    static final int END = -1;

    /** Frames; 1: the entry goes alone. */
    final int[] count = new int[TxQueue.CAPACITY];

    final int[] last = new int[TxQueue.CAPACITY];
    final int[] next = new int[TxQueue.CAPACITY];
    /** Whether the entry is in a run that another began. */
    final boolean[] follows = new boolean[TxQueue.CAPACITY];
    /** Bytes of payload, of all together and of the first. */
    final int[] payload = new int[TxQueue.CAPACITY];

    final int[] size = new int[TxQueue.CAPACITY];
    /** The most pieces that the bodies make. */
    final int[] pieces = new int[TxQueue.CAPACITY];

    // Offsets from the head, the same in all frames of the run.
    final int[] l3 = new int[TxQueue.CAPACITY];
    final int[] l4 = new int[TxQueue.CAPACITY];
    final int[] headers = new int[TxQueue.CAPACITY];
    final boolean[] tcp = new boolean[TxQueue.CAPACITY];
    final boolean[] v4 = new boolean[TxQueue.CAPACITY];

    /** Makes the entry one that goes alone. */
    void alone(final int e) {
        count[e] = 1;
        follows[e] = false;
    }

    /** Makes the entry the first of a run, of which nothing more is there yet. */
    void begin(final int e, final MergeCandidate frame, final int pieceCount) {
        last[e] = e;
        next[e] = END;
        payload[e] = frame.payload;
        size[e] = frame.payload;
        pieces[e] = pieceCount;
        l3[e] = frame.l3;
        l4[e] = frame.l4;
        headers[e] = frame.headers;
        tcp[e] = frame.tcp;
        v4[e] = frame.v4;
    }

    void append(final int first, final int e, final MergeCandidate frame, final int pieceCount) {
        next[last[first]] = e;
        next[e] = END;
        last[first] = e;
        follows[e] = true;
        count[first]++;
        payload[first] += frame.payload;
        pieces[first] += pieceCount;
    }

    /** Whether the frame is laid out as those of the run, and no larger, and there is room for it. */
    boolean fits(final int first, final MergeCandidate frame, final int maxLength) {
        return headers[first] == frame.headers
                && l4[first] == frame.l4
                && l3[first] == frame.l3
                && v4[first] == frame.v4
                && tcp[first] == frame.tcp
                && frame.payload <= size[first]
                && headers[first] + payload[first] + frame.payload <= maxLength;
    }
}
