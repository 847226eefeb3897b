package io.weft.dataplane.vhost;

import io.weft.dataplane.sys.Errno;
import io.weft.dataplane.sys.ErrnoException;
import io.weft.dataplane.sys.Libc;
import io.weft.dataplane.sys.UnixSocket;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;

/**
 * A socket that listens at a path, with the file's owner and mode. A file that a server left behind is removed, once it
 * is sure that nobody listens there; the own file is removed at {@link #close}.
 *
 * <p>Owned by the thread that runs the device.
 */
final class ServedSocket implements AutoCloseable {
    private static final int BACKLOG = 16;
    private static final int SOCKET = 0140000;
    private static final int TYPE = 0170000;

    private final Path path;
    private final int fd;
    private final Object inode;

    private ServedSocket(final Path path, final int fd, final Object inode) {
        this.path = path;
        this.fd = fd;
        this.inode = inode;
    }

    static ServedSocket open(final VhostDevice.Settings settings) throws IOException {
        final UnixSocket.Address address = new UnixSocket.Address(settings.path());
        final int fd = check("socket", UnixSocket.open());
        try {
            int bound = UnixSocket.bind(fd, address);
            if (bound == -Errno.EADDRINUSE) {
                removeStale(settings.path(), address);
                bound = UnixSocket.bind(fd, address);
            }
            check("bind " + settings.path(), bound);
            // Nobody can connect before it listens, so nobody connects under another owner or mode.
            if (settings.owner() >= 0 || settings.group() >= 0) {
                check("chown " + settings.path(), Libc.chown(settings.path(), settings.owner(), settings.group()));
            }
            check("chmod " + settings.path(), Libc.chmod(settings.path(), settings.mode()));
            check("listen at " + settings.path(), UnixSocket.listen(fd, BACKLOG));
            final Path path = Path.of(settings.path());
            return new ServedSocket(path, fd, inode(path));
        } catch (final IOException failed) {
            Libc.close(fd);
            throw failed;
        }
    }

    int fd() {
        return fd;
    }

    @Override
    public void close() {
        Libc.close(fd);
        try {
            // Another server may have put its own file there.
            if (inode.equals(inode(path))) {
                Files.deleteIfExists(path);
            }
        } catch (final IOException gone) {
            // Then there is nothing to remove, or the next server finds it stale.
        }
    }

    private static void removeStale(final String path, final UnixSocket.Address address) throws IOException {
        final int mode = (Integer) Files.getAttribute(Path.of(path), "unix:mode", LinkOption.NOFOLLOW_LINKS);
        if ((mode & TYPE) != SOCKET) {
            throw new ErrnoException(
                    path + " exists and is no socket: remove it, or name another path", Errno.EADDRINUSE);
        }
        final int probe = check("socket", UnixSocket.open());
        final int connected = UnixSocket.connect(probe, address);
        Libc.close(probe);
        if (connected == 0 || connected == -Errno.EAGAIN) {
            throw new ErrnoException(path + " is served by another program", Errno.EADDRINUSE);
        }
        if (connected != -Errno.ECONNREFUSED && connected != -Errno.ENOENT) {
            check("connect to " + path + ", to see whether it is served", connected);
        }
        Files.deleteIfExists(Path.of(path));
    }

    private static Object inode(final Path path) throws IOException {
        return Files.getAttribute(path, "unix:ino", LinkOption.NOFOLLOW_LINKS);
    }

    private static int check(final String operation, final int result) throws ErrnoException {
        if (result < 0) {
            throw new ErrnoException(Errno.message(operation, result), result);
        }
        return result;
    }
}
