package io.weft.cli;

import io.weft.cli.client.BodyStream;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Ends a capture when the program is told to end (Ctrl-C): its stream is closed, what is written is flushed, and the
 * program ends as one that has done what it was asked. Owned by the command; the hook by the JVM.
 */
final class CaptureEnd implements AutoCloseable {
    private static final long PATIENCE_S = 3;

    private final BodyStream stream;
    private final CountDownLatch done = new CountDownLatch(1);
    private final Thread hook = new Thread(this::end, "weft-capture-end");

    CaptureEnd(final BodyStream stream) {
        this.stream = stream;
        Runtime.getRuntime().addShutdownHook(hook);
    }

    private void end() {
        stream.close();
        try {
            if (done.await(PATIENCE_S, TimeUnit.SECONDS)) {
                Runtime.getRuntime().halt(0);
            }
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        done.countDown();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (final IllegalStateException e) {
            // It runs.
        }
    }
}
