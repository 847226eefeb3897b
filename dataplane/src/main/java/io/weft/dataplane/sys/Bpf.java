package io.weft.dataplane.sys;

import io.weft.encap.Mem;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;

/**
 * The kernel's programs and maps, by {@code bpf(2)} with the layouts of {@code union bpf_attr}. Everything is a
 * descriptor: a program runs as long as its link is open, so nothing outlives the process. For configuration, never on a
 * frame's way; usable by any thread.
 */
public final class Bpf {
    public static final int MAP_TYPE_HASH = 1;
    public static final int MAP_TYPE_ARRAY = 2;
    public static final int MAP_TYPE_XSKMAP = 17;

    public static final int XDP_DROP = 1;
    public static final int XDP_PASS = 2;

    /** Flags of {@link #attachXdp}: how the program runs. */
    public static final int XDP_FLAGS_SKB_MODE = 1 << 1;

    public static final int XDP_FLAGS_DRV_MODE = 1 << 2;

    private static final int MAP_CREATE = 0;
    private static final int MAP_LOOKUP_ELEM = 1;
    private static final int MAP_UPDATE_ELEM = 2;
    private static final int MAP_DELETE_ELEM = 3;
    private static final int PROG_LOAD = 5;
    private static final int PROG_TEST_RUN = 10;
    private static final int LINK_CREATE = 28;

    private static final int PROG_TYPE_XDP = 6;
    private static final int ATTACH_TYPE_XDP = 37;
    private static final int PROG_HAS_FRAGS = 1 << 5;

    private static final long SYSCALL = System.getProperty("os.arch").equals("aarch64") ? 280 : 321;
    private static final int ATTR = 128;
    private static final int NAME = 15;
    private static final int LOG = 64 << 10;
    private static final int INSTRUCTION = 8;

    private static final MethodHandle CALL = Native.variadic("syscall", 4, 1);

    private Bpf() {}

