package io.weft.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashMap;
import java.util.Map;

/** Rates between two answers of {@code /v1/stats}, as a table. */
final class Rates {
    private final JsonNode before;
    private final JsonNode now;
    private final double seconds;

    /** @param seconds between the two */
    Rates(final JsonNode before, final JsonNode now, final double seconds) {
        this.before = before;
        this.now = now;
        this.seconds = seconds;
    }

    /**
     * Rates per second and counts since the start.
     *
     * @param only the one port to show, or null for all ports and the underlay
     */
    String render(final String only) {
        final Table table = new Table(
                "PORT",
                ">RX FRAMES/S",
                ">RX BIT/S",
                ">TX FRAMES/S",
                ">TX BIT/S",
                ">RX FRAMES",
                ">TX FRAMES",
                ">DROPPED");
        final Map<String, JsonNode> earlier = new HashMap<>();
        before.path("ports").forEach(port -> earlier.put(port.path("name").asText(), port.path("traffic")));
        for (final JsonNode port : now.path("ports")) {
            final String name = port.path("name").asText();
            if (only == null || only.equals(name)) {
                row(table, name, earlier.getOrDefault(name, port.path("traffic")), port.path("traffic"));
            }
        }
        if (only == null || (only.equals("underlay") && table.isEmpty())) {
            row(table, "underlay", before.path("underlay"), now.path("underlay"));
        }
        if (table.isEmpty()) {
            throw new Failure("there is no port " + only + ": `weft port ls` lists them");
        }
        return table.render("", "");
    }

    private void row(final Table table, final String name, final JsonNode from, final JsonNode to) {
        table.row(
                name,
                Words.scaled(rate(from, to, "rx-frames")),
                Words.scaled(8 * rate(from, to, "rx-bytes")),
                Words.scaled(rate(from, to, "tx-frames")),
                Words.scaled(8 * rate(from, to, "tx-bytes")),
                Words.count(to.path("rx-frames").asLong()),
                Words.count(to.path("tx-frames").asLong()),
                Words.count(StatusPage.dropped(to)));
    }

    private double rate(final JsonNode from, final JsonNode to, final String key) {
        return (to.path(key).asLong() - from.path(key).asLong()) / seconds;
    }
}
