package io.weft.dataplane;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.dataplane.api.NetworkSpec;
import io.weft.dataplane.api.PortSpec;
import io.weft.dataplane.api.Rows;
import io.weft.dataplane.api.SwitchControl;
import io.weft.dataplane.api.TenantSpec;
import io.weft.dataplane.api.UnderlaySpec;
import io.weft.dataplane.sys.Libc;
import io.weft.dataplane.sys.NetworkNamespace;
import io.weft.encap.Encapsulation;
import io.weft.encap.IpAddress;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.security.MessageDigest;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Two whole switches over a cable between namespaces; the machines behind them are the namespaces' own stacks. */
@Tag("system")
class TapTunnelSystemTest {
    private static final int BYTES = 8 << 20;

    private NetworkNamespace spaceA;
    private NetworkNamespace spaceB;
    private Switch switchA;
    private Switch switchB;

    @BeforeEach
    void open() {
        final String name = "wftt" + Libc.getpid();
        spaceA = new NetworkNamespace(name + "a");
        spaceB = new NetworkNamespace(name + "b");
        spaceA.ip("link", "add", "eth0", "mtu", "1600", "type", "veth", "peer", "name", "eth0", "netns", spaceB.name());
        spaceB.ip("link", "set", "eth0", "mtu", "1600");
        cable(spaceA, 1);
        cable(spaceB, 2);
        spaceA.awaitCarrier("eth0");
        spaceB.awaitCarrier("eth0");
    }

    @AfterEach
    void close() {
        if (switchA != null) {
            switchA.close();
        }
        if (switchB != null) {
            switchB.close();
        }
        spaceA.close();
        spaceB.close();
    }

    private static void cable(final NetworkNamespace space, final int host) {
        space.ip("addr", "add", "10.1.0." + host + "/24", "dev", "eth0");
        space.ip("-6", "addr", "add", "fd00:1::" + host + "/64", "dev", "eth0", "nodad");
        space.ip("link", "set", "eth0", "up");
    }

    @ParameterizedTest
    @CsvSource({
        "VXLAN,10.1.0.1,10.1.0.2",
        "VXLAN,fd00:1::1,fd00:1::2",
        "GENEVE,10.1.0.1,10.1.0.2",
        "NVGRE,10.1.0.1,10.1.0.2",
        "NVGRE,fd00:1::1,fd00:1::2"
    })
    @Tag("V15")
    @Tag("N6")
    void shouldCarryTcpOfMachinesWithOffloads(final Encapsulation encap, final String a, final String b)
            throws Exception {
        switchA = host(spaceA, 1, encap, a, b);
        switchB = host(spaceB, 2, encap, b, a);
        final byte[] data = new byte[BYTES];
        new Random(1).nextBytes(data);
        try (ServerSocket server = spaceB.in(() -> new ServerSocket(7000, 1, InetAddress.getByName("192.168.7.2")))) {
            server.setSoTimeout(20_000);
            final CompletableFuture<byte[]> received = CompletableFuture.supplyAsync(() -> digest(server));
            try (Socket client = spaceA.in(() -> new Socket("192.168.7.2", 7000));
                    OutputStream out = client.getOutputStream()) {
                out.write(data);
            }
            assertArrayEquals(MessageDigest.getInstance("SHA-256").digest(data), received.get(60, TimeUnit.SECONDS));
        }
        assertNoLoss(switchA);
        assertNoLoss(switchB);
    }

    private static Switch host(
            final NetworkNamespace space,
            final int host,
            final Encapsulation encap,
            final String own,
            final String peer)
            throws Exception {
        // Threads live in the namespace of the thread that starts them, and so does what they open.
        final Switch made = space.in(() -> Switch.launch(new SwitchContext()
                .macCapacity(1 << 12)
                .maxNetworks(64)
                .maxTunnels(64)
                .underlay(new UnderlaySpec(
                        List.of(IpAddress.parse(own)),
                        false,
                        UnderlaySpec.Device.KERNEL,
                        0,
                        List.of(),
                        24,
                        Map.of(),
                        0))));
        final SwitchControl control = made.control();
        await(control.putTenant(new TenantSpec("t", 1024)));
        final NetworkSpec spec = TestSwitch.spec("t/n", 5001, encap);
        await(control.putNetwork(spec));
        await(control.addPeer("t/n", IpAddress.parse(peer)));
        await(control.putPort(new PortSpec("h1", PortSpec.Kind.TAP, "h1", "t/n", Map.of(), 1, 1500, 0)));
        space.ip("addr", "add", "192.168.7." + host + "/24", "dev", "h1");
        return made;
    }

    private static byte[] digest(final ServerSocket server) {
        try (Socket accepted = server.accept()) {
            accepted.setSoTimeout(20_000);
            final MessageDigest digest = MessageDigest.getInstance("SHA-256");
            final byte[] buffer = new byte[65_536];
            int total = 0;
            for (int read = accepted.getInputStream().read(buffer); read > 0; ) {
                digest.update(buffer, 0, read);
                total += read;
                read = accepted.getInputStream().read(buffer);
            }
            assertEquals(BYTES, total);
            return digest.digest();
        } catch (final Exception failed) {
            throw new AssertionError(failed);
        }
    }

    /** A link-local group, which bridges do not forward, may have been dropped; nothing that TCP would miss. */
    private static void assertNoLoss(final Switch of) throws Exception {
        for (final Rows.DropRow row : await(of.control().drops())) {
            System.out.println("dropped: " + row);
            assertTrue(
                    !row.toString().contains("bad-offload") && !row.toString().contains("too-big"), row.toString());
        }
    }

    private static <T> T await(final CompletableFuture<T> change) throws Exception {
        return change.get(20, TimeUnit.SECONDS);
    }
}
