package io.weft.dataplane;

import io.weft.encap.Mem;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.agrona.BufferUtil;
import org.agrona.IoUtil;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.status.CountersManager;
import org.agrona.concurrent.status.CountersReader;

/**
 * The switch's counters, Agrona's in a mapped file that a reader needs no running switch for: first the metadata of
 * {@link #CAPACITY} counters, then their values. Each counter has one writer, who writes to its address.
 *
 * <p>Owned by the conductor, who allocates and frees.
 */
public final class Counters implements AutoCloseable {
    public static final int CAPACITY = 1 << 16;
    private static final int VALUES = CAPACITY * CountersReader.COUNTER_LENGTH;
    private static final long METADATA = (long) CAPACITY * CountersReader.METADATA_LENGTH;

    private final MappedByteBuffer metadataFile;
    private final MappedByteBuffer valuesFile;
    private final UnsafeBuffer values;
    private final CountersManager manager;

    /** @param file made anew; null: memory only */
    public Counters(final Path file) {
        if (file == null) {
            metadataFile = null;
            valuesFile = null;
            values = new UnsafeBuffer(ByteBuffer.allocateDirect(VALUES));
            manager = new CountersManager(new UnsafeBuffer(ByteBuffer.allocateDirect((int) METADATA)), values);
            return;
        }
        try {
            Files.deleteIfExists(file);
            try (FileChannel channel = FileChannel.open(
                    file, StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
                metadataFile = channel.map(FileChannel.MapMode.READ_WRITE, 0, METADATA);
                valuesFile = channel.map(FileChannel.MapMode.READ_WRITE, METADATA, VALUES);
            }
        } catch (final IOException e) {
            throw new UncheckedIOException("counters file " + file + ": " + e.getMessage(), e);
        }
        values = new UnsafeBuffer(valuesFile);
        manager = new CountersManager(new UnsafeBuffer(metadataFile), values);
    }

    /** A reader of a counters file, also of one whose switch has ended. */
    public static CountersReader reader(final Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return new CountersReader(
                    new UnsafeBuffer(channel.map(FileChannel.MapMode.READ_ONLY, 0, METADATA)),
                    new UnsafeBuffer(channel.map(FileChannel.MapMode.READ_ONLY, METADATA, VALUES)));
        }
    }

    /** Allocates a counter; returns its number. */
    public int allocate(final String label) {
        return manager.allocate(label);
    }

    /** Where a counter's native long lies. */
    public long address(final int counter) {
        return values.addressOffset() + CountersReader.counterOffset(counter);
    }

    public void free(final int counter) {
        manager.free(counter);
    }

    @Override
    public void close() {
        if (metadataFile != null) {
            IoUtil.unmap(metadataFile);
            IoUtil.unmap(valuesFile);
        } else {
            BufferUtil.free(values);
        }
    }

    /** Adds to a counter of which the caller is the only writer. */
    static void add(final long address, final long n) {
        Mem.putLongRelease(address, Mem.getLongNative(address) + n);
    }
}
