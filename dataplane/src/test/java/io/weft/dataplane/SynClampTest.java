package io.weft.dataplane;

import static io.weft.dataplane.TestFrames.concat;
import static io.weft.dataplane.TestFrames.ethernet;
import static io.weft.dataplane.TestFrames.fixL4;
import static io.weft.dataplane.TestFrames.ip;
import static io.weft.dataplane.TestFrames.l4Sum;
import static io.weft.dataplane.TestFrames.putU16;
import static io.weft.dataplane.TestFrames.slice;
import static io.weft.dataplane.TestFrames.u16;
import static io.weft.dataplane.TestFrames.udp;
import static io.weft.dataplane.TestFrames.vxlan;
import static io.weft.dataplane.TestSwitch.get;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.dataplane.api.NetworkSpec;
import io.weft.dataplane.api.Rows;
import io.weft.dataplane.api.TraceSpec;
import io.weft.encap.Encapsulation;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** {@code mss-clamp: on} in a whole switch whose wire carries IP packets of 1,600 bytes. */
class SynClampTest {
    private static final long A = 0x020000000001L;
    private static final long B = 0x020000000002L;
    private static final long FAR = 0x0200000000f1L;
    private static final String PEER = "10.2.0.1";
    private static final String PEER6 = "fd00:2::1";
    private static final int BIG = 8960;

    private final TestSwitch weft = new TestSwitch("10.1.0.1", "fd00:1::1");

    @AfterEach
    void balanceAndClose() {
        assertTrue(weft.books().balanced());
        weft.close();
    }

    private void network(final boolean clamp, final String... peers) {
        final NetworkSpec plain = TestSwitch.spec("t/n", 5001, Encapsulation.VXLAN);
        weft.tenant("t").network(with(plain, clamp), peers).access("a", "t/n").access("b", "t/n");
    }

    private static NetworkSpec with(final NetworkSpec n, final boolean clamp) {
        return new NetworkSpec(
                n.tenant(),
                n.name(),
                n.vni(),
                n.encap(),
                n.port(),
                n.flowId(),
                n.keepInnerVlan(),
                n.udpChecksum(),
                n.macLimit(),
                n.macAgeMs(),
                n.group(),
                clamp);
    }

    private static byte[] syn(final long to, final long from, final boolean v4, final int flags) {
        final byte[] tcp = concat(new byte[20], new byte[] {1, 2, 4, (byte) (BIG >>> 8), (byte) BIG, 1, 1, 1});
        putU16(tcp, 0, 40_000);
        putU16(tcp, 2, 80);
        tcp[12] = 0x70;
        tcp[13] = (byte) flags;
        final byte[] packet = v4 ? ip("192.168.0.1", "192.168.0.2", 6, 0, tcp) : ip("fd00::1", "fd00::2", 6, 0, tcp);
        final byte[] frame = ethernet(to, from, v4 ? 0x0800 : 0x86dd, packet);
        return fixL4(frame, 14, v4 ? 34 : 54, 16);
    }

    private static void assertMss(final int size, final byte[] frame) {
        final int l4 = u16(frame, 12) == 0x0800 ? 34 : 54;
        assertEquals(size, u16(frame, l4 + 23));
        assertEquals(0xffff, l4Sum(frame, 14, l4));
    }

    private byte[] onWire(final byte[] frame) {
        weft.send("a", frame);
        final List<byte[]> wire = weft.sentWire();
        assertEquals(1, wire.size());
        return slice(wire.getFirst(), 50);
    }

    @Test
    void shouldTellBothEndsWhatFitsTheTunnel() {
        network(true, PEER);
        get(weft.control.addMac("t/n", -1, FAR, PEER));
        get(weft.control.addMac("t/n", -1, A, "a"));
        for (final int flags : new int[] {0x02, 0x12}) {
            assertMss(1550 - 40, onWire(syn(FAR, A, true, flags)));
            assertMss(1550 - 60, onWire(syn(FAR, A, false, flags)));
            for (final boolean v4 : new boolean[] {true, false}) {
                final byte[] outer =
                        ip(PEER, "10.1.0.1", 17, 0, udp(50_000, 4789, vxlan(5001), syn(A, FAR, v4, flags)));
                weft.sendWire(ethernet(A, FAR, 0x0800, outer));
                assertMss(v4 ? 1510 : 1490, weft.sent("a").getFirst());
            }
        }
    }

    @Test
    void shouldLeaveTheChecksumToWhoFillsItIn() {
        network(true, PEER);
        get(weft.control.addMac("t/n", -1, FAR, PEER));
        final byte[] frame = syn(FAR, A, true, 0x02);
        // What a guest leaves there: the sum of the pseudo header.
        putU16(frame, 34 + 16, 0);
        final int whole = l4Sum(frame, 14, 34);
        final int tcp = TestFrames.sum(slice(frame, 34));
        putU16(frame, 34 + 16, (whole + 0xffff - tcp) % 0xffff);
        assertTrue(weft.port("a").inject(frame, Burst.NEEDS_CSUM, Burst.GSO_NONE, 0, 34, 16));
        weft.pump();
        assertMss(1510, slice(weft.sentWire().getFirst(), 50));
    }

    @Test
    void shouldTellWhatFitsAllTunnelsWhenFlooded() {
        network(true, PEER, PEER6);
        weft.send("a", syn(FAR, A, true, 0x02));
        assertMss(1530 - 40, weft.sent("b").getFirst());
        assertEquals(2, weft.sentWire().size());
    }

    @Test
    void shouldLeaveAloneWhatGoesThroughNoTunnel() {
        network(true, PEER);
        get(weft.control.addMac("t/n", -1, B, "b"));
        final byte[] frame = syn(B, A, true, 0x02);
        weft.send("a", frame);
        assertArrayEquals(frame, weft.sent("b").getFirst());
    }

    @Test
    void shouldDoNothingUnlessTheNetworkAsksForIt() {
        network(false, PEER);
        get(weft.control.addMac("t/n", -1, FAR, PEER));
        final byte[] frame = syn(FAR, A, true, 0x02);
        assertArrayEquals(frame, onWire(frame));
        final NetworkSpec plain = TestSwitch.spec("t/n", 5001, Encapsulation.VXLAN);
        get(weft.control.putNetwork(with(plain, true)));
        assertMss(1510, onWire(syn(FAR, A, true, 0x02)));
        get(weft.control.putNetwork(with(plain, false)));
        assertArrayEquals(frame, onWire(syn(FAR, A, true, 0x02)));
    }

    @Test
    void shouldBeToldByTrace() {
        network(true, PEER);
        get(weft.control.addMac("t/n", -1, FAR, PEER));
        get(weft.control.addMac("t/n", -1, B, "b"));
        final String told = "the TCP connection is told a segment size that fits packets of 1550 bytes";
        assertEquals(List.of(told), traced(syn(FAR, A, true, 0x02)));
        assertEquals(List.of(told), traced(syn(0x02000000ffffL, A, false, 0x12)));
        assertEquals(List.of(), traced(syn(FAR, A, true, 0x10)));
        assertEquals(List.of(), traced(syn(B, A, true, 0x02)));
    }

    private List<String> traced(final byte[] frame) {
        return get(weft.control.trace(new TraceSpec("a", frame, null, 0, null))).steps().stream()
                .filter(step -> step.stage().equals("mss-clamp"))
                .map(Rows.TraceStep::text)
                .toList();
    }
}
