package io.weft.dataplane;

/**
 * Why a frame was not forwarded. The key names it in the API and metrics; the text is what the operator reads.
 */
public enum DropReason {
    /** Not dropped; keeps 0 free to mean so. */
    NONE("none", "not dropped"),

    /** Not dropped either: the switch itself took it. Never counted as a drop. */
    TAKEN("taken", "for the switch itself: ARP, neighbour discovery, ICMP"),

    // What a machine sent.
    TOO_SHORT("too-short", "shorter than an Ethernet header"),
    BAD_SOURCE_MAC("bad-source-mac", "source address is zero or a group address"),
    SPOOFED_SOURCE_MAC("spoofed-source-mac", "source address is not the one this port may use"),
    RESERVED_MULTICAST(
            "reserved-multicast", "link-local group address 01:80:c2:00:00:0x, which bridges do not forward"),
    TAGGED_ON_ACCESS_PORT(
            "tagged-on-access-port", "VLAN tag on an access port (the network does not say inner-vlan: keep)"),
    UNTAGGED_ON_TRUNK("untagged-on-trunk", "no VLAN tag on a trunk port"),
    UNKNOWN_VLAN("unknown-vlan", "VLAN that the trunk port has no network for"),
    NESTED_TAG("nested-tag", "second VLAN tag (the network does not say inner-vlan: keep)"),
    TRUNCATED("truncated", "longer than the buffer it was received into"),
    BAD_OFFLOAD("bad-offload", "offload request (checksum or segmentation) that does not fit the frame"),
    BAD_DESCRIPTOR("bad-descriptor", "guest's descriptors point outside its memory, loop, or have no sense"),
    QUEUE_DISABLED("queue-disabled", "guest sent it on a queue that it has disabled"),
    SEGMENT_BUDGET("segment-budget", "would be cut into more segments than one burst may make"),

    // What a tunnel brought.
    OUTER_NOT_IP("outer-not-ip", "underlay frame that is not IP and not for us"),
    OUTER_MALFORMED("outer-malformed", "outer header damaged or longer than the packet"),
    OUTER_BAD_CHECKSUM("outer-bad-checksum", "outer IP or UDP checksum is wrong"),
    OUTER_FRAGMENT("outer-fragment", "fragment of an outer packet; tunnels are not reassembled here"),
    OUTER_TAG("outer-tag", "VLAN tag of an underlay packet is missing, or another than underlay.vlan"),
    SLOW_PATH_LIMIT("slow-path-limit", "for the switch itself, from a neighbour that sends too many"),
    SLOW_PATH_FULL("slow-path-full", "for the switch itself, which does not keep up with ARP, ND and ICMP"),
    NOT_A_TUNNEL("not-a-tunnel", "underlay packet of another protocol or port"),
    NOT_FOR_US("not-for-us", "outer destination is not an address of this host"),
    UNKNOWN_ENDPOINT("unknown-endpoint", "tunnel packet from an address that is not a peer (underlay.accept: peers)"),
    ZERO_CHECKSUM_V6("zero-checksum-v6", "UDP over IPv6 without a checksum on a network that does not allow it"),
    VXLAN_NO_VNI("vxlan-no-vni", "VXLAN header without the I flag"),
    NOT_NVGRE("not-nvgre", "GRE that is not NVGRE (checksum, sequence number, no key, or not Ethernet)"),
    GENEVE_VERSION("geneve-version", "Geneve version that is not 0"),
    GENEVE_CONTROL("geneve-control", "Geneve control packet"),
    GENEVE_CRITICAL_OPTION("geneve-critical-option", "Geneve option that must be understood and is not known"),
    GENEVE_MALFORMED("geneve-malformed", "Geneve options that do not fit their length"),
    GENEVE_NOT_ETHERNET("geneve-not-ethernet", "Geneve payload that is not an Ethernet frame"),
    TUNNEL_TRUNCATED("tunnel-truncated", "shorter than its tunnel header"),
    UNKNOWN_VNI("unknown-vni", "VNI or VSID that no network here has"),
    INNER_TOO_SHORT("inner-too-short", "inner frame shorter than an Ethernet header"),
    INNER_TAG("inner-tag", "inner frame with a VLAN tag (the network does not say inner-vlan: keep)"),
    ECN_CONGESTED("ecn-congested", "congestion marked on the way, and the inner packet cannot say so (RFC 6040)"),

    // Forwarding.
    HAIRPIN("hairpin", "destination is where the frame came from"),
    TUNNEL_TO_TUNNEL("tunnel-to-tunnel", "came from a tunnel and its destination is behind a tunnel"),
    NO_DESTINATION("no-destination", "nobody else in the network to send it to"),
    PORT_NOT_IN_NETWORK("port-not-in-network", "destination port has left the network"),

    // Sending.
    PORT_FULL("port-full", "port's queue is full: its machine does not keep up"),
    PORT_DOWN("port-down", "port's device is down or gone"),
    PORT_ERROR("port-error", "port's device refused the frame"),
    TOO_BIG_FOR_TUNNEL(
            "too-big-for-tunnel",
            "too big for the tunnel, and of a kind whose sender cannot be told: no IP, IPv4 without DF, to a group"),
    TOO_BIG_TOLD("too-big-told", "too big for the tunnel; its sender was told by ICMP what fits"),
    TOO_BIG_UNTOLD("too-big-untold", "too big for the tunnel; its sender was told often enough just before"),
    TOO_BIG_FOR_PORT("too-big-for-port", "too big for the port's MTU"),
    UNDERLAY_FULL("underlay-full", "underlay's send queue is full"),
    UNDERLAY_UNREACHABLE("underlay-unreachable", "no route to the tunnel's endpoint"),
    UNDERLAY_ERROR("underlay-error", "underlay refused the packet"),
    NO_NEIGHBOR("no-neighbor", "next hop's MAC address is not known"),
    SWITCH_FAULT("switch-fault", "lost by a fault while it was forwarded: a guest's memory went away, or a defect"),
    HANDOFF_FULL("handoff-full", "the port's other worker does not keep up");

    private static final DropReason[] VALUES = values();

    private final String key;
    private final String text;

    DropReason(final String key, final String text) {
        this.key = key;
        this.text = text;
    }

    public String key() {
        return key;
    }

    public String text() {
        return text;
    }

    public static DropReason of(final int ordinal) {
        return VALUES[ordinal];
    }
}
