package io.weft.dataplane;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.dataplane.port.MemoryPort;
import io.weft.encap.Mem;
import io.weft.encap.Vlan;
import java.util.ArrayList;
import java.util.List;

/** A {@link Merger} with frames put before it by hand, and what it makes of them cut again by the {@link Segmenter}. */
final class MergeBench {
    private final MemoryPort port = new MemoryPort();
    private final Burst burst = new Burst();
    private final TxQueue tx = new TxQueue();
    private final Merger merger = new Merger();
    private final Segmenter segmenter = new Segmenter();
    private TxQueue out;

    /** One frame as it would leave. */
    @SuppressWarnings("ArrayRecordComponent") // compared nowhere
    record Sent(byte[] bytes, int vnetFlags, int gsoType, int gsoSize, int csumStart, int csumOffset) {}

    /** Receives frames, each with a head of {@code splitAt} bytes and the rest as a body; 0: heads alone. */
    MergeBench receive(final List<byte[]> frames, final int splitAt) {
        burst.clear();
        tx.clear();
        port.splitAt(splitAt);
        frames.forEach(frame -> assertTrue(port.inject(frame)));
        assertEquals(frames.size(), port.queue(0).rxBurst(burst));
        port.queue(0).rxRelease();
        for (int i = 0; i < burst.size; i++) {
            tx.add(i, -1, false);
        }
        return this;
    }

    /** Makes a received frame one whose checksum is still to be filled in. */
    void partial(final int i, final int start, final int offset) {
        burst.vnetFlags[i] = Burst.NEEDS_CSUM;
        burst.csumStart[i] = start;
        burst.csumOffset[i] = offset;
    }

    /** Pushes a tag on a frame, as a trunk does. */
    void push(final int entry, final int tci) {
        final long to = tx.scratch(entry);
        Mem.copy(burst.head[tx.frame[entry]], to, 12);
        Mem.putShort(to + 12, Vlan.TPID_CUSTOMER);
        Mem.putShort(to + 14, tci);
        tx.prefix[entry] = to;
        tx.prefixLength[entry] = 16;
        tx.skip[entry] = 12;
    }

    Burst burst() {
        return burst;
    }

    /** Merges; returns how many frames leave. */
    int merge(final int offloads) {
        out = merger.merge(burst, tx, offloads);
        return out.size;
    }

    /** What leaves. */
    List<Sent> sent() {
        final List<Sent> frames = new ArrayList<>();
        for (int e = 0; e < out.size; e++) {
            final int i = out.frame[e];
            final int shift = out.prefixLength[e] - out.skip[e];
            final byte[] prefix = Mem.bytes(out.prefix[e], out.prefixLength[e]);
            final byte[] rest = TestFrames.slice(bytes(burst, i), out.skip[e]);
            frames.add(new Sent(
                    TestFrames.concat(prefix, rest),
                    burst.vnetFlags[i],
                    burst.gsoType[i],
                    burst.gsoSize[i],
                    burst.csumStart[i] + shift,
                    burst.csumOffset[i]));
        }
        return frames;
    }

    /** What somebody without large frames makes of what leaves. */
    List<byte[]> cut() {
        final List<byte[]> frames = new ArrayList<>();
        sent().forEach(sent -> frames.addAll(cut(sent)));
        return frames;
    }

    private List<byte[]> cut(final Sent sent) {
        if (sent.vnetFlags == 0 && sent.gsoType == Burst.GSO_NONE) {
            return List.of(sent.bytes);
        }
        final Burst in = new Burst();
        final long copy = Mem.allocate(sent.bytes.length, 64);
        Mem.copy(sent.bytes, 0, copy, sent.bytes.length);
        in.add(copy, sent.bytes.length);
        in.vnetFlags[0] = sent.vnetFlags;
        in.gsoType[0] = sent.gsoType;
        in.gsoSize[0] = sent.gsoSize;
        in.csumStart[0] = sent.csumStart;
        in.csumOffset[0] = sent.csumOffset;
        if (sent.gsoType == Burst.GSO_NONE) {
            assertTrue(Offload.complete(in, 0));
            return List.of(bytes(in, 0));
        }
        final List<byte[]> frames = new ArrayList<>();
        final Burst pieces = new Burst();
        assertEquals(DropReason.NONE, segmenter.begin(in, 0));
        assertTrue(segmenter.count() > 1, "one frame is not said to be several");
        while (segmenter.fill(pieces)) {
            for (int i = 0; i < pieces.size; i++) {
                frames.add(bytes(pieces, i));
            }
            pieces.clear();
        }
        return frames;
    }

    private static byte[] bytes(final Burst burst, final int i) {
        final byte[] frame = new byte[burst.length[i]];
        Mem.copy(burst.head[i], frame, 0, burst.headLength[i]);
        int at = burst.headLength[i];
        for (int s = burst.firstSegment[i]; s < burst.firstSegment[i] + burst.segmentCount[i]; s++) {
            Mem.copy(burst.segmentAddress[s], frame, at, burst.segmentLength[s]);
            at += burst.segmentLength[s];
        }
        assertEquals(frame.length, at);
        return frame;
    }
}
