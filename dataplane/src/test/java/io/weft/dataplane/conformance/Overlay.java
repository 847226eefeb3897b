package io.weft.dataplane.conformance;

import static io.weft.dataplane.TestFrames.concat;
import static io.weft.dataplane.TestFrames.etherType;
import static io.weft.dataplane.TestFrames.ethernet;
import static io.weft.dataplane.TestFrames.fixL4;
import static io.weft.dataplane.TestFrames.ip;
import static io.weft.dataplane.TestFrames.slice;
import static io.weft.dataplane.TestFrames.u16;
import static io.weft.dataplane.TestFrames.u8;
import static io.weft.dataplane.TestFrames.udp;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.dataplane.DropReason;
import io.weft.dataplane.SwitchContext;
import io.weft.dataplane.TestSwitch;
import io.weft.dataplane.api.NetworkSpec;
import io.weft.dataplane.api.NetworkSpec.UdpChecksum;
import io.weft.encap.Encapsulation;
import io.weft.encap.IpAddress;
import java.util.List;
import org.junit.jupiter.api.AfterEach;

/**
 * A whole switch with ports {@code a} and {@code b} of tenant {@code t}, and the wire; what it sends and receives there is
 * built and taken apart byte by byte. After each test the books must balance.
 */
abstract class Overlay {
    static final String OWN = "10.1.0.1";
    static final String OWN6 = "fd00:1::1";
    static final String PEER = "10.2.0.1";
    static final String PEER6 = "fd00:2::1";
    static final String OTHER = "10.3.0.1";
    static final String STRANGER = "10.9.0.9";
    static final long A = 0x020000000001L;
    static final long B = 0x020000000002L;
    static final long R = 0x0200000000f1L;
    static final long BROADCAST = 0xffffffffffffL;
    static final int TYPE = 0x88b5;
    static final int VNI = 5001;
    static final byte[] NOTHING = {};

    TestSwitch weft = new TestSwitch(OWN, OWN6);

    @AfterEach
    void balanceAndClose() {
        assertTrue(weft.books().balanced(), () -> weft.books().toString());
        weft.close();
    }

    /** Another switch, that takes tunnel packets from anybody. */
    void acceptAny() {
        weft.close();
        weft = new TestSwitch(new SwitchContext(), true, OWN, OWN6);
    }

    static NetworkSpec spec(
            final String key,
            final int vni,
            final Encapsulation encap,
            final int port,
            final boolean flowId,
            final boolean keepInnerVlan,
            final UdpChecksum checksum,
            final String group) {
        final String[] names = key.split("/", 2);
        return new NetworkSpec(
                names[0],
                names[1],
                vni,
                encap,
                port,
                flowId,
                keepInnerVlan,
                checksum,
                1000,
                300_000,
                group == null ? null : IpAddress.parse(group));
    }

    static NetworkSpec spec(final Encapsulation encap) {
        return TestSwitch.spec("t/n", VNI, encap);
    }

    static NetworkSpec spec(final Encapsulation encap, final UdpChecksum checksum) {
        return spec("t/n", VNI, encap, encap.defaultPort(), true, false, checksum, null);
    }

    static NetworkSpec keepingTags(final Encapsulation encap) {
        return spec("t/n", VNI, encap, encap.defaultPort(), true, true, UdpChecksum.AUTO, null);
    }

    /** Network {@code t/n} with one peer and ports {@code a} and {@code b}. */
    void network(final NetworkSpec spec, final String... peers) {
        weft.tenant("t").network(spec, peers);
        weft.access("a", spec.key()).access("b", spec.key());
    }

    /** A UDP packet on the wire towards the switch, checksum 0. */
    static byte[] udpPacket(
            final String from, final String to, final int tos, final int port, final byte[]... payload) {
        return ethernet(A, R, etherType(from), ip(from, to, 17, tos, udp(50_123, port, payload)));
    }

    static byte[] checksummed(final byte[] packet) {
        return fixL4(packet, 14, l4(packet), 6);
    }

    static byte[] grePacket(final String from, final String to, final byte[]... payload) {
        return ethernet(A, R, etherType(from), ip(from, to, 47, 0, concat(payload)));
    }

    /** Offset of what follows the IP header of a packet on the wire. */
    static int l4(final byte[] packet) {
        return u16(packet, 12) == 0x86dd ? 54 : 34;
    }

    /** Offset of the tunnel header. */
    static int tunnel(final byte[] packet) {
        final int protocol = u16(packet, 12) == 0x86dd ? u8(packet, 20) : u8(packet, 23);
        return l4(packet) + (protocol == 17 ? 8 : 0);
    }

    static byte[] inner(final byte[] packet) {
        return slice(packet, tunnel(packet) + 8);
    }

    static byte[] frame(final long destination, final long source) {
        return ethernet(destination, source, TYPE, new byte[46]);
    }

    /** A UDP frame between two of the tenant's machines, for flows. */
    static byte[] flow(final int sourcePort) {
        return ethernet(
                BROADCAST, A, 0x0800, ip("192.168.0.1", "192.168.0.2", 17, 0, udp(sourcePort, 53, new byte[20])));
    }

    /** Sends a frame out of port {@code a} and returns the one packet that it makes on the wire. */
    byte[] encapsulated(final byte[] frame) {
        weft.send("a", frame);
        final List<byte[]> packets = weft.sentWire();
        assertEquals(1, packets.size());
        return packets.getFirst();
    }

    /** Puts a packet on the wire and expects its inner frame on both ports. */
    void assertDelivered(final byte[] inner, final byte[] packet) {
        weft.sent("a");
        weft.sent("b");
        weft.sendWire(packet);
        for (final String port : List.of("a", "b")) {
            final List<byte[]> frames = weft.sent(port);
            assertEquals(1, frames.size(), "frames on port " + port);
            assertArrayEquals(inner, frames.getFirst());
        }
    }

    /** Puts a packet on the wire and expects it to be counted as dropped for that reason, and nowhere else. */
    void assertDropped(final DropReason reason, final byte[] packet) {
        weft.sent("a");
        weft.sent("b");
        weft.sentWire();
        final long before = weft.drops(reason);
        final long dropped = weft.books().dropped();
        weft.sendWire(packet);
        assertEquals(before + 1, weft.drops(reason), () -> "drops for " + reason + " of " + drops());
        assertEquals(dropped + 1, weft.books().dropped());
        assertNothingSent();
    }

    void assertNothingSent() {
        assertEquals(0, weft.sent("a").size());
        assertEquals(0, weft.sent("b").size());
        assertEquals(0, weft.sentWire().size());
    }

    String drops() {
        return TestSwitch.get(weft.control.drops()).toString();
    }
}
