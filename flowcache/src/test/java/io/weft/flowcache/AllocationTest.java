package io.weft.flowcache;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.weft.encap.Mem;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;

/** Nothing that a frame, a sweep or an order does to a table allocates. */
class AllocationTest {
    private static final int OPERATIONS = 20_000;

    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private long sink;

    private void assertNothingAllocated(final Runnable operations) {
        operations.run();
        long least = Long.MAX_VALUE;
        for (int i = 0; i < 3; i++) {
            final long before = threads.getCurrentThreadAllocatedBytes();
            operations.run();
            least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
        }
        // The measurement itself may cost some bytes; one object per operation would be 16 bytes each.
        assertTrue(least < OPERATIONS / 100, least + " bytes in " + OPERATIONS + " operations; " + sink);
    }

    @Test
    void shouldNotAllocateInTheMacTable() {
        final MacTable table = new MacTable(Mem.allocate(MacTable.bytesFor(256), 64), 256, 4, 1);
        final Expired expired = (network, vlan, mac, egress) -> sink++;
        table.setAge(1, 50);
        assertNothingAllocated(() -> {
            for (int i = 0; i < OPERATIONS; i++) {
                sink += table.learn(i & 3, MacTable.NO_VLAN, 2L * (i % 500), i % 7, i);
                sink += table.lookup(i & 3, MacTable.NO_VLAN, 2L * (i % 300));
                sink += table.sweep(i, 4, expired);
                sink += table.remove(2, MacTable.NO_VLAN, i % 200) ? 1 : 0;
                sink += i % 1000 == 0 ? table.flush(3) + table.flushEgress(3) : 0;
            }
        });
    }

    @Test
    void shouldNotAllocateInTheFlowCache() {
        final FlowCache cache = new FlowCache(Mem.allocate(FlowCache.bytesFor(256), 512), 256, 1);
        assertNothingAllocated(() -> {
            for (int i = 0; i < OPERATIONS; i++) {
                final long slot = cache.slotOf(cache.hash(i % 500, 1, 2));
                sink += FlowCache.touch(slot);
                if (cache.lookupAt(slot, i % 500, 1, 2, i) == FlowCache.MISS) {
                    cache.insertAt(slot, i % 500, 1, 2, i, i, i + 400);
                }
                if (i % 1000 == 0) {
                    cache.invalidate();
                }
            }
        });
    }

    @Test
    void shouldNotAllocateInTheIndexes() {
        final NetworkIndex networks = new NetworkIndex(Mem.allocate(NetworkIndex.bytesFor(256), 64), 256, 1);
        final EndpointIndex endpoints = new EndpointIndex(Mem.allocate(EndpointIndex.bytesFor(256), 64), 256, 1);
        assertNothingAllocated(() -> {
            for (int i = 0; i < OPERATIONS; i++) {
                sink += networks.put(1, 4789, i % 300, i % 99) ? 1 : 0;
                sink += networks.lookup(1, 4789, i % 200);
                sink += networks.remove(1, 4789, i % 77);
                sink += endpoints.put(1, 0, i % 300, i % 99) ? 1 : 0;
                sink += endpoints.lookup(1, 0, i % 200);
                sink += endpoints.remove(1, 0, i % 77);
            }
        });
    }
}
