package io.weft.dataplane.model;

import static io.weft.dataplane.TestFrames.address;
import static io.weft.dataplane.TestFrames.concat;
import static io.weft.dataplane.TestFrames.ethernet;
import static io.weft.dataplane.TestFrames.fixIpv4;
import static io.weft.dataplane.TestFrames.ip;
import static io.weft.dataplane.TestFrames.putU16;
import static io.weft.dataplane.TestFrames.u8;
import static io.weft.dataplane.TestFrames.udp;

import io.weft.dataplane.TestFrames;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.SplittableRandom;

/** Machines' frames by chance: IP of all kinds, ARP, others, sound and damaged. */
final class Packets {
    private final SplittableRandom random;

    Packets(final SplittableRandom random) {
        this.random = random;
    }

    boolean chance(final double of) {
        return random.nextDouble() < of;
    }

    int upTo(final int most) {
        return random.nextInt(most + 1);
    }

    byte[] noise(final int length) {
        final byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    /** A length as networks have them: mostly small, now and then too big for a tunnel. */
    private int size() {
        final double kind = random.nextDouble();
        if (kind < 0.7) {
            return upTo(80);
        }
        return kind < 0.95 ? upTo(1430) : kind < 0.995 ? 1400 + upTo(300) : upTo(9000);
    }

    byte[] frame(final long destination, final long source) {
        final double kind = random.nextDouble();
        if (kind < 0.45) {
            return ethernet(destination, source, 0x0800, ipv4());
        }
        if (kind < 0.75) {
            return ethernet(destination, source, 0x86dd, ipv6());
        }
        if (kind < 0.85) {
            final byte[] rest = {0, 1, 8, 0, 6, 4, 0, (byte) (1 + upTo(1))};
            return ethernet(destination, source, 0x0806, rest, noise(20));
        }
        return ethernet(destination, source, chance(0.5) ? 0x88b5 : upTo(0xffff), noise(size()));
    }

    private String host4() {
        return "192.168.0." + (1 + upTo(5));
    }

    private String host6() {
        return "fd12::" + (1 + upTo(5));
    }

    private byte[] ipv4() {
        final int protocol = protocol(1);
        final byte[] packet = ip(host4(), host4(), protocol, upTo(255), transport(protocol));
        if (chance(0.1)) {
            putU16(packet, 6, upTo(0xffff));
        }
        if (chance(0.05)) {
            return options(packet);
        }
        return chance(0.97) ? fixIpv4(packet, 0) : packet;
    }

    private byte[] options(final byte[] packet) {
        final int words = 1 + upTo(9);
        final byte[] whole = concat(Arrays.copyOf(packet, 20), noise(4 * words), TestFrames.slice(packet, 20));
        whole[0] = (byte) (0x45 + words);
        putU16(whole, 2, whole.length);
        Sums.fixHeader(whole, 0, 20 + 4 * words);
        return whole;
    }

    private byte[] ipv6() {
        final int protocol = protocol(58);
        byte[] payload = transport(protocol);
        int next = protocol;
        while (chance(0.1)) {
            final int[] kinds = {0, 60, 44, 43, 51};
            final int kind = kinds[upTo(4)];
            final byte[] header = new byte[8];
            header[0] = (byte) next;
            if (kind == 44) {
                putU16(header, 2, upTo(0xffff));
            }
            payload = concat(header, payload);
            next = kind;
        }
        return ip(host6(), host6(), next, upTo(255), payload);
    }

    private int protocol(final int icmp) {
        final int[] protocols = {6, 6, 6, 17, 17, 17, icmp, 132, 47, upTo(255)};
        return protocols[upTo(9)];
    }

    private byte[] transport(final int protocol) {
        final byte[] payload = noise(size());
        return switch (protocol) {
            case 6 -> concat(tcpHeader(5 + (chance(0.3) ? upTo(10) : 0)), payload);
            case 17 -> udp(1000 + upTo(3), 53, payload);
            case 132 -> concat(udp(1000 + upTo(3), 53), payload);
            default -> payload;
        };
    }

    private byte[] tcpHeader(final int words) {
        final ByteBuffer header = ByteBuffer.wrap(noise(4 * words));
        header.putShort((short) (1000 + upTo(3))).putShort((short) 80);
        header.put(12, (byte) (words << 4));
        return header.array();
    }

    /** A frame whose checksum, or whose segmentation too, is left to the switch; its words are right. */
    Frame offloaded(final long destination, final long source, final boolean large) {
        final boolean six = chance(0.5);
        final boolean tcp = chance(0.6);
        final byte[] header = tcp ? tcpHeader(5 + (chance(0.5) ? upTo(10) : 0)) : udp(1000 + upTo(3), 53);
        final byte[] payload = noise(large ? upTo(9000) : upTo(1400));
        final byte[] datagram = concat(header, payload);
        if (!tcp) {
            putU16(datagram, 4, datagram.length);
        }
        final String from = six ? host6() : host4();
        final String to = six ? host6() : host4();
        final byte[] frame =
                ethernet(destination, source, six ? 0x86dd : 0x0800, ip(from, to, tcp ? 6 : 17, upTo(255), datagram));
        final int l4 = six ? 54 : 34;
        final int field = tcp ? 16 : 6;
        putU16(frame, l4 + field, 0);
        final byte[] pseudo =
                concat(address(from), address(to), new byte[] {0, (byte) (tcp ? 6 : 17)}, length(datagram.length));
        putU16(frame, l4 + field, TestFrames.sum(pseudo));
        final int ecn = tcp && chance(0.2) ? 0x80 : 0;
        final int gso = !large ? 0 : !tcp ? 5 : (six ? 4 : 1) | ecn;
        return new Frame(frame, 1, gso, large ? 500 + upTo(tcp ? 1200 : 900) : 0, l4, field);
    }

    private static byte[] length(final int bytes) {
        return new byte[] {(byte) (bytes >>> 8), (byte) bytes};
    }

    /** Offload words that say anything. */
    Frame nonsense(final byte[] frame) {
        final int[] types = {0, 0, 0, 1, 3, 4, 5, 0x81, 7};
        return new Frame(
                frame, upTo(1), types[upTo(8)], chance(0.2) ? 0 : 400 + upTo(1400), upTo(frame.length + 20), upTo(40));
    }

    /** A few bytes changed, or the end cut off. */
    byte[] damaged(final byte[] frame) {
        if (chance(0.3)) {
            return Arrays.copyOf(frame, upTo(frame.length));
        }
        final byte[] other = frame.clone();
        for (int i = upTo(3); i >= 0 && other.length > 0; i--) {
            final int at = upTo(Math.min(other.length, 120) - 1);
            other[at] = (byte) (chance(0.5) ? u8(other, at) ^ (1 << upTo(7)) : upTo(255));
        }
        return other;
    }
}
