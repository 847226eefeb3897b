package io.weft.dataplane.underlay;

import io.weft.dataplane.Burst;
import io.weft.dataplane.DropReason;
import io.weft.dataplane.Tunnel;
import io.weft.dataplane.TxQueue;
import io.weft.dataplane.api.SwitchException;
import io.weft.encap.Ecn;
import io.weft.encap.Mem;
import io.weft.encap.TunnelHeader;

/**
 * A worker's sending side over the kernel's sockets: entries are given their tunnel header, grouped by socket, and sent
 * with one {@code sendmmsg} a group.
 *
 * <p>Owned by the worker.
 */
final class KernelTx implements UnderlayTx {
    private final KernelUnderlay underlay;
    private final int worker;
    private final SendGroups groups = new SendGroups();
    private final KernelSender sender = new KernelSender(groups);
    /** Headers of entries whose frame's headroom is not theirs. */
    private final long headers = Mem.allocate((long) TxQueue.CAPACITY * TunnelHeader.LENGTH, 64);

    private final SenderPorts[] ports = new SenderPorts[2];
    private final int[] raw = {-1, -1};

    KernelTx(final KernelUnderlay underlay, final int worker) {
        this.underlay = underlay;
        this.worker = worker;
    }

    @Override
    public boolean prepare(final Tunnel tunnel) {
        final int family = tunnel.endpoint.family();
        tunnel.prepared = null;
        if (underlay.address(family) == null) {
            return false;
        }
        try {
            if (tunnel.network.spec().encap().isUdp()) {
                ports[slot(family)] = underlay.senders().ports(worker, family);
            } else {
                raw[slot(family)] = underlay.senders().raw(worker, family).fd();
            }
            if (tunnel.endpoint.isMulticast()) {
                underlay.senders()
                        .toGroups(worker, family, tunnel.network.spec().encap());
            }
        } catch (final SwitchException noSocket) {
            return false;
        }
        tunnel.prepared = new KernelTunnel(tunnel, underlay.scope(tunnel.endpoint), underlay.configuredMtu());
        return true;
    }

    @Override
    public void forget(final Tunnel tunnel) {
        tunnel.prepared = null;
    }

    @Override
    public void txBurst(final Burst burst, final TxQueue tx, final Tunnel[] tunnels) {
        sender.begin(burst, tx);
        for (int i = 0; i < tx.size; i++) {
            if (tunnels[tx.tunnel[i]].prepared instanceof final KernelTunnel tunnel) {
                tx.refused[i] = place(burst, tx, i, tunnel);
            } else {
                tx.refused[i] = DropReason.UNDERLAY_UNREACHABLE.ordinal();
            }
        }
        for (int g = 0; g < groups.count(); g++) {
            final int slot = slot(groups.family(g));
            if (groups.kind(g) == SendGroups.RAW) {
                sender.send(groups.first(g), raw[slot], false);
            } else {
                sendUdp(g, ports[slot]);
            }
        }
        groups.clear();
    }

    @Override
    public int offloads() {
        return 0;
    }

    @Override
    public DropReason refusal(final Tunnel tunnel, final int innerLength) {
        if (!(tunnel.prepared instanceof final KernelTunnel kernel)) {
            return DropReason.UNDERLAY_UNREACHABLE;
        }
        return innerLength > kernel.maxInner ? DropReason.TOO_BIG_FOR_TUNNEL : DropReason.NONE;
    }

    @Override
    public int mtu() {
        return underlay.mtu();
    }

    @Override
    public int mtu(final Tunnel tunnel) {
        final int known = tunnel.prepared instanceof final KernelTunnel kernel ? kernel.mtu() : 0;
        return known == 0 ? underlay.mtu() : known;
    }

    private void sendUdp(final int group, final SenderPorts of) {
        final int kind = groups.kind(group);
        final int first = groups.first(group);
        final boolean inRuns = kind == SendGroups.CHECKSUM || (kind == SendGroups.EITHER && sender.hasRun(first));
        sender.send(first, of.fd(groups.port(group), inRuns), inRuns);
    }

    private int place(final Burst burst, final TxQueue tx, final int entry, final KernelTunnel tunnel) {
        final int frame = tx.frame[entry];
        final int skip = tx.skip[entry];
        final int prefix = tx.prefixLength[entry];
        final int inner = prefix + burst.length[frame] - skip;
        if (inner > tunnel.maxInner) {
            return DropReason.TOO_BIG_FOR_TUNNEL.ordinal();
        }
        final int hash = burst.hash[frame];
        final boolean inPlace = prefix == 0 && !tx.shared[entry];
        final long header =
                inPlace ? burst.head[frame] + skip - TunnelHeader.LENGTH : headers + (long) entry * TunnelHeader.LENGTH;
        tunnel.header.write(header, hash);
        sender.entry(entry, tunnel, header, inPlace, TunnelHeader.LENGTH + inner, Ecn.encapsulate(burst.ecn[frame]));
        final int port = tunnel.kind == SendGroups.RAW ? 0 : SenderPorts.index(hash);
        groups.add(entry, tunnel.family, tunnel.kind, port);
        return 0;
    }

    private static int slot(final int family) {
        return family == 4 ? 0 : 1;
    }
}
