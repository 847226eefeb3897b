package io.weft.flowcache;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.encap.Mem;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** One thread changes a table, another lists it: every entry that it sees was once written whole. */
class ConcurrentReaderTest {
    private static final int STEPS = 100_000;
    private static final int MOST_STEPS = 2_000_000;
    private static final int LISTS = 20_000;

    private final AtomicLong seen = new AtomicLong();
    private final AtomicLong torn = new AtomicLong();

    /** What goes with a key: nobody writes anything else with it. */
    private static int valueOf(final long a, final long b, final long c) {
        return ((int) ((a * 31 + b) * 31 + c) * 0x9e3779b1) >>> 1;
    }

    private void see(final boolean whole) {
        seen.incrementAndGet();
        if (!whole) {
            torn.incrementAndGet();
        }
    }

    /**
     * Lists until the writer has ended; the writer starts when the reader does. On a busy machine the two may hardly run
     * at the same time, so the writer goes on until enough lists have met a change, for a bounded number of steps.
     */
    private void race(final Runnable writer, final Runnable list) throws InterruptedException {
        final AtomicBoolean done = new AtomicBoolean();
        final CountDownLatch reading = new CountDownLatch(1);
        final AtomicLong steps = new AtomicLong();
        final AtomicLong met = new AtomicLong();
        final Thread reader = new Thread(() -> {
            reading.countDown();
            while (!done.get()) {
                final long before = steps.get();
                list.run();
                met.lazySet(met.get() + (steps.get() == before ? 0 : 1));
            }
            list.run();
        });
        reader.start();
        reading.await();
        while (steps.get() < MOST_STEPS && (steps.get() < STEPS || met.get() < LISTS)) {
            writer.run();
            steps.lazySet(steps.get() + 1);
        }
        done.set(true);
        reader.join();
        assertEquals(0, torn.get(), "torn entries");
        assertTrue(seen.get() > 0);
    }

    @Test
    void shouldShowWholeMacEntriesOnly() throws InterruptedException {
        final Random random = Seeds.random("MacTable, concurrent");
        final MacTable table = new MacTable(Mem.allocate(MacTable.bytesFor(32), 64), 32, 4, 1);
        final Runnable writer = () -> {
            final int network = random.nextInt(4);
            final int vlan = random.nextInt(2);
            final long mac = 2L + 2L * random.nextInt(16);
            final int value = valueOf(network, vlan, mac);
            if (random.nextInt(100) < 55) {
                table.learn(network, vlan, mac, value, value);
            } else {
                table.remove(network, vlan, mac);
            }
        };
        race(
                writer,
                () -> table.forEach((network, vlan, mac, egress, isStatic, lastUsed) ->
                        see(egress == valueOf(network, vlan, mac) && lastUsed == egress && !isStatic)));
    }

    @Test
    void shouldShowWholeFlowsOnly() throws InterruptedException {
        final Random random = Seeds.random("FlowCache, concurrent");
        final FlowCache cache = new FlowCache(Mem.allocate(FlowCache.bytesFor(16), 512), 16, 1);
        final Runnable writer = () -> {
            final long k0 = random.nextInt(16);
            final long k1 = random.nextInt(4);
            final long k2 = random.nextInt(4);
            final int value = valueOf(k0, k1, k2);
            cache.insert(k0, k1, k2, value, value - 1, value);
            if (random.nextInt(1000) == 0) {
                cache.invalidate();
            }
        };
        race(
                writer,
                () -> cache.forEach((k0, k1, k2, value, expiry, hits) ->
                        see(value == valueOf(k0, k1, k2) && expiry == value && hits == 0)));
    }

    @Test
    void shouldShowWholeEndpointsOnly() throws InterruptedException {
        final Random random = Seeds.random("EndpointIndex, concurrent");
        final EndpointIndex index = new EndpointIndex(Mem.allocate(EndpointIndex.bytesFor(32), 64), 32, 1);
        final Runnable writer = () -> {
            final int network = random.nextInt(4);
            final long high = random.nextInt(4);
            final long low = random.nextInt(8);
            if (random.nextInt(100) < 55) {
                index.put(network, high, low, valueOf(network, high, low));
            } else {
                index.remove(network, high, low);
            }
        };
        race(writer, () -> index.forEach((network, high, low, tunnel) -> see(tunnel == valueOf(network, high, low))));
    }

    @Test
    void shouldShowWholeNetworksOnly() throws InterruptedException {
        final Random random = Seeds.random("NetworkIndex, concurrent");
        final NetworkIndex index = new NetworkIndex(Mem.allocate(NetworkIndex.bytesFor(32), 64), 32, 1);
        final Runnable writer = () -> {
            final int encapsulation = random.nextInt(3);
            final int port = random.nextInt(4);
            final int vni = random.nextInt(8);
            if (random.nextInt(100) < 55) {
                index.put(encapsulation, port, vni, valueOf(encapsulation, port, vni) & 0xffff);
            } else {
                index.remove(encapsulation, port, vni);
            }
        };
        race(
                writer,
                () -> index.forEach((encapsulation, port, vni, network) ->
                        see(network == (valueOf(encapsulation, port, vni) & 0xffff))));
    }
}
