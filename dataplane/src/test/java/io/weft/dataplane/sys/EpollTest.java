package io.weft.dataplane.sys;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class EpollTest {
    private Epoll epoll;
    private EventFd bell;

    @BeforeEach
    void open() throws ErrnoException {
        epoll = new Epoll(4);
        bell = new EventFd();
    }

    @AfterEach
    void close() {
        bell.close();
        epoll.close();
    }

    @Test
    void shouldBeEmptyWhenDrained() {
        assertFalse(bell.drain());
        bell.signal();
        bell.signal();
        assertTrue(bell.drain());
        assertFalse(bell.drain());
    }

    @Test
    void shouldReturnTokenWhenReadable() {
        assertEquals(0, epoll.add(bell.fd(), Events.EPOLLIN, -7));
        assertEquals(0, epoll.await(0));
        bell.signal();
        assertEquals(1, epoll.await(0));
        assertEquals(-7, epoll.token(0));
        assertEquals(Events.EPOLLIN, epoll.events(0));
    }

    @Test
    void shouldFireOnceUntilArmedAgain() {
        final int oneShot = Events.EPOLLIN | Events.EPOLLONESHOT;
        epoll.add(bell.fd(), oneShot, 3);
        bell.signal();
        assertEquals(1, epoll.await(0));
        assertEquals(0, epoll.await(0));
        assertEquals(0, epoll.modify(bell.fd(), oneShot, 4));
        assertEquals(1, epoll.await(0));
        assertEquals(4, epoll.token(0));
    }

    @Test
    void shouldTellEventsApartWhenSeveralAreReady() throws ErrnoException {
        try (EventFd second = new EventFd();
                EventFd third = new EventFd()) {
            epoll.add(bell.fd(), Events.EPOLLIN, 1);
            epoll.add(second.fd(), Events.EPOLLIN, 2);
            epoll.add(third.fd(), Events.EPOLLIN, 4);
            bell.signal();
            third.signal();
            assertEquals(2, epoll.await(0));
            assertEquals(5, epoll.token(0) + epoll.token(1));
        }
    }

    @Test
    void shouldBeSilentWhenRemoved() {
        epoll.add(bell.fd(), Events.EPOLLIN, 1);
        bell.signal();
        assertEquals(0, epoll.remove(bell.fd()));
        assertEquals(0, epoll.await(0));
        assertEquals(-Errno.ENOENT, epoll.modify(bell.fd(), Events.EPOLLIN, 1));
    }
}
