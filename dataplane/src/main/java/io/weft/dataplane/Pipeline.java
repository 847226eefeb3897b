package io.weft.dataplane;

import io.weft.dataplane.api.NetworkSpec;
import io.weft.encap.Ecn;
import io.weft.encap.Encapsulation;
import io.weft.encap.Ethernet;
import io.weft.encap.FrameParser;
import io.weft.encap.Geneve;
import io.weft.encap.IpAddress;
import io.weft.encap.Mem;
import io.weft.encap.Nvgre;
import io.weft.encap.ParsedFrame;
import io.weft.encap.Vlan;
import io.weft.encap.Vxlan;
import io.weft.flowcache.FloodList;
import io.weft.flowcache.FlowCache;
import io.weft.flowcache.MacTable;

/**
 * The way of a burst through the switch: classify, look up, decide, act. Each step is a loop over the burst. A frame that
 * a step refuses leaves by {@link #drop} and is marked so that later steps pass it over.
 *
 * <pre>
 *   fromPort      tag -> network ┐
 *                                ├─ lookUp ─ (miss: decide) ─ act ─ {@link Transmitter}
 *   fromUnderlay  tunnel header ─┘
 * </pre>
 *
 * <p>Owned by the worker.
 */
final class Pipeline {
    /** An entry of the flow cache lives a quarter of its network's MAC age, and not longer than this. */
    static final int MAX_FLOW_MS = 60_000;

    /** In {@link Burst#ingress}: the frame was dropped, and {@link Burst#egress} says why. */
    static final int GONE = -1;

    private static final int NO_VNI = -1;

    /** In {@link #lines}: the flow is that of the frame before. */
    private static final long AGAIN = 0;

    private static final long RESERVED_MULTICAST = 0x0180_c200_0000L;
    private static final DropReason[] GENEVE_REASONS = new DropReason[Geneve.NOT_ETHERNET + 1];

    static {
        GENEVE_REASONS[Geneve.TRUNCATED] = DropReason.TUNNEL_TRUNCATED;
        GENEVE_REASONS[Geneve.UNKNOWN_VERSION] = DropReason.GENEVE_VERSION;
        GENEVE_REASONS[Geneve.CONTROL] = DropReason.GENEVE_CONTROL;
        GENEVE_REASONS[Geneve.BAD_OPTIONS] = DropReason.GENEVE_MALFORMED;
        GENEVE_REASONS[Geneve.UNKNOWN_CRITICAL_OPTION] = DropReason.GENEVE_CRITICAL_OPTION;
        GENEVE_REASONS[Geneve.NOT_ETHERNET] = DropReason.GENEVE_NOT_ETHERNET;
    }

    private static final int VXLAN = Encapsulation.VXLAN.ordinal();
    private static final int NVGRE = Encapsulation.NVGRE.ordinal();

    private final ForwardingTables tables;
    private final WorkerCounters counters;
    private final Transmitter transmitter;
    private final Learning learning;
    private final Flows flows;
    private final SynClamp clamp;
    private final boolean acceptAny;
    private final ParsedFrame parsed = new ParsedFrame();
    private final long[] lines = new long[Burst.MOST];
    /** Captures that look in here; null: none. */
    CaptureTap tap;

    // What was looked up for the frame before, of the same burst.
    private int lastEncapsulation;
    private int lastPort;
    private int lastVni = NO_VNI;
    private int lastNetwork;
    private Tunnel lastTunnel;
    private int tunnelNetwork;
    private long tunnelLow;
    private long tunnelHigh;
    private int tunnelFamily;

    private int nowMs;
    private int rxDropped;

    Pipeline(
            final ForwardingTables tables,
            final WorkerCounters counters,
            final Transmitter transmitter,
            final Learning learning,
            final Flows flows,
            final boolean acceptAny) {
        this.tables = tables;
        this.counters = counters;
        this.transmitter = transmitter;
        this.learning = learning;
        this.flows = flows;
        this.acceptAny = acceptAny;
        clamp = new SynClamp(tables);
    }

