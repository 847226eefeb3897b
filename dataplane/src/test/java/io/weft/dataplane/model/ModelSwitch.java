package io.weft.dataplane.model;

import static io.weft.dataplane.TestFrames.concat;
import static io.weft.dataplane.TestFrames.slice;
import static io.weft.dataplane.TestFrames.tag;

import io.weft.dataplane.DropReason;
import io.weft.dataplane.api.NetworkSpec;
import io.weft.dataplane.api.NetworkSpec.UdpChecksum;
import io.weft.dataplane.model.Model.Address;
import io.weft.dataplane.model.Model.Answer;
import io.weft.dataplane.model.Model.Drop;
import io.weft.dataplane.model.Model.Net;
import io.weft.dataplane.model.Model.Packet;
import io.weft.dataplane.model.Model.Port;
import io.weft.dataplane.model.Model.Station;
import io.weft.encap.Encapsulation;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A switch that is plain, slow and right: one frame after the other, no cache, every question answered by looking through
 * everything. What the real one may do otherwise is said where it is: only that a decision may be remembered for a
 * quarter of the MACs' age.
 */
final class ModelSwitch {
    /** The least place of a checksum to be filled in: behind an Ethernet and an IPv4 header. */
    private static final int LEAST_START = 34;

    private static final int CSUM = 1;

    final Map<String, Net> networks = new LinkedHashMap<>();
    final Map<String, Port> ports = new LinkedHashMap<>();
    private final boolean acceptAny;
    long now;

    ModelSwitch(final boolean acceptAny) {
        this.acceptAny = acceptAny;
    }

    // Frames.

    /** A frame on its way: what is known of it after it was let in; whether its sender was told that it is too big. */
    @SuppressWarnings("ArrayRecordComponent") // compared nowhere
    private record Inside(Net net, String from, Frame frame, int readable, int vlan, Headers headers, boolean[] told) {}

    void fromPort(final String name, final Frame received, final Answer answer) {
        final Port port = ports.get(name);
        final byte[] bytes = received.bytes();
        final int readable = port.split == 0 ? bytes.length : Math.min(port.split, bytes.length);
        final Headers h = new Headers(bytes, readable);
        if (h.runt) {
            answer.drops.add(new Drop(DropReason.TOO_SHORT, name, ""));
            return;
        }
        final boolean trunk = port.spec.isTrunk();
        final int outer = h.tags.isEmpty() ? 0 : h.tags.getFirst()[1] & 0xfff;
        Net net = null;
        if (trunk) {
            if (outer == 0) {
                answer.drops.add(new Drop(DropReason.UNTAGGED_ON_TRUNK, name, ""));
                return;
            }
            final String key = port.spec.trunk().get(outer);
            if (h.tags.getFirst()[0] != 0x8100 || key == null) {
                answer.drops.add(new Drop(DropReason.UNKNOWN_VLAN, name, ""));
                return;
            }
            net = networks.get(key);
        } else {
            net = networks.get(port.spec.network());
        }
        final String key = net.spec.key();
        final boolean keep = net.spec.keepInnerVlan();
        boolean strip = trunk;
        int vlan = -1;
        if (trunk && h.tags.size() > 1) {
            if (!keep) {
                answer.drops.add(new Drop(DropReason.NESTED_TAG, name, key));
                return;
            }
            vlan = vid(h.tags.get(1)[1]);
        }
        if (!trunk && !h.tags.isEmpty()) {
            if (keep) {
                vlan = vid(h.tags.getFirst()[1]);
            } else if (outer != 0) {
                answer.drops.add(new Drop(DropReason.TAGGED_ON_ACCESS_PORT, name, key));
                return;
            } else if (h.tags.size() > 1) {
                answer.drops.add(new Drop(DropReason.NESTED_TAG, name, key));
                return;
            } else {
                strip = true;
            }
        }
        if (port.spec.mac() != 0 && h.source != port.spec.mac()) {
            answer.drops.add(new Drop(DropReason.SPOOFED_SOURCE_MAC, name, key));
            return;
        }
        final byte[] inner = strip ? concat(Arrays.copyOf(bytes, 12), slice(bytes, 16)) : bytes;
        final Frame frame = received.with(inner, strip ? -4 : 0);
        final int left = strip ? readable - 4 : readable;
        forward(
                new Inside(net, Model.port(name), frame, left, vlan, new Headers(inner, left), new boolean[1]),
                name,
                answer);
    }

    private static int vid(final int tci) {
        return (tci & 0xfff) == 0 ? -1 : tci & 0xfff;
    }

