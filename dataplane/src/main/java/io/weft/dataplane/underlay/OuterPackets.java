package io.weft.dataplane.underlay;

import io.weft.dataplane.Burst;
import io.weft.dataplane.DropReason;
import io.weft.encap.Encapsulation;
import io.weft.encap.IpAddress;
import io.weft.encap.Ipv4;
import io.weft.encap.Mem;
import io.weft.encap.OuterPacket;
import io.weft.encap.OuterParser;
import io.weft.encap.OuterResult;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Looks at packets of the underlay as {@link LayerTwoRx} does, one at a time and for a person who asks.
 *
 * <p>Owned by the conductor.
 */
public final class OuterPackets {
    private final long memory = Mem.allocate(Burst.MAX_FRAME, 64);
    private final OuterPacket packet = new OuterPacket();
    private int encapsulation;
    private String text = "";

    /**
     * @param listened encapsulation by UDP port, NVGRE by 0
     * @return none where it is a tunnel packet for this host: then the other methods tell of it
     */
    public DropReason look(final byte[] bytes, final Map<Integer, Encapsulation> listened, final Underlay underlay) {
        Mem.copy(bytes, 0, memory, bytes.length);
        final OuterResult result = OuterParser.parse(memory, bytes.length, false, packet);
        if (result != OuterResult.ACCEPTED) {
            text = "the outer headers are not those of a tunnel packet";
            return LayerTwoRx.reason(result);
        }
        text = "from " + source() + " to " + destination();
        final List<IpAddress> own = new ArrayList<>();
        for (final int family : new int[] {4, 6}) {
            if (underlay.address(family) != null) {
                own.add(underlay.address(family));
            }
        }
        final Accepted accepted = new Accepted(listened, own);
        if (!accepted.isDestination(packet) && !destination().isMulticast()) {
            return DropReason.NOT_FOR_US;
        }
        encapsulation = packet.protocol == Ipv4.PROTOCOL_UDP ? accepted.udp(packet.port) : accepted.gre();
        if (encapsulation == Accepted.NONE) {
            text += packet.protocol == Ipv4.PROTOCOL_UDP ? ", UDP port " + packet.port : ", GRE";
            return DropReason.NOT_A_TUNNEL;
        }
        return accepted.isImpossibleSource(packet) ? DropReason.OUTER_MALFORMED : DropReason.NONE;
    }

    /** Where it comes from and goes to, in words. */
    public String text() {
        return text;
    }

    public IpAddress source() {
        return new IpAddress(packet.frame.ipVersion, packet.sourceHigh, packet.sourceLow);
    }

    private IpAddress destination() {
        return new IpAddress(packet.frame.ipVersion, packet.destinationHigh, packet.destinationLow);
    }

    /** The ordinal of its {@link Encapsulation}. */
    public int encapsulation() {
        return encapsulation;
    }

    public int udpPort() {
        return packet.port;
    }

    public int ecn() {
        return packet.ecn;
    }

    public boolean zeroChecksum() {
        return packet.zeroChecksum && packet.frame.ipVersion == 6;
    }

    /** Where the tunnel header begins. */
    public int payload() {
        return packet.payload;
    }

    public int payloadLength() {
        return packet.payloadLength;
    }

    /** Memory for a header, good until {@link #look}. */
    public long scratch() {
        return memory;
    }
}
