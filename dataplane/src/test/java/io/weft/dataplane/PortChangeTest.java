package io.weft.dataplane;

import static io.weft.dataplane.TestSwitch.get;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.dataplane.api.PortSpec;
import io.weft.dataplane.api.PortSpec.VhostSpec;
import io.weft.dataplane.api.Rows;
import io.weft.dataplane.api.SwitchException;
import io.weft.dataplane.port.MemoryPort;
import io.weft.encap.Encapsulation;
import io.weft.encap.MacAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A guest's port that changes while it is open. */
class PortChangeTest {
    private static final String A = "02:00:00:00:00:0a";
    private static final String B = "02:00:00:00:00:0b";
    private static final String C = "02:00:00:00:00:0c";

    private final TestSwitch weft = new TestSwitch("10.1.0.1")
            .tenant("t")
            .tenant("u")
            .network("t/n", 5001, Encapsulation.VXLAN)
            .network("u/n", 5002, Encapsulation.VXLAN)
            .access("b", "t/n")
            .access("c", "u/n");

    @AfterEach
    void close() {
        weft.close();
    }

    private static PortSpec guest(final String network, final Map<Integer, String> trunk, final String mac) {
        return new PortSpec(
                "a",
                PortSpec.Kind.VHOST_USER,
                "/run/a",
                network,
                trunk,
                1,
                0,
                mac == null ? 0 : MacAddress.parse(mac),
                VhostSpec.client("/run/a"));
    }

    private void put(final String network, final String mac) {
        get(weft.control.putPort(guest(network, Map.of(), mac)));
    }

    private static byte[] frame(final String from, final String to) {
        return TestFrames.ethernet(MacAddress.parse(to), MacAddress.parse(from), 0x88b5, new byte[46]);
    }

    @Test
    void shouldMoveAGuestToAnotherNetworkWithoutOpeningItsPortAgain() {
        put("t/n", null);
        final MemoryPort port = weft.port("a");
        weft.send("a", frame(A, B));
        weft.send("b", frame(B, A));
        assertEquals(1, weft.sent("a").size());
        assertEquals("a", weft.locationOf("t/n", A));
        weft.sent("b");

        put("u/n", null);

        assertSame(port, weft.port("a"));
        assertEquals(null, weft.locationOf("t/n", A));
        weft.send("b", frame(B, A));
        assertEquals(List.of(), weft.sent("a"));
        final byte[] frame = frame(C, A);
        weft.send("c", frame);
        final List<byte[]> seen = weft.sent("a");
        assertEquals(1, seen.size());
        assertArrayEquals(frame, seen.getFirst());
        weft.send("a", frame(A, C));
        assertEquals(1, weft.sent("c").size());
        assertEquals(List.of(), weft.sent("b"));
        assertTrue(weft.books().balanced());
    }

    @Test
    void shouldHoldAGuestToItsNewAddressAtOnceAndCountWhatItSpoofs() {
        put("t/n", null);
        weft.send("a", frame(C, B));
        weft.send("a", frame(C, B));
        assertEquals(2, weft.sent("b").size());

        put("t/n", A);

        weft.send("a", frame(C, B));
        weft.send("a", frame(A, B));
        assertEquals(1, weft.sent("b").size());
        final var row = get(weft.control.drops()).stream()
                .filter(drop -> drop.reason().equals("spoofed-source-mac"))
                .findFirst()
                .orElseThrow();
        assertEquals(1, row.count());
        assertEquals("a", row.port());
        assertEquals("t/n", row.network());
        final var traffic = weft.status().ports().stream()
                .filter(port -> port.name().equals("a"))
                .findFirst()
                .orElseThrow()
                .traffic();
        assertEquals(1, traffic.rxDropped());
        assertEquals(null, weft.locationOf("t/n", C));
    }

    @Test
    void shouldLetANetworkGoWhenItsLastGuestIsDetached() {
        put("u/n", null);
        get(weft.control.removePort("c"));
        assertThrows(SwitchException.class, () -> get(weft.control.removeNetwork("u/n")));
        get(weft.control.putPort(guest(null, Map.of(), null)));
        get(weft.control.removeNetwork("u/n"));
        weft.send("a", frame(A, B));
        assertEquals(List.of(), weft.sent("b"));
        get(weft.control.putPort(guest(null, Map.of(7, "t/n"), null)));
        weft.send("b", frame(B, A));
        assertEquals(1, weft.sent("a").size());
        assertTrue(weft.books().balanced());
    }

    @Test
    void shouldKeepTheSocketThatAGuestMayBeConnectedTo(@TempDir final Path folder) throws IOException {
        final Path path = folder.resolve("vm.sock");
        try (TestSwitch real = new TestSwitch(
                new SwitchContext(), (spec, workers, mtu) -> OpenPorts.open(spec, workers, mtu, folder))) {
            real.tenant("t").network("t/n", 5001, Encapsulation.VXLAN).network("t/m", 5002, Encapsulation.VXLAN);
            get(real.control.putPort(served(path, "t/n", 0)));
            final Object before =
                    Files.readAttributes(path, BasicFileAttributes.class).fileKey();
            get(real.control.putPort(served(path, "t/m", 1400)));
            final Rows.PortRow row = real.status().ports().getFirst();
            assertEquals(List.of("t/m"), row.networks());
            assertEquals(1400, row.mtu());
            assertEquals(
                    before,
                    Files.readAttributes(path, BasicFileAttributes.class).fileKey());
        }
    }

    @Test
    void shouldWaitForTheFolderOfASocket(@TempDir final Path state) throws IOException {
        final Path path = state.resolve("later/vm.sock");
        try (TestSwitch real = new TestSwitch(
                new SwitchContext(), (spec, workers, mtu) -> OpenPorts.open(spec, workers, mtu, state))) {
            real.tenant("t").network("t/n", 5001, Encapsulation.VXLAN);
            get(real.control.putPort(served(path, "t/n", 0)));
            final String waits = real.status().ports().getFirst().state();
            assertTrue(waits.startsWith(Rows.WAITING) && waits.contains("there is no folder"), waits);
            Files.createDirectory(path.getParent());
            real.advance(5_000);
            real.pump();
            assertTrue(Files.exists(path));
        }
    }

    private static PortSpec served(final Path path, final String network, final int mtu) {
        return new PortSpec(
                "vm",
                PortSpec.Kind.VHOST_USER,
                path.toString(),
                network,
                Map.of(),
                1,
                mtu,
                0,
                VhostSpec.server(path.toString()));
    }

    @Test
    void shouldRefuseWhatNeedsAnotherSocket() {
        put("t/n", null);
        final PortSpec other = new PortSpec(
                "a", PortSpec.Kind.VHOST_USER, "/run/b", "t/n", Map.of(), 1, 0, 0, VhostSpec.client("/run/b"));
        final SwitchException refused = assertThrows(SwitchException.class, () -> get(weft.control.putPort(other)));
        assertEquals("port a is there already: remove it first", refused.getMessage());
    }
}
