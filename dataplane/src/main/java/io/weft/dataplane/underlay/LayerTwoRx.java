package io.weft.dataplane.underlay;

import io.weft.dataplane.Burst;
import io.weft.dataplane.DropReason;
import io.weft.dataplane.api.UnderlaySpec;
import io.weft.dataplane.port.PortQueue;
import io.weft.dataplane.port.RxQueue;
import io.weft.encap.Checksum;
import io.weft.encap.Ethernet;
import io.weft.encap.Ipv4;
import io.weft.encap.Ipv6;
import io.weft.encap.OuterPacket;
import io.weft.encap.OuterParser;
import io.weft.encap.OuterResult;
import io.weft.encap.Vlan;

/**
 * Turns a layer-2 port's frames into tunnel packets: does what a host's kernel does before a socket sees a datagram, with
 * a reason for each refusal. Whether a network allows UDP over IPv6 without a checksum is for the pipeline to say, which
 * knows the network.
 *
 * <p>Owned by the worker.
 */
final class LayerTwoRx implements RxQueue {
    private static final int NO_TAG = 0;
    private static final int ANY_TAG = -1;

    private final LayerTwoUnderlay underlay;
    private final PortQueue queue;
    private final long mac;
    /** VID of the tag that packets must have, or {@link #NO_TAG}, or {@link #ANY_TAG}. */
    private final int tag;

    private PuntRing punt;
    private final OuterPacket packet = new OuterPacket();
    private final LastOuter last = new LastOuter();
    /** Which frame of the burst {@link #last} is. */
    private int lastFrame;

    LayerTwoRx(final LayerTwoUnderlay underlay, final PortQueue queue, final UnderlaySpec spec) {
        this.underlay = underlay;
        this.queue = queue;
        mac = spec.mac();
        tag = spec.vlan() > 0 ? spec.vlan() : spec.device() == UnderlaySpec.Device.PORT ? NO_TAG : ANY_TAG;
    }

    /** Where frames for the switch itself go, from now on. */
    void punt(final PuntRing to) {
        punt = to;
    }

    @Override
    public int rxBurst(final Burst burst) {
        final int frames = queue.rxBurst(burst);
        final Accepted accepted = underlay.accepted();
        // What is accepted may have changed since the last burst.
        last.forget();
        for (int i = 0; i < frames; i++) {
            burst.outer[i] = 0;
            if (burst.refused[i] == 0 && !isLikeLast(burst, i)) {
                burst.refused[i] = receive(burst, i, accepted).ordinal();
            }
        }
        return frames;
    }

    /** Takes a packet whose outer headers say what those of the last taken said. */
    private boolean isLikeLast(final Burst burst, final int i) {
        if ((burst.vnetFlags[i] | burst.gsoType[i]) != 0) {
            return false;
        }
        final int length = last.payloadLength(burst.head[i], burst.headLength[i], burst.length[i]);
        if (length < 0) {
            return false;
        }
        trim(burst, i, last.payload(), length);
        final int k = lastFrame;
        burst.encapsulation[i] = burst.encapsulation[k];
        burst.tunnelPort[i] = burst.tunnelPort[k];
        burst.outerEcn[i] = burst.outerEcn[k];
        burst.sourceHi[i] = burst.sourceHi[k];
        burst.sourceLo[i] = burst.sourceLo[k];
        burst.sourceFamily[i] = 4;
        burst.zeroChecksum[i] = false;
        return true;
    }

    private DropReason receive(final Burst burst, final int i, final Accepted accepted) {
        if (burst.gsoType[i] != Burst.GSO_NONE) {
            return DropReason.BAD_OFFLOAD;
        }
        final boolean vouched = (burst.vnetFlags[i] & (Burst.DATA_VALID | Burst.NEEDS_CSUM)) != 0;
        final OuterResult result =
                OuterParser.parse(burst.head[i], burst.headLength[i], burst.length[i], vouched, packet);
        if (result != OuterResult.ACCEPTED) {
            return other(burst, i, result);
        }
        if ((packet.frame.tags | tag) != 0 && isWrongTag()) {
            return DropReason.OUTER_TAG;
        }
        if (isForeign(packet.frame.destination) || !accepted.isDestination(packet)) {
            return DropReason.NOT_FOR_US;
        }
        final int encapsulation = packet.protocol == Ipv4.PROTOCOL_UDP ? accepted.udp(packet.port) : accepted.gre();
        if (encapsulation == Accepted.NONE) {
            return DropReason.NOT_A_TUNNEL;
        }
        if (accepted.isImpossibleSource(packet)) {
            return DropReason.OUTER_MALFORMED;
        }
        if (packet.unchecked && !isChecksumRight(burst, i)) {
            return DropReason.OUTER_BAD_CHECKSUM;
        }
        fill(burst, i, encapsulation);
        return DropReason.NONE;
    }

