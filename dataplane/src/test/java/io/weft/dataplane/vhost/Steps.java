package io.weft.dataplane.vhost;

import io.weft.encap.Mem;
import java.lang.invoke.VarHandle;

/**
 * What {@link SteppedClasses} puts in the place of {@link Mem} within the device's rings: each access to memory is told
 * to a hook before it happens, and a hook may end the device there, as a killed process ends.
 *
 * <p>Owned by the test's thread.
 */
public final class Steps {
    /** Kinds of access, as the memory model tells them apart. */
    public enum Kind {
        READ,
        ACQUIRE,
        WRITE,
        RELEASE,
        FENCE,
        SIGNAL
    }

    /** Called before an access of {@code bytes} bytes. */
    public interface Hook {
        void before(Kind kind, long address, int bytes);
    }

    /** The device ended here. */
    public static final class Killed extends RuntimeException {
        private static final long serialVersionUID = 1;

        public Killed() {
            super("killed", null, false, false);
        }
    }

    private static Hook hook = (kind, address, bytes) -> {};

    private Steps() {}

    public static void hook(final Hook told) {
        hook = told;
    }

    /** Ends the device before its {@code n}th store from now on, counted from 0. */
    public static void killAt(final int n) {
        final int[] left = {n};
        hook = (kind, address, bytes) -> {
            if ((kind == Kind.WRITE || kind == Kind.RELEASE) && left[0]-- == 0) {
                throw new Killed();
            }
        };
    }

    public static void none() {
        hook = (kind, address, bytes) -> {};
    }

    public static int getByte(final long address) {
        hook.before(Kind.READ, address, 1);
        return Mem.getByte(address);
    }

    public static void putByte(final long address, final int value) {
        hook.before(Kind.WRITE, address, 1);
        Mem.putByte(address, value);
    }

    public static int getShortNative(final long address) {
        hook.before(Kind.READ, address, 2);
        return Mem.getShortNative(address);
    }

    public static void putShortNative(final long address, final int value) {
        hook.before(Kind.WRITE, address, 2);
        Mem.putShortNative(address, value);
    }

    public static int getShortAcquire(final long address) {
        hook.before(Kind.ACQUIRE, address, 2);
        return Mem.getShortAcquire(address);
    }

    public static void putShortRelease(final long address, final int value) {
        hook.before(Kind.RELEASE, address, 2);
        Mem.putShortRelease(address, value);
    }

    public static int getIntNative(final long address) {
        hook.before(Kind.READ, address, 4);
        return Mem.getIntNative(address);
    }

    public static void putIntNative(final long address, final int value) {
        hook.before(Kind.WRITE, address, 4);
        Mem.putIntNative(address, value);
    }

    public static void putIntRelease(final long address, final int value) {
        hook.before(Kind.RELEASE, address, 4);
        Mem.putIntRelease(address, value);
    }

    public static long getLongNative(final long address) {
        hook.before(Kind.READ, address, 8);
        return Mem.getLongNative(address);
    }

    public static long getLongAcquire(final long address) {
        hook.before(Kind.ACQUIRE, address, 8);
        return Mem.getLongAcquire(address);
    }

    public static long getLongOpaque(final long address) {
        hook.before(Kind.READ, address, 8);
        return Mem.getLongOpaque(address);
    }

    public static void putLongNative(final long address, final long value) {
        hook.before(Kind.WRITE, address, 8);
        Mem.putLongNative(address, value);
    }

    public static void putLongRelease(final long address, final long value) {
        hook.before(Kind.RELEASE, address, 8);
        Mem.putLongRelease(address, value);
    }

    public static void orLong(final long address, final long bits) {
        hook.before(Kind.RELEASE, address, 8);
        Mem.orLong(address, bits);
    }

    public static void fullFence() {
        hook.before(Kind.FENCE, 0, 0);
        VarHandle.fullFence();
    }

    public static int signal(final int fd) {
        hook.before(Kind.SIGNAL, fd, 0);
        return Long.BYTES;
    }
}
