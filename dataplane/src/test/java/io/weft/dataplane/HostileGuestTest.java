package io.weft.dataplane;

import static io.weft.dataplane.TestSwitch.get;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.dataplane.api.PortSpec;
import io.weft.dataplane.api.PortSpec.VhostSpec;
import io.weft.dataplane.port.MemoryPort;
import io.weft.dataplane.sys.Libc;
import io.weft.dataplane.sys.UnixMessage;
import io.weft.dataplane.sys.UnixSocket;
import io.weft.dataplane.vhost.VirtioFeatures;
import io.weft.dataplane.vhost.frontend.GuestRam;
import io.weft.dataplane.vhost.frontend.SplitDriver;
import io.weft.encap.Encapsulation;
import io.weft.encap.Mem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A guest whose frontend cuts off the memory that only its used rings lie in: nobody else may feel it. */
@Tag("H6")
class HostileGuestTest {
    private static final long A = 0x02000000000aL;
    private static final long B = 0x02000000000bL;
    private static final long H = 0x02000000000cL;
    private static final long BROADCAST = 0xffffffffffffL;
    private static final int SIZE = 256;
    private static final long FEATURES = VirtioFeatures.VERSION_1 | VirtioFeatures.MRG_RXBUF;
    private static final int SET_FEATURES = 2;
    private static final int SET_MEM_TABLE = 5;
    private static final int SET_VRING_NUM = 8;
    private static final int SET_VRING_ADDR = 9;
    private static final int SET_VRING_BASE = 10;
    private static final int SET_VRING_KICK = 12;

    @TempDir
    private Path folder;

    private final Map<String, MemoryPort> memory = new HashMap<>();
    private final UnixMessage message = new UnixMessage();
    private final long buffer = Mem.allocate(512, 8);
    private final GuestRam ram = GuestRam.of(1 << 20);
    private final GuestRam usedRings = new GuestRam().region(1L << 30, GuestRam.USER_BASE + (1L << 30), 1 << 16, 0);
    private SplitDriver transmit;
    private int socket;

    private TestSwitch start() throws IOException {
        final TestSwitch weft = new TestSwitch(
                new SwitchContext(),
                (spec, workers, mtu) -> spec.kind() == PortSpec.Kind.VHOST_USER
                        ? OpenPorts.open(spec, workers, mtu, folder)
                        : memory.computeIfAbsent(spec.name(), name -> new MemoryPort()));
        weft.tenant("t").network("t/n", 5001, Encapsulation.VXLAN);
        final String path = folder.resolve("h.sock").toString();
        get(weft.control.putPort(
                new PortSpec("h", PortSpec.Kind.VHOST_USER, path, "t/n", Map.of(), 1, 0, 0, VhostSpec.server(path))));
        weft.access("a", "t/n").access("b", "t/n");
        socket = UnixSocket.open();
        assertEquals(0, UnixSocket.connect(socket, new UnixSocket.Address(path)));
        weft.pump();
        say(SET_FEATURES, words(FEATURES));
        say(
                SET_MEM_TABLE,
                words(
                        2,
                        0,
                        1 << 20,
                        GuestRam.USER_BASE,
                        0,
                        1L << 30,
                        1 << 16,
                        usedRings.slot(0).user(),
                        0),
                ram.slot(0).fd(),
                usedRings.slot(0).fd());
        new SplitDriver(ram, SIZE, FEATURES, 0);
        ring(0, new SplitDriver(ram, SIZE, FEATURES, 0), weft);
        transmit = new SplitDriver(ram, SIZE, FEATURES, 0);
        ring(1, transmit, weft);
        weft.pump();
        assertEquals("up", state(weft));
        return weft;
    }

    private void ring(final int index, final SplitDriver driver, final TestSwitch weft) {
        say(SET_VRING_NUM, words(index | (long) SIZE << 32));
        say(SET_VRING_BASE, words(index));
        final long used = usedRings.slot(0).user() + index * 8192L;
        say(SET_VRING_ADDR, words(index, ram.user(driver.descriptors), used, ram.user(driver.driver), 0));
        say(SET_VRING_KICK, words(index | 1 << 8));
        weft.pump();
    }

    private static String state(final TestSwitch weft) {
        return weft.status().ports().stream()
                .filter(row -> row.name().equals("h"))
                .findFirst()
                .orElseThrow()
                .state();
    }

    private static byte[] words(final long... words) {
        final ByteBuffer bytes = ByteBuffer.allocate(words.length * Long.BYTES).order(ByteOrder.nativeOrder());
        for (final long word : words) {
            bytes.putLong(word);
        }
        return bytes.array();
    }

    private void say(final int request, final byte[] payload, final int... fds) {
        Mem.putIntNative(buffer, request);
        Mem.putIntNative(buffer + 4, 1);
        Mem.putIntNative(buffer + 8, payload.length);
        Mem.copy(payload, 0, buffer + 12, payload.length);
        assertEquals(12 + payload.length, message.send(socket, buffer, 12 + payload.length, fds));
    }

    private void sendFromGuest(final int frames) {
        for (int i = 0; i < frames; i++) {
            final byte[] frame = TestFrames.ethernet(BROADCAST, H, 0x88b5, new byte[46]);
            final long at = ram.allocate(128, 64);
            Mem.copy(frame, 0, ram.host(at) + 12, frame.length);
            assertTrue(transmit.buffer(at, 12 + frame.length, false).add(i));
        }
        transmit.publish();
    }

    private void cutOff() {
        assertEquals(0, Libc.ftruncate(usedRings.slot(0).fd(), 0));
    }

    private void expectOthersUnharmed(final TestSwitch weft) {
        for (int i = 0; i < 3; i++) {
            assertTrue(memory.get("a").inject(TestFrames.ethernet(B, A, 0x88b5, new byte[46])));
            weft.weft.pump();
            weft.weft.pump();
        }
        int frames = 0;
        byte[] frame = memory.get("b").poll();
        while (frame != null) {
            frames += Byte.toUnsignedInt(frame[11]) == 0x0a ? 1 : 0;
            frame = memory.get("b").poll();
        }
        assertEquals(3, frames);
        assertTrue(state(weft).contains("cut off"), state(weft));
        assertTrue(weft.books().balanced());
    }

    private void close() {
        Libc.close(socket);
        message.close();
        usedRings.close();
        ram.close();
    }

    @Test
    void shouldServeOthersWhenTheUsedRingIsCutOffWithFramesWaiting() throws IOException {
        try (TestSwitch weft = start()) {
            cutOff();
            sendFromGuest(8);
            expectOthersUnharmed(weft);
        } finally {
            close();
        }
    }

    @Test
    void shouldServeOthersWhenTheUsedRingIsCutOffWhileIdle() throws IOException {
        try (TestSwitch weft = start()) {
            sendFromGuest(1);
            weft.pump();
            cutOff();
            for (int i = 0; i < 2 * PollSet.QUIET_POLLS; i++) {
                weft.weft.pump();
            }
            sendFromGuest(1);
            expectOthersUnharmed(weft);
        } finally {
            close();
        }
    }
}
