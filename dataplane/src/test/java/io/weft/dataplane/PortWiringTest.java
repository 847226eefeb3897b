package io.weft.dataplane;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.weft.dataplane.api.Rows;
import io.weft.dataplane.port.MemoryPort;
import io.weft.encap.Encapsulation;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the workers poll for a port, counted over all of them. */
class PortWiringTest {
    private static int sources(final int workers, final int queues, final boolean withPort) {
        try (TestSwitch weft = new TestSwitch(
                new SwitchContext().workers(workers),
                (spec, count, mtu) -> new MemoryPort(queues, 1500, 0, 64, false))) {
            weft.tenant("t").network("t/n", 5001, Encapsulation.VXLAN);
            if (withPort) {
                weft.access("a", "t/n");
            }
            return weft.status().workers().stream()
                    .mapToInt(PortWiringTest::sources)
                    .sum();
        }
    }

    private static int sources(final Rows.WorkerRow worker) {
        return worker.polled() + worker.parked();
    }

    @ParameterizedTest(name = "{0} workers, {1} queues")
    @CsvSource({"1,1,0", "1,3,0", "2,2,0", "2,4,0", "3,2,1", "4,1,3"})
    void shouldHandOverOnlyWhereAWorkerHasNoQueue(final int workers, final int queues, final int handoffs) {
        assertEquals(queues + handoffs, sources(workers, queues, true) - sources(workers, queues, false));
    }

    @Test
    void shouldPollEachQueueOnce() {
        assertEquals(5, sources(2, 5, true) - sources(2, 5, false));
    }
}
