package io.weft.dataplane;

import static io.weft.dataplane.TestSwitch.get;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.dataplane.api.NetworkSpec;
import io.weft.dataplane.api.NetworkSpec.UdpChecksum;
import io.weft.encap.Encapsulation;
import io.weft.encap.IpAddress;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Decisions that must not be remembered longer than what they were made from; found by the random test. */
class DecisionLifeTest {
    private static final long A = 0x020000000001L;
    private static final long B = 0x020000000002L;
    private static final long GROUP = 0x0300_0000_0001L;
    private static final int AGE_MS = 40_000;

    private final TestSwitch weft = new TestSwitch("10.1.0.1");

    @AfterEach
    void close() {
        assertTrue(weft.books().balanced());
        weft.close();
    }

    private static NetworkSpec network(final String group) {
        return new NetworkSpec(
                "t",
                "n",
                5001,
                Encapsulation.VXLAN,
                4789,
                true,
                false,
                UdpChecksum.AUTO,
                100,
                AGE_MS,
                group == null ? null : IpAddress.parse(group));
    }

    private static byte[] frame(final long to, final long from) {
        return TestFrames.ethernet(to, from, 0x88b5, new byte[46]);
    }

    @Test
    void shouldFindAStationThatAgedAndCameBackElsewhere() {
        weft.tenant("t")
                .network(network(null))
                .access("a", "t/n")
                .access("b", "t/n")
                .access("c", "t/n");
        weft.send("b", frame(GROUP, B));
        weft.advance(AGE_MS - 1_000);
        weft.pump();
        weft.send("a", frame(B, A));
        assertEquals(1, weft.sent("b").size());

        weft.advance(2_000);
        weft.pump();
        weft.send("c", frame(GROUP, B));
        weft.sent("b");
        weft.sent("c");
        weft.send("a", frame(B, A));

        assertEquals(1, weft.sent("c").size());
        assertEquals(0, weft.sent("b").size());
    }

    @Test
    void shouldFloodToPeersWhenTheGroupIsTakenFromTheNetworkAndNotWhenItIsGiven() {
        weft.tenant("t").network(network("239.1.1.1"), "10.2.0.1", "10.2.0.2").access("a", "t/n");
        weft.send("a", frame(GROUP, A));
        assertEquals(1, weft.sentWire().size());

        get(weft.control.putNetwork(network(null)));
        weft.send("a", frame(GROUP, A));
        assertEquals(2, weft.sentWire().size());

        get(weft.control.putNetwork(network("239.1.1.1")));
        weft.send("a", frame(GROUP, A));
        assertEquals(1, weft.sentWire().size());
    }
}
