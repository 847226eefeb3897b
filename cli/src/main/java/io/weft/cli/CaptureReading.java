package io.weft.cli;

import io.weft.cli.client.BodyStream;
import io.weft.dataplane.capture.CapturedFrame;
import io.weft.dataplane.capture.PcapngReader;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.function.Consumer;

/** Reads a capture as it comes, and counts. Owned by one thread. */
final class CaptureReading {
    private final BodyStream stream;
    private final InputStream in;
    private final PcapngReader reader;
    private long frames;

    CaptureReading(final BodyStream stream) {
        this.stream = stream;
        in = new BufferedInputStream(stream.body(), 64 * 1024);
        reader = new PcapngReader(in);
    }

    /** Gives each frame, until the capture ends on either side. */
    void frames(final Consumer<CapturedFrame> to) {
        final CapturedFrame frame = new CapturedFrame();
        while (next()) {
            if (reader.isFrame()) {
                try {
                    reader.frame(frame);
                } catch (final IOException e) {
                    throw new Failure("the capture is damaged: " + e.getMessage());
                }
                frames++;
                to.accept(frame);
            }
        }
    }

    /** Copies whole blocks, so that what is written is a capture whenever it ends. */
    void copy(final OutputStream to) throws IOException {
        while (next()) {
            to.write(reader.block(), 0, reader.length());
            frames += reader.isFrame() ? 1 : 0;
            if (in.available() == 0) {
                to.flush();
            }
        }
    }

    private boolean next() {
        try {
            return reader.next();
        } catch (final IOException | RuntimeException e) {
            if (stream.isClosed()) {
                return false;
            }
            throw new Failure("the switch ended the capture: is it still running? (" + e.getMessage() + ")");
        }
    }

    String summary() {
        final String lost = reader.lost() == 0
                ? ""
                : "; " + Words.count(reader.lost()) + (reader.lost() == 1 ? " frame" : " frames")
                        + " did not fit the ring: --snaplen and --direction help, a filter comes after it";
        return Words.count(frames) + (frames == 1 ? " frame" : " frames") + lost;
    }
}
