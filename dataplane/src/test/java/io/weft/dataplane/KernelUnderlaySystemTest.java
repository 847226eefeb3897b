package io.weft.dataplane;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.dataplane.api.NetworkSpec.UdpChecksum;
import io.weft.dataplane.api.SwitchException;
import io.weft.dataplane.sys.Epoll;
import io.weft.dataplane.sys.Errno;
import io.weft.dataplane.sys.Events;
import io.weft.dataplane.sys.Libc;
import io.weft.dataplane.sys.NetworkNamespace;
import io.weft.dataplane.sys.Sockets;
import io.weft.encap.Encapsulation;
import io.weft.encap.Ipv4;
import io.weft.encap.Mem;
import io.weft.encap.Nvgre;
import io.weft.encap.Udp;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Two hosts: network namespaces of the test's own with a cable between them. */
@Tag("system")
class KernelUnderlaySystemTest {
    private static final int PORT = 4789;
    private static final String A4 = "10.1.0.1";
    private static final String B4 = "10.1.0.2";
    private static final String A6 = "fd00:1::1";
    private static final String B6 = "fd00:1::2";

    private NetworkNamespace spaceA;
    private NetworkNamespace spaceB;
    private KernelEnd a;
    private KernelEnd b;

    @BeforeEach
    void open() throws Exception {
        final String name = "wfku" + Libc.getpid();
        spaceA = new NetworkNamespace(name + "a");
        spaceB = new NetworkNamespace(name + "b");
        spaceA.ip("link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", spaceB.name());
        cable(spaceA, A4, A6);
        cable(spaceB, B4, B6);
        spaceA.awaitCarrier("eth0");
        spaceB.awaitCarrier("eth0");
        a = spaceA.in(() -> new KernelEnd(0, A4, A6));
        b = spaceB.in(() -> new KernelEnd(0, B4, B6));
    }

    @AfterEach
    void close() {
        a.close();
        b.close();
        spaceA.close();
        spaceB.close();
    }

    private static void cable(final NetworkNamespace space, final String v4, final String v6) {
        space.ip("addr", "add", v4 + "/24", "dev", "eth0");
        space.ip("-6", "addr", "add", v6 + "/64", "dev", "eth0", "nodad");
        space.ip("link", "set", "eth0", "up");
    }

    @ParameterizedTest
    @CsvSource({
        "VXLAN,4789,10.1.0.2",
        "VXLAN,4789,fd00:1::2",
        "GENEVE,6081,10.1.0.2",
        "GENEVE,6081,fd00:1::2",
        "NVGRE,0,10.1.0.2",
        "NVGRE,0,fd00:1::2"
    })
    @Tag("N6")
    void shouldReachTheOtherHost(final Encapsulation encap, final int port, final String to) throws Exception {
        listen(b, spaceB, encap, port);
        final Tunnel tunnel = tunnel(encap, UdpChecksum.AUTO, port, to);
        for (int i = 0; i < 8; i++) {
            a.burst.ecn[a.tx.frame[a.put(tunnel, 400 - (i == 7 ? 100 : 0), i, 3)]] = 2;
        }
        a.send();
        int seen = 0;
        while (seen < 8) {
            final int count = b.receive();
            for (int i = 0; i < count; i++, seen++) {
                assertEquals(0, a.tx.refused[seen]);
                assertEquals(8 + (seen == 7 ? 300 : 400), b.in.length[i]);
                assertEquals(seen, b.frame(i)[8]);
                assertEquals(2, b.in.outerEcn[i]);
                assertEquals(0, b.in.refused[i]);
                assertEquals(to.contains(":") ? 6 : 4, b.in.sourceFamily[i]);
                assertEquals(to.contains(":") ? 1 : 0x0a010001, b.in.sourceLo[i]);
            }
        }
        assertEquals(0, b.poll());
    }

    @Test
    @Tag("N2")
    void shouldBeginNvgreAtTheGreHeader() throws Exception {
        listen(b, spaceB, Encapsulation.NVGRE, 0);
        final Tunnel tunnel = tunnel(Encapsulation.NVGRE, UdpChecksum.AUTO, 0, B4);
        a.put(tunnel, 60, 1, 0x7f000000);
        a.send();
        assertEquals(1, b.receive());
        assertEquals(Nvgre.FIRST_WORD, Mem.getInt(b.in.head[0]));
        assertEquals(KernelEnd.VNI, Nvgre.vsid(b.in.head[0]));
        assertEquals(0x7f, Nvgre.flowId(b.in.head[0]));
    }

    @ParameterizedTest
    @CsvSource({
        "VXLAN,4789,239.1.2.3",
        "GENEVE,6081,ff0e::1:5",
        "VXLAN,4789,ff02::1:6",
        "NVGRE,0,239.1.2.4",
        "NVGRE,0,ff0e::1:7"
    })
    @Tag("V14")
    @Tag("N8")
    void shouldReachWhoJoinedTheGroup(final Encapsulation encap, final int port, final String group) throws Exception {
        listen(a, spaceA, encap, port);
        listen(b, spaceB, encap, port);
        final Tunnel tunnel = tunnel(encap, UdpChecksum.AUTO, port, group);
        a.put(tunnel, 100, 1, 1);
        a.send();
        spaceB.in(() -> {
            b.join(encap, port, group);
            return 0;
        });
        a.put(tunnel, 101, 2, 1);
        a.put(tunnel, 102, 2, 1);
        a.send();
        assertEquals(DropReason.NONE, DropReason.of(a.tx.refused[0]));
        int count = b.receive();
        assertEquals(8 + 101, b.in.length[0]);
        count += count == 2 ? 0 : b.receive();
        assertEquals(2, count);
        assertEquals(0, a.poll(), "own frames are not looped back");
        b.underlay.leave(encap, port, io.weft.encap.IpAddress.parse(group));
    }

