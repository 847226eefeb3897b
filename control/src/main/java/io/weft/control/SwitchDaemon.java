package io.weft.control;

import io.weft.control.config.Complaint;
import io.weft.control.config.Complaints;
import io.weft.control.config.Config;
import io.weft.control.config.ConfigChecker;
import io.weft.control.config.ConfigDiff;
import io.weft.control.config.ConfigReader;
import io.weft.control.config.ConfigReader.Reading;
import io.weft.control.config.Host;
import io.weft.control.config.Places;
import io.weft.control.http.ApiServer;
import io.weft.dataplane.api.SwitchControl;
import io.weft.dataplane.api.SwitchException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * A switch with its configuration, state folder and API, from start to end.
 *
 * <p>The file seeds an empty state folder. Afterwards what was applied last wins for tenants, networks and ports, the
 * file for all else; the difference is told. May be closed by any thread.
 */
public final class SwitchDaemon implements AutoCloseable {
    private final Deque<Closing> open = new ArrayDeque<>();
    private final Consumer<String> log;
    private final Supplier<Host> host;

    private SwitchDaemon(final Consumer<String> log, final Supplier<Host> host) {
        this.log = log;
        this.host = host;
    }

    /** Starts the switch that a configuration asks for. */
    @FunctionalInterface
    public interface Launcher {
        /**
         * @param state the state folder
         * @throws SwitchException saying what to do, with nothing left open
         */
        Launched launch(Config config, Path state);
    }

    /** A running switch that can be closed. */
    public interface Launched {
        SwitchControl control();

        void close();
    }

    @FunctionalInterface
    private interface Closing {
        void close();
    }

    /**
     * Starts all of it; returns when frames are forwarded and the API answers.
     *
     * @param reset the file wins over what was applied
     * @param log takes lines for the operator
     * @throws SwitchException with one line; more were logged where there is more to say. Nothing is left open
     */
    public static SwitchDaemon start(
            final Path file,
            final boolean reset,
            final Launcher launcher,
            final Supplier<Host> host,
            final Consumer<String> log) {
        final SwitchDaemon daemon = new SwitchDaemon(log, host);
        try {
            daemon.start(file, reset, launcher);
            return daemon;
        } catch (final RuntimeException e) {
            daemon.close();
            throw e;
        }
    }

    private void start(final Path file, final boolean reset, final Launcher launcher) {
        final Config fromFile = accept(ConfigReader.readFile(file, host.get()), file + " cannot be used");
        final StateFolder state = StateFolder.open(Path.of(fromFile.state()));
        open.push(state::close);
        final StateFolder.Stored stored = state.read(log);
        final boolean restore = stored != null && !reset;
        final Config wanted = restore ? restored(file, fromFile, stored.config()) : fromFile;
        final ApiServer api = ApiServer.open(wanted.api());
        open.push(api::close);
        final Launched launched = launcher.launch(wanted, state.path());
        open.push(launched::close);
        final Config actual = populate(launched.control(), wanted, restore);
        final long revision = stored == null ? 1 : restore ? stored.revision() : stored.revision() + 1;
        if (!restore) {
            keep(state, actual, revision);
        }
        final Controller controller = new Controller(launched.control(), actual, revision, state::write, host);
        open.push(controller::close);
        api.serve(controller);
    }

    private Config accept(final Reading reading, final String failure) {
        reading.complaints().forEach(complaint -> log.accept(complaint.toString()));
        if (!reading.ok()) {
            throw new SwitchException(failure + ": correct the " + count(reading.complaints()) + " above");
        }
        return reading.config();
    }

    private static String count(final List<Complaint> complaints) {
        final long errors = complaints.stream().filter(c -> !c.warning()).count();
        return errors == 1 ? "line" : errors + " lines";
    }

    private Config restored(final Path file, final Config fromFile, final Config applied) {
        final Config wanted = fromFile.with(applied.tenants(), applied.ports());
        final List<String> lines = Controller.describe(ConfigDiff.between(wanted, fromFile));
        if (!lines.isEmpty()) {
            log.accept("restored what was applied last; " + file + " differs from it (--reset makes the file win):");
            lines.forEach(line -> log.accept("  " + line));
        }
        final Complaints complaints = new Complaints(Places.none());
        ConfigChecker.check(wanted, host.get().withAnyAccounts(), complaints);
        final Reading reading = new Reading(complaints.hasErrors() ? null : wanted, complaints.sorted(), Places.none());
        return accept(reading, "what was applied last does not fit " + file + " (--reset makes the file win)");
    }

    /** A first start is all or nothing; after a crash, one port that cannot be had does not keep the others down. */
    private Config populate(final SwitchControl control, final Config wanted, final boolean restore) {
        final Config empty = wanted.with(new TreeMap<>(), new TreeMap<>());
        final Reconciler reconciler = new Reconciler(control);
        final Reconciler.Done done =
                restore ? reconciler.asFarAsPossible(empty, wanted) : reconciler.reconcile(empty, wanted);
        if (!done.ok() && !restore) {
            throw new SwitchException(done.failures().getFirst());
        }
        done.failures().forEach(line -> log.accept("not restored: " + line));
        if (!done.ok()) {
            log.accept("what was not restored is left out from now on; apply it again when its cause is gone");
        }
        return done.actual();
    }

    private static void keep(final StateFolder state, final Config actual, final long revision) {
        try {
            state.write(actual, revision);
        } catch (final IOException e) {
            throw new SwitchException("state folder " + state.path() + " cannot be written: " + e, e);
        }
    }

    /** Ends the API, then the switch, then lets the state folder go; more than once is once. */
    @Override
    public synchronized void close() {
        while (!open.isEmpty()) {
            try {
                open.pop().close();
            } catch (final RuntimeException e) {
                log.accept("while stopping: " + Reconciler.message(e));
            }
        }
    }
}
