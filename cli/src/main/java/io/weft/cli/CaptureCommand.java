package io.weft.cli;

import io.weft.cli.client.BodyStream;
import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code weft capture}. */
@Command(
        name = "capture",
        mixinStandardHelpOptions = true,
        description = {
            "See frames as they pass a port, in either direction, or as they are dropped, with the reason.",
            "in: from the port to the switch; out: from the switch to the port. Ctrl-C ends it."
        },
        footerHeading = "%nExample:%n",
        footer = {
            "  weft capture vm1",
            "  weft capture vm1 --direction drop",
            "  weft capture vm1 -w vm1.pcapng udp port 53",
            "  weft capture underlay -w - | tcpdump -nr -"
        })
final class CaptureCommand extends ApiCommand {
    private static final String STDOUT = "-";

    @Parameters(index = "0", paramLabel = "PORT", description = "the port, or underlay for what carries the tunnels")
    private String port;

    @Parameters(
            index = "1..*",
            arity = "0..*",
            paramLabel = "FILTER",
            description = "what to see, in tcpdump's words (man pcap-filter); default all")
    private List<String> filter = new ArrayList<>();

    @Option(
            names = {"-w", "--write"},
            paramLabel = "FILE",
            description = "write pcapng instead of printing; - is standard output")
    private String file;

    @Option(
            names = "--direction",
            paramLabel = "in|out|drop",
            completionCandidates = Choices.Directions.class,
            split = ",",
            description = "only these; several with commas")
    private List<String> directions;

    @Option(
            names = {"-s", "--snaplen"},
            paramLabel = "BYTES",
            description = "keep only so many bytes of a frame")
    private Integer snaplen;

    @Option(
            names = {"-c", "--count"},
            paramLabel = "FRAMES",
            description = "end after so many frames")
    private Integer count;

    @Option(
            names = {"--duration"},
            paramLabel = "TIME",
            description = "end after this time, such as 30s or 5m")
    private String duration;

    @Override
    void execute() {
        final String path = query(
                "/v1/capture",
                "port",
                port,
                "filter",
                filter.isEmpty() ? null : String.join(" ", filter),
                "direction",
                directions == null ? null : String.join(",", directions),
                "snaplen",
                snaplen,
                "count",
                count,
                "duration",
                duration);
        // A refusal comes before a file is made.
        try (BodyStream stream = client().stream(path, "application/x-pcapng");
                CaptureEnd _ = new CaptureEnd(stream)) {
            final CaptureReading reading = new CaptureReading(stream);
            if (file == null) {
                final CapturePrinter printer = new CapturePrinter(out(), output().format());
                reading.frames(printer::print);
            } else {
                write(reading);
            }
            err().println("weft: " + reading.summary());
            err().flush();
        }
    }

    private void write(final CaptureReading reading) {
        try (OutputStream to = open()) {
            err().println("weft: capturing on " + port + (STDOUT.equals(file) ? "" : " to " + file));
            err().flush();
            reading.copy(to);
        } catch (final NoSuchFileException _) {
            throw new Failure(file + " cannot be written: its folder is not there");
        } catch (final AccessDeniedException _) {
            throw new Failure(file + " cannot be written: permission denied");
        } catch (final IOException e) {
            throw new Failure(
                    (STDOUT.equals(file) ? "standard output" : file) + " cannot be written: " + e.getMessage());
        }
    }

    private OutputStream open() throws IOException {
        return new BufferedOutputStream(
                STDOUT.equals(file) ? new FileOutputStream(FileDescriptor.out) : Files.newOutputStream(Path.of(file)));
    }
}
