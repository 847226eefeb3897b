package io.weft.system;

/** A hypervisor host of the lab: eth0 with an IPv4 and an IPv6 address on the underlay. */
final class Host extends Namespace {
    private final String ip4;
    private final String ip6;
    private final String linkName;
    private boolean owned;

    Host(final Lab lab, final String label, final String ip4, final String ip6, final String linkName) {
        super(lab, label);
        this.ip4 = ip4;
        this.ip6 = ip6;
        this.linkName = linkName;
    }

    /** Its address on the underlay, without prefix length. */
    String ip4() {
        return ip4;
    }

    String ip6() {
        return ip6;
    }

    String address(final boolean v6) {
        return v6 ? ip6 : ip4;
    }

    /** The device at the other end of its eth0, in the namespace that joins the hosts. */
    String linkName() {
        return linkName;
    }

    /**
     * Takes eth0 from the host's kernel: a switch that runs here has it to itself, through a TAP device that is bridged to
     * it. Whoever answers for the host's addresses from now on is the switch.
     */
    Host giveAway() {
        owned = true;
        ip("addr flush dev eth0");
        sysctl("net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1");
        ip("link add name brw type bridge mcast_snooping 0");
        ip("link set dev eth0 master brw");
        ip("link set dev brw up");
        return this;
    }

    boolean isOwned() {
        return owned;
    }

    /** The underlay of a switch here, as its file says it. */
    String underlay(final String more) {
        final String addresses = "address: [" + ip4 + ", \"" + ip6 + "\"]";
        if (!owned) {
            return "underlay: {" + addresses + "}\n";
        }
        return "underlay: {" + addresses + ", device: {tap: wire0}, prefix: 24, gateway: ["
                + ip4.replaceAll("[0-9]+$", "254") + ", \"" + ip6.replaceAll("[0-9a-f]+$", "fe") + "\"], mtu: "
                + Lab.WIDE_MTU + more + "}\n";
    }

    /** Plugs in the device that the switch made. */
    void plugWire() {
        ip("link set dev wire0 master brw");
    }
}
