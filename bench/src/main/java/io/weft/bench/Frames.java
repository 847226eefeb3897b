package io.weft.bench;

import io.weft.encap.Checksum;
import io.weft.encap.Ethernet;
import io.weft.encap.Ipv4;
import io.weft.encap.Mem;
import io.weft.encap.OuterHeader;
import java.nio.ByteBuffer;

/** UDP frames of many flows between many machines; 64 bytes with FCS are 60 in memory. */
final class Frames {
    static final long SOURCE = 0x0200_0000_0001L;
    private static final long DESTINATIONS = 0x0200_0001_0000L;
    private static final int IP = Ethernet.HEADER_LENGTH;
    private static final int UDP = IP + Ipv4.MIN_HEADER_LENGTH;

    private Frames() {}

    /** Destination of machine {@code n}. */
    static long destination(final int n) {
        return DESTINATIONS + n;
    }

    /** One frame a flow; destinations come around. */
    static byte[][] flows(final int flows, final int macs, final int bytes) {
        final byte[][] frames = new byte[flows][];
        for (int i = 0; i < flows; i++) {
            frames[i] = udp(SOURCE, destination(i % macs), i, bytes);
        }
        return frames;
    }

    /** The same flows backwards: from many machines to one, in the tunnel of {@code outer}. */
    static byte[][] tunnelled(final OuterHeader outer, final int flows, final int macs, final int bytes) {
        final byte[][] frames = new byte[flows][];
        final long scratch = Mem.allocate(4096, 64);
        for (int i = 0; i < flows; i++) {
            final byte[] inner = udp(destination(i % macs), SOURCE, i, bytes);
            outer.write(scratch, inner.length, i * 0x9e3779b9, 0);
            Mem.copy(inner, 0, scratch + outer.length(), inner.length);
            frames[i] = Mem.bytes(scratch, outer.length() + inner.length);
        }
        return frames;
    }

    private static byte[] udp(final long from, final long to, final int flow, final int bytes) {
        final ByteBuffer frame = ByteBuffer.allocate(bytes);
        frame.putShort((short) (to >>> 32)).putInt((int) to);
        frame.putShort((short) (from >>> 32)).putInt((int) from);
        frame.putShort((short) Ethernet.TYPE_IPV4);
        frame.putShort((short) 0x4500).putShort((short) (bytes - IP)).putInt(0x4000);
        frame.putShort((short) 0x4011).putShort((short) 0);
        frame.putInt(0x0a00_0001).putInt(0x0a01_0000 + (flow & 0xff));
        frame.putShort((short) (1024 + (flow >>> 8))).putShort((short) 53);
        frame.putShort((short) (bytes - UDP)).putShort((short) 0);
        final long header = Mem.allocate(Ipv4.MIN_HEADER_LENGTH, 8);
        Mem.copy(frame.array(), IP, header, Ipv4.MIN_HEADER_LENGTH);
        frame.putShort(IP + 10, (short) Checksum.ipv4Header(header, Ipv4.MIN_HEADER_LENGTH));
        return frame.array();
    }
}
