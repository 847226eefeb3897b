package io.weft.encap;

/**
 * What {@link OuterParser} found in one packet. Offsets are in bytes from the frame's start; all but {@link #frame} is
 * valid only after {@link OuterResult#ACCEPTED}.
 *
 * <p>Reused for packet after packet. Owned by the worker.
 */
public final class OuterPacket {
    /** The headers as the frame parser saw them: MAC addresses, tag, IP version, ECN, ports. */
    public final ParsedFrame frame = new ParsedFrame();

    /** The addresses, as {@link IpAddress} has them: an IPv4 address in the lower 32 bits. */
    public long sourceHigh;

    public long sourceLow;
    public long destinationHigh;
    public long destinationLow;

    /** {@link Ipv4#PROTOCOL_UDP} or {@link Ipv4#PROTOCOL_GRE}. */
    public int protocol;

    /** UDP destination port; 0 with GRE. */
    public int port;

    /** The outer ECN codepoint. */
    public int ecn;

    /** UDP with a checksum of 0: fine over IPv4, over IPv6 only where it is configured (RFC 6936, section 4). */
    public boolean zeroChecksum;

    /** UDP with a checksum that covers bytes that were not there to be read; the caller is to check it. */
    public boolean unchecked;

    /** Offset of the tunnel header: what follows UDP, or the GRE header itself. */
    public int payload;

    /** Bytes from {@link #payload} on, Ethernet padding left out; may be less than a tunnel header. */
    public int payloadLength;
}
