package io.weft.dataplane.conformance;

import static io.weft.dataplane.TestFrames.ethernet;
import static io.weft.dataplane.TestFrames.geneve;
import static io.weft.dataplane.TestFrames.l4Sum;
import static io.weft.dataplane.TestFrames.putU16;
import static io.weft.dataplane.TestFrames.u16;
import static io.weft.dataplane.TestFrames.vxlan;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.dataplane.DropReason;
import io.weft.dataplane.TestSwitch;
import io.weft.dataplane.api.NetworkSpec.UdpChecksum;
import io.weft.encap.Encapsulation;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** RFC 6935, section 5, and RFC 6936, sections 4 and 5: UDP over IPv6 without a checksum. */
class ZeroChecksumConformanceTest extends Overlay {
    private static final byte[] INNER = frame(BROADCAST, R);

    private static byte[] packet(final Encapsulation encap, final String from) {
        final byte[] header = encap == Encapsulation.VXLAN ? vxlan(VNI) : geneve(VNI, 0, NOTHING);
        return udpPacket(from, OWN6, 0, encap.defaultPort(), header, INNER);
    }

    @ParameterizedTest
    @EnumSource(names = {"VXLAN", "GENEVE"})
    @Tag("U1")
    void shouldSendChecksumUnlessConfiguredOtherwise(final Encapsulation encap) {
        for (final UdpChecksum checksum : List.of(UdpChecksum.AUTO, UdpChecksum.ON)) {
            network(spec(encap, checksum), PEER6);
            final byte[] packet = encapsulated(frame(BROADCAST, A));
            assertTrue(u16(packet, 60) != 0);
            assertEquals(0xffff, l4Sum(packet, 14, 54));
            weft.close();
            weft = new TestSwitch(OWN, OWN6);
        }
        network(spec(encap, UdpChecksum.OFF), PEER6);
        assertEquals(0, u16(encapsulated(frame(BROADCAST, A)), 60));
    }

    @ParameterizedTest
    @EnumSource(names = {"VXLAN", "GENEVE"})
    @Tag("U2")
    void shouldDropZeroChecksumWhereItIsNotEnabled(final Encapsulation encap) {
        network(spec(encap), PEER6);
        assertDropped(DropReason.ZERO_CHECKSUM_V6, packet(encap, PEER6));
        weft.network(spec(encap, UdpChecksum.ON));
        assertDropped(DropReason.ZERO_CHECKSUM_V6, packet(encap, PEER6));
        weft.network(spec(encap, UdpChecksum.OFF));
        assertDelivered(INNER, packet(encap, PEER6));
    }

    @ParameterizedTest
    @EnumSource(names = {"VXLAN", "GENEVE"})
    @Tag("U3")
    void shouldTakeZeroChecksumOnlyBetweenConfiguredEnds(final Encapsulation encap) {
        acceptAny();
        network(spec(encap, UdpChecksum.OFF), PEER6);
        assertDelivered(INNER, packet(encap, PEER6));
        assertDropped(DropReason.ZERO_CHECKSUM_V6, packet(encap, "fd00:9::9"));
        final byte[] header = encap == Encapsulation.VXLAN ? vxlan(VNI) : geneve(VNI, 0, NOTHING);
        assertDropped(DropReason.NOT_FOR_US, udpPacket(PEER6, "fd00:1::2", 0, encap.defaultPort(), header, INNER));
    }

    @ParameterizedTest
    @EnumSource(names = {"VXLAN", "GENEVE"})
    @Tag("U4")
    void shouldValidateChecksumThatIsThereInZeroMode(final Encapsulation encap) {
        network(spec(encap, UdpChecksum.OFF), PEER6);
        final byte[] packet = checksummed(packet(encap, PEER6));
        assertDelivered(INNER, packet);
        packet[packet.length - 1] ^= 2;
        assertDropped(DropReason.OUTER_BAD_CHECKSUM, packet);
    }

    @ParameterizedTest
    @EnumSource(names = {"VXLAN", "GENEVE"})
    @Tag("U5")
    void shouldSendAllOnesWhenChecksumComesOutZero(final Encapsulation encap) {
        network(spec(encap), PEER6);
        final byte[] payload = new byte[46];
        final int checksum = u16(encapsulated(ethernet(BROADCAST, A, TYPE, payload)), 60);
        // What the checksum lacked to 0 goes into the payload, which is no part of the flow.
        putU16(payload, 44, checksum);
        assertEquals(0xffff, u16(encapsulated(ethernet(BROADCAST, A, TYPE, payload)), 60));
    }

    @ParameterizedTest
    @EnumSource(names = {"VXLAN", "GENEVE"})
    @Tag("U6")
    void shouldSendNothingOfItsOwnWithoutChecksum(final Encapsulation encap) {
        network(spec(encap, UdpChecksum.OFF), PEER6);
        for (int second = 0; second < 600; second++) {
            weft.advance(1000);
            weft.pump();
        }
        // No keep-alives and no control packets: what has no checksum is a tenant's frame.
        assertEquals(0, weft.sentWire().size());
        assertEquals(0, weft.books().generated());
    }
}
