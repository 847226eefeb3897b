package io.weft.dataplane.sys;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class KernelCountersTest {
    @Test
    void shouldReadBothFamilies() {
        final Map<String, Long> values = new HashMap<>();
        KernelCounters.parse(
                List.of("Ip: Forwarding ReasmFails", "Ip: 1 4", "Udp: InDatagrams NoPorts InCsumErrors", "Udp: 10 2 3"),
                values);
        KernelCounters.parse6(
                List.of("Udp6InCsumErrors                \t5", "Ip6ReasmFails 6", "UdpLite6NoPorts 9", "Other 1"),
                values);
        final KernelCounters counters = new KernelCounters(values);
        assertEquals(8, counters.udpChecksumErrors());
        assertEquals(2, counters.udpNoPorts());
        assertEquals(10, counters.reassemblyFailures());
        assertEquals(0, counters.udpReceiveBufferErrors());
        assertEquals(9, counters.get("UdpLite6.NoPorts"));
    }

    @Test
    void shouldReadThisKernel() throws IOException {
        final KernelCounters counters = KernelCounters.read();
        assertTrue(counters.values().containsKey("Udp.InCsumErrors"));
        assertTrue(counters.values().containsKey("Ip.ReasmFails"));
    }
}
