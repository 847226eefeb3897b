package io.weft.encap;

/**
 * Everything before an inner frame on a layer-2 underlay: Ethernet, perhaps a tag, IPv4 or IPv6, UDP or nothing, and
 * the tunnel header. Made once for a tunnel and network; per frame it is stored as words and patched.
 *
 * <p>IPv4: DF set and identification 0 (RFC 6864, section 4.1: it has no meaning then), TTL 64. IPv6: the flow label is
 * of the flow's hash (RFC 6438). The words are an array and not off-heap memory, so that a header that is replaced
 * leaves nothing to be freed.
 *
 * <p>Immutable.
 */
public final class OuterHeader {
    /** The most that {@link #length} can be. */
    public static final int MAX_LENGTH = 96;

    /** The hop limit and TTL of what is sent. */
    public static final int TTL = 64;

    private static final int FIRST_WORDS = 5;
    private static final int UDP_AND_TUNNEL = Udp.HEADER_LENGTH + TunnelHeader.LENGTH;

    /**
     * What a header is made from.
     *
     * @param vni 24 bits; NVGRE calls it VSID
     * @param udpPort the destination port; 0 with NVGRE
     * @param destination of the same family as the source; may be a group
     * @param sourceMac of this end
     * @param destinationMac of the next hop
     * @param vlan the VID of a tag, or -1 for none
     * @param udpChecksum whether {@link #writeChecksum} is to be called; if not, the field is 0
     * @param flowId whether NVGRE's FlowID is made from the flow's hash, and not 0
     */
    public record Spec(
            Encapsulation encapsulation,
            int vni,
            int udpPort,
            IpAddress source,
            IpAddress destination,
            long sourceMac,
            long destinationMac,
            int vlan,
            boolean udpChecksum,
            boolean flowId) {
        public Spec {
            if (source.family() != destination.family()) {
                throw new IllegalArgumentException(
                        "tunnel from " + source + " to " + destination + ": two IP versions");
            }
            if (encapsulation.isUdp() ? udpPort < 1 || udpPort > 0xffff : udpPort != 0) {
                throw new IllegalArgumentException(udpPort + " is not a UDP port for " + encapsulation.label());
            }
            if (vlan < -1 || vlan > Vlan.VID_MAX) {
                throw new IllegalArgumentException(vlan + " is not a VLAN identifier; use 0 to 4094, or -1 for none");
            }
        }
    }

    private final Spec spec;
    private final TunnelHeader tunnel;
    // The first words, which every header has, apart from the others: a loop over so few costs as much again.
    private final long word0;
    private final long word1;
    private final long word2;
    private final long word3;
    private final long word4;
    private final long[] words;
    private final long lastWord;
    private final int length;
    private final int ip;
    private final int l4;
    private final boolean ipv4;
    private final boolean udp;
    private final int ipv4Sum;
    private final int pseudoSum;

    public OuterHeader(final Spec spec) {
        this.spec = spec;
        tunnel = new TunnelHeader(spec.encapsulation(), spec.vni(), spec.flowId());
        ipv4 = spec.source().isIpv4();
        udp = spec.encapsulation().isUdp();
        ip = Ethernet.HEADER_LENGTH + (spec.vlan() < 0 ? 0 : Vlan.TAG_LENGTH);
        l4 = ip + (ipv4 ? Ipv4.MIN_HEADER_LENGTH : Ipv6.HEADER_LENGTH);
        length = l4 + (udp ? UDP_AND_TUNNEL : TunnelHeader.LENGTH);
        final OuterTemplate template = new OuterTemplate(spec, tunnel, ip, l4, length);
        words = template.words();
        word0 = words[0];
        word1 = words[1];
        word2 = words[2];
        word3 = words[3];
        word4 = words[4];
        lastWord = template.wordAt(length - 8);
        ipv4Sum = template.sum(ip, Ipv4.MIN_HEADER_LENGTH);
        final int addresses = ipv4 ? template.sum(ip + Ipv4.SOURCE, 8) : template.sum(ip + Ipv6.SOURCE, 2 * 16);
        pseudoSum = Checksum.add(addresses, Ipv4.PROTOCOL_UDP);
    }

    public Spec spec() {
        return spec;
    }

    /** Returns the number of bytes that {@link #write} writes, 42..78; the inner frame follows. */
    public int length() {
        return length;
    }

    /** Returns the length of the IP packet around an inner frame, to be held against the underlay's MTU. */
    public int ipLength(final int innerLength) {
        return length - ip + innerLength;
    }

    /** Says whether {@link #writeChecksum} must follow {@link #write}. */
    public boolean needsChecksum() {
        return udp && spec.udpChecksum();
    }

    /**
     * Writes exactly {@link #length} bytes.
     *
     * @param to the first of them
     * @param innerLength of the frame that follows, in bytes; {@link #ipLength} must not be above 65535
     * @param hash of the inner frame's flow
     * @param ecn the outer codepoint
     */
    public void write(final long to, final int innerLength, final int hash, final int ecn) {
        Mem.putLongNative(to, word0);
        Mem.putLongNative(to + 8, word1);
        Mem.putLongNative(to + 16, word2);
        Mem.putLongNative(to + 24, word3);
        Mem.putLongNative(to + 32, word4);
        final long[] template = words;
        for (int i = FIRST_WORDS; i < template.length; i++) {
            Mem.putLongNative(to + 8L * i, template[i]);
        }
        Mem.putLongNative(to + length - 8, lastWord);
        if (ipv4) {
            final int total = length - ip + innerLength;
            Mem.putInt(to + ip, 0x4500_0000 | ecn << 16 | total);
            Ipv4.checksum(to + ip, Checksum.finish(Checksum.fold((long) ipv4Sum + ecn + total)));
        } else {
            Mem.putInt(to + ip, 0x6000_0000 | ecn << 20 | (hash & 0xfffff));
            Mem.putShort(to + ip + Ipv6.PAYLOAD_LENGTH, length - l4 + innerLength);
        }
        if (udp) {
            Mem.putShort(to + l4 + Udp.SOURCE_PORT, FlowHash.sourcePort(hash));
            Mem.putShort(to + l4 + Udp.LENGTH, UDP_AND_TUNNEL + innerLength);
        } else {
            tunnel.write(to + l4, hash);
        }
    }

    /**
     * Completes the UDP checksum of a header just written.
     *
     * @param innerSum the {@linkplain Checksum#sum sum} of the inner frame's bytes
     */
    public void writeChecksum(final long to, final int innerSum) {
        final long header = to + l4;
        final int headers = Checksum.sum(header, UDP_AND_TUNNEL);
        final long sum = (long) pseudoSum + Udp.length(header) + headers + innerSum;
        Udp.checksum(header, Checksum.finishUdp(Checksum.fold(sum)));
    }
}
