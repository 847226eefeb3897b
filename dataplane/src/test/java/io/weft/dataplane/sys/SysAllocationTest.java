package io.weft.dataplane.sys;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.weft.encap.Mem;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;

class SysAllocationTest {
    private static final int WARM = 30_000;
    private static final int COUNTED = 30_000;
    private static final long LOOPBACK = 0x7f000001L;

    private final long memory = Mem.allocate(8 * 2048, 64);
    private final MessageBatch sent = new MessageBatch(4, 1);
    private final MessageBatch received = new MessageBatch(4, 1);

    @Test
    void shouldAllocateNothingWhenReadingAndWriting() throws ErrnoException {
        try (EventFd bell = new EventFd()) {
            assertNothing(() -> {
                Mem.putLongNative(memory, 1);
                Libc.write(bell.fd(), memory, 8);
                Libc.read(bell.fd(), memory, 8);
                // Fails with EAGAIN: the error path is as hot as the other.
                Libc.read(bell.fd(), memory, 8);
            });
        }
    }

    @Test
    void shouldAllocateNothingWhenWaiting() throws ErrnoException {
        try (EventFd bell = new EventFd();
                Epoll epoll = new Epoll(4)) {
            epoll.add(bell.fd(), Events.EPOLLIN | Events.EPOLLONESHOT, 1);
            assertNothing(() -> {
                bell.signal();
                epoll.await(0);
                epoll.modify(bell.fd(), Events.EPOLLIN | Events.EPOLLONESHOT, epoll.token(0));
                bell.drain();
            });
        }
    }

    @Test
    void shouldAllocateNothingWhenSendingAndReceivingBatches() throws ErrnoException {
        try (UnderlaySocket to = UdpSocket.receiver(Sockets.AF_INET, 0, LOOPBACK, 0, true);
                UnderlaySocket from = UdpSocket.sender(Sockets.AF_INET, 0, LOOPBACK, 0, true, false)) {
            for (int i = 0; i < 4; i++) {
                final int length = SocketAddresses.write(sent.name(i), Sockets.AF_INET, 0, LOOPBACK, to.port());
                sent.setName(i, sent.name(i), length);
                sent.setIov(i, 0, memory, 100);
                sent.setIovCount(i, 1);
                received.setIov(i, 0, memory + 2048L * (i + 1), 2048);
                received.setIovCount(i, 1);
            }
            assertNothing(() -> exchange(from.fd(), to.fd()));
            assertEquals(100, received.length(0));
        }
    }

    private void exchange(final int from, final int to) {
        for (int i = 0; i < 4; i++) {
            sent.clearControl(i);
            sent.addTos(i, Sockets.AF_INET, 1);
        }
        Sockets.sendmmsg(from, sent.message(0), 4, 0);
        received.prepareReceive(4);
        final int count = Sockets.recvmmsg(to, received.message(0), 4, Sockets.MSG_DONTWAIT, 0);
        for (int i = 0; i < count; i++) {
            received.readControl(i);
        }
    }

    private static void assertNothing(final Runnable step) {
        final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        final long id = Thread.currentThread().threadId();
        long least = Long.MAX_VALUE;
        // On a busy machine the compiler is late; one clean round proves the steady state.
        for (int round = 0; round < 60 && least >= COUNTED / 100; round++) {
            run(step, WARM);
            final long before = threads.getThreadAllocatedBytes(id);
            run(step, COUNTED);
            least = Math.min(least, threads.getThreadAllocatedBytes(id) - before);
        }
        assertTrue(least < COUNTED / 100, "allocated bytes in " + COUNTED + " rounds: " + least);
    }

    private static void run(final Runnable step, final int times) {
        for (int i = 0; i < times; i++) {
            step.run();
        }
    }
}
