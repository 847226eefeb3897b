package io.weft.dataplane.sys;

import io.weft.encap.Mem;
import java.lang.foreign.Arena;

/**
 * An array of {@code struct mmsghdr} with everything that they point to, for {@code sendmmsg} and {@code recvmmsg}:
 * addresses, buffer lists and control messages, allocated once.
 *
 * <p>Layouts are those of 64-bit Linux: {@code mmsghdr} 64 bytes, {@code iovec} 16, {@code cmsghdr} 16 with data aligned
 * to 8. Owned by the worker.
 */
public final class MessageBatch implements AutoCloseable {
    private static final int MESSAGE = 64;
    private static final int NAME = 0;
    private static final int NAME_LENGTH = 8;
    private static final int IOV = 16;
    private static final int IOV_COUNT = 24;
    private static final int CONTROL = 32;
    private static final int CONTROL_LENGTH = 40;
    private static final int FLAGS = 48;
    private static final int LENGTH = 56;

    private static final int IOVEC = 16;
    private static final int IOVEC_LENGTH = 8;

    private static final int CMSG_LEVEL = 8;
    private static final int CMSG_TYPE = 12;
    private static final int CMSG_DATA = 16;
    /** Room for a control message with up to 8 bytes of data. */
    private static final int CMSG_SPACE = 24;

    /** Room for an address, as four whole words. */
    private static final int NAME_SPACE = 32;

    /** Room for four control messages: TOS, segment size and two that the kernel may add. */
    private static final int CONTROL_SPACE = 4 * CMSG_SPACE;

    private final int capacity;
    private final int iovsPerMessage;
    private final Region region;
    private final long messages;
    private final long names;
    private final long iovs;
    private final long controls;

    private int tos;
    private int segmentSize;

    /** {@code capacity} messages of up to {@code iovsPerMessage} buffers each. */
    public MessageBatch(final int capacity, final int iovsPerMessage) {
        this.capacity = capacity;
        this.iovsPerMessage = iovsPerMessage;
        region = new Region(capacity * (MESSAGE + NAME_SPACE + CONTROL_SPACE + (long) iovsPerMessage * IOVEC));
        messages = region.address();
        names = messages + (long) capacity * MESSAGE;
        controls = names + (long) capacity * NAME_SPACE;
        iovs = controls + (long) capacity * CONTROL_SPACE;
        for (int i = 0; i < capacity; i++) {
            Mem.putLongNative(message(i) + IOV, iovs(i));
            Mem.putLongNative(message(i) + NAME, name(i));
            Mem.putLongNative(message(i) + CONTROL, controls + (long) i * CONTROL_SPACE);
        }
    }

    public int capacity() {
        return capacity;
    }

    public int iovsPerMessage() {
        return iovsPerMessage;
    }

    /** Where message {@code i} begins: pass {@code message(0)} and a count to the system call. */
    public long message(final int i) {
        return messages + (long) i * MESSAGE;
    }

    /** Room of {@link SocketAddresses#SIZE} for the peer's address: where a received one is, unless {@link #setName}. */
    public long name(final int i) {
        return names + (long) i * NAME_SPACE;
    }

    /** Sends to a prebuilt {@code sockaddr}, which is not copied. */
    public void setName(final int i, final long address, final int length) {
        Mem.putLongNative(message(i) + NAME, address);
        Mem.putIntNative(message(i) + NAME_LENGTH, length);
    }

    /** Sends to a {@code sockaddr} held as four words in native order, see {@link #nameWords}. */
    public void setName(final int i, final long[] words, final int length) {
        final long name = name(i);
        Mem.putLongNative(name, words[0]);
        Mem.putLongNative(name + 8, words[1]);
        Mem.putLongNative(name + 16, words[2]);
        Mem.putLongNative(name + 24, words[3]);
        Mem.putIntNative(message(i) + NAME_LENGTH, length);
    }

    /** The {@code sockaddr} in memory as an array, so that nothing is to be freed where it is kept. */
    public static long[] nameWords(final int family, final long hi, final long lo, final int port, final int scope) {
        try (Arena arena = Arena.ofConfined()) {
            final long at = arena.allocate(NAME_SPACE, Long.BYTES).address();
            SocketAddresses.write(at, family, hi, lo, port, scope);
            final long[] words = new long[NAME_SPACE / Long.BYTES];
            for (int i = 0; i < words.length; i++) {
                words[i] = Mem.getLongNative(at + 8L * i);
            }
            return words;
        }
    }

    public void setIov(final int i, final int index, final long address, final int length) {
        final long at = iovs(i) + (long) index * IOVEC;
        Mem.putLongNative(at, address);
        Mem.putLongNative(at + IOVEC_LENGTH, length);
    }

