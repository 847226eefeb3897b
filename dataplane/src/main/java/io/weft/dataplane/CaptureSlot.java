package io.weft.dataplane;

import io.weft.dataplane.capture.CaptureRing;
import io.weft.encap.Mem;

/**
 * One capture as one worker has it: which port, what of it, and the ring to the reader.
 *
 * <p>Made by the conductor. Owned by the worker.
 */
final class CaptureSlot {
    /** The port's id, or {@link DropTable#UNDERLAY}. */
    final int port;

    final CaptureRing ring;
    private final boolean in;
    private final boolean out;
    private final boolean drops;
    private final int snaplen;
    /** Records of the burst that came last, by frame; 0: lost. Whether they are wanted shows at its end. */
    private final long[] pending = new long[Burst.MOST];

    private int pendingCount;
    private boolean touched;
    /** Whether the burst left records of what was sent, so that the ring cannot take it all back. */
    private boolean sentSome;

    /** @param directions bits {@link CaptureRing#IN}, {@link CaptureRing#OUT}, {@link CaptureRing#DROP} */
    CaptureSlot(final int port, final int directions, final int snaplen, final CaptureRing ring) {
        this.port = port;
        this.ring = ring;
        this.snaplen = snaplen;
        in = (directions & CaptureRing.IN) != 0;
        out = (directions & CaptureRing.OUT) != 0;
        drops = (directions & CaptureRing.DROP) != 0;
    }

    /** Copies a burst that the port received, before anything is done to it. */
    void received(final Burst burst, final long nanos) {
        if (!in && !drops) {
            return;
        }
        for (int i = 0; i < burst.size; i++) {
            pending[i] = port == DropTable.UNDERLAY ? fromUnderlay(burst, i, nanos) : frame(burst, i, nanos);
        }
        pendingCount = burst.size;
        touched = true;
    }

    private long frame(final Burst burst, final int i, final long nanos) {
        final int length = burst.length[i];
        final long record = record(CaptureRing.IN, length, nanos);
        if (record != 0) {
            gather(burst, i, 0, 0, 0, record);
            words(burst, i, 0, record);
        }
        return record;
    }

    private long fromUnderlay(final Burst burst, final int i, final long nanos) {
        // Where the switch owns the wire the outer headers still lie before the head.
        final int outer = Math.max(burst.outer[i], 0);
        final long record = record(CaptureRing.IN, outer + burst.length[i], nanos);
        if (record == 0) {
            return 0;
        }
        gather(burst, i, burst.head[i] - outer, outer, 0, record);
        if (burst.outer[i] < 0) {
            Mem.putIntNative(record + CaptureRing.SHAPE, CaptureRing.TUNNEL_HEADER);
            tunnel(
                    record,
                    burst.encapsulation[i],
                    burst.tunnelPort[i],
                    0,
                    burst.sourceFamily[i],
                    burst.sourceHi[i],
                    burst.sourceLo[i]);
            Mem.putIntNative(record + CaptureRing.ECN, burst.outerEcn[i]);
        }
        return record;
    }

    /** The burst has gone through the pipeline: says of each frame which network's it was and whether it was dropped. */
    void settle(final Burst burst) {
        boolean kept = false;
        for (int i = 0; i < pendingCount; i++) {
            final int egress = burst.egress[i];
            // What the switch took itself was not dropped.
            final boolean dropped = burst.ingress[i] == Pipeline.GONE && egress != Egress.drop(DropReason.TAKEN);
            final int reason = dropped ? Egress.id(egress) : 0;
            final boolean wanted = in || reason != 0;
            final long record = pending[i];
            if (record == 0) {
                if (wanted) {
                    ring.lose();
                }
            } else if (wanted) {
                Mem.putIntNative(record + CaptureRing.NETWORK, burst.network[i]);
                Mem.putIntNative(record + CaptureRing.REASON, reason);
                kept = true;
            } else {
                Mem.putIntNative(record + CaptureRing.DIRECTION, CaptureRing.SKIP);
            }
        }
        pendingCount = 0;
        if (!kept && !sentSome) {
            ring.takeBack();
        }
    }

    /** Copies what went through the port, or could not; what another worker is to send is copied when it does. */
    void sent(final Burst burst, final TxQueue tx, final Tunnel[] tunnels, final long nanos) {
        for (int k = 0; k < tx.size; k++) {
            final int reason = tx.refused[k];
            if (reason >= 0 && (reason == 0 ? out : drops)) {
                entry(burst, tx, k, reason, tunnels, nanos);
            }
        }
    }

    private void entry(
            final Burst burst,
            final TxQueue tx,
            final int k,
            final int reason,
            final Tunnel[] tunnels,
            final long nanos) {
        final int i = tx.frame[k];
        final int prefix = tx.prefixLength[k];
        final int skip = tx.skip[k];
        final long record = outgoing(burst, i, prefix + burst.length[i] - skip, reason, nanos);
        if (record == 0) {
            return;
        }
        gather(burst, i, tx.prefix[k], prefix, skip, record);
        words(burst, i, prefix - skip, record);
        if (port == DropTable.UNDERLAY && prefix == 0 && tx.tunnel[k] >= 0) {
            inner(burst, i, tunnels[tx.tunnel[k]], record);
        }
    }

