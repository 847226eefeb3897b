package io.weft.dataplane;

import static io.weft.dataplane.TestSwitch.get;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.weft.dataplane.api.Capture;
import io.weft.dataplane.api.CaptureSpec;
import io.weft.dataplane.api.PortSpec;
import io.weft.dataplane.api.Rows;
import io.weft.dataplane.api.TenantSpec;
import io.weft.dataplane.api.UnderlaySpec;
import io.weft.dataplane.port.LoopPort;
import io.weft.dataplane.port.Port;
import io.weft.dataplane.underlay.LayerTwoUnderlay;
import io.weft.dataplane.underlay.Neighbors;
import io.weft.encap.Encapsulation;
import io.weft.encap.IpAddress;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A million frames on every way through the switch allocate nothing. */
class PipelineAllocationTest {
    private static final int WARM_LOOPS = 20_000;
    private static final int LOOPS = 31_250;
    /** Whether the network says {@code mss-clamp: on}. */
    private boolean clamps;

    private static final long SOURCE = 0x020000000001L;
    private static final long NEAR = 0x020000000002L;
    private static final long FAR = 0x020000000003L;
    private static final long UNKNOWN = 0x020000000004L;
    private static final long GROUP = 0x0300_0000_0001L;

    @Test
    void shouldAllocateNothingForKnownUnicast() {
        assertAllocatesNothing(frames(NEAR), List.of("10.1.0.9"), 300_000);
    }

    @Test
    void shouldAllocateNothingIntoTunnels() {
        assertAllocatesNothing(frames(FAR), List.of("10.1.0.9"), 300_000);
    }

    @Test
    void shouldAllocateNothingForFloods() {
        assertAllocatesNothing(frames(GROUP), List.of("10.1.0.9", "10.1.0.10", "fd00::9"), 300_000);
    }

    @Test
    void shouldAllocateNothingForUnknownDestinations() {
        assertAllocatesNothing(frames(UNKNOWN), List.of("10.1.0.9"), 300_000);
    }

    @Test
    void shouldAllocateNothingWhenTheFlowCacheMisses() {
        // Entries of an age of 4 ms live for 1: most lookups miss, learn and insert again.
        assertAllocatesNothing(frames(NEAR, FAR), List.of("10.1.0.9"), 4);
    }

    @Test
    void shouldAllocateNothingForDrops() {
        final byte[] tagged = TestFrames.tag(0x8100, 7, frames(NEAR)[0]);
        assertAllocatesNothing(new byte[][] {tagged, new byte[10]}, List.of("10.1.0.9"), 300_000);
    }

    @Test
    void shouldAllocateNothingWhenSendersAreToldWhatFits() {
        final byte[] v4 = TestFrames.ipv4("192.168.0.1", "192.168.0.2", 17, 0, new byte[1600]);
        final byte[] v6 = TestFrames.ipv6("fd00::1", "fd00::2", 17, 0, new byte[1600]);
        final byte[][] frames = {
            TestFrames.ethernet(FAR, SOURCE, 0x0800, v4),
            TestFrames.ethernet(FAR, SOURCE, 0x86dd, v6),
            TestFrames.ethernet(FAR, SOURCE, 0x88b5, new byte[1600])
        };
        assertAllocatesNothing(frames, List.of("10.1.0.9"), 300_000);
    }

    @Test
    void shouldAllocateNothingWhileClamping() {
        clamps = true;
        final byte[] tcp = TestFrames.concat(new byte[20], new byte[] {2, 4, 9, 9});
        tcp[12] = 0x60;
        tcp[13] = 2;
        final byte[] syn =
                TestFrames.ethernet(FAR, SOURCE, 0x0800, TestFrames.ipv4("192.168.0.1", "192.168.0.2", 6, 0, tcp));
        assertAllocatesNothing(new byte[][] {syn}, List.of("10.1.0.9"), 300_000);
    }

    @Test
    void shouldAllocateNothingWhileCapturing() {
        assertAllocatesNothing(frames(NEAR, FAR, GROUP), List.of("10.1.0.9"), 300_000, "from", "to", "underlay");
    }

    /** A burst of consecutive segments leaves as one frame. */
    @Test
    void shouldAllocateNothingWhenSegmentsAreMerged() {
        final Stream stream = new Stream();
        stream.destination = NEAR;
        stream.sourceMac = SOURCE;
        final byte[][] frames = new byte[Burst.CAPACITY][];
        for (int i = 0; i < frames.length; i++) {
            frames[i] = stream.payload(new byte[100]).frame();
            stream.advance();
        }
        final Rows.Books books = assertAllocatesNothing(frames, List.of("10.1.0.9"), 300_000);
        assertTrue(books.merged() > 0.9 * books.received(), books::toString);
    }