    void fromWire(final byte[] packet, final Answer answer) {
        final Wire.Received received = Wire.receive(packet, groups(), listeners(), nvgre());
        if (received.reason() != DropReason.NONE) {
            drop(received.reason(), "", answer);
            return;
        }
        final Encapsulation encap =
                received.gre() ? Encapsulation.NVGRE : listeners().get(received.port());
        final Wire.Tunnel tunnel = Wire.tunnel(encap, received.payload());
        if (tunnel.reason() != DropReason.NONE) {
            drop(tunnel.reason(), "", answer);
            return;
        }
        final Net net = find(encap, received.port(), tunnel.vni());
        if (net == null) {
            drop(DropReason.UNKNOWN_VNI, "", answer);
            return;
        }
        final NetworkSpec spec = net.spec;
        final boolean known = net.peers.contains(received.from());
        if (!acceptAny && !known) {
            drop(DropReason.UNKNOWN_ENDPOINT, spec.key(), answer);
            return;
        }
        if (received.six() && (spec.udpChecksum() == UdpChecksum.OFF ? !known : received.unchecked())) {
            drop(DropReason.ZERO_CHECKSUM_V6, spec.key(), answer);
            return;
        }
        final byte[] inner = Wire.inner(received.payload(), tunnel.length());
        final Headers h = new Headers(inner);
        if (h.runt) {
            drop(DropReason.INNER_TOO_SHORT, spec.key(), answer);
            return;
        }
        int vlan = -1;
        if (!h.tags.isEmpty()) {
            if (!spec.keepInnerVlan()) {
                drop(DropReason.INNER_TAG, spec.key(), answer);
                return;
            }
            vlan = vid(h.tags.getFirst()[1]);
        }
        if (h.version != 0) {
            final int ecn = Sums.decapsulated(h.ecn(), received.ecn());
            if (ecn < 0) {
                drop(DropReason.ECN_CONGESTED, spec.key(), answer);
                return;
            }
            if (ecn != h.ecn()) {
                Sums.setEcn(inner, h.ip, h.version, ecn);
            }
        }
        final String from = Model.end(received.from());
        forward(new Inside(net, from, Frame.plain(inner), inner.length, vlan, h, new boolean[1]), "underlay", answer);
    }

    private static void drop(final DropReason reason, final String network, final Answer answer) {
        answer.drops.add(new Drop(reason, "underlay", network));
    }

    private void forward(final Inside in, final String ingress, final Answer answer) {
        final String key = in.net.spec.key();
        final Headers h = in.headers;
        if (h.source == 0 || Headers.isGroup(h.source)) {
            answer.drops.add(new Drop(DropReason.BAD_SOURCE_MAC, ingress, key));
            return;
        }
        if (h.destination >>> 4 == 0x0180_c200_000L) {
            answer.drops.add(new Drop(DropReason.RESERVED_MULTICAST, ingress, key));
            return;
        }
        learn(in.net, new Address(in.vlan, h.source), in.from);
        final Station to =
                Headers.isGroup(h.destination) ? null : in.net.stations.get(new Address(in.vlan, h.destination));
        if (to == null) {
            flood(in, ingress, answer);
        } else if (to.place.equals(in.from)) {
            answer.drops.add(new Drop(DropReason.HAIRPIN, ingress, key));
        } else if (Model.isEnd(to.place) && Model.isEnd(in.from)) {
            answer.drops.add(new Drop(DropReason.TUNNEL_TO_TUNNEL, ingress, key));
        } else {
            send(in, to.place, answer);
        }
    }

    private void flood(final Inside in, final String ingress, final Answer answer) {
        int sends = 0;
        for (final Map.Entry<String, Port> port : ports.entrySet()) {
            if (isIn(port.getValue(), in.net) && !in.from.equals(Model.port(port.getKey()))) {
                send(in, Model.port(port.getKey()), answer);
                sends++;
            }
        }
        if (!Model.isEnd(in.from)) {
            for (final String end : flooded(in.net)) {
                send(in, Model.end(end), answer);
                sends++;
            }
        }
        if (sends == 0) {
            answer.drops.add(new Drop(DropReason.NO_DESTINATION, ingress, in.net.spec.key()));
        }
    }

    private static Iterable<String> flooded(final Net net) {
        return net.spec.group() == null
                ? net.peers
                : List.of(Wire.hex(net.spec.group().bytes()));
    }

    private void send(final Inside in, final String place, final Answer answer) {
        final boolean tunnel = Model.isEnd(place);
        final Port port = tunnel ? null : ports.get(Model.name(place));
        final int offloads = tunnel ? 0 : port.offloads;
        final String egress = tunnel ? "underlay" : Model.name(place);
        final Frame frame = in.frame;
        final String key = in.net.spec.key();
        final int fits = tunnel ? fits(in.net.spec, Model.name(place)) : Integer.MAX_VALUE;
        List<Frame> out = List.of(frame);
        if (!takes(offloads, frame.gso())) {
            final List<byte[]> segments = Cutter.cut(frame, in.readable, fits);
            out = segments == null ? null : segments.stream().map(Frame::plain).toList();
        } else if (frame.needsChecksum() && (offloads & CSUM) == 0) {
            final Frame whole = frame.completed(LEAST_START, in.readable);
            out = whole == null ? null : List.of(whole);
        }
        if (out == null) {
            answer.drops.add(new Drop(DropReason.BAD_OFFLOAD, egress, key));
            return;
        }
        for (final Frame one : out) {
            if (tunnel) {
                intoTunnel(in, Model.name(place), one.bytes(), answer);
            } else {
                answer.send(egress, pushed(one, egress, in.net));
            }
        }
    }

