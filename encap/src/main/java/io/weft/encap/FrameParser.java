package io.weft.encap;

/**
 * Finds the headers of an Ethernet frame in one pass: tags, IP, IPv6 extension headers, transport. A switch forwards
 * any payload, so nothing here is an error: what cannot be read is flagged and left out.
 */
public final class FrameParser {
    /** Tags that are passed over; a further one stays in {@link ParsedFrame#etherType}. */
    public static final int MAX_TAGS = 4;

    /** IPv6 extension headers that are passed over. */
    public static final int MAX_EXTENSIONS = 8;

    private FrameParser() {}

    /**
     * Parses a frame.
     *
     * @param address of the frame's first byte
     * @param available bytes that can be read there; none at or after {@code address + available} is read
     * @param length of the whole frame in bytes; the rest of a large frame's payload may lie elsewhere
     * @param out is overwritten
     * @return false for less than an Ethernet header, tags included: such a frame is not to be forwarded, since whether it
     *     is tagged would depend on who reads it
     */
    public static boolean parse(final long address, final int available, final int length, final ParsedFrame out) {
        if (!link(address, available, length, out)) {
            return false;
        }
        network(address, available, out);
        return true;
    }

    /**
     * The first half of {@link #parse}: addresses, tags and type. All that a switch needs of most frames.
     *
     * @param out its fields up to {@link ParsedFrame#payload}, and {@link ParsedFrame#flags}, are overwritten
     * @return as {@link #parse}
     */
    public static boolean link(final long address, final int available, final int length, final ParsedFrame out) {
        final int readable = Math.min(available, length);
        out.length = length;
        out.flags = 0;
        if (readable < Ethernet.HEADER_LENGTH) {
            out.runt();
            return false;
        }
        final long first = Mem.getLong(address);
        out.destination = first >>> 16;
        out.source = (first & 0xffff) << 32 | (Mem.getInt(address + 8) & 0xffff_ffffL);
        final int type = Ethernet.type(address);
        if (Vlan.isTpid(type)) {
            return tagged(address, readable, type, out);
        }
        out.tags = 0;
        out.outerTpid = 0;
        out.outerTci = 0;
        out.innerTci = 0;
        out.etherType = type;
        out.payload = Ethernet.HEADER_LENGTH;
        return true;
    }

    private static boolean tagged(final long address, final int readable, final int tpid, final ParsedFrame out) {
        out.innerTci = 0;
        final int at = tags(address, readable, tpid, out);
        if (at > readable) {
            out.runt();
            return false;
        }
        out.etherType = Mem.getShort(address + at - 2);
        out.payload = at;
        return true;
    }

    /**
     * The second half: IP and transport, after {@link #link} of the same frame.
     *
     * @param out the other fields are overwritten
     */
    public static void network(final long address, final int available, final ParsedFrame out) {
        out.resetNetwork();
        final int readable = Math.min(available, out.length);
        if (out.etherType == Ethernet.TYPE_IPV4) {
            ipv4(address, out.payload, readable, out);
        } else if (out.etherType == Ethernet.TYPE_IPV6) {
            ipv6(address, out.payload, readable, out);
        }
    }

    /** Returns the offset of what follows the tags, beyond what is readable when one is cut; the type stands before it. */
    private static int tags(final long address, final int readable, final int tpid, final ParsedFrame out) {
        int at = Ethernet.HEADER_LENGTH;
        int type = tpid;
        int tags = 0;
        while (tags < MAX_TAGS && Vlan.isTpid(type)) {
            if (readable - at < Vlan.TAG_LENGTH) {
                return at + Vlan.TAG_LENGTH;
            }
            final int tci = Mem.getShort(address + at);
            if (tags == 0) {
                out.outerTpid = tpid;
                out.outerTci = tci;
            } else if (tags == 1) {
                out.innerTci = tci;
            }
            type = Mem.getShort(address + at + 2);
            at += Vlan.TAG_LENGTH;
            tags++;
        }
        out.tags = tags;
        return at;
    }

