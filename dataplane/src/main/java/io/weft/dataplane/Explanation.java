package io.weft.dataplane;

import io.weft.dataplane.api.Rows;
import java.util.ArrayList;
import java.util.List;

/** What is found about a frame on its way, step by step. Owned by whoever explains. */
final class Explanation {
    private final List<Rows.TraceStep> steps = new ArrayList<>();
    private final List<Rows.TraceOut> out = new ArrayList<>();
    private String network;

    void step(final String stage, final String text) {
        steps.add(new Rows.TraceStep(stage, text));
    }

    void network(final String key) {
        network = key;
    }

    void out(final String to, final DropReason refusal) {
        final boolean sent = refusal == DropReason.NONE;
        step("send", sent ? "to " + to : "to " + to + ": dropped: " + refusal.text());
        out.add(new Rows.TraceOut(to, sent ? null : refusal.key(), sent ? null : refusal.text()));
    }

    Rows.Trace drop(final DropReason reason) {
        step("drop", reason.key() + ": " + reason.text());
        return new Rows.Trace("drop", network, steps, out, reason.key(), reason.text());
    }

    /** Sent to where {@link #out} said. */
    Rows.Trace done(final boolean flooded) {
        return new Rows.Trace(flooded ? "flood" : "forward", network, steps, out, null, null);
    }
}
