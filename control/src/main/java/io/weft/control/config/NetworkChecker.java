package io.weft.control.config;

import io.weft.control.config.Config.Network;
import io.weft.control.config.Config.Underlay;
import io.weft.dataplane.api.NetworkSpec.UdpChecksum;
import io.weft.encap.Encapsulation;
import io.weft.encap.IpAddress;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** Tenants and networks of a configuration. Owned by the thread that checks. */
final class NetworkChecker {
    private static final int LAST_RESERVED_VSID = 0xfff;
    private static final int VENDOR_VSID = 0xffffff;
    static final int MAX_VNI = 0xffffff;
    private static final long BROADCAST = 0xffff_ffffL;

    private final Config config;
    private final Complaints complaints;
    private final Map<String, String> ownerOfTunnel = new HashMap<>();
    private final Map<Integer, String> encapOfPort = new HashMap<>();
    private final Map<Integer, String> zeroChecksumsOfPort = new HashMap<>();

    private NetworkChecker(final Config config, final Complaints complaints) {
        this.config = config;
        this.complaints = complaints;
    }

    static void check(final Config config, final Complaints complaints) {
        final NetworkChecker checker = new NetworkChecker(config, complaints);
        config.tenants().keySet().forEach(name -> ConfigChecker.name("tenants." + name, name, complaints));
        final Map<String, Map<Integer, String>> vnisOfTenant = new HashMap<>();
        final Map<String, Named> networks = new HashMap<>();
        config.tenants()
                .forEach((tenant, t) -> t.networks().forEach((name, network) -> {
                    networks.put(path(tenant, name), new Named(tenant, name, network));
                }));
        complaints.inOrder(networks.keySet(), path -> path).forEach(path -> {
            final Named named = networks.get(path);
            ConfigChecker.name(path, named.name(), complaints);
            checker.network(named, vnisOfTenant.computeIfAbsent(named.tenant(), _ -> new HashMap<>()));
        });
    }

    private record Named(String tenant, String name, Network network) {}

    static String path(final String tenant, final String network) {
        return "tenants." + tenant + ".networks." + network;
    }

    private void network(final Named named, final Map<Integer, String> vnis) {
        final String tenant = named.tenant();
        final String name = named.name();
        final Network network = named.network();
        final String path = path(tenant, name);
        if (vni(path + ".vni", network)) {
            final String twin = vnis.putIfAbsent(network.vni(), name);
            taken(path + ".vni", tenant + "/" + name, network, twin == null ? null : tenant + "/" + twin);
        }
        port(path, tenant + "/" + name, network);
        if (network.encap() == Encapsulation.NVGRE && network.keepInnerVlan()) {
            complaints.error(
                    path + ".inner-vlan",
                    "NVGRE must not carry a tagged frame (RFC 7637, section 3.3); remove it, or take encap: vxlan");
        }
        peers(path, network);
        group(path, network);
        macs(path, tenant + "/" + name, network);
    }

    private boolean vni(final String key, final Network network) {
        final int vni = network.vni();
        if (complaints.has(key) || (vni == -1 && complaints.has(key.substring(0, key.length() - 4)))) {
            return false;
        }
        if (vni < 1 || vni > MAX_VNI) {
            complaints.error(key, vni + " is not a number from 1 to " + MAX_VNI);
            return false;
        }
        if (network.encap() != Encapsulation.NVGRE) {
            return true;
        }
        if (vni <= LAST_RESERVED_VSID) {
            complaints.error(
                    key,
                    vni + " is a reserved VSID: NVGRE gives none up to " + LAST_RESERVED_VSID
                            + " to tenants (RFC 7637, section 3.4); take " + (LAST_RESERVED_VSID + 1) + " or more");
            return false;
        }
        if (vni == VENDOR_VSID) {
            complaints.error(
                    key,
                    vni
                            + " is a reserved VSID: it is for vendors' own use between endpoints (RFC 7637, section 3.4); take"
                            + " " + (VENDOR_VSID - 1) + " or less");
            return false;
        }
        return true;
    }

    private void taken(final String key, final String name, final Network network, final String twin) {
        final String how = network.encap().label() + (network.encap().isUdp() ? ", port " + network.port() : "");
        final String other = ownerOfTunnel.putIfAbsent(how + "/" + network.vni(), name);
        if (other != null) {
            complaints.error(
                    key,
                    "VNI " + network.vni() + " (" + how + ") is taken by network " + other + "; give " + name
                            + " another");
        } else if (twin != null) {
            complaints.error(
                    key,
                    "VNI " + network.vni() + " is taken by network " + twin + " of the same tenant; give " + name
                            + " another");
        }
    }

