package io.weft.dataplane;

import io.weft.dataplane.port.PortSender;
import io.weft.encap.Mem;
import io.weft.encap.Vlan;

/**
 * Gathers what a burst sends, egress by egress, and sends it. Does in software what an egress does not take: checksums in
 * place, segments into a burst of headers of their own. Counts what was sent and what an egress refused.
 *
 * <p>Owned by the worker.
 */
final class Transmitter {
    /** Addresses that stand before a pushed tag. */
    private static final int MACS = 12;

    private static final int TAGGED = MACS + Vlan.TAG_LENGTH;
    /**
     * Segments that one burst may be cut into before further frames are refused: 32 frames of 64 KiB with an MSS of 536
     * need 3,936. Without it a guest could ask for 8,192 a frame, and everybody else would wait.
     */
    private static final int SEGMENTS_A_BURST = 4096;

    private static final int TOO_BIG = DropReason.TOO_BIG_FOR_TUNNEL.ordinal();

    private final ForwardingTables tables;
    private final WorkerCounters counters;
    private final TrafficCounters underlayTraffic;
    private final Flows flows;
    private final Segments segments = new Segments();
    private final TooBig tooBig;
    private final Merger merger = new Merger();
    private final TxQueue toUnderlay = new TxQueue();
    /** Captures that look in here; null: none. */
    CaptureTap tap;

    /**
     * Where the last plain frame went, of which network and into which queue, all checked: the next of the same takes it
     * from here. Good until something is flushed.
     */
    private int lastPort = DropTable.NONE;

    private int lastNetwork;
    private TxQueue last;
    private int lastTunnel = DropTable.NONE;
    private int lastTunnelNetwork;
    private int[] touched = new int[64];
    private int touchedCount;
    private int segmentsLeft = SEGMENTS_A_BURST;

    Transmitter(
            final ForwardingTables tables,
            final WorkerCounters counters,
            final TrafficCounters underlayTraffic,
            final Flows flows,
            final TooBig tooBig) {
        this.tables = tables;
        this.tooBig = tooBig;
        this.counters = counters;
        this.underlayTraffic = underlayTraffic;
        this.flows = flows;
    }

    /** Sends the frame through a port; {@code shared} when it goes elsewhere too. */
    void toPort(final Burst burst, final int i, final int port, final boolean shared) {
        burst.sends[i]++;
        if (port == lastPort
                && burst.network[i] == lastNetwork
                && (burst.vnetFlags[i] | burst.gsoType[i]) == 0
                && !last.isFull()) {
            last.add(i, -1, shared);
            return;
        }
        toAnyPort(burst, i, port, shared);
    }

    private void toAnyPort(final Burst burst, final int i, final int port, final boolean shared) {
        if (!tables.isInNetwork(port, burst.network[i])) {
            refuse(burst, i, DropReason.PORT_NOT_IN_NETWORK, port, null);
            return;
        }
        if (tables.queues[port].needsHash()) {
            flows.find(burst, i);
        }
        if ((burst.vnetFlags[i] & Burst.NEEDS_CSUM) == 0 && burst.gsoType[i] == Burst.GSO_NONE) {
            append(burst, i, port, shared);
            return;
        }
        final int offloads = tables.queues[port].offloads();
        if (!Segments.takes(offloads, burst.gsoType[i])) {
            flushPort(burst, port);
            segmentToPort(burst, i, port);
        } else if (checksummed(burst, i, offloads)) {
            append(burst, i, port, shared);
        } else {
            refuse(burst, i, DropReason.BAD_OFFLOAD, port, null);
        }
    }

    /** Sends the frame into a tunnel; {@code shared} when it goes elsewhere too. */
    void toTunnel(final Burst burst, final int i, final int tunnel, final boolean shared) {
        burst.sends[i]++;
        flows.find(burst, i);
        if (tunnel == lastTunnel
                && burst.network[i] == lastTunnelNetwork
                && (burst.vnetFlags[i] | burst.gsoType[i]) == 0
                && !toUnderlay.isFull()) {
            toUnderlay.add(i, tunnel, shared);
            return;
        }
        toAnyTunnel(burst, i, tunnel, shared);
    }

