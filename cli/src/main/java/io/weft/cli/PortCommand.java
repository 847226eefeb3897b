package io.weft.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code weft port}. */
@Command(
        name = "port",
        mixinStandardHelpOptions = true,
        description = "Ports: add, change, remove, list.",
        subcommands = {PortCommand.Add.class, PortCommand.Set.class, PortCommand.Rm.class, PortCommand.Ls.class},
        footerHeading = "%nExample:%n",
        footer = "  weft port add vm1 --network acme/web --tap vm1")
final class PortCommand extends Group {

    /** Access or trunk. */
    static final class Membership {
        @Option(names = "--network", paramLabel = "TENANT/NETWORK", required = true, description = "the access network")
        private String network;

        @Option(
                names = "--trunk",
                paramLabel = "VLAN=TENANT/NETWORK",
                split = ",",
                required = true,
                description = "networks by VLAN tag; repeatable")
        private Map<Integer, String> trunk;
    }

    /** What add and set have in common. */
    abstract static class Change extends ApiCommand {
        @Parameters(paramLabel = "NAME", description = "the port")
        private String name;

        @ArgGroup(multiplicity = "1")
        private Membership membership;

        @Option(
                names = "--tap",
                paramLabel = "DEVICE",
                required = true,
                description = "a TAP device; made where it is not there")
        private String tap;

        @Option(names = "--mac", paramLabel = "MAC", description = "the only source address allowed; default any")
        private String mac;

        @Option(names = "--mtu", paramLabel = "BYTES", description = "default: what fits the networks' tunnels")
        private String mtu;

        @Option(names = "--queues", paramLabel = "N", description = "queue pairs; default one per worker")
        private String queues;

        final String name() {
            return name;
        }

        final Map<String, Object> body() {
            final Map<String, Object> body = new LinkedHashMap<>();
            if (membership.network != null) {
                body.put("network", networkKey(membership.network));
            } else {
                membership.trunk.values().forEach(this::networkKey);
                body.put("trunk", membership.trunk);
            }
            body.put("tap", tap);
            if (mac != null) {
                body.put("mac", mac);
            }
            if (mtu != null) {
                body.put("mtu", Values.number(mtu));
            }
            if (queues != null) {
                body.put("queues", Values.number(queues));
            }
            return body;
        }
    }

    @Command(
            name = "add",
            mixinStandardHelpOptions = true,
            description = "Add a port to a network, or to several as a trunk. Other ports lose no frame.",
            footerHeading = "%nExample:%n",
            footer = {
                "  weft port add vm1 --network acme/web --tap vm1",
                "  weft port add fw --trunk 10=acme/web,20=acme/db --tap fw"
            })
    static final class Add extends Change {
        @Override
        void execute() {
            final Map<String, Object> body = body();
            body.put("name", name());
            change("POST", "/v1/ports", body);
        }
    }

    @Command(
            name = "set",
            mixinStandardHelpOptions = true,
            description = "Make a port what is said here; what is not named gets its default.",
            footerHeading = "%nExample:%n",
            footer = "  weft port set vm1 --network acme/db --tap vm1")
    static final class Set extends Change {
        @Override
        void execute() {
            get(path("/v1/ports", name()));
            change("PUT", path("/v1/ports", name()), body());
        }
    }

    @Command(
            name = "rm",
            mixinStandardHelpOptions = true,
            description = "Remove a port. Other ports lose no frame.",
            footerHeading = "%nExample:%n",
            footer = "  weft port rm vm1")
    static final class Rm extends ApiCommand {
        @Parameters(paramLabel = "NAME", description = "the port")
        private String name;

        @Override
        void execute() {
            change("DELETE", path("/v1/ports", name), null);
        }
    }

    @Command(
            name = "ls",
            mixinStandardHelpOptions = true,
            description = "List ports.",
            footerHeading = "%nExample:%n",
            footer = "  weft port ls -o json")
    static final class Ls extends ApiCommand {
        @Override
        void execute() {
            final JsonNode answer = get("/v1/ports");
            output().print(out(), answer, () -> {
                final Table table = new Table("PORT", "KIND", "DEVICE", "NETWORKS", ">MTU", "MAC", ">QUEUES", "STATE");
                for (final JsonNode port : answer.path("ports")) {
                    final JsonNode status = port.path("status");
                    table.row(
                            port.path("name").asText(),
                            Values.text(status.path("kind")),
                            Values.text(status.path("device")),
                            networks(port),
                            Values.text(status.path("mtu")),
                            Values.text(port.path("mac")),
                            Values.text(status.path("queues")),
                            Values.text(status.path("state")));
                }
                return table.render("", "no ports; add one with `weft port add`");
            });
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
}
