package io.weft.dataplane.capture;

import io.weft.dataplane.Burst;
import io.weft.encap.Arp;
import io.weft.encap.Encapsulation;
import io.weft.encap.Ethernet;
import io.weft.encap.FrameParser;
import io.weft.encap.Geneve;
import io.weft.encap.Icmp;
import io.weft.encap.IpAddress;
import io.weft.encap.Ipv4;
import io.weft.encap.Ipv6;
import io.weft.encap.MacAddress;
import io.weft.encap.Mem;
import io.weft.encap.Nvgre;
import io.weft.encap.ParsedFrame;
import io.weft.encap.Tcp;
import io.weft.encap.Udp;
import io.weft.encap.Vlan;
import io.weft.encap.Vxlan;

/**
 * A frame in a line of text, as the switch's own codecs read it: addresses, tags, IP, ports, and what is inside a tunnel.
 *
 * <p>Owned by one thread.
 */
public final class FrameText {
    private static final int MAX_TUNNELS = 2;
    private static final int ICMP_ECHO_REPLY = 0;
    private static final int ICMP_ECHO = 8;
    private static final int ICMP6_ECHO = 128;
    private static final int ICMP6_ECHO_REPLY = 129;
    private static final int ICMP6_SOLICITATION = 135;
    private static final int ICMP6_ADVERTISEMENT = 136;

    private final long memory = Mem.allocate(Burst.MAX_FRAME + 256L, 8);
    private final ParsedFrame parsed = new ParsedFrame();
    private StringBuilder text;
    private long frame;
    private int captured;

    /** @param length of the whole frame, of which {@code captured} bytes are there */
    public String of(final byte[] bytes, final int captured, final int length) {
        text = new StringBuilder(160);
        final int count = Math.min(captured, Burst.MAX_FRAME);
        Mem.copy(bytes, 0, memory, count);
        frame(memory, count, length, 0);
        text.append(", length ").append(length);
        return text.toString();
    }

    private void frame(final long at, final int count, final int length, final int depth) {
        frame = at;
        captured = count;
        if (!FrameParser.parse(at, count, Math.max(count, length), parsed)) {
            text.append("too short to be a frame");
            return;
        }
        text.append(MacAddress.format(parsed.source)).append(" > ");
        text.append(MacAddress.format(parsed.destination));
        if (parsed.tags > 0) {
            text.append(" vlan ").append(Vlan.vid(parsed.outerTci));
        }
        if (parsed.tags > 1) {
            text.append(" vlan ").append(Vlan.vid(parsed.innerTci));
        }
        text.append(' ');
        if (parsed.isIp()) {
            ip(depth, length);
        } else if (parsed.etherType == Ethernet.TYPE_ARP && has(parsed.payload, Arp.LENGTH)) {
            arp(at + parsed.payload);
        } else if (parsed.etherType == Ethernet.TYPE_RARP) {
            text.append("RARP");
        } else if (parsed.etherType < Ethernet.MIN_TYPE) {
            text.append("802.3");
        } else {
            text.append(String.format("ethertype 0x%04x", parsed.etherType));
        }
    }

    private boolean has(final int from, final int bytes) {
        return from >= 0 && captured - from >= bytes;
    }

    private void arp(final long arp) {
        if (!Arp.isEthernetIpv4(arp)) {
            text.append("ARP");
        } else if (Arp.operation(arp) == Arp.REQUEST) {
            text.append("ARP who has ").append(IpAddress.v4(Arp.targetIp(arp)));
            text.append(" tell ").append(IpAddress.v4(Arp.senderIp(arp)));
        } else {
            text.append("ARP ").append(IpAddress.v4(Arp.senderIp(arp)));
            text.append(" is at ").append(MacAddress.format(Arp.senderMac(arp)));
        }
    }

    private void ip(final int depth, final int length) {
        final long ip = frame + parsed.l3;
        final boolean ports = parsed.l4 >= 0 && (parsed.sourcePort | parsed.destinationPort) != 0;
        text.append(source(ip));
        if (ports) {
            text.append('.').append(parsed.sourcePort);
        }
        text.append(" > ").append(destination(ip));
        if (ports) {
            text.append('.').append(parsed.destinationPort);
        }
        text.append(": ");
        if (parsed.isLaterFragment()) {
            text.append("later fragment of ").append(name(parsed.protocol));
        } else {
            transport(depth, length);
            if (parsed.isFragment()) {
                text.append(", first fragment");
            }
        }
    }

    private IpAddress source(final long ip) {
        return parsed.ipVersion == 4
                ? IpAddress.v4(Ipv4.source(ip))
                : IpAddress.v6(Ipv6.sourceHigh(ip), Ipv6.sourceLow(ip));
    }

    private IpAddress destination(final long ip) {
        return parsed.ipVersion == 4
                ? IpAddress.v4(Ipv4.destination(ip))
                : IpAddress.v6(Ipv6.destinationHigh(ip), Ipv6.destinationLow(ip));
    }

