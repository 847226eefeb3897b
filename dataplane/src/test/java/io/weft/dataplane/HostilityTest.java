package io.weft.dataplane;

import static io.weft.dataplane.TestFrames.ethernet;
import static io.weft.dataplane.TestSwitch.get;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.dataplane.api.NetworkSpec;
import io.weft.dataplane.api.PortSpec;
import io.weft.dataplane.api.SwitchException;
import io.weft.dataplane.api.TenantSpec;
import io.weft.dataplane.api.UnderlaySpec;
import io.weft.dataplane.port.MemoryPort;
import io.weft.dataplane.port.Port;
import io.weft.dataplane.port.PortQueue;
import io.weft.dataplane.underlay.LayerTwoUnderlay;
import io.weft.dataplane.underlay.Neighbors;
import io.weft.encap.Encapsulation;
import io.weft.encap.IpAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Machines and wires that mean harm, and operators who change things all day: what they cost stays bounded. */
class HostilityTest {
    private static final long A = 0x020000000001L;
    private static final long B = 0x020000000002L;
    private static final long BROADCAST = 0xffffffffffffL;
    private static final int TYPE = 0x88b5;
    private static final int VNI = 5001;

    @Test
    void shouldForgetARemovedPeerAlsoWhenWhatWasLearnedFromItIsStillOnItsWay() {
        try (TestSwitch weft = new TestSwitch(new SwitchContext().workers(2), false, "10.1.0.1")) {
            weft.tenant("t")
                    .network("t/n", VNI, Encapsulation.VXLAN, "10.2.0.1")
                    .access("a", "t/n");
            // Both workers hear of an address behind the peer; the conductor has not relayed it when the peer goes.
            assertTrue(weft.wire
                    .queue(0)
                    .inject(packet("10.2.0.1", "10.1.0.1", ethernet(BROADCAST, B, TYPE, new byte[46]))));
            weft.weft.pumpWorkers();
            get(weft.control.removePeer("t/n", IpAddress.parse("10.2.0.1")));
            weft.pump();
            weft.sent("a");
            weft.send("a", ethernet(B, A, TYPE, new byte[46]));
            assertEquals(0, weft.sentWire().size());
            assertTrue(
                    weft.status().tunnels().isEmpty(), weft.status().tunnels().toString());
            assertNull(weft.locationOf("t/n", "02:00:00:00:00:02"));
        }
    }

    @Test
    void shouldNotTakeAMappedAddressForAPeer() {
        try (TestSwitch weft = new TestSwitch("10.1.0.1", "fd00:1::1")) {
            weft.tenant("t")
                    .network("t/n", VNI, Encapsulation.VXLAN, "10.2.0.1")
                    .access("a", "t/n");
            final byte[] udp = TestFrames.udp(50_000, 4789, TestFrames.vxlan(VNI), ethernet(A, B, TYPE, new byte[46]));
            final byte[] ip = TestFrames.ipv6("fd00:2::1", "fd00:1::1", 17, 0, udp);
            System.arraycopy(TestFrames.hex("00000000000000000000ffff0a020001"), 0, ip, 8, 16);
            final byte[] packet = ethernet(A, B, 0x86dd, TestFrames.fixL4(ip, 0, 40, 6));
            weft.sendWire(packet);
            assertEquals(0, weft.sent("a").size());
            assertEquals(1, weft.drops(DropReason.OUTER_MALFORMED));
        }
    }

    @Test
    void shouldLeaveAGroupWithTheLastPortAlsoOfANetworkThatWasChanged() {
        try (TestSwitch weft = new TestSwitch("10.1.0.1")) {
            weft.tenant("t").network(grouped(1000)).access("a", "t/n");
            weft.network(grouped(2000));
            weft.sendWire(packet("10.2.0.1", "239.1.1.1", ethernet(BROADCAST, B, TYPE, new byte[46])));
            assertEquals(0, weft.drops(DropReason.NOT_FOR_US));
            get(weft.control.removePort("a"));
            weft.sendWire(packet("10.2.0.1", "239.1.1.1", ethernet(BROADCAST, B, TYPE, new byte[46])));
            assertEquals(1, weft.drops(DropReason.NOT_FOR_US));
        }
    }

