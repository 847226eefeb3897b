package io.weft.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The command line's entry. */
@Command(
        name = "weft",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        description = "Virtual switch for overlay networks.",
        subcommands = {CommandLine.HelpCommand.class})
public final class Weft implements Runnable {
    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec;

    @Override
    public void run() {
        throw new CommandLine.ParameterException(spec.commandLine(), "Missing command; `weft help` lists them");
    }

    public static void main(final String[] args) {
        System.exit(new CommandLine(new Weft()).execute(args));
    }
}
