package io.weft.dataplane.model;

import static io.weft.dataplane.TestFrames.concat;
import static io.weft.dataplane.TestFrames.ethernet;
import static io.weft.dataplane.TestFrames.putU16;
import static io.weft.dataplane.TestFrames.slice;
import static io.weft.dataplane.TestFrames.u16;
import static io.weft.dataplane.TestFrames.u24;
import static io.weft.dataplane.TestFrames.u8;

import io.weft.dataplane.DropReason;
import io.weft.dataplane.api.NetworkSpec;
import io.weft.dataplane.api.NetworkSpec.UdpChecksum;
import io.weft.encap.Encapsulation;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;

/** The underlay of the model: what a host does with IP packets, and the three tunnel headers, byte by byte. */
final class Wire {
    static final HexFormat HEX = HexFormat.of();
    static final long OWN_MAC = 0x02000000aa01L;
    static final byte[] OWN4 = HEX.parseHex("0a010001");
    static final byte[] OWN6 = HEX.parseHex("fd000001000000000000000000000001");
    static final int MTU = 1600;
    /** One neighbour that the configuration fixes; those of all others are made of their addresses. */
    static final String FIXED = "0a020002";

    static final long FIXED_MAC = 0x02000000bb02L;

    private Wire() {}

    /** What the host found: a reason to drop, or the tunnel's payload and where it came from. */
    @SuppressWarnings("ArrayRecordComponent") // compared nowhere
    record Received(
            DropReason reason,
            boolean gre,
            int port,
            String from,
            boolean six,
            boolean unchecked,
            int ecn,
            byte[] payload) {
        static Received dropped(final DropReason reason) {
            return new Received(reason, false, 0, null, false, false, 0, null);
        }
    }

    /**
     * RFC 1122 and RFC 8200 for a host that terminates tunnels.
     *
     * @param groups joined, hexadecimal
     * @param udp ports that are listened on
     */
    static Received receive(
            final byte[] bytes,
            final java.util.Set<String> groups,
            final Map<Integer, Encapsulation> udp,
            final boolean gre) {
        final Headers h = new Headers(bytes);
        if (h.runt || h.malformed) {
            return Received.dropped(DropReason.OUTER_MALFORMED);
        }
        if (h.version == 0) {
            return Received.dropped(DropReason.OUTER_NOT_IP);
        }
        if (h.version == 4 && !Sums.isHeaderRight(bytes, h.ip, h.ipHeader)) {
            return Received.dropped(DropReason.OUTER_BAD_CHECKSUM);
        }
        if (h.noLength || h.truncated || h.badExtensions) {
            return Received.dropped(DropReason.OUTER_MALFORMED);
        }
        if (h.fragment) {
            return Received.dropped(DropReason.OUTER_FRAGMENT);
        }
        final boolean isUdp = h.protocol == 17;
        if (h.tags.size() > 1 || (!isUdp && h.protocol != 47)) {
            return Received.dropped(DropReason.NOT_A_TUNNEL);
        }
        if (h.l4 < 0) {
            return Received.dropped(DropReason.OUTER_MALFORMED);
        }
        int end = h.ipEnd;
        boolean unchecked = false;
        if (isUdp) {
            final int length = u16(bytes, h.l4 + 4);
            if (length < 8 || length > h.ipEnd - h.l4) {
                return Received.dropped(DropReason.OUTER_MALFORMED);
            }
            unchecked = u16(bytes, h.l4 + 6) == 0;
            if (!unchecked && Sums.transport(bytes, h.ip, h.version, 17, h.l4, length) != 0xffff) {
                return Received.dropped(DropReason.OUTER_BAD_CHECKSUM);
            }
            end = h.l4 + length;
        }
        final int size = h.version == 4 ? 4 : 16;
        final int addresses = h.ip + (h.version == 4 ? 12 : 8);
        final byte[] from = Arrays.copyOfRange(bytes, addresses, addresses + size);
        final byte[] to = Arrays.copyOfRange(bytes, addresses + size, addresses + 2 * size);
        if ((h.destination != OWN_MAC && !Headers.isGroup(h.destination))
                || (!isOwn(to) && !groups.contains(hex(to)))) {
            return Received.dropped(DropReason.NOT_FOR_US);
        }
        if (isUdp ? !udp.containsKey(h.destinationPort) : !gre) {
            return Received.dropped(DropReason.NOT_A_TUNNEL);
        }
        if (isNobody(from) || groups.contains(hex(from))) {
            return Received.dropped(DropReason.OUTER_MALFORMED);
        }
        return new Received(
                DropReason.NONE,
                !isUdp,
                isUdp ? h.destinationPort : 0,
                hex(from),
                h.version == 6,
                unchecked && h.version == 6,
                h.ecn(),
                Arrays.copyOfRange(bytes, h.l4 + (isUdp ? 8 : 0), end));
    }

