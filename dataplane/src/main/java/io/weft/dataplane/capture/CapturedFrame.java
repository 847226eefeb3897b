package io.weft.dataplane.capture;

import io.weft.dataplane.Burst;
import io.weft.dataplane.DropReason;

/**
 * A frame as a capture gives it. Reused for frame after frame; {@link #bytes} is valid until the next.
 *
 * <p>Owned by the capture's reader.
 */
public final class CapturedFrame {
    /** Nanoseconds since 1970. */
    public long epochNanos;
    /** {@link CaptureRing#IN}: received from the port; {@link CaptureRing#OUT}: sent to it; 0: not known. */
    public int direction;
    /** Why it went no further, or {@link DropReason#NONE}. */
    public DropReason reason = DropReason.NONE;
    /** {@code tenant/name}; null where it is of none. */
    public String network;
    /** Bytes that were captured, {@link #captured} of them. */
    public byte[] bytes = new byte[2048];

    public int captured;
    /** Bytes of the whole frame. */
    public int length;
    /** virtio-net's offload words, as in {@link Burst}. */
    public int vnetFlags;

    public int gsoType;
    public int gsoSize;
    public int csumStart;
    public int csumOffset;
    /** What there is to say of it, or null. */
    public String comment;

    /** Makes room for that many bytes and returns where they go. */
    public byte[] room(final int count) {
        if (bytes.length < count) {
            bytes = new byte[Math.max(count, Math.min(2 * bytes.length, Burst.MAX_FRAME))];
        }
        return bytes;
    }

    /** Puts into {@link #comment} why the frame was dropped and what is still to be done to it. */
    public void explain() {
        final StringBuilder text = new StringBuilder();
        if (reason != DropReason.NONE) {
            text.append("dropped: ").append(reason.key()).append(": ").append(reason.text());
            if (network != null) {
                text.append("; network ").append(network);
            }
        }
        if (gsoType != Burst.GSO_NONE) {
            separate(text).append("not segmented yet: ").append(kind()).append(", ");
            text.append(gsoSize).append(" bytes of payload each");
        }
        if ((vnetFlags & Burst.NEEDS_CSUM) != 0) {
            separate(text).append("checksum not filled in yet: from byte ").append(csumStart);
            text.append(", at ").append(csumStart + csumOffset);
        }
        comment = text.isEmpty() ? null : text.toString();
    }

    private static StringBuilder separate(final StringBuilder text) {
        return text.isEmpty() ? text : text.append("; ");
    }

    private String kind() {
        return switch (gsoType & ~Burst.GSO_ECN) {
            case Burst.GSO_TCPV4 -> "TCP over IPv4";
            case Burst.GSO_TCPV6 -> "TCP over IPv6";
            case Burst.GSO_UDP, Burst.GSO_UDP_L4 -> "UDP";
            default -> "segmentation " + gsoType;
        };
    }
}
