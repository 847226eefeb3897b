package io.weft.dataplane;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.dataplane.api.NetworkSpec;
import io.weft.dataplane.api.NicMode;
import io.weft.dataplane.api.PortSpec;
import io.weft.dataplane.api.Rows;
import io.weft.dataplane.api.SwitchControl;
import io.weft.dataplane.api.TenantSpec;
import io.weft.dataplane.api.UnderlaySpec;
import io.weft.dataplane.sys.Libc;
import io.weft.dataplane.sys.NetworkNamespace;
import io.weft.encap.Encapsulation;
import io.weft.encap.IpAddress;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.security.MessageDigest;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Switches on NICs that they share with the kernel, or have to themselves: two ends of a cable between namespaces, whose
 * own stacks are the machines behind the switches, and talk over the cable as well where they share it.
 */
@Tag("system")
class NicTunnelSystemTest {
    private static final int BYTES = 1 << 20;
    private static final String A = "10.1.0.1";
    private static final String B = "10.1.0.2";

    private NetworkNamespace spaceA;
    private NetworkNamespace spaceB;
    private final Map<NetworkNamespace, Switch> switches = new HashMap<>();

    @BeforeEach
    void open() {
        final String name = "wfnt" + Libc.getpid();
        spaceA = new NetworkNamespace(name + "a");
        spaceB = new NetworkNamespace(name + "b");
        // Until the kernel has made sure that its link-local address is the only one it asks for no neighbour.
        for (final NetworkNamespace space : List.of(spaceA, spaceB)) {
            NetworkNamespace.run(
                    "ip", "netns", "exec", space.name(), "sysctl", "-qw", "net.ipv6.conf.default.accept_dad=0");
        }
        cable(1600, 1);
    }

    @AfterEach
    void close() {
        switches.values().forEach(Switch::close);
        spaceA.close();
        spaceB.close();
    }

    /** A cable with so many queues at each end, which does what a NIC would do: checksums, and no large frames. */
    private void cable(final int mtu, final int queues) {
        link("eth0", mtu, queues);
        addresses();
    }

    private void link(final String device, final int mtu, final int queues) {
        final String count = Integer.toString(queues);
        spaceA.ip(
                "link",
                "add",
                device,
                "mtu",
                Integer.toString(mtu),
                "numtxqueues",
                count,
                "numrxqueues",
                count,
                "type",
                "veth",
                "peer",
                "name",
                "eth0",
                "netns",
                spaceB.name(),
                "mtu",
                Integer.toString(mtu),
                "numtxqueues",
                count,
                "numrxqueues",
                count);
    }

    private void addresses() {
        address(spaceA, 1);
        address(spaceB, 2);
        for (final NetworkNamespace space : List.of(spaceA, spaceB)) {
            NetworkNamespace.run(
                    "ip",
                    "netns",
                    "exec",
                    space.name(),
                    "ethtool",
                    "-K",
                    "eth0",
                    "tx",
                    "off",
                    "gso",
                    "off",
                    "tso",
                    "off",
                    "gro",
                    "off");
        }
        spaceA.awaitCarrier("eth0");
        spaceB.awaitCarrier("eth0");
    }

    private static void address(final NetworkNamespace space, final int host) {
        space.ip("addr", "add", "10.1.0." + host + "/24", "dev", "eth0");
        space.ip("-6", "addr", "add", "fd00:1::" + host + "/64", "dev", "eth0", "nodad");
        space.ip("link", "set", "eth0", "up");
    }

    private Switch host(
            final NetworkNamespace space,
            final PortSpec.Kind kind,
            final int workers,
            final Encapsulation encap,
            final String own,
            final String peer,
            final int mtu)
            throws Exception {
        final boolean kernel = kind == PortSpec.Kind.MEMORY;
        final UnderlaySpec underlay = new UnderlaySpec(
                List.of(IpAddress.parse(own)),
                false,
                kernel ? UnderlaySpec.Device.KERNEL : UnderlaySpec.Device.PORT,
                0,
                List.of(),
                0,
                Map.of(),
                0,
                kernel ? null : PortSpec.nic(kind, "eth0", NicMode.AUTO, 0));
        return host(space, underlay, workers, encap, peer, mtu);
    }

