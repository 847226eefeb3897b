package io.weft.control.config;

import io.weft.dataplane.api.NetworkSpec.UdpChecksum;
import io.weft.encap.Encapsulation;
import io.weft.encap.IpAddress;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A host's whole configuration, as a file gives it. Immutable; two are equal when they say the same.
 *
 * @param name this host's name among the hosts of the overlay
 * @param workers CPUs that poll, one worker each; empty: one worker that is not pinned
 * @param state the folder that survives a restart
 * @param tenants by name
 * @param ports by name
 */
public record Config(
        String name,
        List<Integer> workers,
        Idle idle,
        String state,
        Api api,
        Underlay underlay,
        SortedMap<String, Tenant> tenants,
        SortedMap<String, Port> ports) {
    public static final String DEFAULT_STATE = "/var/lib/weft";
    public static final String DEFAULT_UNIX = "/run/weft/api.sock";
    public static final int DEFAULT_FLOW_CACHE = 65_536;
    public static final int DEFAULT_MAC_LIMIT = 8_192;
    public static final long DEFAULT_MAC_AGE_MS = 300_000;

    public Config {
        workers = List.copyOf(workers);
        tenants = sorted(tenants);
        ports = sorted(ports);
    }

    /** Returns the network with the key {@code tenant/name}, or null. */
    public Network network(final String key) {
        final int slash = key.indexOf('/');
        final Tenant tenant = slash < 0 ? null : tenants.get(key.substring(0, slash));
        return tenant == null ? null : tenant.networks().get(key.substring(slash + 1));
    }

    /** All networks by key, {@code tenant/name}, sorted by tenant, then name. */
    public Map<String, Network> networks() {
        final Map<String, Network> all = new LinkedHashMap<>();
        tenants.forEach((tenant, t) -> t.networks().forEach((name, network) -> all.put(tenant + "/" + name, network)));
        return all;
    }

    /** Returns this host's settings with the tenants and ports of another configuration. */
    public Config with(final SortedMap<String, Tenant> otherTenants, final SortedMap<String, Port> otherPorts) {
        return new Config(name, workers, idle, state, api, underlay, otherTenants, otherPorts);
    }

    private static <K extends Comparable<K>, V> SortedMap<K, V> sorted(final Map<K, V> map) {
        return Collections.unmodifiableSortedMap(new TreeMap<>(map));
    }

    /** What a worker does without load. */
    public enum Idle {
        /** Sleep until a doorbell rings. */
        ADAPTIVE,
        POLL
    }

    /**
     * Where the control API listens.
     *
     * @param unix path of the Unix socket
     * @param http {@code address:port}, or null for none
     * @param tokenFile file that holds the token of requests over TCP, or null
     * @param tls null for none
     */
    public record Api(String unix, String http, String tokenFile, Tls tls) {}

    /**
     * Paths of PEM files.
     *
     * @param clientCa authorities whose client certificates are let in, or null for tokens only
     */
    public record Tls(String certificate, String key, String clientCa) {}

    /**
     * How this host reaches others.
     *
     * @param addresses this host's tunnel endpoints
     * @param acceptAny decapsulate from any endpoint, not only from peers
     * @param queues queue pairs of an owned device, or 0: one for vhost-user, one per worker for others
     * @param mac an owned device's MAC, or 0
     * @param gateway an owned device's next hops, at most one of each family
     * @param prefix length of an owned device's subnet: IPv4's where it has such an address, else IPv6's; or 0
     * @param prefix6 length of its IPv6 subnet, or 0 for 64
     * @param vlan identifier of the tag that packets have on an owned device, or 0
     * @param neighbors fixed neighbours of an owned device
     * @param mtu bytes of the largest outer IP packet; 0: the device's
     */
    public record Underlay(
            List<IpAddress> addresses,
            boolean acceptAny,
            Device device,
            int queues,
            long mac,
            List<IpAddress> gateway,
            int prefix,
            int prefix6,
            int vlan,
            Map<IpAddress, Long> neighbors,
            int mtu) {
        public Underlay {
            addresses = List.copyOf(addresses);
            gateway = List.copyOf(gateway);
            neighbors = Map.copyOf(neighbors);
        }

        public boolean has(final boolean ipv6) {
            return addresses.stream().anyMatch(address -> address.isIpv4() != ipv6);
        }
    }

    /**
     * What a port or the underlay is made of.
     *
     * @param name the interface's name, or the socket's path; empty for {@link Kind#KERNEL}
     * @param mode vhost-user: who listens; AF_XDP: how the NIC is reached, null for the best way; null for the rest
     * @param socket vhost-user's server side, or null
     */
    public record Device(Kind kind, String name, Mode mode, Socket socket) {
        public static final Device KERNEL = new Device(Kind.KERNEL, "", null, null);

        public static Device tap(final String name) {
            return new Device(Kind.TAP, name, null, null);
        }

        /** As files write it: {@code tap h1}. */
        @Override
        public String toString() {
            return name.isEmpty() ? kind.key() : kind.key() + " " + name;
        }

        public enum Kind {
            KERNEL,
            TAP,
            VHOST_USER,
            AF_XDP,
            AF_PACKET;

            /** The word that files use. */
            public String key() {
                return Words.word(this);
            }
        }

        /** Who listens, of vhost-user; how the NIC is reached, of AF_XDP. */
        public enum Mode {
            CLIENT,
            SERVER,
            ZERO_COPY,
            NATIVE,
            SKB
        }

        /**
         * Who may connect to a socket that the switch serves.
         *
         * @param owner user, or null for the switch's own
         * @param group or null for the switch's own
         * @param mode the file mode's bits
         */
        public record Socket(String owner, String group, int mode) {}
    }

    /**
     * @param flowCache entries that its flow cache may hold in each worker
     * @param networks by name
     */
    public record Tenant(int flowCache, SortedMap<String, Network> networks) {
        public Tenant {
            networks = sorted(networks);
        }
    }

    /**
     * @param vni 24-bit identifier: VNI, or NVGRE's VSID
     * @param port UDP port of the tunnel; 0 for NVGRE
     * @param peers endpoints that frames come from and are replicated to, in the order given
     * @param group underlay multicast group for BUM frames, or null
     * @param flowId whether NVGRE's FlowID carries entropy
     * @param keepInnerVlan whether tags of tenants' frames travel with them
     * @param macLimit learned addresses at most
     * @param macAgeMs milliseconds after which an unused learned address is forgotten
     * @param macs fixed addresses and where they are: a port's name or a peer's address
     * @param mssClamp whether TCP connections through tunnels are told a segment size that fits
     */
    public record Network(
            int vni,
            Encapsulation encap,
            int port,
            List<IpAddress> peers,
            IpAddress group,
            boolean flowId,
            boolean keepInnerVlan,
            UdpChecksum udpChecksum,
            int macLimit,
            long macAgeMs,
            SortedMap<FixedMac, String> macs,
            boolean mssClamp) {
        public Network {
            peers = List.copyOf(peers);
            macs = sorted(macs);
        }

        /** A network that leaves TCP's segment sizes alone. */
        public Network(
                final int vni,
                final Encapsulation encap,
                final int port,
                final List<IpAddress> peers,
                final IpAddress group,
                final boolean flowId,
                final boolean keepInnerVlan,
                final UdpChecksum udpChecksum,
                final int macLimit,
                final long macAgeMs,
                final SortedMap<FixedMac, String> macs) {
            this(vni, encap, port, peers, group, flowId, keepInnerVlan, udpChecksum, macLimit, macAgeMs, macs, false);
        }
    }

    /**
     * @param vlan inner VLAN, or -1 for none
     * @param mac 48 bits
     */
    public record FixedMac(int vlan, long mac) implements Comparable<FixedMac> {
        @Override
        public int compareTo(final FixedMac other) {
            return vlan != other.vlan ? Integer.compare(vlan, other.vlan) : Long.compare(mac, other.mac);
        }

        /** As files write it: {@code 02:00:00:00:00:01}, or {@code 02:00:00:00:00:01@10} within VLAN 10. */
        @Override
        public String toString() {
            return vlan < 0 ? Macs.format(mac) : Macs.format(mac) + "@" + vlan;
        }
    }

    /**
     * @param network key of the access network, or null for a trunk
     * @param trunk VLAN identifier to network key; empty for an access port
     * @param queues queue pairs, or 0: one for a guest, one per worker for others
     * @param mtu bytes of the largest layer-3 packet, or 0 for what fits the networks' tunnels
     * @param mac the only source address allowed, or 0 for any
     */
    public record Port(Device device, String network, SortedMap<Integer, String> trunk, int queues, int mtu, long mac) {
        public Port {
            trunk = sorted(trunk);
        }

        public boolean isTrunk() {
            return network == null;
        }

        /** Keys of the networks that the port is in. */
        public List<String> networks() {
            return isTrunk() ? List.copyOf(trunk.values()) : List.of(network);
        }
    }
}
