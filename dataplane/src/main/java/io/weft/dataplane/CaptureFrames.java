package io.weft.dataplane;

import io.weft.dataplane.capture.CaptureRing;
import io.weft.dataplane.capture.CapturedFrame;
import io.weft.dataplane.sys.Region;
import io.weft.encap.Ecn;
import io.weft.encap.Encapsulation;
import io.weft.encap.Ethernet;
import io.weft.encap.IpAddress;
import io.weft.encap.Ipv4;
import io.weft.encap.Ipv6;
import io.weft.encap.Mem;
import io.weft.encap.OuterHeader;
import io.weft.encap.TunnelHeader;
import io.weft.encap.Udp;

/**
 * Makes frames of a capture's records. Where the kernel took the outer headers off, or is to put them on, such headers are
 * made up from what is known, so that the frame can be read and filtered as one: MAC addresses are zero, and over IPv4
 * so is the UDP checksum.
 *
 * <p>Owned by the capture's reader.
 */
final class CaptureFrames implements AutoCloseable {
    /** Where UDP begins over IPv6. */
    private static final int IPV6_HEADERS = Ethernet.HEADER_LENGTH + Ipv6.HEADER_LENGTH;

    /** Makes the last source port, as which tcpdump knows no protocol; the first one it would read as another's. */
    private static final int UNKNOWN_FLOW = -1;

    private static final int MAX_INNER = 65_535 - OuterHeader.MAX_LENGTH;

    private final IpAddress own4;
    private final IpAddress own6;
    private final Region scratch = new Region(OuterHeader.MAX_LENGTH);

    /** @param own4 this end of tunnels, or null; so own6 */
    CaptureFrames(final IpAddress own4, final IpAddress own6) {
        this.own4 = own4 == null ? IpAddress.v4(0) : own4;
        this.own6 = own6 == null ? IpAddress.v6(0, 0) : own6;
    }

    /** Fills in all but the time, the network's name and the comment. */
    void fill(final long record, final CapturedFrame frame) {
        final int captured = Mem.getIntNative(record + CaptureRing.CAPTURED);
        final int length = Mem.getIntNative(record + CaptureRing.LENGTH);
        final int outer = outer(record, length);
        final byte[] bytes = frame.room(outer + captured);
        Mem.copy(scratch.address(), bytes, 0, outer);
        Mem.copy(record + CaptureRing.BYTES, bytes, outer, captured);
        if (outer > IPV6_HEADERS && captured == length) {
            udpChecksum(bytes, outer + captured);
        }
        frame.captured = outer + captured;
        frame.length = outer + length;
        frame.direction = Mem.getIntNative(record + CaptureRing.DIRECTION);
        frame.reason = DropReason.of(Mem.getIntNative(record + CaptureRing.REASON));
        frame.vnetFlags = Mem.getIntNative(record + CaptureRing.VNET_FLAGS);
        frame.gsoType = Mem.getIntNative(record + CaptureRing.GSO_TYPE);
        frame.gsoSize = Mem.getIntNative(record + CaptureRing.GSO_SIZE);
        frame.csumStart = outer + Mem.getIntNative(record + CaptureRing.CSUM_START);
        frame.csumOffset = Mem.getIntNative(record + CaptureRing.CSUM_OFFSET);
    }

    /** Writes what stands before the record's bytes and returns how many bytes that are. */
    private int outer(final long record, final int length) {
        final int shape = Mem.getIntNative(record + CaptureRing.SHAPE);
        if (shape == CaptureRing.ETHERNET) {
            return 0;
        }
        final boolean sent = shape == CaptureRing.INNER;
        final int family = Mem.getIntNative(record + CaptureRing.FAMILY);
        final IpAddress other = new IpAddress(
                family, Mem.getLongNative(record + CaptureRing.HIGH), Mem.getLongNative(record + CaptureRing.LOW));
        final IpAddress own = family == 4 ? own4 : own6;
        final OuterHeader header = new OuterHeader(new OuterHeader.Spec(
                Encapsulation.values()[Mem.getIntNative(record + CaptureRing.ENCAPSULATION)],
                Mem.getIntNative(record + CaptureRing.VNI),
                Mem.getIntNative(record + CaptureRing.UDP_PORT),
                sent ? own : other,
                sent ? other : own,
                0,
                0,
                -1,
                false,
                true));
        // What was received has its own tunnel header, perhaps a longer one.
        final int inner = sent ? length : Math.max(0, length - TunnelHeader.LENGTH);
        final int ecn = Mem.getIntNative(record + CaptureRing.ECN);
        header.write(
                scratch.address(),
                Math.min(inner, MAX_INNER),
                sent ? Mem.getIntNative(record + CaptureRing.HASH) : UNKNOWN_FLOW,
                sent ? Ecn.encapsulate(ecn) : ecn);
        return sent ? header.length() : header.length() - TunnelHeader.LENGTH;
    }

    /** Over IPv6 a checksum of 0 would say that something is wrong (RFC 8200, section 8.1). */
    private static void udpChecksum(final byte[] bytes, final int end) {
        final int udp = IPV6_HEADERS;
        final boolean isUdp = bytes[Ethernet.HEADER_LENGTH + Ipv6.NEXT_HEADER] == Ipv4.PROTOCOL_UDP;
        if (!isUdp || end - udp < Udp.HEADER_LENGTH) {
            return;
        }
        long sum = (long) Ipv4.PROTOCOL_UDP + end - udp;
        for (int i = Ethernet.HEADER_LENGTH + Ipv6.SOURCE; i < end; i++) {
            sum += (i & 1) == 0 ? (bytes[i] & 0xffL) << 8 : bytes[i] & 0xffL;
        }
        while (sum >>> 16 != 0) {
            sum = (sum & 0xffff) + (sum >>> 16);
        }
        final int checksum = sum == 0xffff ? 0xffff : (int) ~sum & 0xffff;
        bytes[udp + Udp.CHECKSUM] = (byte) (checksum >>> 8);
        bytes[udp + Udp.CHECKSUM + 1] = (byte) checksum;
    }

    @Override
    public void close() {
        scratch.close();
    }
}