    /** Not a tunnel's packet: what is for the switch itself is put by for the conductor. */
    private DropReason other(final Burst burst, final int i, final OuterResult result) {
        final DropReason reason = reason(result);
        if (punt == null || result == OuterResult.RUNT) {
            return reason;
        }
        if (isWrongTag()) {
            return DropReason.OUTER_TAG;
        }
        final boolean arp = result == OuterResult.NOT_IP && packet.frame.etherType == Ethernet.TYPE_ARP;
        if (!arp && (result != OuterResult.NOT_FOR_A_TUNNEL || !isControl())) {
            return reason;
        }
        return isForeign(packet.frame.destination) ? DropReason.NOT_FOR_US : punt.take(burst, i, packet.frame);
    }

    private boolean isControl() {
        return switch (packet.frame.protocol) {
            case Ipv4.PROTOCOL_ICMP, Ipv4.PROTOCOL_IGMP -> packet.frame.ipVersion == 4;
            case Ipv6.NEXT_ICMP -> packet.frame.ipVersion == 6;
            default -> false;
        };
    }

    /** A tag of priority alone (VID 0) is none. */
    private boolean isWrongTag() {
        if (tag == ANY_TAG) {
            return false;
        }
        final int vid = packet.frame.tags == 0 ? NO_TAG : Vlan.vid(packet.frame.outerTci);
        return packet.frame.tags > 1 || vid != tag;
    }

    /** A frame that the segment flooded here; without an own MAC there is nothing to tell by. */
    private boolean isForeign(final long destination) {
        return mac != 0 && destination != mac && !Ethernet.isMulticast(destination);
    }

    private void fill(final Burst burst, final int i, final int encapsulation) {
        last.keep(burst.head[i], packet);
        lastFrame = i;
        trim(burst, i, packet.payload, packet.payloadLength);
        burst.encapsulation[i] = encapsulation;
        burst.tunnelPort[i] = packet.port;
        burst.outerEcn[i] = packet.ecn;
        burst.sourceHi[i] = packet.sourceHigh;
        burst.sourceLo[i] = packet.sourceLow;
        burst.sourceFamily[i] = packet.frame.ipVersion;
        burst.zeroChecksum[i] = packet.zeroChecksum && packet.frame.ipVersion == 6;
    }

    /** Leaves out what is before the payload and after it. */
    private static void trim(final Burst burst, final int i, final int payload, final int length) {
        burst.head[i] += payload;
        burst.outer[i] = payload;
        burst.headLength[i] = Math.min(length, burst.headLength[i] - payload);
        burst.length[i] = length;
        if (burst.segmentCount[i] != 0) {
            cut(burst, i);
        }
        burst.vnetFlags[i] = 0;
    }

    /** Leaves out of the body what follows the packet: padding. */
    private static void cut(final Burst burst, final int i) {
        int left = burst.length[i] - burst.headLength[i];
        int segments = 0;
        for (int s = burst.firstSegment[i]; left > 0; s++) {
            burst.segmentLength[s] = Math.min(left, burst.segmentLength[s]);
            left -= burst.segmentLength[s];
            segments++;
        }
        burst.segmentCount[i] = segments;
    }

    /**
     * Of a packet whose body its sender could still change: that would harm nobody but itself, since nothing is decided
     * on the body.
     */
    private boolean isChecksumRight(final Burst burst, final int i) {
        final long head = burst.head[i];
        final int l4 = packet.frame.l4;
        final int length = packet.payload + packet.payloadLength - l4;
        final int inHead = burst.headLength[i] - l4;
        int sum = Checksum.pseudo(head + packet.frame.l3, packet.frame.ipVersion, Ipv4.PROTOCOL_UDP, length);
        sum = Checksum.add(sum, Checksum.sum(head + l4, inHead));
        int at = inHead;
        for (int s = burst.firstSegment[i]; at < length; s++) {
            final int bytes = Math.min(length - at, burst.segmentLength[s]);
            sum = Checksum.addAt(sum, Checksum.sum(burst.segmentAddress[s], bytes), at);
            at += bytes;
        }
        return Checksum.isRight(sum);
    }

    /** The drop reason of what a host does not take. */
    static DropReason reason(final OuterResult result) {
        return switch (result) {
            case ACCEPTED -> DropReason.NONE;
            case NOT_IP -> DropReason.OUTER_NOT_IP;
            case BAD_HEADER_CHECKSUM, BAD_UDP_CHECKSUM -> DropReason.OUTER_BAD_CHECKSUM;
            case FRAGMENT -> DropReason.OUTER_FRAGMENT;
            case NOT_FOR_A_TUNNEL -> DropReason.NOT_A_TUNNEL;
            case RUNT, MALFORMED_IP, TRUNCATED, NO_LENGTH, EXTENSION_HEADERS, BAD_UDP_LENGTH ->
                DropReason.OUTER_MALFORMED;
        };
    }

    @Override
    public void rxRelease() {
        queue.rxRelease();
    }

    @Override
    public int wakeFd() {
        return queue.wakeFd();
    }

    @Override
    public boolean arm() {
        return queue.arm();
    }

    @Override
    public void disarm() {
        queue.disarm();
    }
}
