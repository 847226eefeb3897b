package io.weft.dataplane.underlay;

import io.weft.dataplane.Burst;
import io.weft.dataplane.DropReason;
import io.weft.dataplane.port.RxQueue;
import io.weft.dataplane.sys.MessageBatch;
import io.weft.dataplane.sys.Region;
import io.weft.dataplane.sys.SocketAddresses;
import io.weft.dataplane.sys.Sockets;
import io.weft.dataplane.sys.UnderlaySocket;
import io.weft.encap.Encapsulation;
import io.weft.encap.Mem;

/**
 * A receiving socket: one {@code recvmmsg} brings up to 32 messages, each of them up to 64 datagrams of one sender that
 * the kernel has put together (UDP_GRO); frames are used where they lie. What one burst does not hold is given with the
 * next ones, and only then is the kernel asked again.
 *
 * <p>The kernel has checked IP and UDP headers and checksums, and has put fragments together. Owned by one worker; the
 * conductor opens and closes it.
 */
final class KernelRx implements RxQueue {
    private static final int MESSAGES = Burst.CAPACITY;
    private static final int BUFFER = 65_536;
    /** Not a multiple of 4 KiB, so that messages do not meet in one set of the cache. */
    private static final int STRIDE = BUFFER + 320;

    /** A poll is a system call: some more cost what a sleep costs, and whoever fills the queue may want the CPU. */
    private static final int QUIET_POLLS = 16;

    /** Bytes of a batch from which on the next is of {@link #FEW} messages. */
    private static final int ENOUGH = 128 << 10;

    private static final int FEW = 4;

    private static final int ECN = 3;

    private final UnderlaySocket socket;
    private final int encapsulation;
    private final int udpPort;
    private final boolean withIpv4Header;
    private final int family;
    private final Region buffers = new Region((long) STRIDE * MESSAGES);
    private final MessageBatch batch = new MessageBatch(MESSAGES, 1);

    private int received = MESSAGES;
    private int next = MESSAGES;
    /** Where in message {@link #next} the next frame begins; 0: it was not looked at yet. */
    private int offset;

    private int length;
    private int segment;
    private int ecn;
    private long sourceHi;
    private long sourceLo;

    KernelRx(final UnderlaySocket socket, final Encapsulation encapsulation, final int udpPort) {
        this.socket = socket;
        this.encapsulation = encapsulation.ordinal();
        this.udpPort = udpPort;
        final boolean ipv4 = socket.family() == Sockets.AF_INET;
        withIpv4Header = ipv4 && !encapsulation.isUdp();
        family = ipv4 ? 4 : 6;
        for (int i = 0; i < MESSAGES; i++) {
            batch.setIov(i, 0, buffer(i), BUFFER);
            batch.setIovCount(i, 1);
        }
    }

    @Override
    public int rxBurst(final Burst burst) {
        if (next == received && !receive()) {
            return 0;
        }
        while (burst.size < Burst.MOST && next < received) {
            if (offset == 0) {
                open(next);
                if (burst.size != 0 && burst.size + frames() > Burst.MOST) {
                    // What the kernel put together stays so, that it may leave so: it has the next burst.
                    offset = 0;
                    break;
                }
            }
            take(burst);
        }
        return burst.size;
    }

    @Override
    public void rxRelease() {
        // Buffers are written again only when every frame of theirs was given and released.
    }

    @Override
    public int wakeFd() {
        return socket.fd();
    }

    @Override
    public boolean arm() {
        return next == received;
    }

    @Override
    public int quietPolls() {
        return QUIET_POLLS;
    }

    UnderlaySocket socket() {
        return socket;
    }

    void close() {
        socket.close();
        buffers.close();
        batch.close();
    }

    private boolean receive() {
        // Messages beyond those received last time are still as they were prepared.
        batch.prepareReceive(received);
        final int count = Sockets.recvmmsg(socket.fd(), batch.message(0), ask(), Sockets.MSG_DONTWAIT, 0);
        received = Math.max(count, 0);
        next = 0;
        return received != 0;
    }

    /** Messages to ask for: of large ones few, so that they are still in the core's cache when they are sent. */
    private int ask() {
        int bytes = 0;
        for (int i = 0; i < received && bytes < ENOUGH; i++) {
            bytes += batch.length(i);
        }
        return bytes < ENOUGH ? MESSAGES : FEW;
    }

    private void open(final int message) {
        batch.readControl(message);
        length = Math.min(batch.length(message), BUFFER);
        segment = batch.segmentSize();
        ecn = batch.tos() & ECN;
        final long name = batch.name(message);
        sourceHi = SocketAddresses.hi(name);
        sourceLo = SocketAddresses.lo(name);
        if (withIpv4Header && length != 0) {
            offset = (Mem.getByte(buffer(message)) & 0xf) << 2;
        }
    }

    /** Frames of the message that was opened. */
    private int frames() {
        return segment > 0 ? (length + segment - 1) / segment : 1;
    }

    private void take(final Burst burst) {
        final int left = length - offset;
        final int bytes = segment > 0 ? Math.min(segment, left) : left;
        final int i = burst.size;
        burst.add(buffer(next) + offset, Math.max(bytes, 0));
        burst.encapsulation[i] = encapsulation;
        burst.tunnelPort[i] = udpPort;
        burst.outerEcn[i] = ecn;
        burst.outer[i] = -1;
        burst.sourceHi[i] = sourceHi;
        burst.sourceLo[i] = sourceLo;
        burst.sourceFamily[i] = family;
        // Where it is allowed the kernel does not say of which datagrams it was true; where it is not it drops them.
        burst.zeroChecksum[i] = false;
        if (bytes < 0) {
            burst.refused[i] = DropReason.OUTER_MALFORMED.ordinal();
        } else if (batch.truncated(next)) {
            burst.refused[i] = DropReason.TRUNCATED.ordinal();
        }
        offset += bytes;
        if (offset >= length || bytes <= 0) {
            offset = 0;
            next++;
        }
    }

    private long buffer(final int message) {
        return buffers.address() + (long) message * STRIDE;
    }
}