    private static NetworkSpec grouped(final int macLimit) {
        final NetworkSpec plain = TestSwitch.spec("t/n", VNI, Encapsulation.VXLAN);
        return new NetworkSpec(
                plain.tenant(),
                plain.name(),
                VNI,
                plain.encap(),
                plain.port(),
                true,
                false,
                NetworkSpec.UdpChecksum.AUTO,
                macLimit,
                300_000,
                IpAddress.parse("239.1.1.1"));
    }

    @Test
    void shouldCutOneBurstIntoNoMoreSegmentsThanItsBudget() {
        try (TestSwitch weft = new TestSwitch("10.1.0.1")) {
            weft.tenant("t")
                    .network("t/n", VNI, Encapsulation.VXLAN)
                    .access("a", "t/n")
                    .access("b", "t/n");
            final byte[] tcp = new byte[20 + 60_000];
            tcp[12] = 5 << 4;
            final byte[] frame = ethernet(BROADCAST, A, 0x0800, TestFrames.ip("10.0.0.1", "10.0.0.2", 6, 0, tcp));
            // 60,000 bytes in pieces of 8 are 7,500 segments: none of them leaves.
            assertTrue(weft.port("a").inject(frame, Burst.NEEDS_CSUM, Burst.GSO_TCPV4, 8, 34, 16));
            weft.pump();
            assertEquals(1, weft.drops(DropReason.SEGMENT_BUDGET));
            assertNull(weft.port("b").poll());
            // A budget is a burst's: what an honest machine sends next is cut as ever.
            assertTrue(weft.port("a").inject(frame, Burst.NEEDS_CSUM, Burst.GSO_TCPV4, 536, 34, 16));
            weft.pump();
            assertEquals(1, weft.drops(DropReason.SEGMENT_BUDGET));
            assertEquals(112, weft.sent("b").size());
        }
    }

    @Test
    void shouldRefuseQuestionsWhenItHasEnded() {
        final TestSwitch weft = new TestSwitch("10.1.0.1");
        weft.close();
        assertThrows(SwitchException.class, weft::status);
    }

    @Test
    void shouldListAddressesApartWhoseNetworkAndVlanReadAlike() {
        try (TestSwitch weft = new TestSwitch("10.1.0.1")) {
            weft.tenant("t").network("t/n", VNI, Encapsulation.VXLAN).network("t/n1", VNI + 1, Encapsulation.VXLAN);
            weft.access("a", "t/n").access("b", "t/n1");
            get(weft.control.addMac("t/n", 11, A, "a"));
            get(weft.control.addMac("t/n1", 1, A, "b"));
            assertEquals(2, get(weft.control.macs(null, 10)).size());
        }
    }

    @Test
    void shouldTellOtherWorkersOnceInAWhileThatAnAddressIsInUse() {
        try (TestSwitch weft = new TestSwitch(new SwitchContext().workers(2), false, "10.1.0.1")) {
            weft.tenant("t")
                    .network("t/n", VNI, Encapsulation.VXLAN)
                    .access("a", "t/n")
                    .access("b", "t/n");
            final long before = orders(weft);
            for (int i = 0; i < 500; i++) {
                // Nobody has the destination, so each frame is flooded and learned from.
                weft.send("a", ethernet(0x020000010000L + i, A, TYPE, new byte[46]));
                weft.sent("b");
            }
            assertTrue(orders(weft) - before <= 2, orders(weft) - before + " orders");
            weft.advance(150_000);
            weft.send("a", ethernet(0x020000020000L, A, TYPE, new byte[46]));
            weft.sent("b");
            assertTrue(orders(weft) - before >= 2, orders(weft) - before + " orders");
        }
    }

