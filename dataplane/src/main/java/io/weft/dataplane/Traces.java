package io.weft.dataplane;

import io.weft.dataplane.Registry.NetworkEntry;
import io.weft.dataplane.api.NetworkSpec;
import io.weft.dataplane.api.Rows;
import io.weft.dataplane.api.SwitchException;
import io.weft.dataplane.api.TraceSpec;
import io.weft.dataplane.underlay.OuterPackets;
import io.weft.dataplane.underlay.Underlay;
import io.weft.encap.Encapsulation;
import io.weft.encap.IpAddress;
import io.weft.encap.Mem;
import io.weft.encap.TunnelHeader;
import java.util.HashMap;
import java.util.Map;

/**
 * Has frames explained by a worker, the first: what the others learned it knows too.
 *
 * <p>Owned by the conductor.
 */
final class Traces {
    private final Registry registry;
    private final AllWorkers workers;
    private final Underlay underlay;
    private final boolean acceptAny;
    private Explainer explainer;
    private OuterPackets packets;

    Traces(final Registry registry, final AllWorkers workers, final Underlay underlay, final boolean acceptAny) {
        this.registry = registry;
        this.workers = workers;
        this.underlay = underlay;
        this.acceptAny = acceptAny;
    }

    Rows.Trace trace(final TraceSpec spec) {
        if (spec.frame().length > Burst.MAX_FRAME) {
            throw new SwitchException(
                    "the frame has " + spec.frame().length + " bytes; " + Burst.MAX_FRAME + " is most");
        }
        if (explainer == null) {
            explainer = new Explainer(workers.proxies().getFirst().worker().tables, acceptAny);
            packets = new OuterPackets();
        }
        if (spec.port() != null) {
            final int port = registry.port(spec.port()).id;
            return ask(worker -> explainer.fromPort(spec.frame(), port, worker.clockMs()));
        }
        return spec.endpoint() == null ? packet(spec.frame()) : tunnelled(spec);
    }

    private Rows.Trace ask(final java.util.function.Function<Worker, Rows.Trace> question) {
        return workers.proxies().getFirst().order(question).await();
    }

    /** A whole packet: what the kernel, or the underlay's port, looks at before a worker does. */
    private Rows.Trace packet(final byte[] packet) {
        final Map<Integer, Encapsulation> listened = new HashMap<>();
        for (final NetworkEntry entry : registry.networks.values()) {
            listened.put(entry.spec.port(), entry.spec.encap());
        }
        final DropReason refusal = packets.look(packet, listened, underlay);
        if (refusal != DropReason.NONE) {
            final Explanation text = new Explanation();
            text.step("underlay", packets.text());
            return text.drop(refusal);
        }
        final Explainer.TunnelSource source = new Explainer.TunnelSource(
                packets.encapsulation(), packets.udpPort(), packets.ecn(), packets.source(), packets.zeroChecksum());
        final int from = packets.payload();
        final byte[] whole = java.util.Arrays.copyOf(packet, from + packets.payloadLength());
        return ask(worker -> explainer.fromTunnel(whole, from, source, worker.clockMs()));
    }

    /** A frame that an endpoint put into a tunnel, with a header made for it. */
    private Rows.Trace tunnelled(final TraceSpec spec) {
        final NetworkSpec network = networkOf(spec);
        final Encapsulation encapsulation =
                network != null ? network.encap() : spec.encap() != null ? spec.encap() : Encapsulation.VXLAN;
        final int udpPort = network != null ? network.port() : encapsulation.defaultPort();
        final byte[] packet = new byte[TunnelHeader.LENGTH + spec.frame().length];
        final TunnelHeader header = new TunnelHeader(encapsulation, spec.vni(), false);
        final long scratch = packets.scratch();
        header.write(scratch, 0);
        Mem.copy(scratch, packet, 0, TunnelHeader.LENGTH);
        System.arraycopy(spec.frame(), 0, packet, TunnelHeader.LENGTH, spec.frame().length);
        final IpAddress endpoint = spec.endpoint();
        final Explainer.TunnelSource source =
                new Explainer.TunnelSource(encapsulation.ordinal(), udpPort, 0, endpoint, false);
        return ask(worker -> explainer.fromTunnel(packet, 0, source, worker.clockMs()));
    }

    private NetworkSpec networkOf(final TraceSpec spec) {
        for (final NetworkEntry entry : registry.networks.values()) {
            if (entry.spec.vni() == spec.vni() && (spec.encap() == null || spec.encap() == entry.spec.encap())) {
                return entry.spec;
            }
        }
        return null;
    }
}
