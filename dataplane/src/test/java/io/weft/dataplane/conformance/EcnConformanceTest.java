package io.weft.dataplane.conformance;

import static io.weft.dataplane.TestFrames.concat;
import static io.weft.dataplane.TestFrames.ethernet;
import static io.weft.dataplane.TestFrames.geneve;
import static io.weft.dataplane.TestFrames.nvgre;
import static io.weft.dataplane.TestFrames.sum;
import static io.weft.dataplane.TestFrames.u8;
import static io.weft.dataplane.TestFrames.udp;
import static io.weft.dataplane.TestFrames.vxlan;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.dataplane.DropReason;
import io.weft.dataplane.TestFrames;
import io.weft.encap.Encapsulation;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** RFC 6040, normal mode, item by item, over both outer and both inner versions of IP. */
class EcnConformanceTest extends Overlay {
    private static final int NOT_ECT = 0;
    private static final int ECT_1 = 1;
    private static final int ECT_0 = 2;
    private static final int CE = 3;
    private static final int DSCP = 0x28 << 2;
    private static final List<String[]> ENDS = List.of(new String[] {PEER, OWN}, new String[] {PEER6, OWN6});
    private static final List<String[]> MACHINES =
            List.of(new String[] {"192.168.0.1", "192.168.0.2"}, new String[] {"fd09::1", "fd09::2"});

    private static byte[] inner(final String[] machines, final long source, final int ecn) {
        final byte[] packet = TestFrames.ip(machines[0], machines[1], 17, DSCP | ecn, udp(7, 9, new byte[30]));
        return ethernet(BROADCAST, source, TestFrames.etherType(machines[0]), packet);
    }

    private static int tos(final byte[] frame, final int ip) {
        return u8(frame, ip) >>> 4 == 4 ? u8(frame, ip + 1) : (u8(frame, ip) & 0xf) << 4 | u8(frame, ip + 1) >>> 4;
    }

    private static byte[] packet(final Encapsulation encap, final String[] ends, final int outer, final byte[] inner) {
        return switch (encap) {
            case VXLAN -> checksummed(udpPacket(ends[0], ends[1], outer, 4789, vxlan(VNI), inner));
            case GENEVE -> checksummed(udpPacket(ends[0], ends[1], outer, 6081, geneve(VNI, 0, NOTHING), inner));
            case NVGRE ->
                ethernet(
                        A,
                        R,
                        TestFrames.etherType(ends[0]),
                        TestFrames.ip(ends[0], ends[1], 47, outer, concat(nvgre(VNI, 0), inner)));
        };
    }

