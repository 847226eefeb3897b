package io.weft.dataplane.sys;

/** The error numbers of Linux (the generic ones, as on x86-64 and aarch64) with their names and meanings. */
public final class Errno {
    public static final int EPERM = 1;
    public static final int ENOENT = 2;
    public static final int EINTR = 4;
    public static final int EIO = 5;
    public static final int ENXIO = 6;
    public static final int EBADF = 9;
    public static final int EAGAIN = 11;
    public static final int ENOMEM = 12;
    public static final int EACCES = 13;
    public static final int EFAULT = 14;
    public static final int EBUSY = 16;
    public static final int EEXIST = 17;
    public static final int ENODEV = 19;
    public static final int EINVAL = 22;
    public static final int ERANGE = 34;
    public static final int EOPNOTSUPP = 95;
    public static final int EMFILE = 24;
    public static final int EPIPE = 32;
    public static final int ENAMETOOLONG = 36;
    public static final int ENOPROTOOPT = 92;
    public static final int EPROTONOSUPPORT = 93;
    public static final int EAFNOSUPPORT = 97;
    public static final int EBADFD = 77;
    public static final int EMSGSIZE = 90;
    public static final int EADDRINUSE = 98;
    public static final int EADDRNOTAVAIL = 99;
    public static final int ENETDOWN = 100;
    public static final int ENETUNREACH = 101;
    public static final int ECONNRESET = 104;
    public static final int ENOBUFS = 105;
    public static final int ECONNREFUSED = 111;
    public static final int EHOSTDOWN = 112;
    public static final int EHOSTUNREACH = 113;

    private static final String[] TEXT = new String[134];

    static {
        text(EPERM, "EPERM: Operation not permitted");
        text(ENOENT, "ENOENT: No such file or directory");
        text(EINTR, "EINTR: Interrupted system call");
        text(EIO, "EIO: Input/output error");
        text(ENXIO, "ENXIO: No such device or address");
        text(EBADF, "EBADF: Bad file descriptor");
        text(EAGAIN, "EAGAIN: Resource temporarily unavailable");
        text(ENOMEM, "ENOMEM: Cannot allocate memory");
        text(EACCES, "EACCES: Permission denied");
        text(EFAULT, "EFAULT: Bad address");
        text(EBUSY, "EBUSY: Device or resource busy");
        text(EEXIST, "EEXIST: File exists");
        text(ENODEV, "ENODEV: No such device");
        text(20, "ENOTDIR: Not a directory");
        text(21, "EISDIR: Is a directory");
        text(EINVAL, "EINVAL: Invalid argument");
        text(23, "ENFILE: Too many open files in system");
        text(EMFILE, "EMFILE: Too many open files");
        text(25, "ENOTTY: Inappropriate ioctl for device");
        text(26, "ETXTBSY: Text file busy");
        text(27, "EFBIG: File too large");
        text(28, "ENOSPC: No space left on device");
        text(30, "EROFS: Read-only file system");
        text(ERANGE, "ERANGE: Numerical result out of range");
        text(EPIPE, "EPIPE: Broken pipe");
        text(ENAMETOOLONG, "ENAMETOOLONG: File name too long");
        text(38, "ENOSYS: Function not implemented");
        text(EBADFD, "EBADFD: File descriptor in bad state");
        text(88, "ENOTSOCK: Socket operation on non-socket");
        text(89, "EDESTADDRREQ: Destination address required");
        text(EMSGSIZE, "EMSGSIZE: Message too long");
        text(ENOPROTOOPT, "ENOPROTOOPT: Protocol not available");
        text(EPROTONOSUPPORT, "EPROTONOSUPPORT: Protocol not supported");
        text(95, "EOPNOTSUPP: Operation not supported");
        text(EAFNOSUPPORT, "EAFNOSUPPORT: Address family not supported by protocol");
        text(EADDRINUSE, "EADDRINUSE: Address already in use");
        text(EADDRNOTAVAIL, "EADDRNOTAVAIL: Cannot assign requested address");
        text(ENETDOWN, "ENETDOWN: Network is down");
        text(ENETUNREACH, "ENETUNREACH: Network is unreachable");
        text(103, "ECONNABORTED: Software caused connection abort");
        text(ECONNRESET, "ECONNRESET: Connection reset by peer");
        text(ENOBUFS, "ENOBUFS: No buffer space available");
        text(106, "EISCONN: Transport endpoint is already connected");
        text(107, "ENOTCONN: Transport endpoint is not connected");
        text(110, "ETIMEDOUT: Connection timed out");
        text(ECONNREFUSED, "ECONNREFUSED: Connection refused");
        text(EHOSTDOWN, "EHOSTDOWN: Host is down");
        text(EHOSTUNREACH, "EHOSTUNREACH: No route to host");
        text(115, "EINPROGRESS: Operation now in progress");
    }

    private Errno() {}

    /** {@code EPERM}, or {@code errno 200} where the number has no name here. Takes either sign. */
    public static String name(final int errno) {
        final String text = find(errno);
        return text == null ? "errno " + Math.abs(errno) : text.substring(0, text.indexOf(':'));
    }

    /** {@code Operation not permitted}. Takes either sign. */
    public static String text(final int errno) {
        final String text = find(errno);
        return text == null ? "error " + Math.abs(errno) : text.substring(text.indexOf(':') + 2);
    }

    /** {@code bind: Operation not permitted (EPERM)}. Takes either sign. */
    public static String message(final String operation, final int errno) {
        return operation + ": " + text(errno) + " (" + name(errno) + ")";
    }

    private static String find(final int errno) {
        final int number = Math.abs(errno);
        return number >= 0 && number < TEXT.length ? TEXT[number] : null;
    }

    private static void text(final int errno, final String text) {
        TEXT[errno] = text;
    }
}
