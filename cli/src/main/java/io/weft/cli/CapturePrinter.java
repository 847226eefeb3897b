package io.weft.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.weft.dataplane.capture.CaptureRing;
import io.weft.dataplane.capture.CapturedFrame;
import io.weft.dataplane.capture.FrameText;
import java.io.PrintWriter;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.HexFormat;

/** Prints captured frames, one line each. Owned by one thread. */
final class CapturePrinter {
    private static final long SECOND = 1_000_000_000;
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("HH:mm:ss.SSSSSS").withZone(ZoneId.systemDefault());
    private static final ObjectMapper JSON = new ObjectMapper();

    private final PrintWriter out;
    private final Output.Format format;
    private final FrameText text = new FrameText();

    CapturePrinter(final PrintWriter out, final Output.Format format) {
        this.out = out;
        this.format = format;
    }

    void print(final CapturedFrame frame) {
        out.print((format == Output.Format.TABLE ? line(frame) : json(frame)) + "\n");
        out.flush();
    }

    private String line(final CapturedFrame frame) {
        final String comment = frame.comment == null ? "" : "  [" + frame.comment + "]";
        return TIME.format(time(frame)) + " " + String.format("%-3s", direction(frame)) + " "
                + text.of(frame.bytes, frame.captured, frame.length) + comment;
    }

    private String json(final CapturedFrame frame) {
        final ObjectNode node = JSON.createObjectNode();
        node.put("time", time(frame).toString());
        node.put("direction", direction(frame));
        node.put("length", frame.length);
        node.put("text", text.of(frame.bytes, frame.captured, frame.length));
        node.put("comment", frame.comment);
        node.put("bytes", HexFormat.of().formatHex(frame.bytes, 0, frame.captured));
        return node.toString();
    }

    private static Instant time(final CapturedFrame frame) {
        return Instant.ofEpochSecond(frame.epochNanos / SECOND, frame.epochNanos % SECOND);
    }

    private static String direction(final CapturedFrame frame) {
        return frame.direction == CaptureRing.IN ? "in" : frame.direction == CaptureRing.OUT ? "out" : "?";
    }
}