    @Test
    void shouldTakeNoMoreAddressesAndTunnelsThanThereIsRoomForAndGiveThemBack() {
        try (TestSwitch weft = new TestSwitch(new SwitchContext(), true, "10.1.0.1")) {
            weft.tenant("t").network("t/n", VNI, Encapsulation.VXLAN).access("a", "t/n");
            for (int round = 0; round < 2; round++) {
                for (int i = 0; i < 5000; i++) {
                    final String from = "10." + (3 + (i >> 14)) + "." + (i >> 7 & 0x7f) + "." + (1 + (i & 0x7f));
                    weft.sendWire(packet(from, "10.1.0.1", ethernet(A, 0x020000100000L + i, TYPE, new byte[46])));
                    weft.sent("a");
                }
                assertEquals(1000, weft.status().networks().get(0).macs());
                assertEquals(1024, weft.status().tunnels().size());
                assertTrue(weft.drops(DropReason.UNKNOWN_ENDPOINT) >= 5000 - 1024);
                get(weft.control.addPeer("t/n", IpAddress.parse("10.9.0.1")));
                assertEquals(1024, weft.status().tunnels().size());
                get(weft.control.removePeer("t/n", IpAddress.parse("10.9.0.1")));
                get(weft.control.removePort("a"));
                get(weft.control.removeNetwork("t/n"));
                assertEquals(0, weft.status().tunnels().size());
                weft.network("t/n", VNI, Encapsulation.VXLAN).access("a", "t/n");
                assertEquals(0, weft.status().networks().get(0).macs());
                assertTrue(weft.books().balanced(), () -> weft.books().toString());
            }
        }
    }

    @Test
    void shouldCountFramesOfEveryLength() {
        try (TestSwitch weft = new TestSwitch(new SwitchContext(), false, "10.1.0.1")) {
            weft.tenant("t")
                    .network("t/n", VNI, Encapsulation.VXLAN, "10.2.0.1")
                    .access("a", "t/n")
                    .access("b", "t/n");
            final byte[] whole = ethernet(BROADCAST, A, TYPE, new byte[65_600]);
            for (final int length :
                    new int[] {0, 1, 11, 12, 13, 14, 15, 17, 18, 60, 1514, 1564, 1565, 65_535, 65_600}) {
                weft.send("a", java.util.Arrays.copyOf(whole, length));
                assertEquals(length < 14 ? 0 : 1, weft.sent("b").size(), "length " + length);
                weft.sentWire();
                assertTrue(weft.books().balanced(), () -> "length " + length + " " + weft.books());
            }
        }
    }

    @Test
    void shouldNotSendWhatAnErrorLeftBehindWithTheNextBurst() {
        final Breaking breaking = new Breaking();
        final MemoryPort wire = new MemoryPort(1, 1600, 0, 64, false);
        final Map<String, MemoryPort> ports =
                Map.of("a", new MemoryPort(), "c", new MemoryPort(), "d", new MemoryPort());
        try (Switch weft = Switch.launch(new SwitchContext()
                .pumped(true)
                .underlay(underlay())
                .portFactory((spec, workers, mtu) -> spec.name().equals("b") ? breaking : ports.get(spec.name()))
                .underlayFactory((u, n) -> new LayerTwoUnderlay(u, wire, n, Neighbors.derived(u))))) {
            get(weft.control().putTenant(new TenantSpec("t", 64)));
            get(weft.control().putTenant(new TenantSpec("u", 64)));
            get(weft.control().putNetwork(TestSwitch.spec("t/n", VNI, Encapsulation.VXLAN)));
            get(weft.control().putNetwork(TestSwitch.spec("u/n", VNI + 1, Encapsulation.VXLAN)));
            get(weft.control().addPeer("t/n", IpAddress.parse("10.2.0.1")));
            for (final String name : List.of("a", "b", "c", "d")) {
                final String network = name.compareTo("c") < 0 ? "t/n" : "u/n";
                get(weft.control().putPort(new PortSpec(name, PortSpec.Kind.MEMORY, name, network, Map.of(), 0, 0, 0)));
            }
            assertTrue(ports.get("a").inject(ethernet(BROADCAST, A, TYPE, new byte[46])));
            weft.pump();
            assertTrue(
                    get(weft.control().drops()).stream()
                            .anyMatch(row -> row.reason().equals("switch-fault")),
                    "what was lost is not in the books");
            assertTrue(ports.get("c").inject(ethernet(BROADCAST, B, TYPE, new byte[46])));
            weft.pump();
            assertNull(wire.poll(), "a frame of u went into a tunnel of t");
            assertEquals(60, ports.get("d").poll().length);
        }
    }

