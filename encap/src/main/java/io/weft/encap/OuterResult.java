package io.weft.encap;

/** What {@link OuterParser} says of a packet from a layer-2 underlay. */
public enum OuterResult {
    /** UDP or GRE with a sound header and payload: the tunnel header is next. */
    ACCEPTED("accepted"),
    /** Less than an Ethernet header with its tag. */
    RUNT("outer-runt"),
    /** Neither IPv4 nor IPv6. */
    NOT_IP("outer-not-ip"),
    /** An IP header that is cut off or contradicts itself. */
    MALFORMED_IP("outer-malformed-ip"),
    /** IPv4 header checksum wrong. */
    BAD_HEADER_CHECKSUM("outer-bad-header-checksum"),
    /** Less has arrived than the IP or UDP header announces. */
    TRUNCATED("outer-truncated"),
    /** IP without a length: a jumbogram, or BIG TCP that leaked to the wire. */
    NO_LENGTH("outer-no-length"),
    /** A fragment, the first or a later one: tunnel packets are not reassembled (RFC 7348, section 4.3). */
    FRAGMENT("outer-fragment"),
    /** IPv6 extension headers too many, cut off, or asking for a router or for security that is not here. */
    EXTENSION_HEADERS("outer-extension-headers"),
    /** A UDP length below 8. */
    BAD_UDP_LENGTH("outer-bad-udp-length"),
    /** UDP checksum present and wrong. */
    BAD_UDP_CHECKSUM("outer-bad-udp-checksum"),
    /** Sound IP, but neither UDP nor GRE, or more than one tag. */
    NOT_FOR_A_TUNNEL("outer-not-for-a-tunnel");

    private final String label;

    OuterResult(final String label) {
        this.label = label;
    }

    /** Returns the words that the operator sees. */
    public String label() {
        return label;
    }
}
