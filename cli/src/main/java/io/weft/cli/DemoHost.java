package io.weft.cli;

import io.weft.dataplane.Switch;
import io.weft.dataplane.SwitchContext;
import io.weft.dataplane.api.NetworkSpec;
import io.weft.dataplane.api.NetworkSpec.UdpChecksum;
import io.weft.dataplane.api.PortSpec;
import io.weft.dataplane.api.Rows;
import io.weft.dataplane.api.TenantSpec;
import io.weft.dataplane.api.UnderlaySpec;
import io.weft.dataplane.port.MemoryPort;
import io.weft.encap.Encapsulation;
import io.weft.encap.IpAddress;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;

/** One of the demo's hosts: a whole switch with its workers, on a loopback address, and machines in memory. */
final class DemoHost implements AutoCloseable {
    private static final int FLOWS = 4096;
    private static final int MTU = 1600;
    private static final int FRAMES_WAITING = 4096;

    final String name;
    final String address;
    private final Switch weft;
    private final Map<String, MemoryPort> machines = new ConcurrentHashMap<>();

    DemoHost(final String name, final String address) {
        this.name = name;
        this.address = address;
        weft = Switch.launch(new SwitchContext()
                .underlay(new UnderlaySpec(
                        List.of(IpAddress.parse(address)),
                        false,
                        UnderlaySpec.Device.KERNEL,
                        0,
                        List.of(),
                        0,
                        Map.of(),
                        MTU))
                .portFactory((port, workers, mtu) -> machines.computeIfAbsent(
                        port.name(), key -> new MemoryPort(workers, mtu, 0, FRAMES_WAITING, true))));
    }

    void tenant(final String tenant) {
        done(weft.control().putTenant(new TenantSpec(tenant, FLOWS)));
    }

    void network(
            final String tenant, final String network, final int vni, final Encapsulation encap, final String peer) {
        done(weft.control()
                .putNetwork(new NetworkSpec(
                        tenant,
                        network,
                        vni,
                        encap,
                        encap.defaultPort(),
                        true,
                        false,
                        UdpChecksum.AUTO,
                        1024,
                        300_000,
                        null)));
        done(weft.control().addPeer(tenant + "/" + network, IpAddress.parse(peer)));
    }

    void plug(final String machine, final String network) {
        done(weft.control().putPort(new PortSpec(machine, PortSpec.Kind.MEMORY, machine, network, Map.of(), 1, 0, 0)));
    }

    void unplug(final String machine) {
        done(weft.control().removePort(machine));
        machines.remove(machine);
    }

    /** The machine's network card, or null when it is not on this host. */
    MemoryPort machine(final String machine) {
        return machines.get(machine);
    }

    Rows.Status status() {
        return done(weft.control().status());
    }

    List<Rows.MacRow> macs() {
        return done(weft.control().macs(null, 100));
    }

    List<Rows.DropRow> drops() {
        return done(weft.control().drops());
    }

    private static <T> T done(final java.util.concurrent.CompletableFuture<T> change) {
        try {
            return change.join();
        } catch (final CompletionException e) {
            if (e.getCause() instanceof final RuntimeException cause) {
                throw cause;
            }
            throw e;
        }
    }

    @Override
    public void close() {
        weft.close();
    }
}
