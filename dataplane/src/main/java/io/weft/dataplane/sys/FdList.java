package io.weft.dataplane.sys;

/**
 * Descriptors that came with a message. Each belongs to the list until it is taken; {@link #close} closes those that
 * nobody took, so that each is closed exactly once. Owned by the thread that reads the socket.
 */
public final class FdList {
    private final int[] fds;
    private int size;

    public FdList(final int capacity) {
        fds = new int[capacity];
    }

    /** Descriptors that came, taken ones included. */
    public int size() {
        return size;
    }

    /** The descriptor, which stays the list's; -1 where it was taken. */
    public int get(final int index) {
        return fds[index];
    }

    /** The descriptor, which is the caller's to close from now on. */
    public int take(final int index) {
        final int fd = fds[index];
        fds[index] = -1;
        return fd;
    }

    /** Closes what was not taken; the list is empty then. */
    public void close() {
        for (int i = 0; i < size; i++) {
            if (fds[i] >= 0) {
                Libc.close(fds[i]);
            }
        }
        size = 0;
    }

    void add(final int fd) {
        if (size == fds.length) {
            Libc.close(fd);
        } else {
            fds[size++] = fd;
        }
    }
}