    private Switch host(
            final NetworkNamespace space,
            final UnderlaySpec underlay,
            final int workers,
            final Encapsulation encap,
            final String peer,
            final int mtu)
            throws Exception {
        // Threads live in the namespace of the thread that starts them, and so does what they open.
        final Switch made = space.in(() -> Switch.launch(new SwitchContext()
                .macCapacity(1 << 12)
                .maxNetworks(64)
                .maxTunnels(64)
                .workers(workers)
                .underlay(underlay)));
        switches.put(space, made);
        final SwitchControl control = made.control();
        await(control.putTenant(new TenantSpec("t", 1024)));
        final NetworkSpec spec = TestSwitch.spec("t/n", 5001, encap);
        await(control.putNetwork(spec));
        await(control.addPeer("t/n", IpAddress.parse(peer)));
        await(control.putPort(new PortSpec("h1", PortSpec.Kind.TAP, "h1", "t/n", Map.of(), 1, mtu, 0)));
        final int host = space.equals(spaceA) ? 1 : 2;
        space.ip("addr", "add", "192.168.7." + host + "/24", "dev", "h1");
        return made;
    }

    private void two(final PortSpec.Kind a, final PortSpec.Kind b, final Encapsulation encap, final boolean ipv6)
            throws Exception {
        host(spaceA, a, 1, encap, ipv6 ? "fd00:1::1" : A, ipv6 ? "fd00:1::2" : B, 1450);
        host(spaceB, b, 1, encap, ipv6 ? "fd00:1::2" : B, ipv6 ? "fd00:1::1" : A, 1450);
    }

    @ParameterizedTest
    @CsvSource({
        "AF_XDP, AF_XDP, VXLAN, false",
        "AF_XDP, AF_XDP, VXLAN, true",
        "AF_XDP, AF_PACKET, GENEVE, false",
        "AF_PACKET, AF_PACKET, GENEVE, true",
        "AF_XDP, AF_PACKET, NVGRE, false",
        "AF_PACKET, AF_XDP, NVGRE, true",
        "AF_PACKET, MEMORY, VXLAN, false",
        "MEMORY, AF_XDP, NVGRE, false",
    })
    @Tag("V15")
    @Tag("N6")
    void shouldCarryTcpOfMachines(
            final PortSpec.Kind a, final PortSpec.Kind b, final Encapsulation encap, final boolean ipv6)
            throws Exception {
        two(a, b, encap, ipv6);
        carry(BYTES);
        for (final Switch one : switches.values()) {
            final Rows.Status status = await(one.control().status());
            assertEquals(
                    status.books().received()
                            + status.books().generated()
                            + status.books().copies()
                            + status.books().segments(),
                    status.books().sent()
                            + status.books().dropped()
                            + status.books().held()
                            + status.books().merged(),
                    status.books().toString());
        }
    }

    /** Takes the addresses from the kernel: the NIC is the switch's alone, and so is finding the other end. */
    private void alone(
            final NetworkNamespace space, final PortSpec.Kind kind, final Encapsulation encap, final int vlan)
            throws Exception {
        space.ip("addr", "flush", "dev", "eth0");
        final int host = space.equals(spaceA) ? 1 : 2;
        final UnderlaySpec underlay = new UnderlaySpec(
                List.of(IpAddress.parse("10.1.0." + host), IpAddress.parse("fd00:1::" + host)),
                false,
                UnderlaySpec.Device.PORT,
                0,
                List.of(),
                24,
                Map.of(),
                0,
                64,
                vlan,
                PortSpec.nic(kind, "eth0", NicMode.AUTO, 0));
        host(
                space,
                underlay,
                1,
                encap,
                encap == Encapsulation.GENEVE ? "fd00:1::" + (3 - host) : "10.1.0." + (3 - host),
                1450);
    }

