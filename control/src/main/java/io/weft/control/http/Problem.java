package io.weft.control.http;

import io.netty.handler.codec.http.HttpResponseStatus;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A request that is refused: problem details of RFC 9457. The message is one line that says what to do. Without a stack
 * trace: it is an answer, not a fault.
 */
final class Problem extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int status;
    private final transient List<String> complaints;
    private final transient Map<String, String> headers;

    private Problem(
            final int status, final String detail, final List<String> complaints, final Map<String, String> headers) {
        super(detail, null, false, false);
        this.status = status;
        this.complaints = List.copyOf(complaints);
        this.headers = Map.copyOf(headers);
    }

    static Problem of(final int status, final String detail) {
        return new Problem(status, detail, List.of(), Map.of());
    }

    static Problem of(final int status, final String detail, final List<String> complaints) {
        return new Problem(status, detail, complaints, Map.of());
    }

    static Problem of(final int status, final String detail, final String header, final String value) {
        return new Problem(status, detail, List.of(), Map.of(header, value));
    }

    int status() {
        return status;
    }

    Answer answer() {
        final Map<String, Object> body = new LinkedHashMap<>();
        body.put("type", "about:blank");
        body.put("title", HttpResponseStatus.valueOf(status).reasonPhrase());
        body.put("status", status);
        body.put("detail", getMessage());
        body.put("complaints", complaints.isEmpty() ? List.of(getMessage()) : complaints);
        return new Answer(status, Answer.PROBLEM, Json.bytes(body), headers, null);
    }
}
