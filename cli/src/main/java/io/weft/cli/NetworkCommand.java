package io.weft.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code weft network}. */
@Command(
        name = "network",
        mixinStandardHelpOptions = true,
        description = "Tenants' networks: add, change, remove, list.",
        subcommands = {
            NetworkCommand.Add.class,
            NetworkCommand.Set.class,
            NetworkCommand.Rm.class,
            NetworkCommand.Ls.class
        },
        footerHeading = "%nExample:%n",
        footer = "  weft network add acme/web --vni 5001 --peer 10.2.0.1 --peer 10.3.0.1")
final class NetworkCommand extends Group {

    /** A network's keys as options; each goes to the switch as a file would say it. */
    static final class Keys {
        @Option(
                names = "--encap",
                paramLabel = "NAME",
                completionCandidates = Choices.Encapsulations.class,
                description = "vxlan (default), nvgre or geneve")
        private String encap;

        @Option(names = "--port", paramLabel = "N", description = "UDP port of the tunnel; default the encapsulation's")
        private String port;

        @Option(names = "--peer", paramLabel = "ADDRESS", description = "another host's tunnel endpoint; repeatable")
        private List<String> peers;

        @Option(names = "--group", paramLabel = "ADDRESS", description = "underlay multicast group for flooded frames")
        private String group;

        @Option(names = "--flow-id", paramLabel = "on|off", description = "NVGRE: entropy in the FlowID; default on")
        private String flowId;

        @Option(names = "--inner-vlan", paramLabel = "drop|keep", description = "frames with a VLAN tag; default drop")
        private String innerVlan;

        @Option(names = "--udp-checksum", paramLabel = "auto|on|off", description = "the outer one; default auto")
        private String udpChecksum;

        @Option(
                names = "--mss-clamp",
                paramLabel = "on|off",
                description = "tell TCP through tunnels a segment size that fits; default off")
        private String mssClamp;

        @Option(names = "--mac-limit", paramLabel = "N", description = "learned addresses at most")
        private String macLimit;

        @Option(names = "--mac-age", paramLabel = "TIME", description = "when an unused address is forgotten: 300s, 5m")
        private String macAge;

        Map<String, Object> body() {
            final Map<String, Object> body = new LinkedHashMap<>();
            put(body, "encap", encap);
            put(body, "port", port);
            if (peers != null) {
                body.put("peers", peers);
            }
            put(body, "group", group);
            put(body, "flow-id", flowId);
            put(body, "inner-vlan", innerVlan);
            put(body, "udp-checksum", udpChecksum);
            put(body, "mss-clamp", mssClamp);
            put(body, "mac-limit", macLimit);
            put(body, "mac-age", macAge);
            return body;
        }

        private static void put(final Map<String, Object> body, final String key, final String value) {
            if (value != null) {
                body.put(key, Values.number(value));
            }
        }
    }

    @Command(
            name = "add",
            mixinStandardHelpOptions = true,
            description = "Add a network to a tenant.",
            footerHeading = "%nExample:%n",
            footer = "  weft network add acme/web --vni 5001 --peer 10.2.0.1 --peer 10.3.0.1")
    static final class Add extends ApiCommand {
        @Parameters(paramLabel = "TENANT/NETWORK", description = "the network")
        private String network;

        @Option(
                names = "--vni",
                paramLabel = "N",
                required = true,
                description = "24-bit identifier: VNI, or NVGRE's VSID")
        private String vni;

        @Mixin
        private Keys keys;

        @Override
        void execute() {
            final Map<String, Object> body = keys.body();
            body.put("network", networkKey(network));
            body.put("vni", Values.number(vni));
            change("POST", "/v1/networks", body);
        }
    }

    @Command(
            name = "set",
            mixinStandardHelpOptions = true,
            description = "Change what is named of a network; --peer replaces all of its peers.",
            footerHeading = "%nExample:%n",
            footer = "  weft network set acme/web --mac-age 120s")
    static final class Set extends ApiCommand {
        @Parameters(paramLabel = "TENANT/NETWORK", description = "the network")
        private String network;

        @Option(names = "--vni", paramLabel = "N", description = "24-bit identifier: VNI, or NVGRE's VSID")
        private String vni;

        @Mixin
        private Keys keys;

        @Override
        void execute() {
            final String path = path("/v1/networks", networkKey(network));
            get(path);
            final Map<String, Object> body = keys.body();
            if (vni != null) {
                body.put("vni", Values.number(vni));
            }
            change("PUT", path, body);
        }
    }

    @Command(
            name = "rm",
            mixinStandardHelpOptions = true,
            description = "Remove a network that no port uses any more; its peers go with it.",
            footerHeading = "%nExample:%n",
            footer = "  weft network rm acme/web")
    static final class Rm extends ApiCommand {
        @Parameters(paramLabel = "TENANT/NETWORK", description = "the network")
        private String network;

        @Override
        void execute() {
            change("DELETE", path("/v1/networks", networkKey(network)), null);
        }
    }

    @Command(
            name = "ls",
            mixinStandardHelpOptions = true,
            description = "List networks.",
            footerHeading = "%nExample:%n",
            footer = "  weft network ls acme")
    static final class Ls extends ApiCommand {
        @Parameters(arity = "0..1", paramLabel = "TENANT", description = "only this tenant's")
        private String tenant;

        @Override
        void execute() {
            final JsonNode answer = get(query("/v1/networks", "tenant", tenant));
            output().print(out(), answer, () -> {
                final Table table =
                        new Table("NETWORK", ">VNI", "ENCAP", ">UDP PORT", ">PORTS", ">MACS", ">MTU", "GROUP", "PEERS");
                for (final JsonNode network : answer.path("networks")) {
                    final JsonNode status = network.path("status");
                    final int port =
                            network.path("port").asInt(status.path("port").asInt());
                    table.row(
                            network.path("network").asText(),
                            network.path("vni").asText(),
                            network.path("encap").asText(status.path("encap").asText()),
                            port == 0 ? "-" : String.valueOf(port),
                            Words.count(status.path("ports").asLong()),
                            Words.count(status.path("macs").asLong()),
                            Values.text(status.path("mtu")),
                            Values.text(network.path("group")),
                            Values.list(network.path("peers")));
                }
                return table.render("", "no networks; add one with `weft network add`");
            });
        }
    }
}
