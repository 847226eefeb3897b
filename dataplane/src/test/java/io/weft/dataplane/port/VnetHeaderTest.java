package io.weft.dataplane.port;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.weft.dataplane.Burst;
import io.weft.dataplane.DropReason;
import io.weft.encap.Mem;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class VnetHeaderTest {
    private final long header = Mem.allocate(64, 64);
    private final Burst burst = new Burst();

    @Test
    void shouldKeepOffloadWordsBothWays() {
        final byte[] tso = {1, 1, 0, 0, (byte) 0xa8, 5, 34, 0, 16, 0, 1, 0};
        Mem.copy(tso, 0, header, 12);
        burst.add(header, 3000);
        VnetHeader.load(header, burst, 0);
        assertEquals(0, burst.refused[0]);
        assertEquals(Burst.NEEDS_CSUM, burst.vnetFlags[0]);
        assertEquals(Burst.GSO_TCPV4, burst.gsoType[0]);
        assertEquals(1448, burst.gsoSize[0]);
        assertEquals(34, burst.csumStart[0]);
        assertEquals(16, burst.csumOffset[0]);

        Mem.fill(header, 12, 0xee);
        // The frame's TCP header has 32 bytes: what is before the payload is said too.
        Mem.putByte(header + 34 + 12, 0x80);
        VnetHeader.store(header, burst, 0, 0);
        tso[2] = 34 + 32;
        assertArrayEquals(tso, Mem.bytes(header, 12));
    }

    @Test
    void shouldMoveChecksumStartWhenATagIsPushed() {
        Mem.copy(new byte[] {1, 0, 0, 0, 0, 0, 34, 0, 16, 0, 0, 0}, 0, header, 12);
        burst.add(header, 100);
        VnetHeader.load(header, burst, 0);
        VnetHeader.store(header, burst, 0, 4);
        assertArrayEquals(new byte[] {1, 0, 0, 0, 0, 0, 38, 0, 16, 0, 1, 0}, Mem.bytes(header, 12));
    }

    @Test
    void shouldWriteZerosWhenFrameIsComplete() {
        Mem.fill(header, 12, 0xee);
        burst.add(header, 100);
        VnetHeader.store(header, burst, 0, 0);
        assertArrayEquals(new byte[] {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0}, Mem.bytes(header, 12));
    }

    @Test
    @Tag("T10")
    void shouldRefuseWhenChecksumLiesOutsideTheFrame() {
        Mem.copy(new byte[] {1, 0, 0, 0, 0, 0, 34, 0, 16, 0, 0, 0}, 0, header, 12);
        burst.add(header, 51);
        VnetHeader.load(header, burst, 0);
        assertEquals(DropReason.BAD_OFFLOAD.ordinal(), burst.refused[0]);
        burst.clear();
        burst.add(header, 52);
        VnetHeader.load(header, burst, 0);
        assertEquals(0, burst.refused[0]);
    }

    @Test
    @Tag("T9")
    void shouldRefuseWhenSegmentationComesWithoutChecksum() {
        Mem.copy(new byte[] {0, 1, 0, 0, 100, 0, 0, 0, 0, 0, 0, 0}, 0, header, 12);
        burst.add(header, 1000);
        VnetHeader.load(header, burst, 0);
        assertEquals(DropReason.BAD_OFFLOAD.ordinal(), burst.refused[0]);
    }

    @Test
    @Tag("T10")
    void shouldIgnoreUnknownFlagsAndOffsetsWithoutNeedsCsum() {
        Mem.copy(new byte[] {(byte) 0xf8, 0, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9}, 0, header, 12);
        burst.add(header, 60);
        VnetHeader.load(header, burst, 0);
        assertEquals(0, burst.refused[0]);
        assertEquals(0, burst.vnetFlags[0]);
    }
}
