package io.weft.dataplane.api;

import java.util.Locale;
import java.util.Map;

/**
 * A port as wanted.
 *
 * @param name unique among ports
 * @param kind what it is made of
 * @param device the TAP's device name, or the capture's path; what {@code kind} needs
 * @param network key of the access network, or null for a trunk
 * @param trunk VLAN identifier to network key; empty for an access port, and for one that is in no network for now
 * @param queues queue pairs, or 0 for one per worker
 * @param mtu bytes of the largest layer-3 packet, or 0 for what fits the networks' tunnels, at most 1,500
 * @param mac the only source address allowed, or 0 for any
 * @param vhost the socket of a {@link Kind#VHOST_USER} port; null for other kinds
 * @param nicMode how a {@link Kind#AF_XDP} port reaches its NIC
 */
public record PortSpec(
        String name,
        Kind kind,
        String device,
        String network,
        Map<Integer, String> trunk,
        int queues,
        int mtu,
        long mac,
        VhostSpec vhost,
        NicMode nicMode) {

    public PortSpec {
        trunk = Map.copyOf(trunk);
        if (vhost == null == (kind == Kind.VHOST_USER)) {
            throw new IllegalArgumentException(
                    "port " + name + ": a socket belongs to a vhost-user port, and only there");
        }
    }

    /** A port of a kind without a socket. */
    public PortSpec(
            final String name,
            final Kind kind,
            final String device,
            final String network,
            final Map<Integer, String> trunk,
            final int queues,
            final int mtu,
            final long mac) {
        this(name, kind, device, network, trunk, queues, mtu, mac, null);
    }

    /** A port of a kind that is not a NIC. */
    public PortSpec(
            final String name,
            final Kind kind,
            final String device,
            final String network,
            final Map<Integer, String> trunk,
            final int queues,
            final int mtu,
            final long mac,
            final VhostSpec vhost) {
        this(name, kind, device, network, trunk, queues, mtu, mac, vhost, NicMode.AUTO);
    }

    /** A NIC that carries the tunnels. */
    public static PortSpec nic(final Kind kind, final String device, final NicMode mode, final int mtu) {
        return new PortSpec("underlay", kind, device, null, Map.of(), 0, mtu, 0, null, mode);
    }

    public boolean isTrunk() {
        return network == null;
    }

    /** Whether this can be had of an open port that is as {@code other} says, without opening it again. */
    public boolean opensLike(final PortSpec other) {
        return kind == Kind.VHOST_USER && vhost.equals(other.vhost) && queues == other.queues;
    }

    /**
     * A guest's vhost-user socket.
     *
     * @param path absolute, at most 107 bytes
     * @param owner user that is to own a socket that the switch serves; null: who runs the switch
     * @param group the same for its group; null: that of who runs the switch
     * @param fileMode permission bits of a socket that the switch serves
     */
    public record VhostSpec(String path, Mode mode, String owner, String group, int fileMode) {
        /** Permission bits of a socket that nothing was said about. */
        public static final int DEFAULT_FILE_MODE = 0600;

        /** A socket that the guest's side serves. */
        public static VhostSpec client(final String path) {
            return new VhostSpec(path, Mode.CLIENT, null, null, DEFAULT_FILE_MODE);
        }

        /** A socket that the switch serves, for whoever runs it. */
        public static VhostSpec server(final String path) {
            return new VhostSpec(path, Mode.SERVER, null, null, DEFAULT_FILE_MODE);
        }

        /** Who listens. */
        public enum Mode {
            /** The switch connects, and keeps trying. */
            CLIENT,
            /** The switch listens. */
            SERVER
        }
    }

    /** What a port is made of. */
    public enum Kind {
        TAP,
        /** A guest's virtio-net device. */
        VHOST_USER,
        /** Frames come from and go to the program that holds the switch: tests, measurements, demo. */
        MEMORY,
        /** Frames come from a capture; what is sent goes to another. */
        PCAP,
        /** A NIC, by AF_XDP; carries tunnels. */
        AF_XDP,
        /** A NIC, by packet sockets; carries tunnels. */
        AF_PACKET;

        /** The word that configurations use. */
        public String label() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }
}
