package io.weft.control;

import io.weft.control.ControlService.Outcome;
import io.weft.control.config.Complaint;
import java.util.List;

/** A change that is not made, and why; never leaves the control thread. */
final class Refusal extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final Outcome outcome;
    private final transient List<Complaint> complaints;

    Refusal(final Outcome outcome, final List<Complaint> complaints) {
        super(complaints.isEmpty() ? outcome.name() : complaints.getFirst().toString(), null, false, false);
        this.outcome = outcome;
        this.complaints = complaints;
    }

    static Refusal notFound(final String key, final String message) {
        return new Refusal(Outcome.NOT_FOUND, List.of(Complaint.of(key, message)));
    }

    static Refusal conflict(final String key, final String message) {
        return new Refusal(Outcome.CONFLICT, List.of(Complaint.of(key, message)));
    }

    static Refusal invalid(final String key, final String message) {
        return new Refusal(Outcome.INVALID, List.of(Complaint.of(key, message)));
    }

    Outcome outcome() {
        return outcome;
    }

    List<Complaint> complaints() {
        return complaints;
    }
}