    /** Takes a burst that a local port received. */
    void fromPort(final Burst burst, final PortBinding port, final TrafficCounters traffic, final int now) {
        nowMs = now;
        rxDropped = 0;
        long bytes = 0;
        if (tap != null) {
            tap.received(burst, port.id);
        }
        for (int i = 0; i < burst.size; i++) {
            bytes += burst.length[i];
            final DropReason refusal = classify(burst, i, port);
            if (refusal != DropReason.NONE) {
                // So that its source does not take it for one of which the flow was found.
                burst.refused[i] = refusal.ordinal();
                drop(burst, i, refusal, port.id, burst.network[i]);
            }
        }
        traffic.received(burst.size, bytes);
        forward(burst, WorkerCounters.RECEIVED);
        if (rxDropped != 0) {
            traffic.rxDropped(rxDropped);
        }
        if (tap != null) {
            tap.settle(burst, port.id);
        }
    }

    /** Takes a burst that the switch made in the name of a local port's machine. */
    void announce(final Burst burst, final PortBinding port, final int now) {
        nowMs = now;
        for (int i = 0; i < burst.size; i++) {
            final DropReason refusal = classify(burst, i, port);
            if (refusal != DropReason.NONE) {
                drop(burst, i, refusal, port.id, burst.network[i]);
            }
        }
        forward(burst, WorkerCounters.GENERATED);
    }

    /** Takes a burst that came through the underlay; its frames begin at the tunnel header. */
    void fromUnderlay(final Burst burst, final TrafficCounters traffic, final int now) {
        nowMs = now;
        rxDropped = 0;
        forgetLast();
        long bytes = 0;
        if (tap != null) {
            tap.received(burst, DropTable.UNDERLAY);
        }
        for (int i = 0; i < burst.size; i++) {
            bytes += burst.length[i];
            final DropReason refusal = decapsulate(burst, i);
            if (refusal != DropReason.NONE) {
                drop(burst, i, refusal, DropTable.UNDERLAY, burst.network[i]);
            }
        }
        traffic.received(burst.size, bytes);
        forward(burst, WorkerCounters.RECEIVED);
        if (rxDropped != 0) {
            traffic.rxDropped(rxDropped);
        }
        if (tap != null) {
            tap.settle(burst, DropTable.UNDERLAY);
        }
    }

    private void forward(final Burst burst, final int origin) {
        counters.add(origin, burst.size);
        lookUp(burst);
        if (tables.clamps != 0) {
            clamp.lower(burst);
        }
        for (int i = 0; i < burst.size; i++) {
            if (burst.ingress[i] != GONE) {
                act(burst, i);
            }
        }
        transmitter.flush(burst);
        for (int i = 0; i < burst.size; i++) {
            if (burst.sends[i] > 1) {
                counters.add(WorkerCounters.COPIES, burst.sends[i] - 1L);
            }
        }
    }

    // Which network, and is the frame fit for it?

    /** Changes nothing but the frame's own entries in the burst, and its tag; so {@link Explainer} asks it, too. */
    DropReason classify(final Burst burst, final int i, final PortBinding port) {
        burst.network[i] = DropTable.NONE;
        burst.ingress[i] = Egress.port(port.id);
        if (burst.refused[i] != 0) {
            return DropReason.of(burst.refused[i]);
        }
        if (!FrameParser.link(burst.head[i], burst.headLength[i], burst.length[i], parsed)) {
            return DropReason.TOO_SHORT;
        }
        burst.vlan[i] = MacTable.NO_VLAN;
        DropReason refusal = DropReason.NONE;
        if (port.isTrunk()) {
            refusal = classifyTrunk(burst, i, port);
        } else {
            burst.network[i] = port.access;
            if (parsed.tags != 0) {
                refusal = classifyTaggedAccess(burst, i);
            }
        }
        if (refusal != DropReason.NONE) {
            return refusal;
        }
        if (port.mac != 0 && parsed.source != port.mac) {
            return DropReason.SPOOFED_SOURCE_MAC;
        }
        return addresses(burst, i);
    }

