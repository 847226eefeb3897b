package io.weft.dataplane.vhost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.dataplane.sys.FileStat;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What only network devices are asked, and the inflight region. */
class VhostNetRequestsTest {
    private DeviceRig rig;

    @BeforeEach
    void connect() throws IOException {
        rig = new DeviceRig();
        rig.negotiate(DeviceRig.SPLIT);
    }

    @AfterEach
    void close() {
        rig.close();
    }

    @Test
    @Tag("H16")
    void shouldPassAddressOnWhenRarpIsAsked() {
        final ByteBuffer payload = ByteBuffer.allocate(8).putLong(0x0200_0000_0011_0000L);
        assertEquals(0, rig.frontend.ask(Request.SEND_RARP, payload.array()));
        assertEquals(0x0200_0000_0011L, rig.handler.rarp);
    }

    @Test
    @Tag("H17")
    void shouldAcknowledgeMtuOnlyWhenItIsValid() {
        assertEquals(0, rig.frontend.ask(Request.NET_SET_MTU, RawFrontend.words(1450)));
        assertEquals(1450, rig.handler.mtu);
        for (final long mtu : new long[] {0, 67, 65_536, 9001, -1, 1L << 32 | 1450}) {
            assertEquals(1, rig.frontend.ask(Request.NET_SET_MTU, RawFrontend.words(mtu)));
        }
        assertEquals(1450, rig.handler.mtu);
        rig.frontend.send(Request.NET_SET_MTU, RawFrontend.words(9001));
        assertTrue(rig.device.isConnected(), "the guest goes on with the MTU it had");
        assertTrue(rig.handler.lines.getLast().contains("MTU 9001 is more than"));
    }

    @Test
    @Tag("H2")
    void shouldTellConfigurationWhenAsked() {
        final ByteBuffer fields = config(0, 12);
        assertEquals(24, fields.limit());
        assertEquals(0x0200_0000L, fields.order(ByteOrder.BIG_ENDIAN).getInt(12) & 0xffffffffL, "mac");
        fields.order(ByteOrder.LITTLE_ENDIAN);
        assertEquals(1, fields.getShort(18), "link up");
        assertEquals(4, fields.getShort(20), "queue pairs");
        assertEquals(1450, fields.getShort(22), "mtu");
        assertEquals(1450, config(10, 2).order(ByteOrder.LITTLE_ENDIAN).getShort(12));
        assertEquals(268, config(0, 256).limit());
        assertEquals(0, config(1, 256).limit(), "no such field");
        assertEquals(0, config(-1, 2).limit());
    }

    @Test
    @Tag("H17")
    void shouldTellItsNewMtuWhenFrontendReturns() throws Exception {
        rig.device.mtu(1400);
        assertEquals(1450, config(10, 2).order(ByteOrder.LITTLE_ENDIAN).getShort(12), "constant for a driver");
        rig.reconnect();
        rig.frontend.send(Request.SET_PROTOCOL_FEATURES, RawFrontend.words(Requests.OFFERED));
        assertEquals(1400, config(10, 2).order(ByteOrder.LITTLE_ENDIAN).getShort(12));
    }

    private ByteBuffer config(final int offset, final int size) {
        final byte[] payload = ByteBuffer.allocate(Request.CONFIG_HEADER + Math.min(size, Request.MAX_CONFIG))
                .order(ByteOrder.nativeOrder())
                .putInt(offset)
                .putInt(size)
                .array();
        return rig.frontend.get(Request.GET_CONFIG, payload).buffer();
    }

    @Test
    void shouldRefuseConfigurationWhenItIsNotForMigration() {
        final byte[] payload = Arrays.copyOf(RawFrontend.words(1L << 32, 0), 13);
        assertEquals(1, rig.frontend.ask(Request.SET_CONFIG, payload));
        payload[8] = 1;
        assertEquals(0, rig.frontend.ask(Request.SET_CONFIG, payload));
    }

    @Test
    @Tag("H2")
    @Tag("H19")
    void shouldGiveAndTakeInflightRegionWhenAsked() throws IOException {
        for (final int length : new int[] {20, 24}) {
            final byte[] wanted = Arrays.copyOf(RawFrontend.words(0, 0, 2 | 64 << 16), length);
            final RawFrontend.Reply reply = rig.frontend.get(Request.GET_INFLIGHT_FD, wanted);
            assertEquals(length, reply.buffer().limit());
            final long bytes = reply.buffer().getLong(0);
            assertEquals(2 * (16 + 64 * 16 + 48), bytes, "two parts, each a multiple of 64");
            assertEquals(0, reply.buffer().getLong(8));
            assertEquals(1, rig.frontend.received.size());
            final int fd = rig.frontend.received.get(0);
            assertEquals(bytes, FileStat.of(fd).size());
            rig.share(rig.memory(DeviceRig.BYTES));
            rig.frontend.send(Request.SET_INFLIGHT_FD, reply.buffer().array(), fd);
            rig.start(0, 0);
            rig.start(1, 0);
            rig.start(2, 0);
            final long part = rig.handler.queues.get(0).setup.inflight();
            assertTrue(part != 0);
            assertEquals(bytes / 2, rig.handler.queues.get(1).setup.inflight() - part);
            assertEquals(0, rig.handler.queues.get(2).setup.inflight(), "there is none for it");
            rig.frontend.received.close();
            rig.reconnect();
            rig.negotiate(DeviceRig.SPLIT);
        }
        assertEquals(0, OpenFds.mappings("memfd:weft-inflight"));
    }

    @Test
    @Tag("H19")
    void shouldRefuseInflightRegionWhenItIsTooSmall() {
        final int fd = rig.memory(4096);
        assertEquals(1, rig.frontend.ask(Request.SET_INFLIGHT_FD, inflight(64, 2, 64), fd));
        assertEquals(1, rig.frontend.ask(Request.SET_INFLIGHT_FD, inflight(1 << 20, 2, 64), fd));
        assertTrue(rig.device.isConnected());
        rig.frontend.send(Request.SET_INFLIGHT_FD, inflight(4096, 9, 64), fd);
        assertFalse(rig.device.isConnected());
    }

    private static byte[] inflight(final long bytes, final int rings, final int size) {
        return Arrays.copyOf(RawFrontend.words(bytes, 0, rings | size << 16), 20);
    }
}
