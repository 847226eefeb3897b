package io.weft.dataplane;

import static io.weft.dataplane.OwnWire.OWN;
import static io.weft.dataplane.OwnWire.ROUTER;
import static io.weft.dataplane.OwnWire.icmp6;
import static io.weft.dataplane.OwnWire.mac;
import static io.weft.dataplane.TestFrames.concat;
import static io.weft.dataplane.TestFrames.putU16;
import static io.weft.dataplane.TestFrames.slice;
import static io.weft.dataplane.TestFrames.u16;
import static io.weft.dataplane.TestFrames.u8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.dataplane.api.NetworkSpec;
import io.weft.dataplane.api.NetworkSpec.UdpChecksum;
import io.weft.dataplane.api.PortSpec;
import io.weft.encap.Encapsulation;
import io.weft.encap.IpAddress;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** IGMP and MLD of an underlay of its own: what it says of the groups that its networks use, and when. */
class OwnGroupsTest {
    private static final String GROUP = "239.1.1.1";
    private static final String GROUP6 = "ff0e::77";
    private static final int IS_EXCLUDE = 2;
    private static final int TO_INCLUDE = 3;
    private static final int TO_EXCLUDE = 4;

    private final OwnWire net = new OwnWire(Encapsulation.VXLAN).settled();

    @AfterEach
    void shouldHaveKeptItsBooks() {
        assertTrue(net.books().balanced(), net.books().toString());
        net.close();
    }

    /** A network with a group, and its first port. */
    private void join(final String name, final int vni, final String group) {
        TestSwitch.get(net.weft
                .control()
                .putNetwork(new NetworkSpec(
                        "t",
                        name,
                        vni,
                        Encapsulation.VXLAN,
                        4789,
                        true,
                        false,
                        UdpChecksum.AUTO,
                        1000,
                        300_000,
                        IpAddress.parse(group))));
        TestSwitch.get(net.weft
                .control()
                .putPort(new PortSpec("p" + name, PortSpec.Kind.MEMORY, name, "t/" + name, Map.of(), 0, 1400, 0)));
    }

    private void join() {
        join("g", 6001, GROUP);
        join("h", 6002, GROUP6);
    }

    /** What was said of the group since the last call, with right headers: type of a message, or of its record. */
    private List<Integer> said(final String group) {
        return net.sent().stream()
                .map(frame -> group.contains(":") ? mld(frame, group) : igmp(frame, group))
                .filter(type -> type != 0)
                .toList();
    }

    private static int igmp(final byte[] frame, final String group) {
        if (u16(frame, 12) != 0x0800 || u8(frame, 23) != 2) {
            return 0;
        }
        final int header = 4 * (u8(frame, 14) & 15);
        final byte[] igmp = Arrays.copyOfRange(frame, 14 + header, 14 + u16(frame, 16));
        // With the router alert option (RFC 2113), for this link alone.
        assertEquals(24, header);
        assertEquals(0x9404, u16(frame, 34));
        assertEquals(1, u8(frame, 22));
        assertEquals(0xffff, TestFrames.sum(Arrays.copyOfRange(frame, 14, 14 + header)));
        assertEquals(0xffff, TestFrames.sum(igmp));
        assertEquals(OWN, mac(frame, 6));
        final boolean version3 = igmp[0] == 0x22;
        final byte[] address = version3 ? Arrays.copyOfRange(igmp, 12, 16) : Arrays.copyOfRange(igmp, 4, 8);
        if (version3) {
            assertEquals(0x0100_5e00_0016L, mac(frame, 0));
            assertEquals(1, u16(igmp, 6));
        }
        return Arrays.equals(address, TestFrames.address(group)) ? version3 ? u8(igmp, 8) : u8(igmp, 0) : 0;
    }

    private static int mld(final byte[] frame, final String group) {
        if (u16(frame, 12) != 0x86dd || u8(frame, 20) != 0) {
            return 0;
        }
        // Behind hop-by-hop options with a router alert (RFC 2711), from the link-local address.
        assertEquals(58, u8(frame, 54));
        assertEquals(0x0502, u16(frame, 56));
        assertEquals(1, u8(frame, 21));
        assertEquals(0xfe80, u16(frame, 22));
        final byte[] icmp = slice(frame, 62);
        final boolean version2 = u8(icmp, 0) == 143;
        if (version2) {
            assertEquals(0x3333_0000_0016L, mac(frame, 0));
            assertEquals(1, u16(icmp, 6));
        }
        final byte[] address = Arrays.copyOfRange(icmp, version2 ? 12 : 8, version2 ? 28 : 24);
        return Arrays.equals(address, TestFrames.address(group)) ? version2 ? u8(icmp, 8) : u8(icmp, 0) : 0;
    }

