package io.weft.dataplane.model;

import static io.weft.dataplane.TestFrames.concat;
import static io.weft.dataplane.TestFrames.ethernet;
import static io.weft.dataplane.TestFrames.geneve;
import static io.weft.dataplane.TestFrames.ip;
import static io.weft.dataplane.TestFrames.nvgre;
import static io.weft.dataplane.TestFrames.putU16;
import static io.weft.dataplane.TestFrames.tag;
import static io.weft.dataplane.TestFrames.udp;
import static io.weft.dataplane.TestFrames.vxlan;

import io.weft.dataplane.TestFrames;
import io.weft.dataplane.api.NetworkSpec;

/** Other hosts' tunnel packets by chance: as they should be, nearly so, and damaged. */
final class Tunnels {
    private final Packets packets;

    Tunnels(final Packets packets) {
        this.packets = packets;
    }

    /** @param from an address, of which the packet's family follows */
    byte[] packet(final NetworkSpec network, final String from, final byte[] inner) {
        final boolean six = from.contains(":");
        final byte[] tunnel = concat(header(network), inner);
        final String to = destination(network, six);
        final int tos = packets.chance(0.4) ? packets.upTo(3) : 0;
        byte[] packet;
        if (Wire.isUdp(network)) {
            final int port = packets.chance(0.98) ? network.port() : packets.upTo(0xffff);
            final byte[] payload = packets.chance(0.03) ? concat(tunnel, new byte[packets.upTo(3)]) : tunnel;
            packet = ip(from, to, 17, tos, udp(49152 + packets.upTo(99), port, payload));
            if (six ? packets.chance(0.8) : packets.chance(0.3)) {
                TestFrames.fixL4(packet, 0, six ? 40 : 20, 6);
            }
        } else {
            packet = ip(from, to, 47, tos, tunnel);
        }
        if (packets.chance(0.02)) {
            packet = odd(packet, six);
        }
        packet = ethernet(destinationMac(), 0x020000000999L, six ? 0x86dd : 0x0800, packet);
        if (packets.chance(0.03)) {
            packet = concat(packet, new byte[packets.upTo(20)]);
        }
        if (packets.chance(0.02)) {
            packet = tag(packets.chance(0.8) ? 0x8100 : 0x88a8, packets.upTo(0xffff), packet);
        }
        return packets.chance(0.05) ? packets.damaged(packet) : packet;
    }

    private static long group() {
        return 0x01005e010101L;
    }

    private long destinationMac() {
        return packets.chance(0.95) ? Wire.OWN_MAC : packets.chance(0.5) ? group() : 0x020000000777L;
    }

    private String destination(final NetworkSpec network, final boolean six) {
        if (packets.chance(0.03)) {
            return six ? "fd00:1::77" : "10.1.0.77";
        }
        if ((network.group() != null && packets.chance(0.3)) || packets.chance(0.01)) {
            return Universe.GROUPS.get(six ? 1 : 0);
        }
        return six ? "fd00:1::1" : "10.1.0.1";
    }

    private byte[] header(final NetworkSpec network) {
        final int vni = packets.chance(0.97) ? network.vni() : 0x1000 + packets.upTo(9);
        final byte[] header =
                switch (network.encap()) {
                    case VXLAN -> vxlan(vni);
                    case NVGRE -> nvgre(vni, packets.upTo(255));
                    case GENEVE ->
                        packets.chance(0.7)
                                ? geneve(vni, 0, new byte[0])
                                : geneve(vni, packets.chance(0.5) ? 0x40 : 0, options());
                };
        if (packets.chance(0.05)) {
            final int at = packets.upTo(header.length - 1);
            header[at] ^= (byte) (1 << packets.upTo(7));
        }
        return header;
    }

    private byte[] options() {
        byte[] options = new byte[0];
        for (int i = packets.upTo(3); i > 0; i--) {
            final int words = packets.upTo(3);
            final byte[] option = packets.noise(4 + 4 * words);
            option[2] = (byte) (packets.chance(0.8) ? option[2] & 0x7f : option[2]);
            option[3] = (byte) (packets.chance(0.95) ? words : words + 1);
            options = concat(options, option);
        }
        return options;
    }

    /** Fragments, other versions, other lengths; the header checksum goes with them now and then. */
    private byte[] odd(final byte[] packet, final boolean six) {
        if (six) {
            packet[4 + packets.upTo(2)] = (byte) packets.upTo(255);
            return packet;
        }
        if (packets.chance(0.5)) {
            putU16(packet, 6, packets.upTo(0xffff));
        } else {
            putU16(packet, 2, packets.upTo(packet.length + 10));
        }
        return TestFrames.fixIpv4(packet, 0);
    }
}
