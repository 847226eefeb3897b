package io.weft.control.http;

import io.netty.channel.ChannelHandler;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArraySet;

/**
 * Holds the last events for all readers together: a reader has a place in this ring and nothing else, so one that is slow
 * costs no memory and no time of the publisher's; it finds its place overwritten and is told how much it missed. May be
 * called by any thread.
 */
final class EventHub {
    /** Tells this run's numbers from those of the run before. */
    private final String life = Long.toString(System.currentTimeMillis(), Character.MAX_RADIX);

    private final Event[] ring;
    private final Set<Runnable> readers = new CopyOnWriteArraySet<>();
    private long next;

    /** @param size events that are held; a power of two */
    EventHub(final int size) {
        this.ring = new Event[size];
    }

    /**
     * Which events a reader wants.
     *
     * @param after id of the last that it has, or null for those from now on
     * @param type a type or what stands before a dot of it; null for all
     */
    record Request(String after, String type) implements Answer.Stream {
        @Override
        public ChannelHandler writer(final RequestServer server) {
            return server.eventWriter(this);
        }

        boolean wants(final Event event) {
            return type == null || event.type.equals(type) || event.type.startsWith(type + ".");
        }
    }

    /** @param number counted from 0 since start */
    record Event(long number, long epochMillis, String type, String subject, String detail) {}

    /** Adds an event and wakes the readers; returns at once. */
    void publish(final long epochMillis, final String type, final String subject, final String detail) {
        synchronized (ring) {
            ring[(int) (next & (ring.length - 1))] = new Event(next, epochMillis, type, subject, detail);
            next++;
        }
        readers.forEach(Runnable::run);
    }

    /** The event with this number, or the oldest that is still held, or null if it is yet to come. */
    Event at(final long number) {
        synchronized (ring) {
            if (number >= next) {
                return null;
            }
            return ring[(int) (Math.max(number, next - ring.length) & (ring.length - 1))];
        }
    }

    /** Number of the event with which a reader goes on; -1 if its last one is of another run. */
    long start(final String after) {
        synchronized (ring) {
            if (after == null || after.isEmpty()) {
                return next;
            }
            if (!after.startsWith(life + "-")) {
                return -1;
            }
            try {
                return Math.clamp(Long.parseLong(after, life.length() + 1, after.length(), 10) + 1, 0, next);
            } catch (final NumberFormatException e) {
                return -1;
            }
        }
    }

    /** @param wake called by publishers; must not block */
    void add(final Runnable wake) {
        readers.add(wake);
    }

    void remove(final Runnable wake) {
        readers.remove(wake);
    }

    /** The event as a stream has it (WHATWG HTML, section 9.2). */
    String text(final Event event) {
        final String id = life + "-" + event.number;
        final Map<String, Object> data = new LinkedHashMap<>();
        data.put("id", id);
        data.put("time", Instant.ofEpochMilli(event.epochMillis).toString());
        data.put("type", event.type);
        data.put("subject", event.subject);
        data.put("detail", event.detail);
        return "id: " + id + "\nevent: " + event.type + "\ndata: " + json(data) + "\n\n";
    }

    /** What a reader is told in place of events that it missed; -1: nobody knows how many. */
    static String lost(final long count) {
        return "event: lost\ndata: " + json(Map.of("lost", count)) + "\n\n";
    }

    private static String json(final Map<String, ?> data) {
        return new String(Json.bytes(data), java.nio.charset.StandardCharsets.UTF_8).strip();
    }
}
