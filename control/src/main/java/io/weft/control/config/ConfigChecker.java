package io.weft.control.config;

import io.weft.control.config.Config.Api;
import io.weft.control.config.Config.Device;
import io.weft.control.config.Config.Underlay;
import io.weft.encap.IpAddress;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/** What a configuration as a whole must hold to: the host's part here, networks and ports in checkers of their own. */
public final class ConfigChecker {
    static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,62}");

    private ConfigChecker() {}

    /** Adds what is wrong to the complaints. */
    public static void check(final Config config, final Host host, final Complaints complaints) {
        if (!config.name().isEmpty()) {
            name("name", config.name(), complaints);
        }
        workers(config, host, complaints);
        if (config.state().isBlank()) {
            complaints.error("state", "is empty; name a folder, such as " + Config.DEFAULT_STATE);
        }
        api(config.api(), complaints);
        underlay(config, host, complaints);
        NetworkChecker.check(config, complaints);
        PortChecker.check(config, host, complaints);
    }

    static void name(final String key, final String name, final Complaints complaints) {
        if (!NAME.matcher(name).matches()) {
            complaints.error(
                    key,
                    Words.quoted(name)
                            + " is not a name: letters, digits, . _ - and at most 63 of them, beginning with"
                            + " a letter or digit");
        }
    }

    private static void workers(final Config config, final Host host, final Complaints complaints) {
        final Set<Integer> seen = new HashSet<>();
        for (int i = 0; i < config.workers().size(); i++) {
            final int cpu = config.workers().get(i);
            if (!seen.add(cpu)) {
                complaints.error("workers[" + i + "]", "CPU " + cpu + " is given twice; each worker has its own");
            } else if (!host.hasCpu().test(cpu)) {
                complaints.error("workers[" + i + "]", "there is no CPU " + cpu + " online on this host");
            }
        }
    }

    private static void api(final Api api, final Complaints complaints) {
        if (api.unix().getBytes(java.nio.charset.StandardCharsets.UTF_8).length > 107) {
            complaints.error("api.unix", "is longer than the 107 bytes that a Unix socket's path may have");
        } else if (api.unix().isBlank()) {
            complaints.error("api.unix", "is empty; give a path, such as " + Config.DEFAULT_UNIX);
        }
        if (api.http() == null) {
            if (api.tls() != null) {
                complaints.warn("api.tls", "is of no use without api.http");
            }
            return;
        }
        final HostPort address = HostPort.parse(api.http());
        if (address == null) {
            complaints.error("api.http", Words.quoted(api.http()) + " is not ADDRESS:PORT, such as 127.0.0.1:4780");
            return;
        }
        if (!address.address().isLoopback() && api.tls() == null) {
            complaints.error(
                    "api.http",
                    address.address() + " can be reached from other hosts; give api.tls, or listen on 127.0.0.1:"
                            + address.port());
        }
        if (api.tokenFile() == null && (api.tls() == null || api.tls().clientCa() == null)) {
            complaints.error("api.http", "over TCP every request carries a token; name its file in api.token-file");
        }
    }

    private static void underlay(final Config config, final Host host, final Complaints complaints) {
        final Underlay underlay = config.underlay();
        final Map<Boolean, IpAddress> byFamily = new HashMap<>();
        for (int i = 0; i < underlay.addresses().size(); i++) {
            final IpAddress address = underlay.addresses().get(i);
            final String key = item(complaints, "underlay.address", i);
            if (address.isMulticast() || address.isUnspecified()) {
                complaints.error(key, address + " cannot be a host's own address");
                continue;
            }
            final IpAddress first = byFamily.putIfAbsent(address.isIpv4(), address);
            if (first != null && underlay.device().kind() == Device.Kind.KERNEL) {
                complaints.error(key, "at most one address of each family; " + first + " is already there");
            }
        }
        UnderlayChecker.device(config, host, complaints);
        final int mtu = underlay.mtu();
        final int actual = interfaceMtu(underlay, host);
        if (underlay.device().kind() == Device.Kind.KERNEL && mtu > 0 && actual > 0 && mtu > actual) {
            complaints.error(
                    "underlay.mtu",
                    mtu + " is more than the " + actual
                            + " of the interface that holds the address; raise that (ip link" + " set dev NAME mtu "
                            + mtu + ") or set underlay.mtu: " + actual);
        }
        if (!byFamily.getOrDefault(false, IpAddress.v6(0, 0)).isUnspecified() && mtu > 0 && mtu < 1280) {
            complaints.error("underlay.mtu", mtu + " is less than the 1280 that IPv6 needs");
        }
    }

    /** The key of one of several values: a single value is written without a list. */
    static String item(final Complaints complaints, final String key, final int index) {
        final String item = key + "[" + index + "]";
        return complaints.knows(item) ? item : index == 0 && complaints.knows(key) ? key : item;
    }

    /** The MTU that tunnels have to live with, or 0 if it is not known. */
    public static int underlayMtu(final Underlay underlay, final Host host) {
        if (underlay.mtu() == 0 && underlay.device().kind() != Device.Kind.KERNEL) {
            return 0;
        }
        return underlay.mtu() > 0 ? underlay.mtu() : interfaceMtu(underlay, host);
    }

    private static int interfaceMtu(final Underlay underlay, final Host host) {
        return underlay.addresses().stream()
                .mapToInt(host.mtuOf())
                .filter(mtu -> mtu > 0)
                .min()
                .orElse(0);
    }

    /** Names that are given and known, for suggestions. */
    static String unknownNetwork(final String key, final Config config) {
        return "there is no network " + Words.quoted(key) + "; "
                + Words.hint(key, List.copyOf(config.networks().keySet()), "networks");
    }
}
