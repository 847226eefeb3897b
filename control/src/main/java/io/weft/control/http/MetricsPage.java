package io.weft.control.http;

import io.weft.dataplane.api.Rows;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToLongFunction;

/**
 * The switch in Prometheus' text format 0.0.4: each metric once, with its HELP and TYPE before its samples. Endpoints that
 * were learned from frames share one label, since whoever sends frames could else make series without end. Owned by the
 * thread that makes it.
 */
final class MetricsPage {
    private final StringBuilder page = new StringBuilder(16 * 1024);

    MetricsPage host(final String name, final Instant start) {
        metric("weft_info", "gauge", "What answers here; always 1.");
        sample("weft_info", 1, "host", name, "version", ApiServer.version());
        metric("weft_start_time_seconds", "gauge", "When the switch was started, seconds since 1970.");
        sample("weft_start_time_seconds", start.getEpochSecond());
        return this;
    }

    MetricsPage status(final Rows.Status status) {
        ports(status);
        networks(status);
        tunnels(status.tunnels());
        workers(status.workers());
        link(status.link());
        books(status.books());
        metric("weft_problems", "gauge", "Things that are wrong, as `weft status` tells them.");
        sample("weft_problems", status.problems().size());
        return this;
    }

    private void ports(final Rows.Status status) {
        metric("weft_port_up", "gauge", "1 where the port is up.");
        status.ports().forEach(p -> sample("weft_port_up", p.state().equals("up") ? 1 : 0, "port", p.name()));
        traffic("frames_total", "Frames", status, "received", Rows.Traffic::rxFrames, "sent", Rows.Traffic::txFrames);
        traffic("bytes_total", "Bytes", status, "received", Rows.Traffic::rxBytes, "sent", Rows.Traffic::txBytes);
        traffic(
                "dropped_total",
                "Dropped frames",
                status,
                "received",
                Rows.Traffic::rxDropped,
                "sent",
                Rows.Traffic::txDropped);
        metric("weft_port_ring_faults_total", "counter", "Descriptor chains of a guest that were refused.");
        guests(
                status,
                "weft_port_ring_faults_total",
                vhost -> vhost.rings().stream().mapToLong(Rows.RingRow::faults).sum());
        metric("weft_port_rings_stopped", "gauge", "Rings of a guest that were stopped because they are broken.");
        guests(
                status,
                "weft_port_rings_stopped",
                vhost -> vhost.rings().stream()
                        .filter(ring -> !ring.broken().isEmpty())
                        .count());
        metric("weft_port_queue_pairs", "gauge", "Queue pairs that a guest uses.");
        guests(status, "weft_port_queue_pairs", Rows.VhostRow::pairsEnabled);
    }

    private void guests(final Rows.Status status, final String name, final ToLongFunction<Rows.VhostRow> value) {
        for (final Rows.PortRow port : status.ports()) {
            if (port.vhost() != null) {
                sample(name, value.applyAsLong(port.vhost()), "port", port.name());
            }
        }
    }

    /** A count of traffic in both directions; the underlay is a port named so, as in the drops. */
    private void traffic(
            final String suffix,
            final String what,
            final Rows.Status status,
            final String in,
            final Count inCount,
            final String out,
            final Count outCount) {
        final String name = "weft_port_" + suffix;
        metric(name, "counter", what + " received from a port and sent to it.");
        for (final Rows.PortRow port : status.ports()) {
            sample(name, inCount.of(port.traffic()), "port", port.name(), "direction", in);
            sample(name, outCount.of(port.traffic()), "port", port.name(), "direction", out);
        }
        sample(name, inCount.of(status.underlay()), "port", "underlay", "direction", in);
        sample(name, outCount.of(status.underlay()), "port", "underlay", "direction", out);
    }

    private interface Count {
        long of(Rows.Traffic traffic);
    }

    private void networks(final Rows.Status status) {
        metric("weft_network_macs", "gauge", "Addresses in a network's table.");
        status.networks().forEach(n -> sample("weft_network_macs", n.macs(), "network", n.key()));
        metric("weft_network_mac_limit", "gauge", "Addresses that may be learned in a network.");
        status.networks().forEach(n -> sample("weft_network_mac_limit", n.macLimit(), "network", n.key()));
        metric("weft_tenant_flows", "gauge", "Entries in a tenant's flow cache.");
        status.tenants().forEach(t -> sample("weft_tenant_flows", t.flows(), "tenant", t.name()));
        metric("weft_tenant_flow_limit", "gauge", "Entries that a tenant's flow cache may hold in each worker.");
        status.tenants().forEach(t -> sample("weft_tenant_flow_limit", t.flowCache(), "tenant", t.name()));
    }

    private void tunnels(final List<Rows.TunnelRow> tunnels) {
        final String name = "weft_tunnel_frames_total";
        metric(name, "counter", "Frames received from and sent to a configured peer.");
        for (final Rows.TunnelRow t : tunnels) {
            if (t.configured()) {
                sample(name, t.rxFrames(), "network", t.network(), "peer", t.endpoint(), "direction", "received");
                sample(name, t.txFrames(), "network", t.network(), "peer", t.endpoint(), "direction", "sent");
            }
        }
        metric("weft_tunnels_learned", "gauge", "Endpoints that were learned from frames.");
        sample(
                "weft_tunnels_learned",
                tunnels.stream().filter(t -> !t.configured()).count());
    }

