package io.weft.encap;

/**
 * Receives what RFC 1122 and RFC 8200 have a host check before a tunnel sees a packet, on a layer-2 underlay where no
 * kernel does it. Whether addresses and ports are ours is for the caller to say.
 */
public final class OuterParser {
    private static final int PLAIN_LENGTH = Ipv4.MIN_HEADER_LENGTH + Udp.HEADER_LENGTH;
    private static final long LOW = 0xffff_ffffL;
    private static final int BAD_EXTENSIONS =
            ParsedFrame.EXTENSIONS_CUT | ParsedFrame.ROUTED | ParsedFrame.AUTHENTICATED;

    private OuterParser() {}

    /**
     * Parses a frame that is wholly readable; no byte at or after {@code address + length} is read.
     *
     * @param checksumKnown whether the port vouches for the UDP checksum: it was checked, or never left this machine
     * @param out is overwritten
     */
    public static OuterResult parse(
            final long address, final int length, final boolean checksumKnown, final OuterPacket out) {
        return parse(address, length, length, checksumKnown, out);
    }

    /**
     * Parses a frame whose first bytes alone can be read: its UDP checksum may be left {@link OuterPacket#unchecked}.
     *
     * @param available bytes that can be read; none at or after {@code address + available} is read
     * @param length of the whole frame
     */
    public static OuterResult parse(
            final long address,
            final int available,
            final int length,
            final boolean checksumKnown,
            final OuterPacket out) {
        final ParsedFrame frame = out.frame;
        out.unchecked = false;
        if (!FrameParser.link(address, available, length, frame)) {
            return OuterResult.RUNT;
        }
        if (isPlain(address, available, checksumKnown, out)) {
            return OuterResult.ACCEPTED;
        }
        FrameParser.network(address, available, frame);
        if (frame.l3 < 0) {
            return isIp(frame.etherType) ? OuterResult.MALFORMED_IP : OuterResult.NOT_IP;
        }
        final long ip = address + frame.l3;
        if (frame.ipVersion == 4 && !Checksum.isIpv4HeaderRight(ip, frame.ipHeaderLength)) {
            return OuterResult.BAD_HEADER_CHECKSUM;
        }
        if (frame.flags != 0) {
            return refusal(frame.flags);
        }
        if (frame.tags > 1) {
            return OuterResult.NOT_FOR_A_TUNNEL;
        }
        addresses(ip, frame.ipVersion, out);
        out.protocol = frame.protocol;
        out.ecn = frame.ecn;
        return switch (frame.protocol) {
            case Ipv4.PROTOCOL_UDP -> udp(address, available, checksumKnown, out);
            case Ipv4.PROTOCOL_GRE -> gre(out);
            default -> OuterResult.NOT_FOR_A_TUNNEL;
        };
    }

    /**
     * The packet that most are, in a few wide reads: IPv4 without options, whole, with UDP whose checksum nobody has to look
     * at, or GRE. Returns false for all others, good and bad.
     */
    private static boolean isPlain(
            final long address, final int available, final boolean checksumKnown, final OuterPacket out) {
        final ParsedFrame frame = out.frame;
        final int l3 = frame.payload;
        if (frame.etherType != Ethernet.TYPE_IPV4 || frame.tags > 1 || available - l3 < PLAIN_LENGTH) {
            return false;
        }
        final long ip = address + l3;
        final long first = Mem.getLong(ip);
        final long second = Mem.getLong(ip + Ipv4.TTL);
        final long destination = Mem.getInt(ip + Ipv4.DESTINATION) & LOW;
        final int total = (int) (first >>> 32) & 0xffff;
        final int sum = Checksum.fold((first >>> 32) + (first & LOW) + (second >>> 32) + (second & LOW) + destination);
        if (first >>> 56 != 0x45
                || ((int) first & (Ipv4.MORE_FRAGMENTS | Ipv4.OFFSET_MASK)) != 0
                || total < PLAIN_LENGTH
                || total > frame.length - l3
                || !Checksum.isRight(sum)) {
            return false;
        }
        final int l4 = l3 + Ipv4.MIN_HEADER_LENGTH;
        final int protocol = (int) (second >>> 48) & 0xff;
        if (protocol == Ipv4.PROTOCOL_UDP) {
            final long udp = Mem.getLong(address + l4);
            final int length = (int) (udp >>> 16) & 0xffff;
            final boolean zero = (udp & 0xffff) == 0;
            if (length < Udp.HEADER_LENGTH || length > total - Ipv4.MIN_HEADER_LENGTH || !(zero || checksumKnown)) {
                return false;
            }
            frame.sourcePort = (int) (udp >>> 48);
            frame.destinationPort = (int) (udp >>> 32) & 0xffff;
            out.port = frame.destinationPort;
            out.zeroChecksum = zero;
            out.payload = l4 + Udp.HEADER_LENGTH;
            out.payloadLength = length - Udp.HEADER_LENGTH;
        } else if (protocol == Ipv4.PROTOCOL_GRE) {
            frame.sourcePort = 0;
            frame.destinationPort = 0;
            out.port = 0;
            out.zeroChecksum = false;
            out.payload = l4;
            out.payloadLength = total - Ipv4.MIN_HEADER_LENGTH;
        } else {
            return false;
        }
        frame.ipVersion = 4;
        frame.l3 = l3;
        frame.ipHeaderLength = Ipv4.MIN_HEADER_LENGTH;
        frame.ipEnd = l3 + total;
        frame.ecn = (int) (first >>> 48) & 3;
        frame.protocol = protocol;
        frame.flowProtocol = protocol;
        frame.l4 = l4;
        out.protocol = protocol;
        out.ecn = frame.ecn;
        out.sourceHigh = 0;
        out.sourceLow = second & LOW;
        out.destinationHigh = 0;
        out.destinationLow = destination;
        return true;
    }

