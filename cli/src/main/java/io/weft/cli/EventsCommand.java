package io.weft.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.weft.cli.client.Event;
import io.weft.cli.client.EventStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code weft events}. */
@Command(
        name = "events",
        mixinStandardHelpOptions = true,
        description = "Follow what happens: addresses learned and moved, ports added ... Ctrl-C ends it.",
        footerHeading = "%nExample:%n",
        footer = "  weft events --type mac")
final class EventsCommand extends ApiCommand {
    private static final ObjectMapper JSON = new ObjectMapper();

    @Option(names = "--type", paramLabel = "TYPE", description = "only these, such as mac or mac.moved")
    private String type;

    @Override
    void execute() {
        try (EventStream events = client().events(query("/v1/events", "type", type))) {
            for (Event event = events.next(); event != null; event = events.next()) {
                out().print(text(event));
                out().flush();
            }
        }
    }

    private String text(final Event event) {
        if (output().format() != Output.Format.TABLE) {
            return event.data() + "\n";
        }
        try {
            final JsonNode data = JSON.readTree(event.data());
            return data.path("time").asText() + "  " + event.type() + "  "
                    + data.path("subject").asText() + "  " + data.path("detail").asText() + "\n";
        } catch (final JsonProcessingException e) {
            return event.type() + "  " + event.data() + "\n";
        }
    }
}
