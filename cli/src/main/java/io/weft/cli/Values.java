package io.weft.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/** Values of options as JSON, values of JSON as cells. */
final class Values {
    private Values() {}

    /** A number where it is one; else the text, for the switch to judge: it knows units and says what is wrong. */
    static Object number(final String text) {
        return text.matches("\\d{1,18}") ? (Object) Long.parseLong(text) : text;
    }

    /** Elements joined by commas; {@code -} for none. */
    static String list(final JsonNode array) {
        final List<String> parts = new ArrayList<>();
        array.forEach(each -> parts.add(each.asText()));
        return parts.isEmpty() ? "-" : String.join(", ", parts);
    }

    /** The text, or {@code -} where there is none. */
    static String text(final JsonNode node) {
        final String text = node.isNull() || node.isMissingNode() ? "" : node.asText();
        return text.isEmpty() ? "-" : text;
    }

    /** An inner VLAN; {@code -} for none. */
    static String vlan(final JsonNode node) {
        return node.isNumber() && node.asInt() >= 0 ? node.asText() : "-";
    }
}
