package io.weft.cli;

import java.io.PrintWriter;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code weft completion}. */
@Command(
        name = "completion",
        mixinStandardHelpOptions = true,
        description =
                "Print a completion script for bash; zsh takes it after `autoload -U bashcompinit; bashcompinit`.",
        footerHeading = "%nExample:%n",
        footer = "  source <(weft completion)")
final class CompletionCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        final CommandLine root = spec.root().commandLine();
        final PrintWriter out = spec.commandLine().getOut();
        out.print(AutoComplete.bash("weft", root));
        out.flush();
    }
}
