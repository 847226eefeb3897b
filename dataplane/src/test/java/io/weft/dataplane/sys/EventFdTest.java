package io.weft.dataplane.sys;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class EventFdTest {
    @Test
    @Timeout(value = 10, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void shouldNotWaitWhenTheOtherSideMadeItBlock() throws ErrnoException {
        try (EventFd bell = new EventFd()) {
            final int flags = Libc.fcntl(bell.fd(), Libc.F_GETFL, 0);
            assertEquals(0, Libc.fcntl(bell.fd(), Libc.F_SETFL, flags & ~Libc.O_NONBLOCK));
            assertEquals(-Errno.EAGAIN, EventFd.drainWithoutWaiting(bell.fd()));
            bell.signal();
            assertEquals(Long.BYTES, EventFd.drainWithoutWaiting(bell.fd()));
            assertEquals(-Errno.EAGAIN, EventFd.drainWithoutWaiting(bell.fd()));
        }
    }

    @Test
    void shouldTellAnEventfdFromAnotherFile() throws ErrnoException {
        final int file = Libc.memfd("no eventfd", 1);
        try (EventFd bell = new EventFd();
                Epoll epoll = new Epoll(1)) {
            assertTrue(EventFd.isOne(bell.fd()));
            assertFalse(EventFd.isOne(epoll.fd()));
            assertFalse(EventFd.isOne(file));
        }
        Libc.close(file);
    }
}
