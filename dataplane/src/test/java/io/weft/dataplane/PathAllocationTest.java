package io.weft.dataplane;

import static io.weft.dataplane.TestFrames.concat;
import static io.weft.dataplane.TestFrames.ethernet;
import static io.weft.dataplane.TestFrames.fixL4;
import static io.weft.dataplane.TestFrames.geneve;
import static io.weft.dataplane.TestFrames.ip;
import static io.weft.dataplane.TestFrames.ipv4;
import static io.weft.dataplane.TestFrames.nvgre;
import static io.weft.dataplane.TestFrames.tag;
import static io.weft.dataplane.TestFrames.udp;
import static io.weft.dataplane.TestFrames.vxlan;
import static io.weft.dataplane.TestSwitch.get;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.weft.dataplane.api.PortSpec;
import io.weft.dataplane.api.TenantSpec;
import io.weft.dataplane.api.UnderlaySpec;
import io.weft.dataplane.underlay.LayerTwoUnderlay;
import io.weft.dataplane.underlay.Neighbors;
import io.weft.dataplane.vhost.VirtioFeatures;
import io.weft.dataplane.vhost.frontend.DriverRing;
import io.weft.dataplane.vhost.frontend.GuestNic;
import io.weft.dataplane.vhost.frontend.Guests;
import io.weft.encap.Encapsulation;
import io.weft.encap.IpAddress;
import io.weft.encap.Mem;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Frames allocate nothing on the ways that {@link PipelineAllocationTest} does not go. */
class PathAllocationTest {
    private static final int LOOPS = 6_000;
    private static final int ROUNDS = 60;
    private static final long SOURCE = 0x020000000001L;
    private static final long NEAR = 0x020000000002L;
    private static final long FAR = 0x020000000003L;
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private static Switch launch(
            final int workers, final TemplatePort from, final TemplatePort to, final TemplatePort wire) {
        final UnderlaySpec underlay = new UnderlaySpec(
                List.of(IpAddress.parse("10.1.0.1"), IpAddress.parse("fd00:1::1")),
                false,
                UnderlaySpec.Device.MEMORY,
                0,
                List.of(),
                8,
                Map.of(),
                1600);
        final Switch weft = Switch.launch(new SwitchContext()
                .pumped(true)
                .workers(workers)
                .underlay(underlay)
                .maxTunnels(64)
                .maxNetworks(16)
                .macCapacity(256)
                .portFactory((port, n, mtu) -> "from".equals(port.name()) ? from : to)
                .underlayFactory((spec, n) -> new LayerTwoUnderlay(spec, wire, n, Neighbors.derived(spec))));
        get(weft.control().putTenant(new TenantSpec("t", 1024)));
        return weft;
    }

    private static void network(final Switch weft, final Encapsulation encap, final String peer) {
        get(weft.control().putNetwork(TestSwitch.spec("t/n", 5001, encap)));
        get(weft.control().addPeer("t/n", IpAddress.parse(peer)));
    }

    private static void port(final Switch weft, final String name, final Map<Integer, String> trunk, final long mac) {
        get(weft.control()
                .putPort(new PortSpec(
                        name, PortSpec.Kind.MEMORY, name, trunk.isEmpty() ? "t/n" : null, trunk, 0, 0, mac)));
    }

    /** Both ports in the network, and where machines are. */
    private static void machines(final Switch weft, final String peer) {
        port(weft, "from", Map.of(), 0);
        port(weft, "to", Map.of(), 0);
        get(weft.control().addMac("t/n", -1, NEAR, "to"));
        get(weft.control().addMac("t/n", -1, FAR, peer));
    }

    private static void assertAllocatesNothing(final Switch weft) {
        for (int i = 0; i < LOOPS; i++) {
            weft.pump();
        }
        assertAllocatesNothing(
                weft::pumpWorkers, () -> get(weft.control().status()).books().received());
        final var books = get(weft.control().status()).books();
        assertTrue(books.balanced(), books::toString);
    }

    private static void assertAllocatesNothing(final Runnable loop, final LongSupplier frames) {
        assertAllocatesNothing(loop, frames, THREADS::getCurrentThreadAllocatedBytes);
    }

