package io.weft.dataplane.sys;

import io.weft.encap.Mem;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** Users and groups by name, as the C library looks them up. For one thread at a time: the answers lie in its memory. */
public final class Accounts {
    /** No such account. */
    public static final int NONE = -1;

    private static final MethodHandle GETPWNAM = Native.handle("getpwnam", 1);
    private static final MethodHandle GETGRNAM = Native.handle("getgrnam", 1);
    /** {@code pw_uid} and {@code gr_gid} both stand behind two pointers. */
    private static final int ID = 16;

    private Accounts() {}

    /** Returns the user's id, or {@link #NONE}; a number is taken as it is. */
    public static int user(final String name) {
        return lookUp(GETPWNAM, name);
    }

    /** Returns the group's id, or {@link #NONE}; a number is taken as it is. */
    public static int group(final String name) {
        return lookUp(GETGRNAM, name);
    }

    private static synchronized int lookUp(final MethodHandle function, final String name) {
        if (!name.isEmpty() && name.length() < 10 && name.chars().allMatch(Character::isDigit)) {
            return Integer.parseInt(name);
        }
        final MemorySegment state = Native.state();
        try (Arena arena = Arena.ofConfined()) {
            final long found =
                    (long) function.invokeExact(state, arena.allocateFrom(name).address());
            return found == 0 ? NONE : Mem.getIntNative(found + ID);
        } catch (final Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }
}
