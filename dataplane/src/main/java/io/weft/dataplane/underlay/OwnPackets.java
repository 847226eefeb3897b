package io.weft.dataplane.underlay;

import io.weft.encap.Arp;
import io.weft.encap.Checksum;
import io.weft.encap.Ethernet;
import io.weft.encap.Icmp;
import io.weft.encap.IpAddress;
import io.weft.encap.Ipv4;
import io.weft.encap.Ipv6;
import io.weft.encap.Mem;
import io.weft.encap.Vlan;

/**
 * Builds the frames that the switch itself has to say on its underlay, in memory of its own, and sends them.
 *
 * <p>Owned by the conductor.
 */
final class OwnPackets {
    static final int NEIGHBOR_SOLICITATION = 135;
    static final int NEIGHBOR_ADVERTISEMENT = 136;
    /** Flags of an advertisement (RFC 4861, section 4.4). */
    static final int SOLICITED = 0x4000_0000;

    static final int OVERRIDE = 0x2000_0000;
    static final int SOURCE_OPTION = 1;
    static final int TARGET_OPTION = 2;
    private static final int ND_LENGTH = 24;
    private static final int ND_OPTION = 8;
    private static final int ND_HOP_LIMIT = 255;
    private static final int TTL = 64;
    /** The precedence that Linux gives ICMP errors and reports; routers treat it as network control. */
    private static final int CLASS = 0xc0;

    private static final int ROUTER_ALERT = 0x9404_0000;

    private final long memory = Mem.allocate(PuntRing.MAX_FRAME + 64, 64);
    private final long mac;
    private final int vlan;
    private final OwnSender sender;
    private int at;

    /** @param vlan tag of all frames, or 0 for none */
    OwnPackets(final long mac, final int vlan, final OwnSender sender) {
        this.mac = mac;
        this.vlan = vlan;
        this.sender = sender;
    }

    private void begin(final long destination, final int type) {
        Ethernet.destination(memory, destination);
        Ethernet.source(memory, mac);
        at = Ethernet.HEADER_LENGTH;
        if (vlan > 0) {
            Mem.putShort(memory + 12, Vlan.TPID_CUSTOMER);
            Mem.putShort(memory + 14, vlan);
            at += Vlan.TAG_LENGTH;
        }
        Mem.putShort(memory + at - 2, type);
    }

    private boolean send() {
        final int length = Math.max(at, Ethernet.MIN_FRAME_LENGTH);
        Mem.fill(memory + at, length - at, 0);
        return sender.send(memory, length);
    }

    boolean arp(
            final int operation,
            final long destination,
            final IpAddress ours,
            final long targetMac,
            final IpAddress theirs) {
        begin(destination, Ethernet.TYPE_ARP);
        Arp.write(memory + at, operation, mac, (int) ours.lo(), targetMac, (int) theirs.lo());
        at += Arp.LENGTH;
        return send();
    }

    /** Asks for a neighbour's MAC; {@code destination} is 0 for all that may be it. */
    boolean solicit(final IpAddress own, final IpAddress target, final long destination) {
        if (target.isIpv4()) {
            return arp(Arp.REQUEST, destination == 0 ? Ethernet.BROADCAST : destination, own, 0, target);
        }
        final IpAddress group = solicitedNode(target);
        return neighbor(
                NEIGHBOR_SOLICITATION,
                destination == 0 ? Neighbors.groupMac(group) : destination,
                own,
                destination == 0 ? group : target,
                0,
                target,
                SOURCE_OPTION);
    }

    /** Group that a neighbour with this address listens to (RFC 4291, section 2.7.1). */
    static IpAddress solicitedNode(final IpAddress target) {
        return IpAddress.v6(0xff02_0000_0000_0000L, 0x1_ff00_0000L | (target.lo() & 0xff_ffffL));
    }

    /** A solicitation or advertisement with this host's MAC as its option. */
    boolean neighbor(
            final int type,
            final long destinationMac,
            final IpAddress source,
            final IpAddress destination,
            final int flags,
            final IpAddress target,
            final int option) {
        begin(destinationMac, Ethernet.TYPE_IPV6);
        final int length = ND_LENGTH + ND_OPTION;
        final long icmp = ipv6(source, destination, Ipv6.NEXT_ICMP, ND_HOP_LIMIT, 0, length);
        Mem.putInt(icmp, type << 24);
        Mem.putInt(icmp + 4, flags);
        target.write(icmp + 8);
        Mem.putByte(icmp + ND_LENGTH, option);
        Mem.putByte(icmp + ND_LENGTH + 1, 1);
        Ethernet.putMac(icmp + ND_LENGTH + 2, mac);
        checksum6(icmp, length);
        return send();
    }

