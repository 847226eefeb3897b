package io.weft.system;

import java.time.Duration;

/** What plays a virtual machine: a namespace whose only link is a port of a switch. */
final class Machine implements Endpoint {
    private final Namespace namespace;
    private final String mac;
    private final String ip4;
    private final String ip6;
    private String device = "eth0";

    private Machine(final Namespace namespace, final String mac, final String ip4, final String ip6) {
        this.namespace = namespace;
        this.mac = mac;
        this.ip4 = ip4;
        this.ip6 = ip6;
    }

    /** @param number gives MAC 02:00:00:00:00:NN and addresses 192.168.7.N and fd07::N */
    static Machine of(final Lab lab, final String label, final int number) {
        return new Machine(
                lab.namespace(label),
                String.format("02:00:00:00:00:%02x", number),
                "192.168.7." + number,
                "fd07::" + Integer.toHexString(number));
    }

    /** Takes a TAP device that a switch made on the host, with its address set and up. */
    Machine plug(final Host host, final String tap) {
        Until.holds("device " + tap + " on " + host, Duration.ofSeconds(10), () -> host.hasDevice(tap));
        host.ip("link set dev %s netns %s", tap, namespace.name());
        namespace.ip("link set dev %s address %s", tap, mac);
        return configure(tap);
    }

    /** A veth pair into a namespace, where the far end is called as the label says; addresses set, and up. */
    Machine wire(final Namespace host, final String farEnd, final int mtu) {
        namespace.lab().link(namespace, "eth0", host, farEnd, mtu);
        namespace.ip("link set eth0 address %s", mac);
        return configure("eth0");
    }

    private Machine configure(final String name) {
        device = name;
        namespace.ip("addr add %s/24 dev %s", ip4, name);
        namespace.ip("link set dev %s up", name);
        namespace.ip("-6 addr add %s/64 dev %s nodad", ip6, name);
        return this;
    }

    Namespace namespace() {
        return namespace;
    }

    @Override
    public String label() {
        return namespace.label();
    }

    @Override
    public String device() {
        return device;
    }

    @Override
    public String mac() {
        return mac;
    }

    @Override
    public String ip4() {
        return ip4;
    }

    @Override
    public String ip6() {
        return ip6;
    }

    @Override
    public String folder() {
        return namespace.lab().directory() + "/" + namespace.label();
    }

    @Override
    public Sh.Result tryShell(final Duration limit, final String line) {
        return namespace.tryRun(limit, "sh", "-c", line);
    }

    /** Forgets its neighbours, so that the next packet asks by ARP or ND again. */
    void forgetNeighbours() {
        namespace.ip("neigh flush all");
    }

    Ping.Count ping(final String destination, final String... options) {
        return Ping.run(namespace, destination, options);
    }

    @Override
    public String toString() {
        return namespace.name();
    }
}
