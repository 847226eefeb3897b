package io.weft.dataplane.underlay;

import io.weft.encap.Arp;
import io.weft.encap.Checksum;
import io.weft.encap.Ethernet;
import io.weft.encap.FrameParser;
import io.weft.encap.Icmp;
import io.weft.encap.IpAddress;
import io.weft.encap.Ipv4;
import io.weft.encap.Ipv6;
import io.weft.encap.Mem;
import io.weft.encap.ParsedFrame;

/**
 * Reads frames that are for the switch itself, in the conductor's own copy of them. All of it is hostile: every length is
 * checked before it is used, and nothing here changes anything but through {@link OwnStack}'s rules.
 *
 * <p>Owned by the conductor.
 */
final class OwnReceiver {
    private static final int ND_LENGTH = 24;
    private static final int ND_HOP_LIMIT = 255;
    private static final int ECHO_REQUEST_4 = 8;
    private static final int ECHO_REQUEST_6 = 128;
    private static final int UNREACHABLE = 3;
    private static final int FRAGMENTATION_NEEDED = 4;
    private static final int PACKET_TOO_BIG = 2;
    private static final int MLD_QUERY = 130;
    private static final int IGMP_QUERY = 0x11;
    private static final int ECHO_RATE = 100;
    private static final int ECHO_RESERVE = 50;
    private static final IpAddress ALL_NODES = IpAddress.v6(0xff02_0000_0000_0000L, 1);

    private final OwnAddresses own;
    private final OwnStack stack;
    private final OwnPackets packets;
    private final GroupReports groups;
    private final PathMtus paths;
    private final OwnCounters counters;
    private final ParsedFrame parsed = new ParsedFrame();
    private final TokenBucket echoes = new TokenBucket(ECHO_RATE, ECHO_RESERVE);

    OwnReceiver(
            final OwnAddresses own,
            final OwnStack stack,
            final OwnPackets packets,
            final GroupReports groups,
            final PathMtus paths,
            final OwnCounters counters) {
        this.own = own;
        this.stack = stack;
        this.packets = packets;
        this.groups = groups;
        this.paths = paths;
        this.counters = counters;
    }

    void receive(final long frame, final int length) {
        if (!FrameParser.parse(frame, length, length, parsed)
                || Ethernet.isMulticast(parsed.source)
                || parsed.source == 0) {
            counters.malformed++;
        } else if (parsed.etherType == Ethernet.TYPE_ARP) {
            arp(frame + parsed.payload, length - parsed.payload);
        } else if (parsed.l3 < 0 || parsed.flags != 0) {
            counters.malformed++;
        } else if (parsed.ipVersion == 4) {
            ipv4(frame);
        } else {
            ipv6(frame);
        }
    }

    // ARP (RFC 826; what is not believed: RFC 5227).

    private void arp(final long arp, final int length) {
        if (length < Arp.LENGTH || !Arp.isEthernetIpv4(arp)) {
            counters.malformed++;
            return;
        }
        final long mac = Arp.senderMac(arp);
        final IpAddress sender = IpAddress.v4(Arp.senderIp(arp));
        final IpAddress target = IpAddress.v4(Arp.targetIp(arp));
        // A header that names another than the message does is a proxy's at best: not believed.
        if (Ethernet.isMulticast(mac) || mac == 0 || mac != parsed.source) {
            counters.spoofed++;
            return;
        }
        if (own.isOwn(sender)) {
            if (mac != own.mac()) {
                stack.conflict(sender, mac);
            }
            return;
        }
        final boolean probe = sender.isUnspecified();
        if (!probe && !own.isNeighbor(sender)) {
            counters.offLink++;
            return;
        }
        final boolean toUs = own.isOwn(target);
        if (Arp.operation(arp) == Arp.REPLY) {
            stack.heard(sender, mac, toUs && Arp.targetMac(arp) == own.mac());
        } else if (Arp.operation(arp) == Arp.REQUEST) {
            if (toUs) {
                counters.answered++;
                packets.arp(Arp.REPLY, mac, target, mac, sender);
            }
            if (!probe) {
                stack.heard(sender, mac, false);
            }
        } else {
            counters.malformed++;
        }
    }

    // IPv4.

    private void ipv4(final long frame) {
        final long ip = frame + parsed.l3;
        final int header = parsed.ipHeaderLength;
        final long icmp = ip + header;
        final int length = parsed.ipEnd - parsed.l3 - header;
        if (length < Icmp.HEADER_LENGTH
                || !Checksum.isIpv4HeaderRight(ip, header)
                || !Checksum.isRight(Checksum.sum(icmp, length))) {
            counters.malformed++;
            return;
        }
        final IpAddress source = IpAddress.v4(Ipv4.source(ip));
        final IpAddress destination = IpAddress.v4(Ipv4.destination(ip));
        if (parsed.protocol == Ipv4.PROTOCOL_IGMP) {
            if (Icmp.type(icmp) == IGMP_QUERY && !own.isOwn(source)) {
                groups.query4(icmp, length, stack.nanoTime());
            } else {
                counters.notForUs++;
            }
            return;
        }
        if (isImpossible(source) || !own.isOwn(destination) || parsed.protocol != Ipv4.PROTOCOL_ICMP) {
            counters.notForUs++;
        } else if (Icmp.type(icmp) == ECHO_REQUEST_4 && Icmp.code(icmp) == 0) {
            echo(destination, source, icmp, length);
        } else if (Icmp.type(icmp) == UNREACHABLE && Icmp.code(icmp) == FRAGMENTATION_NEEDED) {
            paths.tooBig4(icmp, length, stack.nanoTime());
        } else {
            counters.notForUs++;
        }
    }