    /** In time: the compiler needs some of it, on a busy machine more. */
    private static void assertAllocatesNothing(
            final Runnable loop, final LongSupplier frames, final LongSupplier allocated) {
        long bytes = Long.MAX_VALUE;
        long came = 0;
        for (int round = 0; round < ROUNDS && (came == 0 || bytes >= came / 10); round++) {
            final long had = frames.getAsLong();
            final long before = allocated.getAsLong();
            for (int i = 0; i < LOOPS; i++) {
                loop.run();
            }
            bytes = allocated.getAsLong() - before;
            came = frames.getAsLong() - had;
        }
        assertTrue(came >= LOOPS, came + " frames in " + LOOPS + " loops");
        assertTrue(bytes < came / 10, bytes + " bytes for " + came + " frames");
    }

    private static byte[] frame(final long to) {
        return ethernet(to, SOURCE, 0x0800, ip("192.168.0.1", "192.168.0.2", 17, 2, udp(1000, 53, new byte[30])));
    }

    private static byte[] packet(final Encapsulation encap, final String from, final int vni, final byte[] inner) {
        final boolean six = from.contains(":");
        final String to = six ? "fd00:1::1" : "10.1.0.1";
        final byte[] packet =
                switch (encap) {
                    case VXLAN -> ip(from, to, 17, 1, udp(50_000, 4789, vxlan(vni), inner));
                    case GENEVE -> ip(from, to, 17, 1, udp(50_000, 6081, geneve(vni, 0, new byte[8]), inner));
                    case NVGRE -> ip(from, to, 47, 1, concat(nvgre(vni, 7), inner));
                };
        if (encap != Encapsulation.NVGRE) {
            fixL4(packet, 0, six ? 40 : 20, 6);
        }
        return ethernet(0x02000a010001L, 0x02000a020001L, six ? 0x86dd : 0x0800, packet);
    }

    @ParameterizedTest(name = "{0} to {1}")
    @CsvSource({
        "VXLAN, 10.2.0.1",
        "VXLAN, fd00:2::1",
        "NVGRE, 10.2.0.1",
        "NVGRE, fd00:2::1",
        "GENEVE, 10.2.0.1",
        "GENEVE, fd00:2::1"
    })
    void shouldAllocateNothingIntoAndOutOfEachTunnel(final Encapsulation encap, final String peer) {
        final TemplatePort from = new TemplatePort(1, frame(FAR));
        final TemplatePort to = new TemplatePort(1);
        final byte[] known = ethernet(NEAR, FAR, 0x0800, ip("10.0.0.3", "10.0.0.2", 6, 2, new byte[40]));
        final TemplatePort wire = new TemplatePort(1, packet(encap, peer, 5001, known));
        try (Switch weft = launch(1, from, to, wire)) {
            network(weft, encap, peer);
            machines(weft, peer);
            assertAllocatesNothing(weft);
            assertTrue(wire.sent > LOOPS && to.sent > LOOPS);
        }
    }

    @Test
    void shouldAllocateNothingFromTrunkToTrunkWhereTagsAreStrippedAndPushed() {
        final TemplatePort from = new TemplatePort(1, tag(0x8100, 10, frame(NEAR)), tag(0x8100, 10, frame(FAR)));
        final TemplatePort to = new TemplatePort(1);
        try (Switch weft = launch(1, from, to, new TemplatePort(1))) {
            network(weft, Encapsulation.VXLAN, "10.2.0.1");
            port(weft, "from", Map.of(10, "t/n"), 0);
            port(weft, "to", Map.of(20, "t/n"), 0);
            get(weft.control().addMac("t/n", -1, NEAR, "to"));
            get(weft.control().addMac("t/n", -1, FAR, "10.2.0.1"));
            assertAllocatesNothing(weft);
            assertTrue(to.sent > LOOPS);
        }
    }