    @ParameterizedTest
    @CsvSource({
        "AF_XDP, AF_XDP, VXLAN, 0",
        "AF_XDP, AF_XDP, GENEVE, 100",
        "AF_PACKET, AF_PACKET, GENEVE, 0",
        "AF_PACKET, AF_PACKET, VXLAN, 100",
        "AF_XDP, AF_PACKET, NVGRE, 0",
        "AF_PACKET, AF_XDP, NVGRE, 4094",
    })
    @Tag("N9")
    void shouldFindEachOtherWhenTheNicsAreTheirsAlone(
            final PortSpec.Kind a, final PortSpec.Kind b, final Encapsulation encap, final int vlan) throws Exception {
        alone(spaceA, a, encap, vlan);
        alone(spaceB, b, encap, vlan);
        carry(BYTES);
        for (final Switch one : switches.values()) {
            final Rows.Status status = await(one.control().status());
            assertTrue(
                    status.carrier().mode().contains("ours alone"),
                    status.carrier().mode());
            assertTrue(
                    status.link().neighbors().stream()
                            .anyMatch(row -> row.state().equals("reachable")
                                    && !row.mac().isEmpty()),
                    status.link().neighbors().toString());
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"AF_XDP", "AF_PACKET"})
    void shouldNotHearAnotherVlanWhenTheNicIsItsAlone(final PortSpec.Kind kind) throws Exception {
        alone(spaceA, kind, Encapsulation.VXLAN, 100);
        alone(spaceB, kind, Encapsulation.VXLAN, 200);
        // Asks for the other end, whose announcements and questions are of another VLAN.
        eventually(() -> await(switches.get(spaceA).control().drops()).stream()
                .anyMatch(row -> row.reason().equals(DropReason.OUTER_TAG.key()) && row.count() > 0));
        assertTrue(await(switches.get(spaceA).control().status()).link().neighbors().stream()
                .noneMatch(row -> row.state().equals("reachable")));
    }

    @ParameterizedTest
    @EnumSource(names = {"AF_XDP", "AF_PACKET"})
    void shouldNotTakeANicThatTheKernelUsesOtherwise(final PortSpec.Kind kind) {
        spaceA.ip("addr", "flush", "dev", "eth0");
        spaceA.ip("addr", "add", "192.0.2.9/24", "dev", "eth0");
        // The namespace's own wrapping of what is thrown in it.
        final Throwable refused = assertThrows(
                Throwable.class, () -> host(spaceA, kind, 1, Encapsulation.VXLAN, "10.1.0.1", "10.1.0.2", 1450));
        assertTrue(refused.getMessage().contains("192.0.2.9 on eth0"), refused.getMessage());
    }

    @ParameterizedTest
    @EnumSource(names = {"AF_XDP", "AF_PACKET"})
    void shouldAnswerTheLinkWhenTheNicIsItsAlone(final PortSpec.Kind kind) throws Exception {
        alone(spaceA, kind, Encapsulation.VXLAN, 0);
        for (final String to : List.of(A, "fd00:1::1")) {
            NetworkNamespace.run("ip", "netns", "exec", spaceB.name(), "ping", "-c", "3", "-i", "0.2", "-w", "20", to);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"AF_XDP", "AF_PACKET"})
    void shouldTalkWithLinuxVxlan(final PortSpec.Kind kind) throws Exception {
        linuxVxlan();
        host(spaceA, kind, 1, Encapsulation.VXLAN, A, B, 1450);
        carry(BYTES);
    }

    private void linuxVxlan() {
        spaceB.ip("link", "add", "vx", "type", "vxlan", "id", "5001", "remote", A, "dstport", "4789", "dev", "eth0");
        spaceB.ip("addr", "add", "192.168.7.2/24", "dev", "vx");
        spaceB.ip("link", "set", "vx", "mtu", "1450", "up");
    }

    @ParameterizedTest
    @EnumSource(names = {"AF_XDP", "AF_PACKET"})
    void shouldFindItsNeighborAndBeFoundOnANicOfItsOwn(final PortSpec.Kind kind) throws Exception {
        linuxVxlan();
        // What is left without an address is the switch's alone: nobody else answers for it.
        spaceA.ip("addr", "flush", "dev", "eth0");
        host(spaceA, kind, 1, Encapsulation.VXLAN, A, B, 1450);
        carry(BYTES);
        final String mode =
                await(switches.get(spaceA).control().status()).carrier().mode();
        assertTrue(mode.endsWith("ours alone"), mode);
    }

    @ParameterizedTest
    @EnumSource(names = {"AF_XDP", "AF_PACKET"})
    void shouldLeaveTheKernelItsConnections(final PortSpec.Kind kind) throws Exception {
        try (Connection ssh = new Connection(B)) {
            ssh.echo(100);
            two(kind, kind, Encapsulation.VXLAN, false);
            for (int i = 0; i < 5; i++) {
                ssh.echo(10_000);
                carry(100_000);
            }
            ssh.echo(100);
            switches.values().forEach(Switch::close);
            switches.clear();
            ssh.echo(10_000);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"AF_XDP", "AF_PACKET"})
    void shouldNotHaveTheKernelAnswerForTunnels(final PortSpec.Kind kind) throws Exception {
        two(kind, kind, Encapsulation.VXLAN, false);
        // The first switch sends before the second one is there.
        final String before = answers(spaceA) + answers(spaceB);
        carry(BYTES);
        assertEquals(before, answers(spaceA) + answers(spaceB));
    }

