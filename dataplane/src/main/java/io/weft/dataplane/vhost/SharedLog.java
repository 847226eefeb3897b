package io.weft.dataplane.vhost;

/**
 * The dirty log as SET_LOG_BASE brings it: a part of a file, mapped (vhost-user, "Migration").
 *
 * <p>Owned by the thread that runs the device; {@link #bits} is the rings' too while they have it.
 */
record SharedLog(SharedFile file, DirtyLog bits) {
    /** The descriptor is the log's where this returns, else the caller's. */
    static SharedLog map(final int fd, final long size, final long offset) throws Refusal {
        if ((offset & (Long.BYTES - 1)) != 0) {
            throw Refusal.of("log at offset " + Long.toUnsignedString(offset) + ", which is no multiple of 8");
        }
        final SharedFile file = SharedFile.map(fd, offset, size, "log");
        return new SharedLog(file, new DirtyLog(file.address(), size));
    }
}
