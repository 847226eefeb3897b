package io.weft.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code weft mac}. */
@Command(
        name = "mac",
        mixinStandardHelpOptions = true,
        description = "Where addresses are: list, fix, forget.",
        subcommands = {MacCommand.Ls.class, MacCommand.Add.class, MacCommand.Rm.class, MacCommand.Flush.class},
        footerHeading = "%nExample:%n",
        footer = "  weft mac ls acme/web")
final class MacCommand extends Group {

    @Command(
            name = "ls",
            mixinStandardHelpOptions = true,
            description = "List addresses, learned and fixed, and the port or peer where each is.",
            footerHeading = "%nExample:%n",
            footer = "  weft mac ls acme/web")
    static final class Ls extends ApiCommand {
        @Parameters(arity = "0..1", paramLabel = "TENANT/NETWORK", description = "only this network's")
        private String network;

        @Option(names = "--limit", paramLabel = "N", description = "rows at most")
        private Integer limit;

        @Override
        void execute() {
            final JsonNode answer =
                    get(query("/v1/macs", "network", network == null ? null : networkKey(network), "limit", limit));
            output().print(out(), answer, () -> {
                final Table table = new Table("NETWORK", ">VLAN", "MAC", "AT", "HOW", ">IDLE");
                for (final JsonNode mac : answer.path("macs")) {
                    final boolean fixed = mac.path("fixed").asBoolean();
                    table.row(
                            mac.path("network").asText(),
                            Values.vlan(mac.path("vlan")),
                            mac.path("mac").asText(),
                            mac.path("location").asText(),
                            fixed ? "fixed" : "learned",
                            fixed ? "-" : Words.duration(mac.path("idle-ms").asLong()));
                }
                return table.render("", "no addresses yet: they are learned from frames")
                        + (answer.path("truncated").asBoolean() ? "... and more: --limit N shows them\n" : "");
            });
        }
    }

    @Command(
            name = "add",
            mixinStandardHelpOptions = true,
            description = "Fix an address to a port or a peer; it is not learned or aged any more.",
            footerHeading = "%nExample:%n",
            footer = "  weft mac add acme/web 02:00:00:00:00:07 10.2.0.1")
    static final class Add extends ApiCommand {
        @Parameters(index = "0", paramLabel = "TENANT/NETWORK", description = "the network")
        private String network;

        @Parameters(index = "1", paramLabel = "MAC", description = "the address")
        private String mac;

        @Parameters(index = "2", paramLabel = "PORT|ADDRESS", description = "a port's name or a peer's address")
        private String location;

        @Option(names = "--vlan", paramLabel = "ID", description = "inner VLAN, where the network keeps tags")
        private Integer vlan;

        @Override
        void execute() {
            final Map<String, Object> body = new LinkedHashMap<>();
            body.put("network", networkKey(network));
            body.put("mac", mac);
            body.put("location", location);
            if (vlan != null) {
                body.put("vlan", vlan);
            }
            change("POST", "/v1/macs", body);
        }
    }

    @Command(
            name = "rm",
            mixinStandardHelpOptions = true,
            description = "Forget one address, fixed or learned.",
            footerHeading = "%nExample:%n",
            footer = "  weft mac rm acme/web 02:00:00:00:00:07")
    static final class Rm extends ApiCommand {
        @Parameters(index = "0", paramLabel = "TENANT/NETWORK", description = "the network")
        private String network;

        @Parameters(index = "1", paramLabel = "MAC", description = "the address")
        private String mac;

        @Option(names = "--vlan", paramLabel = "ID", description = "inner VLAN, where the network keeps tags")
        private Integer vlan;

        @Override
        void execute() {
            change("DELETE", query(path("/v1/macs", networkKey(network), mac), "vlan", vlan), null);
        }
    }

    @Command(
            name = "flush",
            mixinStandardHelpOptions = true,
            description = "Forget all learned addresses, of a network or of all.",
            footerHeading = "%nExample:%n",
            footer = "  weft mac flush acme/web")
    static final class Flush extends ApiCommand {
        @Parameters(arity = "0..1", paramLabel = "TENANT/NETWORK", description = "only this network's")
        private String network;

        @Override
        void execute() {
            change("DELETE", network == null ? "/v1/macs" : path("/v1/macs", networkKey(network)), null);
        }
    }
}