    @Test
    void shouldAllocateNothingForEachDropOfAPort() {
        final byte[] good = frame(NEAR);
        final byte[] spoofed = ethernet(NEAR, NEAR, 0x88b5, new byte[46]);
        final byte[] hairpin = ethernet(SOURCE, SOURCE, 0x88b5, new byte[46]);
        final TemplatePort from = new TemplatePort(
                1,
                new byte[10],
                tag(0x8100, 7, good),
                tag(0x8100, 0, tag(0x8100, 7, good)),
                spoofed,
                ethernet(0x0180c2000003L, SOURCE, 0x88b5, new byte[46]),
                hairpin);
        try (Switch weft = launch(1, from, new TemplatePort(1), new TemplatePort(1))) {
            network(weft, Encapsulation.VXLAN, "10.2.0.1");
            port(weft, "from", Map.of(), SOURCE);
            port(weft, "to", Map.of(), 0);
            assertAllocatesNothing(weft);
        }
    }

    @Test
    void shouldAllocateNothingForEachDropOfATunnel() {
        final byte[] good = packet(Encapsulation.VXLAN, "10.2.0.1", 5001, frame(NEAR));
        final byte[] damaged = good.clone();
        damaged[60] ^= 1;
        final byte[] header = good.clone();
        header[24] ^= 1;
        final byte[] foreign = ethernet(NEAR, FAR, 0x0800, ipv4("10.2.0.1", "10.1.0.9", 17, 0, udp(5, 4789)));
        final byte[] notIp = ethernet(0xffffffffffffL, FAR, 0x88b5, new byte[46]);
        final byte[] congested = ethernet(
                0x02000a010001L,
                FAR,
                0x0800,
                ip(
                        "10.2.0.1",
                        "10.1.0.1",
                        17,
                        3,
                        udp(
                                5,
                                4789,
                                vxlan(5001),
                                ethernet(NEAR, FAR, 0x0800, ipv4("10.0.0.1", "10.0.0.2", 17, 0, new byte[20])))));
        final TemplatePort wire = new TemplatePort(
                1,
                damaged,
                header,
                foreign,
                notIp,
                congested,
                new byte[7],
                packet(Encapsulation.VXLAN, "10.2.0.1", 77, frame(NEAR)),
                packet(Encapsulation.VXLAN, "10.9.0.1", 5001, frame(NEAR)),
                packet(Encapsulation.VXLAN, "10.2.0.1", 5001, tag(0x8100, 5, frame(NEAR))),
                packet(Encapsulation.VXLAN, "10.2.0.1", 5001, new byte[5]));
        try (Switch weft = launch(1, new TemplatePort(1), new TemplatePort(1), wire)) {
            network(weft, Encapsulation.VXLAN, "10.2.0.1");
            machines(weft, "10.2.0.1");
            assertAllocatesNothing(weft);
            assertTrue(get(weft.control().status()).books().sent() == 0);
        }
    }

    @ParameterizedTest(name = "to {0}")
    @ValueSource(longs = {NEAR, FAR, 0x0300_0000_0001L})
    void shouldAllocateNothingForSegmentsToAPortATunnelAndBoth(final long to) {
        final byte[] datagram = new byte[20 + 4000];
        datagram[12] = 0x50;
        final byte[] large = ethernet(to, SOURCE, 0x0800, ipv4("10.0.0.1", "10.0.0.2", 6, 0, datagram));
        final TemplatePort from = new TemplatePort(1, large).words(1, 1, 1000, 34, 16);
        final TemplatePort sink = new TemplatePort(1);
        final TemplatePort wire = new TemplatePort(1);
        try (Switch weft = launch(1, from, sink, wire)) {
            network(weft, Encapsulation.VXLAN, "10.2.0.1");
            machines(weft, "10.2.0.1");
            assertAllocatesNothing(weft);
            assertTrue(sink.sent + wire.sent > 4 * LOOPS);
        }
    }

    @Test
    void shouldAllocateNothingWhenAWorkerHandsFramesToAnother() {
        final TemplatePort from = new TemplatePort(1, frame(NEAR));
        final TemplatePort to = new TemplatePort(1);
        try (Switch weft = launch(2, from, to, new TemplatePort(2))) {
            network(weft, Encapsulation.VXLAN, "10.2.0.1");
            machines(weft, "10.2.0.1");
            assertAllocatesNothing(weft);
            assertTrue(to.sent > LOOPS);
        }
    }

