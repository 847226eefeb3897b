package io.weft.control.http;

import io.weft.dataplane.api.Capture;
import io.weft.dataplane.api.CaptureSpec;
import io.weft.dataplane.api.NetworkSpec;
import io.weft.dataplane.api.PortSpec;
import io.weft.dataplane.api.Rows;
import io.weft.dataplane.api.SwitchControl;
import io.weft.dataplane.api.SwitchException;
import io.weft.dataplane.api.TenantSpec;
import io.weft.encap.IpAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;

/** Answers with rows that a test knows; takes no change. */
final class FakeSwitch implements SwitchControl {
    static final Rows.Traffic TRAFFIC = new Rows.Traffic(11, 12, 13, 14, 15, 16);

    final List<String> calls = new ArrayList<>();
    /** What the next questions get, if not null. */
    volatile CompletableFuture<Rows.Status> status;

    volatile List<Rows.DropRow> drops = List.of();
    volatile EventListener listener;
    /** What the next reader gets; null: none. */
    volatile Capture capture;

    volatile CaptureSpec captureSpec;

    @Override
    public CompletableFuture<Rows.Status> status() {
        return status != null ? status : CompletableFuture.completedFuture(ordinary());
    }

    static Rows.Status ordinary() {
        return new Rows.Status(
                List.of(new Rows.WorkerRow(0, -1, 0.25, 1_000, false, 100, 5, 2, 1)),
                List.of(new Rows.TenantRow("acme", 65_536, 7, 1)),
                List.of(new Rows.NetworkRow(
                        "acme/web", 5001, "vxlan", 4789, 3, 8192, 1, List.of("10.2.0.1"), null, 1450)),
                List.of(new Rows.PortRow("vm1", "tap", "vm1", List.of("acme/web"), "up", 1, 1450, null, TRAFFIC, null)),
                List.of(
                        new Rows.TunnelRow("acme/web", "10.2.0.1", "vxlan", 5001, true, 21, 22, 23, 1450),
                        new Rows.TunnelRow("acme/web", "10.9.0.9", "vxlan", 5001, false, 31, 32, 33, 1450)),
                TRAFFIC,
                new Rows.Carrier("", "up"),
                new Rows.LinkRow(
                        "tap wire",
                        "up",
                        1600,
                        "02:00:00:00:aa:01",
                        List.of(new Rows.NeighborRow("10.1.0.254", "02:00:00:00:bb:02", "reachable", 2, 7)),
                        List.of(new Rows.Count("echo-answered", 4))),
                new Rows.Books(10, 0, 2, 0, 9, 3, 0, 0, 0),
                List.of());
    }

    @Override
    public CompletableFuture<List<Rows.MacRow>> macs(final String network, final int limit) {
        return CompletableFuture.completedFuture(IntStream.range(0, Math.min(limit, 5))
                .mapToObj(i -> new Rows.MacRow("acme/web", -1, "02:00:00:00:00:0" + i, "vm1", false, i))
                .toList());
    }

    @Override
    public CompletableFuture<List<Rows.FlowRow>> flows(final String tenant, final int limit) {
        return CompletableFuture.completedFuture(List.of(new Rows.FlowRow(
                "acme", "acme/web", -1, "02:00:00:00:00:01", "02:00:00:00:00:02", "vm1", "to 10.2.0.1", 9, 0)));
    }

    @Override
    public CompletableFuture<List<Rows.DropRow>> drops() {
        return CompletableFuture.completedFuture(drops);
    }

    @Override
    public CompletableFuture<Void> flushMacs(final String network) {
        return took("flush macs " + network);
    }

    @Override
    public CompletableFuture<Void> flushFlows(final String tenant) {
        return took("flush flows " + tenant);
    }

    private synchronized CompletableFuture<Void> took(final String call) {
        calls.add(call);
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public void onEvent(final EventListener added) {
        listener = added;
    }

    @Override
    public CompletableFuture<Capture> capture(final CaptureSpec spec) {
        captureSpec = spec;
        return capture == null
                ? CompletableFuture.failedFuture(new SwitchException("8 captures are running already: end one of them"))
                : CompletableFuture.completedFuture(capture);
    }

    private static CompletableFuture<Void> refused() {
        return CompletableFuture.failedFuture(new SwitchException("this switch takes no change"));
    }

    @Override
    public CompletableFuture<Void> putTenant(final TenantSpec tenant) {
        return refused();
    }

    @Override
    public CompletableFuture<Void> removeTenant(final String name) {
        return refused();
    }

    @Override
    public CompletableFuture<Void> putNetwork(final NetworkSpec network) {
        return refused();
    }

    @Override
    public CompletableFuture<Void> removeNetwork(final String key) {
        return refused();
    }

    @Override
    public CompletableFuture<Void> putPort(final PortSpec port) {
        return refused();
    }

    @Override
    public CompletableFuture<Void> removePort(final String name) {
        return refused();
    }

    @Override
    public CompletableFuture<Void> addPeer(final String network, final IpAddress endpoint) {
        return refused();
    }

    @Override
    public CompletableFuture<Void> removePeer(final String network, final IpAddress endpoint) {
        return refused();
    }

    @Override
    public CompletableFuture<Void> addMac(final String network, final int vlan, final long mac, final String location) {
        return refused();
    }

    @Override
    public CompletableFuture<Void> removeMac(final String network, final int vlan, final long mac) {
        return refused();
    }
}
