package io.weft.dataplane;

import io.weft.dataplane.api.NetworkSpec;
import io.weft.dataplane.api.Rows;
import io.weft.encap.Encapsulation;
import io.weft.encap.Ethernet;
import io.weft.encap.IpAddress;
import io.weft.encap.MacAddress;
import io.weft.encap.Mem;
import io.weft.encap.ParsedFrame;
import io.weft.flowcache.FloodList;
import io.weft.flowcache.FlowCache;
import io.weft.flowcache.MacTable;

/**
 * Says what a worker would do with a frame, and why: asks the pipeline's own functions with a burst of its own, and
 * changes nothing, neither tables nor counts.
 *
 * <p>Made by the conductor; asked by the worker, between bursts.
 */
final class Explainer {
    /** Stands for a tunnel that the frame would make. */
    private static final int NEW_TUNNEL = (1 << 24) - 1;

    private final ForwardingTables tables;
    private final boolean acceptAny;
    private final Pipeline pipeline;
    private final SynClamp clamp;
    private final Burst burst = new Burst();
    private final ParsedFrame parsed = new ParsedFrame();
    private final long memory = Mem.allocate(Burst.HEADROOM + (long) Burst.MAX_FRAME, 64);

    Explainer(final ForwardingTables tables, final boolean acceptAny) {
        this.tables = tables;
        this.acceptAny = acceptAny;
        clamp = new SynClamp(tables);
        pipeline = new Pipeline(tables, new WorkerCounters(), null, null, new Flows(tables.seed), acceptAny);
    }

    private void load(final byte[] frame, final int from) {
        burst.clear();
        burst.network[0] = DropTable.NONE;
        Mem.copy(frame, from, memory + Burst.HEADROOM, frame.length - from);
        burst.add(memory + Burst.HEADROOM, frame.length - from);
    }

    /** A frame that a port received. */
    Rows.Trace fromPort(final byte[] frame, final int port, final int nowMs) {
        final Explanation text = new Explanation();
        final PortBinding binding = tables.bindings[port];
        text.step("port", binding.name + (binding.isTrunk() ? ", a trunk" : ", an access port"));
        load(frame, 0);
        final DropReason refusal = pipeline.classify(burst, 0, binding);
        tellNetwork(text, binding.isTrunk() ? "by its VLAN tag" : "the port's");
        if (refusal == DropReason.SPOOFED_SOURCE_MAC) {
            text.step("anti-spoofing", "this port may use " + MacAddress.format(binding.mac) + " alone");
        } else if (refusal == DropReason.NONE && binding.mac != 0) {
            text.step("anti-spoofing", "the source is the one that this port may use");
        }
        return refusal == DropReason.NONE ? forward(text, nowMs) : text.drop(refusal);
    }

    /**
     * A packet that came through the underlay.
     *
     * @param from where its tunnel header begins
     */
    Rows.Trace fromTunnel(final byte[] packet, final int from, final TunnelSource source, final int nowMs) {
        final Explanation text = new Explanation();
        final Encapsulation encapsulation = Encapsulation.values()[source.encapsulation()];
        text.step(
                "underlay",
                encapsulation.label() + " from " + source.endpoint()
                        + (encapsulation.isUdp() ? ", UDP port " + source.udpPort() : ""));
        load(packet, from);
        burst.encapsulation[0] = source.encapsulation();
        burst.tunnelPort[0] = source.udpPort();
        burst.outerEcn[0] = source.ecn();
        burst.sourceFamily[0] = source.endpoint().family();
        burst.sourceHi[0] = source.endpoint().hi();
        burst.sourceLo[0] = source.endpoint().lo();
        burst.zeroChecksum[0] = source.zeroChecksum();
        pipeline.forgetLast();
        final DropReason refusal = pipeline.tunnelHeader(burst, 0);
        if (refusal != DropReason.NONE) {
            return text.drop(refusal);
        }
        tellNetwork(text, "by VNI " + specOf(burst.network[0]).vni());
        final Tunnel tunnel = tunnelOf(text, source.endpoint());
        if (tunnel == null) {
            return text.drop(DropReason.UNKNOWN_ENDPOINT);
        }
        final long frames = tunnel.rxFrames;
        final int heard = tunnel.lastHeardMs;
        final DropReason inner = pipeline.inner(burst, 0, tunnel);
        tunnel.rxFrames = frames;
        tunnel.lastHeardMs = heard;
        return inner == DropReason.NONE ? forward(text, nowMs) : text.drop(inner);
    }

