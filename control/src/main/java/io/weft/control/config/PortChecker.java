package io.weft.control.config;

import io.weft.control.config.Config.Device;
import io.weft.control.config.Config.Network;
import io.weft.control.config.Config.Port;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Pattern;

/** Ports of a configuration. Owned by the thread that checks. */
final class PortChecker {
    private static final int MAX_INTERFACE_NAME = 15;
    private static final Pattern INTERFACE = Pattern.compile("[\\x21-\\x7e&&[^/:%]]+");

    private final Config config;
    private final Host host;
    private final Complaints complaints;
    private final int underlayMtu;
    private final Map<String, String> ownerOfDevice = new HashMap<>();
    private final Map<String, String> ownerOfMac = new HashMap<>();

    private PortChecker(final Config config, final Host host, final Complaints complaints) {
        this.config = config;
        this.host = host;
        this.complaints = complaints;
        final Device device = config.underlay().device();
        if (device.kind() != Device.Kind.KERNEL) {
            ownerOfDevice.put(device.kind() + VhostChecker.plain(device.name()), "underlay");
        }
        this.underlayMtu = ConfigChecker.underlayMtu(config.underlay(), host);
    }

    static void check(final Config config, final Host host, final Complaints complaints) {
        final PortChecker checker = new PortChecker(config, host, complaints);
        complaints.inOrder(config.ports().keySet(), name -> "ports." + name).forEach(name -> {
            ConfigChecker.name("ports." + name, name, complaints);
            if ("underlay".equals(name)) {
                complaints.error("ports.underlay", "the underlay has that name in listings and captures; take another");
            }
            checker.port("ports." + name, name, config.ports().get(name));
        });
    }

    private void port(final String path, final String name, final Port port) {
        device(path, name, port.device());
        if (port.isTrunk()) {
            trunk(path, port);
        } else if (!port.network().isEmpty() && config.network(port.network()) == null) {
            complaints.error(path + ".network", ConfigChecker.unknownNetwork(port.network(), config));
        }
        mac(path, name, port);
        port.networks().forEach(key -> mtu(path, key, port));
    }

    private void device(final String path, final String name, final Device device) {
        final String key = path + "." + device.kind().key();
        if (device.kind() == Device.Kind.VHOST_USER) {
            VhostChecker.check(path, device, config, host, complaints);
        } else {
            interfaceName(path, key, device.name(), complaints);
        }
        if (device.name().isEmpty()) {
            return;
        }
        final String other = ownerOfDevice.putIfAbsent(device.kind() + VhostChecker.plain(device.name()), name);
        if (other != null) {
            complaints.error(
                    key,
                    device + " is taken by " + ("underlay".equals(other) ? "the underlay" : "port " + other)
                            + "; each port has a device of its own");
        }
    }

    static void interfaceName(final String path, final String key, final String name, final Complaints complaints) {
        if (name.isEmpty()) {
            if (!complaints.has(path) && !complaints.has(key)) {
                complaints.error(key, "is empty; give the interface's name");
            }
        } else if (name.length() > MAX_INTERFACE_NAME) {
            complaints.error(
                    key,
                    Words.quoted(name) + " has " + name.length() + " characters; an interface's name has at most "
                            + MAX_INTERFACE_NAME);
        } else if (!INTERFACE.matcher(name).matches() || ".".equals(name) || "..".equals(name)) {
            complaints.error(
                    key, Words.quoted(name) + " is not an interface's name: no spaces, no / : % and not . or ..");
        }
    }

    private void trunk(final String path, final Port port) {
        final Map<String, Integer> vlans = new HashMap<>();
        port.trunk().forEach((vlan, network) -> {
            final String key = path + ".trunk." + vlan;
            if (config.network(network) == null) {
                if (!complaints.has(key)) {
                    complaints.error(key, ConfigChecker.unknownNetwork(network, config));
                }
                return;
            }
            final Integer other = vlans.putIfAbsent(network, vlan);
            if (other != null) {
                complaints.error(key, "network " + network + " is on VLAN " + other + " of this port already");
            }
        });
    }

    private void mac(final String path, final String name, final Port port) {
        if (port.mac() == 0) {
            return;
        }
        final String mac = Macs.format(port.mac());
        if (!Macs.isUnicast(port.mac())) {
            complaints.error(path + ".mac", mac + " is a group's address; give the station's own");
            return;
        }
        for (final String network : port.networks()) {
            final String other = ownerOfMac.putIfAbsent(mac + " " + network, name);
            if (other != null) {
                complaints.error(path + ".mac", mac + " is port " + other + "'s in network " + network);
            }
        }
    }

    private void mtu(final String path, final String key, final Port port) {
        final Network network = config.network(key);
        if (network == null || port.mtu() == 0 || underlayMtu == 0) {
            return;
        }
        final int overhead = Overhead.of(network, config.underlay());
        final int left = underlayMtu - overhead;
        if (port.mtu() > left) {
            final String family = Overhead.overIpv6(network, config.underlay()) ? "IPv6" : "IPv4";
            complaints.error(
                    path,
                    "mtu " + port.mtu() + " does not fit network " + key + ": underlay mtu " + underlayMtu + " leaves "
                            + left + " (" + name(network) + " over " + family + " takes " + overhead + "); set mtu: "
                            + left + " or underlay.mtu: " + (port.mtu() + overhead));
        }
    }

    private static String name(final Network network) {
        final String encap =
                switch (network.encap()) {
                    case VXLAN -> "VXLAN";
                    case NVGRE -> "NVGRE";
                    case GENEVE -> "Geneve";
                };
        return network.keepInnerVlan() ? encap + " with inner tags" : encap;
    }
}
