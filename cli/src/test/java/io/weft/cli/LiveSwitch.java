package io.weft.cli;

import io.weft.control.Specs;
import io.weft.control.SwitchDaemon;
import io.weft.control.config.Config;
import io.weft.control.config.Host;
import io.weft.dataplane.Switch;
import io.weft.dataplane.SwitchContext;
import io.weft.dataplane.api.SwitchControl;
import io.weft.dataplane.api.UnderlaySpec;
import io.weft.dataplane.port.MemoryPort;
import io.weft.dataplane.underlay.LayerTwoUnderlay;
import io.weft.dataplane.underlay.Neighbors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** A whole daemon, its API on a Unix socket, between memory ports: what the commands talk to. */
final class LiveSwitch implements AutoCloseable {
    /** Machines vm1 and vm2 in network acme/web, which has a peer. */
    static final String TWO_MACHINES = """
            name: hv1
            underlay: {address: 10.1.0.1}
            tenants:
              acme:
                networks:
                  web: {vni: 5001, peers: [10.2.0.1]}
            ports:
              vm1: {network: acme/web, tap: vm1}
              vm2: {network: acme/web, tap: vm2}
            """;

    final Map<String, MemoryPort> ports = new ConcurrentHashMap<>();
    private final MemoryPort wire = new MemoryPort(1, 1600, 0, 64, false);
    private final SwitchDaemon daemon;
    private final Path socket;

    LiveSwitch(final Path folder, final String configuration) throws IOException {
        socket = folder.resolve("api.sock");
        final Path file = Files.writeString(
                folder.resolve("weft.yaml"),
                "state: " + folder.resolve("state") + "\napi: {unix: " + socket + "}\n" + configuration);
        daemon = SwitchDaemon.start(file, false, this::launch, Host::any, line -> {});
    }

    Ran weft(final String... args) {
        final List<String> all = new ArrayList<>(List.of(args));
        all.add("--api");
        all.add(socket.toString());
        return Ran.weft(all.toArray(String[]::new));
    }

    private SwitchDaemon.Launched launch(final Config config, final Path state) {
        final Switch running = Switch.launch(new SwitchContext()
                .underlay(Specs.underlay(config.underlay(), UnderlaySpec.Device.MEMORY))
                .macCapacity(1 << 14)
                .maxNetworks(256)
                .maxTunnels(1024)
                .portFactory((port, workers, mtu) -> ports.computeIfAbsent(port.name(), name -> new MemoryPort()))
                .underlayFactory(
                        (spec, workers) -> new LayerTwoUnderlay(spec, wire, workers, Neighbors.derived(spec))));
        return new SwitchDaemon.Launched() {
            @Override
            public SwitchControl control() {
                return running.control();
            }

            @Override
            public void close() {
                running.close();
            }
        };
    }

    @Override
    public void close() {
        daemon.close();
    }
}
