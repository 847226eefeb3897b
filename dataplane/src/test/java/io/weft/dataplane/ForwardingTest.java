package io.weft.dataplane;

import static io.weft.dataplane.TestFrames.ethernet;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.encap.Encapsulation;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ForwardingTest {
    private static final long A = 0x020000000001L;
    private static final long B = 0x020000000002L;
    private static final long C = 0x020000000003L;
    private static final long BROADCAST = 0xffffffffffffL;
    private static final int TYPE = 0x88b5;

    private final TestSwitch one = new TestSwitch("10.1.0.1", "fd00:1::1");
    private final TestSwitch two = new TestSwitch("10.2.0.1", "fd00:2::1");

    @AfterEach
    void balanceAndClose() {
        for (final TestSwitch each : List.of(one, two)) {
            assertTrue(each.books().balanced(), () -> each.books().toString());
            each.close();
        }
    }

    @Test
    void shouldFloodThenForwardBetweenLocalPorts() {
        one.tenant("t").network("t/n", 5001, Encapsulation.VXLAN);
        one.access("a", "t/n").access("b", "t/n").access("c", "t/n");
        one.send("a", ethernet(B, A, TYPE, new byte[50]));
        assertEquals(0, one.sent("a").size());
        assertEquals(1, one.sent("b").size());
        assertEquals(1, one.sent("c").size());
        final byte[] reply = ethernet(A, B, TYPE, new byte[60]);
        one.send("b", reply);
        assertEquals(0, one.sent("c").size());
        assertArrayEquals(reply, one.sent("a").get(0));
        one.send("a", ethernet(B, A, TYPE, new byte[50]));
        assertEquals(0, one.sent("c").size());
        assertEquals(1, one.sent("b").size());
        assertEquals("a", one.locationOf("t/n", "02:00:00:00:00:01"));
    }

    @ParameterizedTest
    @EnumSource(Encapsulation.class)
    void shouldCarryFramesBetweenSwitches(final Encapsulation encap) {
        for (final String[] ends :
                List.of(new String[] {"10.1.0.1", "10.2.0.1"}, new String[] {"fd00:1::1", "fd00:2::1"})) {
            final String key = "t/n" + ends[0].length();
            final int vni = 5000 + ends[0].length();
            one.tenant("t").network(key, vni, encap, ends[1]).access("a" + vni, key);
            two.tenant("t").network(key, vni, encap, ends[0]).access("b" + vni, key);
            final byte[] request = ethernet(BROADCAST, A, TYPE, new byte[46]);
            one.send("a" + vni, request);
            assertEquals(1, one.carryTo(two));
            assertArrayEquals(request, two.sent("b" + vni).get(0));
            assertEquals(ends[0], two.locationOf(key, "02:00:00:00:00:01"));
            final byte[] answer = ethernet(A, B, TYPE, new byte[1400]);
            two.send("b" + vni, answer);
            assertEquals(1, two.carryTo(one));
            assertArrayEquals(answer, one.sent("a" + vni).get(0));
        }
    }

    @Test
    void shouldMoveAnAddressThatShowsUpElsewhere() {
        one.tenant("t").network("t/n", 5001, Encapsulation.VXLAN);
        one.access("a", "t/n").access("b", "t/n").access("c", "t/n");
        one.send("a", ethernet(BROADCAST, A, TYPE, new byte[46]));
        one.send("c", ethernet(A, C, TYPE, new byte[46]));
        one.send("b", ethernet(BROADCAST, A, TYPE, new byte[46]));
        one.sent("a");
        one.sent("b");
        one.sent("c");
        one.send("c", ethernet(A, C, TYPE, new byte[46]));
        assertEquals(0, one.sent("a").size());
        assertEquals(1, one.sent("b").size());
    }

    @Test
    void shouldForgetAnAddressThatIsNotUsed() {
        one.tenant("t").network("t/n", 5001, Encapsulation.VXLAN);
        one.access("a", "t/n").access("b", "t/n").access("c", "t/n");
        one.send("a", ethernet(BROADCAST, A, TYPE, new byte[46]));
        one.advance(300_001);
        one.pump();
        one.advance(200_000);
        one.pump();
        one.sent("b");
        one.sent("c");
        assertEquals(null, one.locationOf("t/n", "02:00:00:00:00:01"));
        one.send("c", ethernet(A, C, TYPE, new byte[46]));
        assertEquals(1, one.sent("a").size());
        assertEquals(1, one.sent("b").size());
    }

    @Test
    void shouldGiveTrunkFramesTheirTag() {
        one.tenant("t").network("t/n", 5001, Encapsulation.VXLAN).network("t/m", 5002, Encapsulation.VXLAN);
        one.access("a", "t/n").trunk("fw", Map.of(10, "t/n", 20, "t/m")).access("b", "t/m");
        final byte[] plain = ethernet(BROADCAST, A, TYPE, new byte[46]);
        one.send("a", plain);
        assertEquals(0, one.sent("b").size());
        assertArrayEquals(TestFrames.tag(0x8100, 10, plain), one.sent("fw").get(0));
        final byte[] answer = ethernet(BROADCAST, C, TYPE, new byte[46]);
        one.send("fw", TestFrames.tag(0x8100, 20, answer));
        assertArrayEquals(answer, one.sent("b").get(0));
        assertEquals(0, one.sent("a").size());
        one.send("fw", TestFrames.tag(0x8100, 30, answer));
        one.send("fw", answer);
        assertEquals(1, one.drops(DropReason.UNKNOWN_VLAN));
        assertEquals(1, one.drops(DropReason.UNTAGGED_ON_TRUNK));
    }
}
