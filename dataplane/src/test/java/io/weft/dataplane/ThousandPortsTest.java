package io.weft.dataplane;

import static io.weft.dataplane.TestSwitch.get;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.dataplane.api.PortSpec;
import io.weft.dataplane.api.PortSpec.VhostSpec;
import io.weft.dataplane.api.Rows;
import io.weft.dataplane.port.MemoryPort;
import io.weft.encap.Encapsulation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A host full of guests that are switched off: sockets that nobody connects to, and one port that is busy. */
class ThousandPortsTest {
    private static final int PORTS = 1_000;
    private static final long A = 0x02000000000aL;
    private static final long B = 0x02000000000bL;

    @TempDir
    private Path folder;

    private final Map<String, MemoryPort> memory = new HashMap<>();

    private TestSwitch start() {
        final TestSwitch weft = new TestSwitch(
                new SwitchContext(),
                (spec, workers, mtu) -> spec.kind() == PortSpec.Kind.VHOST_USER
                        ? OpenPorts.open(spec, workers, mtu, folder)
                        : memory.computeIfAbsent(spec.name(), name -> new MemoryPort()));
        return weft.tenant("t")
                .network("t/n", 5001, Encapsulation.VXLAN)
                .access("a", "t/n")
                .access("b", "t/n");
    }

    private PortSpec guest(final int number) {
        final String path = folder.resolve(number + ".sock").toString();
        return new PortSpec(
                "vm" + number, PortSpec.Kind.VHOST_USER, path, "t/n", Map.of(), 1, 0, 0, VhostSpec.server(path));
    }

    private void exchange(final TestSwitch weft) {
        final byte[] there = TestFrames.ethernet(B, A, 0x88b5, new byte[46]);
        final byte[] back = TestFrames.ethernet(A, B, 0x88b5, new byte[46]);
        assertTrue(memory.get("a").inject(there));
        assertTrue(memory.get("b").inject(back));
        weft.pump();
        assertEquals(1, frames("b"));
        assertEquals(1, frames("a"));
    }

    private int frames(final String port) {
        int frames = 0;
        while (memory.get(port).poll() != null) {
            frames++;
        }
        return frames;
    }

    private static long openFiles() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("/proc/self/fd"))) {
            return files.count();
        }
    }

    @Test
    void shouldForwardBesideAThousandGuestsThatAreOffAndLetThemGo() throws IOException {
        try (TestSwitch weft = start()) {
            exchange(weft);
            final long before = openFiles();
            for (int i = 0; i < PORTS; i++) {
                get(weft.control.putPort(guest(i)));
            }
            assertTrue(Files.exists(folder.resolve("999.sock")));
            exchange(weft);
            for (int i = 0; i < 2 * PollSet.QUIET_POLLS; i++) {
                weft.weft.pump();
            }
            final Rows.Status status = weft.status();
            assertEquals(PORTS + 2, status.ports().size());
            assertEquals(List.of(), status.problems());
            final Rows.PortRow row = status.ports().getLast();
            assertTrue(row.state().startsWith(Rows.WAITING), row.state());
            assertEquals("server", row.vhost().role());
            assertEquals(1, row.vhost().pairsOffered());
            // Memory ports and the wire have nothing to sleep on; guests without a ring are not polled.
            assertEquals(3, status.workers().getFirst().polled());
            exchange(weft);

            for (int i = 0; i < PORTS; i++) {
                get(weft.control.removePort("vm" + i));
            }
            exchange(weft);
            assertFalse(Files.exists(folder.resolve("999.sock")));
            assertEquals(before, openFiles());
            assertTrue(weft.books().balanced());
        }
    }
}
