package io.weft.dataplane.sys;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.weft.encap.Mem;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** GRE over loopback, which needs CAP_NET_RAW. */
@Tag("system")
class RawSocketSystemTest {
    private final long out = Mem.allocate(64, 64);
    private final long in = Mem.allocate(2048, 64);
    private final MessageBatch batch = new MessageBatch(1, 1);

    @ParameterizedTest
    @ValueSource(ints = {Sockets.AF_INET, Sockets.AF_INET6})
    void shouldReceiveGre(final int family) throws ErrnoException {
        final long loopback = family == Sockets.AF_INET ? 0x7f000001L : 1;
        try (UnderlaySocket to = RawSocket.receiver(family, 0, loopback, 0);
                UnderlaySocket from = RawSocket.sender(family, 0, loopback)) {
            Mem.putLong(out, 0x2000655800138807L);
            batch.setName(0, batch.name(0), SocketAddresses.write(batch.name(0), family, 0, loopback, 0));
            batch.setIov(0, 0, out, 8);
            batch.setIovCount(0, 1);
            batch.clearControl(0);
            batch.addTos(0, family, 3);
            assertEquals(1, Sockets.sendmmsg(from.fd(), batch.message(0), 1, 0));

            receive(to);
            final int header = family == Sockets.AF_INET ? 20 : 0;
            assertEquals(header + 8, batch.length(0));
            assertEquals(0x2000655800138807L, Mem.getLong(in + header));
            batch.readControl(0);
            assertEquals(3, batch.tos());
            batch.prepareReceive(1);
            assertEquals(-Errno.EAGAIN, Sockets.recvmmsg(from.fd(), batch.message(0), 1, Sockets.MSG_DONTWAIT, 0));
        }
    }

    @Test
    void shouldSayWhoseAddressItIsNot() {
        final ErrnoException foreign =
                assertThrows(ErrnoException.class, () -> RawSocket.sender(Sockets.AF_INET, 0, 0xcb007107L));
        assertEquals("underlay address 203.0.113.7 is not an address of this host", foreign.getMessage());
    }

    private void receive(final UnderlaySocket socket) {
        batch.setName(0, batch.name(0), SocketAddresses.SIZE);
        batch.setIov(0, 0, in, 2048);
        batch.prepareReceive(1);
        assertEquals(1, Sockets.recvmmsg(socket.fd(), batch.message(0), 1, Sockets.MSG_DONTWAIT, 0));
    }
}
