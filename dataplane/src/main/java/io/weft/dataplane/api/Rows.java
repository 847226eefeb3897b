package io.weft.dataplane.api;

import java.util.List;

/** What the switch tells of itself: one record per line that an operator reads. Counts are since start. */
public final class Rows {
    private Rows() {}

    /** @param location port name, or the remote endpoint's address; {@code vlan} is -1 without inner VLAN */
    public record MacRow(String network, int vlan, String mac, String location, boolean fixed, long idleMs) {}

    /** @param ingress port name or remote endpoint; {@code action} in words, with the port or endpoint */
    public record FlowRow(
            String tenant,
            String network,
            int vlan,
            String source,
            String destination,
            String ingress,
            String action,
            long hits,
            int worker) {}

    /** @param reason the drop reason's key, {@code text} its words; {@code port} "underlay" for tunnels */
    public record DropRow(String reason, String text, String port, String network, long count) {}

    /**
     * @param state "up"; what is waited for, beginning with {@link #WAITING}; or what is wrong
     * @param vhost what only a vhost-user port has to tell; null for other kinds
     */
    public record PortRow(
            String name,
            String kind,
            String device,
            List<String> networks,
            String state,
            int queues,
            int mtu,
            String mac,
            Traffic traffic,
            VhostRow vhost) {}

    /** A port's state that begins so is not wrong: there is no guest yet. */
    public static final String WAITING = "waiting";

    /**
     * A guest's device, as its frontend and driver have set it up.
     *
     * @param role "client" or "server": what the switch is on the socket
     * @param path of the socket
     * @param features negotiated, by virtio's names in lower case; empty while nothing is negotiated
     * @param pairsEnabled queue pairs that the guest uses
     * @param pairsOffered queue pairs that it may use
     * @param rings those that are started
     * @param unsealed whether the frontend shares memory that it can shrink: such a guest can harm itself, and a busy
     *     worker for a moment
     * @param hostMtu {@code host_mtu} that QEMU is to be given
     * @param refusedMtu the one that it was given, where it was refused as too large; else 0
     */
    public record VhostRow(
            String role,
            String path,
            List<String> features,
            int pairsEnabled,
            int pairsOffered,
            List<RingRow> rings,
            boolean unsealed,
            int hostMtu,
            int refusedMtu) {
        public VhostRow {
            features = List.copyOf(features);
            rings = List.copyOf(rings);
        }
    }

    /**
     * @param index of the ring: even ones are the guest's receive rings, odd ones its transmit rings
     * @param size descriptors
     * @param faults chains that were refused: outside memory, of length 0, looping
     * @param broken why the ring was stopped; empty while it is served
     */
    public record RingRow(int index, int size, boolean enabled, long faults, String broken) {}

    /** Frames and bytes in and out as seen from the switch: received from the port, sent to it. */
    public record Traffic(long rxFrames, long rxBytes, long txFrames, long txBytes, long rxDropped, long txDropped) {}

    public record NetworkRow(
            String key,
            int vni,
            String encap,
            int port,
            int macs,
            int macLimit,
            int ports,
            List<String> peers,
            String group,
            int mtu) {}

    public record TenantRow(String name, int flowCache, int flows, int networks) {}

    /**
     * @param configured false for an endpoint that was learned from frames
     * @param mtu bytes of the largest layer-3 packet of the tenant that it takes
     */
    public record TunnelRow(
            String network,
            String endpoint,
            String encap,
            int vni,
            boolean configured,
            long rxFrames,
            long txFrames,
            long idleMs,
            int mtu) {}

    /**
     * @param busy share of the last second's time that the worker spent on frames, 0 to 1; {@code cpu} -1: not pinned
     * @param busyNanos time spent on frames since the start
     */
    public record WorkerRow(
            int id,
            int cpu,
            double busy,
            long busyNanos,
            boolean asleep,
            long loops,
            long orders,
            int polled,
            int parked) {}

    /**
     * received + generated + copies + segments = sent + dropped + held + merged + taken.
     *
     * @param taken frames for the switch itself: ARP, neighbour discovery, ICMP
     */
    public record Books(
            long received,
            long generated,
            long copies,
            long segments,
            long sent,
            long dropped,
            long held,
            long merged,
            long taken) {
        public boolean balanced() {
            return received + generated + copies + segments == sent + dropped + held + merged + taken;
        }
    }

    /** @param stage what looks at the frame, {@code text} what it finds */
    public record TraceStep(String stage, String text) {}

    /** @param to port, or {@code tunnel ADDRESS}; {@code reason} the drop reason's key, null where it is sent */
    public record TraceOut(String to, String reason, String text) {}

    /**
     * What would become of a frame.
     *
     * @param verdict {@code forward}, {@code flood} or {@code drop}
     * @param network that it is of, or null
     * @param reason the drop reason's key, {@code text} its words; null where it is not dropped as a whole
     */
    public record Trace(
            String verdict, String network, List<TraceStep> steps, List<TraceOut> out, String reason, String text) {}

    /**
     * A next hop of an underlay of the switch's own.
     *
     * @param mac empty where it is not known
     * @param state {@code fixed}, {@code resolving}, {@code reachable}, {@code probed} or {@code failed}
     * @param endpoints that are reached through it
     * @param idleMs since it was last heard; -1: never, or fixed
     */
    public record NeighborRow(String address, String mac, String state, int endpoints, long idleMs) {}

    /** @param count of something that happened since the start, {@code name} its key */
    public record Count(String name, long count) {}

    /**
     * What carries the tunnels.
     *
     * @param device {@code kernel}, or the port in words
     * @param state "up", or what is waited for or wrong
     * @param mtu bytes of the largest outer IP packet
     * @param mac of this end, empty where the kernel has it
     * @param counts what came of messages for the switch itself; empty where the kernel takes them
     */
    public record LinkRow(
            String device, String state, int mtu, String mac, List<NeighborRow> neighbors, List<Count> counts) {}

    /** @param problems each one line that says what is wrong and what to do */
    public record Status(
            List<WorkerRow> workers,
            List<TenantRow> tenants,
            List<NetworkRow> networks,
            List<PortRow> ports,
            List<TunnelRow> tunnels,
            Traffic underlay,
            Carrier carrier,
            LinkRow link,
            Books books,
            List<String> problems) {}

    /**
     * What carries the tunnels.
     *
     * @param mode in a few words how it is reached; empty: by the kernel's sockets
     * @param state "up", or what is waited for or wrong, in words
     */
    public record Carrier(String mode, String state) {}
}
