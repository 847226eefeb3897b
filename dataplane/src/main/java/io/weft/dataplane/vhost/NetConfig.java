package io.weft.dataplane.vhost;

import io.weft.encap.Mem;

/**
 * {@code struct virtio_net_config} (virtio 1.2, section 5.1.4), in little endian: mac 6, status 2, max_virtqueue_pairs 2,
 * mtu 2; what follows belongs to features that are not offered and is zero.
 */
final class NetConfig {
    private static final int LINK_UP = 1;

    private NetConfig() {}

    /** Writes {@code size} bytes of it from {@code offset}, which may lie beyond its end. */
    static void write(final VhostDevice.Settings settings, final long address, final int offset, final int size) {
        for (int i = 0; i < size; i++) {
            Mem.putByte(address + i, at(settings, offset + i));
        }
    }

    private static int at(final VhostDevice.Settings settings, final int index) {
        return switch (index) {
            case 0, 1, 2, 3, 4, 5 -> (int) (settings.mac() >>> (40 - 8 * index)) & 0xff;
            case 6 -> LINK_UP;
            case 8 -> settings.queuePairs();
            case 10 -> settings.mtu() & 0xff;
            case 11 -> settings.mtu() >>> 8 & 0xff;
            default -> 0;
        };
    }
}