    private void toAnyTunnel(final Burst burst, final int i, final int tunnel, final boolean shared) {
        if (!tables.isOfNetwork(tunnel, burst.network[i])) {
            refuse(burst, i, DropReason.PORT_NOT_IN_NETWORK, DropTable.UNDERLAY, null);
            return;
        }
        if ((burst.vnetFlags[i] & Burst.NEEDS_CSUM) == 0 && burst.gsoType[i] == Burst.GSO_NONE) {
            appendTunnel(burst, i, tunnel, shared);
            return;
        }
        final int offloads = tables.underlay.offloads();
        if (!Segments.takes(offloads, burst.gsoType[i])) {
            flushUnderlay(burst);
            segmentToTunnel(burst, i, tunnel);
        } else if (checksummed(burst, i, offloads)) {
            appendTunnel(burst, i, tunnel, shared);
        } else {
            refuse(burst, i, DropReason.BAD_OFFLOAD, DropTable.UNDERLAY, tables.tunnels[tunnel]);
        }
    }

    /** Sends all that was gathered of the burst. */
    void flush(final Burst burst) {
        forgetLast();
        flushPorts(burst);
        flushUnderlay(burst);
        segmentsLeft = SEGMENTS_A_BURST;
        if (tooBig.answers().size != 0) {
            sendAnswers();
        }
    }

    private void flushPorts(final Burst burst) {
        for (int k = 0; k < touchedCount; k++) {
            flushPort(burst, touched[k]);
        }
        touchedCount = 0;
    }

    /** Tells senders what fits; the burst that they sent has left. */
    private void sendAnswers() {
        final Burst answers = tooBig.answers();
        counters.add(WorkerCounters.GENERATED, answers.size);
        for (int k = 0; k < answers.size; k++) {
            toPort(answers, k, Egress.id(answers.ingress[k]), false);
        }
        flushPorts(answers);
        tooBig.clear();
    }

    /** Sends frames that another worker handed over, as they are, through a port of this worker. */
    void deliver(final Burst burst, final int port) {
        final TxQueue tx = tables.txQueues[port];
        touch(port);
        for (int i = 0; i < burst.size; i++) {
            burst.network[i] = DropTable.NONE;
            tx.add(i, -1, false);
        }
        counters.add(WorkerCounters.HELD, -burst.size);
        if (tables.queues[port] == null) {
            for (int i = 0; i < burst.size; i++) {
                refuse(burst, i, DropReason.PORT_NOT_IN_NETWORK, port, null);
            }
            tx.clear();
            return;
        }
        // What could be merged was merged before it was handed over.
        send(burst, tx, port);
        tx.clear();
    }

    /** Sends frames that waited for their tunnel's next hop; {@code of}: by frame, the tunnel. */
    void sendWaiting(final Burst burst, final Tunnel[] of) {
        counters.add(WorkerCounters.HELD, -burst.size);
        for (int i = 0; i < burst.size; i++) {
            final Tunnel tunnel = of[i];
            burst.network[i] = tunnel.network.id();
            // Who sent it is not known any more: nobody is told, should it not fit the way that was found.
            burst.ingress[i] = Egress.tunnel(tunnel.id);
            if (tables.tunnels[tunnel.id] == tunnel) {
                appendTunnel(burst, i, tunnel.id, false);
            } else {
                refuse(burst, i, DropReason.NO_NEIGHBOR, DropTable.UNDERLAY, tunnel);
            }
        }
        flushUnderlay(burst);
    }

    /** Sends complete packets; {@code handedOver}: another worker made them, else the underlay itself. */
    void deliverToUnderlay(final Burst burst, final boolean handedOver) {
        final TxQueue tx = toUnderlay;
        for (int i = 0; i < burst.size; i++) {
            burst.network[i] = DropTable.NONE;
            tx.add(i, -1, false);
        }
        if (handedOver) {
            counters.add(WorkerCounters.HELD, -burst.size);
        } else {
            counters.add(WorkerCounters.GENERATED, burst.size);
        }
        tables.underlay.deliver(burst, tx);
        if (tap != null) {
            tap.sent(burst, tx, DropTable.UNDERLAY, tables.tunnels);
        }
        settleUnderlay(burst, tx);
    }

