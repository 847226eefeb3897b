package io.weft.cli;

import com.fasterxml.jackson.databind.JsonNode;

/** What {@code /v1/status} says, on one page. */
final class StatusPage {
    private static final String INDENT = "  ";
    private static final String BALANCE =
            "received + generated + copies + segments = sent + dropped + held + merged + taken";

    private StatusPage() {}

    static String render(final JsonNode status) {
        final StringBuilder page = new StringBuilder(2048);
        page.append(status.path("name").asText("weft"))
                .append(": ")
                .append(status.path("state").asText("?"))
                .append(", up ")
                .append(Words.duration(status.path("uptime-ms").asLong()))
                .append(", weft ")
                .append(status.path("version").asText("?"))
                .append(", configuration ")
                .append(status.path("revision").asText("?"))
                .append('\n');
        section(page, "Problems", problems(status.path("problems")));
        section(page, "Workers", workers(status.path("workers")));
        section(page, "Tenants", tenants(status.path("tenants")));
        section(page, "Networks", networks(status.path("networks")));
        section(page, "Ports (rx: from the port into the switch)", ports(status.path("ports")));
        section(page, "Tunnels", tunnels(status.path("tunnels")));
        section(
                page,
                "Underlay",
                carrier(status.path("carrier")) + underlay(status.path("underlay"), status.path("link")));
        section(page, "Books", books(status.path("books")));
        return page.toString();
    }

    private static void section(final StringBuilder page, final String heading, final String body) {
        page.append('\n').append(heading).append('\n').append(body);
    }

    static String problems(final JsonNode problems) {
        final StringBuilder text = new StringBuilder();
        problems.forEach(problem ->
                text.append(INDENT).append("! ").append(problem.asText()).append('\n'));
        return text.isEmpty() ? INDENT + "none\n" : text.toString();
    }

    static String workers(final JsonNode workers) {
        final Table table = new Table(">WORKER", ">CPU", ">BUSY", "STATE", ">POLLED", ">PARKED");
        for (final JsonNode worker : workers) {
            final int cpu = worker.path("cpu").asInt(-1);
            table.row(
                    worker.path("id").asText(),
                    cpu < 0 ? "any" : String.valueOf(cpu),
                    Words.percent(worker.path("busy").asDouble()),
                    worker.path("asleep").asBoolean() ? "asleep" : "polling",
                    worker.path("polled").asText(),
                    worker.path("parked").asText());
        }
        return table.render(INDENT, "none");
    }

    private static String tenants(final JsonNode tenants) {
        final Table table = new Table("TENANT", ">NETWORKS", ">FLOWS", ">OF");
        for (final JsonNode tenant : tenants) {
            table.row(
                    tenant.path("name").asText(),
                    Words.count(tenant.path("networks").asLong()),
                    Words.count(tenant.path("flows").asLong()),
                    Words.count(tenant.path("flow-cache").asLong()));
        }
        return table.render(INDENT, "none; add one with `weft tenant add`");
    }

    private static String networks(final JsonNode networks) {
        final Table table = new Table("NETWORK", ">VNI", "ENCAP", ">PORTS", ">MACS", ">OF", ">MTU", "FLOODS TO");
        for (final JsonNode network : networks) {
            final String group = Values.text(network.path("group"));
            table.row(
                    network.path("key").asText(network.path("network").asText()),
                    network.path("vni").asText(),
                    encap(network),
                    Words.count(network.path("ports").asLong()),
                    Words.count(network.path("macs").asLong()),
                    Words.count(network.path("mac-limit").asLong()),
                    Values.text(network.path("mtu")),
                    group.equals("-") ? Values.list(network.path("peers")) : group);
        }
        return table.render(INDENT, "none; add one with `weft network add`");
    }

    private static String encap(final JsonNode network) {
        final int port = network.path("port").asInt();
        final String name = network.path("encap").asText();
        return port == 0 ? name : name + ":" + port;
    }

