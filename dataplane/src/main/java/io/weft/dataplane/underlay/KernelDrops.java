package io.weft.dataplane.underlay;

import io.weft.dataplane.sys.KernelCounters;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What the kernel dropped before our sockets saw it, since the switch started. Its counts are of the whole network
 * namespace, so other programs' packets are among them; the words say so.
 *
 * <p>Owned by the conductor.
 */
final class KernelDrops {
    private final KernelCounters start = read();

    /** Reasons in words with counts, those that are not 0. */
    Map<String, Long> since() {
        final KernelCounters now = read();
        final Map<String, Long> drops = new LinkedHashMap<>();
        put(drops, "wrong UDP checksum", now.udpChecksumErrors() - start.udpChecksumErrors());
        put(drops, "UDP receive buffer full", now.udpReceiveBufferErrors() - start.udpReceiveBufferErrors());
        put(drops, "UDP to a port that nobody has", now.udpNoPorts() - start.udpNoPorts());
        put(drops, "fragments that did not come together", now.reassemblyFailures() - start.reassemblyFailures());
        return drops;
    }

    private static void put(final Map<String, Long> drops, final String reason, final long count) {
        if (count > 0) {
            drops.put(reason, count);
        }
    }

    private static KernelCounters read() {
        try {
            return KernelCounters.read();
        } catch (final IOException e) {
            // Without /proc the counts are not known; the switch forwards all the same.
            return new KernelCounters(Map.of());
        }
    }
}
