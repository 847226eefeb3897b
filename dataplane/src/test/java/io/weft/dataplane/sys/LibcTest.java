package io.weft.dataplane.sys;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.encap.Mem;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LibcTest {
    private final long memory = Mem.allocate(4096, 64);

    @Test
    void shouldReturnNegatedErrnoWhenCallFails() {
        assertEquals(-Errno.EBADF, Libc.read(-1, memory, 8));
        assertEquals(-Errno.EBADF, Libc.close(-1));
        assertEquals(-Errno.ENOENT, Libc.open("/nonexistent/weft", Libc.O_RDONLY, 0));
        assertEquals(-Errno.EBADF, Libc.mmap(0, 4096, Libc.PROT_READ, Libc.MAP_SHARED, -1, 0));
    }

    @Test
    void shouldReadWhatWasWritten() {
        final int fd = Libc.memfd("weft-test", 4096);
        assertTrue(fd >= 0, () -> Errno.message("memfd_create", fd));
        assertEquals(4096, Libc.size(fd));
        final long mapped = Libc.mmap(0, 4096, Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_SHARED, fd, 0);
        assertTrue(mapped > 0);
        Mem.putLong(mapped, 0x0102030405060708L);
        assertEquals(16, Libc.read(fd, memory, 16));
        assertArrayEquals(new byte[] {1, 2, 3, 4, 5, 6, 7, 8}, Mem.bytes(memory, 8));
        assertEquals(0, Libc.munmap(mapped, 4096));
        assertEquals(0, Libc.close(fd));
    }

    @Test
    void shouldGatherWhenWrittenAsVector() {
        final int fd = Libc.memfd("weft-test", 0);
        final MessageBatch batch = new MessageBatch(1, 2);
        Mem.putInt(memory, 0x61626364);
        batch.setIov(0, 0, memory + 2, 2);
        batch.setIov(0, 1, memory, 2);
        assertEquals(4, Libc.writev(fd, batch.iovs(0), 2));
        final long mapped = Libc.mmap(0, 4096, Libc.PROT_READ, Libc.MAP_SHARED, fd, 0);
        assertEquals(0x63646162, Mem.getInt(mapped));
        Libc.munmap(mapped, 4096);
        Libc.close(fd);
    }

    @Test
    void shouldRefuseToShrinkWhenSealed() {
        final int fd = Libc.memfd("weft-test", 8192);
        assertEquals(0, Libc.fcntl(fd, Libc.F_ADD_SEALS, Libc.F_SEAL_SHRINK));
        assertEquals(Libc.F_SEAL_SHRINK, Libc.fcntl(fd, Libc.F_GET_SEALS, 0));
        assertEquals(-Errno.EPERM, Libc.ftruncate(fd, 4096));
        Libc.close(fd);
    }

    @Test
    void shouldSayTheErrorInWords() {
        assertEquals("bind: Operation not permitted (EPERM)", Errno.message("bind", -Errno.EPERM));
        assertEquals("errno 4000", Errno.name(4000));
        assertEquals("EAGAIN", Errno.name(Errno.EAGAIN));
    }

    @Test
    void shouldKeepBytesWhenMappedAgain(@TempDir final Path folder) throws ErrnoException {
        final Path file = folder.resolve("table");
        try (Mapped mapped = Mapped.open(file, 8192)) {
            assertTrue(mapped.fresh());
            Mem.putLong(mapped.address() + 8184, 42);
            assertThrows(ErrnoException.class, () -> Mapped.open(file, 8192));
        }
        try (Mapped mapped = Mapped.open(file, 8192)) {
            assertEquals(42, Mem.getLong(mapped.address() + 8184));
            assertTrue(!mapped.fresh());
            assertEquals(8192, file.toFile().length());
        }
    }

    @Test
    void shouldNameFileWhenItCannotBeMapped() {
        final ErrnoException failed =
                assertThrows(ErrnoException.class, () -> Mapped.open(Path.of("/nonexistent/weft"), 64));
        assertEquals("open /nonexistent/weft: No such file or directory (ENOENT)", failed.getMessage());
    }

    @Test
    void shouldRunOnOneCpuWhenPinned() throws Exception {
        final String[] seen = new String[1];
        final String[] error = new String[1];
        final Thread thread = new Thread(() -> {
            final String first = Affinity.allowed().split("[-,]", -1)[0];
            try {
                Affinity.pin(Integer.parseInt(first));
                seen[0] = first.equals(Affinity.allowed()) ? "pinned" : Affinity.allowed();
                Affinity.pin(7000);
            } catch (final ErrnoException refused) {
                error[0] = refused.getMessage();
            }
        });
        thread.start();
        thread.join();
        assertEquals("pinned", seen[0]);
        assertTrue(error[0].startsWith("CPU 7000 cannot be used by this process: it may use "), error[0]);
    }

    @Test
    void shouldKnowItsIds() throws Exception {
        assertEquals(ProcessHandle.current().pid(), Libc.getpid());
        assertNotEquals(0, Libc.gettid());
        assertTrue(Files.exists(Path.of("/proc/self/task/" + Libc.gettid())));
    }
}
