package io.weft.dataplane;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;

/** Builds frames byte by byte, on purpose without the code under test. */
public final class TestFrames {
    private TestFrames() {}

    public static byte[] hex(final String text) {
        return HexFormat.of().parseHex(text.replace(" ", "").replace(":", ""));
    }

    public static byte[] concat(final byte[]... parts) {
        final ByteBuffer all = ByteBuffer.allocate(
                Arrays.stream(parts).mapToInt(part -> part.length).sum());
        for (final byte[] part : parts) {
            all.put(part);
        }
        return all.array();
    }

    public static byte[] slice(final byte[] bytes, final int from) {
        return Arrays.copyOfRange(bytes, from, bytes.length);
    }

    public static int u8(final byte[] bytes, final int at) {
        return bytes[at] & 0xff;
    }

    public static int u16(final byte[] bytes, final int at) {
        return u8(bytes, at) << 8 | u8(bytes, at + 1);
    }

    public static int u24(final byte[] bytes, final int at) {
        return u8(bytes, at) << 16 | u16(bytes, at + 1);
    }

    public static void putU16(final byte[] bytes, final int at, final int value) {
        bytes[at] = (byte) (value >>> 8);
        bytes[at + 1] = (byte) value;
    }

    public static byte[] ethernet(final long destination, final long source, final int type, final byte[]... payload) {
        final ByteBuffer header = ByteBuffer.allocate(14);
        header.putShort((short) (destination >>> 32)).putInt((int) destination);
        header.putShort((short) (source >>> 32)).putInt((int) source);
        header.putShort((short) type);
        return concat(header.array(), concat(payload));
    }

    public static byte[] tag(final int tpid, final int tci, final byte[] frame) {
        return concat(
                Arrays.copyOf(frame, 12),
                new byte[] {(byte) (tpid >>> 8), (byte) tpid, (byte) (tci >>> 8), (byte) tci},
                slice(frame, 12));
    }

    /** An IPv4 packet with DF set and a right header checksum. */
    public static byte[] ipv4(
            final String source, final String destination, final int protocol, final int tos, final byte[] payload) {
        final ByteBuffer header = ByteBuffer.allocate(20);
        header.put((byte) 0x45).put((byte) tos).putShort((short) (20 + payload.length));
        header.putShort((short) 0).putShort((short) 0x4000);
        header.put((byte) 64).put((byte) protocol).putShort((short) 0);
        header.put(address(source)).put(address(destination));
        return fixIpv4(concat(header.array(), payload), 0);
    }

    public static byte[] ipv6(
            final String source,
            final String destination,
            final int next,
            final int trafficClass,
            final byte[] payload) {
        final ByteBuffer header = ByteBuffer.allocate(40);
        header.putInt(6 << 28 | trafficClass << 20).putShort((short) payload.length);
        header.put((byte) next).put((byte) 64).put(address(source)).put(address(destination));
        return concat(header.array(), payload);
    }

    /** IPv4 or IPv6, by the look of the addresses. */
    public static byte[] ip(
            final String source, final String destination, final int protocol, final int tos, final byte[] payload) {
        return source.contains(":")
                ? ipv6(source, destination, protocol, tos, payload)
                : ipv4(source, destination, protocol, tos, payload);
    }

    public static int etherType(final String address) {
        return address.contains(":") ? 0x86dd : 0x0800;
    }

    /** A UDP datagram with checksum 0. */
    public static byte[] udp(final int sourcePort, final int destinationPort, final byte[]... payload) {
        final byte[] all = concat(payload);
        final ByteBuffer header = ByteBuffer.allocate(8);
        header.putShort((short) sourcePort).putShort((short) destinationPort);
        header.putShort((short) (8 + all.length)).putShort((short) 0);
        return concat(header.array(), all);
    }

    /** Fills the IPv4 header checksum of the packet that starts there. */
    public static byte[] fixIpv4(final byte[] bytes, final int at) {
        putU16(bytes, at + 10, 0);
        putU16(bytes, at + 10, ~sum(Arrays.copyOfRange(bytes, at, at + 20)) & 0xffff);
        return bytes;
    }

    /**
     * Fills the UDP or TCP checksum (at {@code l4 + offset}) of an IP packet that starts at {@code ip} and ends the array;
     * zero is written as all ones.
     */
    public static byte[] fixL4(final byte[] bytes, final int ip, final int l4, final int offset) {
        putU16(bytes, l4 + offset, 0);
        final int checksum = ~l4Sum(bytes, ip, l4) & 0xffff;
        putU16(bytes, l4 + offset, checksum == 0 ? 0xffff : checksum);
        return bytes;
    }

    /** Sum over pseudo header and what starts at {@code l4}: 0xffff where a checksum in it is right. */
    public static int l4Sum(final byte[] bytes, final int ip, final int l4) {
        final boolean v4 = u8(bytes, ip) >>> 4 == 4;
        final int end = v4 ? ip + u16(bytes, ip + 2) : ip + 40 + u16(bytes, ip + 4);
        final int length = end - l4;
        final int protocol = v4 ? u8(bytes, ip + 9) : u8(bytes, ip + 6);
        return sum(concat(
                Arrays.copyOfRange(bytes, v4 ? ip + 12 : ip + 8, v4 ? ip + 20 : ip + 40),
                new byte[] {0, (byte) protocol, (byte) (length >>> 8), (byte) length},
                Arrays.copyOfRange(bytes, l4, end)));
    }

    /** Ones' complement sum, the slow and plain way. */
    public static int sum(final byte[] bytes) {
        int sum = 0;
        for (int i = 0; i < bytes.length; i++) {
            sum += (i & 1) == 0 ? u8(bytes, i) << 8 : u8(bytes, i);
            sum = (sum & 0xffff) + (sum >>> 16);
        }
        return sum;
    }

    public static byte[] address(final String text) {
        try {
            return java.net.InetAddress.getByName(text).getAddress();
        } catch (final java.net.UnknownHostException e) {
            throw new IllegalArgumentException(text, e);
        }
    }

    /** VXLAN header of RFC 7348. */
    public static byte[] vxlan(final int vni) {
        return new byte[] {8, 0, 0, 0, (byte) (vni >>> 16), (byte) (vni >>> 8), (byte) vni, 0};
    }

    /** GRE header of RFC 7637. */
    public static byte[] nvgre(final int vsid, final int flowId) {
        return new byte[] {0x20, 0, 0x65, 0x58, (byte) (vsid >>> 16), (byte) (vsid >>> 8), (byte) vsid, (byte) flowId};
    }

    /** Geneve header of RFC 8926 with options. */
    public static byte[] geneve(final int vni, final int flags, final byte[] options) {
        return concat(
                new byte[] {
                    (byte) (options.length / 4),
                    (byte) flags,
                    0x65,
                    0x58,
                    (byte) (vni >>> 16),
                    (byte) (vni >>> 8),
                    (byte) vni,
                    0
                },
                options);
    }
}
