package io.weft.dataplane.sys;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.encap.Mem;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UdpBatchTest {
    private static final int PAYLOAD = 100;
    private static final long LOOPBACK_V4 = 0x7f000001L;

    private final long out = Mem.allocate(65536, 64);
    private final long in = Mem.allocate(8 * 65536, 64);
    private final MessageBatch sent = new MessageBatch(8, 2);
    private final MessageBatch received = new MessageBatch(8, 1);

    @ParameterizedTest
    @ValueSource(ints = {Sockets.AF_INET, Sockets.AF_INET6})
    void shouldReceiveWhatABatchSent(final int family) throws ErrnoException {
        try (UnderlaySocket to = receiver(family);
                UnderlaySocket from = UdpSocket.sender(family, 0, loopback(family), 0, true, true)) {
            for (int i = 0; i < 4; i++) {
                Mem.putInt(out + i * 8L, 0x01010101 * (i + 1));
                message(i, family, to.port());
                sent.setIov(i, 0, out + i * 8L, 1);
                sent.setIov(i, 1, out + i * 8L, 3);
                sent.setIovCount(i, 2);
            }
            assertEquals(4, Sockets.sendmmsg(from.fd(), sent.message(0), 4, 0));
            assertEquals(4, receive(to));
            for (int i = 0; i < 4; i++) {
                assertEquals(4, received.length(i));
                assertEquals(0x01010101 * (i + 1), Mem.getInt(in + i * 65536L));
                assertEquals(family, SocketAddresses.family(received.name(i)));
                assertEquals(loopback(family), SocketAddresses.lo(received.name(i)));
                assertEquals(0, SocketAddresses.hi(received.name(i)));
                assertEquals(from.port(), SocketAddresses.port(received.name(i)));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {Sockets.AF_INET, Sockets.AF_INET6})
    void shouldArriveTogetherWhenSentAsSegments(final int family) throws ErrnoException {
        try (UnderlaySocket to = receiver(family);
                UnderlaySocket from = UdpSocket.sender(family, 0, loopback(family), 0, true, true)) {
            Mem.fill(out, 10 * PAYLOAD, 7);
            message(0, family, to.port());
            sent.setIov(0, 0, out, 9 * PAYLOAD + 10);
            sent.setIovCount(0, 1);
            sent.addSegmentSize(0, PAYLOAD);
            sent.addTos(0, family, 2);
            assertEquals(1, Sockets.sendmmsg(from.fd(), sent.message(0), 1, 0));
            assertEquals(1, receive(to));
            received.readControl(0);
            assertEquals(9 * PAYLOAD + 10, received.length(0));
            assertEquals(PAYLOAD, received.segmentSize());
            assertEquals(2, received.tos());
            assertArrayEquals(Mem.bytes(out, 910), Mem.bytes(in, 910));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {Sockets.AF_INET, Sockets.AF_INET6})
    void shouldCarryEcnOfEachMessage(final int family) throws ErrnoException {
        try (UnderlaySocket to = receiver(family);
                UnderlaySocket from = UdpSocket.sender(family, 0, loopback(family), 0, true, false)) {
            for (int ecn = 0; ecn < 4; ecn++) {
                message(ecn, family, to.port());
                sent.setIov(ecn, 0, out, 1 + ecn);
                sent.setIovCount(ecn, 1);
                sent.addTos(ecn, family, ecn);
            }
            assertEquals(4, Sockets.sendmmsg(from.fd(), sent.message(0), 4, 0));
            assertEquals(4, receive(to));
            for (int ecn = 0; ecn < 4; ecn++) {
                received.readControl(ecn);
                assertEquals(ecn, received.tos());
                assertEquals(0, received.segmentSize());
            }
        }
    }

    @Test
    void shouldRefuseSegmentsWhenChecksumIsOff() throws ErrnoException {
        try (UnderlaySocket from = UdpSocket.sender(Sockets.AF_INET, 0, LOOPBACK_V4, 0, true, false)) {
            message(0, Sockets.AF_INET, 9);
            sent.setIov(0, 0, out, 300);
            sent.setIovCount(0, 1);
            sent.addSegmentSize(0, PAYLOAD);
            assertEquals(-Errno.EINVAL, Sockets.sendmmsg(from.fd(), sent.message(0), 1, 0));
        }
    }

    @Test
    @Tag("U1")
    @Tag("U2")
    void shouldDropDatagramWithoutChecksumOverIpv6WhenNotAllowed() throws ErrnoException {
        try (UnderlaySocket to = UdpSocket.receiver(Sockets.AF_INET6, 0, 1, 0, true);
                UnderlaySocket without = UdpSocket.sender(Sockets.AF_INET6, 0, 1, 0, true, false);
                UnderlaySocket with = UdpSocket.sender(Sockets.AF_INET6, 0, 1, 0, true, true)) {
            message(0, Sockets.AF_INET6, to.port());
            sent.setIov(0, 0, out, 4);
            sent.setIovCount(0, 1);
            assertEquals(1, Sockets.sendmmsg(without.fd(), sent.message(0), 1, 0));
            assertEquals(-Errno.EAGAIN, receive(to));
            assertEquals(1, Sockets.sendmmsg(with.fd(), sent.message(0), 1, 0));
            assertEquals(1, receive(to));
        }
    }

    @Test
    void shouldDropWhatArrivesAtASender() throws ErrnoException {
        try (UnderlaySocket to = UdpSocket.sender(Sockets.AF_INET, 0, LOOPBACK_V4, 0, true, true);
                UnderlaySocket from = UdpSocket.sender(Sockets.AF_INET, 0, LOOPBACK_V4, 0, true, true)) {
            message(0, Sockets.AF_INET, to.port());
            sent.setIov(0, 0, out, 4);
            sent.setIovCount(0, 1);
            assertEquals(1, Sockets.sendmmsg(from.fd(), sent.message(0), 1, 0));
            assertEquals(-Errno.EAGAIN, receive(to));
        }
    }

    @Test
    void shouldSharePortAmongReceiversButNotWithSenders() throws ErrnoException {
        try (UnderlaySocket first = receiver(Sockets.AF_INET)) {
            try (UnderlaySocket second = UdpSocket.receiver(Sockets.AF_INET, 0, LOOPBACK_V4, first.port(), false)) {
                assertEquals(first.port(), second.port());
            }
            final ErrnoException taken = assertThrows(
                    ErrnoException.class,
                    () -> UdpSocket.sender(Sockets.AF_INET, 0, LOOPBACK_V4, first.port(), true, true));
            assertEquals(Errno.EADDRINUSE, taken.errno());
            assertTrue(
                    taken.getMessage()
                            .startsWith("UDP port " + first.port() + " on 127.0.0.1 is in use by another program: "),
                    taken.getMessage());
        }
    }

    @Test
    void shouldSayWhoseAddressItIsNot() {
        final ErrnoException foreign = assertThrows(
                ErrnoException.class, () -> UdpSocket.receiver(Sockets.AF_INET, 0, 0xcb007107L, 4789, true));
        assertEquals("underlay address 203.0.113.7 is not an address of this host", foreign.getMessage());
    }

    @Test
    void shouldSetDontFragment() throws ErrnoException {
        try (UnderlaySocket v4 = receiver(Sockets.AF_INET);
                UnderlaySocket v6 = receiver(Sockets.AF_INET6)) {
            assertEquals(Sockets.IP_PMTUDISC_DO, v4.option(Sockets.IPPROTO_IP, Sockets.IP_MTU_DISCOVER));
            assertEquals(1, v6.option(Sockets.IPPROTO_IPV6, Sockets.IPV6_DONTFRAG));
            assertEquals(1, v6.option(Sockets.IPPROTO_IPV6, Sockets.IPV6_V6ONLY));
        }
    }

    @Test
    void shouldKnowWhichDeviceHoldsAnAddress() {
        assertEquals(NetDevices.index("lo"), NetDevices.indexOf(Sockets.AF_INET, 0, LOOPBACK_V4));
        assertEquals(NetDevices.index("lo"), NetDevices.indexOf(Sockets.AF_INET, 0, LOOPBACK_V4 + 1));
        assertTrue(NetDevices.mtuOf(Sockets.AF_INET, 0, LOOPBACK_V4) >= 1500);
        assertEquals(0, NetDevices.indexOf(Sockets.AF_INET, 0, 0xcb007107L));
    }

    private static long loopback(final int family) {
        return family == Sockets.AF_INET ? LOOPBACK_V4 : 1;
    }

    private static UnderlaySocket receiver(final int family) throws ErrnoException {
        final UnderlaySocket socket = UdpSocket.receiver(family, 0, loopback(family), 0, true);
        socket.allowZeroChecksum6(true);
        return socket;
    }

    private void message(final int i, final int family, final int port) {
        final int length = SocketAddresses.write(sent.name(i), family, 0, loopback(family), port);
        sent.setName(i, sent.name(i), length);
        sent.clearControl(i);
    }

    private int receive(final UnderlaySocket socket) {
        for (int i = 0; i < received.capacity(); i++) {
            received.setIov(i, 0, in + i * 65536L, 65536);
            received.setIovCount(i, 1);
        }
        received.prepareReceive(received.capacity());
        return Sockets.recvmmsg(socket.fd(), received.message(0), received.capacity(), Sockets.MSG_DONTWAIT, 0);
    }
}
