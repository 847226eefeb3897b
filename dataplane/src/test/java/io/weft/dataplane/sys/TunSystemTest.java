package io.weft.dataplane.sys;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.encap.Mem;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Makes a TAP device of its own, which is gone with the test. */
@Tag("system")
class TunSystemTest {
    private static final String NAME = "wftest" + Libc.getpid() % 1_000_000;
    private static final long MAC = 0x02000000aa01L;
    private static final int NEIGHBOR_SOLICITATION_OR_SO = 0x86dd;

    private final long memory = Mem.allocate(4096, 64);

    @Test
    void shouldPassFramesBothWays() throws ErrnoException {
        try (Tun tun = Tun.open(NAME, 2)) {
            assertEquals(0, tun.setOffload(Tun.TUN_F_CSUM | Tun.TUN_F_TSO4 | Tun.TUN_F_TSO6));
            tun.device().setMac(MAC);
            tun.device().setMtu(1400);
            tun.device().setUp(true);
            assertEquals(MAC, tun.device().mac());
            assertEquals(1400, tun.device().mtu());
            assertTrue(tun.device().isUp());

            final long before = statistic("rx_packets");
            Mem.fill(memory, 12 + 60, 0);
            Mem.fill(memory + 12, 6, 0xff);
            Mem.putShort(memory + 12 + 12, 0x88b5);
            assertEquals(72, Libc.write(tun.fd(0), memory, 72));
            assertEquals(72, Libc.write(tun.fd(1), memory, 72));
            assertEquals(before + 2, statistic("rx_packets"));

            // The host's IPv6 greets every new interface; whatever comes first has a header and an Ethernet type.
            awaitReadable(tun);
            final int length = Math.max(Libc.read(tun.fd(0), memory, 4096), Libc.read(tun.fd(1), memory, 4096));
            assertTrue(length >= 12 + 14, () -> "read " + length);
            assertEquals(NEIGHBOR_SOLICITATION_OR_SO, Mem.getShort(memory + 12 + 12));
        }
        assertFalse(Files.exists(Path.of("/sys/class/net", NAME)));
    }

    @Test
    void shouldRefuseADeviceThatAnotherHolds() throws ErrnoException {
        try (Tun mine = Tun.open(NAME, 2)) {
            for (final int queues : new int[] {1, 2}) {
                final ErrnoException taken = assertThrows(ErrnoException.class, () -> Tun.open(NAME, queues));
                assertEquals(Errno.EBUSY, taken.errno());
                assertTrue(taken.getMessage().contains("another program holds it"), taken.getMessage());
            }
            assertEquals(2, mine.queues());
        }
        Tun.open(NAME, 1).close();
    }

    @Test
    void shouldRefuseWhenNameIsTaken() {
        final ErrnoException taken = assertThrows(ErrnoException.class, () -> Tun.open("lo", 1));
        assertEquals(
                "tap lo: a device of this name is there and is not a TAP: choose another name", taken.getMessage());
        final ErrnoException named = assertThrows(ErrnoException.class, () -> Tun.open("a-name-too-long-x", 1));
        assertTrue(named.getMessage().contains("1 to 15 characters"));
    }

    @Test
    void shouldRefuseReadingNothing() throws ErrnoException {
        try (Tun tun = Tun.open(NAME + "d", 1)) {
            assertEquals(-Errno.EAGAIN, Libc.read(tun.fd(0), memory, 4096));
            assertEquals(-Errno.EIO, Libc.write(tun.fd(0), memory, 72));
        }
    }

    private static void awaitReadable(final Tun tun) throws ErrnoException {
        try (Epoll epoll = new Epoll(2)) {
            epoll.add(tun.fd(0), Events.EPOLLIN, 0);
            epoll.add(tun.fd(1), Events.EPOLLIN, 1);
            assertTrue(epoll.await(10_000) > 0, "nothing came in 10 s");
        }
    }

    private static long statistic(final String name) {
        try {
            return Long.parseLong(Files.readString(Path.of("/sys/class/net", NAME, "statistics", name))
                    .trim());
        } catch (final java.io.IOException gone) {
            throw new AssertionError(gone);
        }
    }
}
