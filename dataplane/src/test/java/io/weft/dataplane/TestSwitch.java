package io.weft.dataplane;

import io.weft.dataplane.api.NetworkSpec;
import io.weft.dataplane.api.NetworkSpec.UdpChecksum;
import io.weft.dataplane.api.PortSpec;
import io.weft.dataplane.api.Rows;
import io.weft.dataplane.api.SwitchControl;
import io.weft.dataplane.api.TenantSpec;
import io.weft.dataplane.api.UnderlaySpec;
import io.weft.dataplane.port.MemoryPort;
import io.weft.dataplane.underlay.LayerTwoUnderlay;
import io.weft.dataplane.underlay.Neighbors;
import io.weft.encap.Encapsulation;
import io.weft.encap.IpAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;

/** A whole switch between memory ports, pumped by hand, on a clock of the test's. */
public final class TestSwitch implements AutoCloseable {
    private static final int WIRE_MTU = 1600;

    public final MemoryPort wire;
    public final Switch weft;
    public final SwitchControl control;
    private final Map<String, MemoryPort> ports = new HashMap<>();
    private long nanos;

    /** @param addresses of the underlay, on one link with prefix 8 and neighbours' MACs made from their addresses */
    public TestSwitch(final String... addresses) {
        this(new SwitchContext(), false, addresses);
    }

    public TestSwitch(final SwitchContext context, final boolean acceptAny, final String... addresses) {
        this(context, null, false, acceptAny, WIRE_MTU, addresses);
    }

    /** Where a vhost-user port is one, with its socket; without it every port is a memory port, whatever its kind. */
    public static TestSwitch withGuests(final SwitchContext context) {
        return withGuests(context, WIRE_MTU);
    }

    /** The same with a wire that carries IP packets of {@code mtu} bytes. */
    public static TestSwitch withGuests(final SwitchContext context, final int mtu) {
        return new TestSwitch(context, null, true, false, mtu, "10.1.0.1");
    }

    /** With a wire that carries IP packets of {@code mtu} bytes. */
    public static TestSwitch withWire(final int mtu, final String... addresses) {
        return new TestSwitch(new SwitchContext(), null, false, false, mtu, addresses);
    }

    /** With ports of the test's own. */
    TestSwitch(final SwitchContext context, final SwitchContext.PortFactory ports) {
        this(context, ports, false, false, WIRE_MTU, "10.1.0.1");
    }

    private TestSwitch(
            final SwitchContext context,
            final SwitchContext.PortFactory factory,
            final boolean guests,
            final boolean acceptAny,
            final int mtu,
            final String... addresses) {
        final int workers = Math.max(1, context.workers());
        wire = new MemoryPort(workers, mtu, 0, 4096, false);
        final UnderlaySpec spec = new UnderlaySpec(
                List.of(addresses).stream().map(IpAddress::parse).toList(),
                acceptAny,
                UnderlaySpec.Device.MEMORY,
                0,
                List.of(),
                8,
                Map.of(),
                mtu);
        weft = Switch.launch(context.pumped(true)
                .seed(1)
                .nanoClock(() -> nanos)
                .underlay(spec)
                .macCapacity(1 << 14)
                .maxNetworks(256)
                .maxTunnels(1024)
                .portFactory(
                        factory != null
                                ? factory
                                : (port, n, portMtu) -> {
                                    return guests && port.kind() == PortSpec.Kind.VHOST_USER
                                            ? OpenPorts.open(port, n, portMtu, context.portState())
                                            : ports.computeIfAbsent(port.name(), name -> new MemoryPort());
                                })
                .underlayFactory((u, n) -> new LayerTwoUnderlay(u, wire, n, Neighbors.derived(u))));
        control = weft.control();
    }

    public MemoryPort port(final String name) {
        return ports.get(name);
    }

    public TestSwitch tenant(final String name) {
        get(control.putTenant(new TenantSpec(name, 1024)));
        return this;
    }

    /** A network with defaults; {@code key} is tenant/name. */
    public TestSwitch network(final String key, final int vni, final Encapsulation encap, final String... peers) {
        return network(spec(key, vni, encap), peers);
    }

    public TestSwitch network(final NetworkSpec spec, final String... peers) {
        get(control.putNetwork(spec));
        for (final String peer : peers) {
            get(control.addPeer(spec.key(), IpAddress.parse(peer)));
        }
        return this;
    }

    public static NetworkSpec spec(final String key, final int vni, final Encapsulation encap) {
        final String[] names = key.split("/", 2);
        return new NetworkSpec(
                names[0],
                names[1],
                vni,
                encap,
                encap.defaultPort(),
                true,
                false,
                UdpChecksum.AUTO,
                1000,
                300_000,
                null);
    }

    public TestSwitch access(final String name, final String network) {
        get(control.putPort(new PortSpec(name, PortSpec.Kind.MEMORY, name, network, Map.of(), 0, 0, 0)));
        return this;
    }

    public TestSwitch trunk(final String name, final Map<Integer, String> networks) {
        get(control.putPort(new PortSpec(name, PortSpec.Kind.MEMORY, name, null, networks, 0, 0, 0)));
        return this;
    }

    /** Puts a frame into a port and lets the switch work it off. */
    public void send(final String port, final byte[] frame) {
        if (!port(port).inject(frame)) {
            throw new IllegalStateException("port " + port + " is full");
        }
        pump();
    }

    /** Puts a packet on the wire towards the switch and lets it work it off. */
    public void sendWire(final byte[] packet) {
        if (!wire.inject(packet)) {
            throw new IllegalStateException("wire is full");
        }
        pump();
    }

    public void pump() {
        boolean busy = weft.pump();
        while (busy) {
            busy = weft.pump();
        }
    }

    public void advance(final long millis) {
        nanos += millis * 1_000_000;
    }

    /** All frames that the switch sent through a port since the last call. */
    public List<byte[]> sent(final String port) {
        return all(port(port));
    }

    public List<byte[]> sentWire() {
        return all(wire);
    }

    private static List<byte[]> all(final MemoryPort port) {
        final List<byte[]> frames = new ArrayList<>();
        byte[] frame = port.poll();
        while (frame != null) {
            frames.add(frame);
            frame = port.poll();
        }
        return frames;
    }

    /** Moves all packets that the switch sent on the wire to another switch's; returns how many. */
    public int carryTo(final TestSwitch other) {
        int carried = 0;
        for (final byte[] packet : sentWire()) {
            other.sendWire(packet);
            carried++;
        }
        return carried;
    }

    public Rows.Status status() {
        return get(control.status());
    }

    public Rows.Books books() {
        return status().books();
    }

    /** Drops of a reason, over all ports and networks. */
    public long drops(final DropReason reason) {
        return get(control.drops()).stream()
                .filter(row -> row.reason().equals(reason.key()))
                .mapToLong(Rows.DropRow::count)
                .sum();
    }

    /** The port whose MAC row an address has, or null. */
    public String locationOf(final String network, final String mac) {
        return get(control.macs(network, 10_000)).stream()
                .filter(row -> row.mac().equals(mac))
                .map(Rows.MacRow::location)
                .findFirst()
                .orElse(null);
    }

    public static <T> T get(final Future<T> future) {
        try {
            return future.get();
        } catch (final ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new IllegalStateException(e.getCause());
        } catch (final InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        weft.close();
    }
}