    private static void ipv4(final long address, final int l3, final int readable, final ParsedFrame out) {
        if (readable - l3 < Ipv4.MIN_HEADER_LENGTH) {
            out.flags = ParsedFrame.MALFORMED;
            return;
        }
        final long first = Mem.getLong(address + l3);
        final int headerLength = (int) (first >>> 54) & 0x3c;
        final int total = (int) (first >>> 32) & 0xffff;
        // A total length of 0 stands for a packet too long for the field.
        if (first >>> 60 != 4
                || headerLength < Ipv4.MIN_HEADER_LENGTH
                || headerLength > readable - l3
                || (total != 0 && total < headerLength)) {
            out.flags = ParsedFrame.MALFORMED;
            return;
        }
        final int protocol = Mem.getByte(address + l3 + Ipv4.PROTOCOL);
        out.ipVersion = 4;
        out.l3 = l3;
        out.ipHeaderLength = headerLength;
        out.ecn = (int) (first >>> 48) & 3;
        out.protocol = protocol;
        out.flowProtocol = protocol;
        end(l3, total, out);
        final int fragment = (int) first;
        if ((fragment & (Ipv4.MORE_FRAGMENTS | Ipv4.OFFSET_MASK)) != 0) {
            out.flags |= ParsedFrame.FRAGMENT;
            if ((fragment & Ipv4.OFFSET_MASK) != 0) {
                out.flags |= ParsedFrame.LATER_FRAGMENT;
                return;
            }
        }
        transport(address, l3 + headerLength, Math.min(readable, out.ipEnd), protocol, out);
    }

    private static void ipv6(final long address, final int l3, final int readable, final ParsedFrame out) {
        if (readable - l3 < Ipv6.HEADER_LENGTH) {
            out.flags = ParsedFrame.MALFORMED;
            return;
        }
        final long first = Mem.getLong(address + l3);
        if (first >>> 60 != 6) {
            out.flags = ParsedFrame.MALFORMED;
            return;
        }
        final int payloadLength = (int) (first >>> 16) & 0xffff;
        final int next = (int) (first >>> 8) & 0xff;
        out.ipVersion = 6;
        out.l3 = l3;
        out.ipHeaderLength = Ipv6.HEADER_LENGTH;
        out.ecn = (int) (first >>> 52) & 3;
        out.protocol = next;
        out.flowProtocol = next;
        // Nothing after the header is said by "no next header"; else a length of 0 stands for a longer packet.
        final boolean hasLength = payloadLength != 0 || next == Ipv6.NEXT_NONE;
        end(l3, hasLength ? Ipv6.HEADER_LENGTH + payloadLength : 0, out);
        final int limit = Math.min(readable, out.ipEnd);
        final int l4 = l3 + Ipv6.HEADER_LENGTH;
        if (next == Ipv4.PROTOCOL_TCP || next == Ipv4.PROTOCOL_UDP) {
            transport(address, l4, limit, next, out);
        } else {
            extensions(address, l4, limit, next, out);
        }
    }

    /** Notes where the IP packet ends; {@code total} is its length with the header, or 0 if it says none. */
    private static void end(final int l3, final int total, final ParsedFrame out) {
        if (total == 0) {
            out.flags = ParsedFrame.BIG_TCP;
            out.ipEnd = out.length;
        } else if (total > out.length - l3) {
            out.flags = ParsedFrame.TRUNCATED;
            out.ipEnd = out.length;
        } else {
            out.ipEnd = l3 + total;
        }
    }

