package io.weft.dataplane.model;

import static io.weft.dataplane.TestFrames.concat;
import static io.weft.dataplane.TestFrames.putU16;
import static io.weft.dataplane.TestFrames.sum;
import static io.weft.dataplane.TestFrames.u16;
import static io.weft.dataplane.TestFrames.u8;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * What a sender is told whose packet does not fit: RFC 792 with RFC 1191, or RFC 4443, section 3.2; and when nobody may be
 * told (RFC 1122, section 3.2.2; RFC 4443, section 2.4 e).
 */
final class TooBigAnswer {
    private TooBigAnswer() {}

    /** The frame that goes back, or null where none is due. {@code fits}: bytes of the largest frame. */
    static byte[] to(final byte[] frame, final Headers h, final int fits) {
        final int mtu = fits - h.ip;
        if (h.version == 0 || h.laterFragment || h.truncated || h.noLength || h.extensionsCut) {
            return null;
        }
        if (h.ipEnd - h.ip <= mtu || Headers.isGroup(h.destination)) {
            return null;
        }
        return h.version == 4 ? four(frame, h, mtu) : six(frame, h, mtu);
    }

    private static byte[] four(final byte[] frame, final Headers h, final int mtu) {
        final boolean mayFragment = (u8(frame, h.ip + 6) & 0x40) == 0;
        if (mtu < 68 || mayFragment || !isHost4(u8(frame, h.ip + 12)) || !isHost4(u8(frame, h.ip + 16))) {
            return null;
        }
        if (h.protocol == 1 && (h.l4 < 0 || isIn(u8(frame, h.l4), 3, 4, 5, 11, 12))) {
            return null;
        }
        final byte[] quote = Arrays.copyOfRange(frame, h.ip, h.ip + Math.min(h.ipEnd - h.ip, 576 - 28));
        final byte[] icmp = concat(new byte[] {3, 4, 0, 0, 0, 0, (byte) (mtu >>> 8), (byte) mtu}, quote);
        putU16(icmp, 2, ~sum(icmp) & 0xffff);
        final ByteBuffer ip = ByteBuffer.allocate(20);
        ip.putShort((short) 0x45c0).putShort((short) (20 + icmp.length)).putInt(0x4000);
        ip.put((byte) 64).put((byte) 1).putShort((short) 0);
        ip.put(frame, h.ip + 16, 4).put(frame, h.ip + 12, 4);
        Sums.fixHeader(ip.array(), 0, 20);
        return concat(link(frame, h), ip.array(), icmp);
    }

    private static byte[] six(final byte[] frame, final Headers h, final int mtu) {
        if (mtu < 1280 || !isHost6(frame, h.ip + 8) || !isHost6(frame, h.ip + 24)) {
            return null;
        }
        if (h.protocol == 58 && (h.l4 < 0 || u8(frame, h.l4) < 128 || u8(frame, h.l4) == 137)) {
            return null;
        }
        final byte[] quote = Arrays.copyOfRange(frame, h.ip, h.ip + Math.min(h.ipEnd - h.ip, 1280 - 48));
        final byte[] icmp = concat(new byte[] {2, 0, 0, 0, 0, 0, (byte) (mtu >>> 8), (byte) mtu}, quote);
        final ByteBuffer ip = ByteBuffer.allocate(40);
        ip.putInt(6 << 28).putShort((short) icmp.length).put((byte) 58).put((byte) 64);
        ip.put(frame, h.ip + 24, 16).put(frame, h.ip + 8, 16);
        final byte[] packet = concat(ip.array(), icmp);
        putU16(packet, 42, ~Sums.transport(packet, 0, 6, 58, 40, icmp.length) & 0xffff);
        return concat(link(frame, h), packet);
    }

    /** Ethernet header and tags of the frame, the other way round. */
    private static byte[] link(final byte[] frame, final Headers h) {
        return concat(Arrays.copyOfRange(frame, 6, 12), Arrays.copyOf(frame, 6), Arrays.copyOfRange(frame, 12, h.ip));
    }

    private static boolean isHost4(final int first) {
        return first != 0 && first != 127 && first < 224;
    }

    private static boolean isHost6(final byte[] frame, final int at) {
        boolean low = true;
        for (int i = 0; i < 14; i += 2) {
            low &= u16(frame, at + i) == 0;
        }
        return u8(frame, at) != 0xff && !(low && u16(frame, at + 14) < 2);
    }

    private static boolean isIn(final int value, final int... of) {
        return Arrays.stream(of).anyMatch(one -> one == value);
    }
}