    /** virtio-net's GSO types: 1 TCP over IPv4, 4 over IPv6, 5 UDP; bits of the port's offloads in that order from 2. */
    private static boolean takes(final int offloads, final int gso) {
        return switch (gso & ~0x80) {
            case 0 -> true;
            case 1 -> (offloads & 2) != 0;
            case 4 -> (offloads & 4) != 0;
            case 5 -> (offloads & 8) != 0;
            default -> false;
        };
    }

    private Frame pushed(final Frame frame, final String name, final Net net) {
        final Port port = ports.get(name);
        if (!port.spec.isTrunk()) {
            return frame;
        }
        for (final Map.Entry<Integer, String> vlan : port.spec.trunk().entrySet()) {
            if (vlan.getValue().equals(net.spec.key())) {
                return frame.with(tag(0x8100, vlan.getKey(), frame.bytes()), 4);
            }
        }
        throw new IllegalStateException("a trunk without a tag for its network");
    }

    private static int fits(final NetworkSpec spec, final String end) {
        return Wire.MTU - Wire.ipLength(spec, end.length() == 32, 0);
    }

    private void intoTunnel(final Inside in, final String end, final byte[] inner, final Answer answer) {
        final NetworkSpec spec = in.net.spec;
        final int fits = fits(spec, end);
        if (inner.length > fits) {
            final byte[] told =
                    Model.isEnd(in.from) ? null : TooBigAnswer.to(inner, new Headers(inner, in.readable), fits);
            drop(told == null ? DropReason.TOO_BIG_FOR_TUNNEL : DropReason.TOO_BIG_TOLD, spec.key(), answer);
            if (told != null && !in.told[0]) {
                in.told[0] = true;
                answer.afterwards(Model.name(in.from), () -> pushed(Frame.plain(told), Model.name(in.from), in.net));
            }
            return;
        }
        final int ecn = Math.max(0, in.headers.ecn());
        // Whoever has a checksum put where the ports are gets the one flow's entropy or the other's.
        final String flow = in.headers.flow();
        final boolean clear = flow != null && flow.equals(new Headers(inner, in.readable).flow());
        answer.wire.add(new Packet(Wire.encapsulate(spec, end, inner, ecn), spec, clear ? flow : null));
    }

    // Tables.

    private void learn(final Net net, final Address address, final String place) {
        final Station known = net.stations.get(address);
        if (known == null) {
            if (net.stations.size() >= net.spec.macLimit()) {
                net.refused.put(address, now);
                return;
            }
            final Station fresh = new Station();
            fresh.place = place;
            fresh.seen = now;
            net.stations.put(address, fresh);
            if (isLate(net, address)) {
                late.computeIfAbsent(net, n -> new HashSet<>()).add(address);
            }
        } else if (!known.fixed) {
            known.seen = now;
            if (!known.place.equals(place)) {
                known.place = place;
                if (isLate(net, address)) {
                    late.computeIfAbsent(net, n -> new HashSet<>()).add(address);
                } else {
                    Change.forgetDecisions(this, net.spec.tenant());
                }
            }
        }
    }

    /** Addresses of which only the real switch can say whether it has learned them by now. */
    final Map<Net, Set<Address>> late = new HashMap<>();

    private boolean isLate(final Net net, final Address address) {
        return now < net.lateUntil && net.refused.containsKey(address);
    }

    /** Whether some addresses may be learned late, so that frames are to be looked at one by one. */
    boolean isUnsettled() {
        return networks.values().stream().anyMatch(net -> now < net.lateUntil);
    }

    private Set<String> groups() {
        final Set<String> groups = new HashSet<>();
        for (final Net net : networks.values()) {
            if (net.spec.group() != null && ports.values().stream().anyMatch(port -> isIn(port, net))) {
                groups.add(Wire.hex(net.spec.group().bytes()));
            }
        }
        return groups;
    }

    private Map<Integer, Encapsulation> listeners() {
        final Map<Integer, Encapsulation> listeners = new HashMap<>();
        for (final Net net : networks.values()) {
            if (net.spec.encap() != Encapsulation.NVGRE) {
                listeners.put(net.spec.port(), net.spec.encap());
            }
        }
        return listeners;
    }

    private boolean nvgre() {
        return networks.values().stream().anyMatch(net -> net.spec.encap() == Encapsulation.NVGRE);
    }

    private Net find(final Encapsulation encap, final int port, final int vni) {
        for (final Net net : networks.values()) {
            if (net.spec.encap() == encap && net.spec.port() == port && net.spec.vni() == vni) {
                return net;
            }
        }
        return null;
    }

    static boolean isIn(final Port port, final Net net) {
        return port.spec.isTrunk()
                ? port.spec.trunk().containsValue(net.spec.key())
                : port.spec.network().equals(net.spec.key());
    }

    /** Forgets who was at a place in a network. */
    static void forget(final Net net, final String place) {
        net.stations.values().removeIf(station -> station.place.equals(place));
    }
}
