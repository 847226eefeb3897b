package io.weft.control.http;

/**
 * What one reader or writer may take from the API, so that none can starve the others.
 *
 * @param headMs milliseconds for a request's header, from the connection's start
 * @param idleMs milliseconds between two requests of a connection
 * @param bodyMs milliseconds for a request's body
 * @param answerMs milliseconds for the switch to confirm a change or answer a question
 * @param writeMs milliseconds in which an answer, or an event, must be taken
 * @param heartbeatMs milliseconds between comments in a quiet stream of events
 * @param line bytes of a request line
 * @param header bytes of all headers together
 * @param body bytes of a request's body
 * @param connections at once for each listener
 * @param pending changes that wait for others
 * @param subscribers streams of events at once
 * @param events that are held for readers; a power of two
 */
record Limits(
        long headMs,
        long idleMs,
        long bodyMs,
        long answerMs,
        long writeMs,
        long heartbeatMs,
        int line,
        int header,
        int body,
        int connections,
        int pending,
        int subscribers,
        int events) {
    static final Limits DEFAULT = new Limits(
            15_000, 120_000, 30_000, 30_000, 60_000, 15_000, 8_192, 16_384, 4 * 1024 * 1024, 256, 64, 64, 4_096);
}
