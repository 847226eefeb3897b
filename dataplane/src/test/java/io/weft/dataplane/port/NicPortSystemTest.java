package io.weft.dataplane.port;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.dataplane.Burst;
import io.weft.dataplane.DropReason;
import io.weft.dataplane.TxQueue;
import io.weft.dataplane.api.NicMode;
import io.weft.dataplane.api.SwitchException;
import io.weft.dataplane.bpf.XdpFilter;
import io.weft.dataplane.sys.Epoll;
import io.weft.dataplane.sys.Events;
import io.weft.dataplane.sys.Libc;
import io.weft.dataplane.sys.NetworkNamespace;
import io.weft.encap.Mem;
import java.io.BufferedReader;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Ports over the two ends of a cable between namespaces. */
@Tag("system")
class NicPortSystemTest {
    /** How an end of the cable is opened. */
    enum Kind {
        XDP_NATIVE,
        XDP_SKB,
        PACKET;

        NicPort open(final String device, final boolean shared) {
            return switch (this) {
                case XDP_NATIVE -> XdpPort.open(device, NicMode.NATIVE, shared, XdpFilter.VLAN_NONE, false);
                case XDP_SKB -> XdpPort.open(device, NicMode.SKB, shared, XdpFilter.VLAN_NONE, false);
                case PACKET -> PacketPort.open(device, 1, shared, XdpFilter.VLAN_NONE, false);
            };
        }
    }

    /** For experiments (IEEE 802, section 9.2.4): the namespaces' own stacks send none. */
    private static final int ETHER_TYPE = 0x88b5;

    private static final int HEADER = 14;

    private final Burst out = new Burst();
    private final TxQueue tx = new TxQueue();
    private final Burst in = new Burst();
    private final List<NicPort> ports = new ArrayList<>();
    private NetworkNamespace spaceA;
    private NetworkNamespace spaceB;

    @BeforeEach
    void open() {
        final String name = "wfnic" + Libc.getpid();
        spaceA = new NetworkNamespace(name + "a");
        spaceB = new NetworkNamespace(name + "b");
        cable(1500);
    }

    @AfterEach
    void close() {
        ports.forEach(NicPort::close);
        spaceA.close();
        spaceB.close();
    }

    private void cable(final int mtu) {
        final String bytes = Integer.toString(mtu);
        spaceA.ip("link", "add", "eth0", "mtu", bytes, "type", "veth", "peer", "name", "eth0", "netns", spaceB.name());
        spaceB.ip("link", "set", "eth0", "mtu", bytes, "up");
        spaceA.ip("link", "set", "eth0", "up");
        spaceA.awaitCarrier("eth0");
    }

    private NicPort open(final NetworkNamespace space, final Kind kind) throws Exception {
        final NicPort port = space.in(() -> kind.open("eth0", false));
        ports.add(port);
        return port;
    }

    /** A frame of that many bytes: broadcast, then a number and pseudo-random bytes, in pieces of 700. */
    private byte[] put(final int length, final int number) {
        final byte[] frame = new byte[length];
        new Random(number).nextBytes(frame);
        Mem.copy(frame, 0, at(number), length);
        final long head = at(number);
        Mem.fill(head, 6, 0xff);
        Mem.putShort(head + 12, ETHER_TYPE);
        Mem.putInt(head + HEADER, number);
        final int i = out.size;
        final int piece = Math.min(length, 700);
        out.add(head + 10, piece - 10);
        out.length[i] = length - 10;
        out.firstSegment[i] = out.segments;
        for (int done = piece; done < length; done += 700) {
            out.segmentAddress[out.segments] = head + done;
            out.segmentLength[out.segments++] = Math.min(700, length - done);
            out.segmentCount[i]++;
        }
        final int entry = tx.add(i, -1, false);
        tx.prefix[entry] = head;
        tx.prefixLength[entry] = 12;
        tx.skip[entry] = 2;
        return Mem.bytes(head, length);
    }

    private final long memory = Mem.allocate(64L * 10_240, 64);

    private long at(final int number) {
        return memory + (number & 63) * 10_240L;
    }

    private void send(final PortQueue queue) {
        queue.txBurst(out, tx);
        for (int i = 0; i < tx.size; i++) {
            assertEquals(0, tx.refused[i], () -> DropReason.of(tx.refused[0]).text());
        }
        out.clear();
        tx.clear();
    }