    private void workers(final List<Rows.WorkerRow> workers) {
        metric("weft_worker_busy_ratio", "gauge", "Share of the last second that the worker spent on frames.");
        for (final Rows.WorkerRow w : workers) {
            page.append("weft_worker_busy_ratio");
            labels("worker", Integer.toString(w.id()), "cpu", w.cpu() < 0 ? "" : Integer.toString(w.cpu()));
            page.append(' ').append(w.busy()).append('\n');
        }
        metric("weft_worker_asleep", "gauge", "1 where the worker waits for a doorbell.");
        workers.forEach(w -> sample("weft_worker_asleep", w.asleep() ? 1 : 0, "worker", Integer.toString(w.id())));
        metric("weft_worker_loops_total", "counter", "Rounds over the worker's queues.");
        workers.forEach(w -> sample("weft_worker_loops_total", w.loops(), "worker", Integer.toString(w.id())));
        metric("weft_worker_orders_total", "counter", "Changes that the worker took.");
        workers.forEach(w -> sample("weft_worker_orders_total", w.orders(), "worker", Integer.toString(w.id())));
        metric("weft_worker_queues", "gauge", "Queues that the worker polls, and those that wait for a wake-up.");
        for (final Rows.WorkerRow w : workers) {
            sample("weft_worker_queues", w.polled(), "worker", Integer.toString(w.id()), "state", "polled");
            sample("weft_worker_queues", w.parked(), "worker", Integer.toString(w.id()), "state", "parked");
        }
    }

    private void link(final Rows.LinkRow link) {
        metric("weft_underlay_up", "gauge", "Whether the underlay's device is up.");
        sample("weft_underlay_up", "up".equals(link.state()) ? 1 : 0, "device", link.device());
        metric("weft_underlay_neighbors", "gauge", "Next hops of an underlay of the switch's own, by state.");
        final Map<String, Integer> states = new TreeMap<>();
        link.neighbors().forEach(neighbor -> states.merge(neighbor.state(), 1, Integer::sum));
        states.forEach((state, count) -> sample("weft_underlay_neighbors", count, "state", state));
        metric("weft_underlay_own_total", "counter", "What came of messages for the switch itself: ARP, ND, ICMP.");
        for (final Rows.Count count : link.counts()) {
            sample("weft_underlay_own_total", count.count(), "what", count.name());
        }
    }

    private void books(final Rows.Books books) {
        final String name = "weft_books_frames_total";
        metric(name, "counter", "received + generated + copies + segments = sent + dropped + held + merged + taken.");
        sample(name, books.received(), "entry", "received");
        sample(name, books.generated(), "entry", "generated");
        sample(name, books.copies(), "entry", "copies");
        sample(name, books.segments(), "entry", "segments");
        sample(name, books.sent(), "entry", "sent");
        sample(name, books.dropped(), "entry", "dropped");
        sample(name, books.held(), "entry", "held");
        sample(name, books.merged(), "entry", "merged");
        sample(name, books.taken(), "entry", "taken");
    }

    MetricsPage drops(final List<Rows.DropRow> drops) {
        metric("weft_drops_total", "counter", "Dropped frames by reason, port and network.");
        for (final Rows.DropRow d : drops) {
            sample("weft_drops_total", d.count(), "reason", d.reason(), "port", d.port(), "network", d.network());
        }
        return this;
    }

    MetricsPage api(final ApiCounters counters) {
        metric("weft_api_answers_total", "counter", "Answers of the API by status.");
        for (int status = 0; status < counters.answers.length(); status++) {
            if (counters.answers.get(status) > 0) {
                sample("weft_api_answers_total", counters.answers.get(status), "status", Integer.toString(status));
            }
        }
        metric("weft_api_connections", "gauge", "Open connections of the API.");
        sample("weft_api_connections", counters.connections.get());
        metric("weft_api_refused_connections_total", "counter", "Connections closed because too many were open.");
        sample("weft_api_refused_connections_total", counters.refusedConnections.get());
        metric("weft_api_event_readers", "gauge", "Readers of the stream of events.");
        sample("weft_api_event_readers", counters.subscribers.get());
        metric("weft_api_lost_events_total", "counter", "Events that readers missed because they were too slow.");
        sample("weft_api_lost_events_total", counters.lostEvents.get());
        metric("weft_api_cut_readers_total", "counter", "Readers of events cut off because they took nothing.");
        sample("weft_api_cut_readers_total", counters.cutReaders.get());
        return this;
    }

    byte[] bytes() {
        return page.toString().getBytes(StandardCharsets.UTF_8);
    }

    private void metric(final String name, final String type, final String help) {
        page.append("# HELP ").append(name).append(' ').append(help.replace("\\", "\\\\"));
        page.append("\n# TYPE ").append(name).append(' ').append(type).append('\n');
    }

    private void sample(final String name, final long value, final String... labels) {
        page.append(name);
        labels(labels);
        page.append(' ').append(value).append('\n');
    }

    private void labels(final String... pairs) {
        for (int i = 0; i < pairs.length; i += 2) {
            page.append(i == 0 ? '{' : ',').append(pairs[i]).append("=\"");
            escape(pairs[i + 1] == null ? "" : pairs[i + 1]);
            page.append('"');
        }
        if (pairs.length > 0) {
            page.append('}');
        }
    }

    /** Label values escape backslash, quote and line feed, nothing else. */
    private void escape(final String value) {
        for (int i = 0; i < value.length(); i++) {
            final char c = value.charAt(i);
            switch (c) {
                case '\\' -> page.append("\\\\");
                case '"' -> page.append("\\\"");
                case '\n' -> page.append("\\n");
                default -> page.append(c);
            }
        }
    }
}
