package io.weft.dataplane.vhost;

import io.weft.dataplane.sys.ErrnoException;
import io.weft.dataplane.sys.Mapped;
import io.weft.dataplane.sys.Region;
import io.weft.encap.Mem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.function.Consumer;
import java.util.zip.CRC32;

/**
 * What a device must know after a restart, in a mapped file: which rings of which guest were served with which features,
 * and for each ring a {@link RingJournal}.
 *
 * <pre>
 *     0  a copy of the header        2048  another; the valid one with the higher sequence counts
 *  4096  journal of ring 0           4096 + n * 32768  journal of ring n
 *
 *  header: magic 4, version 4, sequence 8, checksum 8, features 8, memory 8 (what tells guests apart),
 *          then for each of 32 rings: address in the frontend 8, size 4, served 4
 * </pre>
 *
 * <p>The header is written to the copy that does not count, so that a process may end in the midst of it.
 *
 * <p>Owned by the thread that runs the device; a journal is its ring's while that is started.
 */
public final class DeviceRecord implements AutoCloseable {
    /** Rings that a device may have. */
    public static final int MAX_RINGS = 32;

    private static final int MAGIC = 0x57564855;
    private static final int VERSION = 1;
    private static final int COPY = 2048;
    private static final int JOURNALS = 4096;

    private static final int AT_VERSION = 4;
    private static final int SEQUENCE = 8;
    private static final int CHECKSUM = 16;
    private static final int FEATURES = 24;
    private static final int MEMORY = 32;
    private static final int RINGS = 40;
    private static final int RING = 16;
    private static final int RING_SIZE = 8;
    private static final int RING_SERVED = 12;
    private static final int HEADER = RINGS + MAX_RINGS * RING;

    private final Mapped file;
    private final Region region;
    private final long address;
    private final RingJournal[] journals;
    /** The header that counts. */
    private long header;

    private boolean closed;

    private DeviceRecord(final Mapped file, final Region region, final int rings) {
        this.file = file;
        this.region = region;
        address = file == null ? region.address() : file.address();
        journals = new RingJournal[rings];
        for (int r = 0; r < rings; r++) {
            journals[r] = new RingJournal(address + JOURNALS + (long) r * RingJournal.BYTES);
        }
    }

    /**
     * Opens the record of a device, or begins one. A file that is damaged is renamed to {@code NAME.damaged}.
     *
     * @param path null: nothing outlives the process
     * @param rings of the device, at most {@link #MAX_RINGS}
     * @param tell takes a line for the operator
     */
    public static DeviceRecord open(final Path path, final int rings, final Consumer<String> tell) throws IOException {
        final long bytes = JOURNALS + (long) rings * RingJournal.BYTES;
        if (path == null) {
            return new DeviceRecord(null, new Region(bytes), rings).begin();
        }
        if (path.getParent() != null) {
            Files.createDirectories(path.getParent());
        }
        final DeviceRecord record = new DeviceRecord(Mapped.open(path, bytes), null, rings);
        if (record.isBlank()) {
            return record.begin();
        }
        record.header = record.valid();
        if (record.header != 0) {
            return record;
        }
        record.close();
        final Path aside = path.resolveSibling(path.getFileName() + ".damaged");
        Files.move(path, aside, StandardCopyOption.REPLACE_EXISTING);
        tell.accept("what was kept of the guest's rings is damaged or of another version and was set aside as " + aside
                + "; a guest with packed rings must be restarted");
        return reopen(path, bytes, rings);
    }

    private static DeviceRecord reopen(final Path path, final long bytes, final int rings) throws ErrnoException {
        return new DeviceRecord(Mapped.open(path, bytes), null, rings).begin();
    }

    /** Where a ring's position is kept. */
    RingJournal journal(final int ring) {
        return journals[ring];
    }

    /** Features with which the guest was last served. */
    long features() {
        return Mem.getLongNative(header + FEATURES);
    }

    /** Whether a ring was being served when the last session ended. */
    boolean isServed() {
        for (int r = 0; r < journals.length; r++) {
            if (Mem.getIntNative(ring(header, r) + RING_SERVED) != 0) {
                return true;
            }
        }
        return false;
    }

    /** Whether this very ring was being served when the last session ended, without having been stopped. */
    boolean isServed(final int ring, final long memory, final long ringAddress, final int size) {
        final long at = ring(header, ring);
        return Mem.getIntNative(at + RING_SERVED) != 0
                && Mem.getLongNative(header + MEMORY) == memory
                && Mem.getLongNative(at) == ringAddress
                && Mem.getIntNative(at + RING_SIZE) == size;
    }

    /** A ring is served from now on. */
    void serve(final int ring, final long memory, final long ringAddress, final int size, final long features) {
        if (isServed(ring, memory, ringAddress, size) && features() == features) {
            return;
        }
        final long next = next();
        if (Mem.getLongNative(next + MEMORY) != memory) {
            Mem.fill(next + RINGS, (long) MAX_RINGS * RING, 0);
        }
        Mem.putLongNative(next + FEATURES, features);
        Mem.putLongNative(next + MEMORY, memory);
        Mem.putLongNative(ring(next, ring), ringAddress);
        Mem.putIntNative(ring(next, ring) + RING_SIZE, size);
        Mem.putIntNative(ring(next, ring) + RING_SERVED, 1);
        publish(next);
    }

    /** A ring was stopped as the frontend wished. */
    void stop(final int ring) {
        journals[ring].end();
        if (Mem.getIntNative(ring(header, ring) + RING_SERVED) != 0) {
            final long next = next();
            Mem.putIntNative(ring(next, ring) + RING_SERVED, 0);
            publish(next);
        }
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        if (file != null) {
            file.close();
        } else {
            region.close();
        }
    }

    private DeviceRecord begin() {
        header = address;
        publish(next());
        return this;
    }

    private boolean isBlank() {
        for (long at = address; at < address + JOURNALS; at += Long.BYTES) {
            if (Mem.getLongNative(at) != 0) {
                return false;
            }
        }
        return true;
    }

    /** The copy that counts, or 0. */
    private long valid() {
        final long second = address + COPY;
        if (!isValid(address)) {
            return isValid(second) ? second : 0;
        }
        return isValid(second) && sequence(second) > sequence(address) ? second : address;
    }

    private static boolean isValid(final long copy) {
        return Mem.getIntNative(copy) == MAGIC
                && Mem.getIntNative(copy + AT_VERSION) == VERSION
                && Mem.getLongNative(copy + CHECKSUM) == checksum(copy);
    }

    private static long sequence(final long copy) {
        return Mem.getLongNative(copy + SEQUENCE);
    }

    private static long ring(final long copy, final int ring) {
        return copy + RINGS + (long) ring * RING;
    }

    /** The other copy, with the same content. */
    private long next() {
        final long next = header == address ? address + COPY : address;
        Mem.copy(header, next, HEADER);
        Mem.putLongNative(next + CHECKSUM, 0);
        return next;
    }

    private void publish(final long next) {
        Mem.putIntNative(next, MAGIC);
        Mem.putIntNative(next + AT_VERSION, VERSION);
        Mem.putLongNative(next + SEQUENCE, sequence(header) + 1);
        Mem.putLongRelease(next + CHECKSUM, checksum(next));
        header = next;
    }

    private static long checksum(final long copy) {
        final byte[] bytes = Mem.bytes(copy, HEADER);
        for (int i = 0; i < Long.BYTES; i++) {
            bytes[CHECKSUM + i] = 0;
        }
        final CRC32 crc = new CRC32();
        crc.update(bytes);
        return crc.getValue() | 1L << 32;
    }
}
