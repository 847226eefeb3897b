package io.weft.dataplane.port;

import io.weft.dataplane.Burst;
import io.weft.dataplane.DropReason;
import io.weft.dataplane.TxQueue;
import io.weft.dataplane.sys.Errno;
import io.weft.dataplane.sys.XdpSocket;
import io.weft.encap.Mem;

/**
 * The sending half of an AF_XDP socket: each packet is copied once, gathered, into free frames of the upper half of the
 * packet memory.
 *
 * <p>Owned by the worker; made by the conductor.
 */
final class XdpTx {
    /** Calls that one burst may take: copy mode sends some 32 packets a call. */
    private static final int KICKS = 16;

    private static final int DESCRIPTOR_LENGTH = 8;
    private static final int DESCRIPTOR_OPTIONS = 12;

    private final XdpSocket socket;
    private final long umem;
    private final long umemBytes;
    private final int frameBytes;
    private final int maxFrame;
    private final boolean zeroCopy;
    private final XdpRing ring;
    private final XdpRing completion;

    private final long[] free;
    private int freeCount;

    /** Of the packet that is being copied: bytes of the current frame that are used, where it is, bytes yet to come. */
    private int at;

    private long to;
    private int left;

    /** Whether the kernel has not taken all that is to be sent. */
    private boolean pending;
    /** 0, or the negated error that the last call ended with. */
    private volatile int fault;

    /** @param maxFrame bytes of the longest packet */
    XdpTx(final XdpSocket socket, final int maxFrame, final boolean zeroCopy) {
        this.socket = socket;
        this.maxFrame = maxFrame;
        this.zeroCopy = zeroCopy;
        umem = socket.umem();
        umemBytes = socket.umemBytes();
        frameBytes = socket.frameBytes();
        final int entries = socket.entries();
        ring = new XdpRing(socket.tx(), entries);
        completion = new XdpRing(socket.completion(), entries);
        free = new long[entries];
        for (int i = entries - 1; i >= 0; i--) {
            free[freeCount++] = (long) (entries + i) * frameBytes;
        }
    }

    void send(final Burst burst, final TxQueue queue) {
        if (fault != 0 && !isWell()) {
            refuseAll(queue);
            return;
        }
        if (freeCount < queue.size) {
            reclaim();
        }
        for (int i = 0; i < queue.size; i++) {
            final int frame = queue.frame[i];
            final int length = queue.prefixLength[i] + burst.length[frame] - queue.skip[i];
            if (length > maxFrame) {
                queue.refused[i] = DropReason.TOO_BIG_FOR_PORT.ordinal();
            } else if (!hasRoom((length + frameBytes - 1) / frameBytes)) {
                queue.refused[i] = DropReason.PORT_FULL.ordinal();
            } else {
                queue.refused[i] = 0;
                put(burst, queue, i, length);
            }
        }
        ring.publishProduced();
        if (ring.needsWakeup()) {
            kick();
        }
    }

    private boolean hasRoom(final int frames) {
        if (freeCount >= frames && ring.room(frames) >= frames) {
            return true;
        }
        ring.publishProduced();
        if (ring.needsWakeup()) {
            kick();
        }
        reclaim();
        return freeCount >= frames && ring.room(frames) >= frames;
    }

    private void put(final Burst burst, final TxQueue queue, final int entry, final int length) {
        final int frame = queue.frame[entry];
        final int prefix = queue.prefixLength[entry];
        final int skip = queue.skip[entry];
        at = frameBytes;
        left = length;
        copy(queue.prefix[entry], prefix);
        copy(burst.head[frame] + skip, burst.headLength[frame] - skip);
        final int first = burst.firstSegment[frame];
        for (int s = first; s < first + burst.segmentCount[frame]; s++) {
            copy(burst.segmentAddress[s], burst.segmentLength[s]);
        }
    }

    private void copy(final long address, final int length) {
        long from = address;
        int bytes = length;
        while (bytes > 0) {
            if (at == frameBytes) {
                open();
            }
            final int now = Math.min(bytes, frameBytes - at);
            Mem.copy(from, to + at, now);
            at += now;
            from += now;
            bytes -= now;
        }
    }

    /** Takes a free frame for the packet's next bytes. */
    private void open() {
        final long address = free[--freeCount];
        final int bytes = Math.min(left, frameBytes);
        left -= bytes;
        final long descriptor = ring.nextDescriptor();
        Mem.putLongNative(descriptor, address);
        Mem.putIntNative(descriptor + DESCRIPTOR_LENGTH, bytes);
        Mem.putIntNative(descriptor + DESCRIPTOR_OPTIONS, left == 0 ? 0 : XdpSocket.PKT_CONTD);
        to = umem + address;
        at = 0;
    }

    /** Takes back the frames that were sent. */
    private void reclaim() {
        final int done = completion.waiting(1);
        for (int i = 0; i < done; i++) {
            final long address = Mem.getLongNative(completion.nextAddress()) & -frameBytes;
            if (address >= umemBytes / 2 && address < umemBytes && freeCount < free.length) {
                free[freeCount++] = address;
            }
        }
        if (done > 0) {
            completion.publishConsumed();
        }
    }

    /** Copy mode sends some 32 packets a call, and none while the device's queue is full: what is left waits. */
    void kick() {
        int result = socket.kick();
        for (int i = 0; i < KICKS && result == -Errno.EAGAIN && !ring.isDrained(); i++) {
            result = socket.kick();
        }
        fault = isFault(result) ? result : 0;
        pending = !zeroCopy && !ring.isDrained();
    }

    private static boolean isFault(final int result) {
        return result < 0 && result != -Errno.EAGAIN && result != -Errno.EBUSY && result != -Errno.ENOBUFS;
    }

    private boolean isWell() {
        kick();
        return fault == 0;
    }

    private static void refuseAll(final TxQueue queue) {
        for (int i = 0; i < queue.size; i++) {
            queue.refused[i] = DropReason.PORT_DOWN.ordinal();
        }
    }

    /** Whether the kernel has not taken all that is to be sent; {@link #kick} asks it again. */
    boolean isPending() {
        return pending;
    }

    /** 0, or the negated error of the last call; by any thread. */
    int fault() {
        return fault;
    }
}
