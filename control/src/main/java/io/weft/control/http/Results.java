package io.weft.control.http;

import io.weft.control.ControlService.Result;
import io.weft.control.config.Complaint;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Answers to changes: what was done, or one line that says why not, with all complaints. */
final class Results {
    private Results() {}

    /**
     * @param made whether what the request names was not there before
     * @param object it, as it now is; null when it is gone
     */
    static Answer answer(final Result result, final boolean made, final Object object) {
        if (!result.ok()) {
            throw problem(result);
        }
        final Map<String, Object> body =
                done(result.outcome().name().toLowerCase(Locale.ROOT).replace('_', '-'));
        body.put("revision", result.revision());
        body.put("changes", result.changes());
        body.put("warnings", texts(result.complaints()));
        body.put("object", object);
        final boolean applied = result.outcome() == io.weft.control.ControlService.Outcome.APPLIED;
        return Answer.json(made && applied ? 201 : 200, body).with("ETag", etag(result.revision()));
    }

    /** An answer to what is no change of the configuration: a table was emptied. */
    static Answer emptied(final String change) {
        final Map<String, Object> body = done("applied");
        body.put("changes", List.of(change));
        return Answer.json(body);
    }

    static String etag(final long revision) {
        return "\"" + revision + "\"";
    }

    private static Map<String, Object> done(final String outcome) {
        final Map<String, Object> body = new LinkedHashMap<>();
        body.put("outcome", outcome);
        return body;
    }

    private static Problem problem(final Result result) {
        final int status =
                switch (result.outcome()) {
                    case INVALID -> 400;
                    case NOT_FOUND -> 404;
                    case CONFLICT -> 409;
                    default -> 500;
                };
        final List<String> complaints =
                texts(result.complaints().stream().filter(c -> !c.warning()).toList());
        final List<String> all = complaints.isEmpty() ? texts(result.complaints()) : complaints;
        final String first = all.isEmpty() ? "the switch refused and did not say why" : all.getFirst();
        final String more = all.size() > 1 ? " (and " + (all.size() - 1) + " more)" : "";
        return Problem.of(status, first + more, all);
    }

    private static List<String> texts(final List<Complaint> complaints) {
        return complaints.stream().map(Complaint::toString).toList();
    }
}
