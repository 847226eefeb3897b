package io.weft.dataplane;

import static io.weft.dataplane.TestSwitch.get;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.dataplane.api.PortSpec;
import io.weft.dataplane.api.Rows;
import io.weft.dataplane.api.TenantSpec;
import io.weft.dataplane.api.UnderlaySpec;
import io.weft.dataplane.port.MemoryPort;
import io.weft.dataplane.port.MemoryQueue;
import io.weft.dataplane.underlay.LayerTwoUnderlay;
import io.weft.dataplane.underlay.Neighbors;
import io.weft.encap.Encapsulation;
import io.weft.encap.IpAddress;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/**
 * Two workers under a storm of spoofed addresses, made-up tunnel endpoints and offload words from machines and from the
 * wire, while everything they know comes and goes: changes are answered, nothing is thrown, and the books balance.
 */
class StormTest {
    private static final int ROUNDS = Integer.getInteger("weft.storm.rounds", 40);
    private static final int VNI = 5001;

    private final long seed = System.nanoTime();
    private final MemoryPort wire = new MemoryPort(2, 1600, 0, 1024, true);
    private final Map<String, MemoryPort> ports = new ConcurrentHashMap<>();
    private volatile boolean ended;

    @Test
    void shouldKeepItsBooksWhileFramesStormAndEverythingChanges() throws InterruptedException {
        System.out.println("storm: seed " + seed);
        final PrintStream before = System.err;
        final ByteArrayOutputStream errors = new ByteArrayOutputStream();
        System.setErr(new PrintStream(errors, true, StandardCharsets.UTF_8));
        try (Switch weft = launch()) {
            get(weft.control().putTenant(new TenantSpec("t", 256)));
            get(weft.control().putNetwork(TestSwitch.spec("t/n", VNI, Encapsulation.VXLAN)));
            port(weft, "a", "t/n");
            port(weft, "b", "t/n");
            final Thread storm = new Thread(this::storm, "storm");
            storm.start();
            for (int round = 0; round < ROUNDS; round++) {
                comeAndGo(weft);
            }
            ended = true;
            storm.join();
            final Rows.Books books = settled(weft);
            assertTrue(books.balanced(), books.toString());
            assertEquals(0, books.held(), books.toString());
            assertTrue(books.received() > ROUNDS, books.toString());
        } finally {
            ended = true;
            System.setErr(before);
        }
        assertEquals("", errors.toString(StandardCharsets.UTF_8), "seed " + seed);
    }

    private void comeAndGo(final Switch weft) {
        get(weft.control().putTenant(new TenantSpec("u", 512)));
        get(weft.control().putNetwork(TestSwitch.spec("u/n", VNI + 1, Encapsulation.VXLAN)));
        get(weft.control().addPeer("u/n", IpAddress.parse("10.3.0.1")));
        port(weft, "c", "u/n");
        port(weft, "d", "t/n");
        get(weft.control().macs(null, 100));
        get(weft.control().flows(null, 100));
        get(weft.control().drops());
        get(weft.control().flushMacs("t/n"));
        get(weft.control().removePort("d"));
        get(weft.control().putTenant(new TenantSpec("t", 256 + (int) (System.nanoTime() & 0xff))));
        get(weft.control().removePort("c"));
        get(weft.control().removePeer("u/n", IpAddress.parse("10.3.0.1")));
        get(weft.control().removeNetwork("u/n"));
        get(weft.control().removeTenant("u"));
        get(weft.control().status());
    }

    private void storm() {
        final Random random = new Random(seed);
        while (!ended) {
            for (final MemoryPort port : List.copyOf(ports.values())) {
                machine(random, port);
            }
            for (int q = 0; q < 2; q++) {
                wire.queue(q).inject(packet(random));
                while (wire.queue(q).poll() != null) {}
            }
        }
    }

    private static void machine(final Random random, final MemoryPort port) {
        final byte[] frame = frame(random);
        final int[] types = {0, 0, 1, 4, 5, 0x81, 3, 0xff};
        final MemoryQueue queue = port.queue(0);
        queue.inject(
                frame,
                random.nextInt(4),
                types[random.nextInt(types.length)],
                random.nextInt(3000) - 10,
                random.nextBoolean() ? 34 : random.nextInt(70_000) - 100,
                random.nextBoolean() ? 16 : random.nextInt(70_000) - 100);
        while (queue.poll() != null) {}
    }

    /** A few machines and many that are made up; TCP, so that some offload words fit. */
    private static byte[] frame(final Random random) {
        final byte[] tcp = new byte[20 + random.nextInt(3000)];
        tcp[12] = 0x50;
        return TestFrames.ethernet(
                address(random),
                address(random),
                0x0800,
                TestFrames.ipv4("192.168.0.1", "192.168.0.2", 6, random.nextInt(4), tcp));
    }

    private static long address(final Random random) {
        return random.nextInt(50) == 0
                ? 0xffffffffffffL
                : 0x020000000000L | (random.nextBoolean() ? random.nextInt(4) : random.nextInt(1 << 20));
    }

    private static byte[] packet(final Random random) {
        final String from = "10." + (2 + random.nextInt(3)) + ".0." + (1 + random.nextInt(250));
        final byte[] udp = TestFrames.udp(50_000, 4789, TestFrames.vxlan(VNI + random.nextInt(3)), frame(random));
        return TestFrames.ethernet(
                2, 0x020000000002L, 0x0800, TestFrames.ipv4(from, "10.1.0.1", 17, random.nextInt(4), udp));
    }

    private void port(final Switch weft, final String name, final String network) {
        get(weft.control().putPort(new PortSpec(name, PortSpec.Kind.MEMORY, name, network, Map.of(), 0, 0, 0)));
    }

    private Rows.Books settled(final Switch weft) throws InterruptedException {
        Rows.Books books = get(weft.control().status()).books();
        for (int i = 0; i < 500 && !(books.balanced() && books.held() == 0); i++) {
            LockSupport.parkNanos(10_000_000);
            books = get(weft.control().status()).books();
        }
        return books;
    }

    private Switch launch() {
        final UnderlaySpec spec = new UnderlaySpec(
                List.of(IpAddress.parse("10.1.0.1")),
                true,
                UnderlaySpec.Device.MEMORY,
                0,
                List.of(),
                8,
                Map.of(),
                1600);
        return Switch.launch(new SwitchContext()
                .workers(2)
                .underlay(spec)
                .macCapacity(1 << 12)
                .maxNetworks(64)
                .maxTunnels(256)
                // The same memory each time a port comes back, as its machine writes on.
                .portFactory((port, workers, mtu) ->
                        ports.computeIfAbsent(port.name(), name -> new MemoryPort(1, 1500, 0, 1024, false)))
                .underlayFactory((u, n) -> new LayerTwoUnderlay(u, wire, n, Neighbors.derived(u))));
    }
}
