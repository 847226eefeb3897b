package io.weft.control.http;

import java.util.Map;

/**
 * A request as a route sees it.
 *
 * @param arguments the path's, by the template's names, decoded
 * @param query decoded; only keys that the route knows
 * @param contentType of the body, in lower case without parameters; empty where there is none
 * @param accept as sent; empty where there is none
 * @param ifMatch as sent, or null
 * @param lastEventId as sent, or null
 */
@SuppressWarnings("ArrayRecordComponent") // Calls are not compared, and a copy would be one too many.
record Call(
        Map<String, String> arguments,
        Map<String, String> query,
        byte[] body,
        String contentType,
        String accept,
        String ifMatch,
        String lastEventId) {

    String argument(final String name) {
        return arguments.get(name);
    }

    /** The network that {@code {tenant}/{network}} of the path name. */
    String network() {
        return arguments.get("tenant") + "/" + arguments.get("network");
    }

    String query(final String name) {
        return query.get(name);
    }

    boolean flag(final String name) {
        final String value = query.getOrDefault(name, "false");
        if (value.isEmpty() || value.equals("true") || value.equals("1")) {
            return true;
        }
        if (value.equals("false") || value.equals("0")) {
            return false;
        }
        throw Problem.of(400, name + " is true or false, not \"" + value + "\"");
    }

    int number(final String name, final int otherwise, final int min, final int max) {
        final String text = query.get(name);
        if (text == null) {
            return otherwise;
        }
        try {
            final int value = Integer.parseInt(text);
            if (value >= min && value <= max) {
                return value;
            }
        } catch (final NumberFormatException e) {
            // Told below, as a number out of range is.
        }
        throw Problem.of(400, name + " is a number from " + min + " to " + max + ", not \"" + text + "\"");
    }

    /** The body as a JSON object; throws {@link Problem} when it is none. */
    Map<String, Object> object() {
        final boolean json = contentType.isEmpty() || contentType.endsWith("json");
        if (!json) {
            throw Problem.of(415, "send JSON (Content-Type: application/json), not " + contentType);
        }
        if (body.length == 0) {
            throw Problem.of(400, "the body is empty: send a JSON object");
        }
        return Json.object(body);
    }
}
