package io.weft.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code weft peer}. */
@Command(
        name = "peer",
        mixinStandardHelpOptions = true,
        description = "Peers of a network, the other hosts' tunnel endpoints: add, remove, list.",
        subcommands = {PeerCommand.Add.class, PeerCommand.Rm.class, PeerCommand.Ls.class},
        footerHeading = "%nExample:%n",
        footer = "  weft peer add acme/web 10.2.0.1")
final class PeerCommand extends Group {

    /** A peer as parameters. */
    abstract static class One extends ApiCommand {
        @Parameters(index = "0", paramLabel = "TENANT/NETWORK", description = "the network")
        private String network;

        @Parameters(index = "1", paramLabel = "ADDRESS", description = "the peer's tunnel endpoint")
        private String address;

        final String path() {
            return path("/v1/peers", networkKey(network), address);
        }
    }

    @Command(
            name = "add",
            mixinStandardHelpOptions = true,
            description = "Add a peer to a network: frames are taken from it, and floods go to it.",
            footerHeading = "%nExample:%n",
            footer = "  weft peer add acme/web 10.2.0.1")
    static final class Add extends One {
        @Override
        void execute() {
            change("PUT", path(), Map.of());
        }
    }

    @Command(
            name = "rm",
            mixinStandardHelpOptions = true,
            description = "Remove a peer from a network; what was learned from it is forgotten.",
            footerHeading = "%nExample:%n",
            footer = "  weft peer rm acme/web 10.2.0.1")
    static final class Rm extends One {
        @Override
        void execute() {
            change("DELETE", path(), null);
        }
    }

    @Command(
            name = "ls",
            mixinStandardHelpOptions = true,
            description = "List peers, and endpoints that were learned from frames.",
            footerHeading = "%nExample:%n",
            footer = "  weft peer ls acme/web")
    static final class Ls extends ApiCommand {
        @Parameters(arity = "0..1", paramLabel = "TENANT/NETWORK", description = "only this network's")
        private String network;

        @Override
        void execute() {
            final JsonNode answer = get(query("/v1/peers", "network", network == null ? null : networkKey(network)));
            output().print(out(), answer, () -> {
                final Table table =
                        new Table("NETWORK", "ADDRESS", "KNOWN BY", ">MTU", ">RX FRAMES", ">TX FRAMES", ">IDLE");
                for (final JsonNode peer : answer.path("peers")) {
                    final JsonNode status = peer.path("status");
                    table.row(
                            peer.path("network").asText(),
                            peer.path("address").asText(),
                            peer.path("configured").asBoolean(true) ? "configuration" : "its frames",
                            Values.text(status.path("mtu")),
                            Words.count(status.path("rx-frames").asLong()),
                            Words.count(status.path("tx-frames").asLong()),
                            status.has("idle-ms")
                                    ? Words.duration(status.path("idle-ms").asLong())
                                    : "-");
                }
                return table.render("", "no peers; add one with `weft peer add`");
            });
        }
    }
}
