package io.weft.control.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.EOFException;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import org.junit.jupiter.api.Test;

class EventsTest {
    private static final Limits SMALL =
            new Limits(15_000, 15_000, 15_000, 15_000, 300, 100, 8_192, 16_384, 4_096, 16, 8, 2, 64);

    /** An event as it was read. */
    private record Event(String id, String type, JsonNode data) {}

    /** Follows events over one connection, through the chunks that they come in. */
    private static final class Reader implements AutoCloseable {
        private final Wire wire;
        private final Queue<String> lines = new ArrayDeque<>();
        private final StringBuilder rest = new StringBuilder();

        Reader(final Served served, final String query, final String... headers) throws IOException {
            wire = served.connect();
            wire.send(Wire.request("GET", "/v1/events" + query, null, headers));
            assertEquals("HTTP/1.1 200 OK", wire.line());
            final List<String> head = new ArrayList<>();
            for (String line = wire.line(); !line.isEmpty(); line = wire.line()) {
                head.add(line.toLowerCase(java.util.Locale.ROOT));
            }
            assertTrue(head.contains("content-type: text/event-stream"), head::toString);
            assertEquals(": events", line());
        }

        private String line() throws IOException {
            while (lines.isEmpty()) {
                final int size = Integer.parseInt(wire.line(), 16);
                if (size == 0) {
                    throw new EOFException("the stream ended");
                }
                rest.append(wire.take(size));
                wire.line();
                for (int end = rest.indexOf("\n"); end >= 0; end = rest.indexOf("\n")) {
                    lines.add(rest.substring(0, end));
                    rest.delete(0, end + 1);
                }
            }
            return lines.poll();
        }

        Event next() throws IOException {
            String id = null;
            String type = null;
            JsonNode data = null;
            for (String line = line(); data == null || !line.isEmpty(); line = line()) {
                if (line.startsWith("id: ")) {
                    id = line.substring(4);
                } else if (line.startsWith("event: ")) {
                    type = line.substring(7);
                } else if (line.startsWith("data: ")) {
                    data = Json.MAPPER.readTree(line.substring(6));
                }
            }
            return new Event(id, type, data);
        }

        @Override
        public void close() throws IOException {
            wire.close();
        }
    }

    private static void happen(final Served served, final String type, final int number) {
        served.service.fakeSwitch.listener.onEvent(1_000, type, "s" + number, "line " + number);
    }

    @Test
    void shouldTellEventsInOrderWithTheirIds() throws IOException {
        try (Served served = new Served();
                Reader reader = new Reader(served, "")) {
            happen(served, "port.added", 1);
            happen(served, "mac.learned", 2);
            final Event first = reader.next();
            assertEquals("port.added", first.type());
            assertEquals("s1", first.data().path("subject").asText());
            assertEquals("line 1", first.data().path("detail").asText());
            assertEquals("1970-01-01T00:00:01Z", first.data().path("time").asText());
            assertEquals(first.id(), first.data().path("id").asText());
            final Event second = reader.next();
            assertEquals("s2", second.data().path("subject").asText());
            assertNotEquals(first.id(), second.id());
        }
    }

    @Test
    void shouldTellOnlyWantedTypes() throws IOException {
        try (Served served = new Served();
                Reader reader = new Reader(served, "?type=mac")) {
            happen(served, "macro.x", 1);
            happen(served, "port.added", 2);
            happen(served, "mac.moved", 3);
            happen(served, "mac", 4);
            assertEquals("s3", reader.next().data().path("subject").asText());
            assertEquals("s4", reader.next().data().path("subject").asText());
        }
    }

    @Test
    void shouldGoOnWhereReaderStopped() throws IOException {
        try (Served served = new Served()) {
            final String id;
            try (Reader reader = new Reader(served, "")) {
                happen(served, "a", 1);
                id = reader.next().id();
            }
            happen(served, "a", 2);
            happen(served, "a", 3);
            try (Reader reader = new Reader(served, "", "Last-Event-ID: " + id)) {
                assertEquals("s2", reader.next().data().path("subject").asText());
                assertEquals("s3", reader.next().data().path("subject").asText());
            }
            try (Reader reader = new Reader(served, "?after=" + id)) {
                assertEquals("s2", reader.next().data().path("subject").asText());
            }
        }
    }

    @Test
    void shouldTellThatEventsOfAnotherRunAreLost() throws IOException {
        try (Served served = new Served()) {
            happen(served, "a", 1);
            try (Reader reader = new Reader(served, "?after=other-17")) {
                final Event lost = reader.next();
                assertEquals("lost", lost.type());
                assertEquals(-1, lost.data().path("lost").asInt());
                assertNull(lost.id());
                assertEquals("s1", reader.next().data().path("subject").asText());
            }
        }
    }

    @Test
    void shouldTellHowManyEventsAreLostWhenReaderIsTooLate() throws IOException {
        try (Served served = new Served(SMALL)) {
            final String id;
            try (Reader reader = new Reader(served, "")) {
                happen(served, "a", 0);
                id = reader.next().id();
            }
            for (int i = 1; i <= 100; i++) {
                happen(served, "a", i);
            }
            try (Reader reader = new Reader(served, "?after=" + id)) {
                final Event lost = reader.next();
                assertEquals("lost", lost.type());
                assertEquals(36, lost.data().path("lost").asInt());
                assertEquals("s37", reader.next().data().path("subject").asText());
            }
            assertTrue(served.ask("GET", "/metrics", null).body().contains("weft_api_lost_events_total 36\n"));
        }
    }

    @Test
    void shouldCutOffReaderThatTakesNothingAndServeOthers() throws IOException {
        try (Served served = new Served(SMALL);
                Reader stuck = new Reader(served, "");
                Reader other = new Reader(served, "")) {
            int number = 0;
            while (!served.ask("GET", "/metrics", null).body().contains("weft_api_cut_readers_total 1\n")) {
                for (int i = 0; i < 32; i++) {
                    final String long1k = "x".repeat(1_024);
                    served.service.fakeSwitch.listener.onEvent(0, "a", "s" + number++, long1k);
                }
                for (Event event = other.next();
                        !event.data().path("subject").asText().equals("s" + (number - 1));
                        event = other.next()) {
                    assertNotEquals("", event.type());
                }
            }
            assertThrows(IOException.class, () -> {
                while (stuck.next() != null) {
                    // What had been written before it was cut off.
                }
            });
        }
    }

    @Test
    void shouldRefuseMoreReadersThanLimit() throws IOException {
        try (Served served = new Served(SMALL)) {
            try (Reader first = new Reader(served, "");
                    Reader second = new Reader(served, "")) {
                final Wire.Response refused = served.ask("GET", "/v1/events", null);
                assertEquals(503, refused.status(), refused.body());
                happen(served, "a", 1);
                assertEquals(first.next(), second.next());
            }
        }
    }
}