    private DropReason classifyTrunk(final Burst burst, final int i, final PortBinding port) {
        final int vid = Vlan.vid(parsed.outerTci);
        if (parsed.tags == 0 || vid == Vlan.VID_PRIORITY) {
            return DropReason.UNTAGGED_ON_TRUNK;
        }
        final int network = parsed.outerTpid == Vlan.TPID_CUSTOMER ? port.networkOf(vid) : PortBinding.NO_NETWORK;
        if (network == PortBinding.NO_NETWORK) {
            return DropReason.UNKNOWN_VLAN;
        }
        burst.network[i] = network;
        if (parsed.tags > 1) {
            if (!keepsInnerVlan(network)) {
                return DropReason.NESTED_TAG;
            }
            burst.vlan[i] = innerVlan(parsed.innerTci);
        }
        strip(burst, i);
        return DropReason.NONE;
    }

    private DropReason classifyTaggedAccess(final Burst burst, final int i) {
        if (keepsInnerVlan(burst.network[i])) {
            burst.vlan[i] = innerVlan(parsed.outerTci);
            return DropReason.NONE;
        }
        if (Vlan.vid(parsed.outerTci) != Vlan.VID_PRIORITY) {
            return DropReason.TAGGED_ON_ACCESS_PORT;
        }
        if (parsed.tags > 1) {
            return DropReason.NESTED_TAG;
        }
        strip(burst, i);
        return DropReason.NONE;
    }

    /** Takes the outer tag out: the addresses move towards the payload, offsets of offload words follow. */
    private void strip(final Burst burst, final int i) {
        Vlan.strip(burst.head[i]);
        burst.head[i] += Vlan.TAG_LENGTH;
        burst.headLength[i] -= Vlan.TAG_LENGTH;
        burst.length[i] -= Vlan.TAG_LENGTH;
        burst.csumStart[i] -= Vlan.TAG_LENGTH;
    }

    private boolean keepsInnerVlan(final int network) {
        return tables.networks[network].spec().keepInnerVlan();
    }

    private static int innerVlan(final int tci) {
        final int vid = Vlan.vid(tci);
        return vid == Vlan.VID_PRIORITY ? MacTable.NO_VLAN : vid;
    }

    /** The last checks, the same for frames of ports and of tunnels; fills in the addresses. */
    private DropReason addresses(final Burst burst, final int i) {
        if (parsed.source == 0 || Ethernet.isMulticast(parsed.source)) {
            return DropReason.BAD_SOURCE_MAC;
        }
        if ((parsed.destination & ~0xfL) == RESERVED_MULTICAST) {
            return DropReason.RESERVED_MULTICAST;
        }
        burst.destination[i] = parsed.destination;
        burst.source[i] = parsed.source;
        burst.ecn[i] = Flows.NOT_ASKED;
        if (burst.wantsHash) {
            flows.find(burst, i);
        }
        return DropReason.NONE;
    }

    // The tunnel header, and whether its sender may use it.

    private DropReason decapsulate(final Burst burst, final int i) {
        burst.network[i] = DropTable.NONE;
        burst.ingress[i] = Egress.FLOOD;
        if (burst.refused[i] != 0) {
            return DropReason.of(burst.refused[i]);
        }
        final DropReason refusal = tunnelHeader(burst, i);
        if (refusal != DropReason.NONE) {
            return refusal;
        }
        final Tunnel tunnel = tunnelOf(burst, i);
        return tunnel == null ? DropReason.UNKNOWN_ENDPOINT : inner(burst, i, tunnel);
    }

    /** What comes after the tunnel is known: may it come so, and is the inner frame fit for its network? */
    DropReason inner(final Burst burst, final int i, final Tunnel tunnel) {
        if (burst.sourceFamily[i] == 6 && !checksumAllowed(burst, i, tunnel)) {
            return DropReason.ZERO_CHECKSUM_V6;
        }
        burst.ingress[i] = Egress.tunnel(tunnel.id);
        if (!FrameParser.link(burst.head[i], burst.headLength[i], burst.length[i], parsed)) {
            return DropReason.INNER_TOO_SHORT;
        }
        burst.vlan[i] = MacTable.NO_VLAN;
        if (parsed.tags != 0) {
            if (!keepsInnerVlan(burst.network[i])) {
                return DropReason.INNER_TAG;
            }
            burst.vlan[i] = innerVlan(parsed.outerTci);
        }
        // Not-ECT outside leaves the inner field as it is (RFC 6040, figure 4).
        if (burst.outerEcn[i] != Ecn.NOT_ECT && !combineEcn(burst, i)) {
            return DropReason.ECN_CONGESTED;
        }
        tunnel.rxFrames++;
        tunnel.lastHeardMs = nowMs;
        return addresses(burst, i);
    }

