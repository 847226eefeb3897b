package io.weft.dataplane.sys;

import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;

/** What this host's network interfaces are: for configuration, never on a frame's way. */
public final class NetDevices {
    private NetDevices() {}

    /** The interface that holds the address, or null; 127.0.0.0/8 is held by loopback as a whole. */
    public static NetworkInterface holder(final int family, final long hi, final long lo) {
        try {
            final InetAddress address = SocketAddresses.inet(family, hi, lo);
            final NetworkInterface found = NetworkInterface.getByInetAddress(address);
            return found == null && address.isLoopbackAddress() ? NetworkInterface.getByName("lo") : found;
        } catch (final SocketException none) {
            return null;
        }
    }

    /** The index of the interface that holds the address, or 0 where no interface does. */
    public static int indexOf(final int family, final long hi, final long lo) {
        final NetworkInterface holder = holder(family, hi, lo);
        return holder == null ? 0 : holder.getIndex();
    }

    /** The MTU of the interface that holds the address, or 0 where no interface does. */
    public static int mtuOf(final int family, final long hi, final long lo) {
        final NetworkInterface holder = holder(family, hi, lo);
        try {
            return holder == null ? 0 : holder.getMTU();
        } catch (final SocketException gone) {
            return 0;
        }
    }

    /** The index of the interface of this name, or 0. */
    public static int index(final String name) {
        try {
            final NetworkInterface found = NetworkInterface.getByName(name);
            return found == null ? 0 : found.getIndex();
        } catch (final SocketException gone) {
            return 0;
        }
    }
}
