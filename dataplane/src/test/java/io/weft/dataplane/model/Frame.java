package io.weft.dataplane.model;

import io.weft.dataplane.TestFrames;
import io.weft.dataplane.port.MemoryQueue;
import java.util.Arrays;
import java.util.HexFormat;

/** A frame with virtio-net's offload words, as it stands in front of a port. */
@SuppressWarnings("ArrayRecordComponent") // compared by matches alone
record Frame(byte[] bytes, int flags, int gso, int size, int start, int offset) {
    private static final int NEEDS_CSUM = 1;
    /** Bytes that are enough to see what it is about; the seed has the rest. */
    private static final int TOLD = 160;

    static Frame plain(final byte[] bytes) {
        return new Frame(bytes, 0, 0, 0, 0, 0);
    }

    static Frame of(final MemoryQueue.Sent sent) {
        return new Frame(
                sent.frame(), sent.vnetFlags(), sent.gsoType(), sent.gsoSize(), sent.csumStart(), sent.csumOffset());
    }

    boolean needsChecksum() {
        return (flags & NEEDS_CSUM) != 0;
    }

    boolean isPlain() {
        return !needsChecksum() && gso == 0;
    }

    /** The same frame with other bytes before its payload, {@code moved} more than there were. */
    Frame with(final byte[] changed, final int moved) {
        return new Frame(changed, flags, gso, size, start + moved, offset);
    }

    /** The frame with its checksum filled in (virtio 1.2, 5.1.6.2), or null where the words point outside. */
    Frame completed(final int least, final int readable) {
        if (start < least || offset < 0 || (long) start + offset + 2 > readable) {
            return null;
        }
        final byte[] whole = bytes.clone();
        final int sum = TestFrames.sum(Arrays.copyOfRange(whole, start, whole.length));
        final int checksum = ~sum & 0xffff;
        TestFrames.putU16(whole, start + offset, checksum == 0 ? 0xffff : checksum);
        return new Frame(whole, flags & ~NEEDS_CSUM, gso, size, start, offset);
    }

    /** What a machine makes of it: the checksum filled in where it can be; words without meaning left out. */
    private Frame seen() {
        if (gso == 0 && needsChecksum()) {
            final Frame whole = completed(14, bytes.length);
            return whole == null ? this : plain(whole.bytes);
        }
        return isPlain() ? plain(bytes) : this;
    }

    boolean matches(final Frame other) {
        final Frame a = seen();
        final Frame b = other.seen();
        return Arrays.equals(a.bytes, b.bytes)
                && a.flags == b.flags
                && a.gso == b.gso
                && a.size == b.size
                && a.start == b.start
                && a.offset == b.offset;
    }

    @Override
    public String toString() {
        final String words =
                isPlain() ? "" : " flags " + flags + " gso " + gso + " size " + size + " csum " + start + "+" + offset;
        final int told = Math.min(bytes.length, TOLD);
        return bytes.length + " bytes" + words + ": " + HexFormat.of().formatHex(bytes, 0, told)
                + (told < bytes.length ? "..." : "");
    }
}
