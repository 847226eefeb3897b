package io.weft.control.config;

import io.weft.control.config.Config.Api;
import io.weft.control.config.Config.Device;
import io.weft.control.config.Config.FixedMac;
import io.weft.control.config.Config.Idle;
import io.weft.control.config.Config.Network;
import io.weft.control.config.Config.Port;
import io.weft.control.config.Config.Tenant;
import io.weft.control.config.Config.Tls;
import io.weft.control.config.Config.Underlay;
import io.weft.dataplane.api.NetworkSpec.UdpChecksum;
import io.weft.encap.Encapsulation;
import io.weft.encap.IpAddress;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.Node;

/**
 * Reads a configuration from YAML (or JSON, which is YAML), remembering where each value stands, and tells everything
 * that is wrong at once: what the text says wrongly and, through {@link ConfigChecker}, what the whole does not allow.
 */
public final class ConfigReader {
    static final int MAX_TEXT = 64 << 20;
    private static final int MAX_ENTRIES = 1 << 24;
    private static final long MAX_AGE_MS = 7L * 86_400_000;

    private final Complaints complaints;
    private final Places places;

    private ConfigReader(final Places places) {
        this.places = places;
        this.complaints = new Complaints(places);
    }

    /**
     * What was read.
     *
     * @param config null if a complaint is more than a warning
     * @param complaints in the order of the file
     * @param places where the keys stand
     */
    public record Reading(Config config, List<Complaint> complaints, Places places) {
        public Reading {
            complaints = List.copyOf(complaints);
        }

        public boolean ok() {
            return config != null;
        }

        /** The same, when the text was made by a program and nobody knows its lines. */
        public Reading withoutPlaces() {
            final List<Complaint> bare = complaints.stream()
                    .map(c -> new Complaint(c.warning(), null, 0, 0, c.key(), c.message()))
                    .toList();
            return new Reading(config, bare, Places.none());
        }
    }

    /** Reads and checks a file; one that cannot be read is a complaint, too. */
    public static Reading readFile(final Path file, final Host host) {
        try {
            return read(file.toString(), Files.readString(file), host);
        } catch (final NoSuchFileException _) {
            return refused(file, "there is no such file");
        } catch (final CharacterCodingException _) {
            return refused(file, "is not a text in UTF-8");
        } catch (final IOException e) {
            return refused(file, "cannot be read: " + e.getMessage());
        }
    }

    /**
     * Reads and checks a text.
     *
     * @param file its name for complaints, or null
     */
    public static Reading read(final String file, final String text, final Host host) {
        final ConfigReader reader = new ConfigReader(new Places(file));
        final Config config = reader.document(text);
        if (config != null) {
            ConfigChecker.check(config, host, reader.complaints);
        }
        return new Reading(reader.complaints.hasErrors() ? null : config, reader.complaints.sorted(), reader.places);
    }

    private static Reading refused(final Path file, final String message) {
        return new Reading(null, List.of(new Complaint(false, file.toString(), 0, 0, "", message)), Places.none());
    }

    private Config document(final String text) {
        final LoaderOptions options = new LoaderOptions();
        options.setMaxAliasesForCollections(1_000);
        options.setCodePointLimit(MAX_TEXT);
        try {
            final Node root = new Yaml(new SafeConstructor(options)).compose(new StringReader(text));
            final Section top = new Section(complaints, places, "", root);
            return top.isBroken() ? null : config(top);
        } catch (final MarkedYAMLException e) {
            final String problem = e.getProblem() == null ? e.getContext() : e.getProblem();
            complaints.errorAt("", Section.place(e.getProblemMark()), "this is not YAML: " + oneLine(problem));
        } catch (final YAMLException | StackOverflowError e) {
            complaints.errorAt("", new Places.Place(0, 0), "this is not YAML: " + oneLine(e.getMessage()));
        }
        return null;
    }

    private static String oneLine(final String text) {
        return text == null ? "it is nested too deeply" : text.strip().replaceAll("\\s+", " ");
    }

    private Config config(final Section top) {
        final Config config = new Config(
                top.text("name", ""),
                top.integers("workers", 0, 65_535),
                top.choice("idle", Idle.ADAPTIVE, Idle.class),
                top.text("state", Config.DEFAULT_STATE),
                api(top.section("api")),
                underlay(top.section("underlay")),
                tenants(top.section("tenants")),
                ports(top.section("ports")));
        top.end();
        return config;
    }

    private static Api api(final Section api) {
        Tls tls = null;
        if (api.has("tls")) {
            final Section section = api.section("tls");
            for (final String key : List.of("certificate", "key")) {
                if (!section.has(key)) {
                    section.error("", key + " is missing: the path of a PEM file");
                }
            }
            tls = new Tls(section.text("certificate", ""), section.text("key", ""), section.text("client-ca", null));
            section.end();
        }
        final Api result = new Api(
                api.text("unix", Config.DEFAULT_UNIX), api.text("http", null), api.text("token-file", null), tls);
        api.end();
        return result;
    }

