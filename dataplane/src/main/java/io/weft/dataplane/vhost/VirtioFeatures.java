package io.weft.dataplane.vhost;

import java.util.ArrayList;
import java.util.List;

/** Feature bits of virtio 1.2 (sections 5.1.3 and 6) and of vhost that a network device meets. */
public final class VirtioFeatures {
    public static final long CSUM = 1L;
    public static final long GUEST_CSUM = 1L << 1;
    public static final long MTU = 1L << 3;
    public static final long MAC = 1L << 5;
    public static final long GUEST_TSO4 = 1L << 7;
    public static final long GUEST_TSO6 = 1L << 8;
    public static final long HOST_TSO4 = 1L << 11;
    public static final long HOST_TSO6 = 1L << 12;
    public static final long MRG_RXBUF = 1L << 15;
    public static final long STATUS = 1L << 16;
    public static final long CTRL_VQ = 1L << 17;
    public static final long CTRL_RX = 1L << 18;
    public static final long CTRL_VLAN = 1L << 19;
    public static final long GUEST_ANNOUNCE = 1L << 21;
    public static final long MQ = 1L << 22;
    public static final long CTRL_MAC_ADDR = 1L << 23;
    /** VHOST_F_LOG_ALL: pages that are written are marked. */
    public static final long LOG_ALL = 1L << 26;

    public static final long ANY_LAYOUT = 1L << 27;
    public static final long INDIRECT_DESC = 1L << 28;
    public static final long EVENT_IDX = 1L << 29;
    /** VHOST_USER_F_PROTOCOL_FEATURES: never the guest's. */
    public static final long PROTOCOL_FEATURES = 1L << 30;

    public static final long VERSION_1 = 1L << 32;
    public static final long RING_PACKED = 1L << 34;
    public static final long IN_ORDER = 1L << 35;
    public static final long GUEST_USO4 = 1L << 54;
    public static final long GUEST_USO6 = 1L << 55;
    public static final long HOST_USO = 1L << 56;

    /** Those that let a frame come or go with work left to do on it. */
    public static final long OFFLOADS =
            CSUM | GUEST_CSUM | GUEST_TSO4 | GUEST_TSO6 | HOST_TSO4 | HOST_TSO6 | GUEST_USO4 | GUEST_USO6 | HOST_USO;

    /**
     * What a port offers. CTRL_VQ and its kin are the frontend's to implement and must be offered for the guest to have
     * them; filters that they set are the frontend's too.
     */
    public static final long OFFERED = CSUM
            | GUEST_CSUM
            | MTU
            | GUEST_TSO4
            | GUEST_TSO6
            | HOST_TSO4
            | HOST_TSO6
            | MRG_RXBUF
            | STATUS
            | CTRL_VQ
            | CTRL_RX
            | GUEST_ANNOUNCE
            | MQ
            | LOG_ALL
            | ANY_LAYOUT
            | INDIRECT_DESC
            | EVENT_IDX
            | PROTOCOL_FEATURES
            | VERSION_1
            | RING_PACKED
            | IN_ORDER
            | GUEST_USO4
            | GUEST_USO6
            | HOST_USO;

    private static final String[] NAMES = new String[64];

    static {
        name(CSUM, "csum");
        name(GUEST_CSUM, "guest_csum");
        name(MTU, "mtu");
        name(MAC, "mac");
        name(GUEST_TSO4, "guest_tso4");
        name(GUEST_TSO6, "guest_tso6");
        name(HOST_TSO4, "host_tso4");
        name(HOST_TSO6, "host_tso6");
        name(MRG_RXBUF, "mrg_rxbuf");
        name(STATUS, "status");
        name(CTRL_VQ, "ctrl_vq");
        name(CTRL_RX, "ctrl_rx");
        name(CTRL_VLAN, "ctrl_vlan");
        name(GUEST_ANNOUNCE, "guest_announce");
        name(MQ, "mq");
        name(CTRL_MAC_ADDR, "ctrl_mac_addr");
        name(LOG_ALL, "log_all");
        name(ANY_LAYOUT, "any_layout");
        name(INDIRECT_DESC, "indirect_desc");
        name(EVENT_IDX, "event_idx");
        name(PROTOCOL_FEATURES, "protocol_features");
        name(VERSION_1, "version_1");
        name(RING_PACKED, "ring_packed");
        name(IN_ORDER, "in_order");
        name(GUEST_USO4, "guest_uso4");
        name(GUEST_USO6, "guest_uso6");
        name(HOST_USO, "host_uso");
    }

    private VirtioFeatures() {}

    private static void name(final long bit, final String name) {
        NAMES[Long.numberOfTrailingZeros(bit)] = name;
    }

    /** Names as virtio's specification has them, in lower case; {@code bit 44} for one that has none here. */
    public static List<String> names(final long features) {
        final List<String> names = new ArrayList<>();
        for (int bit = 0; bit < Long.SIZE; bit++) {
            if ((features >>> bit & 1) != 0) {
                names.add(NAMES[bit] == null ? "bit " + bit : NAMES[bit]);
            }
        }
        return names;
    }
}
