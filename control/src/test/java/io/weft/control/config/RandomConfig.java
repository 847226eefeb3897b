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
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/** Makes configurations without complaints; small value ranges, so that two of them have much in common. */
public final class RandomConfig {
    private final Random random;
    private final Set<Integer> vnis = new HashSet<>();
    private final Set<String> taps = new HashSet<>();
    private final List<String> networks = new ArrayList<>();

    private RandomConfig(final Random random) {
        this.random = random;
    }

    /** A configuration that may differ in all that a file says. */
    public static Config any(final Random random) {
        final RandomConfig maker = new RandomConfig(random);
        return maker.fill(new Config(
                maker.flip() ? "" : "hv" + random.nextInt(9),
                maker.flip() ? List.of() : List.of(random.nextInt(4), 4 + random.nextInt(4)),
                maker.flip() ? Idle.ADAPTIVE : Idle.POLL,
                maker.flip() ? Config.DEFAULT_STATE : "/tmp/st ate\"\\é: #" + random.nextInt(9),
                maker.api(),
                new Underlay(
                        List.of(IpAddress.parse("10.1.0.1"), IpAddress.parse("fd00:1::1")),
                        maker.flip(),
                        Device.KERNEL,
                        0,
                        0,
                        List.of(),
                        0,
                        0,
                        0,
                        Map.of(),
                        maker.flip() ? 0 : 1600),
                new TreeMap<>(),
                new TreeMap<>()));
    }

    /** Tenants and ports at random, all else always the same. */
    public static Config sameHost(final Random random) {
        return new RandomConfig(random)
                .fill(Complaining.read("underlay: {address: [10.1.0.1, \"fd00:1::1\"]}")
                        .config());
    }

    private Config fill(final Config host) {
        final SortedMap<String, Tenant> tenants = new TreeMap<>();
        for (int t = random.nextInt(4); t > 0; t--) {
            final String name = "t" + random.nextInt(4);
            final SortedMap<String, Network> byName = new TreeMap<>();
            for (int n = random.nextInt(4); n > 0; n--) {
                byName.put("n" + random.nextInt(4), network());
            }
            tenants.put(name, new Tenant(flip() ? Config.DEFAULT_FLOW_CACHE : 256 << random.nextInt(9), byName));
        }
        final Config withNetworks = host.with(tenants, new TreeMap<>());
        networks.addAll(withNetworks.networks().keySet());
        final SortedMap<String, Port> ports = new TreeMap<>();
        for (int p = networks.isEmpty() ? 0 : random.nextInt(6); p > 0; p--) {
            final Port port = port();
            if (taps.add(port.device().name())) {
                ports.put("p" + random.nextInt(6), port);
            }
        }
        return fixMacs(withNetworks.with(tenants, ports));
    }

    private Config fixMacs(final Config config) {
        final SortedMap<String, Tenant> tenants = new TreeMap<>();
        config.tenants().forEach((name, tenant) -> {
            final SortedMap<String, Network> byName = new TreeMap<>();
            tenant.networks().forEach((n, network) -> byName.put(n, withMacs(name + "/" + n, network, config)));
            tenants.put(name, new Tenant(tenant.flowCache(), byName));
        });
        return config.with(tenants, config.ports());
    }

    private Network withMacs(final String key, final Network network, final Config config) {
        final List<String> locations = new ArrayList<>();
        config.ports().forEach((name, port) -> {
            if (port.networks().contains(key)) {
                locations.add(name);
            }
        });
        network.peers().forEach(peer -> locations.add(peer.toString()));
        final SortedMap<FixedMac, String> macs = new TreeMap<>();
        for (int i = locations.isEmpty() ? 0 : random.nextInt(3); i > 0; i--) {
            final int vlan = network.keepInnerVlan() && flip() ? 1 + random.nextInt(4094) : -1;
            macs.put(
                    new FixedMac(vlan, 0x020000000000L + random.nextInt(4)),
                    locations.get(random.nextInt(locations.size())));
        }
        return Changes.withMacs(network, macs);
    }

    private Network network() {
        final Encapsulation encap = Encapsulation.values()[random.nextInt(3)];
        int vni = 4096 + random.nextInt(40);
        while (!vnis.add(vni)) {
            vni++;
        }
        final List<IpAddress> peers = new ArrayList<>();
        for (int i = random.nextInt(4); i > 0; i--) {
            final IpAddress peer = IpAddress.parse((flip() ? "10.2.0." : "fd00:2::") + (1 + random.nextInt(4)));
            if (!peers.contains(peer)) {
                peers.add(peer);
            }
        }
        final boolean udp = encap.isUdp();
        // Over IPv6 zero checksums are the matter of a whole port.
        final boolean zero = udp && !peers.isEmpty() && flip();
        final int port = encap.defaultPort() + (zero ? 1 : 0);
        return new Network(
                vni,
                encap,
                port,
                peers,
                peers.isEmpty() || flip() ? null : IpAddress.parse("239.1.1." + random.nextInt(3)),
                !udp && flip(),
                udp && flip(),
                zero ? UdpChecksum.OFF : udp && flip() ? UdpChecksum.ON : UdpChecksum.AUTO,
                flip() ? Config.DEFAULT_MAC_LIMIT : 1 + random.nextInt(100_000),
                flip() ? Config.DEFAULT_MAC_AGE_MS : 1_000 + random.nextInt(9_000_000),
                new TreeMap<>(),
                flip());
    }

    private Port port() {
        final SortedMap<Integer, String> trunk = new TreeMap<>();
        if (flip()) {
            for (final String network : networks) {
                if (flip()) {
                    trunk.put(1 + random.nextInt(4094), network);
                }
            }
        }
        final Set<String> once = new HashSet<>(trunk.values());
        final boolean access = trunk.isEmpty() || once.size() != trunk.size();
        final int number = random.nextInt(6);
        return new Port(
                flip()
                        ? Device.tap("tap" + number)
                        : new Device(
                                Device.Kind.VHOST_USER,
                                "/run/" + number,
                                number < 3 ? Device.Mode.CLIENT : Device.Mode.SERVER,
                                number < 4 ? null : new Device.Socket("0", flip() ? null : "0", 0660)),
                access ? networks.get(random.nextInt(networks.size())) : null,
                access ? new TreeMap<>() : trunk,
                random.nextInt(3),
                flip() ? 0 : 1_280 + random.nextInt(100),
                0);
    }

    private Api api() {
        return flip()
                ? new Api(Config.DEFAULT_UNIX, null, null, null)
                : new Api(
                        "/run/on",
                        "127.0.0.1:" + random.nextInt(65_536),
                        "/etc/token",
                        flip() ? null : new Tls("no", "123", flip() ? null : "02:00:00:00:00:01"));
    }

    private boolean flip() {
        return random.nextBoolean();
    }
}
