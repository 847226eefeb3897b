package io.weft.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.StringJoiner;

/** Ports as text. */
final class PortPage {
    private PortPage() {}

    /** All of them; what only guests have stands last, and only where there is a guest. */
    static String list(final JsonNode ports) {
        final boolean guests = ports.valueStream().anyMatch(port -> !vhost(port).isEmpty());
        final Table table = guests
                ? new Table(
                        "PORT",
                        "KIND",
                        "DEVICE",
                        "NETWORKS",
                        ">MTU",
                        ">HOST_MTU",
                        "MAC",
                        ">QUEUES",
                        ">RINGS",
                        ">FAULTS",
                        "STATE",
                        "FEATURES")
                : new Table("PORT", "KIND", "DEVICE", "NETWORKS", ">MTU", "MAC", ">QUEUES", "STATE");
        for (final JsonNode port : ports) {
            final JsonNode status = port.path("status");
            final List<String> cells = new ArrayList<>(List.of(
                    port.path("name").asText(),
                    Values.text(status.path("kind")),
                    Values.text(status.path("device")),
                    networks(port),
                    Values.text(status.path("mtu"))));
            if (guests) {
                cells.add(Values.text(vhost(port).path("host-mtu")));
            }
            cells.add(Values.text(port.path("mac")));
            cells.add(queues(status));
            final String state = Values.text(status.path("state"));
            cells.addAll(
                    guests
                            ? List.of(sizes(vhost(port)), faults(vhost(port)), state, features(vhost(port)))
                            : List.of(state));
            table.row(cells.toArray(String[]::new));
        }
        return table.render("", "no ports; add one with `weft port add`");
    }

    /** One of them. */
    static String one(final JsonNode port) {
        final JsonNode status = port.path("status");
        final JsonNode vhost = vhost(port);
        final Table table = new Table("PORT", port.path("name").asText());
        table.row("state", Values.text(status.path("state")));
        table.row("kind", Values.text(status.path("kind")));
        table.row("device", Values.text(status.path("device")));
        table.row("networks", networks(port));
        table.row("mtu", Values.text(status.path("mtu")));
        table.row("only source address", port.path("mac").asText("any"));
        table.row("queue pairs", queues(status));
        if (!vhost.isEmpty()) {
            table.row("host_mtu for QEMU", hostMtu(vhost));
            table.row("we are the socket's", Values.text(vhost.path("role")));
            table.row("features", features(vhost));
            table.row("memory", memory(vhost));
            vhost.path("rings")
                    .forEach(ring -> table.row("ring " + ring.path("index").asInt(), ring(ring)));
        }
        final JsonNode traffic = status.path("traffic");
        table.row("received", amount(traffic, "rx"));
        table.row("sent", amount(traffic, "tx"));
        return table.render("", "");
    }

    private static String hostMtu(final JsonNode vhost) {
        final int refused = vhost.path("refused-mtu").asInt();
        return Values.text(vhost.path("host-mtu"))
                + (refused == 0 ? "" : " (it has " + refused + ", which is refused)");
    }

    private static String memory(final JsonNode vhost) {
        if (vhost.path("rings").isEmpty()) {
            return "-";
        }
        return vhost.path("unsealed").asBoolean() ? "not sealed against shrinking" : "sealed";
    }

    private static String ring(final JsonNode ring) {
        final String broken = ring.path("broken").asText();
        return (ring.path("index").asInt() % 2 == 0 ? "to the guest, " : "from the guest, ")
                + ring.path("size").asText() + " descriptors, "
                + (ring.path("enabled").asBoolean() ? "enabled" : "disabled")
                + ", " + Words.count(ring.path("faults").asLong()) + " faults"
                + (broken.isEmpty() ? "" : "; stopped: " + broken);
    }

    private static String amount(final JsonNode traffic, final String way) {
        return Words.count(traffic.path(way + "-frames").asLong()) + " frames ("
                + Words.bytes(traffic.path(way + "-bytes").asDouble()) + "), dropped "
                + Words.count(traffic.path(way + "-dropped").asLong());
    }

    private static JsonNode vhost(final JsonNode port) {
        return port.path("status").path("vhost");
    }

    /** {@code 1 of 4}: a guest may use fewer queue pairs than it is offered. */
    private static String queues(final JsonNode status) {
        final JsonNode vhost = status.path("vhost");
        return vhost.isEmpty()
                ? Values.text(status.path("queues"))
                : vhost.path("pairs-enabled").asText() + " of "
                        + vhost.path("pairs-offered").asText();
    }

    private static String sizes(final JsonNode vhost) {
        final Set<String> sizes = new LinkedHashSet<>();
        vhost.path("rings").forEach(ring -> sizes.add(ring.path("size").asText()));
        return sizes.isEmpty() ? "-" : String.join("+", sizes);
    }

    private static String faults(final JsonNode vhost) {
        return vhost.isEmpty()
                ? "-"
                : Words.count(vhost.path("rings")
                        .valueStream()
                        .mapToLong(ring -> ring.path("faults").asLong())
                        .sum());
    }

    private static String features(final JsonNode vhost) {
        final StringJoiner names = new StringJoiner(" ");
        vhost.path("features").forEach(name -> names.add(name.asText()));
        return names.length() == 0 ? "-" : names.toString();
    }

    private static String networks(final JsonNode port) {
        final StringBuilder trunk = new StringBuilder();
        port.path("trunk")
                .properties()
                .forEach(each -> trunk.append(trunk.isEmpty() ? "" : ", ")
                        .append(each.getKey())
                        .append(": ")
                        .append(each.getValue().asText()));
        return trunk.isEmpty() ? Values.text(port.path("network")) : trunk.toString();
    }
}
