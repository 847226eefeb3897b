package io.weft.encap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;

/** Random, cut and damaged frames at the end of readable memory: no read beyond, and results that hold together. */
class ParserFuzzTest {
    private static final GuardedMemory MEMORY = new GuardedMemory();
    private static final String[] FRAMES = {
        "020000000002020000000001 0800 4500002812344000400600000a0000010a000002 f1f2e1e200000001000000025010ffff00000000",
        "020000000002020000000001 8100a064 0800 4600002012342000401100000a0000010a00000201010101 f1f2e1e200080000",
        "020000000002020000000001 88a80001 81000002 86dd 6000000000503c40 fd000000000000000000000000000001"
                + "fd000000000000000000000000000002 2b00010400000000 2c02000000000000000000000000000000000000000000000"
                + "03c00000100000001 3300010400000000 1104000000000001000000000000000000000000000000 00 f1f2e1e200080000",
        "020000000002020000000001 86dd 6000000000102c40 fd000000000000000000000000000001"
                + "fd000000000000000000000000000002 1100000900000007 f1f2e1e200080000",
        "ffffffffffff020000000001 0806 0001080006040001 0200000000010a000001 0000000000000a000002",
    };

    private final ParsedFrame p = new ParsedFrame();
    private final OuterPacket outer = new OuterPacket();

    private void check(final byte[] frame, final int available, final int length, final String where) {
        final long address = MEMORY.place(frame, available);
        final boolean parsed = FrameParser.parse(address, available, length, p);
        final int readable = Math.min(available, length);
        assertEquals((p.flags & ParsedFrame.RUNT) == 0, parsed, where);
        if (!parsed) {
            assertTrue(readable < 14 || Vlan.isTpid(Ethernet.type(address)), where);
            return;
        }
        assertTrue(p.payload >= 14 && p.payload == 14 + 4 * p.tags && p.payload <= readable, where);
        assertTrue(p.tags <= FrameParser.MAX_TAGS, where);
        assertEquals(p.l3 >= 0, p.ipVersion != 0, where);
        assertEquals(p.l3 >= 0, p.ecn >= 0, where);
        assertTrue(readable >= 14, where);
        if (p.l3 >= 0) {
            assertEquals(p.payload, p.l3, where);
            assertTrue(p.l3 + p.ipHeaderLength <= readable, where);
            assertTrue(p.ipEnd <= length && p.ipEnd >= p.l3 + p.ipHeaderLength, where);
        }
        if (p.l4 >= 0) {
            assertTrue(p.l4 >= p.l3 + p.ipHeaderLength && p.l4 <= Math.min(readable, p.ipEnd), where);
            assertTrue(!p.isLaterFragment(), where);
        } else {
            assertEquals(0, p.sourcePort | p.destinationPort, where);
        }
        FlowHash.symmetric(address, p, 1);
        if (available == length) {
            final OuterResult result = OuterParser.parse(address, length, false, outer);
            if (result == OuterResult.ACCEPTED) {
                assertTrue(outer.payload >= 34 && outer.payloadLength >= 0, where);
                assertTrue(outer.payload + outer.payloadLength <= length, where);
            }
            OuterParser.parse(address, length, true, outer);
            Geneve.check(address, length);
        }
    }

    @Test
    void shouldStandEveryTruncation() {
        for (final String text : FRAMES) {
            final byte[] frame = Bytes.hex(text);
            for (int available = 0; available <= frame.length; available++) {
                check(frame, available, available, "cut to " + available);
                check(frame, available, frame.length, "available " + available);
                check(frame, available, 70_000, "long, available " + available);
            }
        }
    }

    @Test
    void shouldStandEveryFlippedBitAndByte() {
        for (final String text : FRAMES) {
            final byte[] frame = Bytes.hex(text);
            for (int i = 0; i < frame.length; i++) {
                for (int flip = 1; flip < 0x100; flip++) {
                    frame[i] ^= (byte) flip;
                    check(frame, frame.length, frame.length, "byte " + i + " ^ " + flip);
                    frame[i] ^= (byte) flip;
                }
            }
        }
    }

    @Test
    void shouldStandRandomFrames() {
        final long seed = 20260101;
        final Random random = new Random(seed);
        for (int i = 0; i < 200_000; i++) {
            final byte[] frame = Bytes.hex(FRAMES[random.nextInt(FRAMES.length)]);
            for (int damage = random.nextInt(6); damage > 0; damage--) {
                frame[random.nextInt(frame.length)] = (byte) random.nextInt(256);
            }
            final int available = random.nextInt(frame.length + 1);
            final int length = random.nextInt(4) == 0 ? available + random.nextInt(2000) : available;
            check(frame, available, length, "seed " + seed + ", round " + i);
        }
        final byte[] noise = new byte[200];
        for (int i = 0; i < 200_000; i++) {
            random.nextBytes(noise);
            noise[12] = (byte) (i % 2 == 0 ? 0x08 : 0x86);
            noise[13] = (byte) (i % 2 == 0 ? 0x00 : 0xdd);
            noise[14] = (byte) (i % 2 == 0 ? 0x40 | (noise[14] & 0xf) : 0x60);
            noise[20] = (byte) (i % 2 == 0 ? 0 : new int[] {0, 43, 44, 51, 60}[i % 5]);
            final int available = random.nextInt(noise.length + 1);
            check(noise, available, available, "seed " + seed + ", noise " + i);
        }
    }
}
