package io.weft.control.http;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

/** What the API counts of itself. Written by any thread. */
final class ApiCounters {
    /** Requests by status. */
    final AtomicLongArray answers = new AtomicLongArray(600);

    final AtomicInteger connections = new AtomicInteger();
    final AtomicLong refusedConnections = new AtomicLong();
    final AtomicInteger subscribers = new AtomicInteger();

    /** Events that a reader of the stream did not get because it was too slow. */
    final AtomicLong lostEvents = new AtomicLong();

    /** Readers that were cut off because they took nothing. */
    final AtomicLong cutReaders = new AtomicLong();
}
