package io.weft.dataplane;

import static io.weft.dataplane.TestFrames.concat;
import static io.weft.dataplane.TestFrames.ethernet;
import static io.weft.dataplane.TestFrames.putU16;
import static io.weft.dataplane.TestFrames.sum;
import static io.weft.dataplane.TestFrames.tag;

import java.nio.ByteBuffer;
import java.util.Arrays;

/** One frame of a TCP or UDP stream, every field of it to be set before {@link #frame}; all of it made the plain way. */
final class Stream {
    static final int FIN = 1;
    static final int SYN = 2;
    static final int RST = 4;
    static final int PSH = 8;
    static final int ACK = 16;
    static final int URG = 32;
    static final int ECE = 64;
    static final int CWR = 128;

    boolean tcp = true;
    boolean v6;
    long destination = 0x02000000aa02L;
    long sourceMac = 0x02000000aa01L;
    int tags;
    int tci = 0x6064;
    int tos = 2;
    int ttl = 64;
    int flowLabel = 0x12345;
    int id = 0xfffe;
    /** DF, and the bit beside it that nobody uses. */
    int fragment = 0x4000;

    int ipOptions;
    int extensions;
    int host = 1;
    int peer = 2;
    int sourcePort = 1000;
    int destinationPort = 2000;
    int sequence = 0xffff_f000;
    int acknowledgment = 77;
    int reserved;
    int flags = ACK;
    int window = 500;
    int urgent;
    byte[] options = {1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8};
    byte[] payload = new byte[0];
    /** Added after everything: Ethernet padding. */
    int padding;

    Stream payload(final byte[] bytes) {
        payload = bytes;
        return this;
    }

    int l3() {
        return 14 + 4 * tags;
    }

    int l4() {
        return l3() + (v6 ? 40 + 8 * extensions : 20 + ipOptions);
    }

    int headers() {
        return l4() + (tcp ? 20 + options.length : 8);
    }

    int checksum() {
        return l4() + (tcp ? 16 : 6);
    }

    /** Goes on behind what was sent. */
    void advance() {
        sequence += payload.length;
        id = id + 1 & 0xffff;
    }

    byte[] frame() {
        return finish(unsummed(), checksum());
    }

    /** With the pseudo header's sum alone where the transport checksum belongs, as virtio has it. */
    byte[] partial() {
        final byte[] frame = unsummed();
        putU16(frame, checksum(), sum(pseudo(frame)));
        return frame;
    }

    private byte[] finish(final byte[] frame, final int field) {
        final int value = ~sum(concat(pseudo(frame), Arrays.copyOfRange(frame, l4(), frame.length - padding))) & 0xffff;
        putU16(frame, field, value == 0 && !tcp ? 0xffff : value);
        return frame;
    }

    private byte[] pseudo(final byte[] frame) {
        final int l3 = l3();
        return concat(
                Arrays.copyOfRange(frame, v6 ? l3 + 8 : l3 + 12, v6 ? l3 + 40 : l3 + 20),
                new byte[] {0, (byte) (tcp ? 6 : 17)},
                ByteBuffer.allocate(2)
                        .putShort((short) (frame.length - padding - l4()))
                        .array());
    }

    private byte[] unsummed() {
        byte[] packet = concat(transport(), payload);
        int protocol = tcp ? 6 : 17;
        for (int i = 0; v6 && i < extensions; i++) {
            packet = concat(new byte[] {(byte) protocol, 0, 1, 4, 0, 0, 0, 0}, packet);
            protocol = 60;
        }
        packet = v6 ? ipv6(protocol, packet) : ipv4(protocol, packet);
        byte[] frame = ethernet(destination, sourceMac, v6 ? 0x86dd : 0x0800, packet, new byte[padding]);
        for (int i = 0; i < tags; i++) {
            frame = tag(0x8100, tci + i, frame);
        }
        return frame;
    }

    private byte[] transport() {
        final ByteBuffer header = ByteBuffer.allocate(tcp ? 20 + options.length : 8);
        header.putShort((short) sourcePort).putShort((short) destinationPort);
        if (!tcp) {
            return header.putShort((short) (8 + payload.length)).array();
        }
        header.putInt(sequence).putInt(acknowledgment);
        header.put((byte) ((20 + options.length) << 2 | reserved)).put((byte) flags);
        header.putShort((short) window).putShort((short) 0).putShort((short) urgent);
        return header.put(options).array();
    }

    private byte[] ipv4(final int protocol, final byte[] body) {
        final ByteBuffer packet = ByteBuffer.allocate(20 + ipOptions + body.length);
        packet.put((byte) (0x45 + ipOptions / 4)).put((byte) tos).putShort((short) packet.capacity());
        packet.putShort((short) id).putShort((short) fragment);
        packet.put((byte) ttl).put((byte) protocol).putShort((short) 0);
        packet.putInt(0xc0a80000 | host).putInt(0xc0a80000 | peer);
        for (int i = 0; i < ipOptions; i++) {
            packet.put((byte) 1);
        }
        packet.put(body);
        putU16(packet.array(), 10, ~sum(Arrays.copyOf(packet.array(), 20 + ipOptions)) & 0xffff);
        return packet.array();
    }

    private byte[] ipv6(final int protocol, final byte[] body) {
        final ByteBuffer packet = ByteBuffer.allocate(40 + body.length);
        packet.putInt(6 << 28 | tos << 20 | flowLabel).putShort((short) body.length);
        packet.put((byte) protocol).put((byte) ttl);
        packet.putLong(0xfd00L << 48).putLong(host).putLong(0xfd00L << 48).putLong(peer);
        return packet.put(body).array();
    }
}
