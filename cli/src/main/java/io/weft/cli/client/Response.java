package io.weft.cli.client;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.List;

/**
 * An answer of the API.
 *
 * @param status HTTP status
 * @param contentType media type without parameters, in lower case; empty where there is no body
 * @param body text, empty where there is none
 */
public record Response(int status, String contentType, String body) {
    private static final ObjectMapper JSON = new ObjectMapper();

    public boolean ok() {
        return status >= 200 && status < 300;
    }

    /** The body as JSON; throws {@link ApiException} when it is none. */
    public JsonNode json() {
        try {
            return JSON.readTree(body);
        } catch (final JsonProcessingException e) {
            throw new ApiException(
                    status, "the switch's answer is not JSON: is another program on this address?", List.of(), e);
        }
    }

    /** This answer if it is a success; else throws {@link ApiException} with the problem's own words (RFC 9457). */
    public Response orFail() {
        if (ok()) {
            return this;
        }
        throw problem();
    }

    private ApiException problem() {
        final List<String> complaints = new ArrayList<>();
        String line = "the switch answered " + status;
        if (contentType.endsWith("json")) {
            final JsonNode problem = json();
            final String title = problem.path("title").asText(line);
            line = problem.path("detail").asText(title);
            problem.path("complaints").forEach(each -> complaints.add(each.asText()));
        }
        return new ApiException(status, line, complaints, null);
    }
}
