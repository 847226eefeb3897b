package io.weft.dataplane;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.dataplane.api.NetworkSpec;
import io.weft.dataplane.api.PortSpec;
import io.weft.dataplane.api.PortSpec.VhostSpec;
import io.weft.dataplane.api.Rows;
import io.weft.dataplane.api.TenantSpec;
import io.weft.dataplane.api.UnderlaySpec;
import io.weft.dataplane.port.MemoryPort;
import io.weft.dataplane.vhost.VirtioFeatures;
import io.weft.dataplane.vhost.frontend.Frontend;
import io.weft.dataplane.vhost.frontend.GuestNic;
import io.weft.encap.Encapsulation;
import io.weft.encap.IpAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The underlay is a vhost-user port that the switch has to itself; its neighbour is a fixed one. */
class VhostUnderlayTest {
    private static final long OWN = 0x0200_0000_aa01L;
    private static final long PEER = 0x0200_0000_bb02L;
    private static final long A = 0x0200_0000_000aL;
    private static final long B = 0x0200_0000_000bL;

    @TempDir
    Path folder;

    private final MemoryPort[] ports = {new MemoryPort(), new MemoryPort()};
    private Switch weft;

    @ParameterizedTest(name = "{0} workers, {1} queue pairs, {2}, packed {3}")
    @CsvSource({
        "1,1,VXLAN,false",
        "1,1,NVGRE,true",
        "2,1,VXLAN,false",
        "2,1,NVGRE,true",
        "2,2,VXLAN,true",
        "3,2,NVGRE,false"
    })
    void shouldEncapsulateAndDecapsulateOverSharedMemory(
            final int workers, final int pairs, final Encapsulation encap, final boolean packed) throws Exception {
        final String path = folder.resolve("wire.sock").toString();
        final Frontend frontend = new Frontend(this::pump).listen(path);
        weft = Switch.launch(new SwitchContext()
                .pumped(true)
                .adaptive(false)
                .workers(workers)
                .seed(1)
                .underlay(spec(path, pairs))
                .portFactory((spec, n, mtu) -> ports[spec.name().charAt(1) - '0']));
        try (GuestNic wire = new GuestNic(frontend.accept(), pairs, 256, 2048)) {
            wire.start(VirtioFeatures.VERSION_1
                    | VirtioFeatures.MQ
                    | VirtioFeatures.CSUM
                    | (packed ? VirtioFeatures.RING_PACKED : 0));
            assertEquals(0, wire.features() & VirtioFeatures.CSUM);
            final NetworkSpec network = TestSwitch.spec("t/n", 5001, encap);
            TestSwitch.get(weft.control().putTenant(new TenantSpec("t", 256)));
            TestSwitch.get(weft.control().putNetwork(network));
            TestSwitch.get(weft.control().addPeer("t/n", IpAddress.parse("10.77.0.2")));
            for (final String name : List.of("p0", "p1")) {
                TestSwitch.get(weft.control()
                        .putPort(new PortSpec(name, PortSpec.Kind.MEMORY, name, "t/n", Map.of(), 0, 0, 0)));
            }
            // By one worker or another: each port is polled by its own.
            for (int p = 0; p < ports.length; p++) {
                for (final int size : new int[] {60, 300, 1514}) {
                    exchange(wire, ports[p], p, size, encap);
                }
            }
            final Rows.Status status = TestSwitch.get(weft.control().status());
            assertTrue(status.books().balanced(), status.books().toString());
            assertEquals(0, status.books().dropped());
        } finally {
            weft.close();
        }
    }

    private void exchange(
            final GuestNic wire, final MemoryPort port, final int p, final int size, final Encapsulation encap) {
        final byte[] out = TestFrames.ethernet(B + p, A + p, 0x88b5, new byte[size - 14]);
        assertTrue(port.inject(out));
        pump();
        // ARP's announcements come when they are due.
        final List<GuestNic.Received> sent = wire.receive().stream()
                .filter(received -> TestFrames.u16(received.frame, 12) == 0x0800)
                .toList();
        assertEquals(1, sent.size());
        final byte[] packet = sent.getFirst().frame;
        final int headers = 14 + 20 + (encap == Encapsulation.VXLAN ? 16 : 8);
        assertEquals(PEER >>> 32, TestFrames.u16(packet, 0));
        assertEquals(OWN & 0xffff, TestFrames.u16(packet, 10));
        assertArrayEquals(out, TestFrames.slice(packet, headers));
        ports[1 - p].poll();

        final byte[] in = TestFrames.ethernet(A + p, B + p, 0x88b5, new byte[size - 14]);
        in[size - 1] = (byte) p;
        final byte[] payload = encap == Encapsulation.VXLAN
                ? TestFrames.udp(50_000, 4789, TestFrames.vxlan(5001), in)
                : TestFrames.concat(TestFrames.nvgre(5001, 7), in);
        final byte[] arriving = TestFrames.ethernet(
                OWN,
                PEER,
                0x0800,
                TestFrames.ip("10.77.0.2", "10.77.0.1", encap == Encapsulation.VXLAN ? 17 : 47, 0, payload));
        wire.send(arriving);
        pump();
        assertArrayEquals(in, port.poll());
    }

    private static UnderlaySpec spec(final String path, final int pairs) {
        return new UnderlaySpec(
                List.of(IpAddress.parse("10.77.0.1")),
                false,
                UnderlaySpec.Device.PORT,
                OWN,
                List.of(),
                24,
                Map.of(IpAddress.parse("10.77.0.2"), PEER),
                1600,
                0,
                0,
                new PortSpec(
                        "underlay",
                        PortSpec.Kind.VHOST_USER,
                        path,
                        null,
                        Map.of(),
                        pairs,
                        1600,
                        0,
                        VhostSpec.client(path)));
    }

    private void pump() {
        int idle = 0;
        while (idle < 66) {
            idle = weft.pump() ? 0 : idle + 1;
        }
    }
}
