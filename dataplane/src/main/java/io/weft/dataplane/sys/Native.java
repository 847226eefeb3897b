package io.weft.dataplane.sys;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.weft.encap.Mem;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Arrays;

/**
 * How a C function is called: each argument and the result travel as a 64-bit integer.
 *
 * <p>Both x86-64 and aarch64 pass pointers, {@code int} and {@code size_t} in the same 64-bit registers and let the
 * callee ignore the upper half of an {@code int}; the result's upper half is undefined for functions that return
 * {@code int}, so {@link #result} looks at the lower. One shape per number of arguments means that the linker generates
 * seven call stubs instead of one a function, and raw addresses mean that no segment is made per call.
 */
final class Native {
    private static final Linker LINKER = Linker.nativeLinker();
    private static final Linker.Option CAPTURE = Linker.Option.captureCallState("errno");

    /** Where {@code errno} is saved before the virtual machine can overwrite it: one per thread, made on first use. */
    private static final ThreadLocal<MemorySegment> STATE =
            ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(Linker.Option.captureStateLayout()));

    private Native() {}

    static MethodHandle handle(final String name, final int arguments) {
        return link(name, arguments, CAPTURE);
    }

    /** A function of C's {@code (int fd, int request, ...)} kind: arguments from {@code fixed} on are variadic. */
    static MethodHandle variadic(final String name, final int arguments, final int fixed) {
        return link(name, arguments, CAPTURE, Linker.Option.firstVariadicArg(fixed));
    }

    @SuppressWarnings("restricted")
    private static MethodHandle link(final String name, final int arguments, final Linker.Option... options) {
        final MemoryLayout[] layouts = new MemoryLayout[arguments];
        Arrays.fill(layouts, JAVA_LONG);
        final MemorySegment symbol = LINKER.defaultLookup()
                .find(name)
                .orElseThrow(() -> new UnsatisfiedLinkError("the C library has no " + name));
        return LINKER.downcallHandle(symbol, FunctionDescriptor.of(JAVA_LONG, layouts), options);
    }

    static MemorySegment state() {
        return STATE.get();
    }

    /** The call's result, or the negated {@code errno} where it was -1. */
    static int result(final long raw, final MemorySegment state) {
        final int value = (int) raw;
        return value != -1 ? value : -Mem.getIntNative(state.address());
    }

    /** The same for functions that return an address. */
    static long address(final long raw, final MemorySegment state) {
        return raw != -1 ? raw : -Mem.getIntNative(state.address());
    }

    /**
     * Calls of C functions throw nothing themselves; an error of shared memory that was cut off may come late, in one.
     */
    static AssertionError unexpected(final Throwable thrown) {
        if (thrown instanceof final InternalError late) {
            throw late;
        }
        return new AssertionError("a system call threw", thrown);
    }
}
