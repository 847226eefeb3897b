package io.weft.control.config;

import io.weft.control.config.Config.FixedMac;
import io.weft.control.config.Config.Network;
import io.weft.control.config.Config.Tenant;
import io.weft.dataplane.api.NetworkSpec.UdpChecksum;
import io.weft.encap.Encapsulation;
import java.util.SortedMap;
import java.util.TreeMap;

/** Reads tenants and their networks. */
final class TenantReader {
    private static final long MAX_AGE_MS = 7L * 86_400_000;

    private TenantReader() {}

    static SortedMap<String, Tenant> tenants(final Section section) {
        final SortedMap<String, Tenant> tenants = new TreeMap<>();
        for (final String name : section.names()) {
            final Section tenant = section.section(name);
            final Section networks = tenant.section("networks");
            final SortedMap<String, Network> byName = new TreeMap<>();
            networks.names().forEach(network -> byName.put(network, network(networks.section(network))));
            tenants.put(
                    name,
                    new Tenant(
                            tenant.size("flow-cache", Config.DEFAULT_FLOW_CACHE, 256, ConfigReader.MAX_ENTRIES),
                            byName));
            tenant.end();
        }
        return tenants;
    }

    private static Network network(final Section section) {
        final int vni = section.integer("vni", -1, 1, NetworkChecker.MAX_VNI);
        if (!section.has("vni")) {
            section.error("", "vni is missing: a number from 1 to 16777215 that all hosts give this network");
        }
        final Encapsulation encap = section.choice("encap", Encapsulation.VXLAN, Encapsulation.class);
        final int port = section.integer("port", encap.defaultPort(), 1, 65_535);
        if (!encap.isUdp()) {
            refuse(section, "port", "NVGRE travels over GRE, which has no ports; remove it");
            refuse(section, "udp-checksum", "NVGRE travels over GRE, which has no UDP checksum; remove it");
        } else {
            refuse(
                    section,
                    "flow-id",
                    "only NVGRE has a FlowID; " + encap.label() + " has its entropy in the UDP port");
        }
        final Network network = new Network(
                vni,
                encap,
                encap.isUdp() ? port : 0,
                section.addresses("peers"),
                section.address("group"),
                section.onOff("flow-id", encap == Encapsulation.NVGRE) && encap == Encapsulation.NVGRE,
                section.choice("inner-vlan", InnerVlan.DROP, InnerVlan.class) == InnerVlan.KEEP,
                section.choice("udp-checksum", UdpChecksum.AUTO, UdpChecksum.class),
                section.size("mac-limit", Config.DEFAULT_MAC_LIMIT, 1, ConfigReader.MAX_ENTRIES),
                section.duration("mac-age", Config.DEFAULT_MAC_AGE_MS, 1_000, MAX_AGE_MS),
                macs(section.section("macs")),
                section.onOff("mss-clamp", false));
        section.end();
        return network;
    }

    private enum InnerVlan {
        DROP,
        KEEP
    }

    private static void refuse(final Section section, final String key, final String why) {
        if (section.has(key)) {
            section.error(key, why);
        }
    }

    private static SortedMap<FixedMac, String> macs(final Section section) {
        final SortedMap<FixedMac, String> macs = new TreeMap<>();
        for (final String key : section.names()) {
            final String location = section.text(key, null);
            final FixedMac mac = ConfigReader.fixedMac(key);
            if (mac == null) {
                section.error(
                        key, "is not a MAC address such as 02:00:00:00:00:01, or 02:00:00:00:00:01@10 in VLAN 10");
            } else if (location != null && macs.put(mac, location) != null) {
                section.error(key, "is given twice; remove one");
            }
        }
        return macs;
    }
}