    /** RFC 6936, section 5: without a checksum over IPv6 only where it is configured, and only from configured ends. */
    private boolean checksumAllowed(final Burst burst, final int i, final Tunnel tunnel) {
        final NetworkSpec spec = tables.networks[burst.network[i]].spec();
        return spec.udpChecksum() == NetworkSpec.UdpChecksum.OFF ? tunnel.configured : !burst.zeroChecksum[i];
    }

    /** Finds the network by the tunnel header and moves the head behind it. */
    DropReason tunnelHeader(final Burst burst, final int i) {
        final long header = burst.head[i];
        final int available = burst.headLength[i];
        final int encapsulation = burst.encapsulation[i];
        int bytes = Vxlan.HEADER_LENGTH;
        final int vni;
        if (available < bytes) {
            return DropReason.TUNNEL_TRUNCATED;
        }
        if (encapsulation == VXLAN) {
            if (!Vxlan.hasVni(header)) {
                return DropReason.VXLAN_NO_VNI;
            }
            vni = Vxlan.vni(header);
        } else if (encapsulation == NVGRE) {
            if (!Nvgre.isNvgre(Mem.getInt(header))) {
                return DropReason.NOT_NVGRE;
            }
            vni = Nvgre.vsid(header);
        } else {
            final int code = Geneve.check(header, available);
            if (code != Geneve.OK) {
                return GENEVE_REASONS[code];
            }
            vni = Geneve.vni(header);
            bytes = Geneve.headerLength(header);
        }
        final int network = networkOf(encapsulation, burst.tunnelPort[i], vni);
        if (network < 0) {
            return DropReason.UNKNOWN_VNI;
        }
        burst.network[i] = network;
        burst.head[i] = header + bytes;
        burst.headLength[i] = available - bytes;
        burst.length[i] -= bytes;
        burst.csumStart[i] -= bytes;
        return DropReason.NONE;
    }

    private int networkOf(final int encapsulation, final int port, final int vni) {
        if (vni != lastVni || port != lastPort || encapsulation != lastEncapsulation) {
            lastNetwork = tables.networkIndex.lookup(encapsulation, port, vni);
            lastEncapsulation = encapsulation;
            lastPort = port;
            lastVni = vni;
        }
        return lastNetwork;
    }

    /** Most frames of a burst came through the tunnel of the one before. */
    private Tunnel tunnelOf(final Burst burst, final int i) {
        if (lastTunnel == null
                || burst.network[i] != tunnelNetwork
                || burst.sourceLo[i] != tunnelLow
                || burst.sourceHi[i] != tunnelHigh
                || burst.sourceFamily[i] != tunnelFamily) {
            lastTunnel = findTunnel(burst, i);
            tunnelNetwork = burst.network[i];
            tunnelLow = burst.sourceLo[i];
            tunnelHigh = burst.sourceHi[i];
            tunnelFamily = burst.sourceFamily[i];
        }
        return lastTunnel;
    }

    /** What was found for the last frame is not to be relied on: the tables may have changed since. */
    void forgetLast() {
        lastVni = NO_VNI;
        lastTunnel = null;
    }

    /** The tunnel that the frame came through, or null when its sender is not accepted. */
    private Tunnel findTunnel(final Burst burst, final int i) {
        int id = tables.tunnelTo(burst.network[i], burst.sourceFamily[i], burst.sourceHi[i], burst.sourceLo[i]);
        if (id >= 0 && (acceptAny || tables.tunnels[id].configured)) {
            return tables.tunnels[id];
        }
        if (!acceptAny) {
            return null;
        }
        id = tables.putTunnel(
                burst.network[i],
                new IpAddress(burst.sourceFamily[i], burst.sourceHi[i], burst.sourceLo[i]),
                false,
                false);
        if (id < 0) {
            counters.add(WorkerCounters.TUNNELS_REFUSED, 1);
            return null;
        }
        return tables.tunnels[id];
    }

