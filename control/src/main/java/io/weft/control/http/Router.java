package io.weft.control.http;

import io.weft.control.config.Words;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** Finds the route of a request. Immutable. */
final class Router {
    private final Map<String, Path> paths = new LinkedHashMap<>();
    private final Set<String> starts = new LinkedHashSet<>();

    Router(final List<Route> routes) {
        for (final Route route : routes) {
            final Path path = paths.computeIfAbsent(route.template(), Path::new);
            if (path.methods.put(route.method(), route) != null) {
                throw new IllegalStateException(route.method() + " " + route.template() + " is there twice");
            }
            final int argument = route.template().indexOf("/{");
            starts.add(argument < 0 ? route.template() : route.template().substring(0, argument));
        }
    }

    /** A route with what the path's segments stand for. */
    record Match(Route route, Map<String, String> arguments) {}

    /** Throws {@link Problem} 404 or 405; HEAD is answered by GET's route. */
    Match find(final String method, final String rawPath) {
        final List<String> segments = Uris.segments(rawPath);
        for (final Path path : paths.values()) {
            final Map<String, String> arguments = path.match(segments);
            if (arguments != null) {
                final Route route = path.methods.get(method.equals("HEAD") ? "GET" : method);
                if (route == null) {
                    throw notAllowed(method, path);
                }
                return new Match(route, arguments);
            }
        }
        throw Problem.of(404, "there is no " + Uris.printable(rawPath) + ": " + hint(rawPath));
    }

    private String hint(final String rawPath) {
        for (final String start : starts) {
            if (rawPath.startsWith(start + "/") && paths.keySet().stream().anyMatch(t -> t.startsWith(start + "/{"))) {
                final List<String> known =
                        paths.keySet().stream().filter(t -> t.startsWith(start)).toList();
                return "paths are " + String.join(", ", known);
            }
        }
        final String near = Words.nearest(rawPath, starts);
        return near == null ? "see /openapi.json" : "did you mean " + near + "?";
    }

    private static Problem notAllowed(final String method, final Path path) {
        final Set<String> allowed = new TreeSet<>(path.methods.keySet());
        if (allowed.contains("GET")) {
            allowed.add("HEAD");
        }
        final String list = String.join(", ", allowed);
        return Problem.of(
                405, Uris.printable(method) + " is not for " + path.template + ": use " + list, "Allow", list);
    }

    /** A template in its segments. */
    private static final class Path {
        final String template;
        final Map<String, Route> methods = new HashMap<>();
        private final List<String> parts;

        Path(final String template) {
            this.template = template;
            this.parts = Uris.segments(template);
        }

        /** What the names stand for, or null if it is another path. */
        Map<String, String> match(final List<String> segments) {
            if (segments.size() != parts.size()) {
                return null;
            }
            final List<String> values = new ArrayList<>();
            for (int i = 0; i < parts.size(); i++) {
                if (parts.get(i).startsWith("{")) {
                    values.add(segments.get(i));
                } else if (!parts.get(i).equals(segments.get(i))) {
                    return null;
                }
            }
            final Map<String, String> arguments = new HashMap<>();
            int next = 0;
            for (final String part : parts) {
                if (part.startsWith("{")) {
                    arguments.put(part.substring(1, part.length() - 1), values.get(next++));
                }
            }
            return Collections.unmodifiableMap(arguments);
        }
    }
}
