package io.weft.control;

import io.weft.control.config.Change;
import io.weft.control.config.Complaint;
import io.weft.control.config.Complaints;
import io.weft.control.config.Config;
import io.weft.control.config.Config.FixedMac;
import io.weft.control.config.ConfigChecker;
import io.weft.control.config.ConfigDiff;
import io.weft.control.config.ConfigReader;
import io.weft.control.config.ConfigReader.Reading;
import io.weft.control.config.ConfigWriter;
import io.weft.control.config.Host;
import io.weft.control.config.Places;
import io.weft.dataplane.api.SwitchControl;
import io.weft.dataplane.api.SwitchException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Keeps the switch what is wanted. Each change is a new wanted configuration, checked as a whole; what differs is
 * applied, then written to the state folder, then answered. May be called by any thread; works on one of its own.
 */
public final class Controller implements ControlService, AutoCloseable {
    private final SwitchControl control;
    private final Reconciler reconciler;
    private final Store store;
    private final Supplier<Host> host;
    private final ExecutorService thread = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().name("weft-control").daemon().factory());
    private volatile Applied applied;

    private record Applied(Config config, long revision) {}

    /** Keeps what was applied. */
    @FunctionalInterface
    public interface Store {
        /** When it returns, the configuration will be there after a crash. */
        void write(Config config, long revision) throws IOException;
    }

    /**
     * @param actual what the switch is already
     * @param revision its number
     * @param host asked anew for each change, because interfaces come and go
     */
    public Controller(
            final SwitchControl control,
            final Config actual,
            final long revision,
            final Store store,
            final Supplier<Host> host) {
        this.control = control;
        this.reconciler = new Reconciler(control);
        this.store = store;
        this.host = host;
        this.applied = new Applied(actual, revision);
    }

    @Override
    public Config config() {
        return applied.config();
    }

    @Override
    public String configText() {
        return ConfigWriter.yaml(config());
    }

    @Override
    public Map<String, Object> configTree() {
        return ConfigWriter.tree(config());
    }

    @Override
    public long revision() {
        return applied.revision();
    }

    @Override
    public SwitchControl switchControl() {
        return control;
    }

    @Override
    public CompletableFuture<Result> apply(final String file, final String text, final boolean dryRun) {
        return order(() -> applyReading(ConfigReader.read(file, text, host.get()), dryRun));
    }

    @Override
    public CompletableFuture<Result> patch(final Map<String, Object> patch, final boolean dryRun) {
        return order(() -> merge(patch, dryRun));
    }

    @Override
    public CompletableFuture<Result> putTenant(final String name, final Map<String, Object> body) {
        return order(() -> merge(Map.of("tenants", Map.of(name, body)), false));
    }

    @Override
    public CompletableFuture<Result> removeTenant(final String name) {
        return edit(config -> Edits.removeTenant(config, name));
    }

    @Override
    public CompletableFuture<Result> putNetwork(final String key, final Map<String, Object> body) {
        return order(() -> {
            final int slash = key.indexOf('/');
            if (slash < 0) {
                throw Refusal.invalid(Edits.path(key), "a network is named TENANT/NAME");
            }
            final String tenant = key.substring(0, slash);
            if (!config().tenants().containsKey(tenant)) {
                throw Refusal.notFound("tenants." + tenant, "there is no such tenant; add it first");
            }
            return merge(
                    Map.of("tenants", Map.of(tenant, Map.of("networks", Map.of(key.substring(slash + 1), body)))),
                    false);
        });
    }

    @Override
    public CompletableFuture<Result> removeNetwork(final String key) {
        return edit(config -> Edits.removeNetwork(config, key));
    }

    @Override
    public CompletableFuture<Result> putPort(final String name, final Map<String, Object> body) {
        return order(() -> {
            final Map<String, Object> gone = new LinkedHashMap<>();
            gone.put(name, null);
            final Map<String, Object> without = MergePatch.apply(configTree(), Map.of("ports", gone));
            return applyReading(read(MergePatch.apply(without, Map.of("ports", Map.of(name, body)))), false);
        });
    }

    @Override
    public CompletableFuture<Result> removePort(final String name) {
        return edit(config -> Edits.removePort(config, name));
    }

    @Override
    public CompletableFuture<Result> addPeer(final String network, final String address) {
        return edit(config -> Edits.addPeer(config, network, address));
    }

    @Override
    public CompletableFuture<Result> removePeer(final String network, final String address) {
        return edit(config -> Edits.removePeer(config, network, address));
    }

    @Override
    public CompletableFuture<Result> addMac(
            final String network, final int vlan, final String mac, final String location) {
        return edit(config -> Edits.addMac(config, network, Edits.mac(network, vlan, mac), location));
    }

    @Override
    public CompletableFuture<Result> removeMac(final String network, final int vlan, final String mac) {
        return order(() -> {
            final FixedMac fixed = Edits.mac(network, vlan, mac);
            if (Edits.network(config(), network).macs().containsKey(fixed)) {
                return become(Edits.removeMac(config(), network, fixed), List.of(), Places.none(), false);
            }
            return forget(network, fixed);
        });
    }

    /** A learned address is not part of the configuration. */
    private Result forget(final String network, final FixedMac mac) {
        try {
            control.removeMac(network, mac.vlan(), mac.mac()).get();
        } catch (final ExecutionException e) {
            throw Refusal.notFound(Edits.path(network) + ".macs." + mac, Reconciler.message(e.getCause()));
        } catch (final InterruptedException _) {
            Thread.currentThread().interrupt();
            throw Refusal.conflict("", "the switch is stopping");
        }
        return result(Outcome.APPLIED, List.of("- mac " + mac + " of " + network), List.of());
    }

    private CompletableFuture<Result> edit(final Function<Config, Config> edit) {
        return order(() -> {
            final Config wanted = edit.apply(config());
            final Complaints complaints = new Complaints(Places.none());
            ConfigChecker.check(wanted, host.get(), complaints);
            if (complaints.hasErrors()) {
                throw new Refusal(Outcome.INVALID, complaints.sorted());
            }
            return become(wanted, complaints.sorted(), Places.none(), false);
        });
    }

    private Result merge(final Map<String, Object> patch, final boolean dryRun) {
        return applyReading(read(MergePatch.apply(configTree(), patch)), dryRun);
    }

    private Reading read(final Map<String, Object> tree) {
        return ConfigReader.read(null, ConfigWriter.yaml(tree), host.get()).withoutPlaces();
    }

    private Result applyReading(final Reading reading, final boolean dryRun) {
        if (!reading.ok()) {
            throw new Refusal(Outcome.INVALID, reading.complaints());
        }
        return become(reading.config(), reading.complaints(), reading.places(), dryRun);
    }

    /** The one path of all changes. */
    private Result become(
            final Config wanted, final List<Complaint> warnings, final Places places, final boolean dryRun) {
        final Applied before = applied;
        final List<Complaint> fixed = ConfigDiff.fixed(before.config(), wanted);
        if (!fixed.isEmpty()) {
            throw new Refusal(Outcome.CONFLICT, fixed.stream().map(places::put).toList());
        }
        final List<String> lines = describe(ConfigDiff.between(before.config(), wanted));
        if (lines.isEmpty()) {
            return result(Outcome.NOTHING_TO_DO, lines, warnings);
        }
        if (dryRun) {
            return result(Outcome.DRY_RUN, lines, warnings);
        }
        final Reconciler.Done done = reconciler.reconcile(before.config(), wanted);
        if (!done.ok()) {
            return failed(before, done, warnings, done.failures());
        }
        try {
            store.write(done.actual(), before.revision() + 1);
        } catch (final IOException e) {
            final Reconciler.Done back = reconciler.asFarAsPossible(done.actual(), before.config());
            final List<String> failures = new ArrayList<>();
            failures.add("state: cannot be written (" + e + "); the change was taken back");
            back.failures().forEach(line -> failures.add("could not be taken back: " + line));
            return failed(before, back, warnings, failures);
        }
        applied = new Applied(done.actual(), before.revision() + 1);
        return result(Outcome.APPLIED, lines, warnings);
    }

    private Result failed(
            final Applied before,
            final Reconciler.Done done,
            final List<Complaint> warnings,
            final List<String> failures) {
        if (!done.actual().equals(before.config())) {
            applied = new Applied(done.actual(), before.revision());
        }
        final List<Complaint> complaints = new ArrayList<>();
        failures.forEach(line -> complaints.add(Complaint.of("", line)));
        complaints.addAll(warnings);
        return result(Outcome.FAILED, List.of(), complaints);
    }

    static List<String> describe(final List<Change> changes) {
        return changes.stream().map(Change::describe).toList();
    }

    private Result result(final Outcome outcome, final List<String> changes, final List<Complaint> complaints) {
        final Applied now = applied;
        return new Result(outcome, changes, complaints, now.config(), now.revision());
    }

    private CompletableFuture<Result> order(final Supplier<Result> work) {
        try {
            return CompletableFuture.supplyAsync(() -> safely(work), thread);
        } catch (final RejectedExecutionException _) {
            return CompletableFuture.completedFuture(
                    result(Outcome.FAILED, List.of(), List.of(Complaint.of("", "the switch is stopping"))));
        }
    }

    private Result safely(final Supplier<Result> work) {
        try {
            return work.get();
        } catch (final Refusal refusal) {
            return result(refusal.outcome(), List.of(), refusal.complaints());
        } catch (final SwitchException e) {
            return result(Outcome.FAILED, List.of(), List.of(Complaint.of("", Reconciler.message(e))));
        } catch (final RuntimeException e) {
            return result(Outcome.FAILED, List.of(), List.of(Complaint.of("", "internal error: " + e)));
        }
    }

    /** Ends after the change at hand. */
    @Override
    public void close() {
        thread.close();
    }
}
