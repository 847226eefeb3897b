package io.weft.dataplane;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.dataplane.vhost.VirtioFeatures;
import io.weft.dataplane.vhost.frontend.GuestFrame;
import io.weft.dataplane.vhost.frontend.GuestNic;
import io.weft.dataplane.vhost.frontend.Guests;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Guests to guests in every combination of what the two negotiated. */
class GuestOffloadMatrixTest {
    private static final long SENDER = 0x02_00_00_00_01_00L;
    private static final long RECEIVER = 0x02_00_00_00_02_00L;
    private static final long[] RINGS = {0, VirtioFeatures.RING_PACKED};

    private final long seed = System.nanoTime();
    private final Random random = new Random(seed);
    private final List<GuestNic> senders = new ArrayList<>();
    private final List<GuestNic> receivers = new ArrayList<>();

    @Tag("T8")
    @Tag("T9")
    @Tag("T6")
    @Test
    void shouldGiveEachGuestWhatItNegotiatedWhateverTheOtherSends() throws Exception {
        System.out.println("seed " + seed);
        try (Guests guests = new Guests()) {
            open(guests);
            int frames = 0;
            for (int s = 0; s < senders.size(); s++) {
                for (int r = 0; r < receivers.size(); r++) {
                    for (final GuestFrame frame : frames(senders.get(s), RECEIVER + r, SENDER + s)) {
                        exchange(senders.get(s), receivers.get(r), frame);
                        frames++;
                    }
                }
            }
            System.out.println(senders.size() + " senders, " + receivers.size() + " receivers, " + frames + " frames");
            receivers.forEach(GuestNic::checkUntouched);
            assertTrue(guests.net.books().balanced());
            assertEquals(0, guests.net.books().dropped());
        }
    }

    private void open(final Guests guests) throws Exception {
        for (final long ring : RINGS) {
            for (int offloads = 0; offloads <= 8; offloads++) {
                final long host = offloads == 8
                        ? 0
                        : VirtioFeatures.CSUM
                                | bit(offloads, 1, VirtioFeatures.HOST_TSO4)
                                | bit(offloads, 2, VirtioFeatures.HOST_TSO6)
                                | bit(offloads, 4, VirtioFeatures.HOST_USO);
                senders.add(guests.guest("s" + senders.size(), VirtioFeatures.VERSION_1 | ring | host, 1, 16, 2048));
                final long guest = offloads == 8
                        ? 0
                        : VirtioFeatures.GUEST_CSUM
                                | bit(offloads, 1, VirtioFeatures.GUEST_TSO4)
                                | bit(offloads, 2, VirtioFeatures.GUEST_TSO6)
                                | bit(offloads, 4, VirtioFeatures.GUEST_USO4 | VirtioFeatures.GUEST_USO6);
                receivers.add(
                        guests.guest("r" + receivers.size(), VirtioFeatures.VERSION_1 | ring | guest, 1, 32, 70_000));
                receivers.add(guests.guest(
                        "r" + receivers.size(),
                        VirtioFeatures.VERSION_1 | VirtioFeatures.MRG_RXBUF | ring | guest,
                        1,
                        128,
                        1 + 600 + random.nextInt(2000)));
            }
        }
        // Each receiver says where it is.
        for (int r = 0; r < receivers.size(); r++) {
            receivers.get(r).send(TestFrames.ethernet(RECEIVER + 0xff, RECEIVER + r, 0x88b5, new byte[50]));
            receivers.forEach(GuestNic::receive);
            senders.forEach(GuestNic::receive);
        }
    }

    private static long bit(final int number, final int bit, final long features) {
        return (number & bit) != 0 ? features : 0;
    }

    private List<GuestFrame> frames(final GuestNic sender, final long destination, final long source) {
        final List<GuestFrame> frames = new ArrayList<>();
        for (final boolean tcp : new boolean[] {true, false}) {
            for (final boolean v6 : new boolean[] {true, false}) {
                frames.add(new GuestFrame(tcp, v6, destination, source, payload(1 + random.nextInt(1400)), 0));
                final long needed =
                        !tcp ? VirtioFeatures.HOST_USO : v6 ? VirtioFeatures.HOST_TSO6 : VirtioFeatures.HOST_TSO4;
                if (sender.has(needed)) {
                    final int gso = 500 + random.nextInt(900);
                    frames.add(new GuestFrame(
                            tcp, v6, destination, source, payload(1 + gso + random.nextInt(15_000)), gso));
                }
            }
        }
        return frames;
    }

    private byte[] payload(final int length) {
        final byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    private static void exchange(final GuestNic sender, final GuestNic receiver, final GuestFrame frame) {
        final boolean offers = sender.has(VirtioFeatures.CSUM);
        sender.send(
                0,
                offers ? frame.partial : frame.complete(),
                offers ? GuestNic.NEEDS_CSUM : 0,
                frame.gsoType(),
                frame.gsoSize,
                offers ? frame.csumStart : 0,
                offers ? frame.csumOffset : 0);
        final List<GuestNic.Received> received = receiver.receive();
        final boolean whole = frame.gsoSize == 0 || takes(receiver, frame);
        final List<byte[]> expected = whole ? List.of(frame.complete()) : frame.segments();
        assertEquals(expected.size(), received.size());
        for (int i = 0; i < expected.size(); i++) {
            final GuestNic.Received got = received.get(i);
            assertArrayEquals(expected.get(i), GuestFrame.finished(got));
            assertEquals(whole ? frame.gsoType() : 0, got.gsoType);
            assertEquals(whole ? frame.gsoSize : 0, got.gsoSize);
            if (!receiver.has(VirtioFeatures.GUEST_CSUM)) {
                assertEquals(0, got.flags);
            } else if (offers && whole) {
                assertEquals(GuestNic.NEEDS_CSUM, got.flags);
                assertEquals(frame.csumStart, got.csumStart);
                assertEquals(frame.csumOffset, got.csumOffset);
                assertArrayEquals(frame.partial, got.frame);
            }
            if (!receiver.has(VirtioFeatures.MRG_RXBUF)) {
                assertEquals(1, got.numBuffers);
            }
        }
    }

    private static boolean takes(final GuestNic receiver, final GuestFrame frame) {
        return receiver.has(VirtioFeatures.GUEST_CSUM)
                && receiver.has(
                        frame.tcp
                                ? frame.v6 ? VirtioFeatures.GUEST_TSO6 : VirtioFeatures.GUEST_TSO4
                                : VirtioFeatures.GUEST_USO4);
    }
}
