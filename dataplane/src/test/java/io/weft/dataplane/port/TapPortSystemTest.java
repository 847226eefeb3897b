package io.weft.dataplane.port;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.dataplane.Burst;
import io.weft.dataplane.DropReason;
import io.weft.dataplane.TxQueue;
import io.weft.dataplane.api.SwitchException;
import io.weft.dataplane.sys.Epoll;
import io.weft.dataplane.sys.Events;
import io.weft.dataplane.sys.Libc;
import io.weft.dataplane.sys.NetworkNamespace;
import io.weft.encap.Ethernet;
import io.weft.encap.Mem;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A TAP in a network namespace of the test's own, whose host side talks UDP. */
@Tag("system")
class TapPortSystemTest {
    private static final long HOST = 0x02000000aa01L;
    private static final String PEER = "02:00:00:00:bb:02";
    private static final int UDP = 14 + 20;

    private final Burst burst = new Burst();
    private final TxQueue tx = new TxQueue();
    private NetworkNamespace space;
    private TapPort port;

    @BeforeEach
    void open() throws Exception {
        space = new NetworkNamespace("wftap" + Libc.getpid());
        port = space.in(() -> TapPort.open("h1", 1, 1400, HOST));
        space.ip("addr", "add", "10.9.0.1/24", "dev", "h1");
        space.ip("neigh", "add", "10.9.0.2", "lladdr", PEER, "dev", "h1");
    }

    @AfterEach
    void close() {
        port.close();
        space.close();
    }

    @Test
    void shouldGiveHostsDatagramWithChecksumToFillIn() throws Exception {
        try (DatagramSocket host = host()) {
            send(host, "hello");
            awaitUdp();
            final long head = burst.head[0];
            assertEquals(HOST, Ethernet.source(head));
            assertEquals("hello", new String(Mem.bytes(head + UDP + 8, 5), StandardCharsets.UTF_8));
            assertEquals(Burst.NEEDS_CSUM, burst.vnetFlags[0] & Burst.NEEDS_CSUM);
            assertEquals(UDP, burst.csumStart[0]);
            assertEquals(6, burst.csumOffset[0]);
            assertEquals(burst.length[0], burst.headLength[0]);
            port.queue(0).rxRelease();
        }
    }

    @Test
    void shouldGatherPrefixHeadAndBodyForTheHost() throws Exception {
        try (DatagramSocket host = host()) {
            send(host, "hello, body");
            awaitUdp();
            turnRound(burst.head[0]);
            // The same frame in three pieces: its first 12 bytes from elsewhere, and what follows "hello" as a segment.
            final int cut = UDP + 8 + 5;
            final long macs = Mem.allocate(12, 8);
            final long body = Mem.allocate(64, 8);
            Mem.copy(burst.head[0], macs, 12);
            Mem.copy(burst.head[0] + cut, body, burst.length[0] - cut);
            Mem.fill(burst.head[0], 12, 0);
            burst.headLength[0] = cut;
            burst.segmentCount[0] = 1;
            burst.firstSegment[0] = 0;
            burst.segmentAddress[0] = body;
            burst.segmentLength[0] = burst.length[0] - cut;
            final int entry = tx.add(0, -1, false);
            tx.prefix[entry] = macs;
            tx.prefixLength[entry] = 12;
            tx.skip[entry] = 12;
            port.queue(0).txBurst(burst, tx);
            assertEquals(0, tx.refused[0]);
            assertArrayEquals("hello, body".getBytes(StandardCharsets.UTF_8), receive(host));
        }
    }

    @Test
    void shouldRefuseWhenDeviceIsDown() throws Exception {
        final long frame = Mem.allocate(Burst.HEADROOM + 64, 64) + Burst.HEADROOM;
        assertEquals(1400, port.mtu());
        assertEquals(HOST, port.mac());
        burst.add(frame, 60);
        tx.add(0, -1, false);
        space.ip("link", "set", "h1", "down");
        port.queue(0).txBurst(burst, tx);
        assertEquals(DropReason.PORT_DOWN.ordinal(), tx.refused[0]);
        space.ip("link", "set", "h1", "up");
        port.queue(0).txBurst(burst, tx);
        assertEquals(0, tx.refused[0]);
    }

