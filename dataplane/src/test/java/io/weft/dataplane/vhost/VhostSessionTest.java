package io.weft.dataplane.vhost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A session's messages, answered and refused. */
class VhostSessionTest {
    private DeviceRig rig;

    @BeforeEach
    void connect() throws IOException {
        rig = new DeviceRig();
    }

    @AfterEach
    void close() {
        rig.close();
    }

    @Test
    @Tag("H2")
    @Tag("H3")
    void shouldAnswerQuestionsWhenNothingIsNegotiated() {
        final long features = rig.frontend.get(Request.GET_FEATURES);
        assertTrue((features & VirtioFeatures.PROTOCOL_FEATURES) != 0);
        assertEquals(Requests.OFFERED, rig.frontend.get(Request.GET_PROTOCOL_FEATURES));
        assertEquals(4, rig.frontend.get(Request.GET_QUEUE_NUM));
        assertEquals(
                0,
                rig.frontend
                        .get(Request.GET_VRING_BASE, RawFrontend.state(3, 0))
                        .buffer()
                        .getInt(4));
        rig.negotiate(DeviceRig.SPLIT);
        assertEquals(DeviceRig.SPLIT, rig.handler.features, "the protocol's bits are not the guest's");
    }

    @Test
    @Tag("H1")
    void shouldHandleMessagesWhenTheyAreCutAnywhere() {
        final byte[] first = RawFrontend.bytes(Request.SET_PROTOCOL_FEATURES, 1, RawFrontend.words(Requests.OFFERED));
        final byte[] second = RawFrontend.bytes(Request.GET_FEATURES, 1, new byte[0]);
        final byte[] both = new byte[first.length + second.length];
        System.arraycopy(first, 0, both, 0, first.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        for (int a = 1; a < both.length; a++) {
            for (int b = a; b < both.length; b++) {
                rig.frontend.write(Arrays.copyOfRange(both, 0, a));
                rig.reactor.pump();
                if (b > a) {
                    rig.frontend.write(Arrays.copyOfRange(both, a, b));
                    rig.reactor.pump();
                }
                assertNull(rig.frontend.read());
                rig.frontend.write(Arrays.copyOfRange(both, b, both.length));
                rig.reactor.pump();
                final RawFrontend.Reply reply = rig.frontend.read();
                assertNotNull(reply, "cut at " + a + " and " + b);
                assertEquals(VirtioFeatures.OFFERED, reply.word());
            }
        }
        assertTrue(rig.device.isConnected());
    }

    @Test
    @Tag("H1")
    void shouldEndSessionWhenVersionIsWrong() {
        refused(0, Request.GET_FEATURES, 2, 0, "version 2");
    }

    @Test
    @Tag("H1")
    void shouldEndSessionWhenRequestIsUnknown() {
        refused(1, 77, 1, 0, "request 77: it is unknown");
        refused(2, -5, 1, 0, "is unknown");
        refused(3, 0, 1, 0, "is unknown");
    }

    @Test
    @Tag("H1")
    void shouldEndSessionWhenSizeIsWrong() {
        refused(1, Request.SET_FEATURES, 1, 7, "SET_FEATURES: payload of 7 bytes");
        refused(2, Request.SET_FEATURES, 1, -1, "payload of 4294967295 bytes");
        refused(3, Request.SET_MEM_TABLE, 1, 4096, "payload of 4096 bytes");
    }

    @Test
    @Tag("H1")
    void shouldEndSessionWhenReplyComesUnasked() {
        refused(1, Request.GET_FEATURES, 5, 0, "marked as a reply");
    }

    @Test
    @Tag("H4")
    void shouldAcknowledgeWhenAskedTo() {
        rig.negotiate(DeviceRig.SPLIT);
        assertEquals(0, rig.frontend.ask(Request.SET_VRING_NUM, RawFrontend.state(0, 256)));
        assertEquals(1, rig.frontend.ask(Request.SET_VRING_NUM, RawFrontend.state(0, 0)), "and the session goes on");
        assertEquals(1, rig.frontend.ask(Request.SET_VRING_NUM, RawFrontend.state(0, 32_769)));
        assertEquals(VirtioFeatures.OFFERED, rig.frontend.ask(Request.GET_FEATURES, new byte[0]), "its own reply");
        assertNull(rig.frontend.read(), "and none beside it");
        assertTrue(rig.handler.lines.getFirst().contains("refused SET_VRING_NUM: ring 0: size 0"));
    }

    @Test
    @Tag("H4")
    void shouldNotAcknowledgeWhenThatWasNotNegotiated() {
        rig.frontend.write(RawFrontend.bytes(
                Request.SET_VRING_NUM, Request.VERSION | Request.NEED_REPLY, RawFrontend.state(0, 256)));
        rig.reactor.pump();
        assertNull(rig.frontend.read());
        assertTrue(rig.device.isConnected());
    }

    @Test
    @Tag("H3")
    void shouldRefuseFeaturesWhenTheyWereNotOffered() {
        rig.frontend.send(Request.SET_FEATURES, RawFrontend.words(1L << 33));
        assertFalse(rig.device.isConnected());
        assertTrue(rig.handler.ended.contains("features that were not offered: [bit 33]"), rig.handler.ended);
    }

    @Test
    @Tag("H20")
    void shouldEndSessionWhenInBandNotificationsAreNegotiated() {
        final long offered = rig.frontend.get(Request.GET_PROTOCOL_FEATURES);
        assertEquals(0, offered & (1L << 14 | 1L << 5), "in-band notifications and requests of the back-end");
        rig.frontend.send(Request.SET_PROTOCOL_FEATURES, RawFrontend.words(1L << 14));
        assertFalse(rig.device.isConnected());
    }

    @Test
    @Tag("H21")
    void shouldEndSessionWhenPostcopyIsAsked() {
        assertEquals(0, rig.frontend.get(Request.GET_PROTOCOL_FEATURES) & 1L << 8);
        rig.frontend.send(28, new byte[0]);
        assertTrue(rig.handler.ended.contains("POSTCOPY_ADVISE: it is not offered"), rig.handler.ended);
    }

    @Test
    @Tag("H1")
    void shouldCloseDescriptorsWhenMoreComeThanMay() {
        final Map<String, Integer> before = OpenFds.count();
        final int fd = rig.memory(4096);
        final int[] many = new int[20];
        Arrays.fill(many, fd);
        final int[][] cases = {{fd}, {fd, fd}, many};
        final int[] requests = {Request.GET_FEATURES, Request.SET_VRING_CALL, Request.SET_MEM_TABLE};
        for (int i = 0; i < cases.length; i++) {
            rig.frontend.send(requests[i], i == 0 ? new byte[0] : RawFrontend.words(0), cases[i]);
            assertFalse(rig.device.isConnected());
            assertTrue(rig.handler.ended.contains("descriptors came with"), rig.handler.ended);
            rig.reconnectQuietly();
        }
        assertEquals(with(before, "/memfd:test (deleted)", 1), OpenFds.count());
    }

    @Test
    @Tag("H1")
    void shouldKeepDescriptorsWhenMessageIsCutBehindThem() {
        final Map<String, Integer> before = OpenFds.count();
        final byte[] message = RawFrontend.bytes(Request.SET_VRING_CALL, 1, RawFrontend.words(2));
        final int fd = rig.eventfd();
        rig.frontend.write(Arrays.copyOf(message, 3), fd);
        rig.reactor.pump();
        rig.frontend.write(Arrays.copyOfRange(message, 3, message.length));
        rig.reactor.pump();
        assertTrue(rig.device.isConnected(), rig.handler.ended);
        rig.frontend.write(Arrays.copyOf(message, 14), fd);
        rig.reactor.pump();
        rig.frontend.close();
        rig.reactor.pump();
        assertEquals("the frontend closed the socket in the midst of a message", rig.handler.ended);
        rig.reconnectQuietly();
        assertEquals(with(before, "anon_inode:[eventfd]", 1), OpenFds.count());
    }

    @Test
    @Tag("H1")
    void shouldEndSessionWhenRepliesAreNotRead() {
        final byte[] message = RawFrontend.bytes(Request.GET_FEATURES, 1, new byte[0]);
        for (int i = 0; i < 1_000_000 && rig.device.isConnected(); i++) {
            rig.frontend.write(message);
            rig.reactor.pump();
        }
        assertFalse(rig.device.isConnected());
        assertEquals("the frontend does not read its replies", rig.handler.ended);
    }

    @Test
    @Tag("H1")
    void shouldGiveOthersATurnWhenFrontendTalksOn() {
        final byte[] message = RawFrontend.bytes(Request.SET_OWNER, 1, new byte[0]);
        int turns = 0;
        for (int i = 0; i < 100; i++) {
            rig.frontend.write(message);
        }
        while (rig.reactor.pumpOnce() > 0) {
            turns++;
        }
        assertEquals(4, turns, "32 messages at a time");
    }

    @Test
    @Tag("H1")
    void shouldCloseEachDescriptorOnceWhenAnythingIsSaid() {
        final long seed = System.nanoTime();
        final Random random = new Random(seed);
        final Map<String, Integer> before = OpenFds.count();
        final int memory = rig.memory(DeviceRig.BYTES);
        final int event = rig.eventfd();
        int ended = 0;
        for (int i = 0; i < 5_000; i++) {
            final int request = random.nextInt(20) == 0 ? random.nextInt(60) : 1 + random.nextInt(40);
            final byte[] payload = payload(random, request);
            final int[] fds = new int[random.nextInt(12) == 0 ? random.nextInt(12) : fds(request, payload)];
            Arrays.setAll(fds, n -> request == Request.SET_VRING_CALL || random.nextInt(9) == 0 ? event : memory);
            rig.frontend.write(RawFrontend.bytes(request, 1 | random.nextInt(2) << 3, payload), fds);
            rig.reactor.pump();
            while (rig.device.isConnected() && rig.frontend.read() != null) {
                rig.frontend.received.close();
            }
            if (!rig.device.isConnected() || random.nextInt(200) == 0) {
                ended++;
                rig.reconnectQuietly();
                rig.negotiate(random.nextBoolean() ? DeviceRig.SPLIT : DeviceRig.PACKED);
            }
        }
        assertTrue(ended > 100, "it said too little, seed " + seed);
        rig.frontend.close();
        rig.reactor.pump();
        final Map<String, Integer> expected = with(with(before, "/memfd:test (deleted)", 1), "anon_inode:[eventfd]", 1);
        expected.computeIfPresent("socket:", (kind, count) -> count == 2 ? null : count - 2);
        assertEquals(expected, OpenFds.count(), "seed " + seed);
        assertEquals(0, OpenFds.mappings("memfd:test"), "seed " + seed);
        assertEquals(0, OpenFds.mappings("memfd:weft-inflight"), "seed " + seed);
        rig.reconnectQuietly();
    }

    private static byte[] payload(final Random random, final int request) {
        final int ring = random.nextInt(9);
        return switch (request) {
            case Request.SET_FEATURES ->
                RawFrontend.words((random.nextBoolean() ? DeviceRig.SPLIT : DeviceRig.PACKED)
                        | VirtioFeatures.PROTOCOL_FEATURES
                        | (random.nextBoolean() ? VirtioFeatures.LOG_ALL : 0));
            case Request.SET_PROTOCOL_FEATURES -> RawFrontend.words(Requests.OFFERED);
            case Request.SET_MEM_TABLE ->
                DeviceRig.table(
                        random.nextInt(8) == 0 ? 2 : 1,
                        DeviceRig.GUEST,
                        DeviceRig.BYTES >> random.nextInt(3),
                        DeviceRig.USER,
                        0);
            case Request.ADD_MEM_REG, Request.REM_MEM_REG ->
                RawFrontend.words(0, DeviceRig.GUEST * (2 + ring), 65_536, DeviceRig.USER * 2 + ring * 65_536L, 4096);
            case Request.SET_VRING_NUM -> RawFrontend.state(ring, 1 << random.nextInt(9));
            case Request.SET_VRING_BASE, Request.GET_VRING_BASE -> RawFrontend.state(ring, random.nextInt(4));
            case Request.SET_VRING_ENABLE -> RawFrontend.state(ring, random.nextInt(2));
            case Request.SET_VRING_ADDR -> DeviceRig.address(ring, random.nextInt(2), 0);
            case Request.SET_VRING_KICK, Request.SET_VRING_CALL, Request.SET_VRING_ERR ->
                RawFrontend.words(ring | (random.nextInt(3) == 0 ? 1 << 8 : 0));
            case Request.SET_LOG_BASE -> RawFrontend.words(4096L << random.nextInt(2), 0);
            case Request.GET_INFLIGHT_FD, Request.SET_INFLIGHT_FD -> RawFrontend.words(65_536, 0, 4 | 64 << 16);
            case Request.GET_CONFIG, Request.SET_CONFIG ->
                Arrays.copyOf(RawFrontend.words(0, 0, 0), Request.CONFIG_HEADER);
            case Request.SEND_RARP, Request.NET_SET_MTU, Request.SET_STATUS -> RawFrontend.words(random.nextInt(2000));
            default -> new byte[random.nextInt(10) == 0 ? random.nextInt(64) : 0];
        };
    }

    private static int fds(final int request, final byte[] payload) {
        return switch (request) {
            case Request.SET_MEM_TABLE -> payload[0];
            case Request.SET_VRING_KICK, Request.SET_VRING_CALL, Request.SET_VRING_ERR -> 1 - payload[1];
            case Request.SET_LOG_BASE, Request.SET_LOG_FD, Request.ADD_MEM_REG, Request.SET_INFLIGHT_FD -> 1;
            default -> 0;
        };
    }

    private static Map<String, Integer> with(final Map<String, Integer> counts, final String kind, final int more) {
        final Map<String, Integer> sum = new TreeMap<>(counts);
        sum.merge(kind, more, Integer::sum);
        return sum;
    }

    private void refused(final int times, final int request, final int flags, final int size, final String reason) {
        final ByteBuffer header = ByteBuffer.allocate(Request.HEADER).order(ByteOrder.nativeOrder());
        header.putInt(request).putInt(flags).putInt(size);
        rig.frontend.write(header.array());
        rig.reactor.pump();
        assertFalse(rig.device.isConnected());
        assertTrue(rig.frontend.isClosed());
        assertTrue(rig.handler.ended.contains(reason), rig.handler.ended);
        assertEquals(Math.max(times, 1), rig.handler.lines.size(), "one line each: " + rig.handler.lines);
        rig.reconnectQuietly();
    }
}
