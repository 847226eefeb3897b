package io.weft.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code weft version}. */
@Command(
        name = "version",
        mixinStandardHelpOptions = true,
        description = "Print the version of this program, of Java and of the system.",
        footerHeading = "%nExample:%n",
        footer = "  weft version")
final class VersionCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        spec.commandLine().getOut().println(Version.text());
        spec.commandLine().getOut().flush();
    }
}
