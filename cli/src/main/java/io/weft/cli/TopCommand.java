package io.weft.cli;

import com.fasterxml.jackson.databind.JsonNode;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code weft top}. */
@Command(
        name = "top",
        mixinStandardHelpOptions = true,
        description = "The live picture: rates, workers, drops, problems. Ctrl-C ends it.",
        footerHeading = "%nExample:%n",
        footer = "  weft top --interval 2")
final class TopCommand extends Sampling {
    private static final String HOME_AND_CLEAR = "\u001b[H\u001b[2J";

    @Option(names = "--once", description = "print one picture without clearing the screen")
    private boolean once;

    @Override
    void execute() {
        sample((before, now, seconds) -> {
            final JsonNode status = get("/v1/status");
            final String page = status.path("name").asText("weft") + ", up "
                    + Words.duration(status.path("uptime-ms").asLong()) + "\n\n"
                    + new Rates(before, now, seconds).render(null) + "\n"
                    + StatusPage.workers(now.path("workers")) + "\nDrops\n"
                    + DropsCommand.text(get("/v1/drops")) + "\nProblems\n"
                    + StatusPage.problems(status.path("problems"));
            out().print((once ? "" : HOME_AND_CLEAR) + page);
            out().flush();
            return !once;
        });
    }
}
