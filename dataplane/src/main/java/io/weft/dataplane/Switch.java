package io.weft.dataplane;

import io.weft.dataplane.api.SwitchControl;
import io.weft.dataplane.api.SwitchException;
import io.weft.dataplane.sys.OpenFiles;
import io.weft.dataplane.underlay.Underlay;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
import org.agrona.concurrent.AgentRunner;
import org.agrona.concurrent.NoOpIdleStrategy;

/**
 * A running switch: underlay, workers and conductor. {@link SwitchContext} says how; {@link #control} takes changes.
 *
 * <p>{@link #pump} runs all of it on the caller's thread when the context says so.
 */
public final class Switch implements AutoCloseable {
    private final SwitchContext context;
    private final Counters counters;
    private final Underlay underlay;
    private final List<Worker> workers = new ArrayList<>();
    private final List<AgentRunner> runners = new ArrayList<>();
    private final Conductor conductor;
    private final ConductorProxy proxy;

    private Switch(final SwitchContext context) {
        this.context = context;
        OpenFiles.raise();
        counters = new Counters(context.countersFile(), context.workers());
        underlay = openUnderlay(context, counters);
        final List<TrafficCounters> underlayTraffic = new ArrayList<>();
        for (int i = 0; i < context.workers(); i++) {
            final TrafficCounters traffic = new TrafficCounters(counters, "underlay", i);
            underlayTraffic.add(traffic);
            workers.add(new Worker(context, i, underlay.tx(i), counters, traffic));
        }
        conductor = new Conductor(context, underlay, counters, workers, underlayTraffic);
        proxy = new ConductorProxy(conductor, context.pumped());
    }

    /**
     * Starts a switch with no tenants.
     *
     * @throws SwitchException saying what to do, with nothing left open
     */
    public static Switch launch(final SwitchContext context) {
        final Switch made = new Switch(context.conclude());
        try {
            if (!context.pumped()) {
                made.startWorkers();
            }
            made.conductor.start();
            made.proxy.start();
            return made;
        } catch (final RuntimeException e) {
            made.close();
            throw e;
        }
    }

    private static Underlay openUnderlay(final SwitchContext context, final Counters counters) {
        try {
            return context.underlayFactory().open(context.underlay(), context.workers());
        } catch (final RuntimeException e) {
            counters.close();
            throw e;
        }
    }

    private void startWorkers() {
        for (final Worker worker : workers) {
            final AgentRunner runner = new AgentRunner(
                    new NoOpIdleStrategy(),
                    error -> System.err.println("weft: " + worker.roleName() + ": " + error),
                    null,
                    worker);
            runners.add(runner);
            AgentRunner.startOnThread(runner, task -> {
                final Thread thread = new Thread(task, worker.roleName());
                thread.setDaemon(true);
                return thread;
            });
        }
        try {
            workers.forEach(worker -> worker.started.join());
        } catch (final CompletionException e) {
            throw e.getCause() instanceof final SwitchException said ? said : e;
        }
    }

    /** Changes and questions; by any thread. */
    public SwitchControl control() {
        return proxy;
    }

    /** One loop of every worker and of the conductor, on this thread. Returns whether there was work. */
    public boolean pump() {
        if (!context.pumped()) {
            throw new IllegalStateException("this switch has threads of its own");
        }
        return pumpWorkers() + conductor.doWork(0) > 0;
    }

    /** The frames' part of {@link #pump}. */
    int pumpWorkers() {
        int work = 0;
        for (int i = 0; i < workers.size(); i++) {
            work += workers.get(i).doWork();
        }
        return work;
    }

    /** Bytes of the largest outer IP packet. */
    public int underlayMtu() {
        return underlay.mtu();
    }

    /** Ends the workers, then closes ports and underlay. */
    @Override
    public void close() {
        proxy.close();
        for (final AgentRunner runner : runners) {
            ((Worker) runner.agent()).polls.ring();
            runner.close();
        }
        if (runners.isEmpty()) {
            workers.forEach(Worker::onClose);
        }
        conductor.close();
        counters.close();
    }
}
