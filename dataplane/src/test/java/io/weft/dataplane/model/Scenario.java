package io.weft.dataplane.model;

import static io.weft.dataplane.TestFrames.tag;

import io.weft.dataplane.api.NetworkSpec;
import io.weft.dataplane.api.NetworkSpec.UdpChecksum;
import io.weft.dataplane.model.Model.Address;
import io.weft.dataplane.model.Model.Net;
import io.weft.dataplane.model.Model.Port;
import io.weft.encap.Encapsulation;
import io.weft.encap.IpAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * What happens next, by chance and by what the model knows to be there.
 *
 * <p>With several workers nobody ages: each worker forgets in its own time, and what one has forgotten another may not.
 */
final class Scenario {
    private static final long BROADCAST = 0xffff_ffff_ffffL;
    private static final int MAX_BURST = 12;
    private static final long SILENCE_MS = 50_000;
    private static final long NEVER_MS = 1_000_000_000;

    private final SplittableRandom random;
    private final Packets packets;
    private final Tunnels tunnels;
    private final ModelSwitch model;
    private final boolean ageing;

    Scenario(final long seed, final ModelSwitch model, final boolean ageing) {
        random = new SplittableRandom(seed);
        packets = new Packets(random);
        tunnels = new Tunnels(packets);
        this.model = model;
        this.ageing = ageing;
    }

    Step next() {
        final double kind = random.nextDouble();
        if (model.ports.size() < 3 || kind < 0.006) {
            return new Step.Changed(change());
        }
        if (kind < 0.030) {
            return new Step.Time(ageing ? 1000L * (1 + packets.upTo(12)) : 1000);
        }
        return frames();
    }

    private Step frames() {
        final int most = model.isUnsettled() ? 1 : 1 + packets.upTo(MAX_BURST - 1);
        final int queue = packets.upTo(1);
        final List<Frame> frames = new ArrayList<>();
        if (packets.chance(0.4) && !model.networks.isEmpty()) {
            for (int i = 0; i < most; i++) {
                frames.add(Frame.plain(fromTunnel()));
            }
            return new Step.Frames(Universe.WIRE, queue, frames);
        }
        final List<String> names = new ArrayList<>(model.ports.keySet());
        final String name = names.get(packets.upTo(names.size() - 1));
        boolean large = false;
        for (int i = 0; i < most; i++) {
            final Frame frame = fromPort(name, !large);
            large |= frame.gso() != 0;
            frames.add(frame);
        }
        return new Step.Frames(name, queue, frames);
    }

    private byte[] fromTunnel() {
        final Net net = pick(new ArrayList<>(model.networks.values()));
        final boolean peer = !net.peers.isEmpty() && packets.chance(0.9);
        final String from = peer
                ? address(pick(new ArrayList<>(net.peers)))
                : pick(packets.chance(0.5) ? Universe.STRANGERS : Universe.PEERS);
        byte[] inner = packets.frame(destination(), source(net, Model.end(from)));
        if (packets.chance(net.spec.keepInnerVlan() ? 0.5 : 0.03)) {
            inner = tag(0x8100, packets.upTo(3), inner);
        }
        return tunnels.packet(net.spec, from, packets.chance(0.04) ? packets.damaged(inner) : inner);
    }

    private static String address(final String hex) {
        try {
            return java.net.InetAddress.getByAddress(Wire.HEX.parseHex(hex)).getHostAddress();
        } catch (final java.net.UnknownHostException e) {
            throw new IllegalArgumentException(hex, e);
        }
    }

    private Frame fromPort(final String name, final boolean mayBeLarge) {
        final Port port = model.ports.get(name);
        final List<String> keys = port.spec.isTrunk()
                ? List.copyOf(new java.util.TreeSet<>(port.spec.trunk().values()))
                : List.of(port.spec.network());
        final Net net = keys.isEmpty() ? null : model.networks.get(pick(keys));
        final boolean own = port.spec.mac() != 0 && packets.chance(0.9);
        final long source = own ? port.spec.mac() : source(net, Model.port(name));
        Frame frame = Universe.hasOffloads(name) && packets.chance(0.3)
                ? packets.offloaded(destination(), source, mayBeLarge && packets.chance(0.4))
                : Frame.plain(packets.frame(destination(), source));
        if (packets.chance(net != null && net.spec.keepInnerVlan() ? 0.5 : 0.05)) {
            frame = tagged(frame, packets.chance(0.9) ? 0x8100 : 0x88a8, packets.upTo(3));
        }
        if (port.spec.isTrunk() && packets.chance(0.95)) {
            frame = tagged(frame, packets.chance(0.98) ? 0x8100 : 0x88a8, vlan(port, net));
        }
        if (packets.chance(0.06)) {
            frame = frame.with(packets.damaged(frame.bytes()), 0);
        }
        return Universe.hasOffloads(name) && frame.gso() == 0 && mayBeLarge && packets.chance(0.03)
                ? packets.nonsense(frame.bytes())
                : frame;
    }

    private static Frame tagged(final Frame frame, final int tpid, final int vlan) {
        return frame.with(tag(tpid, vlan | 0x2000, frame.bytes()), 4);
    }

