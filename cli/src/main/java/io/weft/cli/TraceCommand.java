package io.weft.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.weft.cli.client.BodyStream;
import io.weft.dataplane.capture.CapturedFrame;
import io.weft.dataplane.capture.FrameText;
import io.weft.dataplane.port.CaptureReader;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** {@code weft trace}. */
@Command(
        name = "trace",
        mixinStandardHelpOptions = true,
        description = "Say step by step what the switch would do with a frame, and why; it changes nothing.",
        footerHeading = "%nExample:%n",
        footer = {
            "  weft trace --port vm1 --src 02:00:00:00:00:01 --dst 02:00:00:00:00:02",
            "  weft trace --port vm1 --src 02:00:00:00:00:01 \\",
            "    --ip 10.0.0.1,10.0.0.2 --udp 5000,53 --size 1400",
            "  weft trace --port fw --hex ffffffffffff020000000001810000140806...",
            "  weft trace --port vm1 --pcap vm1.pcap",
            "  weft trace --endpoint 10.2.0.1 --vni 5001 --src 02:00:00:00:00:09",
            "  weft trace --port vm1 --live 'tcp port 80' --count 10"
        })
final class TraceCommand extends ApiCommand {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final HexFormat HEX = HexFormat.of();

    @Option(names = "--port", paramLabel = "PORT", description = "the port that the frame comes from")
    private String port;

    @Option(names = "--underlay", description = "the frame is a packet of the underlay, with its outer headers")
    private boolean underlay;

    @Option(
            names = "--endpoint",
            paramLabel = "ADDRESS",
            description = "the frame comes out of a tunnel from this end; with --vni")
    private String endpoint;

    @Option(names = "--vni", paramLabel = "VNI", description = "the tunnel's VNI or VSID")
    private Integer vni;

    @Option(
            names = "--encap",
            paramLabel = "ENCAP",
            completionCandidates = Choices.Encapsulations.class,
            description = "the tunnel's encapsulation; default the network's")
    private String encap;

    @Option(names = "--hex", paramLabel = "BYTES", description = "the frame's bytes in hexadecimal")
    private String hex;

    @Option(names = "--pcap", paramLabel = "FILE", description = "the frames of a capture, pcap or pcapng")
    private Path pcap;

    @Option(
            names = "--live",
            paramLabel = "FILTER",
            description = "real frames as they come, in tcpdump's words; '' is all")
    private String live;

    @Option(
            names = {"-c", "--count"},
            paramLabel = "FRAMES",
            description = "end after so many frames")
    private Integer count;

    @ArgGroup(exclusive = false, heading = "%nA frame by its fields:%n")
    private FrameFields fields;

    /** Made with the first frame: it needs memory that a command which only parses its arguments must not ask for. */
    private FrameText text;

    @Override
    void execute() {
        check();
        if (hex != null) {
            explain(bytes(hex), null);
        } else if (pcap != null) {
            explainCapture();
        } else if (live != null) {
            explainLive();
        } else {
            explain(fields.frame(), null);
        }
    }

    private void check() {
        final int from = (port == null ? 0 : 1) + (underlay ? 1 : 0) + (endpoint == null ? 0 : 1);
        if (from != 1) {
            throw wrong("where does the frame come from? Use one of --port, --underlay, --endpoint");
        }
        final int what =
                (hex == null ? 0 : 1) + (pcap == null ? 0 : 1) + (live == null ? 0 : 1) + (fields == null ? 0 : 1);
        if (what != 1) {
            throw wrong("which frame? Use one of --hex, --pcap, --live, or fields such as --src and --dst");
        }
        if ((endpoint == null) != (vni == null)) {
            throw wrong("--endpoint and --vni belong together");
        }
        if (live != null && endpoint != null) {
            throw wrong("--live looks at a port, or at the underlay");
        }
    }

    private ParameterException wrong(final String message) {
        return new ParameterException(spec().commandLine(), message);
    }

    private byte[] bytes(final String digits) {
        try {
            return HEX.parseHex(digits.replaceAll("[\\s:.-]", ""));
        } catch (final IllegalArgumentException e) {
            throw wrong("--hex: these are no bytes in hexadecimal: " + e.getMessage());
        }
    }

    private void explainCapture() {
        try (CaptureReader reader = new CaptureReader(pcap)) {
            int left = count == null ? Integer.MAX_VALUE : count;
            while (left-- > 0 && reader.next()) {
                explain(reader.frame(), null);
            }
        }
    }

    private void explainLive() {
        final String path = query(
                "/v1/capture",
                "port",
                underlay ? "underlay" : port,
                "filter",
                live.isBlank() ? null : live,
                "direction",
                "in",
                "count",
                count);
        try (BodyStream stream = client().stream(path, "application/x-pcapng");
                CaptureEnd _ = new CaptureEnd(stream)) {
            final CaptureReading reading = new CaptureReading(stream);
            reading.frames(this::explain);
            err().println("weft: " + reading.summary());
            err().flush();
        }
    }

    private void explain(final CapturedFrame frame) {
        explain(java.util.Arrays.copyOf(frame.bytes, frame.captured), frame.comment);
    }

    private void explain(final byte[] frame, final String comment) {
        final Map<String, Object> body = new LinkedHashMap<>();
        if (port != null) {
            body.put("port", port);
        } else if (underlay) {
            body.put("underlay", true);
        } else {
            body.put("endpoint", endpoint);
            body.put("vni", vni);
            if (encap != null) {
                body.put("encap", encap);
            }
        }
        body.put("frame", HEX.formatHex(frame));
        final JsonNode answer = client().send(
                        "POST", "/v1/trace", JSON.valueToTree(body).toString())
                .orFail()
                .json();
        output().print(out(), answer, () -> page(frame, comment, answer));
    }

    private String page(final byte[] frame, final String comment, final JsonNode answer) {
        final StringBuilder page = new StringBuilder();
        if (text == null) {
            text = new FrameText();
        }
        page.append(text.of(frame, frame.length, frame.length)).append('\n');
        if (comment != null) {
            page.append("  ").append(comment).append('\n');
        }
        for (final JsonNode step : answer.path("steps")) {
            page.append(String.format(
                    "  %-14s %s%n",
                    step.path("stage").asText(), step.path("text").asText()));
        }
        page.append("  => ").append(verdict(answer)).append('\n');
        return page.toString();
    }

    private static String verdict(final JsonNode answer) {
        if (answer.path("verdict").asText().equals("drop")) {
            return "dropped: " + answer.path("text").asText();
        }
        final StringBuilder line = new StringBuilder(answer.path("verdict").asText()).append(" to ");
        String separator = "";
        for (final JsonNode out : answer.path("out")) {
            line.append(separator).append(out.path("to").asText());
            if (!out.path("reason").isNull()) {
                line.append(" (dropped: ").append(out.path("reason").asText()).append(')');
            }
            separator = ", ";
        }
        return line.toString();
    }
}
