package io.weft.control;

import io.weft.control.config.Change;
import io.weft.control.config.Changes;
import io.weft.control.config.Config;
import io.weft.control.config.ConfigDiff;
import io.weft.dataplane.api.SwitchControl;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Makes the switch what is wanted: the difference to what is, one change after the other. Start, restore, apply and a
 * single change are all this. Owned by the control thread.
 */
public final class Reconciler {
    private static final long TIMEOUT_SECONDS = 30;

    private final SwitchControl control;
    private final long timeoutMs;

    public Reconciler(final SwitchControl control) {
        this(control, TimeUnit.SECONDS.toMillis(TIMEOUT_SECONDS));
    }

    Reconciler(final SwitchControl control, final long timeoutMs) {
        this.control = control;
        this.timeoutMs = timeoutMs;
    }

    /**
     * What became of it.
     *
     * @param actual what the switch is now
     * @param changes what was done, in order; when something failed, what had been done and was taken back
     * @param failures one line for each change that could not be made or taken back; empty: all was done
     */
    public record Done(Config actual, List<Change> changes, List<String> failures) {
        public Done {
            changes = List.copyOf(changes);
            failures = List.copyOf(failures);
        }

        public boolean ok() {
            return failures.isEmpty();
        }
    }

    /** All or nothing: when a change fails, those made before are taken back by the reverse difference. */
    public Done reconcile(final Config actual, final Config wanted) {
        final List<Change> made = new ArrayList<>();
        for (final Change change : ConfigDiff.between(actual, wanted)) {
            final String failure = make(change);
            if (failure != null) {
                final List<String> failures = new ArrayList<>(List.of(change.describe() + ": " + failure));
                final Done back = asFarAsPossible(after(actual, made), actual);
                back.failures().forEach(line -> failures.add("could not be taken back: " + line));
                return new Done(back.ok() ? actual : back.actual(), made, failures);
            }
            made.add(change);
        }
        // The same but for the order in which files name peers, which says nothing.
        return new Done(actual.with(wanted.tenants(), wanted.ports()), made, List.of());
    }

    /** All that is possible: a change that fails is left out, and so is what depends on it. */
    public Done asFarAsPossible(final Config actual, final Config wanted) {
        final List<Change> made = new ArrayList<>();
        final List<String> failures = new ArrayList<>();
        for (final Change change : ConfigDiff.between(actual, wanted)) {
            final String failure = make(change);
            if (failure == null) {
                made.add(change);
            } else {
                failures.add(change.describe() + ": " + failure);
            }
        }
        final Config now = failures.isEmpty() ? actual.with(wanted.tenants(), wanted.ports()) : after(actual, made);
        return new Done(now, made, failures);
    }

    /** Made one by one only where something failed: each step copies the maps it changes. */
    private static Config after(final Config before, final List<Change> made) {
        Config now = before;
        for (final Change change : made) {
            now = Changes.apply(now, change);
        }
        return now;
    }

    /** Returns null, or why not. */
    private String make(final Change change) {
        try {
            order(change).get(timeoutMs, TimeUnit.MILLISECONDS);
            return null;
        } catch (final ExecutionException e) {
            return message(e.getCause());
        } catch (final TimeoutException _) {
            return "the switch did not answer within " + timeoutMs / 1_000 + " s";
        } catch (final InterruptedException _) {
            Thread.currentThread().interrupt();
            return "the switch is stopping";
        } catch (final RuntimeException e) {
            return message(e);
        }
    }

    static String message(final Throwable cause) {
        return cause.getMessage() == null ? cause.toString() : cause.getMessage();
    }

    private CompletableFuture<Void> order(final Change change) {
        return switch (change) {
            case Change.AddTenant add -> control.putTenant(Specs.tenant(add.name(), add.tenant()));
            case Change.PutTenant put -> control.putTenant(Specs.tenant(put.name(), put.to()));
            case Change.RemoveTenant remove -> control.removeTenant(remove.name());
            case Change.AddNetwork add -> control.putNetwork(Specs.network(add.key(), add.network()));
            case Change.PutNetwork put -> control.putNetwork(Specs.network(put.key(), put.to()));
            case Change.RemoveNetwork remove -> control.removeNetwork(remove.key());
            case Change.AddPeer add -> control.addPeer(add.network(), add.endpoint());
            case Change.RemovePeer remove -> control.removePeer(remove.network(), remove.endpoint());
            case Change.AddPort add -> control.putPort(Specs.port(add.name(), add.port()));
            case Change.PutPort put -> control.putPort(Specs.port(put.name(), put.to()));
            case Change.RemovePort remove -> control.removePort(remove.name());
            case Change.AddMac add ->
                control.addMac(add.network(), add.mac().vlan(), add.mac().mac(), add.location());
            case Change.RemoveMac remove ->
                control.removeMac(
                        remove.network(), remove.mac().vlan(), remove.mac().mac());
        };
    }
}
