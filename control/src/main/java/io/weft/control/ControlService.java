package io.weft.control;

import io.weft.control.config.Complaint;
import io.weft.control.config.Config;
import io.weft.dataplane.api.SwitchControl;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/**
 * What the API asks: the configuration as applied, and changes to it. May be called by any thread; changes are made one
 * after the other, in the order of the calls. A change's future never completes exceptionally: its {@link Result} says
 * what became of it, and is there only after the workers took the change and it was written to the state folder.
 */
public interface ControlService {
    /** The configuration as applied. */
    Config config();

    /** The same as a file that {@link #apply} takes. It holds no secret: tokens and keys are named by path. */
    String configText();

    /** The same as maps, lists, strings, numbers and booleans, keys as in a file. */
    Map<String, Object> configTree();

    /** Counts the changes since the state folder was made; 1 is the first configuration. */
    long revision();

    /**
     * Makes the switch what the text says.
     *
     * @param file name for complaints, or null
     * @param text YAML or JSON
     * @param dryRun only say what would be done
     */
    CompletableFuture<Result> apply(String file, String text, boolean dryRun);

    /** Changes what the patch names and nothing else: a JSON merge patch (RFC 7396) on {@link #configTree()}. */
    CompletableFuture<Result> patch(Map<String, Object> patch, boolean dryRun);

    /** @param body the tenant as in a file; what it does not name of an existing tenant stays */
    CompletableFuture<Result> putTenant(String name, Map<String, Object> body);

    CompletableFuture<Result> removeTenant(String name);

    /**
     * @param key {@code tenant/name}
     * @param body the network as in a file; what it does not name of an existing network stays
     */
    CompletableFuture<Result> putNetwork(String key, Map<String, Object> body);

    CompletableFuture<Result> removeNetwork(String key);

    /** @param body the port as in a file; an existing port is replaced */
    CompletableFuture<Result> putPort(String name, Map<String, Object> body);

    CompletableFuture<Result> removePort(String name);

    CompletableFuture<Result> addPeer(String network, String address);

    CompletableFuture<Result> removePeer(String network, String address);

    /**
     * Fixes an address, which then is part of the configuration.
     *
     * @param vlan inner VLAN, or -1
     * @param location port name or peer address
     */
    CompletableFuture<Result> addMac(String network, int vlan, String mac, String location);

    /** Forgets an address, fixed or learned. */
    CompletableFuture<Result> removeMac(String network, int vlan, String mac);

    /** The switch itself, for status, tables and events; changes of the configuration go through this service. */
    SwitchControl switchControl();

    /** What became of a change. */
    enum Outcome {
        APPLIED,
        /** Everything was so already. */
        NOTHING_TO_DO,
        DRY_RUN,
        /** The wanted configuration has complaints; nothing was changed. */
        INVALID,
        /** What was named is not there; nothing was changed. */
        NOT_FOUND,
        /** It would need a restart, or something else is in the way; nothing was changed. */
        CONFLICT,
        /** The switch could not do it; what had been done was taken back. */
        FAILED
    }

    /**
     * @param changes what was (or would be) done, one line each, in order
     * @param complaints what is in the way, and warnings
     * @param config the configuration as it is now applied
     */
    record Result(Outcome outcome, List<String> changes, List<Complaint> complaints, Config config, long revision) {
        public Result {
            changes = List.copyOf(changes);
            complaints = List.copyOf(complaints);
        }

        public boolean ok() {
            return outcome.ordinal() <= Outcome.DRY_RUN.ordinal();
        }
    }
}
