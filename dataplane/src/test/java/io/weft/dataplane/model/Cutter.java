package io.weft.dataplane.model;

import static io.weft.dataplane.TestFrames.putU16;
import static io.weft.dataplane.TestFrames.u16;
import static io.weft.dataplane.TestFrames.u8;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Segmentation of TCP and UDP as Linux does it (virtio 1.2, 5.1.6.2), one segment after the other. */
final class Cutter {
    private static final int TCP = 6;
    private static final int UDP = 17;
    private static final int ECN = 0x80;
    private static final int MAX_HEADERS = 384;

    private Cutter() {}

    /**
     * The segments, complete; null where the words do not fit the frame.
     *
     * @param fits bytes of the largest segment: TCP's are made smaller where they must
     */
    static List<byte[]> cut(final Frame frame, final int readable, final int fits) {
        final byte[] whole = frame.bytes();
        final Headers h = new Headers(whole, readable);
        if (h.runt || h.version == 0 || h.malformed || h.isOdd() || h.l4 < 0 || h.ipEnd != whole.length) {
            return null;
        }
        final boolean tcp = h.protocol == TCP;
        final boolean isOfType =
                switch (frame.gso()) {
                    case 1, 1 | ECN -> tcp && h.version == 4;
                    case 4, 4 | ECN -> tcp && h.version == 6;
                    case 5 -> h.protocol == UDP;
                    default -> false;
                };
        if (!isOfType || !frame.needsChecksum() || frame.start() != h.l4 || frame.offset() != (tcp ? 16 : 6)) {
            return null;
        }
        final int transport = tcp ? u8(whole, h.l4 + 12) >>> 4 << 2 : 8;
        final int headers = h.l4 + transport;
        if (transport < 8 || (tcp && transport < 20) || headers > Math.min(readable, MAX_HEADERS)) {
            return null;
        }
        final int payload = whole.length - headers;
        if (tcp ? frame.size() < 8 : frame.size() < 1 || payload > 128L * frame.size()) {
            return null;
        }
        final boolean large = tcp && headers + Math.min(frame.size(), payload) > fits;
        final int size = large ? fits - headers : frame.size();
        final List<byte[]> segments = new ArrayList<>();
        int done = 0;
        do {
            final int bytes = Math.min(size, payload - done);
            segments.add(segment(whole, h, headers, done, bytes, segments.size(), done + bytes == payload));
            done += bytes;
        } while (done < payload);
        return segments;
    }

    private static byte[] segment(
            final byte[] whole,
            final Headers h,
            final int headers,
            final int from,
            final int bytes,
            final int number,
            final boolean last) {
        final byte[] segment = Arrays.copyOf(whole, headers + bytes);
        System.arraycopy(whole, headers + from, segment, headers, bytes);
        if (h.version == 4) {
            putU16(segment, h.ip + 2, segment.length - h.ip);
            putU16(segment, h.ip + 4, u16(segment, h.ip + 4) + number);
            Sums.fixHeader(segment, h.ip, h.ipHeader);
        } else {
            putU16(segment, h.ip + 4, segment.length - h.ip - 40);
        }
        final boolean tcp = h.protocol == TCP;
        if (tcp) {
            final ByteBuffer fields = ByteBuffer.wrap(segment);
            fields.putInt(h.l4 + 4, fields.getInt(h.l4 + 4) + from);
            // FIN and PSH belong to the last, CWR to the first.
            final int flags = u8(segment, h.l4 + 13) & (last ? 0xff : ~0x09) & (number == 0 ? 0xff : ~0x80);
            segment[h.l4 + 13] = (byte) flags;
        } else {
            putU16(segment, h.l4 + 4, 8 + bytes);
        }
        final int field = h.l4 + (tcp ? 16 : 6);
        putU16(segment, field, 0);
        final int sum = Sums.transport(segment, h.ip, h.version, h.protocol, h.l4, segment.length - h.l4);
        final int checksum = ~sum & 0xffff;
        final boolean alone = number == 0 && last;
        putU16(segment, field, checksum == 0 && (!tcp || alone) ? 0xffff : checksum);
        return segment;
    }
}
