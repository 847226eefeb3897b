package io.weft.control.http;

import io.netty.channel.ChannelHandler;
import java.util.Map;

/**
 * What a route answers.
 *
 * @param body shared with nobody; empty for none
 * @param headers beyond Content-Type and Content-Length
 * @param stream to follow instead of a body, or null
 */
@SuppressWarnings("ArrayRecordComponent") // Answers are not compared, and a copy would be one too many.
record Answer(int status, String contentType, byte[] body, Map<String, String> headers, Stream stream) {
    static final String JSON = "application/json";
    static final String PROBLEM = "application/problem+json";
    static final String YAML = "application/yaml";
    static final String METRICS = "text/plain; version=0.0.4; charset=utf-8";

    static Answer json(final int status, final Object value) {
        return new Answer(status, JSON, Json.bytes(value), Map.of(), null);
    }

    static Answer json(final Object value) {
        return json(200, value);
    }

    static Answer bytes(final String type, final byte[] body) {
        return new Answer(200, type, body, Map.of(), null);
    }

    static Answer stream(final EventHub.Request events) {
        return stream("text/event-stream", events);
    }

    static Answer stream(final String type, final Stream stream) {
        return new Answer(200, type, new byte[0], Map.of(), stream);
    }

    Answer with(final String name, final String value) {
        return new Answer(status, contentType, body, Map.of(name, value), stream);
    }

    /** An answer that goes on. */
    interface Stream {
        /** What writes it, in place of the requests' handler. */
        ChannelHandler writer(RequestServer server);

        /** Called in place of {@link #writer} when nobody reads it. */
        default void discard() {}
    }
}