    private void port(final String path, final String name, final Network network) {
        if (!network.encap().isUdp()) {
            return;
        }
        final String mine = network.encap().label();
        final String first = encapOfPort.putIfAbsent(network.port(), mine + " (network " + name + ")");
        if (first != null && !first.startsWith(mine + " ")) {
            complaints.error(
                    path + ".port",
                    "UDP port " + network.port() + " carries " + first + " and cannot carry " + mine
                            + " too; take another, such as " + network.encap().defaultPort());
        }
        if (config.underlay().has(true)) {
            zeroChecksums(path, name, network);
        }
        if (network.udpChecksum() == UdpChecksum.OFF
                && network.peers().isEmpty()
                && Overhead.overIpv6(network, config.underlay())) {
            complaints.error(
                    path + ".udp-checksum",
                    "over IPv6 it may be off only between endpoints that are named (RFC 6936); give peers:, or remove it");
        }
    }

    /** Over IPv6 a UDP port takes zero checksums or does not (RFC 6936, section 4). */
    private void zeroChecksums(final String path, final String name, final Network network) {
        final String mine = network.udpChecksum() == UdpChecksum.OFF ? "off" : "on";
        final String first = zeroChecksumsOfPort.putIfAbsent(network.port(), mine + " for network " + name);
        if (first != null && !first.startsWith(mine + " ")) {
            complaints.error(
                    path + ".udp-checksum",
                    "over IPv6 it holds for UDP port " + network.port() + " as a whole, which has it " + first
                            + "; set both alike, or give one another port");
        }
    }

    private void peers(final String path, final Network network) {
        final Set<IpAddress> seen = new HashSet<>();
        for (int i = 0; i < network.peers().size(); i++) {
            final IpAddress peer = network.peers().get(i);
            final String key = ConfigChecker.item(complaints, path + ".peers", i);
            if (config.underlay().addresses().contains(peer)) {
                complaints.error(key, peer + " is this host's own address; name the other hosts only");
            } else if (peer.isMulticast()) {
                complaints.error(key, peer + " is a multicast address; write it as group:");
            } else if (peer.isUnspecified() || (peer.isIpv4() && peer.lo() == BROADCAST)) {
                complaints.error(key, peer + " is not the address of a host");
            } else if (!seen.add(peer)) {
                complaints.error(key, peer + " is given twice; remove one");
            } else {
                family(key, peer);
            }
        }
    }

    private void family(final String key, final IpAddress address) {
        final Underlay underlay = config.underlay();
        if (!underlay.addresses().isEmpty() && !underlay.has(!address.isIpv4())) {
            final String family = address.isIpv4() ? "IPv4" : "IPv6";
            complaints.error(
                    key,
                    address + " is " + family + ", but this host has no such address; add one to underlay.address");
        }
    }

    private void group(final String path, final Network network) {
        final IpAddress group = network.group();
        final String key = path + ".group";
        if (group == null) {
            return;
        }
        if (!group.isMulticast()) {
            complaints.error(key, group + " is not a multicast address (224.0.0.0/4 or ff00::/8)");
            return;
        }
        family(key, group);
        if (!config.underlay().acceptAny() && network.peers().isEmpty()) {
            complaints.warn(
                    key,
                    "with accept: peers and no peers nothing can be received; name the peers, or set underlay.accept: any");
        }
    }

    private void macs(final String path, final String name, final Network network) {
        network.macs().forEach((mac, location) -> {
            final String key = path + ".macs." + mac;
            if (!Macs.isUnicast(mac.mac())) {
                complaints.error(key, "is not the address of a station (all zero, or a group's)");
            }
            final Config.Port port = config.ports().get(location);
            if (port == null && !isPeer(network, location)) {
                complaints.error(key, Words.quoted(location) + " is neither a port nor a peer of " + name);
            } else if (port != null && !port.networks().contains(name)) {
                complaints.error(key, "port " + location + " is not in network " + name);
            }
            if (mac.vlan() >= 0 && !network.keepInnerVlan()) {
                complaints.error(key, "is in a VLAN, but the network does not keep tags; set inner-vlan: keep");
            }
        });
    }

    private static boolean isPeer(final Network network, final String location) {
        return network.peers().stream().anyMatch(peer -> peer.toString().equals(location));
    }
}