    /** Ends a burst: forgets what was gathered and not sent (there is such only after an exception). */
    void forget() {
        if (tap != null) {
            tap.publish();
        }
        forgetLast();
        for (int k = 0; k < touchedCount; k++) {
            tables.txQueues[touched[k]].clear();
        }
        touchedCount = 0;
        toUnderlay.clear();
        tooBig.clear();
        segmentsLeft = SEGMENTS_A_BURST;
    }

    private void append(final Burst burst, final int i, final int port, final boolean shared) {
        final TxQueue tx = tables.txQueues[port];
        if (tx.isFull()) {
            flushPort(burst, port);
        }
        if (tx.size == 0) {
            touch(port);
        }
        final int entry = tx.add(i, -1, shared);
        final PortBinding binding = tables.bindings[port];
        if (binding.isTrunk()) {
            pushTag(burst, i, tx, entry, binding.vlanOf(burst.network[i]));
        } else if (!tables.queues[port].needsHash()) {
            lastPort = port;
            lastNetwork = burst.network[i];
            last = tx;
        }
    }

    /** Nothing that was checked for the last frame holds any more. */
    private void forgetLast() {
        lastPort = DropTable.NONE;
        last = null;
        lastTunnel = DropTable.NONE;
    }

    private static void pushTag(final Burst burst, final int i, final TxQueue tx, final int entry, final int vid) {
        final long to = tx.scratch(entry);
        Mem.copy(burst.head[i], to, MACS);
        Mem.putShort(to + MACS, Vlan.TPID_CUSTOMER);
        Mem.putShort(to + MACS + 2, vid);
        tx.prefix[entry] = to;
        tx.prefixLength[entry] = TAGGED;
        tx.skip[entry] = MACS;
    }

    private void appendTunnel(final Burst burst, final int i, final int tunnel, final boolean shared) {
        if (toUnderlay.isFull()) {
            flushUnderlay(burst);
        }
        toUnderlay.add(i, tunnel, shared);
        lastTunnel = tunnel;
        lastTunnelNetwork = burst.network[i];
    }

    private static boolean checksummed(final Burst burst, final int i, final int offloads) {
        return (burst.vnetFlags[i] & Burst.NEEDS_CSUM) == 0
                || (offloads & PortSender.CSUM) != 0
                || Offload.complete(burst, i);
    }

    private void segmentToPort(final Burst burst, final int i, final int port) {
        final DropReason refusal = beginSegments(burst, i, Integer.MAX_VALUE);
        if (refusal != DropReason.NONE) {
            refuse(burst, i, refusal, port, null);
            return;
        }
        int made = 0;
        while (segments.next()) {
            final Burst cut = segments.burst();
            for (int k = 0; k < cut.size; k++) {
                append(cut, k, port, false);
            }
            made += cut.size;
            flushPort(cut, port);
        }
        segmentsLeft -= made;
        counters.add(WorkerCounters.SEGMENTS, made - 1L);
    }

    private DropReason beginSegments(final Burst burst, final int i, final int maxFrame) {
        final DropReason refusal = segments.begin(burst, i, maxFrame);
        return refusal == DropReason.NONE && segments.count() > segmentsLeft ? DropReason.SEGMENT_BUDGET : refusal;
    }

    private void segmentToTunnel(final Burst burst, final int i, final int tunnel) {
        final int maxFrame = tables.maxFrame(tunnel);
        final DropReason refusal = beginSegments(burst, i, maxFrame);
        if (refusal != DropReason.NONE) {
            refuse(burst, i, tooBigOr(refusal, burst, i, maxFrame), DropTable.UNDERLAY, tables.tunnels[tunnel]);
            return;
        }
        int made = 0;
        while (segments.next()) {
            final Burst cut = segments.burst();
            for (int k = 0; k < cut.size; k++) {
                appendTunnel(cut, k, tunnel, false);
            }
            made += cut.size;
            flushUnderlay(cut);
        }
        segmentsLeft -= made;
        counters.add(WorkerCounters.SEGMENTS, made - 1L);
    }

    private void flushPort(final Burst burst, final int port) {
        forgetLast();
        final TxQueue tx = tables.txQueues[port];
        if (tx.size == 0) {
            return;
        }
        final int offloads = tables.queues[port].offloads();
        if (Merger.isFor(offloads)) {
            final TxQueue merged = merger.merge(burst, tx, offloads);
            counters.add(WorkerCounters.MERGED, tx.size - (long) merged.size);
            send(burst, merged, port);
        } else {
            send(burst, tx, port);
        }
        tx.clear();
    }