    /** Answers an echo: the request's message again, with the type of the reply. */
    boolean echo(
            final long destinationMac,
            final IpAddress source,
            final IpAddress destination,
            final long request,
            final int length) {
        final boolean four = source.isIpv4();
        begin(destinationMac, four ? Ethernet.TYPE_IPV4 : Ethernet.TYPE_IPV6);
        final long icmp = four
                ? ipv4(source, destination, Ipv4.PROTOCOL_ICMP, TTL, 0, length)
                : ipv6(source, destination, Ipv6.NEXT_ICMP, TTL, 0, length);
        Mem.copy(request, icmp, length);
        Mem.putShort(icmp, four ? 0 : 129 << 8);
        Icmp.checksum(icmp, 0);
        if (four) {
            Icmp.checksum(icmp, Checksum.finish(Checksum.sum(icmp, length)));
        } else {
            checksum6(icmp, length);
        }
        return send();
    }

    /** An IGMP message of these words, whose checksum is filled in, with the router alert option (RFC 2113). */
    boolean igmp(final IpAddress source, final IpAddress destination, final int... words) {
        begin(Neighbors.groupMac(destination), Ethernet.TYPE_IPV4);
        final int length = 4 * words.length;
        final long igmp = ipv4(source, destination, Ipv4.PROTOCOL_IGMP, 1, ROUTER_ALERT, length);
        putWords(igmp, words);
        Icmp.checksum(igmp, Checksum.finish(Checksum.sum(igmp, length)));
        return send();
    }

    /** An MLD message of these words, whose checksum is filled in, with the router alert option (RFC 2711). */
    boolean mld(final IpAddress source, final IpAddress destination, final int... words) {
        begin(Neighbors.groupMac(destination), Ethernet.TYPE_IPV6);
        final int length = 4 * words.length;
        final long icmp = ipv6(source, destination, Ipv6.NEXT_ICMP, 1, 8, length);
        putWords(icmp, words);
        checksum6(icmp, length);
        return send();
    }

    private static void putWords(final long to, final int... words) {
        for (int i = 0; i < words.length; i++) {
            Mem.putInt(to + 4L * i, words[i]);
        }
    }

    /** Writes an IPv4 header for a payload and returns where that goes. */
    private long ipv4(
            final IpAddress source,
            final IpAddress destination,
            final int protocol,
            final int ttl,
            final int option,
            final int payload) {
        final int header = Ipv4.MIN_HEADER_LENGTH + (option == 0 ? 0 : 4);
        final long ip = memory + at;
        Mem.putInt(ip, 0x4000_0000 | (header / 4) << 24 | (option == 0 ? 0 : CLASS << 16) | (header + payload));
        Mem.putInt(ip + 4, Ipv4.DONT_FRAGMENT);
        Mem.putInt(ip + 8, ttl << 24 | protocol << 16);
        source.write(ip + Ipv4.SOURCE);
        destination.write(ip + Ipv4.DESTINATION);
        if (option != 0) {
            Mem.putInt(ip + Ipv4.MIN_HEADER_LENGTH, option);
        }
        Ipv4.checksum(ip, Checksum.ipv4Header(ip, header));
        at += header + payload;
        return ip + header;
    }

    /** The same for IPv6; {@code options} is 8 for a hop-by-hop header with the router alert, or 0. */
    private long ipv6(
            final IpAddress source,
            final IpAddress destination,
            final int next,
            final int hopLimit,
            final int options,
            final int payload) {
        final long ip = memory + at;
        Mem.putInt(ip, 0x6000_0000);
        Mem.putInt(ip + 4, (options + payload) << 16 | (options == 0 ? next : Ipv6.NEXT_HOP_BY_HOP) << 8 | hopLimit);
        source.write(ip + Ipv6.SOURCE);
        destination.write(ip + Ipv6.DESTINATION);
        if (options != 0) {
            // Next header, length 0 (8 bytes), router alert 0 for MLD, PadN of two.
            Mem.putLong(ip + Ipv6.HEADER_LENGTH, (long) next << 56 | 0x05_0200_0001_00L);
        }
        at += Ipv6.HEADER_LENGTH + options + payload;
        return ip + Ipv6.HEADER_LENGTH + options;
    }

    /** Fills in the checksum of an ICMPv6 message, which ends the packet. */
    private void checksum6(final long icmp, final int length) {
        final long ip = memory + Ethernet.HEADER_LENGTH + (vlan > 0 ? Vlan.TAG_LENGTH : 0);
        Icmp.checksum(icmp, 0);
        final int pseudo = Checksum.pseudoIpv6(ip, Ipv6.NEXT_ICMP, length);
        Icmp.checksum(icmp, Checksum.finish(Checksum.add(pseudo, Checksum.sum(icmp, length))));
    }
}
