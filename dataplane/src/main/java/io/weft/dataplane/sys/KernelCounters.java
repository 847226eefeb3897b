package io.weft.dataplane.sys;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The kernel's own counts of what it dropped before a socket of ours saw it: bad checksums, full receive buffers,
 * failed reassembly. They are of the whole network namespace.
 *
 * @param values by name: {@code Udp.InCsumErrors} from {@code /proc/net/snmp}, {@code Udp6.InCsumErrors} from
 *     {@code /proc/net/snmp6}
 */
public record KernelCounters(Map<String, Long> values) {
    private static final Path SNMP = Path.of("/proc/net/snmp");
    private static final Path SNMP6 = Path.of("/proc/net/snmp6");
    private static final List<String> FAMILIES = List.of("UdpLite6", "Icmp6", "Udp6", "Ip6");

    /** What the kernel says now; counters that this kernel does not have are missing. */
    public static KernelCounters read() throws IOException {
        final Map<String, Long> values = new LinkedHashMap<>();
        parse(Files.readAllLines(SNMP), values);
        if (Files.exists(SNMP6)) {
            parse6(Files.readAllLines(SNMP6), values);
        }
        return new KernelCounters(Map.copyOf(values));
    }

    /** A counter, or 0 where the kernel does not have it. */
    public long get(final String name) {
        return values.getOrDefault(name, 0L);
    }

    /** Datagrams whose UDP checksum was wrong, both families. */
    public long udpChecksumErrors() {
        return get("Udp.InCsumErrors") + get("Udp6.InCsumErrors");
    }

    /** Datagrams to a port that nobody listens on, both families. */
    public long udpNoPorts() {
        return get("Udp.NoPorts") + get("Udp6.NoPorts");
    }

    /** Datagrams that found the socket's receive buffer full, both families. */
    public long udpReceiveBufferErrors() {
        return get("Udp.RcvbufErrors") + get("Udp6.RcvbufErrors");
    }

    /** Packets whose fragments did not come together, both families. */
    public long reassemblyFailures() {
        return get("Ip.ReasmFails") + get("Ip6.ReasmFails");
    }

    /** Pairs of lines: {@code Udp: InDatagrams NoPorts} and {@code Udp: 12 3}. */
    static void parse(final List<String> lines, final Map<String, Long> into) {
        for (int i = 0; i + 1 < lines.size(); i += 2) {
            final String[] names = lines.get(i).split(" ", -1);
            final String[] numbers = lines.get(i + 1).split(" ", -1);
            final String family = names[0].replace(":", ".");
            for (int k = 1; k < Math.min(names.length, numbers.length); k++) {
                into.put(family + names[k], Long.valueOf(numbers[k]));
            }
        }
    }

    /** A line a counter: {@code Udp6InDatagrams 12}, the family's name being its first word up to the digit 6. */
    static void parse6(final List<String> lines, final Map<String, Long> into) {
        for (final String line : lines) {
            final String[] words = line.trim().split("\\s+", -1);
            for (final String family : FAMILIES) {
                if (words.length == 2 && words[0].startsWith(family)) {
                    into.put(family + "." + words[0].substring(family.length()), Long.valueOf(words[1]));
                    break;
                }
            }
        }
    }
}