    /** Where message {@code i}'s {@code struct iovec} array begins, for {@code readv} and {@code writev}. */
    public long iovs(final int i) {
        return iovs + (long) i * iovsPerMessage * IOVEC;
    }

    public void setIovCount(final int i, final int count) {
        Mem.putLongNative(message(i) + IOV_COUNT, count);
    }

    /**
     * Lets message {@code i} take {@code count} buffers from the {@code first}th of all messages' together: for senders
     * whose messages need very different numbers. Buffers are set by {@code setIov(0, index, ..)}.
     */
    public void setIovs(final int i, final int first, final int count) {
        Mem.putLongNative(message(i) + IOV, iovs + (long) first * IOVEC);
        Mem.putLongNative(message(i) + IOV_COUNT, count);
    }

    /** Message {@code i} begins anew without control messages. */
    public void clearControl(final int i) {
        Mem.putLongNative(message(i) + CONTROL_LENGTH, 0);
    }

    /** Sends the message as datagrams of {@code size} bytes, the last may be shorter (UDP_SEGMENT). */
    public void addSegmentSize(final int i, final int size) {
        final long data = addControl(i, Sockets.SOL_UDP, Sockets.UDP_SEGMENT, Short.BYTES);
        Mem.putShortNative(data, size);
    }

    /** Sends the message with this TOS or traffic class, ECN included. */
    public void addTos(final int i, final int family, final int value) {
        final long data = family == Sockets.AF_INET
                ? addControl(i, Sockets.IPPROTO_IP, Sockets.IP_TOS, Integer.BYTES)
                : addControl(i, Sockets.IPPROTO_IPV6, Sockets.IPV6_TCLASS, Integer.BYTES);
        Mem.putIntNative(data, value);
    }

    /** Makes messages 0 to {@code count - 1} ready for {@code recvmmsg}; their buffers stay as set. */
    public void prepareReceive(final int count) {
        for (int i = 0; i < count; i++) {
            final long message = message(i);
            Mem.putIntNative(message + NAME_LENGTH, SocketAddresses.SIZE);
            Mem.putLongNative(message + CONTROL_LENGTH, CONTROL_SPACE);
            Mem.putIntNative(message + FLAGS, 0);
        }
    }

    /** Bytes received, or sent, in message {@code i}. */
    public int length(final int i) {
        return Mem.getIntNative(message(i) + LENGTH);
    }

    public boolean truncated(final int i) {
        return (Mem.getIntNative(message(i) + FLAGS) & Sockets.MSG_TRUNC) != 0;
    }

    /** Reads the control messages that came with message {@code i}; see {@link #tos} and {@link #segmentSize}. */
    public void readControl(final int i) {
        tos = 0;
        segmentSize = 0;
        long at = controls + (long) i * CONTROL_SPACE;
        final long end = at + Math.min(Mem.getLongNative(message(i) + CONTROL_LENGTH), CONTROL_SPACE);
        while (at + CMSG_DATA <= end) {
            final long length = Mem.getLongNative(at);
            if (length < CMSG_DATA || length > end - at) {
                return;
            }
            readOne(at);
            at += (length + 7) & -8;
        }
    }

    /** TOS or traffic class of the message that {@link #readControl} looked at; 0 where the kernel did not say. */
    public int tos() {
        return tos;
    }

    /** Bytes of each datagram that the kernel put together into this one (UDP_GRO), or 0: it is a single one. */
    public int segmentSize() {
        return segmentSize;
    }

    @Override
    public void close() {
        region.close();
    }

    private void readOne(final long at) {
        final int level = Mem.getIntNative(at + CMSG_LEVEL);
        final int type = Mem.getIntNative(at + CMSG_TYPE);
        if (level == Sockets.IPPROTO_IP && type == Sockets.IP_TOS) {
            tos = Mem.getByte(at + CMSG_DATA);
        } else if (level == Sockets.IPPROTO_IPV6 && type == Sockets.IPV6_TCLASS) {
            tos = Mem.getIntNative(at + CMSG_DATA);
        } else if (level == Sockets.SOL_UDP && type == Sockets.UDP_GRO) {
            segmentSize = Mem.getIntNative(at + CMSG_DATA);
        }
    }

    private long addControl(final int i, final int level, final int type, final int length) {
        final long message = message(i);
        final long used = Mem.getLongNative(message + CONTROL_LENGTH);
        final long at = controls + (long) i * CONTROL_SPACE + used;
        Mem.putLongNative(at, CMSG_DATA + length);
        Mem.putIntNative(at + CMSG_LEVEL, level);
        Mem.putIntNative(at + CMSG_TYPE, type);
        Mem.putLongNative(message + CONTROL_LENGTH, used + CMSG_SPACE);
        return at + CMSG_DATA;
    }
}
