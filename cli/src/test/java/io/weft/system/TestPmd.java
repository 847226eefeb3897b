package io.weft.system;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * DPDK's testpmd as a machine: one virtio-user port, whose driver shares nothing with Linux's. It answers every ARP
 * request and every ICMP echo.
 */
final class TestPmd {
    private TestPmd() {}

    /** What may be needed to run it. */
    static final List<String> PROGRAMS = List.of("dpdk-testpmd");

    /**
     * Starts it; it is ended with the lab.
     *
     * @param serves whether it listens on the socket, and the switch connects
     * @param options of the virtio-user device, such as {@code packed_vq=1}
     */
    static Background start(
            final Host host, final Path socket, final boolean serves, final int queues, final String options) {
        // One that was killed leaves its socket behind, and the next cannot serve it.
        if (serves) {
            Sh.run("rm", "-f", socket.toString());
        }
        final List<String> command = new ArrayList<>(List.of(
                "dpdk-testpmd",
                "--lcores=0@0,1@1",
                "--no-pci",
                "--no-huge",
                "-m",
                "256",
                "--no-telemetry",
                "--file-prefix=" + socket.getFileName().toString().replace('.', '-')
                        + ProcessHandle.current().pid(),
                "--vdev=net_virtio_user0,path=" + socket + ",queues=" + queues + ",queue_size=256"
                        + ",mac=02:00:00:00:0a:01" + (serves ? ",server=1" : "") + "," + options,
                "--",
                "--forward-mode=icmpecho",
                "--nb-cores=1",
                "--total-num-mbufs=8192",
                "--disable-link-check",
                // Without it, it would read commands from an input that has none, and end.
                "--stats-period=600",
                "--rxq=" + queues,
                "--txq=" + queues));
        final Background started = host.lab().own(host.start(command.toArray(String[]::new)));
        if (serves) {
            started.awaitText("waiting for client connection", Duration.ofSeconds(30));
        }
        return started;
    }
}
