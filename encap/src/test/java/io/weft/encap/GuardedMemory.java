package io.weft.encap;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Memory with an end that cannot be read past: a mapping of a file that was cut after it was mapped. A read at or after
 * {@link #end} ends in an {@link InternalError}.
 */
final class GuardedMemory {
    static final int SIZE = 1 << 18;

    private final MappedByteBuffer mapping;
    private final long start;

    GuardedMemory() {
        try {
            final Path file = Files.createTempFile("guarded", ".bin");
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
                mapping = channel.map(FileChannel.MapMode.READ_WRITE, 0, 2L * SIZE);
                channel.truncate(SIZE);
            } finally {
                Files.delete(file);
            }
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
        start = MemorySegment.ofBuffer(mapping).address();
    }

    long end() {
        return start + SIZE;
    }

    /** Copies the bytes so that the last is the last that can be read, and returns the address of the first. */
    long place(final byte[] bytes, final int length) {
        final long address = end() - length;
        Mem.copy(bytes, 0, address, length);
        return address;
    }

    /** Keeps the mapping reachable while its addresses are in use. */
    boolean isMapped() {
        return mapping.capacity() > 0;
    }
}
