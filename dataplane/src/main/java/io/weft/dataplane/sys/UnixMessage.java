package io.weft.dataplane.sys;

import io.weft.encap.Mem;

/**
 * A {@code struct msghdr} with room for as many descriptors as the kernel passes at a time (SCM_RIGHTS, unix(7)).
 *
 * <p>Owned by the thread that reads and writes the socket.
 */
public final class UnixMessage implements AutoCloseable {
    /** Descriptors that one call can bring (SCM_MAX_FD). */
    public static final int MAX_FDS = 253;

    private static final int HEADER = 56;
    private static final int IOV = 16;
    private static final int IOV_COUNT = 24;
    private static final int CONTROL = 32;
    private static final int CONTROL_LENGTH = 40;
    private static final int FLAGS = 48;
    private static final int IOVEC = 16;
    private static final int IOVEC_LENGTH = 8;
    private static final int CMSG_LEVEL = 8;
    private static final int CMSG_TYPE = 12;
    private static final int CMSG_DATA = 16;
    /** Room for all descriptors, and for a few control messages beside them. */
    private static final int CONTROL_SPACE = 2 * (CMSG_DATA + (MAX_FDS + 1) * Integer.BYTES);

    private final Region region = new Region(HEADER + IOVEC + CONTROL_SPACE);
    private final long header = region.address();
    private final long iov = header + HEADER;
    private final long control = iov + IOVEC;
    private boolean lost;

    public UnixMessage() {
        Mem.putLongNative(header + IOV, iov);
        Mem.putLongNative(header + IOV_COUNT, 1);
    }

    /**
     * Reads up to {@code length} bytes, and what descriptors come with them, close-on-exec, into {@code fds}. Returns the
     * bytes, 0 where the other end was closed, or {@code -errno}: {@code -EAGAIN} where nothing is there.
     *
     * <p>The kernel gives descriptors with the first byte of what they were sent with, and may give bytes sent before
     * them in the same call: who reads no further than its message's end gets no other message's descriptors.
     */
    public int receive(final int fd, final long address, final int length, final FdList fds) {
        prepare(address, length, CONTROL_SPACE);
        final int flags = Sockets.MSG_DONTWAIT | Sockets.MSG_CMSG_CLOEXEC;
        int result = Sockets.recvmsg(fd, header, flags);
        while (result == -Errno.EINTR) {
            result = Sockets.recvmsg(fd, header, flags);
        }
        lost = result >= 0 && (Mem.getIntNative(header + FLAGS) & Sockets.MSG_CTRUNC) != 0;
        if (result >= 0) {
            collect(fds);
        }
        return result;
    }

    /** Whether descriptors were lost in the last {@link #receive}: this process may open no more. */
    public boolean lostFds() {
        return lost;
    }

    /** Writes without waiting; {@code fds} stay open. Returns the bytes written, or {@code -errno}. */
    public int send(final int fd, final long address, final int length, final int... fds) {
        final int data = fds.length * Integer.BYTES;
        prepare(address, length, fds.length == 0 ? 0 : CMSG_DATA + ((data + 7) & -8));
        if (fds.length > 0) {
            Mem.putLongNative(control, CMSG_DATA + data);
            Mem.putIntNative(control + CMSG_LEVEL, Sockets.SOL_SOCKET);
            Mem.putIntNative(control + CMSG_TYPE, Sockets.SCM_RIGHTS);
            for (int i = 0; i < fds.length; i++) {
                Mem.putIntNative(control + CMSG_DATA + (long) i * Integer.BYTES, fds[i]);
            }
        }
        final int flags = Sockets.MSG_DONTWAIT | Sockets.MSG_NOSIGNAL;
        int result = Sockets.sendmsg(fd, header, flags);
        while (result == -Errno.EINTR) {
            result = Sockets.sendmsg(fd, header, flags);
        }
        return result;
    }

    @Override
    public void close() {
        region.close();
    }

    private void prepare(final long address, final int length, final int controlLength) {
        Mem.putLongNative(iov, address);
        Mem.putLongNative(iov + IOVEC_LENGTH, length);
        Mem.putLongNative(header + CONTROL, controlLength == 0 ? 0 : control);
        Mem.putLongNative(header + CONTROL_LENGTH, controlLength);
        Mem.putIntNative(header + FLAGS, 0);
    }

    private void collect(final FdList fds) {
        long at = control;
        final long end = control + Math.min(Mem.getLongNative(header + CONTROL_LENGTH), CONTROL_SPACE);
        while (at + CMSG_DATA <= end) {
            final long length = Mem.getLongNative(at);
            if (length < CMSG_DATA || length > end - at) {
                return;
            }
            if (Mem.getIntNative(at + CMSG_LEVEL) == Sockets.SOL_SOCKET
                    && Mem.getIntNative(at + CMSG_TYPE) == Sockets.SCM_RIGHTS) {
                for (long data = at + CMSG_DATA; data + Integer.BYTES <= at + length; data += Integer.BYTES) {
                    fds.add(Mem.getIntNative(data));
                }
            }
            at += (length + 7) & -8;
        }
    }
}