    private static String ports(final JsonNode ports) {
        final Table table =
                new Table("PORT", "KIND", "DEVICE", "NETWORKS", ">MTU", ">HOST_MTU", ">RX", ">TX", ">DROPPED", "STATE");
        for (final JsonNode port : ports) {
            final JsonNode traffic = port.path("traffic");
            table.row(
                    port.path("name").asText(),
                    port.path("kind").asText(),
                    Values.text(port.path("device")),
                    Values.list(port.path("networks")),
                    Values.text(port.path("mtu")),
                    Values.text(port.path("vhost").path("host-mtu")),
                    Words.count(traffic.path("rx-frames").asLong()),
                    Words.count(traffic.path("tx-frames").asLong()),
                    Words.count(dropped(traffic)),
                    Values.text(port.path("state")));
        }
        return table.render(INDENT, "none; add one with `weft port add`");
    }

    private static String tunnels(final JsonNode tunnels) {
        final Table table =
                new Table("NETWORK", "ENDPOINT", "ENCAP", ">VNI", ">MTU", ">RX", ">TX", "KNOWN BY", ">IDLE");
        for (final JsonNode tunnel : tunnels) {
            table.row(
                    tunnel.path("network").asText(),
                    tunnel.path("endpoint").asText(),
                    tunnel.path("encap").asText(),
                    tunnel.path("vni").asText(),
                    Values.text(tunnel.path("mtu")),
                    Words.count(tunnel.path("rx-frames").asLong()),
                    Words.count(tunnel.path("tx-frames").asLong()),
                    tunnel.path("configured").asBoolean() ? "configuration" : "its frames",
                    tunnel.path("idle-ms").asLong(-1) < 0
                            ? "-"
                            : Words.duration(tunnel.path("idle-ms").asLong()));
        }
        return table.render(INDENT, "none");
    }

    /** How the tunnels' device is reached and whether it is up; nothing for the kernel's sockets. */
    private static String carrier(final JsonNode carrier) {
        final String mode = carrier.path("mode").asText();
        return mode.isEmpty()
                ? ""
                : INDENT + mode + ": " + carrier.path("state").asText() + "\n";
    }

    private static String underlay(final JsonNode traffic, final JsonNode link) {
        final String device = link.isMissingNode()
                ? ""
                : INDENT + link.path("device").asText() + ": "
                        + link.path("state").asText() + ", MTU "
                        + link.path("mtu").asText() + neighbors(link) + "\n";
        return device + INDENT + "received "
                + Words.count(traffic.path("rx-frames").asLong()) + " frames ("
                + Words.bytes(traffic.path("rx-bytes").asDouble()) + "), sent "
                + Words.count(traffic.path("tx-frames").asLong())
                + " (" + Words.bytes(traffic.path("tx-bytes").asDouble()) + "), dropped "
                + Words.count(dropped(traffic)) + "\n";
    }

    private static String neighbors(final JsonNode link) {
        final int count = link.path("neighbors").size();
        return count == 0 ? "" : ", next hops: " + count + " (`weft neighbor ls`)";
    }

    static String books(final JsonNode books) {
        final long in = sum(books, "received", "generated", "copies", "segments");
        final long out = sum(books, "sent", "dropped", "held", "merged", "taken");
        final String said = INDENT + Words.count(books.path("received").asLong()) + " received, "
                + Words.count(books.path("sent").asLong()) + " sent, "
                + Words.count(books.path("dropped").asLong()) + " dropped (`weft drops` says why)\n";
        if (in == out) {
            return said + INDENT + "balanced: " + BALANCE + "\n";
        }
        return said + INDENT + "out of balance by " + Words.count(in - out) + ": " + BALANCE + "\n";
    }

    private static long sum(final JsonNode books, final String... keys) {
        long sum = 0;
        for (final String key : keys) {
            sum += books.path(key).asLong();
        }
        return sum;
    }

    static long dropped(final JsonNode traffic) {
        return traffic.path("rx-dropped").asLong() + traffic.path("tx-dropped").asLong();
    }
}
