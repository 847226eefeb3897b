package io.weft.dataplane.vhost.frontend;

import static io.weft.dataplane.TestFrames.concat;
import static io.weft.dataplane.TestFrames.ethernet;
import static io.weft.dataplane.TestFrames.fixIpv4;
import static io.weft.dataplane.TestFrames.fixL4;
import static io.weft.dataplane.TestFrames.ip;
import static io.weft.dataplane.TestFrames.putU16;
import static io.weft.dataplane.TestFrames.sum;
import static io.weft.dataplane.TestFrames.u16;
import static io.weft.dataplane.TestFrames.u8;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A TCP or UDP frame as a guest with offloads sends it, the checksum field holding the pseudo header's sum, and what it
 * must become where somebody does the guest's work: checksummed, or cut the way Linux does it.
 */
public final class GuestFrame {
    private static final int FIN = 1;
    private static final int PSH = 8;
    private static final int CWR = 128;
    private static final int ACK = 16;

    public final boolean tcp;
    public final boolean v6;
    public final int gsoSize;
    public final int csumStart;
    public final int csumOffset;
    /** As the guest hands it over. */
    public final byte[] partial;

    private final int headers;

    /** @param gsoSize bytes of payload of a segment; 0: not to be segmented */
    public GuestFrame(
            final boolean tcp,
            final boolean v6,
            final long destination,
            final long source,
            final byte[] payload,
            final int gsoSize) {
        this.tcp = tcp;
        this.v6 = v6;
        this.gsoSize = gsoSize;
        final ByteBuffer l4 = ByteBuffer.allocate(tcp ? 32 : 8);
        l4.putShort((short) 1000).putShort((short) 2000);
        if (tcp) {
            l4.putInt(0xffff_fff0)
                    .putInt(77)
                    .put((byte) (8 << 4))
                    .put((byte) (ACK | PSH))
                    .putShort((short) 500);
            // Timestamps.
            l4.position(20);
            l4.put(new byte[] {1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8});
        } else {
            l4.putShort((short) (8 + payload.length));
        }
        final byte[] packet = concat(l4.array(), payload);
        final byte[] l3 = v6
                ? ip("fd00::1", "fd00::2", tcp ? 6 : 17, 2, packet)
                : ip("192.168.0.1", "192.168.0.2", tcp ? 6 : 17, 2, packet);
        if (!v6) {
            putU16(l3, 4, 0xfffe);
            fixIpv4(l3, 0);
        }
        partial = ethernet(destination, source, v6 ? 0x86dd : 0x0800, l3);
        csumStart = 14 + (v6 ? 40 : 20);
        csumOffset = tcp ? 16 : 6;
        headers = csumStart + l4.capacity();
        putU16(partial, csumStart + csumOffset, pseudoSum(partial, partial.length - csumStart));
    }

    private int pseudoSum(final byte[] frame, final int length) {
        return sum(concat(
                Arrays.copyOfRange(frame, v6 ? 22 : 26, v6 ? 54 : 34),
                new byte[] {0, (byte) (tcp ? 6 : 17)},
                ByteBuffer.allocate(2).putShort((short) length).array()));
    }

    /** As virtio-net says it. */
    public int gsoType() {
        return gsoSize == 0 ? 0 : !tcp ? GuestNic.GSO_UDP_L4 : v6 ? GuestNic.GSO_TCPV6 : GuestNic.GSO_TCPV4;
    }

    /** With its checksum filled in. */
    public byte[] complete() {
        return fixL4(partial.clone(), 14, csumStart, csumOffset);
    }

    /** What goes on a wire. */
    public List<byte[]> segments() {
        final List<byte[]> segments = new ArrayList<>();
        final int payload = partial.length - headers;
        int at = 0;
        do {
            final int bytes = gsoSize == 0 ? payload : Math.min(gsoSize, payload - at);
            final byte[] segment = concat(
                    Arrays.copyOf(partial, headers), Arrays.copyOfRange(partial, headers + at, headers + at + bytes));
            if (v6) {
                putU16(segment, 14 + 4, segment.length - 54);
            } else {
                putU16(segment, 14 + 2, segment.length - 14);
                putU16(segment, 14 + 4, u16(partial, 14 + 4) + segments.size());
                fixIpv4(segment, 14);
            }
            if (tcp) {
                final long sequence = ((long) u16(partial, csumStart + 4) << 16 | u16(partial, csumStart + 6)) + at;
                putU16(segment, csumStart + 4, (int) (sequence >>> 16));
                putU16(segment, csumStart + 6, (int) sequence);
                int flags = u8(partial, csumStart + 13);
                flags = at + bytes < payload ? flags & ~(FIN | PSH) : flags;
                flags = at > 0 ? flags & ~CWR : flags;
                segment[csumStart + 13] = (byte) flags;
            } else {
                putU16(segment, csumStart + 4, segment.length - csumStart);
            }
            fixL4(segment, 14, csumStart, csumOffset);
            if (tcp && bytes < payload && u16(segment, csumStart + csumOffset) == 0xffff) {
                // Of several segments Linux leaves it 0.
                putU16(segment, csumStart + csumOffset, 0);
            }
            segments.add(segment);
            at += bytes;
        } while (at < payload);
        return segments;
    }

    /** A received frame with what it still needs done: its checksum. */
    public static byte[] finished(final GuestNic.Received received) {
        return (received.flags & GuestNic.NEEDS_CSUM) == 0
                ? received.frame
                : fixL4(received.frame.clone(), 14, received.csumStart, received.csumOffset);
    }
}
