package io.weft.system;

import java.util.List;

/** Linux's own vxlan device on a host, in a bridge with the machines there. */
final class LinuxVxlan {
    private final Host host;
    private final String vxlan;
    private final String bridge;

    private LinuxVxlan(final Host host, final int vni) {
        this.host = host;
        this.vxlan = "vx" + vni;
        this.bridge = "br" + vni;
    }

    /** @param remote the peer's address; all that is not learned is flooded to it */
    static LinuxVxlan unicast(
            final Host host, final int vni, final int port, final String remote, final String... options) {
        final boolean v6 = remote.indexOf(':') >= 0;
        return new LinuxVxlan(host, vni)
                .create(vni, port, "local " + host.address(v6) + " remote " + remote, List.of(options));
    }

    /** Floods to an underlay group, joined on eth0. */
    static LinuxVxlan multicast(final Host host, final int vni, final int port, final String group) {
        return new LinuxVxlan(host, vni)
                .create(vni, port, "local " + host.ip4() + " group " + group + " dev eth0", List.of());
    }

    private LinuxVxlan create(final int vni, final int port, final String where, final List<String> options) {
        final String tail = options.isEmpty() ? "" : " " + String.join(" ", options);
        host.ip("link add name %s type vxlan id %d dstport %d %s%s", vxlan, vni, port, where, tail);
        host.ip("link add name %s type bridge", bridge);
        host.ip("link set dev %s mtu 1500 master %s up", vxlan, bridge);
        host.ip("link set dev %s mtu 1500 up", bridge);
        return this;
    }

    Machine machine(final String label, final int number) {
        final Machine machine = Machine.of(host.lab(), label, number).wire(host, label, 1500);
        host.ip("link set dev %s master %s", label, bridge);
        return machine;
    }

    /** Whether the device learned that this MAC lives behind that endpoint. */
    boolean learned(final String mac, final String endpoint) {
        return host.run("bridge", "fdb", "show", "dev", vxlan)
                .lines()
                .anyMatch(line -> line.startsWith(mac) && line.contains("dst " + endpoint));
    }
}
