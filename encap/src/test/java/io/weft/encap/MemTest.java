package io.weft.encap;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class MemTest {
    private final long memory = Mem.allocate(64, 64);

    @Test
    void shouldWriteNetworkByteOrder() {
        Mem.putShort(memory, 0x0102);
        Mem.putInt(memory + 2, 0x03040506);
        Mem.putLong(memory + 6, 0x0708090a0b0c0d0eL);
        assertArrayEquals(new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14}, Mem.bytes(memory, 14));
    }

    @Test
    void shouldReadUnsigned() {
        Mem.putShort(memory, 0xfffe);
        assertEquals(0xfffe, Mem.getShort(memory));
        assertEquals(0xff, Mem.getByte(memory));
    }

    @Test
    void shouldAlign() {
        assertEquals(0, memory & 63);
    }
}
