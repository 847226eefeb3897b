package io.weft.dataplane;

import static io.weft.dataplane.TestFrames.u16;
import static io.weft.dataplane.TestFrames.u8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Random streams, mostly in order and now and then with any field changed; and what must hold of them however they are
 * merged: the same frames come out, and the frames of each flow in the same order.
 */
final class MergeModel {
    private static final int FLOWS = 3;

    private final Random random;

    MergeModel(final Random random) {
        this.random = random;
    }

    /** How many bytes of each frame are its head; 0: all. */
    int split() {
        return random.nextInt(3) == 0 ? 20 + random.nextInt(200) : 0;
    }

    List<byte[]> burst() {
        final Stream[] streams = new Stream[FLOWS];
        for (int k = 0; k < FLOWS; k++) {
            streams[k] = stream(k);
        }
        final List<byte[]> frames = new ArrayList<>();
        final int count = 1 + random.nextInt(Burst.CAPACITY);
        while (frames.size() < count) {
            final Stream stream = streams[random.nextInt(FLOWS)];
            for (int run = 1 + random.nextInt(8); run > 0 && frames.size() < count; run--) {
                frames.add(next(stream));
            }
        }
        return frames;
    }

    private Stream stream(final int number) {
        final Stream stream = new Stream();
        stream.tcp = random.nextInt(4) != 0;
        stream.v6 = random.nextBoolean();
        stream.tags = random.nextInt(6) == 0 ? 1 + random.nextInt(2) : 0;
        stream.tos = random.nextInt(256);
        stream.id = random.nextInt(4) == 0 ? 0xffff : random.nextInt(0x10000);
        stream.fragment = random.nextBoolean() ? 0x4000 : 0;
        stream.sourcePort += number;
        stream.sequence = random.nextInt(4) == 0 ? -random.nextInt(2000) : random.nextInt();
        stream.options = new byte[4 * random.nextInt(11)];
        random.nextBytes(stream.options);
        stream.flags = Stream.ACK | (random.nextInt(8) == 0 ? Stream.ECE : 0);
        stream.payload(bytes(8 + random.nextInt(random.nextBoolean() ? 60 : 1440)));
        return stream;
    }

    private byte[] bytes(final int length) {
        final byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        if (random.nextInt(8) == 0) {
            // Sums of nothing: the two zeros of ones' complement.
            Arrays.fill(bytes, (byte) 0);
        }
        return bytes;
    }

    private byte[] next(final Stream stream) {
        final int size = stream.payload.length;
        final int flags = stream.flags;
        final int kind = random.nextInt(40);
        switch (kind) {
            case 0 -> stream.flags = random.nextInt(256);
            case 1 -> stream.sequence += random.nextInt(3) - 1;
            case 2 -> stream.id = stream.id + random.nextInt(5) - 2 & 0xffff;
            case 3 -> stream.tos = random.nextInt(256);
            case 4 -> stream.ttl = 60 + random.nextInt(8);
            case 5 -> stream.acknowledgment++;
            case 6 -> stream.window++;
            case 7 -> stream.options = bytes(4 * random.nextInt(11));
            case 8 -> stream.fragment = random.nextInt(8) << 13;
            case 9 -> stream.extensions = random.nextInt(2);
            case 10 -> stream.ipOptions = 4 * random.nextInt(2);
            case 11 -> stream.padding = random.nextInt(7);
            case 12, 13 -> stream.flags |= random.nextBoolean() ? Stream.PSH : Stream.FIN;
            case 14 -> stream.flowLabel++;
            case 15 -> stream.urgent = random.nextInt(3);
            case 16 -> stream.reserved = random.nextInt(16);
            case 17 -> stream.tci++;
            default -> {}
        }
        final boolean other = random.nextInt(10) == 0;
        stream.payload(bytes(other ? random.nextInt(size + 3) : size));
        final byte[] frame = stream.frame();
        stream.advance();
        if (other) {
            stream.payload(bytes(random.nextBoolean() ? size : Math.max(1, stream.payload.length)));
        }
        stream.flags = flags;
        stream.extensions = 0;
        stream.ipOptions = 0;
        stream.padding = 0;
        stream.fragment &= 0xc000;
        if (random.nextInt(30) == 0) {
            frame[random.nextInt(frame.length)] ^= (byte) (1 << random.nextInt(8));
        }
        return frame;
    }

    /** What came out is what came in. */
    void check(final List<byte[]> came, final List<byte[]> out, final String what) {
        final Map<String, List<byte[]>> expected = byFlow(came);
        final Map<String, List<byte[]>> actual = byFlow(out);
        assertEquals(expected.keySet(), actual.keySet(), what);
        expected.forEach((flow, frames) -> {
            assertEquals(frames.size(), actual.get(flow).size(), what);
            for (int i = 0; i < frames.size(); i++) {
                assertArrayEquals(frames.get(i), actual.get(flow).get(i), what + " frame " + i + " of " + flow);
            }
        });
    }

    private static Map<String, List<byte[]>> byFlow(final List<byte[]> frames) {
        final Map<String, List<byte[]>> flows = new LinkedHashMap<>();
        frames.forEach(frame ->
                flows.computeIfAbsent(flow(frame), key -> new ArrayList<>()).add(frame));
        return flows;
    }

    /** Type, protocol, addresses and ports, where they are plainly to be seen; tags left out, for a flow may have any. */
    private static String flow(final byte[] frame) {
        int at = 12;
        while (u16(frame, at) == 0x8100 && at + 6 <= frame.length) {
            at += 4;
        }
        final int type = u16(frame, at);
        final int ip = at + 2;
        // One whose header does not say what it is belongs to no flow.
        if (type == 0x0800
                && frame.length >= ip + 24
                && u8(frame, ip) == 0x45
                && u16(frame, ip + 2) <= frame.length - ip
                && u16(frame, ip + 2) >= frame.length - ip - 6
                && (u16(frame, ip + 6) & 0x3fff) == 0) {
            return "4 " + u8(frame, ip + 9) + text(frame, ip + 12, ip + 24);
        }
        if (type == 0x86dd
                && frame.length >= ip + 44
                && u8(frame, ip) >>> 4 == 6
                && u16(frame, ip + 4) <= frame.length - ip - 40
                && u16(frame, ip + 4) >= frame.length - ip - 46) {
            return "6 " + u8(frame, ip + 6) + text(frame, ip + 8, ip + 44);
        }
        return "other " + text(frame, 0, frame.length);
    }

    private static String text(final byte[] frame, final int from, final int to) {
        return HexFormat.of().formatHex(frame, from, to);
    }
}
