package io.weft.dataplane;

import io.weft.dataplane.api.Capture;
import io.weft.dataplane.api.CaptureSpec;
import io.weft.dataplane.api.NetworkSpec;
import io.weft.dataplane.api.PortSpec;
import io.weft.dataplane.api.Rows;
import io.weft.dataplane.api.SwitchControl;
import io.weft.dataplane.api.SwitchException;
import io.weft.dataplane.api.TenantSpec;
import io.weft.dataplane.api.TraceSpec;
import io.weft.encap.IpAddress;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Supplier;

/**
 * The conductor's thread and its front door: calls become tasks of that thread, in their order. With a pumped switch they
 * are done by the calling thread at once.
 */
final class ConductorProxy implements SwitchControl, AutoCloseable {
    /** How long what a worker learned may wait to be told to others when nobody calls. */
    private static final int IDLE_MILLIS = 10;

    private final Conductor conductor;
    private final boolean pumped;
    private final ConcurrentLinkedQueue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    private volatile boolean closed;
    private Thread thread;

    ConductorProxy(final Conductor conductor, final boolean pumped) {
        this.conductor = conductor;
        this.pumped = pumped;
    }

    void start() {
        if (pumped) {
            return;
        }
        thread = new Thread(this::run, "weft-conductor");
        thread.setDaemon(true);
        thread.start();
    }

    private void run() {
        while (!closed) {
            int work = 0;
            Runnable task = tasks.poll();
            while (task != null) {
                task.run();
                work++;
                task = tasks.poll();
            }
            work(work == 0 ? IDLE_MILLIS : 0);
        }
    }

    /** What goes wrong here is nobody's request, and must not end the thread that all requests wait for. */
    private void work(final int timeoutMillis) {
        try {
            conductor.doWork(timeoutMillis);
        } catch (final RuntimeException | OutOfMemoryError | InternalError e) {
            System.err.println("weft: conductor: " + e);
        }
    }

    private <T> CompletableFuture<T> submit(final Supplier<T> task) {
        final CompletableFuture<T> future = new CompletableFuture<>();
        final Runnable run = () -> {
            try {
                future.complete(task.get());
            } catch (final RuntimeException | OutOfMemoryError | InternalError e) {
                future.completeExceptionally(e);
            }
        };
        if (closed) {
            // What it would read or change has been given back.
            future.completeExceptionally(new SwitchException("the switch is ending"));
        } else if (pumped) {
            run.run();
        } else {
            tasks.add(run);
            conductor.ring();
            if (closed && tasks.remove(run)) {
                // It came after the last look that anybody takes.
                future.completeExceptionally(new SwitchException("the switch is ending"));
            }
        }
        return future;
    }

    private CompletableFuture<Void> change(final Runnable task) {
        return submit(() -> {
            task.run();
            return null;
        });
    }

    @Override
    public CompletableFuture<Void> putTenant(final TenantSpec tenant) {
        return change(() -> conductor.tenants.put(tenant));
    }

    @Override
    public CompletableFuture<Void> removeTenant(final String name) {
        return change(() -> conductor.tenants.remove(name));
    }

    @Override
    public CompletableFuture<Void> putNetwork(final NetworkSpec network) {
        return change(() -> conductor.networks.put(network));
    }

    @Override
    public CompletableFuture<Void> removeNetwork(final String key) {
        return change(() -> conductor.networks.remove(key));
    }

    @Override
    public CompletableFuture<Void> putPort(final PortSpec port) {
        return change(() -> conductor.ports.put(port));
    }

    @Override
    public CompletableFuture<Void> removePort(final String name) {
        return change(() -> conductor.removePort(name));
    }

    @Override
    public CompletableFuture<Void> addPeer(final String network, final IpAddress endpoint) {
        return change(() -> conductor.networks.addPeer(network, endpoint));
    }

    @Override
    public CompletableFuture<Void> removePeer(final String network, final IpAddress endpoint) {
        return change(() -> conductor.networks.removePeer(network, endpoint));
    }

    @Override
    public CompletableFuture<Void> addMac(final String network, final int vlan, final long mac, final String location) {
        return change(() -> conductor.addresses.add(network, vlan, mac, location));
    }

    @Override
    public CompletableFuture<Void> removeMac(final String network, final int vlan, final long mac) {
        return change(() -> conductor.addresses.remove(network, vlan, mac));
    }

    @Override
    public CompletableFuture<Void> flushMacs(final String network) {
        return change(() -> conductor.addresses.flush(network));
    }

    @Override
    public CompletableFuture<Void> flushFlows(final String tenant) {
        return change(() -> conductor.tenants.flushFlows(tenant));
    }

    @Override
    public CompletableFuture<Rows.Status> status() {
        return submit(() -> conductor.listing.status());
    }

    @Override
    public CompletableFuture<List<Rows.MacRow>> macs(final String network, final int limit) {
        return submit(() -> conductor.listing.macs(network, limit));
    }

    @Override
    public CompletableFuture<List<Rows.FlowRow>> flows(final String tenant, final int limit) {
        return submit(() -> conductor.listing.flows(tenant, limit));
    }

    @Override
    public CompletableFuture<List<Rows.DropRow>> drops() {
        return submit(() -> conductor.listing.drops());
    }

    @Override
    public CompletableFuture<Capture> capture(final CaptureSpec spec) {
        return submit(() -> conductor.captures.open(spec, this::detach));
    }

    @Override
    public CompletableFuture<Rows.Trace> trace(final TraceSpec spec) {
        return submit(() -> conductor.traces.trace(spec));
    }

    private void detach(final CaptureSession session) {
        if (closed && !pumped) {
            // The switch ends, and takes all captures with it.
            return;
        }
        try {
            change(() -> conductor.captures.detach(session, "it was ended")).join();
        } catch (final CompletionException e) {
            System.err.println("weft: capture: " + e.getCause());
        }
    }

    @Override
    public void onEvent(final EventListener listener) {
        conductor.onEvent(listener);
    }

    /** Ends the thread after the tasks that wait. */
    @Override
    public void close() {
        closed = true;
        if (thread != null) {
            conductor.ring();
            try {
                thread.join(5_000);
            } catch (final InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        Runnable task = tasks.poll();
        while (task != null) {
            task.run();
            task = tasks.poll();
        }
    }
}
