package io.weft.system;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/** A capture of one device, judged by tshark. */
final class Wire {
    private static final List<String> JUDGE = List.of(
            "-o",
            "ip.check_checksum:TRUE",
            "-o",
            "udp.check_checksum:TRUE",
            "-o",
            "tcp.check_checksum:TRUE",
            "-d",
            "udp.port==4789,vxlan",
            "-d",
            "udp.port==8472,vxlan",
            "-d",
            "udp.port==6081,geneve",
            // iperf3's random payload is no protocol, whatever tshark guesses.
            "-d",
            "tcp.port==5201,data",
            "-d",
            "udp.port==5201,data",
            "-o",
            "tcp.desegment_tcp_streams:FALSE",
            "-o",
            "tcp.analyze_sequence_numbers:FALSE");

    private static final long SETTLE_NANOS = 300_000_000;

    private final Background tcpdump;
    private final Path file;

    private Wire(final Background tcpdump, final Path file) {
        this.tcpdump = tcpdump;
        this.file = file;
    }

    /** Starts to capture; the filter is tcpdump's, one word an argument. */
    static Wire on(final Namespace namespace, final String device, final String... filter) {
        final Path file = Path.of(namespace.lab().newFile("wire") + ".pcap");
        final List<String> command = new ArrayList<>(List.of(
                "tcpdump",
                "-Z",
                "root",
                "-i",
                device,
                "-U",
                "--immediate-mode",
                "-n",
                "-B",
                "8192",
                "-c",
                "20000",
                "-w",
                file.toString()));
        command.addAll(List.of(filter));
        final Background tcpdump = namespace.start(command.toArray(String[]::new));
        tcpdump.awaitText("listening on", Duration.ofSeconds(10));
        return new Wire(tcpdump, file);
    }

    /** The underlay where a host is connected to it. */
    static Wire underlay(final Host host, final String... filter) {
        return on(host.lab().middle(), host.linkName(), filter);
    }

    /** Stops to capture, when all that passed is in the file. */
    Wire stop() {
        final long[] size = {-1};
        Until.holds("tcpdump is done with what it saw", Duration.ofSeconds(20), () -> {
            final long before = size[0];
            LockSupport.parkNanos(SETTLE_NANOS);
            size[0] = file.toFile().length();
            return size[0] == before;
        });
        tcpdump.close();
        return this;
    }

    /** One line a frame that the display filter lets through: the fields, separated by tabs. */
    List<String> frames(final String displayFilter, final String... fields) {
        final List<String> command = new ArrayList<>(List.of("tshark", "-n", "-r", file.toString()));
        command.addAll(JUDGE);
        command.addAll(List.of("-Y", displayFilter));
        if (fields.length > 0) {
            command.addAll(List.of("-T", "fields"));
            for (final String field : fields) {
                command.addAll(List.of("-e", field));
            }
        }
        return Sh.run(command).lines().toList();
    }

    /**
     * Frames in which tshark finds something malformed, or an IP, UDP or TCP checksum wrong. Linux writes a TCP checksum
     * of 0 as 0xffff, which tshark reports, too, and which is no fault.
     */
    List<String> complaints() {
        return frames(
                "!(tcp.checksum == 0xffff) && (_ws.malformed || ip.checksum.status == 0 || udp.checksum.status == 0"
                        + " || tcp.checksum.status == 0 || _ws.expert.severity == 8388608)");
    }
}