    private boolean isImpossible(final IpAddress source) {
        return source.isMulticast()
                || source.isUnspecified()
                || source.isLoopback()
                || own.isOwn(source)
                || (source.isIpv4() && source.lo() == 0xffff_ffffL);
    }

    private void echo(final IpAddress from, final IpAddress to, final long icmp, final int length) {
        if (Ethernet.isMulticast(parsed.destination)) {
            counters.notForUs++;
        } else if (!echoes.take(stack.nanoTime())) {
            counters.echoesLimited++;
        } else {
            counters.echoes++;
            packets.echo(parsed.source, from, to, icmp, length);
        }
    }

    // IPv6.

    private void ipv6(final long frame) {
        final long ip = frame + parsed.l3;
        final int length = parsed.l4 < 0 ? 0 : parsed.ipEnd - parsed.l4;
        final long icmp = frame + parsed.l4;
        if (parsed.protocol != Ipv6.NEXT_ICMP || length < Icmp.HEADER_LENGTH) {
            counters.malformed++;
            return;
        }
        final int sum = Checksum.add(Checksum.pseudoIpv6(ip, Ipv6.NEXT_ICMP, length), Checksum.sum(icmp, length));
        if (!Checksum.isRight(sum)) {
            counters.malformed++;
            return;
        }
        final IpAddress source = IpAddress.v6(Ipv6.sourceHigh(ip), Ipv6.sourceLow(ip));
        final IpAddress destination = IpAddress.v6(Ipv6.destinationHigh(ip), Ipv6.destinationLow(ip));
        final int type = Icmp.type(icmp);
        if (source.isMulticast() || source.isLoopback()) {
            counters.notForUs++;
        } else if (type == OwnPackets.NEIGHBOR_SOLICITATION || type == OwnPackets.NEIGHBOR_ADVERTISEMENT) {
            // RFC 4861, section 7.1: from this link, with code 0, whole.
            if (Ipv6.hopLimit(ip) != ND_HOP_LIMIT || Icmp.code(icmp) != 0 || length < ND_LENGTH) {
                counters.malformed++;
            } else if (type == OwnPackets.NEIGHBOR_SOLICITATION) {
                solicitation(icmp, length, source, destination);
            } else {
                advertisement(icmp, length, destination);
            }
        } else if (type == MLD_QUERY) {
            groups.query6(icmp, length, stack.nanoTime());
        } else if (isImpossible(source) || !own.isOwn(destination)) {
            counters.notForUs++;
        } else if (type == ECHO_REQUEST_6 && Icmp.code(icmp) == 0) {
            echo(destination, source, icmp, length);
        } else if (type == PACKET_TOO_BIG) {
            paths.tooBig6(icmp, length, stack.nanoTime());
        } else {
            counters.notForUs++;
        }
    }

    private void solicitation(final long icmp, final int length, final IpAddress source, final IpAddress destination) {
        final IpAddress target = IpAddress.v6(Mem.getLong(icmp + 8), Mem.getLong(icmp + 16));
        final long mac = option(icmp, length, OwnPackets.SOURCE_OPTION);
        final boolean probe = source.isUnspecified();
        if (target.isMulticast() || mac < 0 || (probe && (mac != 0 || !destination.isMulticast()))) {
            counters.malformed++;
            return;
        }
        if (own.isOwn(source)) {
            stack.conflict(source, parsed.source);
            return;
        }
        if (!own.isOwn(target)) {
            return;
        }
        if (!probe && !own.isNeighbor(source)) {
            counters.offLink++;
            return;
        }
        if (mac != 0 && mac != parsed.source) {
            counters.spoofed++;
            return;
        }
        counters.answered++;
        packets.neighbor(
                OwnPackets.NEIGHBOR_ADVERTISEMENT,
                probe ? Neighbors.groupMac(ALL_NODES) : parsed.source,
                target,
                probe ? ALL_NODES : source,
                probe ? OwnPackets.OVERRIDE : OwnPackets.OVERRIDE | OwnPackets.SOLICITED,
                target,
                OwnPackets.TARGET_OPTION);
        if (!probe && mac != 0) {
            stack.heard(source, mac, false);
        }
    }

    private void advertisement(final long icmp, final int length, final IpAddress destination) {
        final IpAddress target = IpAddress.v6(Mem.getLong(icmp + 8), Mem.getLong(icmp + 16));
        final boolean solicited = (Mem.getInt(icmp + 4) & OwnPackets.SOLICITED) != 0;
        final long option = option(icmp, length, OwnPackets.TARGET_OPTION);
        if (target.isMulticast() || option < 0 || (solicited && destination.isMulticast())) {
            counters.malformed++;
            return;
        }
        // An answer to a question that was asked of it alone may leave the option out (RFC 4861, section 4.4).
        final long mac = option == 0 ? parsed.source : option;
        if (own.isOwn(target)) {
            if (mac != own.mac()) {
                stack.conflict(target, mac);
            }
        } else if (Ethernet.isMulticast(mac) || mac != parsed.source) {
            counters.spoofed++;
        } else if (!own.isNeighbor(target)) {
            counters.offLink++;
        } else {
            stack.heard(target, mac, solicited && own.isOwn(destination));
        }
    }

    /** MAC in an option, 0 without it; -1 where an option has no length or goes beyond the end (RFC 4861, section 4.6). */
    private static long option(final long icmp, final int length, final int wanted) {
        long mac = 0;
        int at = ND_LENGTH;
        while (at < length) {
            if (length - at < 8) {
                return -1;
            }
            final int units = Mem.getByte(icmp + at + 1);
            if (units == 0 || 8 * units > length - at) {
                return -1;
            }
            if (Mem.getByte(icmp + at) == wanted && units == 1) {
                mac = Ethernet.getMac(icmp + at + 2);
            }
            at += 8 * units;
        }
        return mac;
    }
}