    @Test
    @Tag("V8")
    @Tag("N7")
    @Tag("G15")
    void shouldRefuseEachFrameThatThePathDoesNotTake() throws Exception {
        spaceA.ip("link", "set", "eth0", "mtu", "1400");
        listen(b, spaceB, Encapsulation.VXLAN, PORT);
        listen(b, spaceB, Encapsulation.NVGRE, 0);
        final Tunnel vxlan = tunnel(Encapsulation.VXLAN, UdpChecksum.AUTO, PORT, B4);
        final Tunnel nvgre = tunnel(Encapsulation.NVGRE, UdpChecksum.AUTO, 0, B6);
        final int fits = 1400 - 36;
        // A run of frames that are too big, then one of frames that fit; the same alone; the same over GRE.
        final int[] sizes = {fits + 1, fits + 1, fits + 1, fits, fits, fits, fits + 1};
        for (final int size : sizes) {
            a.put(vxlan, size, 1, 1);
        }
        a.put(nvgre, 1400 - 48, 1, 1);
        a.put(nvgre, 1400 - 47, 1, 1);
        a.send();
        final int tooBig = DropReason.TOO_BIG_FOR_TUNNEL.ordinal();
        final int[] expected = {tooBig, tooBig, tooBig, 0, 0, 0, tooBig, 0, tooBig};
        assertArrayEquals(expected, java.util.Arrays.copyOf(a.tx.refused, expected.length));
    }

    @Test
    void shouldRefuseWhenThereIsNoRoute() throws Exception {
        final Tunnel tunnel = tunnel(Encapsulation.VXLAN, UdpChecksum.AUTO, PORT, "203.0.113.7");
        a.put(tunnel, 100, 1, 1);
        a.put(tunnel, 100, 1, 1);
        a.send();
        assertEquals(DropReason.UNDERLAY_UNREACHABLE.ordinal(), a.tx.refused[0]);
        assertEquals(DropReason.UNDERLAY_UNREACHABLE.ordinal(), a.tx.refused[1]);
    }

    /** What is on the wire, as a raw UDP socket sees it: IP header and all. */
    @ParameterizedTest
    @CsvSource({"VXLAN,AUTO,false", "VXLAN,ON,true", "GENEVE,AUTO,true", "GENEVE,OFF,false"})
    @Tag("V5")
    @Tag("V6")
    @Tag("V8")
    @Tag("G13")
    @Tag("E1")
    void shouldSendAsTheRfcsSay(final Encapsulation encap, final UdpChecksum checksum, final boolean summed)
            throws Exception {
        final int raw = spaceB.in(
                () -> Sockets.socket(Sockets.AF_INET, Sockets.SOCK_RAW | Sockets.SOCK_NONBLOCK, Sockets.SOL_UDP));
        try (Epoll epoll = new Epoll(1)) {
            assertTrue(raw >= 0, () -> Errno.message("raw socket", raw));
            epoll.add(raw, Events.EPOLLIN, 0);
            final Tunnel tunnel = tunnel(encap, checksum, encap.defaultPort(), B4);
            a.burst.ecn[a.tx.frame[a.put(tunnel, 100, 1, 1)]] = 1;
            a.send();
            assertTrue(epoll.await(10_000) > 0);
            final long packet = Mem.allocate(2048, 64);
            assertEquals(20 + 8 + 8 + 100, Libc.read(raw, packet, 2048));
            assertEquals(1, Mem.getByte(packet + 1), "TOS: ECT(1) and no DSCP");
            assertEquals(Ipv4.DONT_FRAGMENT, Mem.getShort(packet + Ipv4.FRAGMENT));
            assertEquals(encap.defaultPort(), Mem.getShort(packet + 20 + Udp.DESTINATION_PORT));
            assertEquals(summed, Mem.getShort(packet + 20 + 6) != 0, "UDP checksum");
        } finally {
            Libc.close(raw);
        }
    }

    @Test
    void shouldSayWhichAddressIsMissing() {
        final KernelEnd elsewhere = new KernelEnd(0, "203.0.113.9");
        final SwitchException missing =
                assertThrows(SwitchException.class, () -> elsewhere.listen(Encapsulation.NVGRE, 0, false));
        assertEquals("underlay address 203.0.113.9 is not an address of this host", missing.getMessage());
        elsewhere.close();
    }

    private static void listen(
            final KernelEnd end, final NetworkNamespace space, final Encapsulation encap, final int port)
            throws Exception {
        space.in(() -> {
            end.listen(encap, port, false);
            return 0;
        });
    }

    private Tunnel tunnel(final Encapsulation encap, final UdpChecksum checksum, final int port, final String to)
            throws Exception {
        return spaceA.in(() -> a.tunnel(encap, checksum, port, to));
    }
}