    /** RFC 8200, section 4: a chain of headers, each naming the next, here of at most {@link #MAX_EXTENSIONS}. */
    private static void extensions(
            final long address, final int start, final int limit, final int first, final ParsedFrame out) {
        int at = start;
        int next = first;
        for (int budget = MAX_EXTENSIONS; isExtension(next); budget--) {
            // Each of them has eight bytes at least.
            if (budget == 0 || limit - at < 8) {
                out.flags |= ParsedFrame.EXTENSIONS_CUT;
                return;
            }
            final long header = address + at;
            final int kind = next;
            final int units = Mem.getByte(header + Ipv6.EXTENSION_LENGTH);
            next = Mem.getByte(header + Ipv6.EXTENSION_NEXT);
            out.protocol = next;
            if (kind == Ipv6.NEXT_FRAGMENT) {
                if (fragment(header, next, out)) {
                    return;
                }
                at += Ipv6.FRAGMENT_HEADER_LENGTH;
            } else if (kind == Ipv6.NEXT_AUTHENTICATION) {
                out.flags |= ParsedFrame.AUTHENTICATED;
                at += (units + 2) << 2;
            } else {
                if (kind == Ipv6.NEXT_ROUTING && Mem.getByte(header + Ipv6.ROUTING_SEGMENTS_LEFT) != 0) {
                    out.flags |= ParsedFrame.ROUTED;
                }
                at += (units + 1) << 3;
            }
        }
        if (!out.isFragment()) {
            out.flowProtocol = next;
        }
        transport(address, at, limit, next, out);
    }

    /** Whether an IPv6 next header is one that {@link #parse} passes over. */
    public static boolean isExtension(final int next) {
        return switch (next) {
            case Ipv6.NEXT_HOP_BY_HOP,
                    Ipv6.NEXT_ROUTING,
                    Ipv6.NEXT_FRAGMENT,
                    Ipv6.NEXT_AUTHENTICATION,
                    Ipv6.NEXT_DESTINATION -> true;
            default -> false;
        };
    }

    /**
     * Returns true for a fragment other than the first. A fragment header around a whole datagram makes no fragment (RFC
     * 6946). What follows the header is only in the first fragment: all share no more than the header's own next header.
     */
    private static boolean fragment(final long header, final int next, final ParsedFrame out) {
        final int word = Mem.getShort(header + Ipv6.FRAGMENT_OFFSET);
        if ((word & (Ipv6.FRAGMENT_OFFSET_MASK | Ipv6.MORE_FRAGMENTS)) == 0) {
            return false;
        }
        out.flags |= ParsedFrame.FRAGMENT;
        out.flowProtocol = next;
        if ((word & Ipv6.FRAGMENT_OFFSET_MASK) == 0) {
            return false;
        }
        out.flags |= ParsedFrame.LATER_FRAGMENT;
        return true;
    }

    private static void transport(
            final long address, final int l4, final int limit, final int protocol, final ParsedFrame out) {
        final int fixed;
        boolean ports = true;
        switch (protocol) {
            case Ipv4.PROTOCOL_TCP -> fixed = Tcp.MIN_HEADER_LENGTH;
            case Ipv4.PROTOCOL_UDP, Ipv4.PROTOCOL_UDPLITE -> fixed = Udp.HEADER_LENGTH;
            case Ipv4.PROTOCOL_SCTP, Ipv4.PROTOCOL_DCCP -> fixed = 12;
            case Ipv4.PROTOCOL_ICMP, Ipv6.NEXT_ICMP -> {
                fixed = Icmp.HEADER_LENGTH;
                ports = false;
            }
            case Ipv4.PROTOCOL_GRE -> {
                fixed = Gre.MIN_HEADER_LENGTH;
                ports = false;
            }
            case Ipv6.NEXT_NONE -> {
                return;
            }
            default -> {
                fixed = 0;
                ports = false;
            }
        }
        if (limit - l4 < fixed) {
            return;
        }
        out.l4 = l4;
        if (ports) {
            final int both = Mem.getInt(address + l4);
            out.sourcePort = both >>> 16;
            out.destinationPort = both & 0xffff;
        }
    }
}
