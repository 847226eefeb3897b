package io.weft.dataplane.sys;

import io.weft.encap.Mem;
import java.lang.foreign.Arena;

/** Which CPUs the calling thread runs on. */
public final class Affinity {
    /** CPUs that a mask has room for: more than Linux is built for. */
    private static final int CPUS = 8192;

    private Affinity() {}

    /** Keeps the calling thread on one CPU; fails with a line that names the CPUs that are allowed. */
    public static void pin(final int cpu) throws ErrnoException {
        if (cpu < 0 || cpu >= CPUS) {
            throw new ErrnoException("CPU " + cpu + " does not exist: this process may use " + allowed(), Errno.EINVAL);
        }
        try (Arena arena = Arena.ofConfined()) {
            final long mask = arena.allocate(CPUS / 8, Long.BYTES).address();
            final long word = mask + (long) (cpu >>> 6) * Long.BYTES;
            Mem.putLongNative(word, 1L << cpu);
            final int result = Events.schedSetAffinity(0, CPUS / 8, mask);
            if (result < 0) {
                throw new ErrnoException(
                        "CPU " + cpu + " cannot be used by this process: it may use " + allowed(), result);
            }
        }
    }

    /** The CPUs that the calling thread may run on, such as {@code 0-3,6}. */
    public static String allowed() {
        try (Arena arena = Arena.ofConfined()) {
            final long mask = arena.allocate(CPUS / 8, Long.BYTES).address();
            if (Events.schedGetAffinity(0, CPUS / 8, mask) < 0) {
                return "unknown CPUs";
            }
            return ranges(mask);
        }
    }

    private static String ranges(final long mask) {
        final StringBuilder text = new StringBuilder();
        for (int cpu = 0; cpu < CPUS; cpu++) {
            if (set(mask, cpu) && (cpu == 0 || !set(mask, cpu - 1))) {
                int last = cpu;
                while (last + 1 < CPUS && set(mask, last + 1)) {
                    last++;
                }
                text.append(text.isEmpty() ? "" : ",").append(cpu);
                text.append(last == cpu ? "" : "-" + last);
            }
        }
        return text.toString();
    }

    private static boolean set(final long mask, final int cpu) {
        return (Mem.getLongNative(mask + (long) (cpu >>> 6) * Long.BYTES) >>> cpu & 1) != 0;
    }
}