    private int vlan(final Port port, final Net net) {
        for (final Map.Entry<Integer, String> vlan : port.spec.trunk().entrySet()) {
            if (net != null && vlan.getValue().equals(net.spec.key()) && packets.chance(0.97)) {
                return vlan.getKey();
            }
        }
        return packets.upTo(20);
    }

    /** Most addresses have a place where they usually are; now and then one is elsewhere. */
    private long source(final Net net, final String place) {
        final double kind = random.nextDouble();
        if (kind < 0.01) {
            return packets.chance(0.5) ? 0 : BROADCAST - packets.upTo(1000);
        }
        final int places = 5;
        final int home = Math.floorMod(place.hashCode() + (net == null ? 0 : net.spec.vni()), places);
        final int usual = home + places * packets.upTo(Universe.MACS / places - 1);
        final int chosen = kind < 0.06 ? packets.upTo(Universe.MACS - 1) : usual;
        return Universe.mac(isSilent(chosen) ? (chosen + 1) % Universe.MACS : chosen);
    }

    /** Some are silent for a while, so that they age although they are asked for. */
    private boolean isSilent(final int station) {
        return (station + model.now / SILENCE_MS) % 4 == 0;
    }

    private long destination() {
        final double kind = random.nextDouble();
        if (kind < 0.08) {
            return BROADCAST;
        }
        if (kind < 0.14) {
            return packets.chance(0.3) ? 0x0180c2000000L + packets.upTo(31) : 0x01005e000000L + packets.upTo(99);
        }
        return Universe.mac(packets.upTo(Universe.MACS));
    }

    private <T> T pick(final List<T> of) {
        return of.get(packets.upTo(of.size() - 1));
    }

    // Changes.

    private Change change() {
        final double kind = random.nextDouble();
        if (model.networks.size() < 2 || kind < 0.15) {
            return network();
        }
        final String key = pick(new ArrayList<>(model.networks.keySet()));
        final Net net = model.networks.get(key);
        if (model.ports.size() < 3 || kind < 0.4) {
            return port(key);
        }
        final Address address = new Address(
                net.spec.keepInnerVlan() && packets.chance(0.3) ? 1 + packets.upTo(2) : -1,
                Universe.mac(packets.upTo(Universe.MACS - 1)));
        final String peer = pick(Universe.PEERS);
        if (kind < 0.55) {
            return new Change.AddPeer(key, peer);
        }
        if (kind < 0.62) {
            return new Change.RemovePeer(key, peer);
        }
        if (kind < 0.70) {
            return new Change.RemovePort(pick(new ArrayList<>(model.ports.keySet())));
        }
        if (kind < 0.80) {
            final String location = packets.chance(0.7) ? pick(new ArrayList<>(model.ports.keySet())) : peer;
            return new Change.AddMac(key, address, location);
        }
        if (kind < 0.90) {
            return new Change.RemoveMac(key, address);
        }
        if (kind < 0.92) {
            return new Change.RemoveNetwork(key);
        }
        return kind < 0.95 ? new Change.FlushMacs(key) : new Change.FlushFlows(pick(Universe.TENANTS));
    }

    private Change network() {
        final int number = packets.upTo(Universe.NETWORKS - 1);
        final String tenant = Universe.TENANTS.get(number % Universe.TENANTS.size());
        final Net known = model.networks.get(tenant + "/n" + number);
        final Encapsulation encap = known == null ? pick(List.of(Encapsulation.values())) : known.spec.encap();
        final int port = known == null ? udpPort(encap) : known.spec.port();
        final boolean off = port == Universe.VXLAN_PORTS[1] || port == Universe.GENEVE_PORTS[1];
        final UdpChecksum checksum = off ? UdpChecksum.OFF : packets.chance(0.5) ? UdpChecksum.AUTO : UdpChecksum.ON;
        final int[] limits = {3, 8, 400, 400};
        final long[] ages = {9_500, 39_500, 300_500};
        final long age = known != null ? known.spec.macAgeMs() : ageing ? ages[packets.upTo(2)] : NEVER_MS;
        return new Change.PutNetwork(new NetworkSpec(
                tenant,
                "n" + number,
                0x1000 + packets.upTo(9),
                encap,
                port,
                packets.chance(0.7),
                encap != Encapsulation.NVGRE && packets.chance(0.3),
                checksum,
                limits[packets.upTo(3)],
                age,
                packets.chance(0.2) ? IpAddress.parse(pick(Universe.GROUPS)) : null));
    }

    private int udpPort(final Encapsulation encap) {
        return switch (encap) {
            case VXLAN -> Universe.VXLAN_PORTS[packets.upTo(1)];
            case GENEVE -> Universe.GENEVE_PORTS[packets.upTo(1)];
            case NVGRE -> 0;
        };
    }

    private Change port(final String key) {
        final String name = Universe.port(packets.upTo(Universe.PORTS - 1));
        final long mac = packets.chance(0.2) ? Universe.mac(packets.upTo(Universe.MACS - 1)) : 0;
        if (packets.chance(0.7)) {
            return new Change.PutPort(Universe.portSpec(name, key, Map.of(), mac));
        }
        final Map<Integer, String> trunk = new HashMap<>();
        for (final String other : model.networks.keySet()) {
            if (packets.chance(0.5)) {
                trunk.put(10 + trunk.size() + packets.upTo(3) * 4, other);
            }
        }
        return new Change.PutPort(Universe.portSpec(name, null, trunk, mac));
    }
}
