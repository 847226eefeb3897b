package io.weft.dataplane;

import io.weft.dataplane.api.SwitchException;
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
 * The switch's counters, Agrona's in a mapped file that a reader needs no running switch for: first the metadata of all
 * counters that there is room for, then their values. The file has holes where none is allocated. Each counter has one
 * writer, who writes to its address.
 *
 * <p>Owned by the conductor, who allocates and frees.
 */
public final class Counters implements AutoCloseable {
    /** Ports that there are counters for. */
    static final int PORTS = 2_048;

    /** Counters of a worker beside those of its ports. */
    private static final int OTHERS = 256;

    private static final int BYTES = CountersReader.METADATA_LENGTH + CountersReader.COUNTER_LENGTH;

    private final MappedByteBuffer metadataFile;
    private final MappedByteBuffer valuesFile;
    private final UnsafeBuffer values;
    private final CountersManager manager;

    /** @param file made anew; null: memory only */
    public Counters(final Path file, final int workers) {
        final int capacity = workers * (PORTS * TrafficCounters.COUNT + OTHERS);
        final int metadata = capacity * CountersReader.METADATA_LENGTH;
        final int lengthOfValues = capacity * CountersReader.COUNTER_LENGTH;
        if (file == null) {
            metadataFile = null;
            valuesFile = null;
            values = new UnsafeBuffer(ByteBuffer.allocateDirect(lengthOfValues));
            manager = new CountersManager(new UnsafeBuffer(ByteBuffer.allocateDirect(metadata)), values);
            return;
        }
        try {
            Files.deleteIfExists(file);
            try (FileChannel channel = FileChannel.open(
                    file, StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
                metadataFile = channel.map(FileChannel.MapMode.READ_WRITE, 0, metadata);
                valuesFile = channel.map(FileChannel.MapMode.READ_WRITE, metadata, lengthOfValues);
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
            final long capacity = channel.size() / BYTES;
            final long metadata = capacity * CountersReader.METADATA_LENGTH;
            final long values = capacity * CountersReader.COUNTER_LENGTH;
            return new CountersReader(
                    new UnsafeBuffer(channel.map(FileChannel.MapMode.READ_ONLY, 0, metadata)),
                    new UnsafeBuffer(channel.map(FileChannel.MapMode.READ_ONLY, metadata, values)));
        }
    }

    /** Allocates a counter; returns its number. */
    public int allocate(final String label) {
        try {
            return manager.allocate(label);
        } catch (final IllegalStateException full) {
            throw new SwitchException("no room for more counters: a switch has at most " + PORTS + " ports", full);
        }
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
