package io.weft.dataplane.sys;

import java.nio.file.Path;

/**
 * A file mapped for reading and writing, shared with whoever maps it too; what is written survives the process.
 *
 * <p>The file is locked against a second writer while it is open. Owned by the thread that closes it; the memory may be
 * handed to others, which must be done with it before the close.
 */
public final class Mapped implements AutoCloseable {
    private final Path path;
    private final int fd;
    private final long address;
    private final long size;
    private final boolean fresh;

    private Mapped(final Path path, final int fd, final long address, final long size, final boolean fresh) {
        this.path = path;
        this.fd = fd;
        this.address = address;
        this.size = size;
        this.fresh = fresh;
    }

    /** Maps {@code size} bytes of the file, which is made with mode 0600 or enlarged with zeros as needed. */
    public static Mapped open(final Path path, final long size) throws ErrnoException {
        final String name = path.toString();
        final int fd = ErrnoException.check(
                "open " + name, Libc.open(name, Libc.O_RDWR | Libc.O_CREAT | Libc.O_CLOEXEC, 0600));
        try {
            if (Libc.flock(fd, Libc.LOCK_EX | Libc.LOCK_NB) < 0) {
                throw new ErrnoException(name + " is in use by another process", Errno.EAGAIN);
            }
            final long old = Libc.size(fd);
            if (old < size) {
                ErrnoException.check("enlarge " + name, Libc.ftruncate(fd, size));
            }
            final long address =
                    Libc.mmap(0, size, Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_SHARED | Libc.MAP_POPULATE, fd, 0);
            ErrnoException.check("map " + name, address < 0 ? (int) address : 0);
            return new Mapped(path, fd, address, size, old == 0);
        } catch (final ErrnoException failed) {
            Libc.close(fd);
            throw failed;
        }
    }

    public Path path() {
        return path;
    }

    public long address() {
        return address;
    }

    public long size() {
        return size;
    }

    /** Whether the file was empty or missing, so that all of it is zero. */
    public boolean fresh() {
        return fresh;
    }

    @Override
    public void close() {
        Libc.munmap(address, size);
        Libc.close(fd);
    }
}
