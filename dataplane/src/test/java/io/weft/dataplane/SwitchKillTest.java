package io.weft.dataplane;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.dataplane.sys.ErrnoException;
import io.weft.dataplane.vhost.VirtioFeatures;
import io.weft.dataplane.vhost.frontend.DriverRing;
import io.weft.dataplane.vhost.frontend.Frontend;
import io.weft.dataplane.vhost.frontend.GuestNic;
import io.weft.encap.Mem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Two guests that stay, and a switch that is killed under their traffic and started again, in a process of its own. Guest
 * a sends numbered frames, guest b counts: of each kill at most a burst may be lost and a burst repeated on the wire. The
 * drivers complain when a descriptor comes back twice, and in the end each has come back.
 */
class SwitchKillTest {
    private static final int KILLS = 4;
    private static final int RING = 256;
    private static final int SLOT = 2048;
    private static final int WINDOW = 128;
    private static final int FRAME = 64;
    private static final long PATIENCE = 30_000_000_000L;

    private final long seed = System.nanoTime();
    private final Random random = new Random(seed);
    private final BitSet seen = new BitSet();
    private int sent;
    private int received;
    private int repeated;
    /** Frames that may still come, counted since the last start of the switch. */
    private int open;

    @TempDir
    private Path folder;

    private GuestNic a;
    private GuestNic b;
    private long slots;

    @Tag("H19")
    @ParameterizedTest(name = "packed rings: {0}")
    @ValueSource(booleans = {false, true})
    void shouldLoseOrRepeatABurstAtMostWhenItIsKilled(final boolean packed) throws IOException {
        System.out.println("seed " + seed);
        final long wanted = VirtioFeatures.VERSION_1
                | VirtioFeatures.MRG_RXBUF
                | VirtioFeatures.EVENT_IDX
                | (packed ? VirtioFeatures.RING_PACKED : 0);
        try (Frontend frontendA = frontend("a");
                Frontend frontendB = frontend("b")) {
            Process process = KilledSwitch.start(folder);
            try {
                b = new GuestNic(frontendB.accept(), 1, RING, SLOT).start(wanted);
                a = new GuestNic(frontendA.accept(), 1, RING, SLOT).start(wanted);
                slots = a.ram.allocate((long) RING * SLOT, 4096);
                for (int kill = 0; kill < KILLS; kill++) {
                    traffic(300 + random.nextInt(3000));
                    process.destroyForcibly().waitFor();
                    process = KilledSwitch.start(folder);
                    resume(b, wanted, packed);
                    resume(a, wanted, packed);
                    open = RING - a.rings[1].free();
                }
                traffic(500);
                drain();
            } catch (final InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException(e);
            } finally {
                process.destroyForcibly();
            }
            final int lost = sent - seen.cardinality();
            System.out.println(
                    ">> " + sent + " frames, " + KILLS + " kills: " + lost + " lost, " + repeated + " repeated");
            assertTrue(lost <= KILLS * Burst.CAPACITY, lost + " frames lost in " + KILLS + " kills");
            assertTrue(repeated <= KILLS * Burst.CAPACITY, repeated + " frames came twice in " + KILLS + " kills");
            assertEquals(RING, a.rings[1].free(), "descriptors that did not come back");
            b.checkUntouched();
        } finally {
            if (a != null) {
                a.ram.close();
            }
            if (b != null) {
                b.ram.close();
            }
        }
    }

    private Frontend frontend(final String name) throws ErrnoException {
        return new Frontend(() -> LockSupport.parkNanos(20_000))
                .listen(folder.resolve(name + ".sock").toString());
    }

    /** As QEMU does after a lost connection: it cannot say where a packed ring stands, and says the beginning. */
    private static void resume(final GuestNic guest, final long wanted, final boolean packed) throws ErrnoException {
        guest.frontend.hangUp();
        guest.frontend.accept();
        guest.negotiate(wanted);
        assertEquals(0, guest.frontend.memory(guest.ram));
        for (int r = 0; r < 2; r++) {
            // Enabled first, as QEMU does: what waits in a transmit ring that runs disabled is to be thrown away.
            guest.frontend.enable(r, true);
            guest.start(r, packed ? 0x8000_8000 : 0);
        }
    }

    private void traffic(final int frames) {
        final int until = sent + frames;
        final long deadline = System.nanoTime() + PATIENCE;
        while (sent < until) {
            send(Math.min(until - sent, 1 + random.nextInt(Burst.CAPACITY)));
            receive();
            assertTrue(System.nanoTime() - deadline < 0, "traffic stands still: " + received + " of " + sent + " came");
        }
    }

    private void send(final int frames) {
        final DriverRing ring = a.rings[1];
        ring.collect(RING);
        for (int i = 0; i < frames && open < WINDOW && ring.free() > 0; i++) {
            final long slot = slots + (long) (sent % RING) * SLOT;
            final long host = a.ram.host(slot);
            Mem.fill(host, 12, 0);
            Mem.copy(frame(sent), 0, host + 12, FRAME);
            assertTrue(ring.buffer(slot, 12 + FRAME, false).add(slot));
            sent++;
            open++;
        }
        if (ring.publish()) {
            a.kick(1).signal();
        }
    }

    private static byte[] frame(final int number) {
        final byte[] body = ByteBuffer.allocate(FRAME - 14).putInt(number).array();
        return TestFrames.ethernet(0x0200_0000_000bL, 0x0200_0000_000aL, 0x88b5, body);
    }

    private void receive() {
        for (final GuestNic.Received one : b.receive()) {
            final int number = ByteBuffer.wrap(one.frame).getInt(14);
            assertTrue(number >= 0 && number < sent, "frame " + number + " was never sent");
            received++;
            open = Math.max(0, open - 1);
            if (seen.get(number)) {
                repeated++;
            }
            seen.set(number);
        }
    }

    /** Until all descriptors have come back and nothing came for a while. */
    private void drain() {
        final long deadline = System.nanoTime() + PATIENCE;
        int quiet = 0;
        while ((quiet < 200 || a.rings[1].free() < RING) && System.nanoTime() - deadline < 0) {
            final int before = received;
            receive();
            a.rings[1].collect(RING);
            quiet = received == before ? quiet + 1 : 0;
            LockSupport.parkNanos(1_000_000);
        }
    }
}
