package io.weft.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import picocli.CommandLine.Command;

/** {@code weft drops}. */
@Command(
        name = "drops",
        mixinStandardHelpOptions = true,
        description = "Every dropped frame since the start by reason, port and network, in words.",
        footerHeading = "%nExample:%n",
        footer = "  weft drops")
final class DropsCommand extends ApiCommand {
    @Override
    void execute() {
        final JsonNode answer = get("/v1/drops");
        output().print(out(), answer, () -> text(answer));
    }

    static String text(final JsonNode answer) {
        final List<JsonNode> drops = new ArrayList<>();
        answer.path("drops").forEach(drops::add);
        drops.sort(
                Comparator.comparingLong((JsonNode drop) -> -drop.path("count").asLong()));
        final Table table = new Table(">FRAMES", "PORT", "NETWORK", "REASON", "IN WORDS");
        for (final JsonNode drop : drops) {
            table.row(
                    Words.count(drop.path("count").asLong()),
                    Values.text(drop.path("port")),
                    Values.text(drop.path("network")),
                    drop.path("reason").asText(),
                    drop.path("text").asText());
        }
        return table.render("", "nothing was dropped");
    }
}
