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
        footer = {
            "  weft port add vm1 --network acme/web --vhost-user /run/weft/vm1.sock",
            "  weft port add h1 --network acme/web --tap h1"
        })
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

    /** What the port is made of. */
    static final class Device {
        @Option(
                names = "--tap",
                paramLabel = "DEVICE",
                required = true,
                description = "a TAP device; made where it is not there")
        private String tap;

        @ArgGroup(exclusive = false, multiplicity = "1")
        private Socket socket;
    }

    /** A guest's socket. */
    static final class Socket {
        @Option(
                names = "--vhost-user",
                paramLabel = "PATH",
                required = true,
                description = "the socket of a guest's virtio-net device")
        private String path;

        @Option(
                names = "--mode",
                paramLabel = "client|server",
                completionCandidates = Choices.Roles.class,
                description = "client (default): connect, and keep trying; server: listen")
        private String mode;

        @Option(names = "--socket-owner", paramLabel = "USER", description = "owner of a socket that we serve")
        private String owner;

        @Option(names = "--socket-group", paramLabel = "GROUP", description = "its group, such as kvm")
        private String group;

        @Option(
                names = "--socket-mode",
                paramLabel = "MODE",
                description = "who may connect; default 0600, with a group 0660")
        private String fileMode;

        private void into(final Map<String, Object> body) {
            body.put("vhost-user", path);
            putIfGiven(body, "mode", mode);
            final Map<String, Object> socket = new LinkedHashMap<>();
            putIfGiven(socket, "owner", owner);
            putIfGiven(socket, "group", group);
            putIfGiven(socket, "mode", fileMode);
            if (!socket.isEmpty()) {
                body.put("socket", socket);
            }
        }
    }

    private static void putIfGiven(final Map<String, Object> body, final String key, final Object value) {
        if (value != null) {
            body.put(key, value);
        }
    }

    /** What add and set have in common. */
    abstract static class Change extends ApiCommand {
        @Parameters(paramLabel = "NAME", description = "the port")
        private String name;

        @ArgGroup(multiplicity = "1")
        private Membership membership;

        @ArgGroup(multiplicity = "1")
        private Device device;

        @Option(names = "--mac", paramLabel = "MAC", description = "the only source address allowed; default any")
        private String mac;

        @Option(names = "--mtu", paramLabel = "BYTES", description = "default: what fits the networks' tunnels")
        private String mtu;

        @Option(
                names = "--queues",
                paramLabel = "N",
                description = "queue pairs; default: 1 for a guest, 1 per worker for a TAP")
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
            if (device.tap != null) {
                body.put("tap", device.tap);
            } else {
                device.socket.into(body);
            }
            putIfGiven(body, "mac", mac);
            putIfGiven(body, "mtu", mtu == null ? null : Values.number(mtu));
            putIfGiven(body, "queues", queues == null ? null : Values.number(queues));
            return body;
        }
    }

    @Command(
            name = "add",
            mixinStandardHelpOptions = true,
            description = "Add a port to a network, or to several as a trunk. Other ports lose no frame.",
            footerHeading = "%nExample:%n",
            footer = {
                "  weft port add vm1 --network acme/web --vhost-user /run/weft/vm1.sock \\",
                "    --queues 2 --mac 02:00:00:00:00:01",
                "  weft port add vm2 --network acme/web --vhost-user /run/weft/vm2.sock \\",
                "    --mode server --socket-group kvm",
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
            description = {
                "Make a port what is said here; what is not named gets its default.",
                "A guest whose socket stays keeps its link."
            },
            footerHeading = "%nExample:%n",
            footer = "  weft port set vm1 --network acme/db --vhost-user /run/weft/vm1.sock")
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
            description = "List ports, or show one with all that is known of it.",
            footerHeading = "%nExample:%n",
            footer = {"  weft port ls", "  weft port ls vm1", "  weft port ls -o json"})
    static final class Ls extends ApiCommand {
        @Parameters(paramLabel = "NAME", arity = "0..1", description = "the port; default all")
        private String name;

        @Override
        void execute() {
            if (name == null) {
                final JsonNode answer = get("/v1/ports");
                output().print(out(), answer, () -> PortPage.list(answer.path("ports")));
            } else {
                final JsonNode port = get(path("/v1/ports", name));
                output().print(out(), port, () -> PortPage.one(port));
            }
        }
    }
}