    /** RFC 6040, section 4.2. Returns false when the frame must be dropped. */
    private boolean combineEcn(final Burst burst, final int i) {
        FrameParser.network(burst.head[i], burst.headLength[i], parsed);
        if (parsed.ecn < 0) {
            return true;
        }
        final int outer = burst.outerEcn[i];
        final int result = Ecn.decapsulate(parsed.ecn, outer);
        if (Ecn.isSuspicious(parsed.ecn, outer)) {
            counters.add(WorkerCounters.ECN_SUSPICIOUS, 1);
        }
        if (result == Ecn.DROP) {
            return false;
        }
        if (result != parsed.ecn) {
            Ecn.set(burst.head[i] + parsed.l3, parsed.ipVersion, result);
        }
        return true;
    }

    // Where does it go?

    private void lookUp(final Burst burst) {
        final int n = burst.size;
        // First ask for every line, then look at them: the cache misses overlap. A run of frames of one flow asks once.
        long touched = 0;
        FlowCache cache = null;
        int network = DropTable.NONE;
        long was0 = -1;
        long was1 = 0;
        long was2 = 0;
        for (int i = 0; i < n; i++) {
            burst.sends[i] = 0;
            if (burst.ingress[i] == GONE) {
                continue;
            }
            final long k0 = key0(burst, i);
            final long k1 = key1(burst, i);
            final long k2 = key2(burst, i);
            if (k0 == was0 && k1 == was1 && k2 == was2) {
                lines[i] = AGAIN;
                continue;
            }
            was0 = k0;
            was1 = k1;
            was2 = k2;
            if (burst.network[i] != network) {
                network = burst.network[i];
                cache = tables.cacheOf(network);
            }
            lines[i] = cache.slotOf(cache.hash(k0, k1, k2));
            touched ^= FlowCache.touch(lines[i]);
        }
        keep(touched);
        resolve(burst);
    }

    private void resolve(final Burst burst) {
        int misses = 0;
        int live = 0;
        int again = 0;
        int egress = Egress.FLOOD;
        FlowCache cache = null;
        for (int i = 0; i < burst.size; i++) {
            if (burst.ingress[i] == GONE) {
                continue;
            }
            live++;
            if (lines[i] == AGAIN) {
                again++;
                burst.egress[i] = egress;
                continue;
            }
            if (again != 0) {
                cache.hitAgain(again);
                again = 0;
            }
            cache = tables.cacheOf(burst.network[i]);
            egress = cache.lookupAt(lines[i], key0(burst, i), key1(burst, i), key2(burst, i), nowMs);
            if (egress == FlowCache.MISS) {
                egress = decide(burst, i, cache);
                misses++;
            }
            if (egress == Egress.FLOOD) {
                egress = onlyPlace(burst, i);
            }
            burst.egress[i] = egress;
        }
        if (again != 0) {
            cache.hitAgain(again);
        }
        counters.add(WorkerCounters.HITS, live - misses);
        counters.add(WorkerCounters.MISSES, misses);
    }

    static long key0(final Burst burst, final int i) {
        return burst.destination[i] << 16 | burst.vlan[i];
    }

    static long key1(final Burst burst, final int i) {
        return burst.source[i] << 16 | burst.network[i];
    }

    static long key2(final Burst burst, final int i) {
        return burst.ingress[i] & 0xffff_ffffL;
    }

    /** The flow cache did not know: learn the source, find the destination, and let the cache know. */
    private int decide(final Burst burst, final int i, final FlowCache cache) {
        final int network = burst.network[i];
        final int ingress = burst.ingress[i];
        learning.learn(tables, burst, i, nowMs);
        final long destination = burst.destination[i];
        final int known = Ethernet.isMulticast(destination)
                ? MacTable.NONE
                : tables.macs.lookup(network, burst.vlan[i], destination);
        final int egress = route(known, ingress);
        final int life = lifeOf(network, burst.vlan[i], destination);
        if (egress == Egress.FLOOD) {
            cache.insertTentativeAt(
                    lines[i], key0(burst, i), key1(burst, i), key2(burst, i), egress, nowMs, nowMs + life);
        } else if (life > 0) {
            cache.insertAt(lines[i], key0(burst, i), key1(burst, i), key2(burst, i), egress, nowMs, nowMs + life);
        }
        return egress;
    }