    private void transport(final int depth, final int length) {
        final long l4 = frame + parsed.l4;
        switch (parsed.protocol) {
            case Ipv4.PROTOCOL_TCP -> {
                text.append("TCP");
                if (has(parsed.l4, Tcp.MIN_HEADER_LENGTH)) {
                    tcp(l4);
                }
            }
            case Ipv4.PROTOCOL_UDP -> {
                text.append("UDP");
                if (has(parsed.l4, Udp.HEADER_LENGTH) && depth < MAX_TUNNELS) {
                    udpTunnel(parsed.l4 + Udp.HEADER_LENGTH, parsed.destinationPort, depth, length);
                }
            }
            case Ipv4.PROTOCOL_GRE -> gre(depth, length);
            case Ipv4.PROTOCOL_ICMP, Ipv6.NEXT_ICMP -> icmp(l4);
            default -> text.append(name(parsed.protocol));
        }
    }

    private static String name(final int protocol) {
        return switch (protocol) {
            case Ipv4.PROTOCOL_ICMP -> "ICMP";
            case Ipv4.PROTOCOL_IGMP -> "IGMP";
            case Ipv4.PROTOCOL_TCP -> "TCP";
            case Ipv4.PROTOCOL_UDP -> "UDP";
            case Ipv4.PROTOCOL_GRE -> "GRE";
            case Ipv4.PROTOCOL_SCTP -> "SCTP";
            case Ipv6.NEXT_ICMP -> "ICMPv6";
            default -> "protocol " + protocol;
        };
    }

    private void tcp(final long tcp) {
        final int flags = Tcp.flags(tcp);
        text.append(' ');
        flag(flags, Tcp.SYN, 'S');
        flag(flags, Tcp.FIN, 'F');
        flag(flags, Tcp.RST, 'R');
        flag(flags, Tcp.PSH, 'P');
        flag(flags, Tcp.ACK, '.');
        text.append(" seq ").append(Tcp.sequence(tcp) & 0xffff_ffffL);
        if ((flags & Tcp.ACK) != 0) {
            text.append(" ack ").append(Tcp.acknowledgment(tcp) & 0xffff_ffffL);
        }
        text.append(" win ").append(Tcp.window(tcp));
        final int data = parsed.ipEnd - parsed.l4 - Tcp.headerLength(tcp);
        text.append(" data ").append(Math.max(0, data));
    }

    private void flag(final int flags, final int bit, final char letter) {
        if ((flags & bit) != 0) {
            text.append(letter);
        }
    }

    private void icmp(final long icmp) {
        final boolean six = parsed.protocol == Ipv6.NEXT_ICMP;
        text.append(six ? "ICMPv6" : "ICMP");
        if (!has(parsed.l4, Icmp.HEADER_LENGTH)) {
            return;
        }
        final int type = Icmp.type(icmp);
        if (type == (six ? ICMP6_ECHO : ICMP_ECHO) || type == (six ? ICMP6_ECHO_REPLY : ICMP_ECHO_REPLY)) {
            text.append(type == ICMP_ECHO || type == ICMP6_ECHO ? " echo request" : " echo reply");
            text.append(" id ").append(Icmp.identifier(icmp)).append(" seq ").append(Icmp.sequence(icmp));
        } else if (six && type == ICMP6_SOLICITATION) {
            text.append(" neighbor solicitation");
        } else if (six && type == ICMP6_ADVERTISEMENT) {
            text.append(" neighbor advertisement");
        } else {
            text.append(" type ").append(type).append(" code ").append(Icmp.code(icmp));
        }
    }

    private void udpTunnel(final int at, final int port, final int depth, final int length) {
        final long header = frame + at;
        if (port == Geneve.PORT && has(at, Geneve.MIN_HEADER_LENGTH)) {
            final int bytes = Geneve.headerLength(header);
            if (Geneve.check(header, captured - at) == Geneve.OK) {
                inner(Encapsulation.GENEVE, Geneve.vni(header), at + bytes, depth, length);
            }
        } else if ((port == Vxlan.PORT || port == 8472) && has(at, Vxlan.HEADER_LENGTH) && Vxlan.hasVni(header)) {
            inner(Encapsulation.VXLAN, Vxlan.vni(header), at + Vxlan.HEADER_LENGTH, depth, length);
        }
    }

    private void gre(final int depth, final int length) {
        text.append("GRE");
        final int at = parsed.l3 + parsed.ipHeaderLength;
        final boolean nvgre = has(at, Nvgre.HEADER_LENGTH) && Nvgre.isNvgre(Mem.getInt(frame + at));
        if (nvgre && depth < MAX_TUNNELS) {
            inner(Encapsulation.NVGRE, Nvgre.vsid(frame + at), at + Nvgre.HEADER_LENGTH, depth, length);
        }
    }

    private void inner(
            final Encapsulation encapsulation, final int vni, final int at, final int depth, final int length) {
        text.append(' ')
                .append(encapsulation.label())
                .append(" vni ")
                .append(vni)
                .append(" | ");
        frame(frame + at, captured - at, length - at, depth + 1);
    }
}