    private static String answers(final NetworkNamespace space) {
        final String counts = NetworkNamespace.run("ip", "netns", "exec", space.name(), "cat", "/proc/net/snmp");
        return "unreachable " + snmp(counts, "Icmp", "OutDestUnreachs") + " no port " + snmp(counts, "Udp", "NoPorts")
                + "\n";
    }

    /** What the kernel counted: the second line of a protocol has the values of the first one's names. */
    private static String snmp(final String text, final String protocol, final String name) {
        final List<String> lines =
                text.lines().filter(line -> line.startsWith(protocol + ":")).toList();
        final int column = List.of(lines.get(0).split(" ", -1)).indexOf(name);
        return lines.get(1).split(" ", -1)[column];
    }

    @ParameterizedTest
    @EnumSource(names = {"AF_XDP", "AF_PACKET"})
    void shouldGoOnWhenTheLinkCameBack(final PortSpec.Kind kind) throws Exception {
        two(kind, kind, Encapsulation.VXLAN, false);
        carry(100_000);
        spaceA.ip("link", "set", "eth0", "down");
        assertTrue(state(spaceA).contains("down"), state(spaceA));
        spaceA.ip("link", "set", "eth0", "up");
        spaceA.awaitCarrier("eth0");
        spaceB.awaitCarrier("eth0");
        carry(100_000);
    }

    @ParameterizedTest
    @EnumSource(names = {"AF_XDP", "AF_PACKET"})
    void shouldGoOnWhenTheDeviceCameBack(final PortSpec.Kind kind) throws Exception {
        two(kind, kind, Encapsulation.VXLAN, false);
        carry(100_000);
        spaceA.ip("link", "del", "eth0");
        eventually(() -> state(spaceA).contains("waiting for device eth0"));
        cable(1600, 1);
        eventually(() -> state(spaceA).equals("up") && state(spaceB).equals("up"));
        carry(100_000);
    }

    @Test
    void shouldGoOnWhenADeviceThatCameBackHasItsQueuesOneAfterTheOther() throws Exception {
        spaceA.ip("link", "del", "eth0");
        cable(1600, 2);
        host(spaceA, PortSpec.Kind.AF_XDP, 2, Encapsulation.VXLAN, A, B, 1450);
        host(spaceB, PortSpec.Kind.AF_PACKET, 1, Encapsulation.VXLAN, B, A, 1450);
        carry(100_000);
        spaceA.ip("link", "del", "eth0");
        eventually(() -> state(spaceA).contains("waiting for device eth0"));
        // The switch sees it when it has its name.
        link("new", 1600, 2);
        channels("new", 1);
        spaceA.ip("link", "set", "new", "name", "eth0");
        addresses();
        eventually(() -> state(spaceA).contains("queue 1 cannot be bound"));
        channels("eth0", 2);
        eventually(() -> state(spaceA).equals("up"));
        carry(100_000);
    }

    private void channels(final String device, final int count) {
        final String queues = Integer.toString(count);
        NetworkNamespace.run("ip", "netns", "exec", spaceA.name(), "ethtool", "-L", device, "rx", queues, "tx", queues);
    }

    @ParameterizedTest
    @EnumSource(names = {"AF_XDP", "AF_PACKET"})
    void shouldFollowRoutesAndNeighbors(final PortSpec.Kind kind) throws Exception {
        // The endpoints are on no link of theirs: the way is by the other end's address.
        spaceA.ip("addr", "add", "10.9.0.1/32", "dev", "eth0");
        spaceB.ip("addr", "add", "10.9.0.2/32", "dev", "eth0");
        spaceA.ip("route", "add", "10.9.0.2", "via", B);
        spaceB.ip("route", "add", "10.9.0.1", "via", A);
        host(spaceA, kind, 1, Encapsulation.VXLAN, "10.9.0.1", "10.9.0.2", 1450);
        host(spaceB, kind, 1, Encapsulation.VXLAN, "10.9.0.2", "10.9.0.1", 1450);
        carry(100_000);
        spaceA.ip("route", "del", "10.9.0.2");
        eventually(() -> state(spaceA).contains("no route"));
        spaceA.ip("link", "add", "other", "type", "veth", "peer", "name", "far");
        spaceA.ip("link", "set", "far", "up");
        spaceA.ip("link", "set", "other", "up");
        spaceA.ip("route", "add", "10.9.0.2", "dev", "other");
        eventually(() -> state(spaceA).contains("does not leave by eth0"));
        spaceA.ip("route", "del", "10.9.0.2");
        spaceA.ip("route", "add", "10.9.0.2", "dev", "eth0");
        eventually(() -> state(spaceA).equals("up"));
        carry(100_000);
        // Another MAC of the other end.
        spaceB.ip("link", "set", "eth0", "down");
        spaceB.ip("link", "set", "eth0", "address", "02:00:00:00:77:02");
        spaceB.ip("link", "set", "eth0", "up");
        spaceB.ip("route", "replace", "10.9.0.1", "via", A);
        spaceA.awaitCarrier("eth0");
        spaceB.awaitCarrier("eth0");
        eventually(() -> state(spaceB).equals("up"));
        carry(100_000);
    }

