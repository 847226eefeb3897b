package io.weft.encap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;

class AllocationTest {
    private static final int WARM_UP = 100_000;
    private static final int FRAMES = 1_000_000;

    private final ParsedFrame p = new ParsedFrame();
    private final OuterPacket outer = new OuterPacket();
    private final long frame = Bytes.copy(
            "020000000002 020000000001 0800 4502 0028 0000 4000 4006 0000 0a000001 0a000002",
            "0001 0002 00000001 00000002 5010 ffff 0000 0000 000000000000");
    private final long packet = Mem.allocate(256, 64);
    private final OuterHeader[] headers = {header(true, Encapsulation.VXLAN), header(false, Encapsulation.GENEVE)};

    private static OuterHeader header(final boolean ipv4, final Encapsulation encapsulation) {
        return new OuterHeader(new OuterHeader.Spec(
                encapsulation,
                5001,
                encapsulation.defaultPort(),
                IpAddress.parse(ipv4 ? "10.1.0.1" : "fd00::1"),
                IpAddress.parse(ipv4 ? "10.2.0.1" : "fd00::2"),
                1,
                2,
                -1,
                true,
                true));
    }

    /** Both ways of a frame: parse, hash, write and sum; then the outer packet, the tunnel header, ECN. */
    private int forthAndBack(final int i) {
        FrameParser.parse(frame, 60, 60, p);
        final int hash = FlowHash.symmetric(frame, p, i);
        final OuterHeader header = headers[i & 1];
        final int length = header.length();
        header.write(packet, 60, hash, Ecn.encapsulate(p.ecn));
        Mem.copy(frame, packet + length, 60);
        header.writeChecksum(packet, Checksum.sum(packet + length, 60));
        final OuterResult result = OuterParser.parse(packet, length + 60, false, outer);
        final long tunnel = packet + outer.payload;
        final boolean right = (i & 1) == 0 ? Vxlan.hasVni(tunnel) : Geneve.check(tunnel, outer.payloadLength) == 0;
        final int ecn = Ecn.decapsulate(p.ecn, outer.ecn);
        Ecn.set(packet + length + 14, 4, ecn);
        return result == OuterResult.ACCEPTED && right ? hash : 0;
    }

    @Test
    void shouldAllocateNothingPerFrame() {
        final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        int hashes = 0;
        for (int i = 0; i < WARM_UP; i++) {
            assertNotEquals(0, forthAndBack(i));
        }
        final long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < FRAMES; i++) {
            hashes ^= forthAndBack(i);
        }
        final long bytes = threads.getCurrentThreadAllocatedBytes() - before;
        assertTrue(bytes < FRAMES / 10, bytes + " bytes for " + FRAMES + " frames");
        assertNotEquals(0, hashes);
        assertEquals(Ecn.ECT_0, p.ecn);
    }
}