    @Test
    void shouldFallSilentWhenDeviceIsDeleted() throws Exception {
        final long frame = Mem.allocate(Burst.HEADROOM + 64, 64) + Burst.HEADROOM;
        space.ip("link", "del", "h1");
        drain();
        burst.add(frame, 60);
        tx.add(0, -1, false);
        port.queue(0).txBurst(burst, tx);
        assertEquals(DropReason.PORT_DOWN.ordinal(), tx.refused[0]);
        assertEquals("device h1 was deleted: remove the port and add it again", port.state());
        try (Epoll epoll = new Epoll(1)) {
            epoll.add(port.queue(0).wakeFd(), Events.EPOLLIN, 1);
            assertEquals(0, epoll.await(0));
        }
    }

    @Test
    void shouldAttachToPersistentDeviceThatIsThere() throws Exception {
        space.ip("tuntap", "add", "h2", "mode", "tap");
        final TapPort there = space.in(() -> TapPort.open("h2", 1, 0, 0));
        assertEquals("up", space.in(there::state));
        there.close();
        space.ip("link", "show", "h2");
        final AssertionError two =
                assertThrows(AssertionError.class, () -> space.in(() -> TapPort.open("h2", 2, 0, 0)));
        assertTrue(two.getCause() instanceof SwitchException, two.getMessage());
        assertTrue(two.getCause().getMessage().contains("multi_queue"), two.getMessage());
    }

    @Test
    void shouldSayWhoHoldsTheDevice() throws Exception {
        final AssertionError busy = assertThrows(
                AssertionError.class,
                () -> space.in(() -> {
                    space.ip("tuntap", "add", "h3", "mode", "tap");
                    final TapPort holder = TapPort.open("h3", 1, 0, 0);
                    try {
                        return TapPort.open("h3", 1, 0, 0);
                    } finally {
                        holder.close();
                    }
                }));
        assertEquals(
                "tap h3: in use by another program: stop that one or choose another name",
                busy.getCause().getMessage());
    }

    private DatagramSocket host() throws Exception {
        final DatagramSocket host = space.in(() -> new DatagramSocket(new InetSocketAddress("10.9.0.1", 7000)));
        host.setSoTimeout(10_000);
        return host;
    }

    private static void send(final DatagramSocket host, final String text) throws Exception {
        final byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        host.send(new DatagramPacket(bytes, bytes.length, InetAddress.getByName("10.9.0.2"), 7001));
    }

    private static byte[] receive(final DatagramSocket host) throws Exception {
        final DatagramPacket packet = new DatagramPacket(new byte[2000], 2000);
        host.receive(packet);
        return java.util.Arrays.copyOf(packet.getData(), packet.getLength());
    }

    /** Reads until the burst's first frame is the datagram; the namespace's IPv6 greets first. */
    private void awaitUdp() throws Exception {
        try (Epoll epoll = new Epoll(1)) {
            epoll.add(port.queue(0).wakeFd(), Events.EPOLLIN, 1);
            while (epoll.await(10_000) > 0) {
                burst.clear();
                final int count = port.queue(0).rxBurst(burst);
                for (int i = 0; i < count; i++) {
                    if (Ethernet.type(burst.head[i]) == Ethernet.TYPE_IPV4) {
                        assertEquals(count - 1, i, "the datagram comes last");
                        keep(i);
                        return;
                    }
                }
            }
        }
        throw new AssertionError("no datagram in 10 s");
    }

    private void keep(final int i) {
        burst.head[0] = burst.head[i];
        burst.length[0] = burst.length[i];
        burst.headLength[0] = burst.headLength[i];
        burst.vnetFlags[0] = burst.vnetFlags[i];
        burst.gsoType[0] = burst.gsoType[i];
        burst.csumStart[0] = burst.csumStart[i];
        burst.csumOffset[0] = burst.csumOffset[i];
    }

    /** Swaps addresses and ports: the checksum, which is of both, stays what it is. */
    private static void turnRound(final long frame) {
        final byte[] macs = Mem.bytes(frame, 12);
        Mem.copy(macs, 0, frame + 6, 6);
        Mem.copy(macs, 6, frame, 6);
        final int source = Mem.getInt(frame + 26);
        Mem.putInt(frame + 26, Mem.getInt(frame + 30));
        Mem.putInt(frame + 30, source);
        final int ports = Mem.getInt(frame + UDP);
        Mem.putInt(frame + UDP, Integer.rotateLeft(ports, 16));
    }

    private void drain() {
        burst.clear();
        while (port.queue(0).rxBurst(burst) > 0) {
            burst.clear();
        }
    }
}
