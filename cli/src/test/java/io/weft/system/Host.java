package io.weft.system;

/** A hypervisor host of the lab: eth0 with an IPv4 and an IPv6 address on the underlay. */
final class Host extends Namespace {
    private final String ip4;
    private final String ip6;
    private final String linkName;

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
}
