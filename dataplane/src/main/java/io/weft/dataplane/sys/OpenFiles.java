package io.weft.dataplane.sys;

import io.weft.encap.Mem;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** How many files this process may have open. */
public final class OpenFiles {
    private static final int RLIMIT_NOFILE = 7;
    /** {@code struct rlimit}: the limit, then what it may be raised to. */
    private static final int SIZE = 16;

    private static final int HARD = 8;

    private static final MethodHandle GETRLIMIT = Native.handle("getrlimit", 2);
    private static final MethodHandle SETRLIMIT = Native.handle("setrlimit", 2);

    private OpenFiles() {}

    /** Raises the limit to what it may be without privileges; what cannot be raised stays. */
    public static void raise() {
        try (Arena arena = Arena.ofConfined()) {
            final long limits = arena.allocate(SIZE, Long.BYTES).address();
            if (call(GETRLIMIT, limits) == 0) {
                Mem.putLongNative(limits, Mem.getLongNative(limits + HARD));
                call(SETRLIMIT, limits);
            }
        }
    }

    /** The limit; {@link Long#MAX_VALUE} where there is none, or none is known. */
    public static long limit() {
        try (Arena arena = Arena.ofConfined()) {
            final long limits = arena.allocate(SIZE, Long.BYTES).address();
            final long limit = call(GETRLIMIT, limits) == 0 ? Mem.getLongNative(limits) : Long.MAX_VALUE;
            return limit < 0 ? Long.MAX_VALUE : limit;
        }
    }

    private static int call(final MethodHandle function, final long limits) {
        final MemorySegment state = Native.state();
        try {
            return Native.result((long) function.invokeExact(state, (long) RLIMIT_NOFILE, limits), state);
        } catch (final Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }
}
