package io.weft.dataplane.model;

import static io.weft.dataplane.TestFrames.putU16;
import static io.weft.dataplane.TestFrames.sum;
import static io.weft.dataplane.TestFrames.u16;

import io.weft.dataplane.TestFrames;
import java.util.Arrays;

/** Internet checksums (RFC 1071) and explicit congestion (RFC 6040, figure 4), by the book. */
final class Sums {
    private Sums() {}

    static boolean isHeaderRight(final byte[] frame, final int ip, final int length) {
        return sum(Arrays.copyOfRange(frame, ip, ip + length)) == 0xffff;
    }

    static void fixHeader(final byte[] frame, final int ip, final int length) {
        putU16(frame, ip + 10, 0);
        putU16(frame, ip + 10, ~sum(Arrays.copyOfRange(frame, ip, ip + length)) & 0xffff);
    }

    /** Ones' complement sum of the pseudo header and of {@code length} bytes from {@code l4}. */
    static int transport(
            final byte[] frame, final int ip, final int version, final int protocol, final int l4, final int length) {
        final byte[] addresses =
                version == 4 ? Arrays.copyOfRange(frame, ip + 12, ip + 20) : Arrays.copyOfRange(frame, ip + 8, ip + 40);
        final byte[] rest = {0, (byte) protocol, (byte) (length >>> 8), (byte) length};
        return sum(TestFrames.concat(addresses, rest, Arrays.copyOfRange(frame, l4, l4 + length)));
    }

    /** RFC 1624, equation 3: HC' = ~(~HC + ~m + m'). */
    static int update(final int checksum, final int before, final int after) {
        int sum = (~checksum & 0xffff) + (~before & 0xffff) + after;
        while (sum > 0xffff) {
            sum = (sum & 0xffff) + (sum >>> 16);
        }
        return ~sum & 0xffff;
    }

    /** Outgoing ECN by inner (row) and outer (column): 0 Not-ECT, 1 ECT(1), 2 ECT(0), 3 CE; -1: drop. */
    private static final int[][] DECAPSULATED = {
        {0, 0, 0, -1},
        {1, 1, 1, 3},
        {2, 1, 2, 3},
        {3, 3, 3, 3},
    };

    static int decapsulated(final int inner, final int outer) {
        return DECAPSULATED[inner][outer];
    }

    static void setEcn(final byte[] frame, final int ip, final int version, final int ecn) {
        final int before = u16(frame, ip);
        final int after = version == 4 ? (before & ~3) | ecn : (before & ~0x30) | ecn << 4;
        putU16(frame, ip, after);
        if (version == 4) {
            putU16(frame, ip + 10, update(u16(frame, ip + 10), before, after));
        }
    }
}
