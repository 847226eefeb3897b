package io.weft.cli;

import com.fasterxml.jackson.databind.JsonNode;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code weft stats}. */
@Command(
        name = "stats",
        mixinStandardHelpOptions = true,
        description = {
            "Rates over a second, and counts since the start.",
            "rx: from the port into the switch, tx: out of the switch to the port."
        },
        footerHeading = "%nExample:%n",
        footer = {"  weft stats vm1 --watch", "  weft stats -o json"})
final class StatsCommand extends Sampling {
    @Parameters(arity = "0..1", paramLabel = "PORT", description = "only this port; underlay is one too")
    private String port;

    @Option(names = "--watch", description = "go on until Ctrl-C; JSON then comes as one line a time")
    private boolean watch;

    @Override
    void execute() {
        if (output().format() != Output.Format.TABLE) {
            do {
                final JsonNode sample = get("/v1/stats");
                if (watch) {
                    out().print(Output.line(sample));
                    out().flush();
                } else {
                    output().print(out(), sample, () -> "");
                }
            } while (watch && pause());
            return;
        }
        sample((before, now, seconds) -> {
            out().print(new Rates(before, now, seconds).render(port) + (watch ? "\n" : ""));
            out().flush();
            return watch;
        });
    }
}
