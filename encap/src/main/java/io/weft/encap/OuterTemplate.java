package io.weft.encap;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** The constant bytes of an {@link OuterHeader}, made when configuration changes; lengths, checksums, hashes are 0. */
final class OuterTemplate {
    private final ByteBuffer bytes;
    private final int length;

    OuterTemplate(
            final OuterHeader.Spec spec, final TunnelHeader tunnel, final int ip, final int l4, final int length) {
        this.length = length;
        bytes = ByteBuffer.allocate(length);
        final boolean ipv4 = spec.source().isIpv4();
        putMac(Ethernet.DST, spec.destinationMac());
        putMac(Ethernet.SRC, spec.sourceMac());
        if (spec.vlan() >= 0) {
            putShort(Ethernet.TYPE, Vlan.TPID_CUSTOMER);
            putShort(Ethernet.TYPE + Vlan.TCI, spec.vlan());
        }
        putShort(ip - 2, ipv4 ? Ethernet.TYPE_IPV4 : Ethernet.TYPE_IPV6);
        final int protocol = spec.encapsulation().isUdp() ? Ipv4.PROTOCOL_UDP : Ipv4.PROTOCOL_GRE;
        if (ipv4) {
            bytes.put(ip, (byte) 0x45);
            putShort(ip + Ipv4.FRAGMENT, Ipv4.DONT_FRAGMENT);
            bytes.put(ip + Ipv4.TTL, (byte) OuterHeader.TTL);
            bytes.put(ip + Ipv4.PROTOCOL, (byte) protocol);
            bytes.put(ip + Ipv4.SOURCE, spec.source().bytes());
            bytes.put(ip + Ipv4.DESTINATION, spec.destination().bytes());
        } else {
            bytes.put(ip, (byte) 0x60);
            bytes.put(ip + Ipv6.NEXT_HEADER, (byte) protocol);
            bytes.put(ip + Ipv6.HOP_LIMIT, (byte) OuterHeader.TTL);
            bytes.put(ip + Ipv6.SOURCE, spec.source().bytes());
            bytes.put(ip + Ipv6.DESTINATION, spec.destination().bytes());
        }
        if (spec.encapsulation().isUdp()) {
            putShort(l4 + Udp.DESTINATION_PORT, spec.udpPort());
        }
        bytes.putLong(length - TunnelHeader.LENGTH, tunnel.bytes(0));
    }

    /** Returns the whole words of eight bytes from the start; what is left over is in the word that ends the template. */
    long[] words() {
        final long[] words = new long[length / 8];
        for (int i = 0; i < words.length; i++) {
            words[i] = wordAt(8 * i);
        }
        return words;
    }

    long wordAt(final int offset) {
        return bytes.order(ByteOrder.nativeOrder()).getLong(offset);
    }

    int sum(final int offset, final int count) {
        bytes.order(ByteOrder.BIG_ENDIAN);
        long sum = 0;
        for (int i = 0; i < count; i += 2) {
            sum += bytes.getShort(offset + i) & 0xffff;
        }
        return Checksum.fold(sum);
    }

    private void putMac(final int offset, final long mac) {
        putShort(offset, (int) (mac >>> 32));
        bytes.putInt(offset + 2, (int) mac);
    }

    private void putShort(final int offset, final int value) {
        bytes.putShort(offset, (short) value);
    }
}