    /** A map of {@code entries}; keys and values of so many bytes. Returns its descriptor, close-on-exec. */
    public static int createMap(
            final String name, final int type, final int keyBytes, final int valueBytes, final int entries)
            throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            final long attr = attr(arena);
            Mem.putIntNative(attr, type);
            Mem.putIntNative(attr + 4, keyBytes);
            Mem.putIntNative(attr + 8, valueBytes);
            Mem.putIntNative(attr + 12, entries);
            name(attr + 28, name);
            return check("BPF map " + name, call(MAP_CREATE, attr));
        }
    }

    /** Puts an entry; key and value by address, as many bytes as the map says. Returns 0 or {@code -errno}. */
    public static int update(final int map, final long key, final long value) {
        return element(MAP_UPDATE_ELEM, map, key, value);
    }

    public static int delete(final int map, final long key) {
        return element(MAP_DELETE_ELEM, map, key, 0);
    }

    public static int lookup(final int map, final long key, final long value) {
        return element(MAP_LOOKUP_ELEM, map, key, value);
    }

    /** Puts an int under an int; returns 0 or {@code -errno}. */
    public static int update(final int map, final int key, final long value) {
        try (Arena arena = Arena.ofConfined()) {
            final long at = arena.allocate(2 * Long.BYTES, Long.BYTES).address();
            Mem.putIntNative(at, key);
            Mem.putLongNative(at + Long.BYTES, value);
            return update(map, at, at + Long.BYTES);
        }
    }

    /** The long under an int; 0 where there is none. */
    public static long lookup(final int map, final int key) {
        try (Arena arena = Arena.ofConfined()) {
            final long at = arena.allocate(2 * Long.BYTES, Long.BYTES).address();
            Mem.putIntNative(at, key);
            return lookup(map, at, at + Long.BYTES) < 0 ? 0 : Mem.getLongNative(at + Long.BYTES);
        }
    }

    /**
     * Has the kernel verify an XDP program; returns its descriptor.
     *
     * @param fragments whether it may be run on packets in several buffers
     * @throws ErrnoException with the verifier's last words where it was refused
     */
    public static int loadXdp(final String name, final long[] code, final boolean fragments) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            final MemorySegment instructions = arena.allocate((long) code.length * INSTRUCTION, INSTRUCTION);
            for (int i = 0; i < code.length; i++) {
                Mem.putLongNative(instructions.address() + (long) i * INSTRUCTION, code[i]);
            }
            final MemorySegment log = arena.allocate(LOG);
            final long attr = attr(arena);
            Mem.putIntNative(attr, PROG_TYPE_XDP);
            Mem.putIntNative(attr + 4, code.length);
            Mem.putLongNative(attr + 8, instructions.address());
            Mem.putLongNative(attr + 16, arena.allocateFrom("Apache-2.0").address());
            Mem.putIntNative(attr + 44, fragments ? PROG_HAS_FRAGS : 0);
            name(attr + 48, name);
            Mem.putIntNative(attr + 68, ATTACH_TYPE_XDP);
            final int loaded = call(PROG_LOAD, attr);
            if (loaded != -Errno.EACCES && loaded != -Errno.EINVAL) {
                return check("XDP program", loaded);
            }
            Mem.putIntNative(attr + 24, 1);
            Mem.putIntNative(attr + 28, LOG);
            Mem.putLongNative(attr + 32, log.address());
            return check("XDP program: " + log.getString(0), call(PROG_LOAD, attr));
        }
    }

    /** Runs a program on an interface's packets for as long as the returned descriptor is open; or {@code -errno}. */
    public static int attachXdp(final int program, final int ifindex, final int flags) {
        try (Arena arena = Arena.ofConfined()) {
            final long attr = attr(arena);
            Mem.putIntNative(attr, program);
            Mem.putIntNative(attr + 4, ifindex);
            Mem.putIntNative(attr + 8, ATTACH_TYPE_XDP);
            Mem.putIntNative(attr + 12, flags);
            return call(LINK_CREATE, attr);
        }
    }

    /** Runs an XDP program once on a packet of 14 bytes at least; returns what it says or {@code -errno}. */
    public static int run(final int program, final byte[] packet) {
        try (Arena arena = Arena.ofConfined()) {
            final long data = arena.allocate(packet.length, 8).address();
            Mem.copy(packet, 0, data, packet.length);
            final long attr = attr(arena);
            Mem.putIntNative(attr, program);
            Mem.putIntNative(attr + 8, packet.length);
            Mem.putLongNative(attr + 16, data);
            Mem.putIntNative(attr + 32, 1);
            final int result = call(PROG_TEST_RUN, attr);
            return result < 0 ? result : Mem.getIntNative(attr + 4);
        }
    }

    private static int element(final int command, final int map, final long key, final long value) {
        try (Arena arena = Arena.ofConfined()) {
            final long attr = attr(arena);
            Mem.putIntNative(attr, map);
            Mem.putLongNative(attr + 8, key);
            Mem.putLongNative(attr + 16, value);
            return call(command, attr);
        }
    }

    private static long attr(final Arena arena) {
        return arena.allocate(ATTR, Long.BYTES).address();
    }

    private static void name(final long at, final String name) {
        final byte[] bytes = name.getBytes(StandardCharsets.US_ASCII);
        Mem.copy(bytes, 0, at, Math.min(bytes.length, NAME));
    }

    private static int check(final String what, final int result) throws ErrnoException {
        if (result == -Errno.EPERM) {
            throw new ErrnoException(what + ": not permitted; needs CAP_BPF and CAP_NET_ADMIN, or root", result);
        }
        return ErrnoException.check(what, result);
    }

    private static int call(final int command, final long attr) {
        final MemorySegment state = Native.state();
        try {
            return Native.result((long) CALL.invokeExact(state, SYSCALL, (long) command, attr, (long) ATTR), state);
        } catch (final Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }
}