    private Underlay underlay(final Section underlay) {
        if (!underlay.has("address")) {
            underlay.error("", "address is missing: this host's own address, which the tunnels end at");
        }
        final Underlay result = new Underlay(
                underlay.addresses("address"),
                underlay.choice("accept", Accept.PEERS, Accept.class) == Accept.ANY,
                underlayDevice(underlay),
                underlay.mac("mac", 0),
                underlay.addresses("gateway"),
                underlay.integer("prefix", 0, 1, 128),
                neighbors(underlay.section("neighbors")),
                underlay.integer("mtu", 0, 576, 65_535));
        underlay.end();
        return result;
    }

    private enum Accept {
        PEERS,
        ANY
    }

    private static Device underlayDevice(final Section underlay) {
        if (underlay.isMapping("device")) {
            final Section section = underlay.section("device");
            final Device device =
                    device(section, Device.Kind.AF_XDP, Device.Kind.AF_PACKET, Device.Kind.VHOST_USER, Device.Kind.TAP);
            section.end();
            return device;
        }
        final String text = underlay.text("device", "kernel");
        if (!"kernel".equals(text)) {
            underlay.error("device", Words.quoted(text) + " is not kernel, nor a device such as {af-xdp: eth1}");
        }
        return Device.KERNEL;
    }

    private static Map<IpAddress, Long> neighbors(final Section section) {
        final Map<IpAddress, Long> neighbors = new LinkedHashMap<>();
        for (final String key : section.names()) {
            final IpAddress address = section.address(section.sub(key), key);
            final long mac = section.mac(key, 0);
            if (address != null) {
                neighbors.put(address, mac);
            }
        }
        return neighbors;
    }

    private static SortedMap<String, Tenant> tenants(final Section section) {
        final SortedMap<String, Tenant> tenants = new TreeMap<>();
        for (final String name : section.names()) {
            final Section tenant = section.section(name);
            final Section networks = tenant.section("networks");
            final SortedMap<String, Network> byName = new TreeMap<>();
            networks.names().forEach(network -> byName.put(network, network(networks.section(network))));
            tenants.put(
                    name, new Tenant(tenant.size("flow-cache", Config.DEFAULT_FLOW_CACHE, 256, MAX_ENTRIES), byName));
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
                section.size("mac-limit", Config.DEFAULT_MAC_LIMIT, 1, MAX_ENTRIES),
                section.duration("mac-age", Config.DEFAULT_MAC_AGE_MS, 1_000, MAX_AGE_MS),
                macs(section.section("macs")));
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
            final FixedMac mac = fixedMac(key);
            if (mac == null) {
                section.error(
                        key, "is not a MAC address such as 02:00:00:00:00:01, or 02:00:00:00:00:01@10 in VLAN 10");
            } else if (location != null && macs.put(mac, location) != null) {
                section.error(key, "is given twice; remove one");
            }
        }
        return macs;
    }

    /** Returns the address that {@link FixedMac#toString} writes, or null if the text is none. */
    public static FixedMac fixedMac(final String text) {
        final int at = text.indexOf('@');
        final long mac = Macs.parse(at < 0 ? text : text.substring(0, at));
        final Long vlan = at < 0 ? Long.valueOf(-1) : Section.number(text.substring(at + 1));
        final boolean valid = mac >= 0 && vlan != null && (at < 0 || (vlan >= 1 && vlan <= 4094));
        return valid ? new FixedMac(vlan.intValue(), mac) : null;
    }

    private static SortedMap<String, Port> ports(final Section section) {
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
                section.integer("queues", 0, 1, 256),
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

    private static Device device(final Section section, final Device.Kind... kinds) {
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
        if (kind != Device.Kind.VHOST_USER) {
            return null;
        }
        return section.choice("mode", Device.Mode.CLIENT, Device.Mode.class);
    }

    private static Device.Socket socket(final Section port, final Device.Kind kind) {
        if (kind != Device.Kind.VHOST_USER || !port.has("socket")) {
            return null;
        }
        final Section section = port.section("socket");
        final String text = section.text("mode", "0600");
        int mode = 0;
        if (text.matches("0?o?[0-7]{3,4}")) {
            mode = Integer.parseInt(text.replace("o", ""), 8);
        } else {
            section.error("mode", Words.quoted(text) + " is not a file mode such as 0660");
        }
        final Device.Socket socket = new Device.Socket(section.text("group", null), mode);
        section.end();
        return socket;
    }
}