    /** The next frames of ours, at least one. */
    private List<byte[]> receive(final NicPort port) {
        final long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        final List<byte[]> frames = new ArrayList<>();
        while (frames.isEmpty()) {
            assertTrue(System.nanoTime() < deadline, "no frame in 20 s");
            for (int q = 0; q < port.queues(); q++) {
                in.clear();
                if (port.queue(q).rxBurst(in) == 0) {
                    continue;
                }
                for (int i = 0; i < in.size; i++) {
                    assertEquals(0, in.refused[i]);
                    assertEquals(0, in.segmentCount[i]);
                    if (Mem.getShort(in.head[i] + 12) == ETHER_TYPE) {
                        frames.add(Mem.bytes(in.head[i], in.length[i]));
                    }
                }
                port.queue(q).rxRelease();
            }
        }
        return frames;
    }

    @ParameterizedTest
    @EnumSource
    void shouldCarryFramesBothWaysRoundTheRingsManyTimes(final Kind kind) throws Exception {
        final NicPort a = open(spaceA, kind);
        final NicPort b = open(spaceB, kind);
        for (int round = 0; round < 400; round++) {
            final NicPort from = round % 2 == 0 ? a : b;
            final NicPort to = round % 2 == 0 ? b : a;
            final List<byte[]> sent = new ArrayList<>();
            for (int i = 0; i < Burst.CAPACITY; i++) {
                sent.add(put(60 + (round * 32 + i) % 1455, i));
            }
            send(from.queue(0));
            final List<byte[]> got = new ArrayList<>();
            while (got.size() < sent.size()) {
                got.addAll(receive(to));
            }
            assertEquals(sent.size(), got.size());
            for (int i = 0; i < sent.size(); i++) {
                assertArrayEquals(sent.get(i), got.get(i), "round " + round + " frame " + i);
            }
        }
        assertTrue(b.dropsBefore().isEmpty(), () -> b.dropsBefore().toString());
    }

    @ParameterizedTest
    @EnumSource
    void shouldWakeWhoSleeps(final Kind kind) throws Exception {
        final NicPort a = open(spaceA, kind);
        final NicPort b = open(spaceB, kind);
        try (Epoll epoll = new Epoll(1)) {
            epoll.add(b.queue(0).wakeFd(), Events.EPOLLIN, 7);
            in.clear();
            while (b.queue(0).rxBurst(in) > 0) {
                b.queue(0).rxRelease();
                in.clear();
            }
            b.queue(0).arm();
            final byte[] sent = put(64, 1);
            send(a.queue(0));
            assertEquals(1, epoll.await(20_000));
            assertArrayEquals(sent, receive(b).getFirst());
            assertTrue(b.queue(0).arm());
            assertEquals(0, epoll.await(0));
        }
    }