    private Tunnel tunnelOf(final Explanation text, final IpAddress endpoint) {
        final int network = burst.network[0];
        final int id = tables.tunnelTo(network, endpoint.family(), endpoint.hi(), endpoint.lo());
        final Tunnel known = id < 0 ? null : tables.tunnels[id];
        if (known != null && (acceptAny || known.configured)) {
            text.step("endpoint", endpoint + (known.configured ? " is a peer" : " was learned"));
            return known;
        }
        text.step(
                "endpoint",
                endpoint + (acceptAny ? " is new and would be learned (accept: any)" : " is no peer of the network"));
        return acceptAny ? new Tunnel(NEW_TUNNEL, tables.networks[network], endpoint, false) : null;
    }

    private NetworkSpec specOf(final int network) {
        return tables.networks[network].spec();
    }

    private void tellNetwork(final Explanation text, final String why) {
        if (burst.network[0] != DropTable.NONE) {
            final String key = specOf(burst.network[0]).key();
            text.network(key);
            text.step("network", key + ", " + why);
        }
    }

    private Rows.Trace forward(final Explanation text, final int nowMs) {
        final int network = burst.network[0];
        final int ingress = burst.ingress[0];
        final FlowCache cache = tables.cacheOf(network);
        int egress = cache.peek(Pipeline.key0(burst, 0), Pipeline.key1(burst, 0), Pipeline.key2(burst, 0), nowMs);
        if (egress == FlowCache.MISS) {
            text.step("flow cache", "miss");
            final int known = look(text, network, ingress, nowMs);
            egress = Pipeline.route(known, ingress);
        } else {
            text.step("flow cache", "hit: " + nameOf(egress) + "; the tables are not asked");
        }
        if (Egress.isDrop(egress)) {
            return text.drop(DropReason.of(Egress.id(egress)));
        }
        clamp(text, network, ingress, egress);
        if (egress == Egress.FLOOD) {
            return flood(text, network, ingress);
        }
        send(text, egress, network);
        return text.done(false);
    }

    private void clamp(final Explanation text, final int network, final int ingress, final int egress) {
        // What a tunnel that is not there yet takes is not known.
        final boolean isNew = Egress.isTunnel(ingress) && Egress.id(ingress) == NEW_TUNNEL;
        if (specOf(network).mssClamp() && !isNew) {
            burst.egress[0] = egress;
            final int mtu = clamp.lower(burst, 0);
            if (mtu != 0) {
                text.step(
                        "mss-clamp",
                        "the TCP connection is told a segment size that fits packets of " + mtu + " bytes");
            }
        }
    }

    /** Returns what the MAC table would know of the destination when the source has been learned. */
    private int look(final Explanation text, final int network, final int ingress, final int nowMs) {
        final MacTable macs = tables.macs;
        final long source = burst.source[0];
        final long destination = burst.destination[0];
        final int vlan = burst.vlan[0];
        final int learned = macs.wouldLearn(network, vlan, source, ingress);
        text.step("learning", MacAddress.format(source) + " " + learning(learned, network));
        if (Ethernet.isMulticast(destination)) {
            text.step("MAC table", MacAddress.format(destination) + " is a group address: flood");
            return MacTable.NONE;
        }
        final boolean itself = destination == source
                && (learned == MacTable.LEARNED || learned == MacTable.REFRESHED || learned == MacTable.MOVED);
        final int known = itself ? ingress : macs.lookup(network, vlan, destination);
        if (known == MacTable.NONE) {
            text.step("MAC table", MacAddress.format(destination) + " is not known: flood");
        } else {
            final int idle = macs.idle(network, vlan, destination, nowMs);
            final String age = itself ? "its own address" : idle < 0 ? "fixed" : "last used " + idle + " ms ago";
            text.step("MAC table", MacAddress.format(destination) + " is at " + nameOf(known) + ", " + age);
        }
        return known;
    }

