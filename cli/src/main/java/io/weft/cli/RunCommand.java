package io.weft.cli;

import io.weft.control.Foreground;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code weft run}. */
@Command(
        name = "run",
        mixinStandardHelpOptions = true,
        description = {
            "The switch, in the foreground: prints `ready` once it forwards, ends on SIGTERM or Ctrl-C.",
            "FILE seeds an empty state folder; afterwards what was applied wins, and the difference is told."
        },
        footerHeading = "%nExample:%n",
        footer = {"  weft run -c weft.yaml", "  weft run -c weft.yaml --reset"})
final class RunCommand implements Callable<Integer> {
    @Option(
            names = {"-c", "--config"},
            paramLabel = "FILE",
            required = true,
            description = "the configuration, YAML or JSON")
    private Path config;

    @Option(names = "--reset", description = "make FILE win over what was applied")
    private boolean reset;

    @Override
    public Integer call() {
        return Foreground.run(config, reset, System.out, System.err);
    }
}
