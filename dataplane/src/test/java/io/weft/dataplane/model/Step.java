package io.weft.dataplane.model;

import java.util.List;
import java.util.stream.Collectors;

/** What happens to both switches at once. */
sealed interface Step {
    /** A burst of one source: a port's name or {@link Universe#WIRE}. */
    record Frames(String source, int queue, List<Frame> frames) implements Step {
        @Override
        public String toString() {
            return "into " + source + " queue " + queue
                    + frames.stream().map(frame -> "\n    " + frame).collect(Collectors.joining());
        }
    }

    record Time(long millis) implements Step {}

    record Changed(Change change) implements Step {
        @Override
        public String toString() {
            return change.toString();
        }
    }
}
