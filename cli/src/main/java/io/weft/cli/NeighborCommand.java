package io.weft.cli;

import com.fasterxml.jackson.databind.JsonNode;
import picocli.CommandLine.Command;

/** {@code weft neighbor}: who is on the underlay's link, where the switch has that link to itself. */
@Command(
        name = "neighbor",
        mixinStandardHelpOptions = true,
        description = "The next hops of an underlay that the switch owns.",
        subcommands = NeighborCommand.Ls.class)
final class NeighborCommand extends Group {
    /** {@code weft neighbor ls}. */
    @Command(
            name = "ls",
            mixinStandardHelpOptions = true,
            description = "List next hops, their MAC addresses and whether they answer.",
            footerHeading = "%nExample:%n",
            footer = "  weft neighbor ls")
    static final class Ls extends ApiCommand {
        @Override
        void execute() {
            final JsonNode answer = get("/v1/neighbors");
            output().print(out(), answer, () -> {
                final Table table = new Table("ADDRESS", "MAC", "STATE", ">ENDPOINTS", ">HEARD");
                for (final JsonNode row : answer.path("neighbors")) {
                    final long idle = row.path("idle-ms").asLong();
                    table.row(
                            row.path("address").asText(),
                            row.path("mac").asText().isEmpty()
                                    ? "-"
                                    : row.path("mac").asText(),
                            row.path("state").asText(),
                            row.path("endpoints").asText(),
                            idle < 0 ? "-" : Words.duration(idle));
                }
                return table.render("", "none: the kernel has the underlay's neighbours, or no tunnel needs one");
            });
        }
    }
}