    private void send(final Burst burst, final TxQueue tx, final int port) {
        tables.queues[port].txBurst(burst, tx);
        if (tap != null) {
            tap.sent(burst, tx, port, tables.tunnels);
        }
        int sent = 0;
        int held = 0;
        long bytes = 0;
        for (int k = 0; k < tx.size; k++) {
            final int i = tx.frame[k];
            if (tx.refused[k] == 0) {
                sent++;
                bytes += burst.length[i] + tx.prefixLength[k] - tx.skip[k];
            } else if (tx.refused[k] == TxQueue.HELD) {
                held++;
            } else {
                count(tx.refused[k], port, burst.network[i]);
            }
        }
        if (held != 0) {
            counters.add(WorkerCounters.HELD, held);
        }
        counters.add(WorkerCounters.SENT, sent);
        tables.traffic[port].sent(sent, bytes);
    }

    private void flushUnderlay(final Burst burst) {
        final TxQueue tx = toUnderlay;
        if (tx.size == 0) {
            return;
        }
        tables.underlay.txBurst(burst, tx, tables.tunnels);
        for (int k = 0; k < tx.size; k++) {
            if (tx.refused[k] == 0 || tx.refused[k] == TxQueue.HELD) {
                tables.tunnels[tx.tunnel[k]].txFrames++;
            } else if (tx.refused[k] == TOO_BIG) {
                tx.refused[k] = tooBig.answer(
                                burst,
                                tx.frame[k],
                                tables.maxFrame(tx.tunnel[k]),
                                tx.shared[k],
                                DropReason.TOO_BIG_FOR_TUNNEL)
                        .ordinal();
            }
        }
        if (tap != null) {
            tap.sent(burst, tx, DropTable.UNDERLAY, tables.tunnels);
        }
        settleUnderlay(burst, tx);
    }

    private void settleUnderlay(final Burst burst, final TxQueue tx) {
        int sent = 0;
        int held = 0;
        long bytes = 0;
        for (int k = 0; k < tx.size; k++) {
            final int i = tx.frame[k];
            if (tx.refused[k] == 0) {
                sent++;
                bytes += burst.length[i];
            } else if (tx.refused[k] < 0) {
                held++;
            } else {
                count(tx.refused[k], DropTable.UNDERLAY, burst.network[i]);
            }
        }
        tx.clear();
        if (held != 0) {
            counters.add(WorkerCounters.HELD, held);
        }
        counters.add(WorkerCounters.SENT, sent);
        underlayTraffic.sent(sent, bytes);
    }

    /** A frame to be cut that does not fit however it is cut: its sender is told of the first segment's size. */
    private DropReason tooBigOr(final DropReason refusal, final Burst burst, final int i, final int maxFrame) {
        if (refusal != DropReason.TOO_BIG_FOR_TUNNEL
                || segments.begin(burst, i, Integer.MAX_VALUE) != DropReason.NONE
                || !segments.next()) {
            return refusal;
        }
        return tooBig.answer(segments.burst(), 0, maxFrame, false, refusal);
    }

    /** Refuses a frame before it came to a queue; {@code tunnel} where it was for one. */
    private void refuse(final Burst burst, final int i, final DropReason reason, final int port, final Tunnel tunnel) {
        if (tap != null) {
            tap.refused(burst, i, reason.ordinal(), port, tunnel);
        }
        count(reason.ordinal(), port, burst.network[i]);
    }

    private void count(final int reason, final int port, final int network) {
        counters.add(WorkerCounters.DROPPED, 1);
        tables.drops.add(reason, port, network, 1);
        if (port == DropTable.UNDERLAY) {
            underlayTraffic.txDropped(1);
        } else if (tables.traffic[port] != null) {
            tables.traffic[port].txDropped(1);
        }
    }

    private void touch(final int port) {
        if (touchedCount == touched.length) {
            touched = java.util.Arrays.copyOf(touched, 2 * touchedCount);
        }
        touched[touchedCount++] = port;
    }
}
