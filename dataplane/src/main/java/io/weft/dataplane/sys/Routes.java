package io.weft.dataplane.sys;

import io.weft.encap.Mem;

/**
 * The kernel's routes and neighbours, asked one at a time (rtnetlink(7)). Addresses are as {@link SocketAddresses} has
 * them: family, and two longs. Owned by the conductor.
 */
public final class Routes implements AutoCloseable {
    private static final int RTMSG = 12;
    private static final int RTA_DST = 1;
    private static final int RTA_SRC = 2;
    private static final int RTA_OIF = 4;
    private static final int RTA_GATEWAY = 5;
    private static final int RTA_METRICS = 8;
    private static final int RTA_VIA = 18;
    private static final int RTAX_MTU = 2;
    private static final int RTN_UNICAST = 1;

    private static final int NDMSG = 12;
    private static final int NDA_DST = 1;
    private static final int NDA_LLADDR = 2;
    private static final int NTF_USE = 1;
    private static final int NUD_INCOMPLETE = 0x01;
    private static final int NUD_FAILED = 0x20;
    private static final int MAC = 6;

    private final Netlink netlink = new Netlink(0);
    private final NetlinkMessage request = new NetlinkMessage();

    public Routes() throws ErrnoException {}

    /**
     * A route.
     *
     * @param unicast whether packets are sent on at all: not local, refused or thrown away
     * @param ifindex device that they leave by
     * @param family of the next hop
     * @param mtu bytes of the largest packet, or 0: the device's
     */
    public record Route(boolean unicast, int ifindex, int family, long nextHi, long nextLo, int mtu) {}

    /** The route to an address from a source, or null where there is none. */
    public Route route(final int family, final long hi, final long lo, final long sourceHi, final long sourceLo) {
        request.begin(NetlinkMessage.GET_ROUTE, 0, RTMSG);
        final int bits = family == Sockets.AF_INET ? 32 : 128;
        Mem.putByte(request.fixed(), family);
        Mem.putByte(request.fixed() + 1, bits);
        Mem.putByte(request.fixed() + 2, bits);
        request.putAddress(RTA_DST, family, hi, lo);
        request.putAddress(RTA_SRC, family, sourceHi, sourceLo);
        final Route[] found = new Route[1];
        final int result = netlink.ask(request, message -> {
            if (NetlinkMessage.type(message) == NetlinkMessage.NEW_ROUTE) {
                found[0] = read(message, family, hi, lo);
            }
        });
        return result < 0 ? null : found[0];
    }

    private static Route read(final long message, final int family, final long hi, final long lo) {
        final long device = NetlinkMessage.find(message, RTMSG, RTA_OIF, Integer.BYTES);
        final boolean unicast = Mem.getByte(NetlinkMessage.fixed(message) + 7) == RTN_UNICAST;
        final int ifindex = device == 0 ? 0 : Mem.getIntNative(device);
        final int mtu = mtu(message);
        final long via = NetlinkMessage.find(message, RTMSG, RTA_VIA, 2 + 16);
        if (via != 0 && Mem.getShortNative(via) == Sockets.AF_INET6) {
            // An IPv4 route over an IPv6 next hop (RFC 5549).
            return new Route(unicast, ifindex, Sockets.AF_INET6, Mem.getLong(via + 2), Mem.getLong(via + 10), mtu);
        }
        final int bytes = family == Sockets.AF_INET ? 4 : 16;
        final long gateway = NetlinkMessage.find(message, RTMSG, RTA_GATEWAY, bytes);
        if (gateway == 0) {
            return new Route(unicast, ifindex, family, hi, lo, mtu);
        }
        return bytes == 4
                ? new Route(unicast, ifindex, family, 0, Mem.getInt(gateway) & 0xffff_ffffL, mtu)
                : new Route(unicast, ifindex, family, Mem.getLong(gateway), Mem.getLong(gateway + 8), mtu);
    }

    private static int mtu(final long message) {
        final long metrics = NetlinkMessage.find(message, RTMSG, RTA_METRICS, Integer.BYTES);
        if (metrics == 0) {
            return 0;
        }
        final long end = metrics + NetlinkMessage.valueLength(metrics);
        final long mtu = NetlinkMessage.find(metrics, end, RTAX_MTU, Integer.BYTES);
        return mtu == 0 ? 0 : Mem.getIntNative(mtu);
    }

    /** The MAC of a neighbour as the lower 48 bits, or 0 where the kernel does not know it (yet). */
    public long neighbor(final int ifindex, final int family, final long hi, final long lo) {
        request.begin(NetlinkMessage.GET_NEIGHBOR, 0, NDMSG);
        Mem.putByte(request.fixed(), family);
        Mem.putIntNative(request.fixed() + 4, ifindex);
        request.putAddress(NDA_DST, family, hi, lo);
        final long[] found = new long[1];
        netlink.ask(request, message -> found[0] = mac(message));
        return found[0];
    }

    /**
     * Has the kernel find a neighbour out, or see whether it is still there: as if a packet had been sent to it. Returns 0
     * or {@code -errno}.
     */
    public int use(final int ifindex, final int family, final long hi, final long lo) {
        final int flags = NetlinkMessage.FLAG_CREATE | NetlinkMessage.FLAG_ACK;
        request.begin(NetlinkMessage.NEW_NEIGHBOR, flags, NDMSG);
        Mem.putByte(request.fixed(), family);
        Mem.putIntNative(request.fixed() + 4, ifindex);
        Mem.putByte(request.fixed() + 10, NTF_USE);
        request.putAddress(NDA_DST, family, hi, lo);
        return netlink.ask(request, message -> {});
    }

    private static long mac(final long message) {
        final int type = NetlinkMessage.type(message);
        final int state = Mem.getShortNative(NetlinkMessage.fixed(message) + 8);
        final long address = NetlinkMessage.find(message, NDMSG, NDA_LLADDR, MAC);
        if (type != NetlinkMessage.NEW_NEIGHBOR
                || address == 0
                || (state & (NUD_INCOMPLETE | NUD_FAILED)) != 0
                || NetlinkMessage.valueLength(address) != MAC) {
            return 0;
        }
        return (long) Mem.getShort(address) << 32 | (Mem.getInt(address + 2) & 0xffff_ffffL);
    }

    @Override
    public void close() {
        netlink.close();
        request.close();
    }
}
