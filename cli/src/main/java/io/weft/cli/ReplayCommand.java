package io.weft.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.weft.control.Specs;
import io.weft.control.config.Complaint;
import io.weft.control.config.Config;
import io.weft.control.config.ConfigReader;
import io.weft.control.config.Host;
import io.weft.dataplane.Replay;
import io.weft.dataplane.api.PortSpec;
import io.weft.dataplane.api.Rows;
import io.weft.dataplane.api.SwitchControl;
import io.weft.dataplane.api.SwitchException;
import io.weft.dataplane.api.UnderlaySpec;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code weft replay}. */
@Command(
        name = "replay",
        mixinStandardHelpOptions = true,
        description = {
            "Put captures through the switch instead of devices, without a running one and without privileges.",
            "The clock is the captures' timestamps; the same captures give the same bytes each time. Writes"
                    + " DIR/PORT.pcap for each port that sent something and DIR/counts.json, and prints the counts."
        },
        footerHeading = "%nExample:%n",
        footer = "  weft replay -c weft.yaml --in vm1=vm1.pcap --in underlay=w.pcap --out result")
final class ReplayCommand implements Runnable {
    static final String COUNTS = "counts.json";

    @Option(
            names = {"-c", "--config"},
            paramLabel = "FILE",
            required = true,
            description = "configuration; captures take the place of its devices")
    private Path config;

    @Option(
            names = "--in",
            paramLabel = "PORT=FILE",
            required = true,
            description = "capture of what comes in at a port; the underlay is the port named underlay")
    private final Map<String, Path> inputs = new LinkedHashMap<>();

    @Option(names = "--out", paramLabel = "DIR", required = true, description = "folder for what ports send")
    private Path out;

    @Mixin
    private Output output;

    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        final PrintWriter err = spec.commandLine().getErr();
        final ConfigReader.Reading reading = ConfigReader.readFile(config, Host.replay());
        for (final Complaint complaint : reading.complaints()) {
            err.println(complaint);
        }
        err.flush();
        if (!reading.ok()) {
            throw new Failure(config + ": the configuration is wrong, see above; nothing was replayed");
        }
        final JsonNode counts = replay(reading.config(), inputs, out);
        output.print(spec.commandLine().getOut(), counts, () -> text(counts));
    }

    /** Replays and returns the counts, which are also written to the folder. */
    static JsonNode replay(final Config config, final Map<String, Path> inputs, final Path out) {
        final UnderlaySpec underlay = Specs.underlay(config.underlay(), UnderlaySpec.Device.PCAP);
        try (Replay replay = new Replay(underlay, inputs, out)) {
            configure(replay.control(), config);
            final JsonNode counts = counts(replay.run());
            Files.writeString(
                    out.resolve(COUNTS),
                    new ObjectMapper()
                                    .enable(SerializationFeature.INDENT_OUTPUT)
                                    .writeValueAsString(counts) + "\n");
            return counts;
        } catch (final IOException e) {
            throw new SwitchException(out.resolve(COUNTS) + ": cannot be written: " + e.getMessage(), e);
        }
    }

    private static void configure(final SwitchControl control, final Config config) {
        config.tenants().forEach((name, tenant) -> done(control.putTenant(Specs.tenant(name, tenant))));
        config.networks().forEach((key, network) -> {
            done(control.putNetwork(Specs.network(key, network)));
            network.peers().forEach(peer -> done(control.addPeer(key, peer)));
        });
        config.ports().forEach((name, port) -> done(control.putPort(Specs.port(name, port, PortSpec.Kind.PCAP, name))));
        config.networks()
                .forEach((key, network) -> network.macs()
                        .forEach((mac, location) -> done(control.addMac(key, mac.vlan(), mac.mac(), location))));
    }

    private static void done(final CompletableFuture<Void> change) {
        try {
            change.join();
        } catch (final CompletionException e) {
            if (e.getCause() instanceof final SwitchException refused) {
                throw refused;
            }
            throw e;
        }
    }

    private static JsonNode counts(final Replay.Result result) {
        final ObjectNode counts = JsonNodeFactory.instance.objectNode();
        final Rows.Books books = result.books();
        counts.putObject("books")
                .put("received", books.received())
                .put("generated", books.generated())
                .put("copies", books.copies())
                .put("segments", books.segments())
                .put("sent", books.sent())
                .put("dropped", books.dropped())
                .put("held", books.held())
                .put("merged", books.merged())
                .put("taken", books.taken());
        final ObjectNode sent = counts.putObject("sent");
        result.sent().forEach((port, frames) -> sent.put(port, frames));
        for (final Rows.DropRow drop : result.drops()) {
            counts.withArray("drops")
                    .addObject()
                    .put("reason", drop.reason())
                    .put("text", drop.text())
                    .put("port", drop.port())
                    .put("network", drop.network())
                    .put("count", drop.count());
        }
        return counts;
    }

    private static String text(final JsonNode counts) {
        final JsonNode books = counts.path("books");
        final Table sent = new Table("PORT", ">FRAMES SENT");
        counts.path("sent")
                .properties()
                .forEach(port ->
                        sent.row(port.getKey(), Words.count(port.getValue().asLong())));
        return Words.count(books.path("received").asLong()) + " frames in, "
                + Words.count(books.path("sent").asLong()) + " out, "
                + Words.count(books.path("dropped").asLong()) + " dropped\n\n"
                + sent.render("", "no port sent anything") + "\n" + DropsCommand.text(counts);
    }
}