    @ParameterizedTest
    @CsvSource({"AF_XDP, 1", "AF_XDP, 3", "AF_PACKET, 1"})
    void shouldServeEveryQueueByTwoWorkers(final PortSpec.Kind kind, final int queues) throws Exception {
        spaceA.ip("link", "del", "eth0");
        cable(1600, queues);
        host(spaceA, kind, 2, Encapsulation.VXLAN, A, B, 1450);
        host(spaceB, kind, 2, Encapsulation.VXLAN, B, A, 1450);
        for (int i = 0; i < 10; i++) {
            carry(50_000);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"AF_XDP", "AF_PACKET"})
    void shouldCarryJumboFrames(final PortSpec.Kind kind) throws Exception {
        spaceA.ip("link", "del", "eth0");
        cable(9216, 1);
        host(spaceA, kind, 1, Encapsulation.VXLAN, A, B, 9000);
        host(spaceB, kind, 1, Encapsulation.VXLAN, B, A, 9000);
        carry(BYTES);
    }

    @Test
    void shouldTellHowTheNicIsReached() throws Exception {
        host(spaceA, PortSpec.Kind.AF_XDP, 1, Encapsulation.VXLAN, A, B, 1450);
        final Rows.Status status = await(switches.get(spaceA).control().status());
        assertEquals(
                "AF_XDP eth0, native, copy, 1 queue, shared with the kernel",
                status.carrier().mode());
        assertTrue(status.problems().isEmpty(), status.problems().toString());
    }

    private String state(final NetworkNamespace space) throws Exception {
        return await(switches.get(space).control().status()).carrier().state();
    }

    private static void eventually(final Callable<Boolean> holds) throws Exception {
        final long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!holds.call()) {
            assertTrue(System.nanoTime() < deadline, "not in 20 s");
            Thread.onSpinWait();
        }
    }

    /** Sends bytes from the one machine to the other through the tunnel. */
    private void carry(final int count) throws Exception {
        try (Connection tunnelled = new Connection("192.168.7.2")) {
            tunnelled.echo(count);
        }
    }

    /** TCP from the one namespace to the other, which says a digest of what it was told. */
    private final class Connection implements AutoCloseable {
        private final Socket client;
        private final ServerSocket server;

        Connection(final String to) throws Exception {
            server = spaceB.in(() -> new ServerSocket(0, 1, InetAddress.getByName(to)));
            Thread.ofPlatform().daemon().start(this::answer);
            client = spaceA.in(() -> {
                final Socket socket = new Socket();
                socket.connect(new InetSocketAddress(to, server.getLocalPort()), 20_000);
                socket.setSoTimeout(20_000);
                return socket;
            });
        }

        void echo(final int count) throws Exception {
            final byte[] data = new byte[count];
            new Random(count).nextBytes(data);
            final DataOutputStream out = new DataOutputStream(client.getOutputStream());
            out.writeInt(count);
            out.write(data);
            assertArrayEquals(digest(data), new DataInputStream(client.getInputStream()).readNBytes(32));
        }

        private static byte[] digest(final byte[] data) throws Exception {
            return MessageDigest.getInstance("SHA-256").digest(data);
        }

        private void answer() {
            try (Socket socket = server.accept()) {
                final DataInputStream in = new DataInputStream(socket.getInputStream());
                while (true) {
                    socket.getOutputStream().write(digest(in.readNBytes(in.readInt())));
                }
            } catch (final Exception end) {
                // The other side has what it wanted.
            }
        }

        @Override
        public void close() throws IOException {
            client.close();
            server.close();
        }
    }

    private static <T> T await(final CompletableFuture<T> change) throws Exception {
        return change.get(20, TimeUnit.SECONDS);
    }
}