    static String hex(final byte[] address) {
        return HEX.formatHex(address);
    }

    private static boolean isOwn(final byte[] address) {
        return Arrays.equals(address, OWN4) || Arrays.equals(address, OWN6);
    }

    /** Nobody sends from our addresses, from a group, from nowhere, or from an IPv4 address in IPv6's clothes. */
    private static boolean isNobody(final byte[] address) {
        final boolean group = address.length == 4 ? u8(address, 0) >= 0xe0 : u8(address, 0) == 0xff;
        return isOwn(address)
                || group
                || hex(address).matches("0*")
                || (address.length == 16 && hex(address).startsWith("00000000000000000000ffff"));
    }

    /** The tunnel header's verdict: a reason, or its length and VNI. */
    record Tunnel(DropReason reason, int length, int vni) {
        static Tunnel dropped(final DropReason reason) {
            return new Tunnel(reason, 0, 0);
        }
    }

    static Tunnel tunnel(final Encapsulation encap, final byte[] bytes) {
        if (bytes.length < 8) {
            return Tunnel.dropped(DropReason.TUNNEL_TRUNCATED);
        }
        return switch (encap) {
            case VXLAN ->
                (bytes[0] & 8) == 0
                        ? Tunnel.dropped(DropReason.VXLAN_NO_VNI)
                        : new Tunnel(DropReason.NONE, 8, u24(bytes, 4));
            case NVGRE ->
                // C, R, S, s and the five bits after: 0; K 1. Seven more are ignored (RFC 2784, section 2.3).
                (u8(bytes, 0) & 0xfc) != 0x20 || (u8(bytes, 1) & 7) != 0 || u16(bytes, 2) != 0x6558
                        ? Tunnel.dropped(DropReason.NOT_NVGRE)
                        : new Tunnel(DropReason.NONE, 8, u24(bytes, 4));
            case GENEVE -> geneve(bytes);
        };
    }

    private static Tunnel geneve(final byte[] bytes) {
        if (u8(bytes, 0) >>> 6 != 0) {
            return Tunnel.dropped(DropReason.GENEVE_VERSION);
        }
        final int length = 8 + (u8(bytes, 0) & 0x3f) * 4;
        if (length > bytes.length) {
            return Tunnel.dropped(DropReason.TUNNEL_TRUNCATED);
        }
        if ((u8(bytes, 1) & 0x80) != 0) {
            return Tunnel.dropped(DropReason.GENEVE_CONTROL);
        }
        if ((u8(bytes, 1) & 0x40) != 0) {
            boolean critical = false;
            int at = 8;
            while (at < length) {
                critical |= (u8(bytes, at + 2) & 0x80) != 0;
                at += 4 + (u8(bytes, at + 3) & 0x1f) * 4;
            }
            if (at != length) {
                return Tunnel.dropped(DropReason.GENEVE_MALFORMED);
            }
            if (critical) {
                return Tunnel.dropped(DropReason.GENEVE_CRITICAL_OPTION);
            }
        }
        return u16(bytes, 2) == 0x6558
                ? new Tunnel(DropReason.NONE, length, u24(bytes, 4))
                : Tunnel.dropped(DropReason.GENEVE_NOT_ETHERNET);
    }

    /** Bytes of the IP packet around an inner frame. */
    static int ipLength(final NetworkSpec network, final boolean six, final int inner) {
        return (six ? 40 : 20) + (isUdp(network) ? 8 : 0) + 8 + inner;
    }

    static boolean isUdp(final NetworkSpec network) {
        return network.encap() != Encapsulation.NVGRE;
    }