    /** No decision outlives the destination's entry: whoever comes back elsewhere is learned as new, which empties no cache. */
    private int lifeOf(final int network, final int vlan, final long destination) {
        final long age = tables.networks[network].spec().macAgeMs();
        final int life = (int) Math.min(MAX_FLOW_MS, Math.max(1, age / 4));
        final int idle = tables.macs.idle(network, vlan, destination, nowMs);
        return idle < 0 || age == 0 ? life : (int) Math.min(life, age - idle);
    }

    /** Where a frame goes whose destination is known to be there, or is not known. */
    static int route(final int known, final int ingress) {
        if (known == MacTable.NONE) {
            return Egress.FLOOD;
        }
        if (known == ingress) {
            return Egress.drop(DropReason.HAIRPIN);
        }
        return Egress.isTunnel(known) && Egress.isTunnel(ingress) ? Egress.drop(DropReason.TUNNEL_TO_TUNNEL) : known;
    }

    private void act(final Burst burst, final int i) {
        final int egress = burst.egress[i];
        if (Egress.isPort(egress)) {
            transmitter.toPort(burst, i, Egress.id(egress), false);
        } else if (Egress.isTunnel(egress)) {
            transmitter.toTunnel(burst, i, Egress.id(egress), false);
        } else if (egress == Egress.FLOOD) {
            flood(burst, i);
        } else {
            drop(burst, i, DropReason.of(Egress.id(egress)), ingressPort(burst, i), burst.network[i]);
        }
    }

    /** Where a flooded frame goes if that is one place, as with one peer; else {@link Egress#FLOOD}. */
    private int onlyPlace(final Burst burst, final int i) {
        final FloodList list = tables.floods[burst.network[i]];
        final int ingress = burst.ingress[i];
        final int tunnels = Egress.isTunnel(ingress) ? 0 : list.tunnelCount();
        if (tunnels > 1 || list.portCount() > 2) {
            return Egress.FLOOD;
        }
        int place = tunnels == 1 ? Egress.tunnel(list.tunnel(0)) : Egress.FLOOD;
        for (int k = 0; k < list.portCount(); k++) {
            if (Egress.port(list.port(k)) != ingress) {
                if (place != Egress.FLOOD) {
                    return Egress.FLOOD;
                }
                place = Egress.port(list.port(k));
            }
        }
        return place;
    }

    /** To everybody in the network but where it came from, and never from one tunnel to another. */
    private void flood(final Burst burst, final int i) {
        final FloodList list = tables.floods[burst.network[i]];
        final int ingress = burst.ingress[i];
        for (int k = 0; k < list.portCount(); k++) {
            if (Egress.port(list.port(k)) != ingress) {
                transmitter.toPort(burst, i, list.port(k), true);
            }
        }
        if (!Egress.isTunnel(ingress)) {
            for (int k = 0; k < list.tunnelCount(); k++) {
                transmitter.toTunnel(burst, i, list.tunnel(k), true);
            }
        }
        if (burst.sends[i] == 0) {
            drop(burst, i, DropReason.NO_DESTINATION, ingressPort(burst, i), burst.network[i]);
        }
    }

    private static int ingressPort(final Burst burst, final int i) {
        return Egress.isPort(burst.ingress[i]) ? Egress.id(burst.ingress[i]) : DropTable.UNDERLAY;
    }

    private void drop(final Burst burst, final int i, final DropReason reason, final int port, final int network) {
        burst.ingress[i] = GONE;
        burst.egress[i] = Egress.drop(reason);
        burst.sends[i] = 0;
        if (reason == DropReason.TAKEN) {
            counters.add(WorkerCounters.TAKEN, 1);
            return;
        }
        counters.add(WorkerCounters.DROPPED, 1);
        tables.drops.add(reason.ordinal(), port, network, 1);
        rxDropped++;
    }

    private void keep(final long touched) {
        sink = touched;
    }

    /** Keeps the compiler from leaving out the reads of {@link #lookUp}. */
    long sink;
}
