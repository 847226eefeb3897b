package io.weft.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code weft tenant}. */
@Command(
        name = "tenant",
        mixinStandardHelpOptions = true,
        description = "Tenants: add, change, remove, list.",
        subcommands = {TenantCommand.Add.class, TenantCommand.Set.class, TenantCommand.Rm.class, TenantCommand.Ls.class
        },
        footerHeading = "%nExample:%n",
        footer = "  weft tenant add acme --flow-cache 65536")
final class TenantCommand extends Group {

    /** What add and set have in common. */
    abstract static class Change extends ApiCommand {
        @Parameters(paramLabel = "NAME", description = "the tenant")
        private String name;

        @Option(
                names = "--flow-cache",
                paramLabel = "N",
                description = "entries that its flow cache may hold in each worker")
        private String flowCache;

        final String name() {
            return name;
        }

        final Map<String, Object> body() {
            final Map<String, Object> body = new LinkedHashMap<>();
            if (flowCache != null) {
                body.put("flow-cache", Values.number(flowCache));
            }
            return body;
        }
    }

    @Command(
            name = "add",
            mixinStandardHelpOptions = true,
            description = "Add a tenant.",
            footerHeading = "%nExample:%n",
            footer = "  weft tenant add acme --flow-cache 65536")
    static final class Add extends Change {
        @Override
        void execute() {
            final Map<String, Object> body = body();
            body.put("name", name());
            change("POST", "/v1/tenants", body);
        }
    }

    @Command(
            name = "set",
            mixinStandardHelpOptions = true,
            description = "Change what is named of a tenant.",
            footerHeading = "%nExample:%n",
            footer = "  weft tenant set acme --flow-cache 131072")
    static final class Set extends Change {
        @Override
        void execute() {
            get(path("/v1/tenants", name()));
            change("PUT", path("/v1/tenants", name()), body());
        }
    }

    @Command(
            name = "rm",
            mixinStandardHelpOptions = true,
            description = "Remove a tenant that has no networks any more.",
            footerHeading = "%nExample:%n",
            footer = "  weft tenant rm acme")
    static final class Rm extends ApiCommand {
        @Parameters(paramLabel = "NAME", description = "the tenant")
        private String name;

        @Override
        void execute() {
            change("DELETE", path("/v1/tenants", name), null);
        }
    }

    @Command(
            name = "ls",
            mixinStandardHelpOptions = true,
            description = "List tenants.",
            footerHeading = "%nExample:%n",
            footer = "  weft tenant ls")
    static final class Ls extends ApiCommand {
        @Override
        void execute() {
            final JsonNode answer = get("/v1/tenants");
            output().print(out(), answer, () -> {
                final Table table = new Table("TENANT", ">NETWORKS", ">FLOWS", ">FLOW CACHE");
                for (final JsonNode tenant : answer.path("tenants")) {
                    table.row(
                            tenant.path("name").asText(),
                            Words.count(tenant.path("networks").size()),
                            Words.count(tenant.path("status").path("flows").asLong()),
                            Words.count(tenant.path("flow-cache").asLong()));
                }
                return table.render("", "no tenants; add one with `weft tenant add`");
            });
        }
    }
}
