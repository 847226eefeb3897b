package io.weft.dataplane;

import io.weft.flowcache.Expired;
import io.weft.flowcache.MacTable;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.ringbuffer.RingBuffer;

/**
 * Learns where source addresses are, and offers each new fact to the conductor, which tells other workers and those who
 * follow events. A fact that does not fit the ring is counted and not told; nothing waits.
 *
 * <p>Owned by the worker.
 */
final class Learning implements Expired {
    /** Layout of a fact: network, vlan, egress kind and id, MAC, endpoint. All native byte order. */
    static final int NETWORK = 0;

    static final int VLAN = 4;
    static final int EGRESS = 8;
    static final int FAMILY = 12;
    static final int MAC = 16;
    static final int HI = 24;
    static final int LO = 32;
    static final int LENGTH = 40;

    static final int LEARNED = 1;
    static final int MOVED = 2;
    static final int AGED = 3;
    static final int REFRESHED = 4;

    private static final int TOLD_BITS = 12;

    private final RingBuffer facts;
    private final WorkerCounters counters;
    private final boolean relayed;
    /** Addresses and VLANs of which it was told lately that they are in use; with networks and when. */
    private final long[] told = new long[1 << TOLD_BITS];

    private final long[] toldWhen = new long[1 << TOLD_BITS];
    private ForwardingTables tables;

    Learning(final RingBuffer facts, final WorkerCounters counters, final boolean relayed) {
        this.facts = facts;
        this.counters = counters;
        this.relayed = relayed;
    }

    void learn(final ForwardingTables into, final Burst burst, final int i, final int nowMs) {
        tables = into;
        final int network = burst.network[i];
        final int ingress = burst.ingress[i];
        switch (into.learn(network, burst.vlan[i], burst.source[i], ingress, nowMs)) {
            case MacTable.LEARNED -> tell(LEARNED, network, burst.vlan[i], burst.source[i], ingress);
            case MacTable.MOVED -> tell(MOVED, network, burst.vlan[i], burst.source[i], ingress);
            case MacTable.REFRESHED -> {
                if (relayed) {
                    tellInUse(into, network, burst.vlan[i], burst.source[i], ingress, nowMs);
                }
            }
            default -> counters.add(WorkerCounters.LEARN_REFUSED, 1);
        }
    }

    /**
     * Tells again that an address is in use: several times in its life, and not with every frame of a machine that sends
     * to unknown destinations. Two addresses that meet in the small table here are told more often.
     */
    private void tellInUse(
            final ForwardingTables of,
            final int network,
            final int vlan,
            final long mac,
            final int ingress,
            final int nowMs) {
        final long key = mac << 16 | vlan;
        final int k = (int) (((key + network) * 0x9e3779b97f4a7c15L) >>> (Long.SIZE - TOLD_BITS));
        final boolean same = told[k] == key && (int) (toldWhen[k] >>> 32) == network;
        if (same && nowMs - (int) toldWhen[k] < of.networks[network].spec().macAgeMs() / 8) {
            return;
        }
        if (tell(REFRESHED, network, vlan, mac, ingress)) {
            told[k] = key;
            toldWhen[k] = (long) network << 32 | (nowMs & 0xffff_ffffL);
        }
    }

    /** Ages the next slots of the MAC table. */
    void sweep(final ForwardingTables of, final int nowMs, final int slots) {
        tables = of;
        of.macs.sweep(nowMs, slots, this);
    }

    @Override
    public void onExpired(final int network, final int innerVlan, final long mac, final int egress) {
        tell(AGED, network, innerVlan, mac, egress);
    }

    private boolean tell(final int what, final int network, final int vlan, final long mac, final int egress) {
        final int at = facts.tryClaim(what, LENGTH);
        if (at < 0) {
            counters.add(WorkerCounters.LEARN_UNTOLD, 1);
            return false;
        }
        final UnsafeBuffer buffer = (UnsafeBuffer) facts.buffer();
        buffer.putInt(at + NETWORK, network);
        buffer.putInt(at + VLAN, vlan);
        buffer.putInt(at + EGRESS, egress);
        buffer.putLong(at + MAC, mac);
        final Tunnel tunnel = Egress.isTunnel(egress) ? tables.tunnels[Egress.id(egress)] : null;
        buffer.putInt(at + FAMILY, tunnel == null ? 0 : tunnel.endpoint.family());
        buffer.putLong(at + HI, tunnel == null ? 0 : tunnel.endpoint.hi());
        buffer.putLong(at + LO, tunnel == null ? 0 : tunnel.endpoint.lo());
        facts.commit(at);
        return true;
    }
}
