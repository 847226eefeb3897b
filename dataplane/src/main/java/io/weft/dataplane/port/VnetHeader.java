package io.weft.dataplane.port;

import io.weft.dataplane.Burst;
import io.weft.dataplane.DropReason;
import io.weft.encap.Mem;
import io.weft.encap.Tcp;
import io.weft.encap.Udp;

/**
 * {@code struct virtio_net_hdr_v1}, twelve bytes before a frame (virtio 1.2, section 5.1.6).
 *
 * <pre>
 *   0 flags   1 gso_type   2 hdr_len   4 gso_size   6 csum_start   8 csum_offset   10 num_buffers
 * </pre>
 *
 * <p>In the machine's byte order, which is virtio's on both architectures that Weft runs on.
 */
final class VnetHeader {
    static final int LENGTH = 12;

    /** Bits to the left within the first eight bytes. */
    private static final int GSO_TYPE = 8;

    private static final int HDR_LEN = 16;
    private static final int GSO_SIZE = 32;
    private static final int CSUM_START = 48;
    private static final int CSUM_OFFSET = 8;
    private static final int NUM_BUFFERS = 10;
    private static final int KNOWN_FLAGS = Burst.NEEDS_CSUM | Burst.DATA_VALID;

    private VnetHeader() {}

    /**
     * Takes the offload words at {@code header} into frame {@code i}, which is there otherwise; refuses the frame where
     * they do not fit it.
     */
    static void load(final long header, final Burst burst, final int i) {
        final long words = Mem.getLongNative(header);
        if ((words & 0xffff) == 0) {
            return;
        }
        final int flags = (int) words & KNOWN_FLAGS;
        final int gsoType = (int) (words >>> GSO_TYPE) & 0xff;
        burst.vnetFlags[i] = flags;
        burst.gsoType[i] = gsoType;
        burst.gsoSize[i] = (int) (words >>> GSO_SIZE) & 0xffff;
        if ((flags & Burst.NEEDS_CSUM) != 0) {
            final int start = (int) (words >>> CSUM_START) & 0xffff;
            final int offset = Mem.getShortNative(header + CSUM_OFFSET);
            burst.csumStart[i] = start;
            burst.csumOffset[i] = offset;
            if (start + offset + 2 > burst.headLength[i]) {
                burst.refused[i] = DropReason.BAD_OFFLOAD.ordinal();
            }
        } else if (gsoType != Burst.GSO_NONE) {
            burst.refused[i] = DropReason.BAD_OFFLOAD.ordinal();
        }
    }

    /** Bytes before the payload of a frame to be segmented: a receiver wants them in one piece (Linux's TAP does). */
    private static int headers(final Burst burst, final int i) {
        final int start = burst.csumStart[i];
        final int transport =
                burst.csumOffset[i] == Tcp.CHECKSUM ? Tcp.headerLength(burst.head[i] + start) : Udp.HEADER_LENGTH;
        return Math.min(start + transport, burst.headLength[i]);
    }

    /**
     * Writes the offload words of a frame.
     *
     * @param shift bytes by which what is sent begins earlier than the frame: the entry's prefix less its skip
     */
    static void store(final long header, final Burst burst, final int i, final int shift) {
        final int flags = burst.vnetFlags[i];
        final int gsoType = burst.gsoType[i];
        if ((flags | gsoType) == 0) {
            Mem.putLongNative(header, 0);
            Mem.putShortNative(header + CSUM_OFFSET, 0);
        } else {
            final long start = (flags & Burst.NEEDS_CSUM) != 0 ? burst.csumStart[i] + shift : 0;
            final long size = gsoType == Burst.GSO_NONE ? 0 : burst.gsoSize[i];
            Mem.putLongNative(
                    header,
                    flags
                            | (long) gsoType << GSO_TYPE
                            | (size == 0 ? 0 : headers(burst, i) + shift & 0xffffL) << HDR_LEN
                            | (size & 0xffff) << GSO_SIZE
                            | (start & 0xffff) << CSUM_START);
            Mem.putShortNative(header + CSUM_OFFSET, start == 0 ? 0 : burst.csumOffset[i]);
        }
        Mem.putShortNative(header + NUM_BUFFERS, 1);
    }
}
