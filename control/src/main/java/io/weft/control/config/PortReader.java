package io.weft.control.config;

import io.weft.control.config.Config.Device;
import io.weft.control.config.Config.Port;
import java.util.SortedMap;
import java.util.TreeMap;

/** Reads ports, and devices of ports and underlay. */
final class PortReader {
    private static final int TAP_QUEUES = 256;
    private static final int GUEST_QUEUES = 16;
    private static final int OWNER_ONLY = 0600;
    private static final int OWNER_AND_GROUP = 0660;

    private PortReader() {}

    static SortedMap<String, Port> ports(final Section section) {
        final SortedMap<String, Port> ports = new TreeMap<>();
        section.names().forEach(name -> ports.put(name, port(section.section(name))));
        return ports;
    }

    private static Port port(final Section section) {
        final SortedMap<Integer, String> trunk = new TreeMap<>();
        final String network = section.text("network", null);
        if (section.has("trunk")) {
            trunk(section.section("trunk"), trunk);
            if (section.has("network")) {
                section.error("", "has both network and trunk; a port is in one network, or a trunk of several");
            }
        } else if (!section.has("network")) {
            section.error("", "network is missing: tenant/name of the port's network (or trunk: {VLAN: tenant/name})");
        }
        final Port port = new Port(
                device(section, Device.Kind.TAP, Device.Kind.VHOST_USER),
                trunk.isEmpty() ? network == null ? "" : network : null,
                trunk,
                section.integer("queues", 0, 1, section.has(Device.Kind.VHOST_USER.key()) ? GUEST_QUEUES : TAP_QUEUES),
                section.integer("mtu", 0, 68, 65_535),
                section.mac("mac", 0));
        section.end();
        return port;
    }

    private static void trunk(final Section section, final SortedMap<Integer, String> trunk) {
        for (final String key : section.names()) {
            final Long vlan = Section.number(key);
            final String network = section.text(key, "");
            if (vlan == null || vlan < 1 || vlan > 4094) {
                section.error(key, Words.quoted(key) + " is not a VLAN identifier from 1 to 4094");
            } else if (trunk.put(vlan.intValue(), network) != null) {
                section.error(key, "VLAN " + vlan + " is given twice; remove one");
            }
        }
        if (section.names().isEmpty()) {
            section.error("", "is empty; name the networks: {10: tenant/name}");
        }
    }

    static Device device(final Section section, final Device.Kind... kinds) {
        Device device = null;
        for (final Device.Kind kind : kinds) {
            if (!section.has(kind.key())) {
                continue;
            }
            if (device != null) {
                section.error("", "has two devices, " + device.kind().key() + " and " + kind.key() + "; remove one");
                continue;
            }
            device = new Device(kind, section.text(kind.key(), ""), mode(section, kind), socket(section, kind));
        }
        if (device == null) {
            section.error("", "has no device; give it one, such as tap: h1");
            return Device.tap("");
        }
        return device;
    }

    private static Device.Mode mode(final Section section, final Device.Kind kind) {
        if (kind == Device.Kind.AF_XDP) {
            final NicMode mode = section.choice("mode", NicMode.AUTO, NicMode.class);
            return mode == NicMode.AUTO ? null : Device.Mode.valueOf(mode.name());
        }
        if (kind != Device.Kind.VHOST_USER) {
            onlyVhost(section, "mode", kind);
            return null;
        }
        return Device.Mode.valueOf(
                section.choice("mode", VhostMode.CLIENT, VhostMode.class).name());
    }

    private enum VhostMode {
        CLIENT,
        SERVER
    }

    private enum NicMode {
        AUTO,
        ZERO_COPY,
        NATIVE,
        SKB
    }

    private static Device.Socket socket(final Section port, final Device.Kind kind) {
        if (kind != Device.Kind.VHOST_USER) {
            onlyVhost(port, "socket", kind);
            return null;
        }
        if (!port.has("socket")) {
            return null;
        }
        final Section section = port.section("socket");
        final String group = section.text("group", null);
        final String text = section.text("mode", null);
        int mode = group == null ? OWNER_ONLY : OWNER_AND_GROUP;
        if (text != null && text.matches("0?o?[0-7]{3}")) {
            mode = Integer.parseInt(text.replace("o", ""), 8);
        } else if (text != null) {
            section.error("mode", Words.quoted(text) + " is not a file mode such as 0660");
        }
        final Device.Socket socket = new Device.Socket(section.text("owner", null), group, mode);
        section.end();
        return socket;
    }

    private static void onlyVhost(final Section section, final String key, final Device.Kind kind) {
        if (section.has(key) && !section.has(Device.Kind.VHOST_USER.key())) {
            section.error(key, "belongs to vhost-user ports; this is a " + kind.key() + ", so remove it");
        }
    }
}
