package io.weft.control.config;

import io.weft.control.config.Config.Api;
import io.weft.control.config.Config.Device;
import io.weft.control.config.Config.FixedMac;
import io.weft.control.config.Config.Idle;
import io.weft.control.config.Config.Tls;
import io.weft.control.config.Config.Underlay;
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
    static final int MAX_ENTRIES = 1 << 24;
    private static final int MAX_QUEUES = 256;

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
        final Section top = reader.document(text);
        final Config config = top == null || top.isBroken() ? null : reader.config(top);
        if (config != null) {
            ConfigChecker.check(config, host, reader.complaints);
        }
        return new Reading(reader.complaints.hasErrors() ? null : config, reader.complaints.sorted(), reader.places);
    }

    private static Reading refused(final Path file, final String message) {
        return new Reading(null, List.of(new Complaint(false, file.toString(), 0, 0, "", message)), Places.none());
    }

    private Section document(final String text) {
        final LoaderOptions options = new LoaderOptions();
        options.setMaxAliasesForCollections(1_000);
        options.setCodePointLimit(MAX_TEXT);
        try {
            final Node root = new Yaml(new SafeConstructor(options)).compose(new StringReader(text));
            return new Section(complaints, places, "", root);
        } catch (final MarkedYAMLException e) {
            final String problem = e.getProblem() == null ? e.getContext() : e.getProblem();
            complaints.errorAt("", Section.place(e.getProblemMark()), "this is not YAML: " + oneLine(problem));
        } catch (final YAMLException | StackOverflowError e) {
            complaints.errorAt("", new Places.Place(0, 0), "this is not YAML: " + oneLine(e.getMessage()));
        } catch (final IllegalArgumentException | IndexOutOfBoundsException _) {
            // The parser's way to say that the digits of an escape or of a directive are none.
            complaints.errorAt(
                    "", new Places.Place(0, 0), "this is not YAML: an escape (\\x..) or a directive (%..) is wrong");
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
                TenantReader.tenants(top.section("tenants")),
                PortReader.ports(top.section("ports")));
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
        final Section options = underlay.isMapping("device") ? underlay.section("device") : null;
        final Underlay result = new Underlay(
                underlay.addresses("address"),
                underlay.choice("accept", Accept.PEERS, Accept.class) == Accept.ANY,
                options == null ? kernelDevice(underlay) : ownedDevice(options),
                options == null ? 0 : options.integer("queues", 0, 1, MAX_QUEUES),
                underlay.mac("mac", 0),
                underlay.addresses("gateway"),
                underlay.integer("prefix", 0, 1, 128),
                underlay.integer("prefix6", 0, 1, 128),
                underlay.integer("vlan", 0, 1, 4094),
                neighbors(underlay.section("neighbors")),
                underlay.integer("mtu", 0, 576, 65_535));
        if (options != null) {
            options.end();
        }
        underlay.end();
        return result;
    }

    private enum Accept {
        PEERS,
        ANY
    }

    private static Device ownedDevice(final Section section) {
        return PortReader.device(
                section, Device.Kind.AF_XDP, Device.Kind.AF_PACKET, Device.Kind.VHOST_USER, Device.Kind.TAP);
    }

    private static Device kernelDevice(final Section underlay) {
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

    /** Returns the address that {@link FixedMac#toString} writes, or null if the text is none. */
    public static FixedMac fixedMac(final String text) {
        final int at = text.indexOf('@');
        final long mac = Macs.parse(at < 0 ? text : text.substring(0, at));
        final Long vlan = at < 0 ? Long.valueOf(-1) : Section.number(text.substring(at + 1));
        final boolean valid = mac >= 0 && vlan != null && (at < 0 || (vlan >= 1 && vlan <= 4094));
        return valid ? new FixedMac(vlan.intValue(), mac) : null;
    }
}
