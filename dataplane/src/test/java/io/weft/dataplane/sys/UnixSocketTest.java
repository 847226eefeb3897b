package io.weft.dataplane.sys;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UnixSocketTest {
    private static final int FD_CLOEXEC = 1;
    private static final int F_GETFD = 1;

    private final Region region = new Region(4096);
    private final UnixMessage message = new UnixMessage();
    private final FdList fds = new FdList(UnixMessage.MAX_FDS);
    private int[] pair;

    @TempDir
    Path folder;

    @BeforeEach
    void open() throws IOException {
        pair = UnixSocket.pair();
    }

    @AfterEach
    void close() {
        fds.close();
        message.close();
        region.close();
        Libc.close(pair[0]);
        Libc.close(pair[1]);
    }

    @Test
    void shouldPassAsManyDescriptorsAsTheKernelAllows() {
        final int[] many = new int[UnixMessage.MAX_FDS];
        Arrays.fill(many, pair[0]);
        assertEquals(5, message.send(pair[0], region.address(), 5, many));
        assertEquals(5, message.receive(pair[1], region.address(), 100, fds));
        assertEquals(UnixMessage.MAX_FDS, fds.size());
        assertFalse(message.lostFds());
        assertEquals(FD_CLOEXEC, Libc.fcntl(fds.get(252), F_GETFD, 0), "they do not survive an exec");
    }

    @Test
    void shouldLeaveTakenDescriptorsOpenWhenListIsClosed() {
        message.send(pair[0], region.address(), 1, pair[0], pair[1]);
        message.receive(pair[1], region.address(), 1, fds);
        final int kept = fds.take(1);
        final int closed = fds.get(0);
        assertEquals(-1, fds.get(1));
        fds.close();
        assertEquals(0, fds.size());
        assertTrue(Libc.fcntl(kept, F_GETFD, 0) >= 0);
        assertEquals(-Errno.EBADF, Libc.fcntl(closed, F_GETFD, 0));
        Libc.close(kept);
    }

    @Test
    void shouldGiveDescriptorsToTheirBytesWhenReadNoFurtherThanOneMessage() {
        message.send(pair[0], region.address(), 8);
        message.send(pair[0], region.address(), 8, pair[0]);
        assertEquals(8, message.receive(pair[1], region.address(), 8, fds));
        assertEquals(0, fds.size());
        assertEquals(8, message.receive(pair[1], region.address(), 8, fds));
        assertEquals(1, fds.size());
    }

    @Test
    void shouldTellErrorsApartWhenNobodyIsThere() throws IOException {
        final String path = folder.resolve("s").toString();
        final UnixSocket.Address address = new UnixSocket.Address(path);
        final int client = UnixSocket.open();
        assertEquals(-Errno.ENOENT, UnixSocket.connect(client, address));
        final int server = UnixSocket.open();
        assertEquals(0, UnixSocket.bind(server, address));
        assertEquals(-Errno.ECONNREFUSED, UnixSocket.connect(client, address));
        assertEquals(0, UnixSocket.listen(server, 0));
        assertEquals(-Errno.EAGAIN, UnixSocket.accept(server));
        assertEquals(0, UnixSocket.connect(client, address), "the same socket all along");
        final int second = UnixSocket.open();
        assertEquals(-Errno.EAGAIN, UnixSocket.connect(second, address), "no room in the backlog");
        assertEquals(-Errno.EADDRINUSE, UnixSocket.bind(second, address));
        final int accepted = UnixSocket.accept(server);
        assertFalse(UnixSocket.isHungUp(accepted));
        Libc.close(client);
        assertTrue(UnixSocket.isHungUp(accepted));
        assertEquals(0, message.receive(accepted, region.address(), 1, fds));
        Libc.close(accepted);
        Libc.close(second);
        Libc.close(server);
        Files.delete(Path.of(path));
    }

    @Test
    void shouldRefusePathWhenItDoesNotFit() throws IOException {
        new UnixSocket.Address("x".repeat(UnixSocket.Address.MAX_PATH));
        final ErrnoException refused = assertThrows(
                ErrnoException.class, () -> new UnixSocket.Address("x".repeat(UnixSocket.Address.MAX_PATH + 1)));
        assertEquals(Errno.ENAMETOOLONG, refused.errno());
    }
}
