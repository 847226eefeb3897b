package io.weft.dataplane.api;

import io.weft.encap.Encapsulation;
import io.weft.encap.IpAddress;

/**
 * A network as wanted; its peers are added one by one.
 *
 * @param tenant the tenant's name
 * @param name unique within the tenant
 * @param vni 24-bit tenant network identifier: VNI, or NVGRE's VSID
 * @param encap how frames travel between hosts
 * @param port UDP port of the tunnel; 0 for NVGRE
 * @param flowId whether NVGRE's FlowID carries entropy
 * @param keepInnerVlan whether tags of tenants' frames travel with them
 * @param udpChecksum when the outer UDP checksum is filled in
 * @param macLimit learned addresses at most
 * @param macAgeMs milliseconds after which an unused learned address is forgotten
 * @param group underlay multicast group for BUM frames, or null for head-end replication
 * @param mssClamp whether TCP connections through tunnels are told a segment size that fits
 */
public record NetworkSpec(
        String tenant,
        String name,
        int vni,
        Encapsulation encap,
        int port,
        boolean flowId,
        boolean keepInnerVlan,
        UdpChecksum udpChecksum,
        int macLimit,
        long macAgeMs,
        IpAddress group,
        boolean mssClamp) {

    /** A network that leaves TCP's segment sizes alone. */
    public NetworkSpec(
            final String tenant,
            final String name,
            final int vni,
            final Encapsulation encap,
            final int port,
            final boolean flowId,
            final boolean keepInnerVlan,
            final UdpChecksum udpChecksum,
            final int macLimit,
            final long macAgeMs,
            final IpAddress group) {
        this(tenant, name, vni, encap, port, flowId, keepInnerVlan, udpChecksum, macLimit, macAgeMs, group, false);
    }

    /** The network's name among all tenants: {@code tenant/name}. */
    public String key() {
        return tenant + "/" + name;
    }

    /** Whether the outer UDP checksum is filled in. */
    public enum UdpChecksum {
        /** VXLAN over IPv4 sends none (RFC 7348, section 4.1), all else does. */
        AUTO,
        ON,
        /** None, also over IPv6, under the conditions of RFC 6936. */
        OFF
    }
}
