package io.weft.dataplane.sys;

import java.io.IOException;

/** A system call that failed where the caller can do something about it; the message is one line for the operator. */
public final class ErrnoException extends IOException {
    private static final long serialVersionUID = 1;

    private final int errno;

    public ErrnoException(final String message, final int errno) {
        super(message);
        this.errno = Math.abs(errno);
    }

    /** The positive error number, see {@link Errno}. */
    public int errno() {
        return errno;
    }

    /** Returns {@code result} unless it is a negated {@code errno}. */
    static int check(final String operation, final int result) throws ErrnoException {
        if (result < 0) {
            throw new ErrnoException(Errno.message(operation, result), result);
        }
        return result;
    }
}