    /** Copies a frame that was to be sent through the port and was not, before it came to a queue. */
    void refused(final Burst burst, final int i, final int reason, final Tunnel tunnel, final long nanos) {
        if (!drops) {
            return;
        }
        final long record = outgoing(burst, i, burst.length[i], reason, nanos);
        if (record != 0) {
            gather(burst, i, 0, 0, 0, record);
            words(burst, i, 0, record);
            if (port == DropTable.UNDERLAY) {
                inner(burst, i, tunnel, record);
            }
        }
    }

    private long outgoing(final Burst burst, final int i, final int length, final int reason, final long nanos) {
        final long record = record(CaptureRing.OUT, length, nanos);
        if (record != 0) {
            Mem.putIntNative(record + CaptureRing.NETWORK, burst.network[i]);
            Mem.putIntNative(record + CaptureRing.REASON, reason);
            sentSome = true;
        } else {
            ring.lose();
        }
        touched = true;
        return record;
    }

    private static void inner(final Burst burst, final int i, final Tunnel tunnel, final long record) {
        if (tunnel == null) {
            return;
        }
        Mem.putIntNative(record + CaptureRing.SHAPE, CaptureRing.INNER);
        tunnel(
                record,
                tunnel.network.spec().encap().ordinal(),
                tunnel.network.spec().port(),
                tunnel.network.spec().vni(),
                tunnel.endpoint.family(),
                tunnel.endpoint.hi(),
                tunnel.endpoint.lo());
        Mem.putIntNative(record + CaptureRing.ECN, burst.ecn[i]);
        Mem.putIntNative(record + CaptureRing.HASH, burst.hash[i]);
    }

    private static void tunnel(
            final long record,
            final int encapsulation,
            final int udpPort,
            final int vni,
            final int family,
            final long hi,
            final long lo) {
        Mem.putIntNative(record + CaptureRing.ENCAPSULATION, encapsulation);
        Mem.putIntNative(record + CaptureRing.UDP_PORT, udpPort);
        Mem.putIntNative(record + CaptureRing.VNI, vni);
        Mem.putIntNative(record + CaptureRing.FAMILY, family);
        Mem.putLongNative(record + CaptureRing.HIGH, hi);
        Mem.putLongNative(record + CaptureRing.LOW, lo);
    }

    private long record(final int direction, final int length, final long nanos) {
        final int captured = Math.min(length, snaplen);
        final long record = ring.claim(captured);
        if (record != 0) {
            Mem.fill(record + CaptureRing.NETWORK, CaptureRing.BYTES - CaptureRing.NETWORK, 0);
            Mem.putIntNative(record + CaptureRing.DIRECTION, direction);
            Mem.putLongNative(record + CaptureRing.NANOS, nanos);
            Mem.putIntNative(record + CaptureRing.CAPTURED, captured);
            Mem.putIntNative(record + CaptureRing.LENGTH, length);
            Mem.putIntNative(record + CaptureRing.NETWORK, DropTable.NONE);
        }
        return record;
    }

    /** Offload words; none are written for a frame that has none. */
    private static void words(final Burst burst, final int i, final int moved, final long record) {
        if ((burst.vnetFlags[i] | burst.gsoType[i]) != 0) {
            Mem.putIntNative(record + CaptureRing.VNET_FLAGS, burst.vnetFlags[i]);
            Mem.putIntNative(record + CaptureRing.GSO_TYPE, burst.gsoType[i]);
            Mem.putIntNative(record + CaptureRing.GSO_SIZE, burst.gsoSize[i]);
            Mem.putIntNative(record + CaptureRing.CSUM_START, burst.csumStart[i] + moved);
            Mem.putIntNative(record + CaptureRing.CSUM_OFFSET, burst.csumOffset[i]);
        }
    }

    /** Copies prefix, head without what is skipped, and body, as far as the record has room. */
    private static void gather(
            final Burst burst,
            final int i,
            final long prefix,
            final int prefixLength,
            final int skip,
            final long record) {
        final long to = record + CaptureRing.BYTES;
        final int room = Mem.getIntNative(record + CaptureRing.CAPTURED);
        int at = Math.min(prefixLength, room);
        if (at != 0) {
            Mem.copy(prefix, to, at);
        }
        final int headBytes = Math.clamp(burst.headLength[i] - (long) skip, 0, room - at);
        if (headBytes != 0) {
            Mem.copy(burst.head[i] + skip, to + at, headBytes);
            at += headBytes;
        }
        final int first = burst.firstSegment[i];
        for (int s = first; s < first + burst.segmentCount[i] && at < room; s++) {
            final int bytes = Math.min(burst.segmentLength[s], room - at);
            Mem.copy(burst.segmentAddress[s], to + at, bytes);
            at += bytes;
        }
        // Should a frame be shorter than it says, the rest is not a frame of before.
        if (at < room) {
            Mem.fill(to + at, room - at, 0);
        }
    }

    /** Lets the reader see what the burst brought. */
    void publish() {
        if (touched) {
            pendingCount = 0;
            sentSome = false;
            touched = false;
            ring.publish();
        }
    }
}