    @ParameterizedTest
    @CsvSource({"XDP_SKB, 9000", "XDP_SKB, 9216", "XDP_NATIVE, 9000", "XDP_NATIVE, 3400", "PACKET, 9216"})
    void shouldCarryJumboFrames(final Kind kind, final int mtu) throws Exception {
        spaceA.ip("link", "del", "eth0");
        cable(mtu);
        final NicPort a = open(spaceA, kind);
        final NicPort b = open(spaceB, kind);
        assertEquals(mtu, b.mtu());
        for (int round = 0; round < 100; round++) {
            for (int i = 0; i < 20; i++) {
                final byte[] small = put(60 + i, 1);
                final byte[] sent = put(mtu + HEADER - 40 * i - round % 39, 2);
                send(a.queue(0));
                final List<byte[]> got = new ArrayList<>(receive(b));
                while (got.size() < 2) {
                    got.addAll(receive(b));
                }
                assertArrayEquals(small, got.get(0));
                assertArrayEquals(sent, got.get(1));
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void shouldRefuseWhatIsLongerThanTheMtu(final Kind kind) throws Exception {
        final NicPort a = open(spaceA, kind);
        put(1500 + 23, 1);
        a.queue(0).txBurst(out, tx);
        assertEquals(DropReason.TOO_BIG_FOR_PORT.ordinal(), tx.refused[0]);
    }

    @ParameterizedTest
    @EnumSource
    void shouldSayThatTheDeviceIsDownAndGoOnWhenItIsUp(final Kind kind) throws Exception {
        final NicPort a = open(spaceA, kind);
        final NicPort b = open(spaceB, kind);
        assertEquals("up", a.state());
        spaceA.ip("link", "set", "eth0", "down");
        assertTrue(a.state().contains("down"), a.state());
        put(64, 1);
        a.queue(0).txBurst(out, tx);
        put(64, 1);
        a.queue(0).txBurst(out, tx);
        assertEquals(DropReason.PORT_DOWN.ordinal(), tx.refused[1]);
        out.clear();
        tx.clear();
        spaceA.ip("link", "set", "eth0", "up");
        spaceA.awaitCarrier("eth0");
        spaceB.awaitCarrier("eth0");
        final byte[] sent = put(80, 2);
        send(a.queue(0));
        List<byte[]> got = receive(b);
        while (got.getLast().length != sent.length) {
            got = receive(b);
        }
        assertArrayEquals(sent, got.getLast());
        assertEquals("up", a.state());
    }

    @Test
    void shouldSayWhatToDoWhenTheDeviceCannotBeOpened() throws Exception {
        for (final Kind kind : Kind.values()) {
            final SwitchException none = assertThrows(SwitchException.class, () -> kind.open("nothere", false));
            assertTrue(none.getMessage().contains("no device nothere"), none.getMessage());
        }
        open(spaceA, Kind.XDP_NATIVE);
        final Throwable busy = assertThrows(AssertionError.class, () -> open(spaceA, Kind.XDP_NATIVE))
                .getCause();
        assertTrue(busy.getMessage().contains("xdp off"), busy.getMessage());
    }

    /** Opens a port in a process of its own, says so and waits for its end. */
    static final class Holder {
        private Holder() {}

        /** No words. */
        public static void main(final String[] words) throws Exception {
            XdpPort.open("eth0", NicMode.AUTO, true, XdpFilter.VLAN_NONE, false);
            System.out.println("open");
            Thread.sleep(60_000);
        }
    }

    @Test
    void shouldLeaveNoProgramBehindWhenTheProcessIsKilled() throws Exception {
        final Process holder = new ProcessBuilder(
                        "ip",
                        "netns",
                        "exec",
                        spaceA.name(),
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "--add-exports",
                        "java.base/jdk.internal.misc=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Holder.class.getName())
                .redirectErrorStream(true)
                .start();
        try (BufferedReader said = holder.inputReader()) {
            assertEquals("open", said.readLine());
            assertTrue(link().contains("xdp"), link());
        } finally {
            holder.destroyForcibly();
        }
        assertEquals(128 + 9, holder.waitFor());
        final long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (link().contains("xdp")) {
            assertTrue(System.nanoTime() < deadline, link());
        }
        open(spaceA, Kind.XDP_NATIVE);
    }

    private String link() {
        return NetworkNamespace.run("ip", "-n", spaceA.name(), "link", "show", "dev", "eth0");
    }

    @ParameterizedTest
    @EnumSource
    void shouldAllocateNothingPerFrame(final Kind kind) throws Exception {
        final NicPort a = open(spaceA, kind);
        final NicPort b = open(spaceB, kind);
        put(500, 1);
        put(1500, 2);
        moves(a, b, 20_000);
        long least = Long.MAX_VALUE;
        for (int trial = 0; trial < 3; trial++) {
            least = Math.min(least, moves(a, b, 20_000));
        }
        assertTrue(least < 0.1 * 40_000, least + " bytes for 40,000 frames");
    }

    /** Sends what was put, {@code bursts} times; returns the bytes that this thread allocated. */
    private long moves(final NicPort a, final NicPort b, final int bursts) {
        final com.sun.management.ThreadMXBean threads =
                (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        final long id = Thread.currentThread().threadId();
        final PortQueue from = a.queue(0);
        final PortQueue to = b.queue(0);
        final long before = threads.getThreadAllocatedBytes(id);
        for (int i = 0; i < bursts; i++) {
            from.txBurst(out, tx);
            in.clear();
            if (to.rxBurst(in) > 0) {
                to.rxRelease();
            }
        }
        return threads.getThreadAllocatedBytes(id) - before;
    }
}
