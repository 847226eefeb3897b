package io.weft.cli;

import com.fasterxml.jackson.databind.JsonNode;
import picocli.CommandLine.Command;

/** {@code weft status}. */
@Command(
        name = "status",
        mixinStandardHelpOptions = true,
        description = "One page: what is wrong, workers, tenants, networks, ports, tunnels, the books.",
        footerHeading = "%nExample:%n",
        footer = {"  weft status", "  weft status -o json | jq .problems"})
final class StatusCommand extends ApiCommand {
    @Override
    void execute() {
        final JsonNode answer = get("/v1/status");
        output().print(out(), answer, () -> StatusPage.render(answer));
    }
}
