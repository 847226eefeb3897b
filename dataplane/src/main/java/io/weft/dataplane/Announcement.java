package io.weft.dataplane;

import io.weft.encap.Ethernet;
import io.weft.encap.Mem;
import io.weft.encap.Vlan;
import io.weft.flowcache.MacTable;

/**
 * The frame that tells a network where a machine is now: a broadcast RARP request with its address (RFC 903), as
 * hypervisors send it after a move.
 *
 * <p>Owned by the worker.
 */
final class Announcement {
    private static final int LENGTH = 60;
    private static final int MAC = 6;
    private static final int REQUEST_REVERSE = 3;

    private final long slot = Mem.allocate(Burst.HEADROOM + LENGTH + Vlan.TAG_LENGTH, 64);

    /** Adds the frame to an empty burst; with a tag unless {@code vid} is {@link MacTable#NO_VLAN}. */
    void put(final Burst burst, final long mac, final int vid) {
        final long frame = slot + Burst.HEADROOM;
        Mem.fill(frame, LENGTH + Vlan.TAG_LENGTH, 0);
        address(frame, Ethernet.BROADCAST);
        address(frame + MAC, mac);
        long at = frame + 2L * MAC;
        if (vid != MacTable.NO_VLAN) {
            Mem.putShort(at, Vlan.TPID_CUSTOMER);
            Mem.putShort(at + 2, vid);
            at += Vlan.TAG_LENGTH;
        }
        Mem.putShort(at, Ethernet.TYPE_RARP);
        Mem.putShort(at + 2, 1);
        Mem.putShort(at + 4, Ethernet.TYPE_IPV4);
        Mem.putByte(at + 6, MAC);
        Mem.putByte(at + 7, 4);
        Mem.putShort(at + 8, REQUEST_REVERSE);
        address(at + 10, mac);
        address(at + 20, mac);
        burst.add(frame, (int) (at - frame) + LENGTH - 2 * MAC);
    }

    private static void address(final long at, final long mac) {
        Mem.putShort(at, (int) (mac >>> 32));
        Mem.putInt(at + 2, (int) mac);
    }
}
