package io.weft.dataplane.api;

import java.util.Map;

/**
 * A port as wanted.
 *
 * @param name unique among ports
 * @param kind what it is made of
 * @param device the TAP's device name, or the capture's path; what {@code kind} needs
 * @param network key of the access network, or null for a trunk
 * @param trunk VLAN identifier to network key; empty for an access port
 * @param queues queue pairs, or 0 for one per worker
 * @param mtu bytes of the largest layer-3 packet, or 0 for what fits the networks' tunnels, at most 1,500
 * @param mac the only source address allowed, or 0 for any
 */
public record PortSpec(
        String name,
        Kind kind,
        String device,
        String network,
        Map<Integer, String> trunk,
        int queues,
        int mtu,
        long mac) {

    public PortSpec {
        trunk = Map.copyOf(trunk);
    }

    public boolean isTrunk() {
        return network == null;
    }

    /** What a port is made of. */
    public enum Kind {
        TAP,
        /** Frames come from and go to the program that holds the switch: tests, measurements, demo. */
        MEMORY,
        /** Frames come from a capture; what is sent goes to another. */
        PCAP
    }
}
