package io.weft.dataplane.vhost;

import io.weft.encap.Mem;
import java.lang.invoke.VarHandle;

/**
 * Where a packed ring stands, in memory that outlives the process. See docs/vhost-user.md, "Position".
 *
 * <pre>
 *   0  state: {@link #CLEAN}, {@link #RUNNING}         4  position: index, wrap counter in bit 15
 *   8  binding (three longs): identity of the memory, ring's address in the frontend, size of the ring
 *  32  completions that are being written              36  position after them
 *  40  completions: index and wrap (4 bytes), id (4), length (4), flags (4)
 * </pre>
 *
 * <p>Owned by the worker while the ring is started, else by the thread that runs the device.
 */
public final class RingJournal {
    /** Bytes of a journal. */
    public static final int BYTES = 32_768;

    private static final int CLEAN = 0;
    private static final int RUNNING = 0x52;
    private static final int POSITION = 4;
    private static final int BINDING = 8;
    private static final int COUNT = 32;
    private static final int NEXT = 36;
    private static final int ENTRIES = 40;
    private static final int ENTRY = 16;

    private final long address;

    /** @param address of {@link #BYTES} bytes, aligned to 8 */
    public RingJournal(final long address) {
        this.address = address;
    }

    /** Whether a session with this binding ended without saying so, and where it was is known. */
    public boolean isRunning(final long memory, final long ring, final long size) {
        return Mem.getIntNative(address) == RUNNING
                && Mem.getLongNative(address + BINDING) == memory
                && Mem.getLongNative(address + BINDING + 8) == ring
                && Mem.getLongNative(address + BINDING + 16) == size;
    }

    /** The ring is served from here on. */
    public void begin(final long memory, final long ring, final long size) {
        Mem.putLongNative(address + BINDING, memory);
        Mem.putLongNative(address + BINDING + 8, ring);
        Mem.putLongNative(address + BINDING + 16, size);
    }

    /** The ring was stopped and the frontend told where; nothing is to be resumed. */
    public void end() {
        Mem.putIntNative(address, CLEAN);
        Mem.putIntNative(address + COUNT, 0);
    }

    void run(final int position) {
        // In this order: with completions that are still counted the old position means the new one.
        Mem.putIntNative(address + POSITION, position);
        Mem.putIntRelease(address + COUNT, 0);
        Mem.putIntRelease(address, RUNNING);
    }

    int position() {
        return Mem.getIntNative(address + POSITION);
    }

    /** Notes completion {@code k} of those that {@link #commit} makes count. */
    void note(final int k, final int at, final int id, final int length, final int flags) {
        final long entry = address + ENTRIES + (long) k * ENTRY;
        Mem.putLongNative(entry, (at & 0xffffffffL) | (long) id << 32);
        Mem.putLongNative(entry + 8, (length & 0xffffffffL) | (long) flags << 32);
    }

    /** From here on the completions noted are done, whoever writes them. */
    void commit(final int count, final int next) {
        Mem.putIntNative(address + NEXT, next);
        Mem.putIntRelease(address + COUNT, count);
    }

    /** All of them are written. */
    void written() {
        // The position first: a process that ends between the two does again what is done, which changes nothing.
        Mem.putIntRelease(address + POSITION, Mem.getIntNative(address + NEXT));
        Mem.putIntRelease(address + COUNT, 0);
        // What is noted for the next burst must not be seen under the count of this one.
        VarHandle.storeStoreFence();
    }

    /** Completions that were committed and perhaps not all written. */
    int count() {
        return Math.clamp(Mem.getIntNative(address + COUNT), 0, Virtqueue.CHAINS);
    }

    int at(final int k) {
        return Mem.getIntNative(address + ENTRIES + (long) k * ENTRY);
    }

    int id(final int k) {
        return Mem.getIntNative(address + ENTRIES + (long) k * ENTRY + 4);
    }

    int length(final int k) {
        return Mem.getIntNative(address + ENTRIES + (long) k * ENTRY + 8);
    }

    int flags(final int k) {
        return Mem.getIntNative(address + ENTRIES + (long) k * ENTRY + 12);
    }

    int next() {
        return Mem.getIntNative(address + NEXT);
    }
}