    private String learning(final int learned, final int network) {
        return switch (learned) {
            case MacTable.LEARNED -> "would be learned";
            case MacTable.REFRESHED -> "is known to be there";
            case MacTable.MOVED -> "would move there";
            case MacTable.REFUSED_LIMIT ->
                "would not be learned: the network has its " + specOf(network).macLimit() + " addresses";
            case MacTable.REFUSED_STATIC -> "is fixed elsewhere";
            default -> "would not be learned: the table is full";
        };
    }

    private Rows.Trace flood(final Explanation text, final int network, final int ingress) {
        final FloodList list = tables.floods[network];
        text.step(
                "flood",
                count(list.portCount(), "port") + " and " + count(list.tunnelCount(), "tunnel")
                        + ", not back where it came from"
                        + (Egress.isTunnel(ingress) ? ", and not from tunnel to tunnel" : ""));
        boolean any = false;
        for (int k = 0; k < list.portCount(); k++) {
            if (Egress.port(list.port(k)) != ingress) {
                send(text, Egress.port(list.port(k)), network);
                any = true;
            }
        }
        if (!Egress.isTunnel(ingress)) {
            for (int k = 0; k < list.tunnelCount(); k++) {
                send(text, Egress.tunnel(list.tunnel(k)), network);
                any = true;
            }
        }
        return any ? text.done(true) : text.drop(DropReason.NO_DESTINATION);
    }

    private static String count(final int number, final String what) {
        return number + " " + what + (number == 1 ? "" : "s");
    }

    private void send(final Explanation text, final int egress, final int network) {
        final int id = Egress.id(egress);
        if (Egress.isPort(egress)) {
            final boolean in = tables.isInNetwork(id, network);
            if (in && tables.bindings[id].isTrunk()) {
                text.step("tag", "VLAN " + tables.bindings[id].vlanOf(network) + " is put on for " + nameOf(egress));
            }
            text.out(nameOf(egress), in ? DropReason.NONE : DropReason.PORT_NOT_IN_NETWORK);
        } else if (tables.isOfNetwork(id, network)) {
            final NetworkSpec spec = specOf(network);
            final Tunnel tunnel = tables.tunnels[id];
            text.step(
                    "encapsulation",
                    spec.encap().label() + ", VNI " + spec.vni()
                            + (spec.encap().isUdp() ? ", UDP port " + spec.port() : "") + ", to " + tunnel.endpoint
                            + ": "
                            + burst.length[0] + " bytes of frame");
            DropReason refusal = tables.underlay.refusal(tunnel, burst.length[0]);
            // The kernel refuses only when it is sent to; what fits its path is known before.
            if (refusal == DropReason.TOO_BIG_FOR_TUNNEL
                    || (refusal == DropReason.NONE && burst.length[0] > tables.maxFrame(id))) {
                refusal = tooBig(text, id);
            }
            text.out(nameOf(egress), refusal);
        } else {
            text.out(nameOf(egress), DropReason.PORT_NOT_IN_NETWORK);
        }
    }

    private DropReason tooBig(final Explanation text, final int tunnel) {
        final int maxFrame = tables.maxFrame(tunnel);
        final int mtu = Egress.isPort(burst.ingress[0]) ? TooBig.mtuToTell(burst, 0, maxFrame, parsed) : 0;
        text.step(
                "MTU",
                "the tunnel takes frames of " + maxFrame + " bytes"
                        + (mtu == 0 ? "" : "; its sender would be told by ICMP that packets of " + mtu + " fit"));
        return mtu == 0 ? DropReason.TOO_BIG_FOR_TUNNEL : DropReason.TOO_BIG_TOLD;
    }

    private String nameOf(final int egress) {
        final int id = Egress.id(egress);
        if (Egress.isTunnel(egress)) {
            final Tunnel tunnel = id < tables.tunnels.length ? tables.tunnels[id] : null;
            return tunnel == null ? "a tunnel that is gone" : "tunnel " + tunnel.endpoint;
        }
        if (Egress.isPort(egress)) {
            final PortBinding port = id < tables.bindings.length ? tables.bindings[id] : null;
            return port == null ? "a port that is gone" : port.name;
        }
        return Egress.isDrop(egress) ? "drop" : "flood";
    }

    /** Who sent a tunnel packet, and how. */
    record TunnelSource(int encapsulation, int udpPort, int ecn, IpAddress endpoint, boolean zeroChecksum) {}
}
