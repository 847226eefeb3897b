package io.weft.dataplane.port;

import io.weft.dataplane.Burst;
import io.weft.dataplane.DropReason;
import io.weft.dataplane.TxQueue;
import io.weft.dataplane.sys.Errno;
import io.weft.dataplane.sys.Libc;
import io.weft.dataplane.sys.MessageBatch;
import io.weft.dataplane.sys.Region;
import io.weft.dataplane.sys.Tun;

/**
 * One queue of a TAP device: a {@code read} a frame into a slot, a {@code writev} a frame from where its pieces lie.
 *
 * <p>The virtio-net header is read to just before the head, inside the headroom. Slots are mapped without being reserved:
 * a page of them is real when a frame that long has come. Owned by one worker; the conductor opens and closes it, and
 * reads {@link #fault}.
 */
final class TapQueue implements PortQueue {
    private static final int FRAME = Burst.MAX_FRAME;
    /** A slot is not a multiple of 4 KiB long, so that heads do not meet in one set of the cache. */
    private static final int SLOT = Burst.HEADROOM + FRAME + 448;

    /** A poll is a system call: some more cost what a sleep costs, and whoever fills the queue may want the CPU. */
    private static final int QUIET_POLLS = 16;

    /** Bytes of a burst after which it is sent first: it is still in the core's cache then. */
    private static final int ENOUGH = 128 << 10;

    private static final int VNET_ROOM = 64;
    private static final int ETHERNET = 14;
    private static final int FIXED_PIECES = 3;
    private static final int MAX_PIECES = 1024;

    private final int fd;
    private final int offloads;
    private final Region region;
    private final long slots;
    private final long vnet;
    private final MessageBatch gather = new MessageBatch(1, MAX_PIECES);

    /** 0, or the negated error of the last read or write that says the device is down or gone. */
    private volatile int fault;

    TapQueue(final int fd, final int offloads) {
        this.fd = fd;
        this.offloads = offloads;
        region = new Region((long) SLOT * Burst.CAPACITY + VNET_ROOM);
        slots = region.address();
        vnet = slots + (long) SLOT * Burst.CAPACITY;
    }

    @Override
    public int rxBurst(final Burst burst) {
        if (fault == -Errno.EBADFD) {
            return 0;
        }
        int count = 0;
        int bytes = 0;
        while (count < Burst.CAPACITY && bytes < ENOUGH) {
            final long head = slots + (long) SLOT * count + Burst.HEADROOM;
            final int read = Libc.read(fd, head - VnetHeader.LENGTH, VnetHeader.LENGTH + FRAME);
            if (read < 0) {
                failed(read);
                break;
            }
            take(burst, head, read - VnetHeader.LENGTH);
            bytes += read;
            count++;
        }
        return count;
    }

    @Override
    public void rxRelease() {
        // Slots are used again from the first at the next burst.
    }

    @Override
    public void txBurst(final Burst burst, final TxQueue tx) {
        for (int i = 0; i < tx.size; i++) {
            final int written = send(burst, tx, i);
            tx.refused[i] = written >= 0 ? 0 : reason(written);
        }
    }

    @Override
    public int wakeFd() {
        return fd;
    }

    @Override
    public int offloads() {
        return offloads;
    }

    @Override
    public int quietPolls() {
        return QUIET_POLLS;
    }

    /** 0 while the device works, else the negated error number. */
    int fault() {
        return fault;
    }

    void close() {
        region.close();
        gather.close();
    }

    private void take(final Burst burst, final long head, final int length) {
        final int i = burst.size;
        burst.add(head, Math.max(length, 0));
        if (length < ETHERNET) {
            burst.refused[i] = DropReason.TOO_SHORT.ordinal();
        } else if (length == FRAME) {
            // The kernel cuts what does not fit; nothing that long is made whole.
            burst.refused[i] = DropReason.TRUNCATED.ordinal();
        } else {
            VnetHeader.load(head - VnetHeader.LENGTH, burst, i);
        }
    }

    private int send(final Burst burst, final TxQueue tx, final int entry) {
        if (fault == -Errno.EBADFD) {
            return fault;
        }
        final int frame = tx.frame[entry];
        final int prefix = tx.prefixLength[entry];
        final int skip = tx.skip[entry];
        final int segments = burst.segmentCount[frame];
        if (segments > MAX_PIECES - FIXED_PIECES) {
            return -Errno.EMSGSIZE;
        }
        VnetHeader.store(vnet, burst, frame, prefix - skip);
        gather.setIov(0, 0, vnet, VnetHeader.LENGTH);
        int pieces = 1;
        if (prefix != 0) {
            gather.setIov(0, pieces++, tx.prefix[entry], prefix);
        }
        gather.setIov(0, pieces++, burst.head[frame] + skip, burst.headLength[frame] - skip);
        final int first = burst.firstSegment[frame];
        for (int s = first; s < first + segments; s++) {
            gather.setIov(0, pieces++, burst.segmentAddress[s], burst.segmentLength[s]);
        }
        return Libc.writev(fd, gather.iovs(0), pieces);
    }

    private int reason(final int error) {
        return switch (-error) {
            case Errno.EAGAIN, Errno.ENOBUFS, Errno.ENOMEM -> DropReason.PORT_FULL.ordinal();
            case Errno.EIO, Errno.EBADFD, Errno.ENETDOWN, Errno.ENODEV -> {
                failed(error);
                yield DropReason.PORT_DOWN.ordinal();
            }
            case Errno.EMSGSIZE -> DropReason.TOO_BIG_FOR_PORT.ordinal();
            default -> DropReason.PORT_ERROR.ordinal();
        };
    }

    private void failed(final int error) {
        if (error == -Errno.EAGAIN || error == -Errno.EINTR || error == fault) {
            return;
        }
        // A device that is down and comes up again is seen by asking the kernel; only a deleted one stays so.
        fault = error;
        if (error == -Errno.EBADFD) {
            Tun.silence(fd);
        }
    }
}