    @Test
    void shouldGiveBackAllThatItTookWhenThingsComeAndGo() throws IOException {
        try (TestSwitch weft = new TestSwitch(new SwitchContext().workers(2), true, "10.1.0.1")) {
            comeAndGo(weft, 20);
            final long files = openFiles();
            final long bytes = virtualBytes();
            comeAndGo(weft, 1000);
            assertEquals(files, openFiles());
            // A ring between workers alone would be a gigabyte by now.
            assertTrue(virtualBytes() - bytes < 400L << 20, virtualBytes() - bytes + " bytes");
            assertTrue(weft.books().balanced(), () -> weft.books().toString());
        }
    }

    private static void comeAndGo(final TestSwitch weft, final int times) {
        for (int i = 0; i < times; i++) {
            weft.tenant("t")
                    .network("t/n", VNI, Encapsulation.GENEVE, "10.2.0.1")
                    .access("a", "t/n")
                    .access("b", "t/n");
            weft.send("a", ethernet(BROADCAST, A, TYPE, new byte[46]));
            weft.send("b", ethernet(A, B, TYPE, new byte[46]));
            weft.sent("a");
            weft.sent("b");
            weft.sentWire();
            get(weft.control.removePort("a"));
            get(weft.control.removePort("b"));
            get(weft.control.removeNetwork("t/n"));
            get(weft.control.removeTenant("t"));
        }
    }

    @Test
    void shouldAnswerOtherRequestsAfterOneThatWentWrongBadly() throws InterruptedException {
        try (Switch weft = Switch.launch(new SwitchContext()
                .underlay(underlay())
                .portFactory((spec, workers, mtu) -> {
                    throw new OutOfMemoryError("no room for a port");
                })
                .underlayFactory((u, n) ->
                        new LayerTwoUnderlay(u, new MemoryPort(n, 1600, 0, 64, true), n, Neighbors.derived(u))))) {
            weft.control().onEvent((time, type, subject, detail) -> {
                throw new IllegalStateException("a follower that is ending");
            });
            get(weft.control().putTenant(new TenantSpec("t", 64)));
            get(weft.control().putNetwork(TestSwitch.spec("t/n", VNI, Encapsulation.VXLAN)));
            final var port = new PortSpec("a", PortSpec.Kind.MEMORY, "a", "t/n", Map.of(), 0, 0, 0);
            final ExecutionException failure = assertThrows(
                    ExecutionException.class, () -> weft.control().putPort(port).get(10, TimeUnit.SECONDS));
            assertEquals(OutOfMemoryError.class, failure.getCause().getClass());
            assertEquals(1, get(weft.control().status()).networks().size());
        }
    }

    private static long openFiles() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("/proc/self/fd"))) {
            return files.count();
        }
    }

    private static long virtualBytes() throws IOException {
        final String pages = Files.readString(Path.of("/proc/self/statm"));
        return Long.parseLong(pages.substring(0, pages.indexOf(' '))) * 4096;
    }

    private static UnderlaySpec underlay() {
        return new UnderlaySpec(
                List.of(IpAddress.parse("10.1.0.1")),
                false,
                UnderlaySpec.Device.MEMORY,
                0,
                List.of(),
                8,
                Map.of(),
                1600);
    }

    private static long orders(final TestSwitch weft) {
        return weft.status().workers().stream().mapToLong(w -> w.orders()).sum();
    }

    private static byte[] packet(final String from, final String to, final byte[] inner) {
        final byte[] udp = TestFrames.udp(50_000, 4789, TestFrames.vxlan(VNI), inner);
        return ethernet(0x020000000001L, 0x02000a020001L, 0x0800, TestFrames.ipv4(from, to, 17, 0, udp));
    }

    /** A port whose queue throws when it is to send. */
    private static final class Breaking implements Port {
        private final PortQueue queue = new PortQueue() {
            @Override
            public int rxBurst(final Burst burst) {
                return 0;
            }

            @Override
            public void rxRelease() {}

            @Override
            public int wakeFd() {
                return -1;
            }

            @Override
            public void txBurst(final Burst burst, final TxQueue tx) {
                throw new IllegalStateException("broken on purpose");
            }

            @Override
            public int offloads() {
                return 0;
            }
        };

        @Override
        public int queues() {
            return 1;
        }

        @Override
        public PortQueue queue(final int index) {
            return queue;
        }

        @Override
        public String state() {
            return "up";
        }

        @Override
        public int mtu() {
            return 1500;
        }

        @Override
        public long mac() {
            return 0;
        }

        @Override
        public void close() {}
    }
}
