package io.weft.encap;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteOrder;
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
        final long page = Mem.allocate(16, 4096);
        assertEquals(0, page & 4095);
        assertArrayEquals(new byte[16], Mem.bytes(page, 16));
    }

    @Test
    void shouldReadNetworkByteOrder() {
        Mem.copy(new byte[] {-1, -2, -3, -4, -5, -6, -7, -8, -9}, 1, memory, 8);
        assertEquals(0xfefd, Mem.getShort(memory));
        assertEquals(0xfefdfcfb, Mem.getInt(memory));
        assertEquals(0xfefdfcfbfaf9f8f7L, Mem.getLong(memory));
    }

    @Test
    void shouldKeepTheMachinesOrderInNativeVariants() {
        final boolean little = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN;
        Mem.putShortNative(memory, 0xfffe);
        assertEquals(0xfffe, Mem.getShortNative(memory));
        assertEquals(little ? 0xfeff : 0xfffe, Mem.getShort(memory));
        assertEquals(Mem.getShort(memory), Mem.networkShort(0xfffe));
        assertEquals(0xfffe, Mem.networkShort(Mem.networkShort(0xfffe)));
        Mem.putIntNative(memory, 0xf1020304);
        assertEquals(0xf1020304, Mem.getIntNative(memory));
        assertEquals(little ? 0x040302f1 : 0xf1020304, Mem.getInt(memory));
        Mem.putLongNative(memory, 0xf102030405060708L);
        assertEquals(0xf102030405060708L, Mem.getLongNative(memory));
        assertEquals(little ? 0x08 : 0xf1, Mem.getByte(memory));
        Mem.putLongRelease(memory, 0xe102030405060708L);
        assertEquals(0xe102030405060708L, Mem.getLongAcquire(memory));
        assertEquals(0xe102030405060708L, Mem.getLongNative(memory));
    }

    @Test
    void shouldCopyAndFill() {
        Mem.fill(memory, 16, 0x177);
        Mem.copy(new byte[] {1, 2, 3, 4, 5}, 1, memory + 2, 3);
        assertEquals("7777020304777777", Bytes.text(memory, 8));
        Mem.copy(memory + 2, memory + 3, 3);
        assertEquals("7777020203047777", Bytes.text(memory, 8));
        final byte[] bytes = new byte[5];
        Mem.copy(memory + 3, bytes, 1, 3);
        assertArrayEquals(new byte[] {0, 2, 3, 4, 0}, bytes);
    }
}
