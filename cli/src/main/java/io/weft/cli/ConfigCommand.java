package io.weft.cli;

import picocli.CommandLine.Command;

/** {@code weft config}. */
@Command(
        name = "config",
        mixinStandardHelpOptions = true,
        description = "Print the running configuration, as a file that `weft apply` takes.",
        footerHeading = "%nExample:%n",
        footer = "  weft config > weft.yaml")
final class ConfigCommand extends ApiCommand {
    @Override
    void execute() {
        if (output().format() == Output.Format.JSON) {
            output().print(out(), get("/v1/config"), () -> "");
        } else {
            out().print(client().send("GET", "/v1/config", null, null, "application/yaml")
                    .orFail()
                    .body());
            out().flush();
        }
    }
}