    /** The packet to an endpoint, with source port, checksum, flow label and FlowID 0. */
    static byte[] encapsulate(final NetworkSpec network, final String to, final byte[] inner, final int ecn) {
        final byte[] destination = HEX.parseHex(to);
        final boolean six = destination.length == 16;
        final int vni = network.vni();
        final byte[] key = {(byte) (vni >>> 16), (byte) (vni >>> 8), (byte) vni, 0};
        final byte[] first =
                switch (network.encap()) {
                    case VXLAN -> new byte[] {8, 0, 0, 0};
                    case NVGRE -> new byte[] {0x20, 0, 0x65, 0x58};
                    case GENEVE -> new byte[] {0, 0, 0x65, 0x58};
                };
        byte[] payload = concat(first, key, inner);
        if (isUdp(network)) {
            final byte[] udp = new byte[8];
            putU16(udp, 2, network.port());
            putU16(udp, 4, 8 + payload.length);
            payload = concat(udp, payload);
        }
        final ByteBuffer ip = ByteBuffer.allocate(six ? 40 : 20);
        final byte protocol = (byte) (isUdp(network) ? 17 : 47);
        if (six) {
            ip.putInt(6 << 28 | ecn << 20).putShort((short) payload.length).put(protocol);
            ip.put((byte) 64).put(OWN6).put(destination);
        } else {
            ip.put((byte) 0x45).put((byte) ecn).putShort((short) (20 + payload.length));
            ip.putInt(0x4000).put((byte) 64).put(protocol).putShort((short) 0);
            ip.put(OWN4).put(destination);
        }
        final byte[] packet = ethernet(macOf(destination), OWN_MAC, six ? 0x86dd : 0x0800, ip.array(), payload);
        if (!six) {
            Sums.fixHeader(packet, 14, 20);
        }
        return packet;
    }

    private static long macOf(final byte[] address) {
        final long last = ByteBuffer.wrap(address).getInt(address.length - 4) & 0xffff_ffffL;
        if (address.length == 4) {
            if (u8(address, 0) >>> 4 == 0xe) {
                return 0x01005e000000L | (last & 0x7fffff);
            }
            return hex(address).equals(FIXED) ? FIXED_MAC : 0x0200_0000_0000L | last;
        }
        if (u8(address, 0) == 0xff) {
            return 0x3333_0000_0000L | last;
        }
        final ByteBuffer words = ByteBuffer.wrap(address);
        final int folded = words.getInt(0) ^ words.getInt(4) ^ words.getInt(8) ^ words.getInt(12);
        return 0x0206_0000_0000L | (folded & 0xffff_ffffL);
    }

    static boolean hasChecksum(final NetworkSpec network, final boolean six) {
        return isUdp(network)
                && network.udpChecksum() != UdpChecksum.OFF
                && (six || network.udpChecksum() == UdpChecksum.ON || network.encap() != Encapsulation.VXLAN);
    }

    /** What is wrong with a packet that should be this one, or null. What follows from the hash is told by {@link Flows}. */
    static String difference(final Model.Packet expected, final byte[] sent, final Flows flows) {
        final byte[] plain = sent.clone();
        final boolean six = u16(expected.bytes(), 12) == 0x86dd;
        final int l4 = six ? 54 : 34;
        if (plain.length != expected.bytes().length) {
            return "length";
        }
        int label = -1;
        if (six) {
            label = u24(plain, 15) & 0xfffff;
            plain[15] &= (byte) 0xf0;
            putU16(plain, 16, 0);
        }
        if (!isUdp(expected.network())) {
            final int flowId = u8(plain, l4 + 7);
            plain[l4 + 7] = 0;
            if (!expected.network().flowId() && flowId != 0) {
                return "FlowID";
            }
            return Arrays.equals(plain, expected.bytes())
                    ? flows.difference(expected, -1, label, expected.network().flowId() ? flowId : -1)
                    : "bytes";
        }
        final int checksum = u16(plain, l4 + 6);
        final boolean wanted = hasChecksum(expected.network(), six);
        final int length = plain.length - l4;
        if (wanted ? checksum == 0 || Sums.transport(sent, 14, six ? 6 : 4, 17, l4, length) != 0xffff : checksum != 0) {
            return "UDP checksum";
        }
        final int source = u16(plain, l4);
        putU16(plain, l4, 0);
        putU16(plain, l4 + 6, 0);
        return Arrays.equals(plain, expected.bytes()) ? flows.difference(expected, source, label, -1) : "bytes";
    }

    static byte[] inner(final byte[] payload, final int header) {
        return slice(payload, header);
    }
}
