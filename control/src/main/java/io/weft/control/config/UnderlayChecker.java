package io.weft.control.config;

import io.weft.control.config.Config.Device;
import io.weft.control.config.Config.Underlay;
import io.weft.encap.IpAddress;

/** The underlay's device, and what belongs to one that the switch owns. */
final class UnderlayChecker {
    private static final String DEVICE = "underlay.device";

    private UnderlayChecker() {}

    static void device(final Config config, final Host host, final Complaints complaints) {
        final Underlay underlay = config.underlay();
        if (underlay.device().kind() == Device.Kind.KERNEL) {
            kernel(underlay, complaints);
            return;
        }
        switch (underlay.device().kind()) {
            case TAP ->
                PortChecker.interfaceName(
                        DEVICE, DEVICE + ".tap", underlay.device().name(), complaints);
            case VHOST_USER -> VhostChecker.check(DEVICE, underlay.device(), config, host, complaints);
            default -> {
                final String kind = underlay.device().kind().key();
                PortChecker.interfaceName(
                        DEVICE, DEVICE + "." + kind, underlay.device().name(), complaints);
                if (underlay.device().kind() == Device.Kind.AF_XDP && underlay.queues() != 0) {
                    complaints.error(
                            DEVICE + ".queues",
                            "af-xdp serves every queue of the NIC: set how many it has with `ethtool -L "
                                    + underlay.device().name() + " combined " + underlay.queues() + "`");
                }
            }
        }
        owned(underlay, complaints);
    }

    private static void kernel(final Underlay underlay, final Complaints complaints) {
        final String why = "belongs to a device that the switch owns; with device: kernel the kernel has it, remove it";
        if (underlay.mac() != 0) {
            complaints.error("underlay.mac", why);
        }
        if (!underlay.gateway().isEmpty()) {
            complaints.error("underlay.gateway", why);
        }
        if (underlay.prefix() != 0) {
            complaints.error("underlay.prefix", why);
        }
        if (underlay.prefix6() != 0) {
            complaints.error("underlay.prefix6", why);
        }
        if (underlay.vlan() != 0) {
            complaints.error("underlay.vlan", why);
        }
        if (!underlay.neighbors().isEmpty()) {
            complaints.error("underlay.neighbors", why);
        }
    }

    private static void owned(final Underlay underlay, final Complaints complaints) {
        if (underlay.mac() != 0 && !Macs.isUnicast(underlay.mac())) {
            complaints.error(
                    "underlay.mac", Macs.format(underlay.mac()) + " is a group's address; give a station's own");
        }
        if (underlay.prefix() > 32 && underlay.has(false)) {
            complaints.error(
                    "underlay.prefix",
                    underlay.prefix() + " is more than the 32 bits of an IPv4 address; prefix6 is for IPv6");
        }
        underlay.neighbors().forEach((address, mac) -> {
            if (!Macs.isUnicast(mac)) {
                complaints.error(
                        "underlay.neighbors." + address,
                        Macs.format(mac) + " is a group's address; give the neighbour's own");
            }
        });
        for (int i = 0; i < underlay.gateway().size(); i++) {
            final IpAddress gateway = underlay.gateway().get(i);
            final String key = ConfigChecker.item(complaints, "underlay.gateway", i);
            if (gateway.isMulticast()
                    || gateway.isUnspecified()
                    || underlay.addresses().contains(gateway)) {
                complaints.error(key, gateway + " cannot be a next hop");
            } else if (!underlay.has(!gateway.isIpv4())) {
                complaints.error(key, "underlay.address has no IPv" + gateway.family() + " address to send from");
            }
        }
    }
}
