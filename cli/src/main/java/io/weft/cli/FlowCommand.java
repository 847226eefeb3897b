package io.weft.cli;

import com.fasterxml.jackson.databind.JsonNode;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code weft flow}. */
@Command(
        name = "flow",
        mixinStandardHelpOptions = true,
        description = "The flow caches: list, empty.",
        subcommands = {FlowCommand.Ls.class, FlowCommand.Flush.class},
        footerHeading = "%nExample:%n",
        footer = "  weft flow ls acme --limit 50")
final class FlowCommand extends Group {

    @Command(
            name = "ls",
            mixinStandardHelpOptions = true,
            description = "List cached flows: who talks to whom, where the frames come in and what is done.",
            footerHeading = "%nExample:%n",
            footer = "  weft flow ls acme --limit 50")
    static final class Ls extends ApiCommand {
        @Parameters(arity = "0..1", paramLabel = "TENANT", description = "only this tenant's")
        private String tenant;

        @Option(names = "--limit", paramLabel = "N", description = "rows at most")
        private Integer limit;

        @Override
        void execute() {
            final JsonNode answer = get(query("/v1/flows", "tenant", tenant, "limit", limit));
            output().print(out(), answer, () -> {
                final Table table =
                        new Table("NETWORK", ">VLAN", "SOURCE", "DESTINATION", "FROM", "ACTION", ">HITS", ">WORKER");
                for (final JsonNode flow : answer.path("flows")) {
                    table.row(
                            network(flow),
                            Values.vlan(flow.path("vlan")),
                            flow.path("source").asText(),
                            flow.path("destination").asText(),
                            flow.path("ingress").asText(),
                            flow.path("action").asText(),
                            Words.count(flow.path("hits").asLong()),
                            flow.path("worker").asText());
                }
                return table.render("", "no flows: nothing was forwarded lately")
                        + (answer.path("truncated").asBoolean() ? "... and more: --limit N shows them\n" : "");
            });
        }

        private static String network(final JsonNode flow) {
            final String network = flow.path("network").asText();
            return network.indexOf('/') >= 0 ? network : flow.path("tenant").asText() + "/" + network;
        }
    }

    @Command(
            name = "flush",
            mixinStandardHelpOptions = true,
            description =
                    "Empty the flow cache of a tenant, or of all; the next frame of each flow asks the tables again.",
            footerHeading = "%nExample:%n",
            footer = "  weft flow flush acme")
    static final class Flush extends ApiCommand {
        @Parameters(arity = "0..1", paramLabel = "TENANT", description = "only this tenant's")
        private String tenant;

        @Override
        void execute() {
            change("DELETE", query("/v1/flows", "tenant", tenant), null);
        }
    }
}