    /**
     * Calls of C functions allocate where the compiler gave up inlining them, which depends on what the virtual machine did
     * before: so these have one of their own, as a switch has.
     */
    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"split", "packed", "kernel"})
    void shouldAllocateNothingWhereTheSystemIsCalled(final String path) throws Exception {
        final Process process = new ProcessBuilder(
                        ProcessHandle.current().info().command().orElseThrow(),
                        "--enable-native-access=ALL-UNNAMED",
                        "--add-exports=java.base/jdk.internal.misc=ALL-UNNAMED",
                        "-XX:CompilerThreadStackSize=16384",
                        "-XX:+UseSerialGC",
                        "-Xmx512m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        PathAllocationTest.class.getName(),
                        path)
                .inheritIO()
                .start();
        try {
            assertTrue(process.waitFor(4, TimeUnit.MINUTES), "it takes too long");
            assertEquals(0, process.exitValue());
        } finally {
            process.destroyForcibly();
        }
    }

    /** @param arguments which path */
    public static void main(final String[] arguments) throws Exception {
        if ("kernel".equals(arguments[0])) {
            overTheKernelsSockets();
        } else {
            fromGuestToGuest("packed".equals(arguments[0]));
        }
    }

    private static void fromGuestToGuest(final boolean packed) throws Exception {
        final long features =
                VirtioFeatures.VERSION_1 | VirtioFeatures.MRG_RXBUF | (packed ? VirtioFeatures.RING_PACKED : 0);
        try (Guests guests = new Guests()) {
            final GuestNic a = guests.guest("a", features);
            final GuestNic b = guests.guest("b", features);
            get(guests.net.control.addMac(Guests.NETWORK, -1, NEAR, "b"));
            final byte[] frame = frame(NEAR);
            final long slot = a.ram.allocate(4096, 64);
            Mem.copy(frame, 0, a.ram.host(slot) + 12, frame.length);
            final long[] seen = new long[2];
            assertAllocatesNothing(
                    () -> round(guests.net.weft, a, slot, frame.length + 12, b, seen), () -> seen[0], () -> seen[1]);
        }
    }

    /** Twenty frames out of one guest's ring into another's, whose buffers are given back. */
    private static void round(
            final Switch weft,
            final GuestNic from,
            final long slot,
            final int length,
            final GuestNic to,
            final long[] seen) {
        final DriverRing out = from.rings[1];
        final DriverRing in = to.rings[0];
        out.collect(out.size);
        for (int i = 0; i < 20; i++) {
            out.buffer(slot, length, false).add(0);
        }
        if (out.publish()) {
            from.kick(1).signal();
        }
        final long before = THREADS.getCurrentThreadAllocatedBytes();
        weft.pumpWorkers();
        seen[1] += THREADS.getCurrentThreadAllocatedBytes() - before;
        final int came = in.collect(in.size);
        seen[0] += came;
        for (int i = 0; i < came; i++) {
            in.buffer(in.cookie[i], 2048, true).add(in.cookie[i]);
        }
        in.publish();
    }

    private static void overTheKernelsSockets() {
        final TemplatePort from = new TemplatePort(1, frame(FAR));
        final TemplatePort to = new TemplatePort(1);
        try (Switch here = kernel("127.0.0.1", "127.0.0.2", from);
                Switch there = kernel("127.0.0.2", "127.0.0.1", to)) {
            get(here.control().addMac("t/n", -1, FAR, "127.0.0.2"));
            get(there.control().addMac("t/n", -1, FAR, "m"));
            here.pump();
            there.pump();
            assertAllocatesNothing(
                    () -> {
                        here.pumpWorkers();
                        there.pumpWorkers();
                    },
                    () -> to.sent);
        }
    }

    private static Switch kernel(final String own, final String peer, final TemplatePort port) {
        final UnderlaySpec underlay = new UnderlaySpec(
                List.of(IpAddress.parse(own)), false, UnderlaySpec.Device.KERNEL, 0, List.of(), 0, Map.of(), 0);
        final Switch weft = Switch.launch(new SwitchContext()
                .pumped(true)
                .underlay(underlay)
                .maxTunnels(64)
                .maxNetworks(16)
                .macCapacity(256)
                .portFactory((spec, n, mtu) -> port));
        get(weft.control().putTenant(new TenantSpec("t", 1024)));
        network(weft, Encapsulation.VXLAN, peer);
        port(weft, "m", Map.of(), 0);
        return weft;
    }
}