    /** A frame of 4,000 bytes leaves as 40. */
    @Test
    void shouldAllocateNothingWhenLargeFramesGoIntoTunnels() {
        final Stream stream = new Stream();
        stream.destination = FAR;
        stream.sourceMac = SOURCE;
        final LargeLoop from =
                new LargeLoop(100, stream.l4(), stream.payload(new byte[4_000]).partial());
        final Rows.Books books = assertAllocatesNothing(from, List.of("10.1.0.9"), 300_000);
        assertTrue(books.segments() > 38 * books.received(), books::toString);
    }

    private static byte[][] frames(final long... destinations) {
        final byte[][] frames = new byte[destinations.length][];
        for (int i = 0; i < destinations.length; i++) {
            frames[i] = TestFrames.ethernet(destinations[i], SOURCE, 0x88b5, new byte[46]);
        }
        return frames;
    }

    private Rows.Books assertAllocatesNothing(
            final byte[][] frames, final List<String> peers, final long macAgeMs, final String... captured) {
        return assertAllocatesNothing(new LoopPort(1500, frames), peers, macAgeMs, captured);
    }

    private Rows.Books assertAllocatesNothing(
            final Port from, final List<String> peers, final long macAgeMs, final String... captured) {
        final LoopPort to = new LoopPort(1500);
        final LoopPort wire = new LoopPort(1600);
        final UnderlaySpec underlay = new UnderlaySpec(
                List.of(IpAddress.parse("10.1.0.1"), IpAddress.parse("fd00::1")),
                false,
                UnderlaySpec.Device.MEMORY,
                0,
                List.of(),
                24,
                Map.of(),
                1600);
        try (Switch weft = Switch.launch(new SwitchContext()
                .pumped(true)
                .underlay(underlay)
                .maxTunnels(64)
                .maxNetworks(16)
                .macCapacity(256)
                .portFactory((port, workers, mtu) -> "from".equals(port.name()) ? from : to)
                .underlayFactory((spec, n) -> new LayerTwoUnderlay(spec, wire, n, Neighbors.derived(spec))))) {
            get(weft.control().putTenant(new TenantSpec("t", 1024)));
            final var plain = TestSwitch.spec("t/n", 5001, Encapsulation.VXLAN);
            get(weft.control()
                    .putNetwork(new io.weft.dataplane.api.NetworkSpec(
                            plain.tenant(),
                            plain.name(),
                            plain.vni(),
                            plain.encap(),
                            plain.port(),
                            true,
                            false,
                            plain.udpChecksum(),
                            100,
                            macAgeMs,
                            null,
                            clamps)));
            for (final String peer : peers) {
                get(weft.control().addPeer("t/n", IpAddress.parse(peer)));
            }
            for (final String port : List.of("from", "to")) {
                get(weft.control().putPort(new PortSpec(port, PortSpec.Kind.MEMORY, port, "t/n", Map.of(), 0, 0, 0)));
            }
            get(weft.control().addMac("t/n", -1, NEAR, "to"));
            get(weft.control().addMac("t/n", -1, FAR, peers.get(0)));
            final List<Capture> captures = new ArrayList<>();
            for (final String port : captured) {
                captures.add(get(weft.control().capture(new CaptureSpec(port, true, true, true, 9_000, null))));
            }
            final Thread reader = Thread.ofPlatform().daemon().start(() -> read(captures));
            for (int i = 0; i < WARM_LOOPS; i++) {
                weft.pump();
            }
            final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
            final long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < LOOPS; i++) {
                weft.pumpWorkers();
            }
            final double perFrame =
                    (double) (threads.getCurrentThreadAllocatedBytes() - before) / (LOOPS * Burst.CAPACITY);
            assertTrue(perFrame < 0.1, () -> perFrame + " bytes a frame");
            final Rows.Books books = get(weft.control().status()).books();
            assertTrue(books.balanced());
            reader.interrupt();
            return books;
        }
    }

    /** Gives the rings' room back, so that records are made and not only refused. */
    private static void read(final List<Capture> captures) {
        while (!captures.isEmpty() && !Thread.interrupted()) {
            captures.forEach(capture -> capture.poll(frame -> true, 10_000));
        }
    }
}
