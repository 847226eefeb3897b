package io.weft.dataplane.sys;

import io.weft.encap.Mem;

/**
 * A message of rtnetlink: header of 16 bytes, a fixed part that depends on the type, attributes (length u16, type u16,
 * value, padded to 4). Numbers are in native order, addresses in network order. Owned by the conductor.
 */
public final class NetlinkMessage implements AutoCloseable {
    public static final int NEW_LINK = 16;
    public static final int DELETE_LINK = 17;
    public static final int NEW_ADDRESS = 20;
    public static final int DELETE_ADDRESS = 21;
    public static final int NEW_ROUTE = 24;
    public static final int DELETE_ROUTE = 25;
    public static final int GET_ROUTE = 26;
    public static final int NEW_NEIGHBOR = 28;
    public static final int DELETE_NEIGHBOR = 29;
    public static final int GET_NEIGHBOR = 30;

    public static final int FLAG_REQUEST = 1;
    public static final int FLAG_ACK = 4;
    public static final int FLAG_CREATE = 0x400;

    private static final int CAPACITY = 512;
    private static final int ATTRIBUTE = 4;
    /** Bits that say how an attribute's value is made. */
    private static final int TYPE_MASK = 0x3fff;

    private final Region region = new Region(CAPACITY);
    private int length;

    /** Begins a message with a zeroed fixed part. */
    public NetlinkMessage begin(final int type, final int flags, final int fixed) {
        Mem.fill(region.address(), CAPACITY, 0);
        Mem.putShortNative(region.address() + 4, type);
        Mem.putShortNative(region.address() + 6, flags | FLAG_REQUEST);
        length = Netlink.HEADER + fixed;
        return this;
    }

    /** Where the fixed part is. */
    public long fixed() {
        return region.address() + Netlink.HEADER;
    }

    public NetlinkMessage putInt(final int type, final int value) {
        Mem.putIntNative(attribute(type, Integer.BYTES), value);
        return this;
    }

    /** An IP address of 4 or 16 bytes. */
    public NetlinkMessage putAddress(final int type, final int family, final long hi, final long lo) {
        if (family == Sockets.AF_INET) {
            Mem.putInt(attribute(type, Integer.BYTES), (int) lo);
            return this;
        }
        final long at = attribute(type, 2 * Long.BYTES);
        Mem.putLong(at, hi);
        Mem.putLong(at + Long.BYTES, lo);
        return this;
    }

    private long attribute(final int type, final int bytes) {
        final long at = region.address() + length;
        Mem.putShortNative(at, ATTRIBUTE + bytes);
        Mem.putShortNative(at + 2, type);
        length += (ATTRIBUTE + bytes + 3) & -4;
        return at + ATTRIBUTE;
    }

    void finish(final int sequence) {
        Mem.putIntNative(region.address(), length);
        Mem.putIntNative(region.address() + 8, sequence);
    }

    long address() {
        return region.address();
    }

    int length() {
        return length;
    }

    @Override
    public void close() {
        region.close();
    }

    /** Type of a received message. */
    public static int type(final long message) {
        return Mem.getShortNative(message + 4);
    }

    /** Where the fixed part of a received message is. */
    public static long fixed(final long message) {
        return message + Netlink.HEADER;
    }

    /**
     * Where the value of an attribute of a received message is, of so many bytes at least; 0: it has none.
     *
     * @param fixed bytes of the message's fixed part
     */
    public static long find(final long message, final int fixed, final int type, final int bytes) {
        final long end = message + Mem.getIntNative(message);
        return find(message + Netlink.HEADER + fixed, end, type, bytes);
    }

    /** The same within an attribute that has attributes, between two addresses. */
    public static long find(final long from, final long end, final int type, final int bytes) {
        long at = from;
        while (end - at >= ATTRIBUTE) {
            final int size = Mem.getShortNative(at);
            if (size < ATTRIBUTE || size > end - at) {
                return 0;
            }
            if ((Mem.getShortNative(at + 2) & TYPE_MASK) == type) {
                return size - ATTRIBUTE >= bytes ? at + ATTRIBUTE : 0;
            }
            at += (size + 3) & -4;
        }
        return 0;
    }

    /** Bytes of an attribute's value. */
    public static int valueLength(final long value) {
        return Mem.getShortNative(value - ATTRIBUTE) - ATTRIBUTE;
    }
}
