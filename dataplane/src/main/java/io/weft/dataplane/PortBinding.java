package io.weft.dataplane;

import org.agrona.collections.Int2IntHashMap;

/** Which networks a port is in. Immutable; a change is a new one with the same id. */
final class PortBinding {
    static final int NO_NETWORK = -1;

    final int id;
    final String name;
    /** Access network, or {@link #NO_NETWORK} for a trunk. */
    final int access;
    /** The only source address allowed, or 0. */
    final long mac;
    /** Networks, each once. */
    final int[] networks;

    private final int[] byVlan;
    private final Int2IntHashMap vlans;

    /** An access port. */
    PortBinding(final int id, final String name, final long mac, final int network) {
        this.id = id;
        this.name = name;
        this.mac = mac;
        access = network;
        networks = new int[] {network};
        byVlan = null;
        vlans = null;
    }

    /** A trunk: {@code trunkNetworks[k]} has the tag {@code trunkVlans[k]}. */
    PortBinding(final int id, final String name, final long mac, final int[] trunkVlans, final int[] trunkNetworks) {
        this.id = id;
        this.name = name;
        this.mac = mac;
        access = NO_NETWORK;
        networks = trunkNetworks.clone();
        byVlan = new int[4096];
        java.util.Arrays.fill(byVlan, NO_NETWORK);
        vlans = new Int2IntHashMap(NO_NETWORK);
        for (int k = 0; k < trunkVlans.length; k++) {
            byVlan[trunkVlans[k]] = trunkNetworks[k];
            vlans.put(trunkNetworks[k], trunkVlans[k]);
        }
    }

    boolean isIn(final int network) {
        return access == network || (vlans != null && vlans.containsKey(network));
    }

    boolean isTrunk() {
        return byVlan != null;
    }

    /** The trunk's network of a VLAN identifier, 0 to 4095, or {@link #NO_NETWORK}. */
    int networkOf(final int vid) {
        return byVlan[vid];
    }

    /** The VLAN identifier that the trunk gives a network's frames, or {@link #NO_NETWORK} when it is not in it. */
    int vlanOf(final int network) {
        return vlans.get(network);
    }
}
