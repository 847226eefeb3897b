package io.weft.encap;

/**
 * What {@link FrameParser} found in one frame. Offsets are in bytes from the frame's start, -1 where there is nothing.
 *
 * <p>Reused for frame after frame. Owned by the worker.
 */
public final class ParsedFrame {
    /** One of the fragments of a datagram, the first or a later one. */
    public static final int FRAGMENT = 1;

    /** A fragment other than the first: there is no transport header in it. */
    public static final int LATER_FRAGMENT = 1 << 1;

    /** An EtherType of IP and no sound IP header after it: {@link #l3} is -1. */
    public static final int MALFORMED = 1 << 2;

    /** The IP header announces more bytes than the frame has. */
    public static final int TRUNCATED = 1 << 3;

    /** The IP header has no length (IPv4 total length 0, IPv6 payload length 0): a jumbogram, or BIG TCP. */
    public static final int BIG_TCP = 1 << 4;

    /** The chain of IPv6 extension headers was cut off or too long to be walked: {@link #l4} is -1. */
    public static final int EXTENSIONS_CUT = 1 << 5;

    /** An IPv6 routing header with segments left: the destination address is not the last one. */
    public static final int ROUTED = 1 << 6;

    /** An IPv6 authentication header was passed over. */
    public static final int AUTHENTICATED = 1 << 7;

    /** Less than an Ethernet header with its tags: nothing but this flag and {@link #length} is valid. */
    public static final int RUNT = 1 << 8;

    /** The whole frame's length in bytes, as given. */
    public int length;

    /** 48-bit addresses. */
    public long destination;

    public long source;

    /** The number of VLAN tags, at most {@link FrameParser#MAX_TAGS}. */
    public int tags;

    /** TPID and TCI of the first tag, TCI of the second; 0 where there is none. */
    public int outerTpid;

    public int outerTci;
    public int innerTci;

    /** The type after the tags, a length when below {@link Ethernet#MIN_TYPE}. */
    public int etherType;

    /** Offset of what follows {@link #etherType}. */
    public int payload;

    /** 4, 6, or 0 where there is no sound IP header. */
    public int ipVersion;

    /** Offset of the IP header, of which all bytes are available, or -1. */
    public int l3;

    /** Length of the IP header in bytes: IPv4 options are in it, IPv6 extension headers are not; 0 without IP. */
    public int ipHeaderLength;

    /** Offset just after the IP packet: Ethernet padding follows. At most {@link #length}; 0 without IP. */
    public int ipEnd;

    /** ECN codepoint of the IP header, or {@link Ecn#NOT_IP}. */
    public int ecn;

    /** The transport protocol, or the last header number that could be read; -1 without IP. */
    public int protocol;

    /** As {@link #protocol}, but the same in every fragment of a datagram. */
    public int flowProtocol;

    /** Offset of the transport header; -1 in later fragments or where its fixed part is not all available. */
    public int l4;

    /** Ports of TCP, UDP, UDP-Lite, SCTP and DCCP where {@link #l4} is not -1; else 0. */
    public int sourcePort;

    public int destinationPort;

    /** The bits named above. */
    public int flags;

    public boolean isFragment() {
        return (flags & FRAGMENT) != 0;
    }

    public boolean isLaterFragment() {
        return (flags & LATER_FRAGMENT) != 0;
    }

    public boolean isMalformed() {
        return (flags & MALFORMED) != 0;
    }

    public boolean isTruncated() {
        return (flags & TRUNCATED) != 0;
    }

    public boolean isBigTcp() {
        return (flags & BIG_TCP) != 0;
    }

    public boolean isIp() {
        return l3 >= 0;
    }

    /** Nothing but {@link #RUNT}, and what is zero. */
    void runt() {
        flags = RUNT;
        destination = 0;
        source = 0;
        tags = 0;
        outerTpid = 0;
        outerTci = 0;
        innerTci = 0;
        etherType = 0;
        payload = 0;
        resetNetwork();
    }

    void resetNetwork() {
        ipVersion = 0;
        l3 = -1;
        ipHeaderLength = 0;
        ipEnd = 0;
        ecn = Ecn.NOT_IP;
        protocol = -1;
        flowProtocol = -1;
        l4 = -1;
        sourcePort = 0;
        destinationPort = 0;
    }
}
