package io.weft.dataplane;

import io.weft.encap.Checksum;
import io.weft.encap.Ethernet;
import io.weft.encap.Ipv4;
import io.weft.encap.Mem;

/** Does for an egress without checksum offload what virtio-net's offload words ask of it (virtio 1.2, 5.1.6.2). */
public final class Offload {
    /** The least {@link Burst#csumStart}: nothing that was looked at to forward the frame may be written over. */
    private static final int MIN_START = Ethernet.HEADER_LENGTH + Ipv4.MIN_HEADER_LENGTH;

    private Offload() {}

    /**
     * Fills in the checksum of a frame with {@link Burst#NEEDS_CSUM}, in place, and clears the flag. The field holds the
     * sum of the pseudo header, as the guest left it.
     *
     * @return false when start and offset do not point into the head, behind an IP header; the frame is as it was
     */
    public static boolean complete(final Burst burst, final int i) {
        final int start = burst.csumStart[i];
        final int offset = burst.csumOffset[i];
        final int headLength = burst.headLength[i];
        if (start < MIN_START || start > headLength || offset < 0 || offset > headLength - start - 2) {
            return false;
        }
        // In UDP 0 would say "no checksum"; elsewhere all ones say the same as 0, and Linux writes them everywhere.
        final int checksum = Checksum.finishUdp(sum(burst, i, start, burst.length[i] - start));
        Mem.putShort(burst.head[i] + start + offset, checksum);
        burst.vnetFlags[i] &= ~Burst.NEEDS_CSUM;
        return true;
    }

    /** Returns the sum of {@code length} bytes of head and body from {@code from} on. */
    static int sum(final Burst burst, final int i, final int from, final int length) {
        final int inHead = Math.clamp(burst.headLength[i] - (long) from, 0, length);
        int sum = inHead == 0 ? 0 : Checksum.sum(burst.head[i] + from, inHead);
        int at = inHead;
        int skip = Math.max(0, from - burst.headLength[i]);
        final int last = burst.firstSegment[i] + burst.segmentCount[i];
        for (int s = burst.firstSegment[i]; s < last && at < length; s++) {
            final int bytes = burst.segmentLength[s];
            if (skip >= bytes) {
                skip -= bytes;
                continue;
            }
            final int piece = Math.min(bytes - skip, length - at);
            sum = Checksum.addAt(sum, Checksum.sum(burst.segmentAddress[s] + skip, piece), at);
            at += piece;
            skip = 0;
        }
        return sum;
    }
}
