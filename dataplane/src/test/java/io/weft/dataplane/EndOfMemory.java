package io.weft.dataplane;

import io.weft.encap.Mem;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Memory behind which there is none: what reads on is given an InternalError. */
final class EndOfMemory implements AutoCloseable {
    private static final int PAGE = 4096;

    private final Path path = Files.createTempFile("weft-end", null);
    private final Arena arena = Arena.ofConfined();
    private final long end;

    EndOfMemory() throws IOException {
        try (FileChannel file = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            file.write(java.nio.ByteBuffer.allocate(1), 2 * PAGE - 1);
            end = file.map(FileChannel.MapMode.READ_WRITE, 0, 2 * PAGE, arena).address() + PAGE;
            file.truncate(PAGE);
        }
    }

    /** Puts bytes at the very end. */
    long put(final byte[] bytes) {
        Mem.copy(bytes, 0, end - bytes.length, bytes.length);
        return end - bytes.length;
    }

    @Override
    public void close() throws IOException {
        arena.close();
        Files.delete(path);
    }
}