    /** Decapsulates the pair everywhere; expects the inner codepoint to come out, or, with -1, a drop. */
    private void assertDecapsulates(final Encapsulation encap, final int in, final int out, final int expected) {
        for (final String[] ends : ENDS) {
            for (final String[] machines : MACHINES) {
                final byte[] packet = packet(encap, ends, out, inner(machines, R, in));
                if (expected < 0) {
                    assertDropped(DropReason.ECN_CONGESTED, packet);
                } else {
                    // Built with that codepoint, so an IPv4 checksum that was not fixed shows as well.
                    assertDelivered(inner(machines, R, expected), packet);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Encapsulation.class)
    @Tag("E1")
    void shouldCopyInnerCodepointToOuterHeader(final Encapsulation encap) {
        network(spec(encap), PEER, PEER6);
        for (final String[] machines : MACHINES) {
            for (int ecn = 0; ecn < 4; ecn++) {
                final byte[] frame = inner(machines, A, ecn);
                weft.send("a", frame);
                final List<byte[]> packets = weft.sentWire();
                assertEquals(2, packets.size());
                for (final byte[] packet : packets) {
                    assertEquals(ecn, tos(packet, 14) & 3);
                    assertArrayEquals(frame, Overlay.inner(packet));
                }
            }
        }
        weft.send("a", frame(BROADCAST, A));
        for (final byte[] packet : weft.sentWire()) {
            assertEquals(NOT_ECT, tos(packet, 14) & 3, "nothing to say about what is not IP");
        }
    }

    @ParameterizedTest
    @EnumSource(Encapsulation.class)
    @Tag("E2")
    void shouldDropWhenCongestionCannotBeTold(final Encapsulation encap) {
        network(spec(encap), PEER, PEER6);
        assertDecapsulates(encap, NOT_ECT, CE, -1);
    }

    @ParameterizedTest
    @EnumSource(Encapsulation.class)
    @Tag("E3")
    void shouldForwardNotEctWhateverEctIsOutside(final Encapsulation encap) {
        network(spec(encap), PEER, PEER6);
        assertDecapsulates(encap, NOT_ECT, ECT_0, NOT_ECT);
        assertDecapsulates(encap, NOT_ECT, ECT_1, NOT_ECT);
        assertDecapsulates(encap, NOT_ECT, NOT_ECT, NOT_ECT);
    }

    @ParameterizedTest
    @EnumSource(Encapsulation.class)
    @Tag("E4")
    void shouldMarkInnerPacketWhenCongestionWasMarkedOutside(final Encapsulation encap) {
        network(spec(encap), PEER, PEER6);
        assertDecapsulates(encap, ECT_0, CE, CE);
        assertDecapsulates(encap, ECT_1, CE, CE);
    }

    @ParameterizedTest
    @EnumSource(Encapsulation.class)
    @Tag("E5")
    void shouldLetEct1Win(final Encapsulation encap) {
        network(spec(encap), PEER, PEER6);
        assertDecapsulates(encap, ECT_0, ECT_1, ECT_1);
        assertDecapsulates(encap, ECT_1, ECT_0, ECT_1);
        assertDecapsulates(encap, ECT_0, ECT_0, ECT_0);
        assertDecapsulates(encap, ECT_0, NOT_ECT, ECT_0);
        assertDecapsulates(encap, ECT_1, ECT_1, ECT_1);
        assertDecapsulates(encap, ECT_1, NOT_ECT, ECT_1);
    }

    @ParameterizedTest
    @EnumSource(Encapsulation.class)
    @Tag("E6")
    void shouldKeepCongestionThatWasMarkedInside(final Encapsulation encap) {
        network(spec(encap), PEER, PEER6);
        for (int outer = 0; outer < 4; outer++) {
            assertDecapsulates(encap, CE, outer, CE);
        }
    }

    /** RFC 6040, section 4.2: ECT(1) outside where the inner is Not-ECT must not be; CE there is dropped and counted. */
    @Test
    @Tag("E6")
    void shouldTellTheOperatorOfCombinationsThatNoHonestPathMakes() {
        network(spec(Encapsulation.VXLAN), PEER, PEER6);
        assertDecapsulates(Encapsulation.VXLAN, ECT_0, CE, CE);
        assertTrue(weft.status().problems().isEmpty(), "congestion is no problem");
        assertDecapsulates(Encapsulation.VXLAN, NOT_ECT, ECT_1, NOT_ECT);
        assertTrue(
                weft.status().problems().stream().anyMatch(line -> line.contains("RFC 6040")),
                () -> weft.status().problems().toString());
    }

    @ParameterizedTest
    @EnumSource(Encapsulation.class)
    @Tag("E7")
    void shouldKeepChecksumRightAndLeaveOtherFramesAlone(final Encapsulation encap) {
        network(spec(encap), PEER, PEER6);
        weft.sendWire(packet(encap, ENDS.getFirst(), CE, inner(MACHINES.getFirst(), R, ECT_0)));
        final byte[] marked = weft.sent("a").getFirst();
        assertEquals(DSCP | CE, u8(marked, 15), "the DSCP is the machine's own");
        assertEquals(0xffff, sum(Arrays.copyOfRange(marked, 14, 34)));
        weft.sent("b");
        for (final String[] ends : ENDS) {
            for (int outer = 0; outer < 4; outer++) {
                assertDelivered(frame(BROADCAST, R), packet(encap, ends, outer, frame(BROADCAST, R)));
            }
        }
    }
}