    private static byte[] query4(final String group, final int length) {
        final byte[] igmp = new byte[length];
        igmp[0] = 0x11;
        igmp[1] = 10;
        System.arraycopy(TestFrames.address(group), 0, igmp, 4, 4);
        putU16(igmp, 2, ~TestFrames.sum(igmp) & 0xffff);
        return TestFrames.ethernet(
                0x0100_5e00_0001L, ROUTER, 0x0800, TestFrames.ip("10.1.0.254", "224.0.0.1", 2, 0, igmp));
    }

    /** As queriers send it: with hop-by-hop options before it. */
    private static byte[] query6(final String group, final int length) {
        final byte[] icmp = new byte[length];
        icmp[0] = (byte) 130;
        putU16(icmp, 4, 1_000);
        System.arraycopy(TestFrames.address(group), 0, icmp, 8, 16);
        final byte[] frame = icmp6(0x3333_0000_0001L, ROUTER, "fe80::fe", "ff02::1", 1, icmp);
        frame[20] = 0;
        putU16(frame, 18, length + 8);
        final byte[] alert = {58, 0, 5, 2, 0, 0, 1, 0};
        return concat(Arrays.copyOf(frame, 54), alert, slice(frame, 54));
    }

    @Test
    @Tag("V14")
    void shouldReportGroupsTwiceWhenJoinedAndOnceWhenLeft() {
        join("g", 6001, GROUP);
        net.pass(5_000);
        assertEquals(List.of(TO_EXCLUDE, TO_EXCLUDE), said(GROUP));
        join("h", 6002, GROUP6);
        net.pass(5_000);
        assertEquals(List.of(TO_EXCLUDE, TO_EXCLUDE), said(GROUP6));
        TestSwitch.get(net.weft.control().removePort("pg"));
        net.pass(100);
        assertEquals(List.of(TO_INCLUDE), said(GROUP));
        TestSwitch.get(net.weft.control().removePort("ph"));
        net.pass(100);
        assertEquals(List.of(TO_INCLUDE), said(GROUP6));
        net.receive(query4("0.0.0.0", 12));
        net.receive(query6("::", 28));
        net.pass(2_000);
        assertEquals(List.of(), said(GROUP));
    }

    @Test
    @Tag("V14")
    void shouldAnswerQueriersWithinTheTimeThatTheyGive() {
        join();
        net.pass(5_000);
        net.sent();
        for (final String asked : List.of("0.0.0.0", GROUP)) {
            net.receive(query4(asked, 12));
            net.pass(1_100);
            assertEquals(List.of(IS_EXCLUDE), said(GROUP), asked);
        }
        for (final String asked : List.of("::", GROUP6)) {
            net.receive(query6(asked, 28));
            net.pass(1_100);
            assertEquals(List.of(IS_EXCLUDE), said(GROUP6), asked);
        }
    }

    @Test
    void shouldAnswerOldQueriersInTheirVersion() {
        join();
        net.pass(5_000);
        net.sent();
        net.receive(query4("0.0.0.0", 8));
        net.pass(1_100);
        assertEquals(List.of(0x16), said(GROUP));
        net.receive(query6("::", 24));
        net.pass(1_100);
        assertEquals(List.of(131), said(GROUP6));
        TestSwitch.get(net.weft.control().removePort("pg"));
        net.pass(100);
        assertEquals(List.of(0x17), said(GROUP));
        TestSwitch.get(net.weft.control().removePort("ph"));
        net.pass(100);
        assertEquals(List.of(132), said(GROUP6));
    }

    @Test
    void shouldNotAnswerForOtherGroupsOrDamagedQueries() {
        join();
        net.pass(5_000);
        net.sent();
        net.receive(query4("239.9.9.9", 12));
        net.receive(query6("ff0e::99", 28));
        final byte[] damaged = query4("0.0.0.0", 12);
        damaged[36]++;
        net.receive(damaged);
        final byte[] damaged6 = query6("::", 28);
        damaged6[66]++;
        net.receive(damaged6);
        net.pass(2_000);
        assertArrayEquals(
                new byte[0][],
                net.sent().stream().filter(frame -> u16(frame, 12) != 0x0806).toArray(byte[][]::new));
        assertEquals(2, net.count("own-malformed"));
    }
}
