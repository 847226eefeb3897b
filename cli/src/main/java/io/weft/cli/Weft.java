package io.weft.cli;

import io.weft.cli.client.ApiException;
import io.weft.dataplane.api.SwitchException;
import java.io.PrintWriter;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/** The command line's entry. Exit status: 0 success, 1 failure, with one line that says what to do, 2 wrong usage. */
@Command(
        name = "weft",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        description = "Virtual switch for overlay networks: tenants' machines on one Ethernet, whatever lies between.",
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            DemoCommand.class,
            RunCommand.class,
            ApplyCommand.class,
            ConfigCommand.class,
            StatusCommand.class,
            TenantCommand.class,
            NetworkCommand.class,
            PortCommand.class,
            PeerCommand.class,
            NeighborCommand.class,
            MacCommand.class,
            FlowCommand.class,
            StatsCommand.class,
            TopCommand.class,
            DropsCommand.class,
            EventsCommand.class,
            CaptureCommand.class,
            TraceCommand.class,
            ReplayCommand.class,
            CompletionCommand.class,
            VersionCommand.class,
            CommandLine.HelpCommand.class
        },
        footerHeading = "%nExample:%n",
        footer = {"  weft run -c weft.yaml", "  weft status"})
public final class Weft implements Runnable {
    static final int FAILED = 1;
    static final int WRONG_USAGE = 2;

    @Spec
    private CommandSpec spec;

    public static void main(final String[] args) {
        System.exit(commandLine().execute(args));
    }

    static CommandLine commandLine() {
        return new CommandLine(new Weft())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setUsageHelpAutoWidth(true)
                .setUsageHelpLongOptionsMaxWidth(26)
                .setExecutionExceptionHandler((e, command, parsed) -> failed(e, command.getErr()))
                .setParameterExceptionHandler((e, args) -> wrongUsage(e));
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "a command is missing");
    }

    private static int failed(final Exception e, final PrintWriter err) throws Exception {
        if (e instanceof final ApiException api) {
            // One complaint is the message already.
            api.complaints().stream()
                    .filter(complaint -> !complaint.equals(api.getMessage()))
                    .forEach(err::println);
            err.println("weft: " + api.getMessage());
        } else if (e instanceof Failure || e instanceof SwitchException) {
            err.println("weft: " + e.getMessage());
        } else if (System.getenv("WEFT_DEBUG") != null) {
            throw e;
        } else {
            err.println("weft: internal error, please report it with what WEFT_DEBUG=1 shows: " + e);
        }
        err.flush();
        return FAILED;
    }

    private static int wrongUsage(final ParameterException e) {
        final CommandLine command = e.getCommandLine();
        final PrintWriter err = command.getErr();
        err.println("weft: " + e.getMessage());
        UnmatchedArgumentException.printSuggestions(e, err);
        err.println("Try: " + command.getCommandSpec().qualifiedName() + " --help");
        err.flush();
        return WRONG_USAGE;
    }
}
