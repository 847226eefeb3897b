package io.weft.control;

import io.weft.control.config.Config;
import io.weft.control.config.Host;
import io.weft.dataplane.Switch;
import io.weft.dataplane.SwitchContext;
import io.weft.dataplane.api.SwitchControl;
import io.weft.dataplane.api.SwitchException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;

/** {@code weft run}: the daemon in the foreground, until a signal ends it. */
public final class Foreground {
    private static final long CLOSE_MS = 5_000;

    private Foreground() {}

    /**
     * Runs the switch. Returns 1 when it cannot start; a signal ends the process with 0 after all was closed.
     *
     * @param out takes {@code ready} once the switch forwards
     * @param err takes lines for the operator
     */
    public static int run(final Path file, final boolean reset, final PrintStream out, final PrintStream err) {
        final SwitchDaemon daemon;
        try {
            daemon = SwitchDaemon.start(file, reset, Foreground::launch, Host::local, err::println);
        } catch (final SwitchException e) {
            err.println("weft: " + e.getMessage());
            return 1;
        } catch (final RuntimeException e) {
            err.println("weft: cannot start: " + e);
            return 1;
        }
        Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(daemon, err), "weft-stop"));
        out.println("ready");
        out.flush();
        ServiceManager.tell("READY=1", err::println);
        try {
            new CountDownLatch(1).await();
        } catch (final InterruptedException _) {
            Thread.currentThread().interrupt();
        }
        daemon.close();
        return 0;
    }

    /** Halts, so that a clean end by SIGTERM is status 0 and a worker that hangs does not hold the process. */
    private static void stop(final SwitchDaemon daemon, final PrintStream err) {
        ServiceManager.tell("STOPPING=1", err::println);
        final Thread closing = Thread.ofPlatform().daemon().name("weft-close").start(daemon::close);
        boolean closed = false;
        try {
            closed = closing.join(Duration.ofMillis(CLOSE_MS));
        } catch (final InterruptedException _) {
            Thread.currentThread().interrupt();
        }
        if (!closed) {
            err.println("weft: did not stop within " + CLOSE_MS / 1_000 + " s; ending all the same");
        }
        err.flush();
        Runtime.getRuntime().halt(closed ? 0 : 1);
    }

    /** The real switch. */
    static SwitchDaemon.Launched launch(final Config config, final Path state) {
        final Switch running = Switch.launch(new SwitchContext()
                .cpus(config.workers())
                .adaptive(config.idle() == Config.Idle.ADAPTIVE)
                .countersFile(state.resolve("counters"))
                .portState(state)
                .underlay(Specs.underlay(config.underlay())));
        return new SwitchDaemon.Launched() {
            @Override
            public SwitchControl control() {
                return running.control();
            }

            @Override
            public void close() {
                running.close();
            }
        };
    }
}
