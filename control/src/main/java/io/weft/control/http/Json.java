package io.weft.control.http;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** JSON as the API speaks it: keys in kebab case, as the configuration file has them. */
public final class Json {
    /** Nesting that a request may have; a configuration needs six. */
    private static final int MAX_DEPTH = 64;

    private static final TypeReference<LinkedHashMap<String, Object>> MAP = new TypeReference<>() {};

    /** Reads strictly (no duplicate keys, nothing after the end); writes records with kebab-case keys. */
    public static final ObjectMapper MAPPER = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(MAX_DEPTH)
                            .build())
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .build())
            .propertyNamingStrategy(PropertyNamingStrategies.KEBAB_CASE)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .disable(SerializationFeature.FAIL_ON_EMPTY_BEANS)
            .build();

    private Json() {}

    static byte[] bytes(final Object value) {
        try {
            final byte[] json = MAPPER.writeValueAsBytes(value);
            final byte[] line = java.util.Arrays.copyOf(json, json.length + 1);
            line[json.length] = '\n';
            return line;
        } catch (final JsonProcessingException e) {
            throw new IllegalStateException("a " + value.getClass().getName() + " is no JSON", e);
        }
    }

    /** A record as a map that more can be put into. */
    static Map<String, Object> map(final Object record) {
        return MAPPER.convertValue(record, MAP);
    }

    /** Reads a request's body; throws {@link Problem} (400) when it is no JSON object. */
    static Map<String, Object> object(final byte[] body) {
        try {
            final Map<String, Object> object = MAPPER.readValue(body, MAP);
            if (object == null) {
                throw Problem.of(400, "the body must be a JSON object");
            }
            return object;
        } catch (final JsonProcessingException e) {
            final String place = e.getLocation() == null
                    ? ""
                    : " at line " + e.getLocation().getLineNr() + ", column "
                            + e.getLocation().getColumnNr();
            throw Problem.of(400, "the body is no JSON object" + place + ": " + firstLine(e.getOriginalMessage()));
        } catch (final IOException e) {
            throw Problem.of(400, "the body is no JSON object: " + firstLine(e.getMessage()));
        }
    }

    private static String firstLine(final String text) {
        final List<String> lines = String.valueOf(text).lines().toList();
        return lines.isEmpty() ? "" : lines.getFirst();
    }
}