    /**
     * Says whether the UDP checksum of a packet is right; it must be present.
     *
     * @param length from the UDP header, as it was checked: read again, it could have become another
     */
    static boolean isUdpChecksumRight(final long address, final ParsedFrame frame, final int length) {
        final long udp = address + frame.l4;
        final int pseudo = Checksum.pseudo(address + frame.l3, frame.ipVersion, Ipv4.PROTOCOL_UDP, length);
        return Checksum.isRight(Checksum.add(pseudo, Checksum.sum(udp, length)));
    }

    private static boolean isIp(final int type) {
        return type == Ethernet.TYPE_IPV4 || type == Ethernet.TYPE_IPV6;
    }

    /** Each flag of a frame with a sound IP header is a reason not to take it for a tunnel's packet. */
    private static OuterResult refusal(final int flags) {
        if ((flags & ParsedFrame.BIG_TCP) != 0) {
            return OuterResult.NO_LENGTH;
        }
        if ((flags & ParsedFrame.TRUNCATED) != 0) {
            return OuterResult.TRUNCATED;
        }
        if ((flags & BAD_EXTENSIONS) != 0) {
            return OuterResult.EXTENSION_HEADERS;
        }
        return OuterResult.FRAGMENT;
    }

    private static void addresses(final long ip, final int version, final OuterPacket out) {
        if (version == 4) {
            out.sourceHigh = 0;
            out.sourceLow = Ipv4.source(ip) & 0xffff_ffffL;
            out.destinationHigh = 0;
            out.destinationLow = Ipv4.destination(ip) & 0xffff_ffffL;
        } else {
            out.sourceHigh = Ipv6.sourceHigh(ip);
            out.sourceLow = Ipv6.sourceLow(ip);
            out.destinationHigh = Ipv6.destinationHigh(ip);
            out.destinationLow = Ipv6.destinationLow(ip);
        }
    }

    private static OuterResult udp(
            final long address, final int available, final boolean checksumKnown, final OuterPacket out) {
        final ParsedFrame frame = out.frame;
        if (frame.l4 < 0) {
            return OuterResult.TRUNCATED;
        }
        final long udp = address + frame.l4;
        final int length = Udp.length(udp);
        if (length < Udp.HEADER_LENGTH) {
            return OuterResult.BAD_UDP_LENGTH;
        }
        if (length > frame.ipEnd - frame.l4) {
            return OuterResult.TRUNCATED;
        }
        out.port = frame.destinationPort;
        out.payload = frame.l4 + Udp.HEADER_LENGTH;
        out.payloadLength = length - Udp.HEADER_LENGTH;
        out.zeroChecksum = Udp.checksum(udp) == 0;
        if (out.zeroChecksum || checksumKnown) {
            return OuterResult.ACCEPTED;
        }
        if (frame.l4 + length > available) {
            out.unchecked = true;
        } else if (!isUdpChecksumRight(address, frame, length)) {
            return OuterResult.BAD_UDP_CHECKSUM;
        }
        return OuterResult.ACCEPTED;
    }

    private static OuterResult gre(final OuterPacket out) {
        final ParsedFrame frame = out.frame;
        if (frame.l4 < 0) {
            return OuterResult.TRUNCATED;
        }
        out.port = 0;
        out.payload = frame.l4;
        out.payloadLength = frame.ipEnd - frame.l4;
        out.zeroChecksum = false;
        return OuterResult.ACCEPTED;
    }
}
