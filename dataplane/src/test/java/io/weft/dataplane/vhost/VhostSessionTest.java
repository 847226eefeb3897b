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

    private void refused(final int times, final int request, final int flags, final int size, final String reason) {
        final ByteBuffer header = ByteBuffer.allocate(Request.HEADER).order(ByteOrder.nativeOrder());
        header.putInt(request).putInt(flags).putInt(size);
        rig.frontend.write(header.array());
        rig.reactor.pump();
        assertFalse(rig.device.isConnected());
        assertTrue(rig.frontend.isClosed());
        assertTrue(rig.handler.ended.contains(reason), rig.handler.ended);
        assertEquals(Math.max(times, 1), rig.handler.lines.size(), "one line each: " + rig.handler.lines);
        try {
            rig.reconnect();
        } catch (final IOException failed) {
            throw new IllegalStateException(failed);
        }
    }
}
