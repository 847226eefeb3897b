package io.weft.dataplane.model;

import io.weft.dataplane.api.PortSpec;
import io.weft.dataplane.port.PortSender;
import java.util.List;
import java.util.Map;

/** The few names and addresses that chance chooses from: few, so that they meet. */
final class Universe {
    static final String WIRE = "wire";
    static final List<String> TENANTS = List.of("red", "blue");
    static final int PORTS = 8;
    static final int NETWORKS = 6;
    static final int MACS = 20;
    static final List<String> PEERS =
            List.of("10.2.0.1", "10.2.0.2", "10.2.0.3", "10.2.0.4", "fd00:2::1", "fd00:2::2", "fd00:2::3");
    static final List<String> STRANGERS = List.of("10.9.0.9", "fd00:9::9");
    static final List<String> GROUPS = List.of("239.1.1.1", "ff05::17");
    /** UDP ports of each encapsulation; the second allows IPv6 without a checksum. */
    static final int[] VXLAN_PORTS = {4789, 8472};

    static final int[] GENEVE_PORTS = {6081, 6082};

    private Universe() {}

    static String port(final int i) {
        return "p" + i;
    }

    static long mac(final int i) {
        return 0x020000000000L + i + 1;
    }

    /** Ports whose machines use offloads, whatever they take themselves. */
    static boolean hasOffloads(final String port) {
        return port.equals("p2") || port.equals("p3") || port.equals("p6");
    }

    static int offloads(final String port) {
        return switch (port) {
            case "p2" -> PortSender.CSUM;
            case "p3" -> PortSender.CSUM | PortSender.TSO4 | PortSender.TSO6 | PortSender.USO;
            default -> 0;
        };
    }

    /** Bytes of a frame that lie in one piece, the rest in others; 0: all. */
    static int split(final String port) {
        return switch (port) {
            case "p1" -> 128;
            case "p3" -> 192;
            default -> 0;
        };
    }

    /** Ports with a queue for each of two workers. */
    static boolean isWide(final String port) {
        return port.equals("p1") || port.equals("p3") || port.equals("p5");
    }

    /** A port that can be changed while it is open, or one that must be removed first. */
    static PortSpec portSpec(
            final String name, final String network, final Map<Integer, String> trunk, final long mac) {
        final boolean guest = isGuest(name);
        return new PortSpec(
                name,
                guest ? PortSpec.Kind.VHOST_USER : PortSpec.Kind.MEMORY,
                name,
                network,
                trunk,
                0,
                0,
                mac,
                guest ? PortSpec.VhostSpec.client("/run/" + name) : null);
    }

    static boolean isGuest(final String port) {
        return port.compareTo("p4") < 0;
    }
}
