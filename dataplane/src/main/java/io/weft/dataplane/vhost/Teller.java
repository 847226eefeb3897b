package io.weft.dataplane.vhost;

import java.util.concurrent.TimeUnit;

/**
 * Lets a device say so much and no more: a frontend must not be able to fill the log.
 *
 * <p>Owned by the thread that runs the device.
 */
final class Teller {
    private static final int LINES = 20;
    private static final long PERIOD = TimeUnit.SECONDS.toNanos(10);

    private final VhostHandler handler;
    private long began = System.nanoTime();
    private int told;
    private int held;

    Teller(final VhostHandler handler) {
        this.handler = handler;
    }

    void tell(final String line) {
        final long now = System.nanoTime();
        if (now - began > PERIOD) {
            if (held > 0) {
                handler.tell(held + " more such lines were left out");
            }
            began = now;
            told = 0;
            held = 0;
        }
        if (told++ < LINES) {
            handler.tell(line);
        } else {
            held++;
        }
    }
}
