package io.weft.dataplane.api;

import io.weft.encap.IpAddress;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * The running switch as its control layer sees it. May be called by any thread.
 *
 * <p>A change's future completes when every worker has taken the change, or exceptionally with a {@link SwitchException}
 * when it could not be made; the switch is then as it was. {@code put} adds, or changes what is there to what is wanted
 * without touching anything else. Changes are made in the order of the calls.
 */
public interface SwitchControl {
    CompletableFuture<Void> putTenant(TenantSpec tenant);

    /** Refused while the tenant has networks. */
    CompletableFuture<Void> removeTenant(String name);

    CompletableFuture<Void> putNetwork(NetworkSpec network);

    /** Refused while ports use the network; its peers go with it. */
    CompletableFuture<Void> removeNetwork(String key);

    CompletableFuture<Void> putPort(PortSpec port);

    CompletableFuture<Void> removePort(String name);

    CompletableFuture<Void> addPeer(String network, IpAddress endpoint);

    CompletableFuture<Void> removePeer(String network, IpAddress endpoint);

    /**
     * Fixes an address to a port or a peer.
     *
     * @param vlan inner VLAN, or -1 for none
     * @param location a port's name or a peer's address
     */
    CompletableFuture<Void> addMac(String network, int vlan, long mac, String location);

    /** Removes an address, fixed or learned. */
    CompletableFuture<Void> removeMac(String network, int vlan, long mac);

    /** Forgets learned addresses of a network; null: of all. */
    CompletableFuture<Void> flushMacs(String network);

    /** Empties a tenant's flow cache; null: all. */
    CompletableFuture<Void> flushFlows(String tenant);

    CompletableFuture<Rows.Status> status();

    /** At most {@code limit} rows of the network's addresses; null: of all networks. */
    CompletableFuture<List<Rows.MacRow>> macs(String network, int limit);

    /** At most {@code limit} rows of the tenant's flow cache; null: of all tenants. */
    CompletableFuture<List<Rows.FlowRow>> flows(String tenant, int limit);

    CompletableFuture<List<Rows.DropRow>> drops();

    /** Begins a capture; refused where the port is not there, or too many captures run. Its reader must close it. */
    default CompletableFuture<Capture> capture(final CaptureSpec spec) {
        return CompletableFuture.failedFuture(new SwitchException("this switch captures nothing"));
    }

    /** Says step by step what would become of a frame, and changes nothing. */
    default CompletableFuture<Rows.Trace> trace(final TraceSpec spec) {
        return CompletableFuture.failedFuture(new SwitchException("this switch explains nothing"));
    }

    /** Tells what happened, in words, to a listener called on the conductor's thread; it must not block. */
    void onEvent(EventListener listener);

    /** Takes events. */
    @FunctionalInterface
    interface EventListener {
        /**
         * @param type a dotted word: {@code mac.learned}, {@code mac.moved}, {@code mac.aged}, {@code port.added} ...
         * @param subject the port, network or tenant it happened to
         * @param detail one line
         */
        void onEvent(long epochMillis, String type, String subject, String detail);
    }
}
