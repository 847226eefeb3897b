package io.weft.control;

import java.util.LinkedHashMap;
import java.util.Map;

/** JSON merge patch (RFC 7396, section 2) on maps. */
final class MergePatch {
    private MergePatch() {}

    /** Returns the target with what the patch names set, and what it names null removed; neither is changed. */
    static Map<String, Object> apply(final Map<?, ?> target, final Map<?, ?> patch) {
        final Map<String, Object> result = new LinkedHashMap<>();
        target.forEach((key, value) -> result.put(String.valueOf(key), value));
        patch.forEach((key, value) -> {
            final String name = String.valueOf(key);
            if (value == null) {
                result.remove(name);
            } else if (value instanceof Map<?, ?> inner) {
                final Object old = result.get(name);
                result.put(name, apply(old instanceof Map<?, ?> map ? map : Map.of(), inner));
            } else {
                result.put(name, value);
            }
        });
        return result;
    }
}
